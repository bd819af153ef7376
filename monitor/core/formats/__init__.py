"""Reads documents: bytes in, articles out. Which bytes are what is told by `sniff`; each format is one file.

A new format is a file with a `read`, its row in `sniff`, and its row in `_READERS`. Importing this package
imports feedparser: it is for the children that parse, and for tests.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from monitor.core.formats import feed, plain
from monitor.core.formats.sniff import sniff
from monitor.model import Document, Format, Parsed, Refused

_READERS: dict[Format, Callable[[Document], Parsed | Refused]] = {
    Format.RSS: partial(feed.read, kind=Format.RSS),
    Format.RDF: partial(feed.read, kind=Format.RDF),
    Format.ATOM: partial(feed.read, kind=Format.ATOM),
    Format.PLAIN: plain.read,
}


def parse(document: Document) -> Parsed | Refused:
    """Read a document of any format. Raises whatever its parser raises: a sandbox calls this one.

    Parsed without articles and format: the document has no news text, which is no error.
    """
    found = sniff(document)
    if isinstance(found, Refused):
        return found
    if found is None:
        return Parsed(articles=())
    return _READERS[found](document)


def read(document: Document) -> Parsed | Refused:
    """Read a document of any format; what its parser raises is a refusal with its name."""
    try:
        return parse(document)
    except Exception as raised:
        return refusal(raised)


def refusal(raised: BaseException) -> Refused:
    """Say that a parser gave up, in words for a person."""
    words = " ".join(str(raised).split())[:200]
    return Refused(reason=f"its parser gave up: {type(raised).__name__}" + (f": {words}" if words else ""))
