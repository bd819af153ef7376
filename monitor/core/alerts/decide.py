"""Decides whether an article's version must be heard of, always with a reason. Touches nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.core.alerts.routing import Outlet, routes
from monitor.model import AlertKind, Backlog, ChannelName, Decision, Match, Novelty, Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """When an article came, and whether its source held it already when the source was first seen."""

    at: datetime
    published: datetime | None
    backlog: bool


def decide(
    matches: Sequence[Match],
    novelty: Novelty,
    reason: Reason,
    *,
    backlog: bool,
    wanted: bool,
    outlets: Mapping[ChannelName, Outlet],
) -> Decision | None:
    """Give the decision on an article's version, or None where no watch was hit.

    `reason` is why it is a version or copy; `backlog` and `wanted` say whether its source held it when first
    seen, and whether the user wants to hear of it all the same.
    """
    if not matches or novelty is Novelty.SEEN:
        return None
    kind = AlertKind.UPDATE if novelty is Novelty.VERSION else AlertKind.NEW
    if novelty is not Novelty.NEW:
        return Decision(kind=kind, reason=reason, suppressed=True)
    if backlog and not wanted:
        return Decision(kind=kind, reason=Reason.BACKLOG, suppressed=True)
    ways = routes(matches, outlets)
    if not ways:
        return Decision(kind=kind, reason=Reason.NO_CHANNEL, suppressed=True)
    told_because = Reason.BACKLOG_WANTED if backlog else Reason.NEW
    return Decision(kind=kind, reason=told_because, suppressed=False, routes=ways)


def wanted_backlog(arrivals: Sequence[Arrival], wish: Backlog, now: datetime) -> tuple[bool, ...]:
    """Say of each arrival whether it is backlog that the user wants to hear of.

    An article's age is that of its publication, else of its arrival. Where several are of one age, those
    listed first count as newer, as in a feed.
    """
    ages = [now - (a.published or a.at) for a in arrivals]
    rank = sorted((i for i, a in enumerate(arrivals) if a.backlog), key=lambda i: (ages[i], i))
    newest = set(rank[: wish.newest])

    def wanted(i: int, arrival: Arrival) -> bool:
        recent = wish.within is not None and ages[i] <= wish.within
        late = wish.since is not None and arrival.at >= wish.since
        return wish.everything or i in newest or recent or late

    return tuple(a.backlog and wanted(i, a) for i, a in enumerate(arrivals))
