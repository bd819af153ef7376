"""How often a recipient hears: no hour holds more than the limit, and nothing waits longer than it must."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.alerts.pacing import DIGEST_WAIT, LISTED, next_claim, next_moment
from monitor.model import ChannelName, Only, Queue, Recipient

NOW = datetime(2026, 1, 27, 12, tzinfo=UTC)


def queue(due: int = 1, urgent: int = 0, troubles: int = 0, sent: int = 0, age: float = 0) -> Queue:
    return Queue(
        channel=ChannelName("desk"),
        recipient=Recipient("night@paper.example"),
        due=due,
        due_urgent=urgent,
        due_troubles=troubles,
        oldest_owed_at=NOW - timedelta(minutes=age),
        sent_last_hour=sent,
    )


@pytest.mark.parametrize(
    ("given", "at_most", "only", "takes"),
    [
        (queue(), 30, Only.ALERTS, 1),
        (queue(due=500, sent=25), 30, Only.ALERTS, 1),
        (queue(due=500, sent=26), 30, None, 0),
        (queue(due=500, sent=26, age=15), 30, Only.ALERTS, 500),
        (queue(due=500, sent=0, age=15), 30, Only.ALERTS, 500),
        (queue(due=1, sent=0, age=15), 30, Only.ALERTS, 1),
        (queue(due=500, sent=30, age=20), 30, None, 0),
        (queue(due=500, sent=26, age=-60), 30, Only.ALERTS, 500),
        (queue(due=9, urgent=2, sent=30), 30, Only.URGENT, 1),
        (queue(due=9, urgent=2, troubles=3, sent=30), 30, Only.TROUBLES, 3),
        (queue(due=500, sent=9999), None, Only.ALERTS, 1),
        (queue(due=0), 30, None, 0),
        (queue(due=3, sent=0), 3, Only.ALERTS, 3),
        (queue(due=3, sent=1, age=19), 3, None, 0),
        (queue(due=3, sent=1, age=20), 3, Only.ALERTS, 3),
        (queue(due=3, sent=1, age=59), 1, None, 0),
    ],
)
def test_what_is_taken_next(given: Queue, at_most: int | None, only: Only | None, takes: int) -> None:
    claim = next_claim(given, at_most, NOW)
    if only is None:
        assert claim is None
    else:
        assert claim is not None
        assert claim.only is only
        assert min(claim.at_most, given.due if only is Only.ALERTS else takes) == takes


def test_a_list_holds_only_so_many_with_their_content() -> None:
    claim = next_claim(queue(due=10_000, sent=26, age=15), 30, NOW)
    assert claim is not None
    assert claim.listed == LISTED


def test_it_is_known_when_waiting_alerts_go() -> None:
    assert next_moment(queue(due=5, sent=26, age=5), 30, NOW) == NOW + timedelta(minutes=10)
    assert next_moment(queue(due=5, sent=26, age=50), 30, NOW) == NOW + timedelta(seconds=5)
    assert next_moment(queue(due=5, sent=26), None, NOW) is None
    assert next_moment(queue(due=0), 30, NOW) is None


def run_hours(at_most: int, arrivals: list[int], minutes: int) -> tuple[list[int], list[int]]:
    """Give the minutes that messages went out in, and how long each alert waited, a decision a minute."""
    owed: list[int] = []
    sent: list[int] = []
    waits: list[int] = []
    for minute in range(minutes):
        owed += [minute] * arrivals.count(minute)
        while owed:
            now = NOW + timedelta(minutes=minute)
            recent = sum(1 for s in sent if s > minute - 60)
            seen = Queue(
                channel=ChannelName("d"),
                recipient=Recipient("r"),
                due=len(owed),
                due_urgent=0,
                due_troubles=0,
                oldest_owed_at=NOW + timedelta(minutes=owed[0]),
                sent_last_hour=recent,
            )
            claim = next_claim(seen, at_most, now)
            if claim is None:
                break
            taken, owed = owed[: claim.at_most], owed[claim.at_most :]
            waits += [minute - t for t in taken]
            sent.append(minute)
    return sent, waits


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 60),
    st.lists(st.integers(0, 240), max_size=250),
)
def test_no_hour_ever_holds_more_than_the_limit(at_most: int, arrivals: list[int]) -> None:
    sent, waits = run_hours(at_most, arrivals, 400)
    for start in range(400):
        assert sum(1 for s in sent if start < s <= start + 60) <= at_most
    assert len(waits) == len(arrivals)
    assert max(waits, default=0) <= max(DIGEST_WAIT.total_seconds() / 60, 60 / at_most)


def test_in_a_flood_nothing_waits_longer_than_a_quarter_of_an_hour() -> None:
    sent, waits = run_hours(30, [minute for minute in range(180) for _ in range(20)], 220)
    assert max(waits) == 15
    assert len(sent) <= 30 * 4
