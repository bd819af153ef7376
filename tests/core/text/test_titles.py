"""An article's title is its headline, else its first sentence, cut at a word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.text.titles import LONGEST, cut, title
from monitor.core.text.zones import compose, divide
from monitor.model import Article, Format


def _article(*paragraphs: str, headline: str | None = None) -> Article:
    text, zones = compose(divide(paragraphs).pieces)
    return Article(format=Format.PLAIN, text=text, zones=zones, headline=headline)


@pytest.mark.parametrize(
    ("article", "expected"),
    [
        (_article("x", headline="A head\nin two lines"), "A head in two lines"),
        (_article("Oslo, Jan 27 (NTB) First sentence. Second."), "First sentence."),
        (_article("Mr. Smith\ncame home. He left."), "Mr. Smith came home."),
        (_article("word " * 40 + "end."), "word " * 19 + "word…"),
        (_article("字" * 200 + "。"), "字" * 99 + "…"),
        (Article(format=Format.PLAIN, text="", zones=()), ""),
        (Article(format=Format.PLAIN, text="No zones. At all.", zones=()), "No zones."),
    ],
)
def test_a_title_is_one_short_line(article: Article, expected: str) -> None:
    assert title(article) == expected


@given(st.text(alphabet="ab ,", max_size=300), st.integers(5, 150))
def test_a_cut_is_never_too_long_and_keeps_what_fits(text: str, longest: int) -> None:
    kept = cut(text, longest)
    assert len(kept) <= longest
    assert kept == text if len(text) <= longest else kept.endswith("…")


def test_the_longest_title_is_documented() -> None:
    assert len(title(_article("word " * 100))) <= LONGEST
