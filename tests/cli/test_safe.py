"""Nothing from outside reaches a terminal raw, and every script stays readable."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.cli.lines import line
from monitor.cli.safe import one_line, safe

ANYTHING = st.text(st.characters(exclude_categories=())) | st.text(
    st.sampled_from(
        "\x00\x07\x1b\x7f\x85\x9b\xad\u061c\u200b\u200d\u202e\u2028\u2029\u2066\ufeff\U000e0041\ud800a\n\t"
    )
)


@given(ANYTHING)
def test_no_control_character_and_no_mark_that_reorders_or_hides_is_left(text: str) -> None:
    for char in safe(text):
        assert char in "\n\u200c\u200d" or unicodedata.category(char) not in {"Cc", "Cs", "Zl", "Zp"}
        assert unicodedata.bidirectional(char) not in {
            "LRE",
            "RLE",
            "LRO",
            "RLO",
            "PDF",
            "LRI",
            "RLI",
            "FSI",
            "PDI",
        }
    assert "\n" not in one_line(text)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[2J", "␛[2J"),
        ("\x1b]8;;http://evil.example\x07click", "␛]8;;http://evil.example␇click"),
        ("a\x9b2J", "a�2J"),
        ("a\rb", "a␍b"),
        ("a\r\nb", "a\nb"),
        ("a\tb", "a b"),
        ("evil\u202etxt.exe", "eviltxt.exe"),
        ("so\u00adft", "soft"),
        ("half \ud83d", "half �"),
        ("a\u2028b", "a\nb"),
    ],
)
def test_what_a_terminal_would_obey_is_shown_instead(raw: str, shown: str) -> None:
    assert safe(raw) == shown


@pytest.mark.parametrize(
    "text", ["Белоусов, й ё", "हिन्दी क्\u200dष", "می\u200cخواهم", "台湾 ガ", "עִבְרִית", "é e\u0301"]
)
def test_every_script_is_left_as_it_is(text: str) -> None:
    assert safe(text) == text


@given(st.dictionaries(ANYTHING, ANYTHING, max_size=3))
def test_a_record_is_one_line_of_utf_8_that_reads_back_as_it_was(record: dict[str, str]) -> None:
    made = line(record)
    text = made.decode("utf-8")
    assert len(text.splitlines()) == 1
    assert json.loads(text) == record


@given(ANYTHING)
def test_a_line_holds_nothing_that_a_terminal_obeys(text: str) -> None:
    made = line({"text": text}).decode("utf-8")
    assert not any(unicodedata.category(c) == "Cc" for c in made.removesuffix("\n"))


def test_a_line_keeps_every_script_as_it_is() -> None:
    assert line({"name": "Белоусов 台湾"}) == '{"name": "Белоусов 台湾"}\n'.encode()
