"""Reads plain wire copy: one document, one article. How copy is divided is for `core/text/zones` to say."""

from __future__ import annotations

import re
from datetime import date

from monitor.core.text.characters import clean
from monitor.core.text.dates import Dated, read_date, read_day
from monitor.core.text.decoding import charset_in, decode
from monitor.core.text.furniture import signed_at
from monitor.core.text.zones import Copy, agency_of, compose, divide
from monitor.model import Article, Document, Format, Parsed, Zone

LONGEST_TEXT = 1_000_000
"""Characters of a text; the rest is cut, and a doubt says so."""
WRAPPED = 100
"""Columns: a document with a longer line is not wrapped by hand, and each of its lines is a paragraph."""

_INDENT = re.compile(r"(?:\t| {2,}|\u3000)")
_TABLE_ROW = re.compile(r"\S(?: {3,}|\t)\S")  # two spaces part sentences on some desks
_SPACES = re.compile(r"[^\S\n\t]+")


def read(document: Document) -> Parsed:
    """Read a plain document. Raises nothing."""
    text, doubt = decode(document.content, hint=document.hints.encoding, declared=_declared(document))
    doubts = [doubt] if doubt else []
    if len(text) > LONGEST_TEXT:
        text = text[:LONGEST_TEXT]
        doubts.append(f"the text was cut after {LONGEST_TEXT:,} characters")
    copy = divide(paragraphs_of(clean(text)), agency=agency_of(document.hints.agency))
    if not copy.pieces:
        return Parsed(articles=())
    return Parsed(articles=(_article(document, copy, doubts),), format=Format.PLAIN)


def paragraphs_of(text: str) -> list[str]:
    """Part a text into paragraphs: by blank lines, by indented first lines, or line by line where none is wrapped.

    Lines within a paragraph stay, without the white space at their ends; a space stands where several did, but
    between the columns of a table.
    """
    lines = text.expandtabs(8).split("\n") if "\t" in text else text.split("\n")
    wrapped = all(_columns(line) <= WRAPPED for line in lines)
    paragraphs: list[str] = []
    block: list[str] = []
    for line in [*lines, ""]:
        if line.strip():
            block.append(line)
        elif block:
            paragraphs += _paragraphs_of_block(block, wrapped)
            block = []
    return paragraphs


def _columns(line: str) -> int:
    """Han and kana are two columns wide; a long line is long enough, however long it is."""
    if line.isascii() or len(line) > WRAPPED:
        return len(line)
    return sum(2 if c >= "\u2e80" else 1 for c in line)


def _paragraphs_of_block(block: list[str], wrapped: bool) -> list[str]:
    if not wrapped:
        return [_tidy(line) for line in block]
    mixed = any(not _INDENT.match(line) for line in block)
    paragraphs: list[list[str]] = []
    for line in block:
        begins = mixed and _INDENT.match(line) and not _TABLE_ROW.search(line.strip())
        if begins or not paragraphs:
            paragraphs.append([])
        paragraphs[-1].append(_tidy(line))
    return ["\n".join(lines) for lines in paragraphs]


def _tidy(line: str) -> str:
    bare = line.strip()
    return bare if _TABLE_ROW.search(bare) else _SPACES.sub(" ", bare)


def _declared(document: Document) -> tuple[str | None, ...]:
    return (charset_in(dict(document.headers).get("content-type", "")),)


def _article(document: Document, copy: Copy, doubts: list[str]) -> Article:
    text, zones = compose(copy.pieces)
    written = copy.date_text or _time_of_signing(copy)
    dated = _dated(document, written)
    if dated.doubt:
        doubts.append(dated.doubt)
    day: date | None = read_day(written) if written else None
    return Article(
        format=Format.PLAIN,
        text=text,
        zones=zones,
        headline=copy.first(Zone.HEADLINE),
        slug=copy.first(Zone.SLUG),
        byline=copy.first(Zone.BYLINE),
        place=copy.dateline.place if copy.dateline else None,
        dateline_date=copy.dateline_date(day),
        agency=copy.agency,
        published=dated.at,
        published_text=written,
        doubts=tuple(doubts),
    )


def _time_of_signing(copy: Copy) -> str | None:
    times = (signed_at(p.text) for p in copy.pieces if p.zone is Zone.SIGNOFF)
    return next((t for t in times if t), None)


def _dated(document: Document, written: str | None) -> Dated:
    if written is None:
        return Dated(None)
    return read_date(written, received=document.received_at, timezone=document.hints.timezone)
