"""How a source is doing after a poll, and when whoever runs the tool must hear of it. Touches nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from monitor.model import ContentHash, Health, SourceState, Trouble, Validators

FAILURES_TOLD = 3
"""Polls failed in a row before `troubles` hears of it: one bad answer is everyday life."""


def after_success(
    state: SourceState,
    *,
    now: datetime,
    next_poll_at: datetime,
    validators: Validators,
    content_hash: ContentHash | None,
    doubts: tuple[str, ...] = (),
) -> SourceState:
    """Give the state after a poll that the source answered; `doubts` are what could not be read in it."""
    return replace(
        state,
        first_read_at=state.first_read_at or now,
        next_poll_at=next_poll_at,
        last_poll_at=now,
        last_ok_at=now,
        validators=validators,
        content_hash=content_hash,
        failures=0,
        health=Health.DEGRADED if doubts else Health.OK,
        health_reason="; ".join(doubts[:3]) or None,
    )


def after_failure(state: SourceState, *, now: datetime, next_poll_at: datetime, reason: str) -> SourceState:
    """Give the state after a failed poll. The validators stay: what they stand for was read."""
    return replace(
        state,
        next_poll_at=next_poll_at,
        last_poll_at=now,
        failures=state.failures + 1,
        health=Health.FAILING,
        health_reason=reason,
    )


def troubles(before: SourceState, after: SourceState, now: datetime) -> tuple[Trouble, ...]:
    """Give what `troubles` must hear of a source: once, when it has failed often enough."""
    if after.failures < FAILURES_TOLD or before.failures >= FAILURES_TOLD:
        return ()
    text = f"{after.name} has failed {after.failures} times in a row: {after.health_reason}"
    return (Trouble(key=_key(after), text=text, at=now, outside=(after.health_reason or "",)),)


def recovered(before: SourceState, after: SourceState) -> tuple[str, ...]:
    """Give the keys of troubles that this poll ended."""
    return (_key(after),) if before.failures >= FAILURES_TOLD and after.failures == 0 else ()


def refusals(state: SourceState, refused: tuple[tuple[str, str], ...], now: datetime) -> tuple[Trouble, ...]:
    """Give one trouble for the documents of a poll that could not be read: pairs of place and reason."""
    if not refused:
        return ()
    place, reason = refused[-1]
    text = f"what {state.name} holds was not read\nThe latest: {place}: {reason}"
    told = Trouble(key=f"refused:{state.id}", text=text, at=now, outside=(place, reason), count=len(refused))
    return (told,)


def _key(state: SourceState) -> str:
    return f"source:{state.id}"
