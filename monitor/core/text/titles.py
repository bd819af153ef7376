"""Says what an article is called where one line is all there is. It must not make up words."""

from __future__ import annotations

from monitor.core.text.segments import sentences
from monitor.model import Article, Zone

LONGEST = 100
"""Characters of a title made from a sentence."""


def title(article: Article) -> str:
    """Give an article's headline on one line; without one the first sentence of its text, cut at a word."""
    if article.headline:
        return " ".join(article.headline.split())
    span = next((z for z in article.zones if z.zone in (Zone.LEAD, Zone.BODY)), None)
    start, end = (span.start, span.end) if span else (0, len(article.text))
    first = next(iter(sentences(article.text, start, min(end, start + 2000))), (start, start))
    return cut(" ".join(article.text[first[0] : first[1]].split()), LONGEST)


def cut(text: str, longest: int) -> str:
    """Give text of at most `longest` characters: whole, or cut at a word and ended by an ellipsis."""
    if len(text) <= longest:
        return text
    head = text[: longest - 1]
    at_a_word = head.rpartition(" ")[0] if not text[longest - 1].isspace() else head
    return (at_a_word if len(at_a_word) > longest // 2 else head).rstrip(" ,;:-–—") + "…"
