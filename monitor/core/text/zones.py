"""Divides wire copy into its zones: what stands before the running text, the text, and what stands behind it.

Works on paragraphs, in one pass from the top and one from the end. It must not know formats: what reads plain
files and what reads feed items both hand their paragraphs to it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import chain, repeat

from monitor.core.text import furniture
from monitor.core.text.agencies import agency_named
from monitor.core.text.datelines import Dateline, read_dateline
from monitor.core.text.dates import is_date
from monitor.model import Zone, ZoneSpan

LONGEST_HEADLINE = 250
"""Characters of a first paragraph that can be a headline."""
HEAD_LINES = 25
"""Lines of a head, at most."""
MARK = " ="
"""What dpa ends its head with: it is in the text, and in no zone."""
TAIL_LINES = 40
"""Lines looked at from the end."""
TAG_LINES = 8
"""Lines of an agency's tag, with its initials and numbers, at most."""
INLINE = 10
"""Sign-offs one behind the other at the end of the last line, at most."""
_ENDS_IN_INITIALS = re.compile(r"(?:^|[^\w.])(?:[A-Z]\.){2,5}\Z")
SENTENCE_ENDS = (".", "。", "।", "؟", "۔", ".”", '."', ".»", ".)")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text, its zone, and what parts it from the piece before."""

    zone: Zone
    text: str
    glue: str = "\n\n"
    mark: str = ""
    """What it ends with that is in no zone."""


@dataclass(slots=True)
class Copy:
    """What was read so far of a piece of copy: its pieces in reading order, and what they say."""

    pieces: list[Piece] = field(default_factory=list)
    dateline: Dateline | None = None
    gap: str = " "
    """What parts the dateline from the text behind it: nothing, in scripts that write no spaces."""
    date_text: str | None = None
    agency: str | None = None

    def first(self, zone: Zone) -> str | None:
        """Give the text of the first piece of a zone."""
        return next((p.text for p in self.pieces if p.zone is zone), None)

    def dateline_date(self, near: date | None) -> str | None:
        """Give the dateline's date, its year the nearest to a date that the document tells."""
        return self.dateline.day.written(near) if self.dateline and self.dateline.day else None


def compose(pieces: Sequence[Piece]) -> tuple[str, tuple[ZoneSpan, ...]]:
    """Put pieces together: the text, and where its zones stand. Neighbours that run on in one zone are one span."""
    parts: list[str] = []
    spans: list[ZoneSpan] = []
    length = 0
    for piece in pieces:
        if not piece.text:
            continue
        if parts:
            parts.append(piece.glue)
            length += len(piece.glue)
        start, length = length, length + len(piece.text)
        parts.append(piece.text)
        if piece.mark:
            parts.append(piece.mark)
            length += len(piece.mark)
        if spans and spans[-1].zone is piece.zone and piece.zone in (Zone.BODY, Zone.NOTE, Zone.SIGNOFF):
            start = spans.pop().start
        spans.append(ZoneSpan(zone=piece.zone, start=start, end=length - len(piece.mark)))
    return "".join(parts), tuple(spans)


def divide(paragraphs: Sequence[str], *, agency: str | None = None, headed: bool = True) -> Copy:
    """Divide a piece of copy into zones.

    `paragraphs` are clean texts, lines within them parted by line feeds. `agency` is the source's own, where the
    user named it. `headed`: a headline may stand first; a feed item's text has none, its title is that.
    """
    copy = Copy()
    rest = _Head(copy, headed).read(paragraphs)
    known = copy.dateline.agency if copy.dateline else None
    tail = _Tail(known or agency)
    tail.read(rest)
    _add_running_text(copy, rest, joined=copy.dateline is not None and bool(rest))
    copy.pieces += tail.pieces
    copy.agency = known or tail.agency or agency
    return copy


# -- from the top ----------------------------------------------------------------------------


