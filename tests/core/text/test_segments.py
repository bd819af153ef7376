"""Paragraphs and sentences are found where a reader sees them, and all but white space is in one."""

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.text.segments import paragraphs, sentences


def _sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text, 0, len(text))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One came. Two went.", ["One came.", "Two went."]),
        ("Mr. Smith met Gen. Li. They spoke.", ["Mr. Smith met Gen. Li.", "They spoke."]),
        ("J. R. Moe spoke. All heard.", ["J. R. Moe spoke.", "All heard."]),
        ("The U.S. Senate voted. It passed.", ["The U.S. Senate voted.", "It passed."]),
        ("He left the U.S. The talks went on.", ["He left the U.S.", "The talks went on."]),
        ("It began on Jan. 27 in Oslo.", ["It began on Jan. 27 in Oslo."]),
        ("Shares of Acme Inc. rose.", ["Shares of Acme Inc. rose."]),
        ("It fell 3.5 percent. Why?", ["It fell 3.5 percent.", "Why?"]),
        ("“Go!” he said. “No.” She left.", ["“Go!” he said.", "“No.”", "She left."]),
        ("Er kam am 27. Januar an. Dann ging er.", ["Er kam am 27. Januar an.", "Dann ging er."]),
        ("В. Иванов приехал. Все ждали.", ["В. Иванов приехал.", "Все ждали."]),
        ("他来了。她走了！为什么？", ["他来了。", "她走了！", "为什么？"]),
        ("वह आया। सब गए।", ["वह आया।", "सब गए।"]),
        ("first line\nsecond line. Third", ["first line\nsecond line.", "Third"]),
        ("one\n- two\n- three", ["one", "- two", "- three"]),
        ("A head\n\nA text", ["A head", "A text"]),
        ("", []),
        (" \n\n ", []),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, expected: list[str]) -> None:
    assert _sentences(text) == expected


def test_paragraphs_are_what_blank_lines_part() -> None:
    text = "\n one\ntwo \n \n\tthree\n\n\n\nfour"
    assert [text[a:b] for a, b in paragraphs(text, 0, len(text))] == ["one\ntwo", "three", "four"]


def test_only_the_stretch_asked_for_is_looked_at() -> None:
    text = "Out. In one. In two. Out."
    assert [text[a:b] for a, b in sentences(text, 5, 20)] == ["In one.", "In two."]


@given(st.text(alphabet="aB. \n!?。\"'-1", max_size=60))
def test_every_character_that_is_no_space_is_in_exactly_one_sentence_of_one_paragraph(text: str) -> None:
    whole = paragraphs(text, 0, len(text))
    parts = sentences(text, 0, len(text))
    for spans in (whole, parts):
        assert all(a < b for a, b in spans)
        assert all(x[1] <= y[0] for x, y in pairwise(spans))
        covered = {i for a, b in spans for i in range(a, b)}
        assert {i for i, c in enumerate(text) if not c.isspace()} <= covered
    assert all(any(a <= c and d <= b for a, b in whole) for c, d in parts)


@pytest.mark.parametrize("unit", [".", "\n", " ", "\n ", ". ", "A.", '"', '!"', "。", "- ", "\n-", "\n\n"])
def test_time_grows_with_the_text_whatever_it_holds(unit: str) -> None:
    text = unit * (300_000 // len(unit))
    began = time.process_time()
    sentences(text, 0, len(text))
    assert time.process_time() - began < 5
