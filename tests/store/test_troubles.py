"""The tool's own news: told once while it lasts, and once when it is over."""

from __future__ import annotations

from datetime import timedelta

from monitor.model import Claim, DeliveryState, Only, Settlement, Trouble
from monitor.ports import Archive, Store
from tests.store.making import NOON, OPS, alerting, outcome

DOWN = Trouble(key="source:a", text="a: 403 for a day", at=NOON)
SOON = NOON + timedelta(minutes=1)


async def texts(store: Store) -> list[str]:
    """What waits for the troubles' recipient, claimed and so gone."""
    claim = Claim(channel=OPS.channel, recipient=OPS.recipient, only=Only.TROUBLES, at_most=99, listed=99)
    batch = await store.claim_deliveries(claim, NOON + timedelta(days=1), timedelta(days=1))
    return [parcel.trouble.text for parcel in batch.parcels if parcel.trouble] if batch else []


async def test_a_trouble_is_told_once_while_it_lasts(store: Store) -> None:
    await store.tell([DOWN, DOWN], [], [OPS, OPS], NOON)
    await store.tell([DOWN], [], [OPS], SOON)
    assert await texts(store) == [DOWN.text]


async def test_its_end_is_told_once_and_then_it_may_come_again(store: Store) -> None:
    await store.tell([DOWN], [], [OPS], NOON)
    await store.tell([], [DOWN.key, DOWN.key], [OPS], SOON)
    await store.tell([], [DOWN.key], [OPS], SOON)
    await store.tell([DOWN], [], [OPS], SOON)
    assert await texts(store) == [DOWN.text, f"over: {DOWN.text}", DOWN.text]


async def test_the_end_of_what_was_no_trouble_is_not_told(store: Store) -> None:
    await store.tell([], ["never"], [OPS], NOON)
    assert await texts(store) == []


async def test_a_trouble_without_routes_is_open_all_the_same(store: Store) -> None:
    await store.tell([DOWN], [], [], NOON)
    await store.tell([DOWN], [], [OPS], NOON)
    await store.tell([], [DOWN.key], [OPS], SOON)
    assert await texts(store) == [f"over: {DOWN.text}"]


async def test_a_poll_tells_its_troubles_in_its_own_transaction(store: Store) -> None:
    await store.commit_poll(outcome(troubles=(DOWN,)), [OPS])
    await store.commit_poll(outcome(recovered=(DOWN.key,)), [OPS])
    assert await texts(store) == [DOWN.text, f"over: {DOWN.text}"]


async def test_a_settlement_tells_its_troubles(store: Store, archive: Archive) -> None:
    await store.commit_poll(outcome(alerting()))
    claim = Claim(
        channel=archive.deliveries(limit=1)[0].delivery.channel,
        recipient=archive.deliveries(limit=1)[0].delivery.recipient,
        only=Only.ALERTS,
        at_most=1,
        listed=1,
    )
    batch = await store.claim_deliveries(claim, SOON, timedelta(minutes=1))
    assert batch is not None
    settled = Settlement(message=batch.message, state=DeliveryState.DEAD, at=SOON, troubles=(DOWN,))
    await store.settle(settled, [OPS])
    assert await texts(store) == [DOWN.text]