class _Head:
    """Reads what stands before the running text, line by line, until it meets the dateline or prose."""

    def __init__(self, copy: Copy, headed: bool) -> None:
        self._copy = copy
        self._headed = headed
        self._runs_on = False

    def read(self, paragraphs: Sequence[str]) -> list[str]:
        """Add the head's pieces to the copy. Gives the paragraphs of running text that are left."""
        left = [p for p in paragraphs if p]
        seen = 0
        while left and seen < HEAD_LINES:
            after = self._step(left)
            if after is None:
                break
            left, seen = after, seen + 1
            if self._copy.dateline:
                break
        return self._without_a_lone_headline(left)

    def _step(self, left: list[str]) -> list[str] | None:
        """Take one piece off the head; None: the running text begins here."""
        if (without := self._take_dateline(left)) is not None:
            return without
        line, _, more = left[0].partition("\n")
        if furniture.is_note(line, at_the_head=True) and not furniture.opens_notes(left[0]):
            note = _first_sentences(left[0])
            return self._take(Zone.NOTE, note, left[0][len(note) :].lstrip("\n"), left)
        zone = self._zone_of(line.strip()) or self._zone_of_number(line.strip(), more, left)
        if (
            zone is Zone.SLUG
            and line.isupper()
            and " " in line
            and self._opens_text(more or "".join(left[1:2]))
        ):
            zone = None  # RUSSIA-CHINA TALKS GO ON, right above the dateline, is the headline
        if zone is Zone.DATE:
            self._copy.date_text = self._copy.date_text or _without_label(line.strip())
        if zone is not None:
            return self._take(zone, line, more, left)
        return self._take_headline(left) if self._headed else None

    def _take(self, zone: Zone, text: str, more: str, left: list[str]) -> list[str]:
        bare = text.strip()
        mark = MARK if bare.endswith(MARK) else ""
        self._add(zone, bare.removesuffix(mark).rstrip(), more, mark=mark)
        return ([more] if more else []) + left[1:]

    def _add(self, zone: Zone, text: str, more: str, glue: str | None = None, mark: str = "") -> None:
        """Add a piece; `more` is what is left of its paragraph."""
        between = glue or ("\n" if self._runs_on else "\n\n")
        self._copy.pieces.append(Piece(zone, text, between, mark))
        self._runs_on = bool(more)

    def _zone_of(self, line: str) -> Zone | None:
        if furniture.is_byline(line):
            return Zone.BYLINE
        if is_date(_without_label(line)):
            return Zone.DATE
        slug = furniture.is_slug(line) and not self._has(Zone.HEADLINE)
        if self._headed and (slug or furniture.is_rank(line)):
            return Zone.SLUG
        return None

    def _zone_of_number(self, line: str, more: str, left: Sequence[str]) -> Zone | None:
        """A service's letters and number are a slug right above a headline; elsewhere they may be anything."""
        if not self._headed or self._copy.pieces or not furniture.is_service_number(line):
            return None
        following = more or "".join(left[1:2])
        headline, _, rest = following.partition("\n")
        goes_on = bool(rest) or len(left) > (1 if more else 2)
        return Zone.SLUG if goes_on and _looks_like_a_headline(headline) else None

    def _has(self, zone: Zone) -> bool:
        return any(p.zone is zone for p in self._copy.pieces)

    def _take_dateline(self, left: list[str]) -> list[str] | None:
        dated, text = _split_date(left[0])
        dateline = read_dateline(text)
        if (
            dateline is None
            or (len(left) == 1 and dateline.end == len(text))
            or (_names_a_speaker(text, dateline) and len(left) > 1 and _is_of_a_speaker(left[1]))
            or (self._headed and not self._is_followed(text, dateline, left))
        ):
            return None
        if dated:
            self._copy.date_text = self._copy.date_text or _without_label(dated)
            self._add(Zone.DATE, dated, text)
        rest = text[dateline.end :].strip()
        self._add(Zone.DATELINE, text[: dateline.end].strip(), rest, " " if dated else None)
        self._copy.dateline = dateline
        self._copy.gap = " " if text[dateline.end : dateline.end + 1].isspace() else ""
        return ([rest] if rest else []) + left[1:]

    def _is_followed(self, text: str, dateline: Dateline, left: list[str]) -> bool:
        """Text follows a dateline; a headline that looks like one (`LONDON - the movie`) is followed by one."""
        if self._has(Zone.HEADLINE):
            return True
        first, _, more = text.partition("\n")
        if more and dateline.end <= len(first) and _looks_like_a_headline(first):
            return not self._opens_text(more, notes=False)
        if len(left) == 1 or not _looks_like_a_headline(text):
            return True
        return (dateline.day is not None or dateline.agency is not None) and not self._opens_text(left[1])

    def _take_headline(self, left: list[str]) -> list[str] | None:
        """Take a headline, or a deck below one. What makes it one is what follows it."""
        whole = left[0]
        first, _, more = whole.partition("\n")
        if more and self._opens_text(more) and _looks_like_a_headline(first):
            return self._take(Zone.HEADLINE, first, more, left)
        ended = len(left) > 1 and "\n" not in whole and self._opens_text(left[1], notes=False)
        deck = _is_list(whole) and self._has(Zone.HEADLINE)
        if len(left) < 2 or not (deck or _looks_like_a_headline(whole, ended=ended)):
            return self._take_wrapped_headline(left)
        if self._has(Zone.HEADLINE) and not self._leads_to_a_dateline(left[1:]):
            return None
        return self._take(Zone.HEADLINE, whole, "", left)

    def _take_wrapped_headline(self, left: list[str]) -> list[str] | None:
        """Take a headline of two or three lines right above the dateline or the byline."""
        lines = left[0].split("\n")
        for n in (2, 3):
            head, more = "\n".join(lines[:n]), "\n".join(lines[n:])
            if more and self._opens_text(more) and _looks_like_a_headline(head):
                return self._take(Zone.HEADLINE, head, more, left)
        return None

    def _opens_text(self, text: str, *, notes: bool = True) -> bool:
        """Whether a headline can stand right above a text; `notes`: a note to editors counts too."""
        line = text.partition("\n")[0].strip()
        _, undated = _split_date(text)
        dateline = read_dateline(undated)
        return (
            (dateline is not None and not _names_a_speaker(undated, dateline))
            or self._zone_of(line) in (Zone.BYLINE, Zone.DATE)
            or (notes and furniture.is_note(line, at_the_head=True))
        )

    def _leads_to_a_dateline(self, left: Sequence[str]) -> bool:
        for paragraph in left[:4]:
            if self._opens_text(paragraph):
                return True
            if not _looks_like_a_headline(paragraph) and not _is_list(paragraph):
                return False
        return False

    def _without_a_lone_headline(self, left: list[str]) -> list[str]:
        """A headline with no text behind it is the text itself; without one, all that was read is."""
        pieces = self._copy.pieces
        if left or self._copy.dateline:
            return left
        if any(p.zone is Zone.HEADLINE for p in pieces):
            self._copy.pieces = _as_text(pieces)
            return []
        self._copy.pieces = []
        return [p.text + p.mark for p in pieces]


