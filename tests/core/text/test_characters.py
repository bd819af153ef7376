"""Stored text is clean, whatever it was made of."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.text.characters import UNSEEN, clean, is_seen, one_line


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


@pytest.mark.parametrize("char", [*"aé字\u0301\u3000\u00a0 ", "\U0001f469", "\ufe0f"])
def test_letters_marks_signs_and_spaces_are_seen(char: str) -> None:
    assert is_seen(char)
    assert not UNSEEN.match(char)


@pytest.mark.parametrize("char", [*"\x00\n\x1b\x9f\u2028\u2029\u200c\u200d\ue000"])
def test_controls_and_joiners_are_not_seen_but_have_their_uses(char: str) -> None:
    assert not is_seen(char)
    assert not UNSEEN.match(char)


@pytest.mark.parametrize(
    "char",
    [*"\u00ad\u034f\u061c\u115f\u180e\u200b\u200e\u202e\u2066\u3164\ufeff\ufff9", "\U000e0041", "\ud800"],
)
def test_what_hides_reorders_or_fills_is_not_seen_and_has_no_use_on_a_screen(char: str) -> None:
    assert not is_seen(char)
    assert UNSEEN.match(char)


def test_one_line_is_one_line() -> None:
    assert one_line(" a\t b\r\n\nc\x00 ") == "a b c"


def test_a_flood_of_marks_is_cut_and_takes_no_time() -> None:
    flood = "e" + "\u0327\u0301" * 100_000
    began = time.perf_counter()
    assert len(clean(flood)) <= 31
    assert time.perf_counter() - began < 1
