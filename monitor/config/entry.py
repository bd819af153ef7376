"""One watch is made of what its entry says and what holds for its whole file. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from monitor.config.words import default_id
from monitor.model import ChannelName, Condition, Origin, Priority, Watch, WatchId, WatchKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What holds for the watches of a file that do not say it themselves."""

    tell: tuple[ChannelName, ...] = ()
    priority: Priority = Priority.NORMAL
    kind: WatchKind = WatchKind.OTHER
    note: str | None = None


class Entry(Protocol):
    """What any entry says, whichever kind of file it stands in."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def id(self) -> str | None:
        """Its id, where it names one."""

    @property
    def priority(self) -> Priority | None:
        """Its priority, where it names one."""

    @property
    def tell(self) -> Sequence[str] | None:
        """Its channels, where it names any."""

    @property
    def ids(self) -> Mapping[str, str]:
        """Its ids elsewhere."""

    @property
    def note(self) -> str | None:
        """Its note."""


def make_watch(
    entry: Entry, kind: WatchKind, condition: Condition, defaults: Defaults, origin: Origin
) -> Watch:
    """Make the watch of one entry."""
    tell = tuple(ChannelName(c) for c in entry.tell) if entry.tell is not None else defaults.tell
    return Watch(
        id=WatchId(entry.id or default_id(entry.name)),
        name=entry.name,
        kind=kind,
        condition=condition,
        origin=origin,
        priority=entry.priority or defaults.priority,
        tell=tell,
        ids=tuple(entry.ids.items()),
        note=entry.note or defaults.note,
    )