def _as_text(pieces: Sequence[Piece]) -> list[Piece]:
    """Make the headlines among pieces running text, where they stand."""
    zones = chain((Zone.LEAD,), repeat(Zone.BODY))
    return [replace(p, zone=next(zones)) if p.zone is Zone.HEADLINE else p for p in pieces]


def _first_sentences(paragraph: str) -> str:
    """Give a note's lines where more of the head follows at once: up to the first that ends a sentence."""
    lines = paragraph.split("\n")
    ends = (".", "!", "?", ")", "]")
    last = next((i for i, line in enumerate(lines) if line.rstrip().endswith(ends)), len(lines) - 1)
    return "\n".join(lines[: last + 1])


def _without_label(line: str) -> str:
    label, colon, rest = line.partition(":" if line[:12].lower().startswith(("date:", "published:")) else " ")
    known = label.strip().lower() in ("date", "dated", "published", "дата", "datum")
    return rest.strip() if colon and known else line


def _split_date(paragraph: str) -> tuple[str | None, str]:
    """Split `date 2026-01-27 ` off what follows it in the same line."""
    words = paragraph.split(maxsplit=2)
    if len(words) == 3 and words[0].lower().rstrip(":") == "date" and is_date(words[1]):
        rest = words[2]
        return paragraph[: len(paragraph) - len(rest)].strip(), rest
    return None, paragraph


def _looks_like_a_headline(text: str, *, ended: bool = False) -> bool:
    """Whether a paragraph can be a headline; `ended`: what follows allows that it ends as a sentence does."""
    bare = text.rstrip(" =")
    return (
        0 < len(bare) <= LONGEST_HEADLINE
        and bare.count("\n") < 3
        and (ended or not bare.endswith(SENTENCE_ENDS) or _ENDS_IN_INITIALS.search(bare) is not None)
        and bare[0] not in "-*•|"
        and "\t" not in bare
        and any(map(str.isalpha, bare))
    )


