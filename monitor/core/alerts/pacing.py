"""Says what goes out next of what one recipient is owed. Touches nothing: queues are numbers, `now` is an argument.

The rule, for a channel with `at_most` messages an hour to each recipient:

- Troubles and urgent alerts go at once, and before all else: the urgent ones each on its own, the troubles
  together.
- Other alerts go one by one while fewer than `at_most` - 4 messages went out within the hour before.
- Past that they wait until the oldest of them is 15 minutes old, and all go together in one message. There are at
  most four of those in an hour, which is why four are held back: singles and digests together never pass `at_most`
  in any hour.
- Troubles and urgent alerts come on top of that: however many there are, no other alert waits any longer for them.
- Alerts that waited 15 minutes for another reason (the receiver was down) go together too.
- A channel of fewer than five an hour has no room for singles beside digests: what is owed goes together, once in
  60/at_most minutes; at once where nothing went out within the hour.
- Without a limit all alerts go one by one.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from monitor.model import Claim, Only, Queue

DIGEST_WAIT = timedelta(minutes=15)
DIGESTS_AN_HOUR = 4
LISTED = 25
"""Alerts listed in one message; the rest of it is counted."""
TROUBLES_TOGETHER = 50
_EVERYTHING = 1_000_000


def next_claim(queue: Queue, at_most: int | None, now: datetime) -> Claim | None:
    """Give what to take out of a queue now, or None where all of it is to wait."""
    if queue.due_troubles > 0:
        return _claim(queue, Only.TROUBLES, TROUBLES_TOGETHER, TROUBLES_TOGETHER)
    if queue.due_urgent > 0:
        return _claim(queue, Only.URGENT, 1, 1)
    if queue.due <= 0:
        return None
    if at_most is None or (
        _singles(queue, at_most) and (queue.due == 1 or not _waited(queue, DIGEST_WAIT, now))
    ):
        return _claim(queue, Only.ALERTS, 1, 1)
    if queue.sent_last_hour < at_most and (_idle(queue, at_most) or _waited(queue, _wait(at_most), now)):
        return _claim(queue, Only.ALERTS, _EVERYTHING, LISTED)
    return None


def next_moment(queue: Queue, at_most: int | None, now: datetime) -> datetime | None:
    """Give when alerts that wait to go together may go; None where nothing waits for that."""
    if at_most is None or queue.due <= 0 or queue.oldest_owed_at is None:
        return None
    # Where the hour's room is used up the moment is not known from numbers: look again in a while.
    return max(queue.oldest_owed_at + _wait(at_most), now + timedelta(seconds=5))


def _claim(queue: Queue, only: Only, at_most: int, listed: int) -> Claim:
    return Claim(channel=queue.channel, recipient=queue.recipient, only=only, at_most=at_most, listed=listed)


def _singles(queue: Queue, at_most: int) -> bool:
    return queue.sent_last_hour < at_most - DIGESTS_AN_HOUR


def _idle(queue: Queue, at_most: int) -> bool:
    return at_most <= DIGESTS_AN_HOUR and queue.sent_last_hour == 0


def _wait(at_most: int) -> timedelta:
    return (
        max(DIGEST_WAIT, timedelta(hours=1) / max(at_most, 1)) if at_most <= DIGESTS_AN_HOUR else DIGEST_WAIT
    )


def _waited(queue: Queue, long: timedelta, now: datetime) -> bool:
    """Say whether the oldest has waited so long; one that is owed since later than now has seen the clock set back."""
    return queue.oldest_owed_at is not None and not timedelta(0) <= now - queue.oldest_owed_at < long
