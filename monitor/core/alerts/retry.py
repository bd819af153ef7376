"""Says what a send makes of its deliveries: sent, tried again, dead, or kept for a paused channel. Touches nothing.

- Accepted: sent.
- Temporary, and anything unclear: again after 5 s, then ever later up to an hour, or when the receiver asks for it;
  for five days, then the dead letters.
- Refused: at once again as short plain text; a second refusal makes a dead letter.
- Unreachable, a refused login or a missing endpoint: the channel pauses, its deliveries are kept for as long as it
  takes.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from monitor.model import Batch, DeliveryState, SendOutcome, SendResult, Settlement, Trouble

FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(hours=1)
LONGEST_WISH = timedelta(hours=24)
"""However long a receiver asks to be left alone."""
JITTER = 0.25
GIVEN_UP_AFTER = timedelta(days=5)
FIRST_PAUSE = timedelta(minutes=5)
LONGEST_PAUSE = timedelta(hours=1)
LONGEST_HOLD = timedelta(minutes=5)
DETAIL = 300


def settle(
    batch: Batch, outcome: SendOutcome, now: datetime, *, jitter: float, pauses: int = 0, back: bool = False
) -> Settlement:
    """Give what becomes of a message's deliveries.

    `jitter` is at least 0 and below 1; `pauses` is how often in a row the channel was paused before; `back` says
    that an accepted message is the first one after failures, or may be.
    """
    match outcome.result:
        case SendResult.ACCEPTED:
            return Settlement(
                message=batch.message,
                state=DeliveryState.SENT,
                at=now,
                detail=outcome.detail[:DETAIL] or None,
                recovered=(pause_key(batch),) if back else (),
                hasten=back,
            )
        case SendResult.REFUSED:
            return _refused(batch, outcome, now)
        case SendResult.UNREACHABLE:
            return _unreachable(batch, outcome, now, pauses)
        case _:
            return _temporary(batch, outcome, now, jitter)


def back_off(tries: int, jitter: float) -> timedelta:
    """Give the wait after so many tries failed before this one: 5 s, 10 s … an hour, up to a quarter less."""
    wait = min(FIRST_WAIT * 2.0 ** min(max(tries, 0), 20), LONGEST_WAIT)
    return wait * (1 - JITTER * jitter)


def hold(failures: int) -> timedelta:
    """Give how long a recipient is left alone after so many failures in a row, 1 or more.

    Shorter than the failed message's own wait, so that another one is tried first: one that always fails holds up
    nothing.
    """
    return min(FIRST_WAIT / 2 * 2.0 ** min(max(failures - 1, 0), 20), LONGEST_HOLD)


def pause_key(batch: Batch) -> str:
    """Name the trouble that a channel is paused."""
    return f"channel {batch.channel} paused"


def dead_key(batch: Batch) -> str:
    """Name the trouble that a message went to the dead letters."""
    return f"dead letter {batch.message}"


def _temporary(batch: Batch, outcome: SendOutcome, now: datetime, jitter: float) -> Settlement:
    if now - batch.oldest_owed_at >= GIVEN_UP_AFTER and batch.tries > 0:
        return _dead(batch, outcome, now, "was tried for five days")
    wait = back_off(batch.tries, jitter)
    if outcome.retry_after is not None:
        wait = max(wait, min(outcome.retry_after, LONGEST_WISH))
    return Settlement(
        message=batch.message,
        state=DeliveryState.RETRYING,
        at=now,
        detail=outcome.detail[:DETAIL],
        next_try_at=now + wait,
    )


def _refused(batch: Batch, outcome: SendOutcome, now: datetime) -> Settlement:
    if batch.refusals:
        return _dead(batch, outcome, now, "was refused, as short plain text too")
    return Settlement(
        message=batch.message,
        state=DeliveryState.RETRYING,
        at=now,
        detail=outcome.detail[:DETAIL],
        next_try_at=now,
        refused=True,
    )


def _unreachable(batch: Batch, outcome: SendOutcome, now: datetime, pauses: int) -> Settlement:
    pause = min(FIRST_PAUSE * 2.0 ** min(max(pauses, 0), 20), LONGEST_PAUSE)
    text = (
        f"channel {batch.channel} is paused: {outcome.detail}. What it is owed is kept; it is tried again by itself, "
        f"or at once by: monitor deliveries --retry {batch.channel}"
    )
    return Settlement(
        message=batch.message,
        state=DeliveryState.OWED,
        at=now,
        detail=outcome.detail[:DETAIL],
        next_try_at=now,
        pause_until=now + pause,
        troubles=(Trouble(key=pause_key(batch), text=text, at=now),),
    )


def _dead(batch: Batch, outcome: SendOutcome, now: datetime, why: str) -> Settlement:
    ids = [p.news.alert.id for p in batch.parcels[:5] if p.news is not None]
    notices = [p.trouble.text for p in batch.parcels[:1] if p.trouble is not None]
    what = f"alert {', '.join(ids)}" if ids else f"a notice ({' '.join(notices)[:100]})"
    more = f" and {batch.count - len(ids)} more" if batch.count > len(ids) and ids else ""
    text = (
        f"{what}{more} for {batch.recipient} on channel {batch.channel} {why}, and is with the dead letters: "
        f"{outcome.detail}. To see them: monitor deliveries; to try again: monitor deliveries --retry {batch.channel}"
    )
    return Settlement(
        message=batch.message,
        state=DeliveryState.DEAD,
        at=now,
        detail=outcome.detail[:DETAIL],
        refused=outcome.result is SendResult.REFUSED,
        troubles=(Trouble(key=dead_key(batch), text=text, at=now),),
    )
