"""The XML parser that feedparser is given: expat, told to hand over each stretch of text whole.

The standard library's driver hands over every line, and every `&lt;`, by a call of its own; a feed's items are full
of both. Nothing here reads news.
"""

from __future__ import annotations

from pyexpat import XMLParserType
from xml.sax.expatreader import ExpatParser

LONGEST = 65_536
"""Bytes of text that are handed over at once."""


class _Expat(ExpatParser):
    def reset(self) -> None:
        super().reset()
        parser: XMLParserType = self._parser  # type: ignore[attr-defined]  # the driver's own, which its type hides
        parser.buffer_text, parser.buffer_size = True, LONGEST


def create_parser() -> ExpatParser:
    """Make a parser; what a driver of xml.sax must have."""
    return _Expat()
