"""The XML parser that feedparser is given: expat, told to hand over each stretch of text whole, and less of the rest.

The standard library's driver hands over every line, and every `&lt;`, by a call of its own; a feed's items are full
of both. Categories, and what is for maps, players and comments' counters, no reader of ours asks for, and feedparser
takes its time over them, or raises: they are passed over with all that they hold. Nothing here reads news.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pyexpat import XMLParserType
from typing import Any
from xml.sax.expatreader import ExpatParser

LONGEST = 65_536
"""Bytes of text that are handed over at once."""
_PASSED_OVER = frozenset({"category"})
_OF_NO_USE = frozenset(
    {
        "http://www.georss.org/georss",
        "http://www.opengis.net/gml",
        "http://www.w3.org/2003/01/geo/wgs84_pos#",
        "http://podlove.org/simple-chapters",
        "http://purl.org/rss/1.0/modules/slash/",
        "http://wellformedweb.org/commentapi/",
    }
)
"""Namespaces, in lower case."""


class _Expat(ExpatParser):
    _cont_handler: Any
    _parser: XMLParserType
    _inside = 0
    """Elements open that are passed over."""

    def reset(self) -> None:
        super().reset()
        self._inside = 0
        self._parser.buffer_text, self._parser.buffer_size = True, LONGEST

    def start_element_ns(self, name: str, attrs: Mapping[str, str]) -> None:
        if self._inside or _is_of_no_use(name):
            self._inside += 1
            self._parser.CharacterDataHandler = None
        else:
            super().start_element_ns(name, attrs)

    def end_element_ns(self, name: str) -> None:
        if not self._inside:
            super().end_element_ns(name)
            return
        self._inside -= 1
        if not self._inside:
            self._parser.CharacterDataHandler = self._cont_handler.characters


@lru_cache(maxsize=1024)
def _is_of_no_use(name: str) -> bool:
    """Whether an element is passed over; `name` is its namespace, if it has one, its own name and its prefix."""
    parts = name.lower().split(" ")
    return parts[len(parts) > 1] in _PASSED_OVER or parts[0] in _OF_NO_USE


def create_parser() -> ExpatParser:
    """Make a parser; what a driver of xml.sax must have."""
    return _Expat()
