"""Says when a feed is polled next. Touches nothing: the time, and the chance in it, are arguments.

A feed that brings news has its interval halved, one that brings none has it lengthened by half, between the
user's bounds. A server's wish to be left alone is kept up to a day. A feed that fails is asked ever more
rarely, in the end once an hour, or as rarely as the user has it asked at most, and never given up: what came
back, be it our own line, must not be noticed half a day later.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256

from monitor.model import PollResult, SourceId, SourceState

LONGEST_SILENCE = timedelta(hours=24)
"""However long a server would have us wait."""
LONGEST_BACK_OFF = timedelta(hours=1)
"""However often a feed failed, unless the user has it asked more rarely."""
FASTER = 0.5
SLOWER = 1.5
JITTER = 0.1
"""Of an interval, half of it to each side, so that sources do not fall into step and none drifts."""
BACK_OFF_JITTER = 0.25
STARTS_A_SECOND = 100
"""First polls begun in a second, when many sources are new or the program starts."""


def next_poll(
    *,
    now: datetime,
    state: SourceState,
    least: timedelta,
    most: timedelta,
    result: PollResult,
    news: bool,
    retry_at: datetime | None = None,
    jitter: float,
) -> datetime:
    """Give when a feed that was polled at `now` is due again.

    `state` is the source before this poll; `least` and `most` are the user's bounds; `news` says whether it
    brought anything new; `retry_at` is what the server asked for: kept up to a day after a failure
    (Retry-After), up to `most` after an answer (Cache-Control, Expires). `jitter` is at least 0 and below 1.
    """
    if result is PollResult.FAILED:
        wait = _back_off(state, least, max(most, LONGEST_BACK_OFF), jitter)
        longest = LONGEST_SILENCE
    else:
        wait = _interval(state, least, most, news=news) * (1 + JITTER * (jitter - 0.5))
        wait = min(max(wait, least), most)
        longest = most
    if retry_at is None or retry_at <= now + wait:
        return now + wait
    # A little later than asked, so that not all of a host's feeds come back at once.
    return now + max(wait, min(retry_at - now + least * (JITTER * jitter), longest))


def start_window(sources: int) -> timedelta:
    """Give the time over which the first polls of so many sources are spread: no time at all for a few."""
    return timedelta(seconds=sources / STARTS_A_SECOND)


def spread(source: SourceId, now: datetime, over: timedelta) -> datetime:
    """Give a source's own moment between `now` and `over` later: always the same one, all evenly spread."""
    digest = sha256(source.encode("utf-8", "surrogatepass")).digest()
    return now + over * (int.from_bytes(digest[:6]) / 2**48)


def _interval(state: SourceState, least: timedelta, most: timedelta, *, news: bool) -> timedelta:
    """Give the next interval, from the one that led to this poll."""
    if state.last_poll_at is None or state.failures:
        return least
    last = min(max(state.next_poll_at - state.last_poll_at, least), most)
    return last * (FASTER if news else SLOWER)


def _back_off(state: SourceState, least: timedelta, longest: timedelta, jitter: float) -> timedelta:
    doublings = min(state.failures, 30)
    # Compared as numbers first: a timedelta of so many doublings may not exist.
    seconds = min(least.total_seconds() * 2.0**doublings, longest.total_seconds())
    return timedelta(seconds=seconds) * (1 - BACK_OFF_JITTER * jitter)
