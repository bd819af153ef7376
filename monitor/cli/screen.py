"""What everything for people shares: the console, its colours, times and safe text. It knows no noun.

Text from outside only ever becomes a rich Text, never markup, after `safe`.
"""

from __future__ import annotations

import sys
from datetime import datetime, timedelta, tzinfo

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from monitor.cli.safe import one_line, safe

NARROWEST = 40

GOOD, BAD, DOUBTFUL, QUIET, STRONG = "green", "red", "yellow", "dim", "bold"


def console() -> Console:
    """Give the console of stdout; colours only where it is a terminal and NO_COLOR is not set."""
    found = Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
    return found if found.width >= NARROWEST else Console(file=found.file, width=NARROWEST, highlight=False)


def text(outside: str | None, style: str = "") -> Text:
    """Give text from outside on one line."""
    return Text(one_line(outside or ""), style=style)


def block(outside: str, style: str = "") -> Text:
    """Give text from outside with its own lines."""
    return Text(safe(outside), style=style)


def table(*columns: str) -> Table:
    """Give an empty table with these heads."""
    made = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1), header_style="bold")
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def clock(at: datetime | None, zone: tzinfo, now: datetime) -> str:
    """Give a time as a person reads it: without the date where it is within a day, with the year where it is far."""
    if at is None:
        return "—"
    there = at.astimezone(zone)
    if abs(now - at) < timedelta(hours=20) and there.date() == now.astimezone(zone).date():
        return f"{there:%H:%M}"
    if abs(now - at) < timedelta(days=180):
        return f"{there.day} {there:%b %H:%M}"
    return f"{there.day} {there:%b %Y}"


def full(at: datetime | None, zone: tzinfo) -> str:
    """Give a time in full, with its zone."""
    if at is None:
        return "—"
    there = at.astimezone(zone)
    return f"{there.day} {there:%b %Y %H:%M:%S %Z}"
