"""What is owed: queues in numbers, claims with a lease, settlements, pauses and their end."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from monitor.model import (
    Batch,
    ChannelName,
    Claim,
    DeliveryState,
    Only,
    Priority,
    Recipient,
    Settlement,
    Trouble,
)
from monitor.ports import Archive, Store
from tests.store.making import (
    DESK,
    FEED,
    NIGHT,
    NOON,
    OPS,
    alerting,
    article,
    match,
    new,
    outcome,
    route,
    told,
)

OWED = NOON + timedelta(seconds=1)
LEASE = timedelta(minutes=2)
PHONE = ChannelName("phone")


def claim(only: Only = Only.ALERTS, at_most: int = 100, listed: int = 100, **changes: object) -> Claim:
    base = Claim(channel=DESK, recipient=NIGHT, only=only, at_most=at_most, listed=listed)
    return replace(base, **changes)  # type: ignore[arg-type]


async def claimed(store: Store, only: Only = Only.ALERTS, now: datetime = OWED, **changes: object) -> Batch:
    batch = await store.claim_deliveries(claim(only, **changes), now, LEASE)  # type: ignore[arg-type]
    assert batch is not None
    return batch


def settlement(batch: Batch, state: DeliveryState = DeliveryState.SENT, **changes: object) -> Settlement:
    base = Settlement(message=batch.message, state=state, at=OWED + timedelta(seconds=1))
    return replace(base, **changes)  # type: ignore[arg-type]


async def states(archive: Archive) -> list[DeliveryState]:
    return [record.delivery.state for record in archive.deliveries(limit=99)]


async def test_nothing_owed_is_no_queue(store: Store) -> None:
    assert await store.queues(NOON) == ()
    assert await store.next_due() is None
    assert await store.claim_deliveries(claim(), NOON, LEASE) is None


async def test_a_queue_counts_what_is_due_urgent_and_troubles_apart(store: Store) -> None:
    urgent = alerting("B", priority=Priority.URGENT)
    await store.commit_poll(outcome(alerting("A"), urgent, alerting("C", priority=Priority.LOW)))
    trouble = Trouble(key="k", text="it is down", at=NOON)
    here = replace(OPS, channel=DESK, recipient=NIGHT)
    await store.tell([trouble], [], [here], NOON)
    (queue,) = await store.queues(OWED)
    assert (queue.channel, queue.recipient) == (DESK, NIGHT)
    assert (queue.due, queue.due_urgent, queue.due_troubles, queue.sent_last_hour) == (4, 1, 1, 0)
    assert queue.oldest_owed_at == NOON
    (early,) = await store.queues(NOON)
    assert early.due == early.due_troubles == 1


async def test_recipients_have_queues_of_their_own(store: Store) -> None:
    await store.commit_poll(
        outcome(alerting("A"), alerting("B", channel=PHONE, recipient=Recipient("phone")))
    )
    assert {(q.channel, q.recipient, q.due) for q in await store.queues(OWED)} == {
        (DESK, NIGHT, 1),
        (PHONE, "phone", 1),
    }


async def test_a_batch_is_in_order_of_priority_then_age(store: Store) -> None:
    await store.commit_poll(outcome(alerting("old low", priority=Priority.LOW), alerting("old normal")))
    later = outcome(
        alerting("new urgent", priority=Priority.URGENT),
        alerting("new normal"),
        ended_at=OWED + timedelta(seconds=9),
    )
    await store.commit_poll(later)
    batch = await claimed(store, now=OWED + timedelta(seconds=9))
    assert [p.news.article.headline for p in batch.parcels if p.news] == [
        "new urgent",
        "old normal",
        "new normal",
        "old low",
    ]
    assert batch.oldest_owed_at == OWED


async def test_a_batch_lists_some_and_counts_all(store: Store) -> None:
    made = article(body="Dong Jun and Andrey Belousov spoke.")
    both = (match(made, "Dong Jun"), match(made, "Andrey Belousov"))
    await store.commit_poll(
        outcome(
            *(alerting(f"{n}") for n in range(4)),
            new(made, matches=both, decision=told(route(*reversed(both)))),
        )
    )
    batch = await claimed(store, at_most=5, listed=2)
    assert (len(batch.parcels), batch.count) == (2, 5)
    assert batch.by_watch == (("Dong Jun", 5), ("Andrey Belousov", 1))


async def test_a_parcel_holds_the_matches_routed_to_its_recipient_in_their_order(store: Store) -> None:
    made = article(body="Dong Jun, Andrey Belousov and Beijing.")
    jun, belousov, beijing = (match(made, term) for term in ("Dong Jun", "Andrey Belousov", "Beijing"))
    decision = told(route(belousov, jun), route(beijing, recipient=Recipient("foreign@paper.example")))
    await store.commit_poll(outcome(new(made, matches=(jun, belousov, beijing), decision=decision)))
    (parcel,) = (await claimed(store)).parcels
    assert parcel.news is not None
    assert parcel.news.alert.matches == (belousov, jun)
    assert parcel.news.article == made
    assert (parcel.news.source, parcel.news.location, parcel.news.received_at) == (FEED, FEED, NOON)
    assert parcel.delivery.alert == parcel.news.alert.id


async def test_urgent_claims_take_urgent_ones_only_and_troubles_go_alone(store: Store) -> None:
    await store.commit_poll(outcome(alerting("A"), alerting("B", priority=Priority.URGENT)))
    here = replace(OPS, channel=DESK, recipient=NIGHT)
    trouble = Trouble(key="k", text="it is down", at=NOON)
    await store.tell([trouble], [], [here], NOON)
    assert [p.news and p.news.article.headline for p in (await claimed(store, Only.URGENT)).parcels] == ["B"]
    assert [p.trouble for p in (await claimed(store, Only.TROUBLES)).parcels] == [trouble]
    assert [p.news and p.news.article.headline for p in (await claimed(store)).parcels] == ["A"]


async def test_a_claimed_delivery_is_nobody_elses_until_its_lease_ends(store: Store) -> None:
    await store.commit_poll(outcome(alerting()))
    first = await claimed(store)
    before_end = OWED + LEASE - timedelta(seconds=1)
    assert await store.claim_deliveries(claim(), before_end, LEASE) is None
    assert await store.queues(before_end) == ()
    again = await claimed(store, now=OWED + LEASE)
    assert again.message != first.message
    assert [p.delivery.id for p in again.parcels] == [p.delivery.id for p in first.parcels]


async def test_the_settlement_of_an_overtaken_message_leaves_the_new_one_alone(
    store: Store, archive: Archive
) -> None:
    await store.commit_poll(outcome(alerting()))
    late = await claimed(store)
    again = await claimed(store, now=OWED + LEASE)
    await store.settle(settlement(late, DeliveryState.DEAD))
    assert await states(archive) == [DeliveryState.OWED]
    await store.settle(settlement(again))
    assert await states(archive) == [DeliveryState.SENT]


async def test_a_sent_message_settles_all_its_deliveries(store: Store, archive: Archive) -> None:
    await store.commit_poll(outcome(alerting("A"), alerting("B")))
    batch = await claimed(store, listed=1)
    await store.settle(settlement(batch, detail="250 ok"))
    for record in archive.deliveries(limit=9):
        assert record.delivery.state is DeliveryState.SENT
        assert (record.delivery.tries, record.delivery.detail) == (1, "250 ok")
        assert record.delivery.settled_at == OWED + timedelta(seconds=1)
    assert await store.queues(OWED + timedelta(days=9)) == ()


async def test_a_settlement_counts_once(store: Store, archive: Archive) -> None:
    await store.commit_poll(outcome(alerting()))
    batch = await claimed(store)
    await store.settle(settlement(batch))
    await store.settle(settlement(batch, DeliveryState.RETRYING))
    assert await states(archive) == [DeliveryState.SENT]
    assert archive.deliveries(limit=1)[0].delivery.tries == 1


async def test_a_retrying_delivery_is_due_at_its_next_try(store: Store, clock: object) -> None:
    await store.commit_poll(outcome(alerting()))
    batch = await claimed(store)
    again = OWED + timedelta(seconds=9)
    await store.settle(
        settlement(batch, DeliveryState.RETRYING, next_try_at=again, detail="451", refused=True)
    )
    assert await store.next_due() == again
    assert await store.claim_deliveries(claim(), again - timedelta(microseconds=1), LEASE) is None
    second = await claimed(store, now=again)
    assert (second.tries, second.refusals) == (1, 1)


async def test_next_due_leaves_out_what_is_due_already(store: Store, clock: object) -> None:
    await store.commit_poll(outcome(alerting("due"), ended_at=NOON - timedelta(seconds=1)))
    assert await store.next_due() is None
    await store.commit_poll(outcome(alerting("later"), ended_at=NOON + timedelta(seconds=5)))
    assert await store.next_due() == NOON + timedelta(seconds=5)


async def test_a_dead_delivery_is_never_due_until_it_is_retried(store: Store, archive: Archive) -> None:
    await store.commit_poll(outcome(alerting()))
    batch = await claimed(store)
    await store.settle(settlement(batch, DeliveryState.DEAD, refused=True))
    later = OWED + timedelta(days=9)
    assert await store.queues(later) == ()
    assert await store.retry([batch.parcels[0].delivery.id], later) == 1
    assert await states(archive) == [DeliveryState.OWED]
    assert (await claimed(store, now=later)).refusals == 0


async def test_messages_of_the_last_hour_count_whether_sent_or_in_flight_but_not_failed(store: Store) -> None:
    await store.commit_poll(outcome(*(alerting(f"{n}") for n in range(5))))
    sent, failed, _ = [await claimed(store, at_most=1) for _ in range(3)]
    await store.settle(settlement(sent))
    await store.settle(settlement(failed, DeliveryState.RETRYING, next_try_at=OWED))
    (queue,) = await store.queues(OWED)
    assert queue.sent_last_hour == 2
    (queue,) = await store.queues(OWED + timedelta(hours=1))
    assert queue.sent_last_hour == 0


async def test_messages_dated_by_a_clock_that_was_ahead_do_not_count(store: Store) -> None:
    await store.commit_poll(outcome(alerting("A"), alerting("B")))
    await claimed(store, at_most=1, now=OWED + timedelta(days=365))
    assert [queue.sent_last_hour for queue in await store.queues(OWED)] == [0]


async def test_messages_of_urgent_alerts_do_not_count(store: Store) -> None:
    await store.commit_poll(outcome(alerting("A", priority=Priority.URGENT), alerting("B")))
    urgent = await claimed(store, Only.URGENT)
    assert [queue.sent_last_hour for queue in await store.queues(OWED)] == [0]
    await store.settle(settlement(urgent))
    assert [queue.sent_last_hour for queue in await store.queues(OWED)] == [0]


async def test_messages_of_troubles_do_not_count(store: Store) -> None:
    here = replace(OPS, channel=DESK, recipient=NIGHT)
    await store.tell([Trouble(key="k", text="down", at=NOON)], [], [here], NOON)
    await claimed(store, Only.TROUBLES)
    await store.commit_poll(outcome(alerting()))
    assert [queue.sent_last_hour for queue in await store.queues(OWED)] == [0]


async def paused(store: Store, until: datetime) -> None:
    """Two alerts owed; the first send was refused for the whole channel."""
    await store.commit_poll(outcome(alerting("A"), alerting("B")))
    batch = await claimed(store, at_most=1)
    await store.settle(settlement(batch, DeliveryState.OWED, detail="401", pause_until=until))


async def test_a_paused_channel_is_left_out_and_its_deliveries_kept(store: Store, archive: Archive) -> None:
    until = OWED + timedelta(minutes=10)
    await paused(store, until)
    assert await store.queues(until - timedelta(seconds=1)) == ()
    assert await store.claim_deliveries(claim(), until - timedelta(seconds=1), LEASE) is None
    assert await store.next_due() == until
    assert [record.paused_until for record in archive.deliveries(limit=9)] == [until, until]
    (queue,) = await store.queues(until)
    assert queue.due == 2


async def test_when_a_pause_ends_one_message_probes(store: Store) -> None:
    until = OWED + timedelta(minutes=10)
    await paused(store, until)
    probe = await claimed(store, now=until, at_most=1)
    assert await store.claim_deliveries(claim(), until, LEASE) is None
    assert await store.queues(until) == ()
    await store.settle(settlement(probe, at=until))
    assert [queue.due for queue in await store.queues(until)] == [1]


async def test_a_probe_that_is_refused_pauses_again(store: Store) -> None:
    until = OWED + timedelta(minutes=10)
    await paused(store, until)
    probe = await claimed(store, now=until, at_most=1)
    await store.settle(
        settlement(probe, DeliveryState.OWED, at=until, pause_until=until + timedelta(hours=1))
    )
    assert await store.queues(until + timedelta(minutes=59)) == ()
    assert len(await store.queues(until + timedelta(hours=1))) == 1


async def test_a_message_from_before_the_pause_does_not_lift_it(store: Store) -> None:
    await store.commit_poll(outcome(alerting("A"), alerting("B"), alerting("C")))
    first, second = await claimed(store, at_most=1), await claimed(store, at_most=1)
    until = OWED + timedelta(minutes=10)
    await store.settle(settlement(first, DeliveryState.OWED, pause_until=until))
    await store.settle(settlement(second))
    assert await store.queues(OWED) == ()


async def test_a_probe_that_died_with_its_process_may_be_tried_at_once(store: Store) -> None:
    until = OWED + timedelta(minutes=10)
    await paused(store, until)
    await claimed(store, now=until, at_most=1)
    await store.release_leases()
    assert [queue.due for queue in await store.queues(until)] == [2]
    await claimed(store, now=until, at_most=1)
    assert await store.claim_deliveries(claim(), until, LEASE) is None


async def test_a_dead_process_leaves_its_deliveries_due_and_its_messages_counted(store: Store) -> None:
    await store.commit_poll(outcome(alerting("A"), alerting("B")))
    lost = await claimed(store)
    assert await store.release_leases() == 2
    (queue,) = await store.queues(OWED)
    assert (queue.due, queue.sent_last_hour) == (2, 1)
    await store.settle(settlement(lost, DeliveryState.DEAD))
    assert len(await store.queues(OWED)) == 1


@pytest.mark.parametrize("by", ["delivery", "alert", "channel", "all"])
async def test_retry_finds_by_delivery_alert_channel_or_all(store: Store, by: str) -> None:
    await store.commit_poll(outcome(alerting("A")))
    batch = await claimed(store)
    await store.settle(settlement(batch, DeliveryState.RETRYING, next_try_at=OWED + timedelta(hours=1)))
    delivery = batch.parcels[0].delivery
    ids = {"delivery": [delivery.id], "alert": [delivery.alert or ""], "channel": [DESK], "all": []}[by]
    assert await store.retry(["unknown"], OWED) == 0
    assert await store.queues(OWED) == ()
    assert await store.retry(ids, OWED) == 1
    assert [queue.due for queue in await store.queues(OWED)] == [1]


async def test_a_recipient_that_answers_again_has_its_retries_due_but_not_its_refused_messages(
    store: Store,
) -> None:
    await store.commit_poll(outcome(*(alerting(f"{n}") for n in range(3))))
    first, second, third = [await claimed(store, at_most=1) for _ in range(3)]
    later = OWED + timedelta(hours=1)
    await store.settle(settlement(first, DeliveryState.RETRYING, next_try_at=later))
    await store.settle(settlement(second, DeliveryState.RETRYING, next_try_at=later, refused=True))
    await store.settle(settlement(third, hasten=True))
    assert [queue.due for queue in await store.queues(OWED + timedelta(seconds=1))] == [1]
    assert [queue.due for queue in await store.queues(later)] == [2]


async def test_retry_lifts_a_pause(store: Store) -> None:
    await paused(store, OWED + timedelta(days=1))
    assert await store.retry([DESK], OWED) == 2
    assert [queue.due for queue in await store.queues(OWED)] == [2]
    assert (await claimed(store, at_most=1)).message != (await claimed(store, at_most=1)).message


async def test_retry_leaves_alone_what_is_in_flight_sent_or_waiting_its_turn(store: Store) -> None:
    await store.commit_poll(outcome(alerting("A"), alerting("B"), alerting("C")))
    await store.settle(settlement(await claimed(store, at_most=1)))
    await claimed(store, at_most=1)
    assert await store.retry([], OWED) == 0
    assert [queue.due for queue in await store.queues(OWED)] == [1]