def _names_a_speaker(text: str, dateline: Dateline) -> bool:
    """Whether a dateline may be somebody who speaks in a transcript: `BEIJING:` looks as `PUTIN:` does."""
    return dateline.day is None and dateline.agency is None and text[dateline.end - 1] == ":"


def _is_of_a_speaker(text: str) -> bool:
    dateline = read_dateline(text)
    return dateline is not None and _names_a_speaker(text, dateline)


def _is_list(paragraph: str) -> bool:
    """Whether a paragraph is the list of points that some desks put below a headline."""
    lines = paragraph.split("\n")
    return len(lines) <= 8 and all(line[:2] in ("* ", "- ", "• ", "– ") for line in lines)


# -- from the end ----------------------------------------------------------------------------


class _Tail:
    """Takes sign-offs and notes off the end of the running text, and notes out of its middle."""

    def __init__(self, agency: str | None) -> None:
        self._known = agency
        self.agency: str | None = None
        self.pieces: list[Piece] = []

    def read(self, left: list[str]) -> None:
        """Take the tail off `left`, in place; `pieces` has it then, in reading order."""
        self._take_lines(left)
        self._take_notes(left)
        self._take_inline(left)

    def _take_lines(self, left: list[str]) -> None:
        for _ in range(TAIL_LINES):
            if not left or (len(left) == 1 and "\n" not in left[0]):
                return
            body, _, line = left[-1].rpartition("\n")
            if self._is_signoff(left[-1]):
                line, body = left[-1], ""
            elif not self._is_signoff(line.strip()) and not self._goes_on_a_tag(line.strip(), left):
                return
            if not body and len(left) == 1:
                return
            self._sign(line.strip(), "\n" if body else "\n\n")
            left[-1:] = [body.rstrip()] if body else []

    def _is_signoff(self, line: str) -> bool:
        return furniture.is_rule(line) or furniture.is_signoff(line, agency=self._known)

    def _goes_on_a_tag(self, last: str, left: Sequence[str]) -> bool:
        """Whether the last line is more of a tag: between the two stand only others of its kind."""
        if not furniture.may_go_on_a_tag(last):
            return False
        near = [line.strip() for p in left[-TAG_LINES:] for line in p.rsplit("\n", TAG_LINES)[-TAG_LINES:]]
        for line in reversed(near[-TAG_LINES:]):
            if furniture.signing_agency(line, self._known) is not None:
                return True
            if not furniture.may_go_on_a_tag(line):
                return furniture.signoff_start(line, agency=self._known) is not None
        return False

    def _sign(self, text: str, glue: str) -> None:
        self.agency = furniture.signing_agency(text) or self.agency
        self.pieces.insert(0, Piece(Zone.SIGNOFF, text, glue))

    def _take_notes(self, left: list[str]) -> None:
        """A block of notes runs from its opening to the end; single notes stand before it or alone at the end."""
        opening = next((i for i, p in enumerate(left) if i and furniture.opens_notes(p)), None)
        if opening is not None:
            if opening > 1 and furniture.is_rule(left[opening - 1]):
                opening -= 1
            self.pieces[:0] = [Piece(Zone.NOTE, p) for p in left[opening:]]
            del left[opening:]
        notes: list[Piece] = []
        while len(left) > 1 and furniture.is_note(left[-1]):
            notes.append(Piece(Zone.NOTE, left.pop()))
        self.pieces[:0] = reversed(notes)
        if self.pieces and self.pieces[0].zone is Zone.NOTE:
            self._take_lines(left)

    def _take_inline(self, left: list[str]) -> None:
        for _ in range(INLINE if left else 0):
            start = furniture.signoff_start(left[-1], agency=self._known)
            if start is None or not left[-1][:start].strip():
                return
            self._sign(left[-1][start:].strip(), " " if left[-1][start - 1].isspace() else "")
            left[-1] = left[-1][:start].rstrip()


def _add_running_text(copy: Copy, paragraphs: Sequence[str], *, joined: bool) -> None:
    zone = Zone.LEAD
    for paragraph in paragraphs:
        note = furniture.is_note(paragraph)
        between = copy.gap if joined and zone is Zone.LEAD else "\n\n"
        copy.pieces.append(Piece(Zone.NOTE if note else zone, paragraph, between))
        zone = zone if note else Zone.BODY


def agency_of(name: str | None) -> str | None:
    """Give the short name of an agency that the user named, as typed where we do not know it."""
    return (agency_named(name) or name) if name else None
