"""The tool's own news: told once while it lasts, and once when it is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from monitor.model import Claim, DeliveryState, Only, Recipient, Settlement, Trouble, TroubleRoute
from monitor.ports import Archive, Store
from tests.store.making import NOON, OPS, alerting, outcome

DOWN = Trouble(key="source:a", text="a: 403 for a day", at=NOON)
SOON = NOON + timedelta(minutes=1)


async def told(
    store: Store, at: datetime = NOON + timedelta(days=1), to: TroubleRoute = OPS
) -> list[Trouble]:
    """What waits for the troubles' recipient, claimed and so gone."""
    claim = Claim(channel=to.channel, recipient=to.recipient, only=Only.TROUBLES, at_most=99, listed=99)
    batch = await store.claim_deliveries(claim, at, timedelta(days=999))
    return [parcel.trouble for parcel in batch.parcels if parcel.trouble] if batch else []


async def texts(store: Store) -> list[str]:
    return [trouble.text for trouble in await told(store)]


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


async def test_a_trouble_is_told_anew_where_it_says_so_and_ends_once(store: Store) -> None:
    again = replace(DOWN, text="a: 404", anew=True)
    await store.tell([DOWN], [], [OPS], NOON)
    await store.tell([again], [], [OPS], SOON)
    await store.tell([], [DOWN.key], [OPS], SOON)
    assert await texts(store) == [DOWN.text, "a: 404", "over: a: 404"]


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


async def test_its_end_is_told_in_words_of_its_own_or_by_its_first_line(store: Store) -> None:
    worded = Trouble(key="a", text="it is down\nSee there.", at=NOON, over="it is up")
    plain = Trouble(key="b", text="b is down: <b>\nSee there.", at=NOON, outside=("<b>",))
    await store.tell([worded, plain], [], [OPS], NOON)
    await told(store)
    await store.tell([], ["a", "b"], [OPS], SOON)
    up, over = await told(store)
    assert up.text == "over: it is up"
    assert (over.text, over.outside) == ("over: b is down: <b>", ("<b>",))


def happened(count: int, text: str = "dead") -> Trouble:
    return Trouble(key="dead", text=text, at=NOON, count=count, outside=(text,))


async def test_what_happens_again_before_it_was_told_is_told_together(store: Store) -> None:
    for n in range(3):
        await store.tell([happened(n + 1, f"dead {n}")], [], [OPS], NOON)
    (notice,) = await told(store, SOON)
    assert (notice.count, notice.text, notice.outside) == (6, "dead 2", ("dead 2",))


async def test_what_happens_after_it_was_told_is_told_together_an_hour_later(store: Store) -> None:
    await store.tell([happened(1)], [], [OPS], NOON)
    assert [notice.count for notice in await told(store, NOON)] == [1]
    for n in range(5):
        await store.tell([happened(1)], [], [OPS], SOON + timedelta(minutes=n))
    assert await told(store, NOON + timedelta(minutes=59)) == []
    assert [notice.count for notice in await told(store, NOON + timedelta(hours=1))] == [5]


async def test_what_happens_long_after_it_was_told_is_told_at_once(store: Store) -> None:
    await store.tell([happened(1)], [], [OPS], NOON)
    await told(store, NOON)
    later = NOON + timedelta(days=3)
    await store.tell([happened(1)], [], [OPS], later)
    assert [notice.count for notice in await told(store, later)] == [1]


async def test_a_notice_that_some_have_heard_is_not_counted_up_for_the_others(store: Store) -> None:
    other = TroubleRoute(channel=OPS.channel, recipient=Recipient("other@paper.example"))
    await store.tell([happened(1)], [], [OPS, other], NOON)
    await told(store, NOON)
    await store.tell([happened(1)], [], [OPS, other], NOON)
    assert [n.count for n in await told(store, NOON + timedelta(hours=1))] == [1]
    assert [n.count for n in await told(store, NOON + timedelta(hours=1), other)] == [1, 1]


async def test_a_clock_that_was_ahead_keeps_no_notice_back_for_longer_than_an_hour(store: Store) -> None:
    ahead = NOON + timedelta(days=365)
    await store.tell([happened(1)], [], [OPS], ahead)
    await told(store, ahead)
    await store.tell([happened(1)], [], [OPS], NOON)
    assert [notice.count for notice in await told(store, NOON + timedelta(hours=1))] == [1]
