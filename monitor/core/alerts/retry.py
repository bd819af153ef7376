"""Says what a send makes of its deliveries: sent, tried again, dead, or kept for a paused channel. Touches nothing.

- Accepted: sent.
- Temporary, and anything unclear: again after 5 s, then ever later up to an hour, or when the receiver asks for it,
  an hour at most; for five days, then the dead letters. Who gets nothing for an hour is told of.
- Refused: at once again as short plain text; a second refusal makes a dead letter.
- Unreachable, a refused login or a missing endpoint: the channel pauses, its deliveries are kept for as long as it
  takes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from monitor.model import (
    Batch,
    ChannelName,
    DeliveryState,
    Recipient,
    SendOutcome,
    SendResult,
    Settlement,
    Trouble,
)

FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(hours=1)
"""However long a receiver asks to be left alone: what is urgent must not wait for a day because of one answer."""
JITTER = 0.25
GIVEN_UP_AFTER = timedelta(days=5)
TOLD_AFTER = timedelta(hours=1)
"""How long a recipient gets nothing until `troubles` hears of it."""
FIRST_PAUSE = timedelta(minutes=5)
LONGEST_PAUSE = timedelta(hours=1)
LONGEST_HOLD = timedelta(minutes=5)
DETAIL = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a recipient was doing before a message."""

    pauses: int = 0
    """How often in a row its channel was paused."""
    failing: timedelta = timedelta(0)
    """For how long it has got nothing that was tried."""
    alone: bool = False
    """Others of its channel got theirs meanwhile."""
    mended: bool = False
    """Its channel was changed since, so that a pause is told even where one was told before."""
    back: bool = False
    """A message taken now is the first one after failures, or may be."""
    hasten: bool = False
    """And what waits to be tried again need not wait then."""


def settle(
    batch: Batch, outcome: SendOutcome, now: datetime, standing: Standing, *, jitter: float
) -> Settlement:
    """Give what becomes of a message's deliveries. `jitter` is at least 0 and below 1."""
    match outcome.result:
        case SendResult.ACCEPTED:
            keys = (_paused(batch), _down(batch), _not_reached(batch)) if standing.back else ()
            return _settlement(
                batch, outcome, now, DeliveryState.SENT, recovered=keys, hasten=standing.hasten
            )
        case SendResult.REFUSED if batch.refusals:
            return _dead(batch, outcome, now, "was refused, as short plain text too")
        case SendResult.REFUSED:
            return _settlement(batch, outcome, now, DeliveryState.RETRYING, next_try_at=now, refused=True)
        case SendResult.UNREACHABLE:
            return _unreachable(batch, outcome, now, standing)
        case _:
            return _temporary(batch, outcome, now, standing, jitter)


def back_off(tries: int, jitter: float) -> timedelta:
    """Give the wait after so many tries failed before this one: 5 s, 10 s … an hour, up to a quarter less."""
    wait = min(FIRST_WAIT * 2.0 ** min(max(tries, 0), 20), LONGEST_WAIT)
    return wait * (1 - JITTER * jitter)


def wish(outcome: SendOutcome) -> timedelta:
    """Give how long the receiver is left alone because it asks for that."""
    return min(outcome.retry_after or timedelta(0), LONGEST_WAIT)


def hold(failures: int) -> timedelta:
    """Give how long a recipient is left alone after so many failures in a row, 1 or more.

    Shorter than the failed message's own wait, so that another one is tried first: one that always fails holds up
    nothing.
    """
    return min(FIRST_WAIT / 2 * 2.0 ** min(max(failures - 1, 0), 20), LONGEST_HOLD)


def cancelled(channel: ChannelName, recipient: Recipient, alerts: int, now: datetime) -> Trouble:
    """Give how it is told that alerts are owed no longer, because their recipient left the configuration."""
    text = (
        f"alerts owed to {_whom(channel, recipient)}, which left the configuration, are not sent any more\n"
        "To see them: monitor deliveries --only cancelled; "
        "one whose recipient is there again is sent by: monitor deliveries --retry ALERT"
    )
    return Trouble(key=f"cancelled {channel} {recipient}", text=text, at=now, count=alerts)


