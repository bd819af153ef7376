"""From what is owed to what is sent, over the real store, with channels that do as told and a clock that we move."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from monitor.cli.root import root
from monitor.config.settings import ChannelSettings, Settings
from monitor.core.alerts.wording import CHAT, word
from monitor.deliver import STEPS, Deliver, Line, Tally, Way, Ways, ways
from monitor.errors import DiskFull
from monitor.model import (
    Batch,
    ChannelName,
    Claim,
    DeliveryState,
    Intake,
    MessageId,
    Only,
    Priority,
    Queue,
    Recipient,
    SendOutcome,
    SendResult,
    Trouble,
    TroubleRoute,
    Watchlist,
    WatchlistVersion,
    Wording,
)
from monitor.ports import Store
from monitor.store import open_archive, open_store
from tests.store.making import (
    DESK,
    FEED,
    NIGHT,
    NOON,
    alerting,
    article,
    entry,
    match,
    new,
    outcome,
    route,
    state,
    told,
)

ACCEPTED = SendOutcome(result=SendResult.ACCEPTED)
DOWN = SendOutcome(result=SendResult.TEMPORARY, detail="HTTP 503")
REFUSED = SendOutcome(result=SendResult.REFUSED, detail="HTTP 400")
GONE = SendOutcome(result=SendResult.UNREACHABLE, detail="HTTP 404")
OPS = ChannelName("ops")
ADMIN = Recipient("it@paper.example")
FOREIGN = Recipient("foreign@paper.example")
DESKS = tuple(Recipient(f"desk{n}@paper.example") for n in range(8))
READERS = (NIGHT, FOREIGN, *DESKS)


class MovedClock:
    """A clock that stands until it is moved; who sleeps is woken in order."""

    def __init__(self) -> None:
        self.start = NOON + timedelta(seconds=1)
        self.elapsed = 0.0
        self.sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.elapsed)

    def monotonic(self) -> float:
        return self.elapsed

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.sleepers.append((self.elapsed + max(seconds, 0), future))
        await future


@dataclass
class Sent:
    at: float
    batch: Batch
    wording: Wording


@dataclass
class Told:
    """A channel that notes what it is given, and answers as told."""

    name: ChannelName
    clock: MovedClock
    answer: Callable[[Batch], SendOutcome | Awaitable[SendOutcome]] = lambda batch: ACCEPTED
    tried: list[Sent] = field(default_factory=list)
    accepted: list[Sent] = field(default_factory=list)

    def word(self, batch: Batch, now: datetime) -> Wording:
        return word(batch, now, ZoneInfo("UTC"), CHAT)

    async def send(self, batch: Batch, wording: Wording, message: MessageId) -> SendOutcome:
        sent = Sent(self.clock.elapsed, batch, wording)
        self.tried.append(sent)
        answer = self.answer(batch)
        outcome = answer if isinstance(answer, SendOutcome) else await answer
        if outcome.result is SendResult.ACCEPTED:
            self.accepted.append(sent)
        return outcome

    @property
    def ids(self) -> list[str]:
        return [str(p.delivery.alert) for s in self.accepted for p in s.batch.parcels]

    @property
    def deliveries(self) -> int:
        return sum(s.batch.count for s in self.accepted)


class Counted:
    """The store, counting the calls that are under way; some can be made to fail."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.busy = 0
        self.calls: Counter[str] = Counter()
        self.failing: dict[str, Exception] = {}
        self.gates: dict[str, asyncio.Event] = {}
        """The next call of that name waits for its gate."""

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        method = getattr(self._store, name)

        async def call(*args: object, **named: object) -> object:
            self.busy += 1
            self.calls[name] += 1
            try:
                if name in self.failing:
                    raise self.failing[name]
                if gate := self.gates.pop(name, None):
                    self.busy -= 1
                    await gate.wait()
                    self.busy += 1
                return await method(*args, **named)
            finally:
                self.busy -= 1

        return call


class World:
    """A store, two channels and the driver, with the time in our hands."""

    def __init__(self, store: Store, clock: MovedClock, path: Path) -> None:
        self.clock, self.path = clock, path
        self.store = Counted(store)
        self.steps: list[str] = []
        self.desk = Told(DESK, clock)
        self.ops = Told(OPS, clock)
        self.ways = Ways(
            channels={
                DESK: Way(channel=self.desk, recipients=READERS),
                OPS: Way(channel=self.ops, recipients=(ADMIN,)),
            },
            troubles=(TroubleRoute(channel=OPS, recipient=ADMIN),),
        )
        self.deliver = Deliver(
            store=self.store,  # type: ignore[arg-type]
            clock=clock,
            ways=self.ways,
            jitter=lambda: 0.0,
            step=self.steps.append,
        )
        self._polls = 0

    async def limit(self, at_most: int | None, parallel: int = 1) -> None:
        desk = Way(channel=self.desk, recipients=READERS, at_most=at_most, parallel=parallel)
        await self.use(replace(self.ways, channels={**self.ways.channels, DESK: desk}))

    async def use(self, ways: Ways) -> None:
        self.ways = ways
        await self.deliver.use(ways)

    async def owe(self, *intakes: Intake) -> None:
        """Commit a poll that brought these, received now."""
        self._polls += 1
        poll = outcome(*intakes, source=replace(state(), last_poll_at=self.clock.now()))
        (one,) = poll.documents
        received = replace(one.document, received_at=self.clock.now())
        await self.store._store.commit_poll(
            replace(poll, ended_at=self.clock.now(), documents=(replace(one, document=received),))
        )
        self.deliver.wake()

    async def settle_down(self) -> None:
        """Let all that can go on go on, without the clock moving."""
        calm = 0
        while calm < 6:
            await asyncio.sleep(0 if not self.store.busy else 0.0005)
            calm = 0 if self.store.busy else calm + 1

    async def hours_pass(self, hours: float) -> None:
        """Let long times pass, ten minutes at a stride."""
        for _ in range(int(hours * 6)):
            self.clock.elapsed += 600
            for _ in range(3):
                await self.passes(0.5)

    async def passes(self, seconds: float) -> None:
        """Let time pass, from one sleeper to the next."""
        end = self.clock.elapsed + seconds
        await self.settle_down()
        while True:
            waiting = [s for s in self.clock.sleepers if not s[1].done()]
            self.clock.sleepers = waiting
            due = min((at for at, _ in waiting), default=end + 1)
            if due > end:
                break
            self.clock.elapsed = max(due, self.clock.elapsed)
            for at, future in waiting:
                if at <= self.clock.elapsed and not future.done():
                    future.set_result(None)
            await self.settle_down()
        self.clock.elapsed = end

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.deliver.run())
        try:
            yield
        finally:
            self.deliver.stop()
            await self.passes(60)
            if not task.done():
                task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def states(self) -> Counter[DeliveryState]:
        with open_archive(self.path) as archive:
            return Counter(r.delivery.state for r in archive.deliveries(limit=100_000) if r.delivery.alert)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    clock = MovedClock()
    store = open_store(tmp_path / "monitor.db", clock)
    await store.mirror_sources([entry(FEED)], NOON, lambda _: NOON)
    yield World(store, clock, tmp_path / "monitor.db")
    await store.close()


