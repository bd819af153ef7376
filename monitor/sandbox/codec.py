"""Turns what goes between the pool and its children into bytes and back: data only, JSON and a document's content.

What comes back from a child is not trusted: every field is checked, and anything odd raises Garbage. This module
must not read or write anything itself.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from monitor.model import (
    Article,
    ContentHash,
    Document,
    Format,
    Hints,
    Lifecycle,
    Parsed,
    Refused,
    SourceId,
    Zone,
    ZoneSpan,
)

LENGTHS = struct.Struct(">II")
"""Before a request: bytes of its header, bytes of its content."""
LENGTH = struct.Struct(">I")
"""Before a reply: bytes of it."""
LARGEST_REPLY = 128 * 2**20

READY, KEEP, RETIRE, BROKEN = b"=", b"+", b"-", b"!"
"""A reply's first byte: the child is up; here is the outcome; the same, and replace me; I cannot start, because…"""

_E = TypeVar("_E", bound=StrEnum)

_TEXTS = (
    "member",
    "native_id",
    "version",
    "headline",
    "slug",
    "byline",
    "place",
    "dateline_date",
    "agency",
    "language",
    "published_text",
    "url",
)
_MOMENTS = ("published", "embargo_until")


class Garbage(Exception):
    """What came from a child is no outcome."""


def request(document: Document) -> tuple[bytes, bytes]:
    """Give a document's header and content as they go to a child, the lengths in front of the header."""
    header = json.dumps(
        {
            "source": document.source,
            "location": document.location,
            "received_at": document.received_at.isoformat(),
            "arrived_at": document.arrived_at.isoformat(),
            "content_hash": document.content_hash,
            "headers": document.headers,
            "hints": [document.hints.agency, document.hints.encoding, document.hints.timezone],
        }
    ).encode()
    return LENGTHS.pack(len(header), len(document.content)) + header, document.content


def document(header: bytes, content: bytes) -> Document:
    """Make the document that a request holds. Our own side wrote it: it is not checked."""
    said = json.loads(header)
    agency, encoding, timezone = said["hints"]
    return Document(
        source=SourceId(said["source"]),
        location=said["location"],
        received_at=datetime.fromisoformat(said["received_at"]),
        arrived_at=datetime.fromisoformat(said["arrived_at"]),
        content=content,
        content_hash=ContentHash(said["content_hash"]),
        headers=tuple((name, value) for name, value in said["headers"]),
        hints=Hints(agency=agency, encoding=encoding, timezone=timezone),
    )


def reply(outcome: Parsed | Refused) -> bytes:
    """Give an outcome as it comes from a child, without its first byte."""
    if isinstance(outcome, Refused):
        said: dict[str, Any] = {"refused": outcome.reason}
    else:
        said = {
            "format": outcome.format,
            "doubts": outcome.doubts,
            "torn": outcome.torn,
            "articles": [_said_of(article) for article in outcome.articles],
        }
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def outcome(said: bytes) -> Parsed | Refused:
    """Make the outcome that a reply holds, without its first byte. Raises Garbage."""
    try:
        fields = json.loads(said)
        if "refused" in fields:
            return Refused(reason=_text(fields, "refused"))
        return Parsed(
            format=_one_of(Format, fields, "format"),
            doubts=_texts(fields, "doubts"),
            torn=fields["torn"] is True,
            articles=tuple(_article(each) for each in _list(fields, "articles")),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as wrong:
        raise Garbage(f"{type(wrong).__name__}: {str(wrong)[:100]}") from wrong


def _said_of(article: Article) -> dict[str, Any]:
    said: dict[str, Any] = {name: value for name in _TEXTS if (value := getattr(article, name)) is not None}
    said |= {name: at.isoformat() for name in _MOMENTS if (at := getattr(article, name)) is not None}
    said |= {
        "format": article.format,
        "text": article.text,
        "zones": [(z.zone, z.start, z.end) for z in article.zones],
        "urgency": article.urgency,
        "lifecycle": article.lifecycle,
        "doubts": article.doubts,
    }
    return said


def _article(fields: Mapping[str, Any]) -> Article:
    text = _text(fields, "text")
    kind = _one_of(Format, fields, "format")
    if kind is None:
        raise ValueError("an article without a format")
    texts = {name: _text(fields, name) for name in _TEXTS if fields.get(name) is not None}
    moments = {name: _moment(fields, name) for name in _MOMENTS if fields.get(name) is not None}
    return Article(
        format=kind,
        text=text,
        zones=_zones(_list(fields, "zones"), len(text)),
        urgency=_urgency(fields.get("urgency")),
        lifecycle=_one_of(Lifecycle, fields, "lifecycle"),
        doubts=_texts(fields, "doubts"),
        **texts,  # type: ignore[arg-type]  # each name is one of Article's texts
        **moments,  # type: ignore[arg-type]  # and of its moments
    )


def _zones(said: Sequence[Any], length: int) -> tuple[ZoneSpan, ...]:
    """Zones are in order, hold something, and lie apart and inside the text."""
    zones: list[ZoneSpan] = []
    at = 0
    for name, start, end in said:
        if type(start) is not int or type(end) is not int or not at <= start < end <= length:
            raise ValueError("zones overlap, or leave the text")
        zones.append(ZoneSpan(zone=Zone(name), start=start, end=end))
        at = end
    return tuple(zones)


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields[name]
    if not isinstance(value, str):
        raise TypeError(f"{name} is no text")
    return value


def _list(fields: Mapping[str, Any], name: str) -> Sequence[Any]:
    value = fields[name]
    if not isinstance(value, list):
        raise TypeError(f"{name} is no list")
    return value


def _texts(fields: Mapping[str, Any], name: str) -> tuple[str, ...]:
    values = _list(fields, name)
    if not all(isinstance(value, str) for value in values):
        raise TypeError(f"{name} are no texts")
    return tuple(values)


def _moment(fields: Mapping[str, Any], name: str) -> datetime:
    at = datetime.fromisoformat(_text(fields, name))
    if at.utcoffset() is None or at.utcoffset():
        raise ValueError(f"{name} is not in UTC")
    return at


def _one_of(names: type[_E], fields: Mapping[str, Any], name: str) -> _E | None:
    value = fields.get(name)
    return None if value is None else names(value)


def _urgency(value: object) -> int | None:
    if value is None or (type(value) is int and 1 <= value <= 9):
        return value
    raise ValueError("urgency is not from 1 to 9")
