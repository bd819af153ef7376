"""Reads the dates that feeds and wire copy write. It must not know what time it is: `received` is an argument.

Rules, where a date is not clear:
- a zone that is not named, or that nobody knows, is the source's own `timezone`, else UTC, with a doubt;
- an abbreviation that several zones share (IST, BST, CST, AST) is the source's own where that zone uses it at that
  time; else IST is India's, BST Britain's, CST and AST North America's, with a doubt;
- an abbreviation means its fixed offset, even `EST` in summer; -0000 is UTC (RFC 5322, section 3.3);
- a date without a time counts as its first moment; 24:00 is the next day's, a leap second is the second before;
- a year before 1990, or a time over two days after the document was received, is absurd: no date, with a doubt.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from monitor.core.text.months import month_number

EARLIEST_YEAR = 1990
LATEST_AHEAD = timedelta(days=2)
_EPOCH = date(1970, 1, 1)
LONGEST = 120
"""Characters of a date; a longer text is none."""

_OFFSETS = {
    "z": 0, "ut": 0, "utc": 0, "gmt": 0, "wet": 0, "west": 1, "cet": 1, "cest": 2, "mez": 1, "mesz": 2, "eet": 2,
    "eest": 3, "msk": 3, "мск": 3, "trt": 3, "sast": 2, "wat": 1, "cat": 2, "eat": 3, "pkt": 5, "npt": 5.75,
    "ict": 7, "wib": 7, "hkt": 8, "sgt": 8, "myt": 8, "pht": 8, "awst": 8, "jst": 9, "kst": 9, "acst": 9.5,
    "aest": 10, "aedt": 11, "nzst": 12, "nzdt": 13, "edt": -4, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8,
    "pdt": -7, "akst": -9, "akdt": -8, "hst": -10, "adt": -3, "nst": -3.5, "ndt": -2.5, "brt": -3, "art": -3,
    "bst": 1, "ist": 5.5, "cst": -6, "est": -5, "ast": -4, "et": -5, "pt": -8,
}  # fmt: skip
"""Hours ahead of UTC (RFC 5322, section 4.3, and the zone database)."""
_SHARED = frozenset({"bst", "ist", "cst", "ast"})

_YEAR_FIRST = re.compile(r"(?P<y>\d{4})[-./年]\s?(?P<m>\d{1,2})[-./月]\s?(?P<d>\d{1,2})日?(?!\d)")
_BASIC = re.compile(r"(?P<y>(?:19|20)\d\d)(?P<m>\d\d)(?P<d>\d\d)(?=T|Z|\s|$)")
_DAY_FIRST = re.compile(r"(?P<d>\d{1,2})[./](?P<m>\d{1,2})[./](?P<y>\d{4})(?!\d)")
_DAY_NAME = re.compile(
    r"(?P<d>\d{1,2})(?:st|nd|rd|th|er|\.|º)?(?:\s+(?:de|of))?[\s-]+(?P<name>[^\W\d_]{3,12})\.?,?(?:\s+de)?[\s-]+"
    r"(?P<y>\d{4}|\d\d)(?!\d)"
)
_NAME_DAY = re.compile(
    r"(?P<name>[^\W\d_]{3,12})\.?\s+(?P<d>\d{1,2})(?:st|nd|rd|th)?,?\s+(?:(?P<t>\d\d?:\d\d:\d\d)\s+)?"
    r"(?:(?P<z>[A-Z]{3,4})\s+)?(?P<y>\d{4})(?!\d)"
)
_SHAPES = (_YEAR_FIRST, _BASIC, _DAY_FIRST, _DAY_NAME, _NAME_DAY)
_WEEKDAY = re.compile(r"[^\W\d_]{2,14}\.?,?\s+(?=\S)")
_TIME = re.compile(
    r"[\sTt,]*(?:at\s+)?(?P<h>\d{1,2})[:.h](?P<min>\d\d)(?:[:.](?P<s>\d\d)(?:[.,]\d{1,9})?)?\s*(?P<half>[AaPp]\.?[Mm]\.?)?"
)
_BASIC_TIME = re.compile(r"[Tt ](?P<h>\d\d)(?P<min>\d\d)(?P<s>\d\d)?(?:[.,]\d{1,9})?(?P<half>)")
_OFFSET = re.compile(r"\s*(?:GMT|UTC)?\s*(?P<sign>[-+−])(?P<h>\d{1,2}):?(?P<m>\d\d)?(?!\d)")
_ZONE_NAME = re.compile(r"\s*\(?(?P<zone>[^\W\d_]{1,5})\)?(?![\w])")
_DIGITS = re.compile(r"1\d{9}(?:\d{3})?")


@dataclass(frozen=True, slots=True)
class Dated:
    """What a date says: the moment in UTC, or None; and what is doubtful about it, in words."""

    at: datetime | None
    doubt: str | None = None


@dataclass(frozen=True, slots=True)
class _Wall:
    """A date as on a wall calendar and clock, and what of the text came behind it."""

    at: datetime
    rest: str
    timed: bool


def read_date(text: str, *, received: datetime, timezone: str | None = None) -> Dated:
    """Read a date in any usual form.

    `received` is when the document was received, `timezone` the source's own zone, an IANA name. Raises nothing.
    """
    wall = _wall(text)
    if wall is None:
        return Dated(None, f"unreadable date: {_shown(text)}")
    zone, doubt = _zone(wall, timezone)
    try:
        at = wall.at.replace(tzinfo=zone).astimezone(UTC)
    except (OverflowError, ValueError):
        at = wall.at.replace(tzinfo=UTC)
    if at.year < EARLIEST_YEAR or at > received + LATEST_AHEAD:
        return Dated(None, f"absurd date: {_shown(text)}")
    return Dated(at, doubt)


def _shown(text: str) -> str:
    return repr(" ".join(text[:LONGEST].split())[:40])


def read_day(text: str) -> date | None:
    """Read the calendar day that a text is, with or without a time behind it; None: it is none."""
    wall = _wall(text)
    return wall.at.date() if wall else None


def tells_time(text: str) -> bool:
    """Whether a date names a time of day. Midnight sharp is none: programs write it where they know only the day."""
    stripped = " ".join(text[: LONGEST + 1].split())
    wall = _wall(stripped) if len(stripped) <= LONGEST else None
    return wall is not None and wall.timed and wall.at.time() != time()


def is_date(text: str) -> bool:
    """Whether a text is a date, with or without a time and zone, and nothing besides."""
    wall = _wall(text)
    if wall is None:
        return False
    rest = _OFFSET.sub("", wall.rest, count=1)
    return not rest.strip(" .,;)") or (wall.timed and _ZONE_NAME.fullmatch(rest.strip(" .,;")) is not None)


def _wall(text: str) -> _Wall | None:
    """Read the date that a text begins with; a text that is too long for one has none."""
    text = " ".join(text[: LONGEST + 1].split())
    if len(text) > LONGEST:
        return None
    if _DIGITS.fullmatch(text):
        return _Wall(datetime.combine(_EPOCH, time()) + timedelta(seconds=int(text[:10])), "Z", True)
    weekday = _WEEKDAY.match(text)
    starts = (0, weekday.end()) if weekday else (0,)
    for start in starts:
        for shape in _SHAPES:
            if found := shape.match(text, start):
                return _with_time(text, found)
    return None


def _with_time(text: str, found: re.Match[str]) -> _Wall | None:
    parts = found.groupdict()
    month = month_number(parts["name"]) if parts.get("name") else int(parts["m"])
    if month is None:
        return None
    try:
        day = datetime.combine(date(_year(parts["y"]), month, int(parts["d"])), time())
    except ValueError:
        return None
    if parts.get("t"):
        clock: re.Match[str] | None = _TIME.match(parts["t"])
        rest = f"{parts['z'] or ''} {text[found.end() :]}"
    else:
        clock = (_BASIC_TIME if found.re is _BASIC else _TIME).match(text, found.end())
        rest = text[clock.end() if clock else found.end() :]
    if clock is None:
        return _Wall(day, rest, False)
    try:
        return _Wall(day + _since_midnight(clock), rest, True)
    except (ValueError, OverflowError):
        return None


def _year(digits: str) -> int:
    year = int(digits)
    if len(digits) > 2:
        return year
    return year + (2000 if year < 70 else 1900)


def _since_midnight(clock: re.Match[str]) -> timedelta:
    hours, minutes, seconds = int(clock["h"]), int(clock["min"]), int(clock["s"] or 0)
    half = (clock["half"] or "").lower()[:1]
    if half and not 1 <= hours <= 12:
        raise ValueError("no hour of half a day")
    if half:
        hours = hours % 12 + (12 if half == "p" else 0)
    if hours > 24 or minutes > 59 or seconds > 60 or (hours == 24 and (minutes or seconds)):
        raise ValueError("no time of day")
    return timedelta(hours=hours, minutes=minutes, seconds=min(seconds, 59))


def _zone(wall: _Wall, hint: str | None) -> tuple[tzinfo, str | None]:
    own = zone_named(hint)
    if offset := _OFFSET.match(wall.rest):
        hours, minutes = int(offset["h"]), int(offset["m"] or 0)
        if hours <= 14 and minutes < 60:
            ahead = timedelta(hours=hours, minutes=minutes)
            return timezone(ahead if offset["sign"] == "+" else -ahead), None
        return own or UTC, f"no such zone: {offset[0].strip()}"
    if wall.timed and (named := _ZONE_NAME.match(wall.rest)):
        return _abbreviated(named["zone"], wall.at, own)
    if own:
        return own, None
    return UTC, "a date without a zone, read as UTC" if wall.timed else "a date without a time, read as UTC"


def _abbreviated(name: str, at: datetime, own: tzinfo | None) -> tuple[tzinfo, str | None]:
    key = name.lower()
    if own and (at.replace(tzinfo=own).tzname() or "").lower() == key:
        return own, None
    if key not in _OFFSETS:
        return own or UTC, f"no such zone: {name}"
    zone = timezone(timedelta(hours=_OFFSETS[key]))
    return zone, f"{name} is the name of several zones" if key in _SHARED else None


def zone_named(name: str | None) -> tzinfo | None:
    """Give the zone of an IANA name; None for what is none."""
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        return None
