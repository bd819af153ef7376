"""File names as safe text."""

import os

from hypothesis import example, given
from hypothesis import strategies as st

from monitor.sources.paths import raw, shown


@given(st.binary(max_size=30))
@example(b"\\xff\xff")
@example(b"\\\\x\\u0000\\")
@example("\u202e\u2028\ufeff".encode())
def test_every_name_has_one_safe_text_and_leads_back(name: bytes) -> None:
    decoded = os.fsdecode(name)
    text = shown(decoded)
    assert raw(text) == decoded
    text.encode()
    assert not set(text) & {"\n", "\x1b", "\x00", "\u202e", "\u2028"}


@given(st.text(st.characters(categories=["L", "N"]), max_size=30))
def test_ordinary_names_stay_as_they_are(name: str) -> None:
    assert shown(name) == name
