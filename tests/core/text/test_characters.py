"""Stored text is clean, whatever it was made of."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.text.characters import clean, one_line


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("a\r\nb\rc\x85d\u2028e", "a\nb\nc\nd\ne"),
        ("a\x00b\x1bc\x7fd\x9fe\ufefff", "abcdef"),
        ("e\u0301", "é"),
        ("a\ud800b", "a\ufffdb"),
        ("a\u200db\u202ec\u00ad", "a\u200db\u202ec\u00ad"),
    ],
)
def test_stored_text_is_clean(text: str, stored: str) -> None:
    assert clean(text) == stored


@given(st.text(alphabet=st.characters()))
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert not set(map(chr, [*range(9), *range(11, 32)])) & set(once)


def test_one_line_is_one_line() -> None:
    assert one_line(" a\t b\r\n\nc\x00 ") == "a b c"


def test_a_flood_of_marks_is_cut_and_takes_no_time() -> None:
    flood = "e" + "\u0327\u0301" * 100_000
    began = time.perf_counter()
    assert len(clean(flood)) <= 31
    assert time.perf_counter() - began < 1
