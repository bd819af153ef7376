"""What is owed becomes messages: claim, word, send, settle. Knows no clock but the given one, and decides nothing.

    queues ──> pacing ──> claim ──> word ──> send ──> retry ──> settle
     store      core       store   channel  channel    core      store

Each channel has workers of its own, as many as may be in flight, so that a slow or broken one holds up no other.
Queues are read as numbers, which the workers count down themselves between two looks: ten thousand owed deliveries
cost one look and a claim a message. A recipient that fails is left alone for a while, and then tried with another
message than the one that failed: one bad message holds up nothing. What was sent but could not be settled is settled
before its recipient gets anything more: a full disk makes no message twice. Only who is in the configuration gets
anything: what others are owed, from before or by a poll that was under way, is cancelled.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from monitor.config.load import TERMINAL
from monitor.core.alerts import retry
from monitor.core.alerts.pacing import next_claim, next_moment
from monitor.deliver.line import Line
from monitor.deliver.ways import Way, Ways
from monitor.errors import MonitorError
from monitor.model import (
    Batch,
    ChannelName,
    Claim,
    Only,
    Recipient,
    SendOutcome,
    SendResult,
    Settlement,
    TroubleRoute,
)
from monitor.ports import Channel, Clock, Step, Store, nothing

log = structlog.get_logger("monitor.deliver")

STEPS = ("claim:before", "claim:after", "send:before", "send:after", "settle:before", "settle:after")
"""Where a process may be made to die, in the order they come."""
LEASE = timedelta(minutes=5)
"""Longer than any channel takes for a message."""
LOOK_EVERY = 30.0
"""Seconds between two looks at the store when nothing asks for one."""
LOOK_GAP = 0.1
"""Seconds between two looks at least, however often it is woken."""
HAIR = 0.001
"""Seconds that a timer may be early."""
STORE_PAUSE = 1.0
STORE_PAUSE_MOST = 30.0
ATTEMPTS_ONCE = 3
"""To settle, where nobody stays to try for longer."""
ROUNDS_OF_TROUBLES = 2
"""In a run that tries once: those that sending alerts brought up, then those that sending these did."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Messages that went out, and that did not."""

    sent: int = 0
    failed: int = 0


