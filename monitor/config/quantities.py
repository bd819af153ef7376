"""Reads what people write for lengths of time, rates, sizes and distances. Text in, value out; no YAML."""

from __future__ import annotations

import re
from datetime import timedelta

from monitor.config.problems import Unfit, meant, quote
from monitor.model import Backlog, Unit, Within

_SECONDS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3_600),
    **dict.fromkeys(("d", "day", "days"), 86_400),
    **dict.fromkeys(("w", "week", "weeks"), 7 * 86_400),
    **dict.fromkeys(("month", "months"), 30 * 86_400),
    **dict.fromkeys(("y", "year", "years"), 365 * 86_400),
}
_BYTES = {
    **dict.fromkeys(("b", "byte", "bytes"), 1),
    **{f"{p}b": 1_000**n for n, p in enumerate("kmgt", 1)},
    **{f"{p}ib": 1_024**n for n, p in enumerate("kmgt", 1)},
}
_AMOUNT = re.compile(r"(\d{1,9}(?:[.,]\d{1,3})?)\s*([^\W\d_]*)\Z")
_RANGE = re.compile(r"(\d{1,9}(?:[.,]\d{1,3})?\s*[^\W\d_]*)\s*(?:\bto\b|-|–)\s*(\S.*)\Z")
_RATE = re.compile(r"(\d{1,7})\s*(?:/|\ban?\b|\bper\b)\s*([^\W\d_]+)\Z")
_WORDS = re.compile(r"(\d{1,5}) words?\Z")
FOREVER = timedelta(days=36_500)


def duration(text: str, example: str = "15 minutes") -> timedelta:
    """Read `15 minutes`, `24h`, `180 days`. Months count 30 days, years 365. Raises Unfit."""
    match = _AMOUNT.match(text.strip())
    if match is None:
        raise Unfit(f"`{quote(text)}` is no length of time: type a number and a unit, such as `{example}`")
    number, unit = match.groups()
    if not unit:
        raise Unfit(f"`{quote(text)}` of what? Type the unit too, such as `{example}`")
    if unit.casefold() not in _SECONDS:
        raise Unfit(f"`{quote(unit)}` is no unit of time{meant(unit, _SECONDS)}")
    seconds = float(number.replace(",", ".")) * _SECONDS[unit.casefold()]
    if seconds > FOREVER.total_seconds():
        raise Unfit(f"`{quote(text)}` is longer than 100 years")
    return timedelta(seconds=seconds)


def interval(text: str) -> tuple[timedelta, timedelta]:
    """Read `15 minutes` or `5 to 30 minutes`: the least and the most time between two polls."""
    if match := _RANGE.match(text.strip()):
        first, second = match.groups()
        most = duration(second, "5 to 30 minutes")
        unit = re.sub(r"[\d.,\s]", "", second)
        least = duration(first if re.search(r"[^\W\d_]", first) else f"{first} {unit}")
    else:
        least = most = duration(text)
    if least > most:
        raise Unfit(f"`{quote(text)}` goes from more to less: type the smaller number first")
    if least < timedelta(seconds=1) or most > timedelta(days=7):
        raise Unfit(f"`{quote(text)}` is out of bounds: from 1 second to 7 days")
    return least, most


def rate(text: str) -> int | None:
    """Read `30 an hour`, `30/hour`, `2 a minute` as a number an hour; `no limit` as None."""
    if text.strip() == "no limit":
        return None
    match = _RATE.match(text.strip())
    if match is None:
        raise Unfit(f"`{quote(text)}` is no rate: type `30 an hour`, or `no limit`")
    number, unit = int(match.group(1)), _SECONDS.get(match.group(2).casefold())
    if unit not in (60, 3_600):
        raise Unfit(f"`{quote(text)}` must be a number an hour or a minute: type `30 an hour`")
    if number < 1:
        raise Unfit(
            "0 would hold every message back for ever: type `1 an hour` or more, or raise `priority:`"
        )
    return number * (3_600 // unit)


def kept_for(text: str) -> timedelta:
    """Read how long something is kept: a day or more, or `forever`."""
    if text.strip() == "forever":
        return FOREVER
    length = duration(text, "180 days")
    if length < timedelta(days=1):
        raise Unfit(f"`{quote(text)}` is too short to keep anything for: type `1 day` or more")
    return length


def size(text: str) -> int:
    """Read `1 GB`, `500 MB`, `2 GiB` as bytes."""
    match = _AMOUNT.match(text.strip())
    unit = match.group(2).casefold() if match else ""
    if match is None or unit not in _BYTES:
        raise Unfit(f"`{quote(text)}` is no size: type a number and a unit, such as `1 GB` or `500 MB`")
    return int(float(match.group(1).replace(",", ".")) * _BYTES[unit])


def within(text: str) -> Within:
    """Read how near the terms of a topic must stand: `sentence`, `paragraph`, `30 words`, `article`."""
    asked = text.strip()
    if match := _WORDS.match(asked):
        words = int(match.group(1))
        if not 2 <= words <= 10_000:
            raise Unfit(f"`{quote(text)}` is out of bounds: from `2 words` to `10000 words`")
        return Within(Unit.WORDS, words)
    if asked in (Unit.SENTENCE, Unit.PARAGRAPH, Unit.ARTICLE):
        return Within(Unit(asked))
    choices = "`sentence`, `paragraph`, `article`, or a number of words such as `30 words`"
    near = meant(asked.rstrip("s"), ("sentence", "paragraph", "article"))
    if not near and asked.isdigit():
        near = f", did you mean `{quote(asked)} words`?"
    raise Unfit(f"`{quote(text)}` is not one of {choices}{near}")


def backlog(text: str) -> Backlog:
    """Read which of a source's first contents alert: `none`, `all`, a number of the newest, an age."""
    asked = text.strip()
    if asked in ("none", "all"):
        return Backlog(everything=asked == "all")
    if asked.isdecimal() and len(asked) < 8:
        return Backlog(newest=int(asked))
    if not asked[:1].isdigit():
        told = "is not one of `none`, `all`, a number of the newest articles, or an age such as `24h`"
        raise Unfit(f"`{quote(text)}` {told}{meant(asked, ('none', 'all'))}")
    return Backlog(within=duration(asked, "24h"))
