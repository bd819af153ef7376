"""Who is told of which matches. Decides; touches nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from monitor.model import ChannelName, Match, Priority, Recipient, Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """What routing must know of a channel: its recipients, and the least priority that it takes."""

    channel: ChannelName
    recipients: tuple[Recipient, ...]
    least: Priority = Priority.LOW


def by_importance(matches: Sequence[Match]) -> tuple[Match, ...]:
    """Order matches as a reader wants them: by priority, then in the order given."""
    return tuple(sorted(matches, key=lambda m: -m.priority))


def routes(matches: Sequence[Match], outlets: Mapping[ChannelName, Outlet]) -> tuple[Route, ...]:
    """Give one route for each recipient that any of the matches is to be told to.

    A channel takes the matches at or above its priority. An address that two channels share is told once
    by each: they may differ in their limits.
    """
    told: dict[ChannelName, list[Match]] = {}
    for match in by_importance(matches):
        for name in dict.fromkeys(match.tell):
            outlet = outlets.get(name)
            if outlet is not None and match.priority >= outlet.least:
                told.setdefault(name, []).append(match)
    return tuple(
        Route(
            channel=name,
            recipient=recipient,
            watches=tuple(m.watch for m in wanted),
            priority=wanted[0].priority,
        )
        for name, wanted in told.items()
        for recipient in dict.fromkeys(outlets[name].recipients)
    )
