"""When a feed is polled next."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.schedule import LONGEST_BACK_OFF, LONGEST_SILENCE, next_poll, spread, start_window
from monitor.model import PollResult, SourceId, SourceKind, SourceState

NOW = datetime(2026, 1, 27, 13, 12, tzinfo=UTC)
LEAST = timedelta(minutes=5)
MOST = timedelta(minutes=60)
MIDDLE = 0.5
"""The jitter that changes nothing."""


def feed(*, interval: timedelta | None = None, failures: int = 0) -> SourceState:
    """A feed that is due now, its last poll one interval ago."""
    return SourceState(
        id=SourceId("https://news.example/rss"),
        kind=SourceKind.FEED,
        name="News",
        first_seen_at=NOW - timedelta(days=9),
        next_poll_at=NOW,
        last_poll_at=None if interval is None else NOW - interval,
        failures=failures,
    )


def wait(
    state: SourceState,
    result: PollResult = PollResult.READ,
    *,
    news: bool = False,
    retry_in: timedelta | None = None,
    jitter: float = MIDDLE,
) -> timedelta:
    retry_at = None if retry_in is None else NOW + retry_in
    due = next_poll(
        now=NOW,
        state=state,
        least=LEAST,
        most=MOST,
        result=result,
        news=news,
        retry_at=retry_at,
        jitter=jitter,
    )
    return due - NOW


def test_a_feed_that_brings_news_is_polled_twice_as_often() -> None:
    assert wait(feed(interval=timedelta(minutes=40)), news=True) == timedelta(minutes=20)


@pytest.mark.parametrize("result", [PollResult.READ, PollResult.UNCHANGED, PollResult.PARTLY])
def test_a_feed_that_brings_none_is_polled_less_often(result: PollResult) -> None:
    assert wait(feed(interval=timedelta(minutes=20)), result) == timedelta(minutes=30)


def test_a_feed_polled_for_the_first_time_is_soon_polled_again() -> None:
    assert wait(feed()) == LEAST


def test_a_feed_that_recovers_is_soon_polled_again() -> None:
    assert wait(feed(interval=timedelta(hours=20), failures=9), PollResult.UNCHANGED) == LEAST


def test_a_quiet_feed_ends_at_the_most_and_a_busy_one_at_the_least() -> None:
    quiet = busy = feed(interval=timedelta(minutes=17))
    for _ in range(8):
        quiet = replace(quiet, last_poll_at=NOW, next_poll_at=NOW + wait(quiet))
        busy = replace(busy, last_poll_at=NOW, next_poll_at=NOW + wait(busy, news=True))
    assert (wait(quiet), wait(busy, news=True)) == (MOST, LEAST)


def test_failures_in_a_row_double_the_wait_up_to_an_hour() -> None:
    waits = [
        wait(feed(interval=LEAST, failures=n), PollResult.FAILED, jitter=0) for n in (0, 1, 2, 3, 4, 500)
    ]
    minutes = [w / timedelta(minutes=1) for w in waits]
    assert minutes == [5, 10, 20, 40, 60, 60]


def test_a_feed_that_fails_is_asked_no_more_often_than_its_user_wants() -> None:
    due = next_poll(
        now=NOW,
        state=feed(interval=LEAST, failures=20),
        least=LEAST,
        most=timedelta(days=2),
        result=PollResult.FAILED,
        news=False,
        jitter=0,
    )
    assert due - NOW == timedelta(days=2)


def test_retry_after_is_kept_longer_than_the_most() -> None:
    asked = timedelta(hours=7)
    assert wait(feed(interval=LEAST), PollResult.FAILED, retry_in=asked, jitter=0) == asked


def test_retry_after_never_makes_a_failing_feed_come_back_sooner() -> None:
    state = feed(interval=LEAST, failures=4)
    alone = wait(state, PollResult.FAILED)
    assert wait(state, PollResult.FAILED, retry_in=timedelta(seconds=1)) == alone


def test_retry_after_is_kept_for_a_day_at_most() -> None:
    assert wait(feed(interval=LEAST), PollResult.FAILED, retry_in=timedelta(hours=88)) == LONGEST_SILENCE


def test_feeds_of_one_host_do_not_all_come_back_at_the_same_moment() -> None:
    asked = timedelta(hours=1)
    waits = {wait(feed(interval=LEAST), PollResult.FAILED, retry_in=asked, jitter=j / 10) for j in range(10)}
    assert len(waits) == 10


def test_a_cache_s_lifetime_is_kept_up_to_the_most() -> None:
    state = feed(interval=timedelta(minutes=10))
    assert wait(state, news=True, retry_in=timedelta(minutes=25), jitter=0) == timedelta(minutes=25)
    assert wait(state, news=True, retry_in=timedelta(days=365), jitter=0) == MOST


def test_a_lifetime_that_is_over_changes_nothing() -> None:
    state = feed(interval=timedelta(minutes=20))
    assert wait(state, retry_in=-timedelta(hours=1)) == wait(state)


moments = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=400))
bounds = st.tuples(
    st.timedeltas(min_value=timedelta(seconds=30), max_value=timedelta(days=9)),
    st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=9)),
)


@given(
    result=st.sampled_from(PollResult),
    news=st.booleans(),
    bounds=bounds,
    since=st.none() | st.timedeltas(min_value=timedelta(days=-400), max_value=timedelta(days=400)),
    failures=st.integers(0, 10**9),
    retry_in=st.none() | moments,
    jitter=st.floats(0, 1, exclude_max=True),
)
def test_every_poll_has_a_next_one_within_its_bounds(
    result: PollResult,
    news: bool,
    bounds: tuple[timedelta, timedelta],
    since: timedelta | None,
    failures: int,
    retry_in: timedelta | None,
    jitter: float,
) -> None:
    least, most = bounds[0], bounds[0] + bounds[1]
    due = next_poll(
        now=NOW,
        state=feed(interval=since, failures=failures),
        least=least,
        most=most,
        result=result,
        news=news,
        retry_at=None if retry_in is None else NOW + retry_in,
        jitter=jitter,
    )
    longest = max(LONGEST_SILENCE, most) if result is PollResult.FAILED else most
    soonest = least * 0.75 if result is PollResult.FAILED else least
    assert soonest <= due - NOW <= longest
    if result is PollResult.FAILED and retry_in is None:
        assert due - NOW <= max(LONGEST_BACK_OFF, most)
    if retry_in is not None:
        assert due - NOW >= min(retry_in, LONGEST_SILENCE if result is PollResult.FAILED else most)


def test_jitter_does_not_drift() -> None:
    state = feed(interval=timedelta(minutes=20))
    waits = [wait(state, jitter=(i + 0.5) / 100) for i in range(100)]
    assert abs(sum(waits, timedelta()) / 100 - timedelta(minutes=30)) < timedelta(seconds=1)
    assert max(waits) - min(waits) > timedelta(minutes=2)


def test_first_polls_are_spread_evenly_and_always_alike() -> None:
    over = timedelta(seconds=100)
    ids = [SourceId(f"https://news.example/{n}") for n in range(10_000)]
    moments = [(spread(i, NOW, over) - NOW).total_seconds() for i in ids]
    a_second = [sum(s <= m < s + 1 for m in moments) for s in range(100)]
    assert min(a_second) > 60
    assert max(a_second) < 145
    assert moments == [(spread(i, NOW, over) - NOW).total_seconds() for i in ids]


@given(st.text(), st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=9)))
def test_any_source_has_its_moment(id: str, over: timedelta) -> None:
    assert NOW <= spread(SourceId(id), NOW, over) <= NOW + over


def test_a_few_sources_start_at_once_and_many_over_minutes() -> None:
    assert start_window(20) < timedelta(seconds=1)
    assert timedelta(minutes=10) < start_window(100_000) < timedelta(minutes=30)
