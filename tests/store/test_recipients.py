"""What is owed agrees with the configuration: strangers get nothing more, mended channels are tried at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.model import (
    Batch,
    ChannelName,
    Claim,
    Delivery,
    DeliveryState,
    Only,
    Recipient,
    Settlement,
    Trouble,
    TroubleRoute,
)
from monitor.ports import Archive, Store
from tests.store.making import DESK, NIGHT, NOON, OPS, alerting, outcome

OWED = NOON + timedelta(seconds=1)
LEASE = timedelta(minutes=2)
FOREIGN = Recipient("foreign@paper.example")
KNOWN = {DESK: (NIGHT,), OPS.channel: (OPS.recipient,)}


def told(channel: ChannelName, recipient: Recipient, alerts: int) -> Trouble:
    return Trouble(
        key=f"cancelled {recipient}", text=f"{channel} {recipient} {alerts}", at=OWED, count=alerts
    )


async def mirror(
    store: Store, *mended: ChannelName, known: dict[ChannelName, tuple[Recipient, ...]] = KNOWN
) -> None:
    await store.mirror_recipients(known, mended, told, [OPS], OWED)


async def claimed(store: Store, at_most: int = 9, only: Only = Only.ALERTS, **changes: object) -> Batch:
    claim = Claim(channel=DESK, recipient=NIGHT, only=only, at_most=at_most, listed=9)
    batch = await store.claim_deliveries(replace(claim, **changes), OWED, LEASE)  # type: ignore[arg-type]
    assert batch is not None
    return batch


async def notices(store: Store) -> list[str]:
    """What OPS is to hear of, claimed and so gone."""
    claim = Claim(channel=OPS.channel, recipient=OPS.recipient, only=Only.TROUBLES, at_most=99, listed=99)
    batch = await store.claim_deliveries(claim, OWED, LEASE)
    return [parcel.trouble.text for parcel in batch.parcels if parcel.trouble] if batch else []


def deliveries(archive: Archive, recipient: Recipient) -> list[Delivery]:
    found = [record.delivery for record in archive.deliveries(limit=99)]
    return [delivery for delivery in found if delivery.recipient == recipient]


async def test_what_strangers_are_owed_is_cancelled_counted_and_told_by_recipient(
    store: Store, archive: Archive
) -> None:
    gone = ChannelName("gone")
    await store.commit_poll(
        outcome(
            alerting("A"),
            alerting("B", recipient=FOREIGN),
            alerting("C", recipient=FOREIGN),
            alerting("D", channel=gone, recipient=Recipient("gone")),
        )
    )
    await mirror(store)
    assert await notices(store) == [f"desk {FOREIGN} 2", "gone gone 1"]
    assert [d.state for d in deliveries(archive, NIGHT)] == [DeliveryState.OWED]
    for delivery in deliveries(archive, FOREIGN):
        assert delivery.state is DeliveryState.CANCELLED
        assert delivery.settled_at == OWED
        assert delivery.detail == "the recipient left the configuration"
    assert {(q.channel, q.recipient) for q in await store.queues(OWED)} == {(DESK, NIGHT)}


async def test_where_nobody_left_nothing_is_told_or_changed(store: Store, archive: Archive) -> None:
    await store.commit_poll(outcome(alerting("A")))
    before = archive.deliveries(limit=99)
    await mirror(store)
    assert archive.deliveries(limit=99) == before


async def test_what_is_in_flight_is_left_to_its_message(store: Store, archive: Archive) -> None:
    await store.commit_poll(outcome(alerting("A"), alerting("B")))
    batch = await claimed(store, at_most=1)
    await mirror(store, known={OPS.channel: (OPS.recipient,)})
    assert await notices(store) == [f"desk {NIGHT} 1"]
    await store.settle(Settlement(message=batch.message, state=DeliveryState.SENT, at=OWED))
    assert {d.state for d in deliveries(archive, NIGHT)} == {DeliveryState.SENT, DeliveryState.CANCELLED}


async def test_a_trouble_that_nobody_else_hears_of_goes_another_way(store: Store, archive: Archive) -> None:
    old = TroubleRoute(channel=ChannelName("old"), recipient=Recipient("old"))
    alone = Trouble(key="a", text="disk full", at=NOON)
    both = Trouble(key="b", text="source fails", at=NOON)
    await store.tell([alone], [], [old], NOON)
    await store.tell([both], [], [old, OPS], NOON)
    await mirror(store)
    assert sorted(await notices(store)) == ["disk full", "source fails"]
    assert {d.state for d in deliveries(archive, old.recipient)} == {DeliveryState.CANCELLED}
    await mirror(store)
    assert await notices(store) == []


@pytest.mark.parametrize("by", ["delivery", "alert"])
async def test_a_cancelled_delivery_is_owed_again_where_it_or_its_alert_is_named(
    store: Store, by: str
) -> None:
    await store.commit_poll(outcome(alerting("A")))
    batch = await claimed(store, at_most=1)
    await store.settle(Settlement(message=batch.message, state=DeliveryState.OWED, at=OWED, next_try_at=OWED))
    await mirror(store, known={OPS.channel: (OPS.recipient,)})
    (delivery,) = [parcel.delivery for parcel in batch.parcels]
    assert await store.retry([], OWED) == 0
    assert await store.retry([DESK], OWED) == 0
    assert await store.retry([delivery.id if by == "delivery" else delivery.alert or ""], OWED) == 1
    assert [q.due for q in await store.queues(OWED) if q.channel == DESK] == [1]


async def paused(store: Store) -> None:
    await store.commit_poll(outcome(*(alerting(f"{n}") for n in range(3))))
    batch = await claimed(store, at_most=1)
    until = OWED + timedelta(hours=1)
    await store.settle(
        Settlement(
            message=batch.message, state=DeliveryState.OWED, at=OWED, next_try_at=OWED, pause_until=until
        )
    )
    assert await store.queues(OWED) == ()


async def test_a_mended_channel_s_pause_ends_with_one_message_that_tries_it(store: Store) -> None:
    await paused(store)
    await mirror(store, OPS.channel)
    assert await store.queues(OWED) == ()
    await mirror(store, DESK)
    assert [q.due for q in await store.queues(OWED)] == [3]
    probe = await claimed(store, at_most=1)
    assert await store.queues(OWED) == ()
    await store.settle(Settlement(message=probe.message, state=DeliveryState.SENT, at=OWED))
    assert [q.due for q in await store.queues(OWED)] == [2]


async def test_a_start_ends_every_pause_the_same_way(store: Store) -> None:
    await paused(store)
    await store.release_leases()
    assert [q.due for q in await store.queues(OWED)] == [3]
    await claimed(store, at_most=1)
    assert await store.queues(OWED) == ()


async def test_what_a_mended_channel_has_to_try_again_is_due_but_not_what_was_refused(store: Store) -> None:
    await store.commit_poll(outcome(alerting("A"), alerting("B")))
    later = OWED + timedelta(hours=1)
    for refused in (False, True):
        batch = await claimed(store, at_most=1)
        await store.settle(
            Settlement(
                message=batch.message,
                state=DeliveryState.RETRYING,
                at=OWED,
                next_try_at=later,
                refused=refused,
            )
        )
    assert await store.queues(OWED) == ()
    await mirror(store, DESK)
    assert [q.due for q in await store.queues(OWED)] == [1]
