"""Due times and leases are set right when the wall clock was set back, or was wrong when they were written."""

from __future__ import annotations

from datetime import timedelta

from monitor.model import Claim, DeliveryState, Only, Settlement, SourceKind
from monitor.ports import Store
from tests.store.making import DESK, FEED, NIGHT, NOON, alerting, outcome, state

YEAR = timedelta(days=365)
HOUR = timedelta(hours=1)


async def test_a_source_due_next_year_is_due_by_the_latest_that_is_given(store: Store) -> None:
    await store.commit_poll(outcome(source=state(next_poll_at=NOON + YEAR)))
    await store.pull_forward(timedelta(0), NOON + HOUR)
    kept = await store.source(FEED)
    assert kept is not None
    assert kept.next_poll_at == NOON + HOUR
    assert FEED in [s.id for s in await store.claim_sources(SourceKind.FEED, NOON + HOUR, 9, HOUR)]


async def test_due_times_move_with_the_clock(store: Store) -> None:
    await store.commit_poll(outcome(source=state(next_poll_at=NOON + HOUR)))
    await store.pull_forward(HOUR / 2, NOON + YEAR)
    kept = await store.source(FEED)
    assert kept is not None
    assert kept.next_poll_at == NOON + HOUR / 2


async def test_a_lease_of_next_year_ends_by_the_latest_that_is_given(store: Store) -> None:
    await store.claim_sources(SourceKind.FEED, NOON, 9, YEAR)
    await store.pull_forward(timedelta(0), NOON + HOUR)
    assert await store.claim_sources(SourceKind.FEED, NOON + HOUR - timedelta(seconds=1), 9, HOUR) == ()
    assert len(await store.claim_sources(SourceKind.FEED, NOON + HOUR, 9, HOUR)) == 2


async def test_a_retry_and_a_pause_of_next_year_end_by_the_latest_that_is_given(store: Store) -> None:
    await store.commit_poll(outcome(alerting("A"), alerting("B")))
    claim = Claim(channel=DESK, recipient=NIGHT, only=Only.ALERTS, at_most=1, listed=1)
    for pause in (None, NOON + YEAR):
        batch = await store.claim_deliveries(claim, NOON + timedelta(seconds=1), HOUR)
        assert batch is not None
        await store.settle(
            Settlement(
                message=batch.message,
                state=DeliveryState.RETRYING,
                at=NOON,
                next_try_at=NOON + YEAR,
                pause_until=pause,
            )
        )
    await store.pull_forward(timedelta(0), NOON + HOUR)
    assert await store.next_due() == NOON + HOUR
    assert [queue.due for queue in await store.queues(NOON + HOUR)] == [2]