def alerts(count: int, priority: Priority = Priority.NORMAL, word: str = "Talks") -> list[Intake]:
    return [alerting(f"{word} {n}", priority=priority) for n in range(count)]


# -- one message -----------------------------------------------------------------------------


async def test_what_is_owed_is_sent_once_and_settled(world: World) -> None:
    async with world.running():
        await world.owe(*alerts(3))
        await world.passes(2)
    assert [s.wording.subject for s in world.desk.accepted] == ["Talks 0", "Talks 1", "Talks 2"]
    assert world.states() == {DeliveryState.SENT: 3}


async def test_the_steps_of_a_message_come_in_their_order(world: World) -> None:
    async with world.running():
        await world.owe(*alerts(1))
        await world.passes(2)
    assert tuple(world.steps) == STEPS


async def test_an_idle_driver_asks_the_store_now_and_then_only(world: World) -> None:
    async with world.running():
        await world.passes(3600)
        assert world.store.calls["queues"] < 800


async def test_a_temporary_failure_is_tried_again_with_the_same_alert(world: World) -> None:
    answers = [DOWN, DOWN, ACCEPTED]
    world.desk.answer = lambda batch: answers.pop(0)
    async with world.running():
        await world.owe(*alerts(1))
        await world.passes(60)
    assert [round(s.at) for s in world.desk.tried] == [0, 5, 15]
    assert len({s.wording.alerts for s in world.desk.tried}) == 1
    assert world.states() == {DeliveryState.SENT: 1}


async def test_a_receivers_wish_holds_for_the_recipients_other_messages_too(world: World) -> None:
    wish = SendOutcome(result=SendResult.TEMPORARY, detail="HTTP 429", retry_after=timedelta(seconds=90))
    answers = [wish]
    world.desk.answer = lambda batch: answers.pop() if answers else ACCEPTED
    async with world.running():
        await world.owe(*alerts(3))
        await world.passes(300)
    assert [round(s.at) for s in world.desk.tried][:2] == [0, 90]
    assert world.states() == {DeliveryState.SENT: 3}


async def test_five_days_of_failure_make_a_dead_letter_that_troubles_hears_of(world: World) -> None:
    world.desk.answer = lambda batch: DOWN
    async with world.running():
        await world.owe(*alerts(1))
        await world.hours_pass(5 * 24 + 2)
    assert world.states() == {DeliveryState.DEAD: 1}
    hour, notice = world.ops.accepted
    assert "for an hour: HTTP 503" in hour.wording.subject
    assert "tried for five days" in notice.wording.plain
    assert world.desk.tried[-1].at > 5 * 86400 - 3600
    assert len(world.desk.tried) < 150


# -- poison ----------------------------------------------------------------------------------


async def test_a_refused_message_goes_once_more_as_plain_text_and_the_queue_moves_on(world: World) -> None:
    world.desk.answer = lambda batch: (
        REFUSED if batch.parcels[0].news.article.headline == "Poison" else ACCEPTED
    )  # type: ignore[union-attr]
    async with world.running():
        await world.owe(alerting("Poison"), *alerts(5))
        await world.passes(10)
        tried = [s.wording for s in world.desk.tried if s.batch.parcels[0].news.article.headline == "Poison"]  # type: ignore[union-attr]
        assert len(tried) == 2
        assert tried[1].plain.startswith("Poison\nmonitor why ")
        assert len(world.desk.accepted) == 5
        assert world.states() == {DeliveryState.SENT: 5, DeliveryState.DEAD: 1}
        (notice,) = world.ops.accepted
        assert "refused, as short plain text too" in notice.wording.plain


async def test_a_message_that_always_fails_holds_up_no_other_for_ten_seconds(world: World) -> None:
    world.desk.answer = lambda batch: DOWN if batch.parcels[0].news.article.headline == "Poison" else ACCEPTED  # type: ignore[union-attr]
    async with world.running():
        await world.owe(alerting("Poison"), *alerts(5))
        await world.passes(10)
        assert len(world.desk.accepted) == 5
        for _ in range(20):
            await world.owe(*alerts(1, word="Later"))
            await world.passes(600)
            assert world.desk.accepted[-1].at >= world.clock.elapsed - 600
            assert world.clock.elapsed - 600 + 10 >= world.desk.accepted[-1].at
    assert world.states()[DeliveryState.SENT] == 25


