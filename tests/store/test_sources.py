"""The mirror of the configuration, and claims on what is due."""

from __future__ import annotations

from datetime import timedelta

from monitor.model import Health, SourceId, SourceKind
from monitor.ports import SourceEntry, Store
from tests.store.making import FEED, FOLDER, NOON, OTHER, entry, outcome, state

LEASE = timedelta(minutes=2)
LATER = NOON + timedelta(hours=1)


async def test_a_new_source_is_first_seen_now_and_due_when_told(store: Store) -> None:
    wanted = [entry(FEED), entry(OTHER), entry(FOLDER, SourceKind.FOLDER), entry(SourceId("new"))]
    await store.mirror_sources(wanted, LATER, lambda id: LATER + timedelta(seconds=len(id)))
    made, old = await store.source(SourceId("new")), await store.source(FEED)
    assert made is not None
    assert old is not None
    assert (made.first_seen_at, made.next_poll_at, made.health) == (
        LATER,
        LATER + timedelta(seconds=3),
        Health.UNKNOWN,
    )
    assert (old.first_seen_at, old.next_poll_at) == (NOON, NOON)


async def test_a_source_that_vanished_is_off_with_its_history_and_one_that_came_back_is_due(
    store: Store,
) -> None:
    await store.commit_poll(outcome(source=state(failures=2, health=Health.FAILING)))
    await store.mirror_sources([entry(OTHER)], LATER, lambda _: LATER)
    off = await store.source(FEED)
    assert off is not None
    assert (off.health, off.first_seen_at, off.validators) == (Health.OFF, NOON, state().validators)
    assert [s.id for s in await store.claim_sources(SourceKind.FEED, LATER, 9, LEASE)] == [OTHER]
    await store.mirror_sources([entry(OTHER), entry(FEED)], LATER, lambda _: LATER)
    back = await store.source(FEED)
    assert back is not None
    assert (back.health, back.failures, back.next_poll_at, back.first_seen_at) == (
        Health.UNKNOWN,
        0,
        LATER,
        NOON,
    )
    assert [s.id for s in await store.claim_sources(SourceKind.FEED, LATER, 9, LEASE)] == [FEED]


async def test_a_renamed_source_keeps_its_state(store: Store) -> None:
    await store.mirror_sources(
        [SourceEntry(id=FEED, kind=SourceKind.FEED, name="Xinhua")], LATER, lambda _: LATER
    )
    renamed = await store.source(FEED)
    assert renamed is not None
    assert (renamed.name, renamed.next_poll_at) == ("Xinhua", NOON)


async def test_an_unknown_source_is_none(store: Store) -> None:
    assert await store.source(SourceId("nowhere")) is None


async def test_a_claim_takes_what_is_due_of_its_kind_the_longest_due_first(store: Store) -> None:
    await store.commit_poll(outcome(source=state(FEED, next_poll_at=NOON + timedelta(minutes=9))))
    await store.commit_poll(outcome(source=state(OTHER, next_poll_at=NOON + timedelta(minutes=5))))
    assert await store.claim_sources(SourceKind.FEED, NOON, 9, LEASE) == ()
    assert [s.id for s in await store.claim_sources(SourceKind.FEED, LATER, 9, LEASE)] == [OTHER, FEED]
    assert [s.id for s in await store.claim_sources(SourceKind.FOLDER, LATER, 9, LEASE)] == [FOLDER]


async def test_a_claim_takes_at_most_n(store: Store) -> None:
    assert len(await store.claim_sources(SourceKind.FEED, NOON, 1, LEASE)) == 1


async def test_nobody_else_gets_a_claimed_source_before_the_lease_ends(store: Store) -> None:
    first = await store.claim_sources(SourceKind.FEED, NOON, 9, LEASE)
    assert await store.claim_sources(SourceKind.FEED, NOON + LEASE - timedelta(seconds=1), 9, LEASE) == ()
    again = await store.claim_sources(SourceKind.FEED, NOON + LEASE, 9, LEASE)
    assert {s.id for s in again} == {s.id for s in first}
    assert all(s.next_poll_at == NOON for s in again)


async def test_a_commit_ends_the_lease_at_the_new_due_time(store: Store) -> None:
    await store.claim_sources(SourceKind.FEED, NOON, 9, timedelta(days=1))
    await store.commit_poll(outcome(source=state(next_poll_at=NOON + timedelta(minutes=5))))
    claimed = await store.claim_sources(SourceKind.FEED, NOON + timedelta(minutes=5), 9, LEASE)
    assert [s.id for s in claimed] == [FEED]


async def test_leases_of_a_dead_process_are_freed(store: Store) -> None:
    await store.claim_sources(SourceKind.FEED, NOON, 9, timedelta(days=1))
    assert await store.release_leases() == 2
    assert len(await store.claim_sources(SourceKind.FEED, NOON, 9, LEASE)) == 2