class Deliver:
    """The driver of everything that goes out."""

    def __init__(
        self, *, store: Store, clock: Clock, ways: Ways, jitter: Callable[[], float], step: Step = nothing
    ) -> None:
        self._store = store
        self._clock = clock
        self._ways = ways
        self._jitter = jitter
        self._step = step
        self._lines: dict[tuple[ChannelName, Recipient], Line] = {}
        self._workers: dict[ChannelName, int] = {}
        self._pauses: dict[ChannelName, int] = {}
        self._mended: set[ChannelName] = set()
        """Channels whose first answer since they were mended is still to come."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._awake = asyncio.Event()
        self._stopping = False
        self._once: datetime | None = None
        self._only_troubles = False
        self._sent = 0
        self._failed = 0

    async def use(self, ways: Ways) -> None:
        """Go by this configuration from now on; what is in flight ends as it began.

        Who left it is owed nothing more, which is told; a channel that was mended is tried at once. Raises StoreError.
        """
        mended = ways.mended_since(self._ways)
        await self._mirror(ways, mended)
        self._ways = ways
        self._mended |= mended
        for name in mended:
            self._pauses.pop(name, None)
        for line in self._lines_of(*mended):
            line.begin_again()
        self.wake()

    def wake(self) -> None:
        """Look at once: something came to be owed, or due."""
        self._awake.set()

    def hurry(self) -> None:
        """Look at once, and leave no recipient alone any longer: somebody asked for another try."""
        for line in self._lines.values():
            line.held_until = 0.0
        self.wake()

    def stop(self) -> None:
        """Begin nothing more; `run` returns when what is in flight has ended."""
        self._stopping = True
        self.wake()

    async def run(self) -> None:
        """Deliver until stopped. Cancelling it gives up on what is in flight."""
        try:
            while not self._stopping:
                await self._look_safely()
                await self._rest()
            if self._tasks:
                await asyncio.wait(self._tasks)
        finally:
            for task in self._tasks:
                task.cancel()

    async def run_once(self) -> Tally:
        """Try each delivery that is due now once, wait for no retry and no digest, and say how it went.

        What the run itself has to tell of goes out, too.
        """
        self._sent = self._failed = 0
        for self._only_troubles in (False, *[True] * ROUNDS_OF_TROUBLES):
            await self._round()
        self._only_troubles = False
        return Tally(self._sent, self._failed)

    async def _round(self) -> None:
        """Try each delivery that is due now once."""
        self._once = self._clock.now()
        before = -1
        while self._sent + self._failed != before and not self._stopping:
            before = self._sent + self._failed
            await self._look()
            while self._tasks:
                await asyncio.wait(self._tasks)
        self._once = None

    # -- looking -----------------------------------------------------------------------------

    async def _look_safely(self) -> None:
        try:
            await self._look()
        except MonitorError as error:
            log.error("cannot see what is owed", error=str(error))
            await self._clock.sleep(STORE_PAUSE)
        except Exception as error:
            _log_surprise("looking failed in an unexpected way", error)
            await self._clock.sleep(STORE_PAUSE)

    async def _look(self) -> None:
        """Read all queues and put every idle worker to what they hold."""
        self._awake.clear()
        for line in self._lines.values():
            line.claimed = 0
        seen = {(q.channel, q.recipient): q for q in await self._store.queues(self._now())}
        if any(not self._ways.know(*key) for key in seen):
            await self._mirror(self._ways, frozenset())
        for key, queue in seen.items():
            self._lines.setdefault(key, Line(queue))
        for key, line in self._lines.items():
            line.take_in(seen.get(key))
        for name, way in self._ways.channels.items():
            self._put_to_work(name, way)

    async def _mirror(self, ways: Ways, mended: frozenset[ChannelName]) -> None:
        """Make what is owed agree with a configuration."""
        now = self._clock.now()
        await self._store.mirror_recipients(
            {name: way.recipients for name, way in ways.channels.items()},
            mended,
            lambda channel, recipient, alerts: retry.cancelled(channel, recipient, alerts, now),
            ways.troubles,
            now,
        )

    def _lines_of(self, *channels: ChannelName) -> list[Line]:
        return [line for (channel, _), line in self._lines.items() if channel in channels]

    def _put_to_work(self, name: ChannelName, way: Way) -> None:
        while self._workers.get(name, 0) < way.parallel and not self._stopping:
            reserved = self._reserve(name, way)
            if reserved is None:
                return
            self._workers[name] = self._workers.get(name, 0) + 1
            task = asyncio.create_task(self._work(name, way, *reserved), name=f"deliver {name}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _rest(self) -> None:
        """Wait until something is due, or until woken."""
        if self._stopping:
            return
        waits = [LOOK_EVERY, *self._known_waits()]
        with suppress(MonitorError):
            due = await self._store.next_due()
            waits += [(due - self._clock.now()).total_seconds()] if due is not None else []
        await self._clock.sleep(LOOK_GAP)
        nap = asyncio.ensure_future(self._clock.sleep(max(min(waits) - LOOK_GAP, 0.0)))
        woken = asyncio.ensure_future(self._awake.wait())
        try:
            await asyncio.wait({nap, woken}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            nap.cancel()
            woken.cancel()

    def _known_waits(self) -> list[float]:
        """Give how long until a recipient is no longer held, or its digest is to go."""
        now, steady = self._clock.now(), self._clock.monotonic()
        waits: list[float] = []
        for (name, recipient), line in self._lines.items():
            way = self._ways.channels.get(name)
            if way is None or recipient not in way.recipients or line.queue.due <= 0:
                continue
            moment = next_moment(line.queue, way.at_most, now)
            waits += [(moment - now).total_seconds()] if moment is not None else []
            waits += [line.held_until - steady] if line.held_until > steady else []
        return waits

    # -- one message -------------------------------------------------------------------------

    async def _work(self, name: ChannelName, way: Way, line: Line, claim: Claim) -> None:
        """Deliver one message after another while the channel's recipients have any to go."""
        reserved: tuple[Line, Claim] | None = (line, claim)
        try:
            while reserved is not None:
                await self._deliver(name, way, *reserved)
                stay = not self._stopping and self._ways.channels.get(name) is way
                reserved = self._reserve(name, way) if stay else None
        except Exception as error:
            _log_surprise("a delivery failed in an unexpected way", error, channel=name)
            line.held_until = self._clock.monotonic() + STORE_PAUSE
        finally:
            self._workers[name] -= 1
            self.wake()

    def _reserve(self, name: ChannelName, way: Way) -> tuple[Line, Claim] | None:
        """Choose the next message of a channel, the urgent ones first, its recipients in turn."""
        now, steady = self._now(), self._clock.monotonic()
        chosen: tuple[tuple[ChannelName, Recipient], Line, Claim] | None = None
        for key, line in self._lines.items():
            if key[0] != name or key[1] not in way.recipients or line.unsettled:
                continue
            if self._once is None and line.held_until - steady > HAIR:
                continue
            claim = next_claim(line.queue, way.at_most, now)
            if self._only_troubles and claim is not None and claim.only is not Only.TROUBLES:
                continue
            if claim is not None and (chosen is None or claim.only is not Only.ALERTS):
                chosen = (key, line, claim)
                if claim.only is not Only.ALERTS:
                    break
        if chosen is None:
            return None
        key, line, claim = chosen
        line.count_down(claim)
        self._lines[key] = self._lines.pop(key)
        return line, claim

    async def _deliver(self, name: ChannelName, way: Way, line: Line, claim: Claim) -> None:
        began, now = self._clock.monotonic(), line.before_leases(self._now())
        with line.lease(now + LEASE):
            batch = await self._claim(line, claim, now)
            if batch is not None:
                await self._send_and_settle(name, way, line, batch, began)

    async def _send_and_settle(
        self, name: ChannelName, way: Way, line: Line, batch: Batch, began: float
    ) -> None:
        outcome = await self._send(way.channel, batch)
        if outcome.result is SendResult.UNREACHABLE and self._ways.channels.get(name) is not way:
            # The channel is another one by now: that it must be paused is not said.
            outcome = replace(outcome, result=SendResult.TEMPORARY)
        _log_outcome(batch, outcome)
        standing, jitter = self._standing(name, line), self._jitter()
        settlement = retry.settle(batch, outcome, self._clock.now(), standing, jitter=jitter)
        self._learn(name, line, outcome, began)
        await self._settle(line, settlement, self._ways.routes(name))

    def _standing(self, name: ChannelName, line: Line) -> retry.Standing:
        """Give how the recipient was doing."""
        return retry.Standing(
            pauses=self._pauses.get(name, 0),
            failing=line.failing_for(self._clock.monotonic()),
            alone=any(other.answered_since(line.failing_since) for other in self._lines_of(name)),
            mended=name in self._mended,
            back=line.may_be_back,
            hasten=line.may_be_back and self._once is None,
        )

    async def _claim(self, line: Line, claim: Claim, now: datetime) -> Batch | None:
        self._step("claim:before")
        try:
            batch = await self._store.claim_deliveries(claim, now, LEASE)
        except Exception as error:
            log.error("cannot claim", channel=claim.channel, error=_said(error))
            line.held_until = self._clock.monotonic() + STORE_PAUSE
            self._failed += 1
            return None
        self._step("claim:after")
        if batch is None:
            line.take_in(None)
        return batch

    async def _send(self, channel: Channel, batch: Batch) -> SendOutcome:
        try:
            wording = channel.word(batch, self._clock.now())
        except Exception as error:
            _log_surprise("a message could not be worded", error, channel=batch.channel)
            return SendOutcome(result=SendResult.REFUSED, detail="it could not be put into words")
        self._step("send:before")
        try:
            outcome = await channel.send(batch, wording, batch.message)
        except Exception as error:
            _log_surprise("a channel failed in an unexpected way", error, channel=batch.channel)
            outcome = SendOutcome(result=SendResult.TEMPORARY, detail=f"unexpected: {type(error).__name__}")
        self._step("send:after")
        return outcome

    def _learn(self, name: ChannelName, line: Line, outcome: SendOutcome, began: float) -> None:
        """Remember how the recipient is doing."""
        steady = self._clock.monotonic()
        if outcome.result is not SendResult.TEMPORARY:
            self._mended.discard(name)
        if outcome.result is SendResult.ACCEPTED:
            self._sent += 1
            self._pauses.pop(name, None)
            line.took(steady)
            return
        self._failed += 1
        # Messages that were in flight together failed together: that is one failure.
        fresh = began > line.failed_at
        if outcome.result is SendResult.UNREACHABLE:
            self._pauses[name] = self._pauses.get(name, 0) + fresh
            for other in self._lines_of(name):
                other.take_in(None)
                other.answered_at = None
        elif outcome.result is SendResult.TEMPORARY:
            line.failing_since = line.failing_since if line.failures else began
            line.failures += fresh
            line.hold(steady, max(retry.hold(line.failures), retry.wish(outcome)))
        if fresh:
            line.failed_at = steady

    async def _settle(self, line: Line, settlement: Settlement, routes: Sequence[TroubleRoute]) -> None:
        """Write what became of a message, for as long as it takes: it must not be sent again."""
        failed, pause = 0, STORE_PAUSE
        try:
            while not await self._settled(settlement, routes, failed):
                failed += 1
                line.unsettled += failed == 1
                if self._once is not None and failed >= ATTEMPTS_ONCE:
                    self._failed += 1
                    return
                await self._clock.sleep(pause)
                pause = min(pause * 2, STORE_PAUSE_MOST)
        finally:
            line.unsettled -= failed > 0
        self._step("settle:after")

    async def _settled(self, settlement: Settlement, routes: Sequence[TroubleRoute], failed: int) -> bool:
        self._step("settle:before")
        try:
            await self._store.settle(settlement, routes)
        except Exception as error:
            log.error("cannot settle", message=settlement.message, error=_said(error), attempts=failed + 1)
            return False
        return True

    def _now(self) -> datetime:
        """Give the time that queues and claims go by: one and the same in a run that tries everything once."""
        return self._once or self._clock.now()


def _said(error: Exception) -> str:
    """Give an error's words where they are ours, else its kind: other words may hold what must not be logged."""
    return str(error) if isinstance(error, MonitorError) else type(error).__name__


def _log_surprise(event: str, error: Exception, **about: str) -> None:
    """Log what and where, without the error's words and values."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    where = " > ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames)
    log.error(event, error=type(error).__name__, where=where, **about)


def _log_outcome(batch: Batch, outcome: SendOutcome) -> None:
    ids = [p.news.alert.id for p in batch.parcels[:5] if p.news is not None]
    about = {"channel": batch.channel, "recipient": batch.recipient, "alerts": ids, "deliveries": batch.count}
    if outcome.result is SendResult.ACCEPTED:
        # What is on the terminal need not be said there again, between the alerts.
        say = log.debug if batch.channel == TERMINAL else log.info
        say("sent", **about)
    else:
        log.warning("not sent", result=outcome.result.value, detail=outcome.detail, **about)