def _temporary(
    batch: Batch, outcome: SendOutcome, now: datetime, standing: Standing, jitter: float
) -> Settlement:
    if now - batch.oldest_owed_at >= GIVEN_UP_AFTER and batch.tries > 0:
        return _dead(batch, outcome, now, "was tried for five days")
    wait = max(back_off(batch.tries, jitter), wish(outcome))
    told = (_failing(batch, outcome, now, standing.alone),) if standing.failing >= TOLD_AFTER else ()
    return _settlement(batch, outcome, now, DeliveryState.RETRYING, next_try_at=now + wait, troubles=told)


def _failing(batch: Batch, outcome: SendOutcome, now: datetime, alone: bool) -> Trouble:
    """Tell that nothing got through for an hour: to the channel as a whole, or to one of its recipients."""
    channel, whom = batch.channel, _whom(batch.channel, batch.recipient)
    what = f"nothing has reached {whom}" if alone else f"channel {channel} has taken nothing"
    return Trouble(
        key=_not_reached(batch) if alone else _down(batch),
        text=f"{what} for an hour: {outcome.detail}\n"
        f"It is tried again for five days; at once by: monitor deliveries --retry {channel}",
        over=f"{whom} is reached again" if alone else f"channel {channel} takes messages again",
        outside=_outside(outcome),
        at=now,
    )


def _unreachable(batch: Batch, outcome: SendOutcome, now: datetime, standing: Standing) -> Settlement:
    pause = min(FIRST_PAUSE * 2.0 ** min(max(standing.pauses, 0), 20), LONGEST_PAUSE)
    told = Trouble(
        key=_paused(batch),
        text=f"channel {batch.channel} is paused: {outcome.detail}\n"
        "What it is owed is kept. It is tried again by itself, at once when its configuration changes, "
        f"or by: monitor deliveries --retry {batch.channel}",
        over=f"channel {batch.channel} takes messages again",
        outside=_outside(outcome),
        at=now,
        anew=standing.mended,
    )
    return _settlement(
        batch, outcome, now, DeliveryState.OWED, next_try_at=now, pause_until=now + pause, troubles=(told,)
    )


def _dead(batch: Batch, outcome: SendOutcome, now: datetime, why: str) -> Settlement:
    notice = next((p.trouble for p in batch.parcels if p.trouble is not None), None)
    ids = [p.news.alert.id for p in batch.parcels[:5] if p.news is not None]
    more = f" and {batch.count - len(ids)} more" if batch.count > len(ids) else ""
    latest = (
        f"alert {', '.join(ids)}{more}" if notice is None else "notice: " + notice.text.partition("\n")[0]
    )
    told = Trouble(
        key=f"dead letters {batch.channel} {batch.recipient}",
        text=f"dead letters for {_whom(batch.channel, batch.recipient)}\n"
        f"The latest {why}: {outcome.detail}\n{latest}\n"
        f"To see them: monitor deliveries --only dead; to try again: monitor deliveries --retry {batch.channel}",
        outside=_outside(outcome) + (notice.outside if notice else ()),
        at=now,
        count=batch.count,
    )
    refused = outcome.result is SendResult.REFUSED
    return _settlement(batch, outcome, now, DeliveryState.DEAD, refused=refused, troubles=(told,))


def _settlement(
    batch: Batch, outcome: SendOutcome, now: datetime, state: DeliveryState, **more: Any
) -> Settlement:
    detail = outcome.detail[:DETAIL] or None
    return Settlement(message=batch.message, state=state, at=now, detail=detail, **more)


def _outside(outcome: SendOutcome) -> tuple[str, ...]:
    return (outcome.detail,) if outcome.detail else ()


def _whom(channel: ChannelName, recipient: Recipient) -> str:
    """Name a recipient; the one of a channel that has no addresses is called like the channel."""
    return f"channel {channel}" if recipient == str(channel) else f"{recipient} on channel {channel}"


# -- the keys of troubles ------------------------------------------------------------------------


def _paused(batch: Batch) -> str:
    return f"channel {batch.channel} paused"


def _down(batch: Batch) -> str:
    return f"channel {batch.channel} down"


def _not_reached(batch: Batch) -> str:
    return f"channel {batch.channel} does not reach {batch.recipient}"