async def test_a_message_that_cannot_be_worded_is_refused_and_told(world: World) -> None:
    def broken(batch: Batch, now: datetime) -> Wording:
        raise ValueError("canary: secret")

    world.desk.word = broken  # type: ignore[method-assign]
    async with world.running():
        await world.owe(*alerts(1))
        await world.passes(10)
    assert world.states() == {DeliveryState.DEAD: 1}
    assert world.desk.tried == []


async def test_a_channel_that_raises_is_tried_again_and_its_words_are_not_logged(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = []

    def answer(batch: Batch) -> SendOutcome:
        calls.append(batch)
        if len(calls) == 1:
            raise RuntimeError("canary-password")
        return ACCEPTED

    world.desk.answer = answer
    async with world.running():
        await world.owe(*alerts(1))
        await world.passes(10)
    assert world.states() == {DeliveryState.SENT: 1}
    assert "canary" not in "".join(capsys.readouterr())


# -- pauses ----------------------------------------------------------------------------------


async def test_an_unreachable_channel_is_paused_told_of_once_and_picked_up_by_itself(world: World) -> None:
    world.desk.answer = lambda batch: GONE
    async with world.running():
        await world.owe(*alerts(4))
        await world.passes(7200)
        assert [round(s.at) for s in world.desk.tried] == [0, 300, 900, 2100, 4500]
        assert world.states() == {DeliveryState.OWED: 4}
        assert [s.wording.subject for s in world.ops.accepted] == [
            "[monitor] channel desk is paused: HTTP 404"
        ]
        world.desk.answer = lambda batch: ACCEPTED
        await world.passes(3700)
        assert world.states() == {DeliveryState.SENT: 4}
        assert world.ops.accepted[-1].wording.subject == "[monitor] over: channel desk takes messages again"
        assert len(world.ops.accepted) == 2


async def test_the_trouble_of_the_troubles_channel_goes_to_the_fallback(world: World) -> None:
    await world.use(replace(world.ways, fallback=(TroubleRoute(channel=DESK, recipient=NIGHT),)))
    world.ops.answer = lambda batch: GONE
    async with world.running():
        await world.store.tell(
            [Trouble(key="x", text="disk full", at=NOON)],
            [],
            [TroubleRoute(channel=OPS, recipient=ADMIN)],
            NOON,
        )
        world.deliver.wake()
        await world.passes(10)
    (notice,) = world.desk.accepted
    assert notice.wording.subject.startswith("[monitor] channel ops is paused")


async def test_troubles_are_never_mixed_with_alerts(world: World) -> None:
    here = TroubleRoute(channel=DESK, recipient=NIGHT)
    await world.owe(*alerts(2))
    await world.store.tell([Trouble(key="x", text="disk full", at=NOON)], [], [here], NOON)
    async with world.running():
        await world.passes(5)
    assert [s.wording.subject for s in world.desk.accepted] == ["[monitor] disk full", "Talks 0", "Talks 1"]


# -- outages -----------------------------------------------------------------------------------


async def test_a_channel_that_takes_nothing_for_an_hour_is_told_of_once_and_so_is_its_end(
    world: World,
) -> None:
    world.desk.answer = lambda batch: DOWN
    async with world.running():
        await world.owe(*(to_both(f"Talks {n}", NIGHT, FOREIGN) for n in range(3)))
        await world.passes(3590)
        assert world.ops.tried == []
        await world.passes(3600)
        assert [s.wording.subject for s in world.ops.accepted] == [
            "[monitor] channel desk has taken nothing for an hour: HTTP 503"
        ]
        world.desk.answer = lambda batch: ACCEPTED
        await world.passes(3600)
    assert world.states() == {DeliveryState.SENT: 6}
    assert [s.wording.subject for s in world.ops.accepted[1:]] == [
        "[monitor] over: channel desk takes messages again"
    ]


async def test_a_recipient_that_alone_gets_nothing_is_told_of_by_its_address(world: World) -> None:
    world.desk.answer = lambda batch: DOWN if batch.recipient == NIGHT else ACCEPTED
    async with world.running():
        for n in range(14):
            await world.owe(to_both(f"Talks {n}", NIGHT, FOREIGN))
            await world.passes(600)
        assert [s.wording.subject for s in world.ops.accepted] == [
            "[monitor] nothing has reached night@paper.example on channel desk for an hour: HTTP 503"
        ]
        world.desk.answer = lambda batch: ACCEPTED
        await world.passes(3600)
    assert [s.wording.subject for s in world.ops.accepted[1:]] == [
        "[monitor] over: night@paper.example on channel desk is reached again"
    ]


async def test_a_message_that_always_fails_beside_others_that_go_is_no_outage(world: World) -> None:
    world.desk.answer = lambda batch: DOWN if batch.parcels[0].news.article.headline == "Poison" else ACCEPTED  # type: ignore[union-attr]
    async with world.running():
        await world.owe(alerting("Poison"))
        for n in range(20):
            await world.owe(*alerts(1, word=f"Later {n}"))
            await world.passes(600)
    assert world.ops.tried == []


async def test_many_dead_letters_of_one_recipient_are_told_at_once_and_then_together_an_hour_later(
    world: World,
) -> None:
    world.desk.answer = lambda batch: REFUSED
    async with world.running():
        for word in ("First", "Second"):
            await world.owe(*alerts(30, word=word))
            await world.passes(60)
        assert world.states() == {DeliveryState.DEAD: 60}
        assert len(world.ops.accepted) == 1
        await world.passes(3600)
    first, second = world.ops.accepted
    told = [p.trouble.count for sent in (first, second) for p in sent.batch.parcels if p.trouble]
    assert sum(told) == 60
    assert second.wording.subject == (
        f"[monitor] dead letters for night@paper.example on channel desk ({told[1]})"
    )
    assert second.at - first.at >= 3599


async def test_one_answer_has_no_recipient_left_alone_for_longer_than_an_hour(world: World) -> None:
    wish = SendOutcome(result=SendResult.TEMPORARY, detail="HTTP 429", retry_after=timedelta(hours=24))
    answers = [wish]
    world.desk.answer = lambda batch: answers.pop() if answers else ACCEPTED
    async with world.running():
        await world.owe(*alerts(1))
        await world.passes(5)
        await world.owe(alerting("Urgent", priority=Priority.URGENT))
        await world.passes(3605)
    assert world.states() == {DeliveryState.SENT: 2}


# -- many ------------------------------------------------------------------------------------


async def test_a_broken_channel_holds_up_no_other(world: World) -> None:
    never: asyncio.Future[SendOutcome] = asyncio.get_running_loop().create_future()
    world.desk.answer = lambda batch: never
    here = TroubleRoute(channel=OPS, recipient=ADMIN)
    async with world.running():
        await world.owe(*alerts(3))
        await world.passes(1)
        await world.store.tell([Trouble(key="x", text="disk full", at=NOON)], [], [here], NOON)
        world.deliver.wake()
        await world.passes(1)
        assert len(world.ops.accepted) == 1
        assert len(world.desk.tried) == 1
        never.set_result(ACCEPTED)
        world.desk.answer = lambda batch: ACCEPTED
        await world.passes(1)
    assert world.states() == {DeliveryState.SENT: 3}


async def test_one_recipient_that_fails_holds_up_no_other_of_the_channel(world: World) -> None:
    piece = article("Talks")
    found = match(piece, "Dong Jun")
    both = (route(found), route(found, recipient=Recipient("foreign@paper.example")))
    world.desk.answer = lambda batch: DOWN if batch.recipient == NIGHT else ACCEPTED
    async with world.running():
        await world.owe(
            *(new(article(f"Talks {n}"), matches=(found,), decision=told(*both)) for n in range(4))
        )
        await world.passes(2)
    assert len(world.desk.accepted) == 4
    assert {s.batch.recipient for s in world.desk.accepted} == {"foreign@paper.example"}


async def test_as_many_are_in_flight_as_the_channel_allows(world: World) -> None:
    gate = asyncio.Event()
    most = 0
    flying = 0

    async def slow() -> SendOutcome:
        nonlocal most, flying
        flying += 1
        most = max(most, flying)
        await gate.wait()
        flying -= 1
        return ACCEPTED

    world.desk.answer = lambda batch: slow()
    await world.limit(None, parallel=8)
    async with world.running():
        await world.owe(*alerts(30))
        await world.passes(1)
        assert most == 8
        gate.set()
        await world.passes(1)
    assert most == 8
    assert len(set(world.desk.ids)) == 30


async def test_a_clock_set_forward_makes_no_message_in_flight_look_abandoned(world: World) -> None:
    gate = asyncio.Event()

    async def slow() -> SendOutcome:
        await gate.wait()
        return ACCEPTED

    world.desk.answer = lambda batch: slow()
    await world.limit(None, parallel=4)
    async with world.running():
        await world.owe(*alerts(2))
        await world.passes(1)
        world.clock.start += timedelta(days=365)
        await world.owe(*alerts(1, word="Later"))
        await world.passes(1)
        gate.set()
        await world.passes(1)
    assert [s.wording.subject for s in world.desk.tried] == ["Talks 0", "Talks 1", "Later 0"]


async def test_a_settlement_under_way_keeps_no_other_worker_from_going_on(world: World) -> None:
    gate = asyncio.Event()
    world.store.gates["settle"] = gate
    await world.limit(None, parallel=2)
    async with world.running():
        await world.owe(*alerts(6))
        await world.passes(1)
        assert len(world.desk.tried) == 6
        gate.set()
        await world.passes(1)
    assert world.states() == {DeliveryState.SENT: 6}


async def test_a_blip_that_many_in_flight_meet_counts_once(world: World) -> None:
    world.desk.answer = lambda batch: DOWN
    await world.limit(None, parallel=16)
    async with world.running():
        await world.owe(*alerts(16))
        await world.passes(1)
        world.desk.answer = lambda batch: ACCEPTED
        await world.passes(8)
    assert world.states() == {DeliveryState.SENT: 16}


async def test_a_flood_keeps_the_limit_loses_nothing_and_counts_truly(world: World) -> None:
    await world.limit(30)
    async with world.running():
        for part in range(10):
            await world.owe(*alerts(1000, word=f"Flood {part}"))
            await world.passes(6)
        await world.owe(alerting("Urgent", priority=Priority.URGENT))
        began = world.clock.elapsed
        await world.passes(3600)
    sent = [s.at for s in world.desk.accepted]
    for at in sent:
        assert sum(1 for s in sent if at <= s < at + 3600) <= 30
    (urgent,) = [s for s in world.desk.accepted if s.wording.subject == "Urgent"]
    assert urgent.at - began <= 1
    assert world.desk.deliveries == 10_001
    assert world.states() == {DeliveryState.SENT: 10_001}
    (digest,) = [s for s in world.desk.accepted if s.batch.count > 1]
    assert digest.batch.count == 10_000 - 26
    assert digest.wording.subject.startswith(f"{10_000 - 26} alerts: Dong Jun {10_000 - 26}")
    assert (
        f"and {10_000 - 26 - len(digest.wording.alerts)} more: monitor alerts --since" in digest.wording.plain
    )
    assert digest.at <= 15 * 60 + 5


async def test_the_command_in_a_list_shows_all_of_its_alerts_however_late_it_is_typed(world: World) -> None:
    await world.limit(5)
    async with world.running():
        await world.owe(*alerts(10, word="Before"))
        await world.passes(2000)
        for part in range(4):
            await world.owe(*alerts(40, word=f"Part {part}"))
            await world.passes(200)
        await world.passes(900)
        await world.owe(*alerts(200, word="After"))
        await world.passes(600)
    (digest,) = [s for s in world.desk.accepted if s.batch.count == 160]
    command = digest.wording.plain.split("\n")[-1].partition("more: monitor ")[2]
    shown = CliRunner().invoke(root, [*command.split(), "--json", "--state", str(world.path.parent)])
    assert shown.exit_code == 0, shown.output
    found = [json.loads(line) for line in shown.stdout.splitlines()]
    assert len(found) == 160
    assert {alert["headline"].rpartition(" ")[0] for alert in found} == {f"Part {n}" for n in range(4)}


async def test_however_many_urgent_alerts_there_are_no_other_waits_longer_than_a_quarter_of_an_hour(
    world: World,
) -> None:
    await world.limit(30)
    owed: dict[str, float] = {}
    async with world.running():
        for minute in range(150):
            owed[f"Urgent {minute}"] = world.clock.elapsed
            await world.owe(alerting(f"Urgent {minute}", priority=Priority.URGENT))
            if minute % 10 == 0:
                owed[f"High {minute}"] = world.clock.elapsed
                await world.owe(alerting(f"High {minute}", priority=Priority.HIGH))
            await world.passes(60)
    sent = {p.news.article.headline: s.at for s in world.desk.accepted for p in s.batch.parcels if p.news}
    waits = {headline: sent[headline or ""] - at for headline, at in owed.items()}
    assert max(wait for headline, wait in waits.items() if headline.startswith("Urgent")) <= 1
    assert max(waits.values()) <= 1


async def test_an_urgent_alert_passes_a_backlog_at_once(world: World) -> None:
    await world.limit(30)
    async with world.running():
        await world.owe(*alerts(2000))
        await world.passes(30)
        await world.owe(alerting("Urgent", priority=Priority.URGENT))
        began = world.clock.elapsed
        await world.passes(60)
    (urgent,) = [s for s in world.desk.accepted if s.wording.subject == "Urgent"]
    assert urgent.at - began <= 1


async def test_an_urgent_alert_overtakes_singles_that_are_going_out(world: World) -> None:
    async def slow() -> SendOutcome:
        await world.clock.sleep(1)
        return ACCEPTED

    world.desk.answer = lambda batch: slow()
    async with world.running():
        await world.owe(*alerts(100))
        await world.passes(10)
        await world.owe(alerting("Urgent", priority=Priority.URGENT))
        began = world.clock.elapsed
        await world.passes(20)
        (urgent,) = [s for s in world.desk.accepted if s.wording.subject == "Urgent"]
        assert urgent.at - began <= 3


def to_both(headline: str, *recipients: Recipient, priority: Priority = Priority.NORMAL) -> Intake:
    piece = article(headline)
    found = match(piece, "Dong Jun", priority=priority)
    return new(piece, matches=(found,), decision=told(*(route(found, recipient=r) for r in recipients)))


async def test_recipients_of_a_channel_take_turns(world: World) -> None:
    await world.owe(*(to_both(f"Talks {n}", NIGHT, FOREIGN) for n in range(4)))
    async with world.running():
        await world.passes(5)
    assert [s.batch.recipient for s in world.desk.accepted] in (4 * [NIGHT, FOREIGN], 4 * [FOREIGN, NIGHT])


@pytest.mark.parametrize("whom", range(8))
async def test_one_recipients_urgent_alert_goes_before_the_others_backlog(world: World, whom: int) -> None:
    async def slow() -> SendOutcome:
        await world.clock.sleep(1)
        return ACCEPTED

    world.desk.answer = lambda batch: slow()
    async with world.running():
        await world.owe(*(to_both(f"Talks {n}", *DESKS) for n in range(6)))
        await world.passes(10)
        await world.owe(to_both("Urgent", DESKS[whom], priority=Priority.URGENT))
        began = len(world.desk.tried)
        await world.passes(4)
        assert "Urgent" in [s.wording.subject for s in world.desk.tried[began : began + 2]]
        world.desk.answer = lambda batch: ACCEPTED


async def test_alerts_that_waited_a_quarter_of_an_hour_go_then_and_not_at_the_next_look(world: World) -> None:
    await world.limit(30)
    async with world.running():
        await world.passes(7.3)
        await world.owe(*alerts(40))
        await world.passes(15)
        world.deliver.wake()  # so that no look of its own falls on the quarter of an hour
        await world.passes(1000)
    assert world.desk.accepted[-1].batch.count == 14
    assert 907.3 <= world.desk.accepted[-1].at <= 908.5


def test_what_is_claimed_while_a_look_is_under_way_counts_against_the_limit() -> None:
    queue = Queue(
        channel=DESK,
        recipient=NIGHT,
        due=5,
        due_urgent=0,
        due_troubles=0,
        oldest_owed_at=NOON,
        sent_last_hour=7,
    )
    line = Line(queue)
    line.count_down(Claim(channel=DESK, recipient=NIGHT, only=Only.ALERTS, at_most=1, listed=1))
    assert (line.queue.due, line.queue.sent_last_hour) == (4, 8)
    line.take_in(queue)
    assert line.queue.sent_last_hour == 8


def test_an_urgent_alert_that_is_claimed_takes_no_room_of_the_others() -> None:
    queue = Queue(
        channel=DESK,
        recipient=NIGHT,
        due=5,
        due_urgent=2,
        due_troubles=0,
        oldest_owed_at=NOON,
        sent_last_hour=7,
    )
    line = Line(queue)
    line.count_down(Claim(channel=DESK, recipient=NIGHT, only=Only.URGENT, at_most=1, listed=1))
    assert line.queue == replace(queue, due=4, due_urgent=1)
    assert line.claimed == 0


async def test_after_a_day_of_outage_a_backlog_goes_out_together_marked_as_delayed(world: World) -> None:
    await world.limit(30)
    world.desk.answer = lambda batch: DOWN
    async with world.running():
        for n in range(24):
            await world.owe(*alerts(25, word=f"Hour {n}"))
            await world.hours_pass(1)
        assert len(world.desk.tried) < 24 * 20
        world.desk.answer = lambda batch: ACCEPTED
        back = world.clock.elapsed
        await world.owe(*alerts(1, word="Back"))
        await world.passes(3700)
        first = world.desk.accepted[0].at
        assert world.desk.accepted[-1].at - first <= 600
        assert first - back <= 3600
    assert world.desk.deliveries == 601
    assert world.states() == {DeliveryState.SENT: 601}
    assert any("delayed up to" in s.wording.subject for s in world.desk.accepted)


async def test_a_backlog_is_claimed_in_its_order(world: World) -> None:
    async with world.running():
        await world.owe(*alerts(40))
        await world.passes(5)
    assert [s.wording.subject for s in world.desk.accepted] == [f"Talks {n}" for n in range(40)]


async def test_many_owed_cost_few_looks_and_one_claim_each(world: World) -> None:
    async with world.running():
        await world.owe(*alerts(300))
        await world.passes(5)
    assert world.store.calls["claim_deliveries"] <= 302
    assert world.store.calls["queues"] < 20


# -- the store fails -------------------------------------------------------------------------


async def test_what_was_sent_but_not_settled_is_settled_later_and_never_sent_again(world: World) -> None:
    world.store.failing["settle"] = DiskFull("no room")
    async with world.running():
        await world.owe(*alerts(3))
        await world.passes(3600)
        assert len(world.desk.tried) == 1
        del world.store.failing["settle"]
        await world.passes(120)
    assert len(world.desk.tried) == 3
    assert world.states() == {DeliveryState.SENT: 3}


async def test_an_unsettled_message_is_not_sent_again_when_its_lease_ends(world: World) -> None:
    await world.limit(None, parallel=2)
    world.store.failing["settle"] = DiskFull("no room")
    async with world.running():
        await world.owe(*alerts(1))
        await world.passes(1200)
        assert len(world.desk.tried) == 1
        del world.store.failing["settle"]
        await world.passes(60)
    assert len(world.desk.tried) == 1
    assert world.states() == {DeliveryState.SENT: 1}


async def test_a_store_that_cannot_be_read_is_asked_again(world: World) -> None:
    world.store.failing["queues"] = DiskFull("no room")
    async with world.running():
        await world.owe(*alerts(1))
        await world.passes(60)
        assert world.store.calls["queues"] < 80
        del world.store.failing["queues"]
        await world.passes(10)
    assert world.states() == {DeliveryState.SENT: 1}


async def test_a_claim_that_fails_is_made_again(world: World) -> None:
    world.store.failing["claim_deliveries"] = DiskFull("no room")
    async with world.running():
        await world.owe(*alerts(1))
        await world.passes(30)
        assert world.store.calls["claim_deliveries"] < 40
        del world.store.failing["claim_deliveries"]
        await world.passes(10)
    assert world.states() == {DeliveryState.SENT: 1}


# -- stopping, reloading, once ---------------------------------------------------------------


async def test_stopping_lets_what_is_in_flight_finish_and_begins_nothing(world: World) -> None:
    gate = asyncio.Event()

    async def slow() -> SendOutcome:
        await gate.wait()
        return ACCEPTED

    world.desk.answer = lambda batch: slow()
    task = asyncio.create_task(world.deliver.run())
    await world.owe(*alerts(3))
    await world.passes(1)
    world.deliver.stop()
    await world.passes(1)
    assert not task.done()
    gate.set()
    await world.passes(1)
    await asyncio.wait_for(task, 5)
    assert len(world.desk.tried) == 1
    assert world.states() == {DeliveryState.SENT: 1, DeliveryState.OWED: 2}


async def test_another_configuration_is_gone_by_at_once(world: World) -> None:
    await world.limit(1)
    async with world.running():
        await world.owe(*alerts(1))
        await world.passes(1)
        await world.owe(*alerts(3, word="More"))
        await world.passes(5)
        assert len(world.desk.accepted) == 1
        await world.limit(None)
        await world.passes(1)
    assert len(world.desk.accepted) == 4


async def test_a_backlog_goes_on_by_the_channel_of_the_new_configuration(world: World) -> None:
    async def slow() -> SendOutcome:
        await world.clock.sleep(1)
        return ACCEPTED

    old, fresh = world.desk, Told(DESK, world.clock)
    old.answer = lambda batch: slow()
    async with world.running():
        await world.owe(*alerts(6))
        await world.passes(1.5)
        world.desk = fresh
        await world.limit(None)
        await world.passes(10)
    assert len(old.tried) + len(fresh.tried) == 6
    assert len(old.tried) <= 3


def without(ways: Ways, channel: ChannelName, *recipients: Recipient) -> Ways:
    """Give ways in which a channel has only these recipients; none: in which it is not."""
    rest = {name: way for name, way in ways.channels.items() if name != channel}
    left = replace(ways.channels[channel], recipients=recipients)
    return replace(ways, channels=rest | ({channel: left} if recipients else {}))


async def test_what_a_channel_that_left_the_configuration_is_owed_is_cancelled_and_told(world: World) -> None:
    await world.owe(*alerts(12))
    await world.use(without(world.ways, DESK))
    async with world.running():
        await world.passes(5)
    assert world.desk.tried == []
    assert world.states() == {DeliveryState.CANCELLED: 12}
    (notice,) = world.ops.accepted
    assert notice.wording.subject == (
        "[monitor] alerts owed to night@paper.example on channel desk, which left the configuration, "
        "are not sent any more (12)"
    )


async def test_an_address_that_was_taken_out_gets_nothing_more_and_the_others_theirs(world: World) -> None:
    world.desk.answer = lambda batch: DOWN
    async with world.running():
        await world.owe(to_both("Talks", NIGHT, FOREIGN))
        await world.passes(1)
        world.desk.tried.clear()
        world.desk.answer = lambda batch: ACCEPTED
        await world.use(without(world.ways, DESK, FOREIGN))
        await world.passes(60)
    assert [s.batch.recipient for s in world.desk.tried] == [FOREIGN]
    assert world.states() == {DeliveryState.SENT: 1, DeliveryState.CANCELLED: 1}


async def test_what_a_poll_under_way_still_owes_to_who_has_left_is_cancelled_too(world: World) -> None:
    async with world.running():
        await world.use(without(world.ways, DESK, FOREIGN))
        await world.owe(*alerts(2), to_both("Talks", FOREIGN))
        await world.passes(5)
    assert [s.batch.recipient for s in world.desk.tried] == [FOREIGN]
    assert world.states() == {DeliveryState.SENT: 1, DeliveryState.CANCELLED: 2}
    assert len(world.ops.accepted) == 1


async def test_what_is_in_flight_to_who_leaves_ends_as_it_does(world: World) -> None:
    gate = asyncio.Event()

    async def slow() -> SendOutcome:
        await gate.wait()
        return ACCEPTED

    world.desk.answer = lambda batch: slow()
    async with world.running():
        await world.owe(*alerts(2))
        await world.passes(1)
        await world.use(without(world.ways, DESK))
        gate.set()
        await world.passes(5)
    assert world.states() == {DeliveryState.SENT: 1, DeliveryState.CANCELLED: 1}


async def test_a_trouble_whose_only_way_left_the_configuration_goes_another(world: World) -> None:
    there = TroubleRoute(channel=OPS, recipient=ADMIN)
    await world.store.tell([Trouble(key="x", text="disk full", at=NOON)], [], [there], NOON)
    here = TroubleRoute(channel=DESK, recipient=NIGHT)
    await world.use(replace(without(world.ways, OPS), troubles=(here,)))
    async with world.running():
        await world.passes(5)
    assert [s.wording.subject for s in world.desk.accepted] == ["[monitor] disk full"]
    assert world.ops.tried == []


def mended(ways: Ways, channel: ChannelName) -> Ways:
    return replace(ways, channels={**ways.channels, channel: replace(ways.channels[channel], made_of="new")})


async def test_a_channel_that_is_mended_is_paused_no_longer_and_one_message_tries_it(world: World) -> None:
    await world.limit(None, parallel=4)
    world.desk.answer = lambda batch: GONE
    async with world.running():
        await world.owe(*alerts(4))
        await world.passes(3600)
        world.desk.tried.clear()
        gate = asyncio.Event()

        async def slow() -> SendOutcome:
            await gate.wait()
            return ACCEPTED

        world.desk.answer = lambda batch: slow()
        await world.use(replace(world.ways))
        await world.passes(5)
        assert world.desk.tried == []
        await world.use(mended(world.ways, DESK))
        await world.passes(5)
        assert len(world.desk.tried) == 1
        gate.set()
        await world.passes(5)
    assert world.states() == {DeliveryState.SENT: 4}


async def test_a_channel_that_was_mended_in_vain_is_told_of_anew(world: World) -> None:
    world.desk.answer = lambda batch: GONE
    async with world.running():
        await world.owe(*alerts(1))
        await world.passes(1000)
        await world.use(mended(world.ways, DESK))
        await world.passes(1000)
        world.desk.answer = lambda batch: ACCEPTED
        await world.passes(3700)
    assert [s.wording.subject for s in world.ops.accepted] == [
        "[monitor] channel desk is paused: HTTP 404",
        "[monitor] channel desk is paused: HTTP 404",
        "[monitor] over: channel desk takes messages again",
    ]


async def test_a_channel_that_comes_back_into_the_configuration_is_paused_no_longer(world: World) -> None:
    world.desk.answer = lambda batch: GONE
    before = world.ways
    async with world.running():
        await world.owe(*alerts(1))
        await world.passes(5)
        await world.use(without(before, DESK))
        world.desk.answer = lambda batch: ACCEPTED
        await world.use(before)
        await world.owe(*alerts(1, word="Later"))
        await world.passes(5)
    assert world.desk.ids != []


async def test_what_a_mended_channel_was_to_be_tried_again_with_goes_at_once(world: World) -> None:
    world.desk.answer = lambda batch: DOWN
    async with world.running():
        await world.owe(*alerts(2))
        await world.hours_pass(3)
        world.desk.answer = lambda batch: ACCEPTED
        await world.use(mended(world.ways, DESK))
        await world.passes(2)
        assert world.states() == {DeliveryState.SENT: 2}


async def test_a_message_sent_by_the_old_settings_does_not_pause_the_mended_channel(world: World) -> None:
    gate = asyncio.Event()

    async def slow() -> SendOutcome:
        await gate.wait()
        return GONE

    world.desk.answer = lambda batch: slow()
    async with world.running():
        await world.owe(*alerts(2))
        await world.passes(1)
        world.desk.answer = lambda batch: ACCEPTED
        await world.use(mended(world.ways, DESK))
        gate.set()
        await world.passes(10)
    assert world.states() == {DeliveryState.SENT: 2}
    assert world.ops.tried == []


async def test_once_tries_each_due_delivery_once_and_waits_for_nothing(world: World) -> None:
    world.desk.answer = lambda batch: (
        DOWN if batch.parcels[0].news.article.headline == "Talks 1" else ACCEPTED
    )  # type: ignore[union-attr]
    await world.owe(*alerts(4))
    assert await world.deliver.run_once() == Tally(sent=3, failed=1)
    assert len(world.desk.tried) == 4
    assert world.states() == {DeliveryState.SENT: 3, DeliveryState.RETRYING: 1}


async def test_once_leaves_what_waits_to_go_together(world: World) -> None:
    await world.limit(6)
    await world.owe(*alerts(10))
    assert await world.deliver.run_once() == Tally(sent=2, failed=0)
    assert world.states() == {DeliveryState.SENT: 2, DeliveryState.OWED: 8}


async def test_once_sends_what_it_has_to_tell_of_itself_too(world: World) -> None:
    async def takes_a_second(outcome: SendOutcome) -> SendOutcome:
        world.clock.elapsed += 1
        return outcome

    world.desk.answer = lambda batch: takes_a_second(GONE)
    await world.use(replace(world.ways, fallback=(TroubleRoute(channel=DESK, recipient=FOREIGN),)))
    await world.owe(*alerts(2))
    assert await world.deliver.run_once() == Tally(sent=1, failed=1)
    assert [s.wording.subject for s in world.ops.accepted] == ["[monitor] channel desk is paused: HTTP 404"]


async def test_once_begins_no_alert_that_came_while_it_ran(world: World) -> None:
    async def more(batch: Batch) -> SendOutcome:
        world.clock.elapsed += 1
        await world.owe(*alerts(1, word="Later"))
        return ACCEPTED

    world.desk.answer = more
    await world.owe(*alerts(2))
    assert await world.deliver.run_once() == Tally(sent=2, failed=0)


async def test_once_with_nothing_owed_is_well(world: World) -> None:
    assert await world.deliver.run_once() == Tally()


async def test_once_gives_up_on_a_store_that_will_not_settle(world: World) -> None:
    world.store.failing["settle"] = DiskFull("no room")
    await world.owe(*alerts(1))
    once = asyncio.create_task(world.deliver.run_once())
    await world.passes(60)
    assert (await asyncio.wait_for(once, 5)).failed == 1
    assert len(world.desk.tried) == 1


def test_ways_are_made_of_the_configuration(tmp_path: Path) -> None:
    clock = MovedClock()
    desk = ChannelSettings(name=DESK, recipients=(NIGHT,), mail=True, at_most=12, parallel=3)
    ops = ChannelSettings(name=OPS, recipients=(ADMIN, NIGHT), mail=True)
    settings = Settings(
        directory=tmp_path,
        contact=None,
        timezone=ZoneInfo("UTC"),
        sources=(),
        watchlist=Watchlist(version=WatchlistVersion("w"), watches=()),
        channels=(desk, ops),
        mail=None,
        troubles=(OPS,),
        fallback=(DESK,),
    )
    built = {DESK: Told(DESK, clock), OPS: Told(OPS, clock)}
    made = ways(settings, built)
    assert made.channels[DESK] == Way(
        channel=built[DESK], recipients=(NIGHT,), at_most=12, parallel=3, made_of=(desk, None)
    )
    assert made.routes(DESK) == (
        TroubleRoute(channel=OPS, recipient=ADMIN),
        TroubleRoute(channel=OPS, recipient=NIGHT),
    )
    assert made.routes(OPS) == (TroubleRoute(channel=DESK, recipient=NIGHT),)


async def test_a_surprise_from_the_store_is_survived(world: World) -> None:
    world.store.failing["queues"] = RuntimeError("canary")
    async with world.running():
        await world.owe(*alerts(1))
        await world.passes(5)
        del world.store.failing["queues"]
        world.store.failing["claim_deliveries"] = RuntimeError("canary")
        await world.passes(5)
        del world.store.failing["claim_deliveries"]
        await world.passes(40)
    assert world.states() == {DeliveryState.SENT: 1}


async def test_what_a_look_does_not_see_any_more_is_not_claimed(world: World) -> None:
    async with world.running():
        await world.owe(*alerts(1))
        gate = asyncio.Event()
        world.store.gates["claim_deliveries"] = gate
        await world.passes(1)
        await world.store._store.claim_deliveries(
            Claim(channel=DESK, recipient=NIGHT, only=Only.ALERTS, at_most=1, listed=1),
            world.clock.now(),
            timedelta(minutes=5),
        )
        gate.set()
        await world.passes(10)
        assert world.desk.tried == []
