"""Everything in one process: each tick starts the polls that are due, and never waits for them.

Due times are kept in the store; what is held here is only what is under way. Deliveries run beside the
polls, and share nothing with them but the store.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import structlog

from monitor.config.settings import FeedSettings, Keep, Settings
from monitor.core import schedule
from monitor.deliver import Deliver
from monitor.engine.hosts import Hosts
from monitor.engine.ticks import Ticks
from monitor.errors import DiskFull, MonitorError
from monitor.ingest.folders import Folders
from monitor.ingest.poll import Ingest, Plan, Poll
from monitor.model import PollResult, SourceId, SourceKind, SourceState, Trouble, TroubleRoute
from monitor.ports import Clock, Store

log = structlog.get_logger("monitor.engine")

TICK = timedelta(seconds=0.5)
POLLS_AT_ONCE = 200
"""Hung servers hold a poll for its whole deadline; this many leave the others room."""
LEASE = timedelta(minutes=3)
"""Longer than any poll can take: it only ends by itself where a process died."""
UPKEEP = timedelta(minutes=1)
INDEX_SLICE = timedelta(milliseconds=50)
PURGE_SLICE = 500
"""Articles in one transaction: a purge holds the writer for tens of milliseconds."""
CALM = timedelta(hours=1)
"""How long after a jump of the clock nothing is purged: a wrong year must not cost the archive."""
DISK = "disk"
"""The key of the trouble that the disk is full."""


class Embedded:
    """The embedded engine."""

    def __init__(
        self, *, store: Store, ingest: Ingest, folders: Folders, deliver: Deliver, clock: Clock
    ) -> None:
        self._store = store
        self._ingest = ingest
        self._folders = folders
        self._deliver = deliver
        self._clock = clock
        self._keep = Keep()
        self._plan: Plan | None = None
        self._ticks = Ticks(clock, TICK, self.tick, self.clock_jumped)
        self._tasks: set[asyncio.Task[None]] = set()
        self._polling: dict[SourceId, asyncio.Task[None]] = {}
        self._hosts = Hosts()
        self._unfinished: dict[SourceId, SourceState] = {}
        self._more_due = False
        self._round: datetime | None = None
        """The moment that a single round is for: what comes due during it waits for the next."""
        self._paused = False
        self._running = False
        self._stopped = False
        self._told_of_disk = False
        self._keeping: asyncio.Task[None] | None = None
        self._upkeep_due = clock.monotonic()
        self._calm_until = clock.monotonic() + CALM.total_seconds()
        self.failed = 0
        """Feeds' polls that failed."""
        self.progress = 0
        """Ticks that ended well, the store having answered: what the watchdog goes by."""

    def use(self, settings: Settings, plan: Plan) -> None:
        """Go by this configuration from now on; polls under way keep the one that they began with."""
        self._keep, self._plan = settings.keep, plan
        self._folders.use(plan)

    def start(self) -> None:
        """Begin: polls and deliveries run until `stop`."""
        self._running = True
        self._ticks.start()
        self._spawn(self._deliver.run(), "deliveries")

    async def poll_once(self, patience: float) -> bool:
        """Poll every feed that is due, and every folder until its files are whole or `patience` (seconds) ends.

        Gives whether all went well.
        """
        assert self._plan is not None
        now = self._round = self._clock.now()
        await self._mind_disk(now)
        if self._paused:
            return False
        folders = asyncio.create_task(
            self._folders.look_until_settled(self._plan, patience, self._look_guarded)
        )
        await self._poll_feeds(now)
        await self.idle()
        self._round = None
        well = await folders
        return well and self.failed == 0 and not self.paused

    async def stop(self, grace: timedelta) -> None:
        """Start nothing more, and let what is in flight finish within the grace."""
        self._running, self._stopped = False, True
        self._ticks.stop()
        self._deliver.stop()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=grace.total_seconds())
            for task in late:
                log.warning("given up on", task=task.get_name())
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def tick(self, now: datetime) -> None:
        """Start what is due now. Waits for the store's answers only, never for a poll."""
        try:
            await self._mind_disk(now)
            if not self._paused:
                await self._poll_feeds(now)
                self._look_at_folders()
            await self._keep_up(now)
            self.progress += 1
        except MonitorError as error:
            log.error("tick", error=str(error))

    async def clock_jumped(self, distance: timedelta) -> None:
        """Set due times right after the wall clock was set; what was due by a clock set forward is due."""
        self._calm_until = self._clock.monotonic() + CALM.total_seconds()
        now = self._clock.now()
        await self._store.pull_forward(
            max(-distance, timedelta(0)), no_later_than=now + schedule.LONGEST_SILENCE
        )
        self._deliver.wake()

    @property
    def paused(self) -> bool:
        """Whether polls wait for room on the disk."""
        return self._paused

    async def idle(self) -> None:
        """Wait until no poll is under way."""
        while waiting := [*self._polling.values()]:
            await asyncio.wait(waiting)

    # -- polls -------------------------------------------------------------------------------

    async def _poll_feeds(self, now: datetime) -> None:
        room = POLLS_AT_ONCE - len(self._polling)
        if room <= 0:
            return
        claimed = await self._store.claim_sources(SourceKind.FEED, now, room, LEASE)
        self._more_due = len(claimed) == room
        for state in (*self._unfinished.values(), *claimed):
            if state.id not in self._polling and state.id not in self._hosts:
                self._take_up(state)
        self._unfinished.clear()

    def _take_up(self, state: SourceState) -> None:
        """Begin a poll, or have it wait for others of its host."""
        assert self._plan is not None
        feed = self._plan.sources.get(state.id)
        if isinstance(feed, FeedSettings) and self._hosts.admit(feed.host, state):
            self._start_poll(self._plan, feed.host, state)

    def _start_poll(self, plan: Plan, host: str, state: SourceState) -> None:
        task = self._spawn(self._poll(plan, host, state), f"poll {state.name}")
        self._polling[state.id] = task

    async def _poll(self, plan: Plan, host: str, state: SourceState) -> None:
        try:
            if state.id in plan.sources:
                await self._guarded(self._ingest.begin(plan, state))
        finally:
            self._polling.pop(state.id, None)
            self._go_on(host)
        if self._more_due and len(self._polling) < POLLS_AT_ONCE // 2 and self._may_poll:
            self._more_due = False
            try:
                await self._poll_feeds(self._round or self._clock.now())
            except MonitorError as error:
                log.error("claiming", error=str(error))

    def _go_on(self, host: str) -> None:
        """Begin the next poll of a host; while polls wait for room on the disk, its whole line does."""
        while (following := self._hosts.leave(host)) is not None:
            if self._may_poll and self._plan is not None:
                self._start_poll(self._plan, host, following)
                return
            self._unfinished[following.id] = following

    @property
    def _may_poll(self) -> bool:
        return not self._paused and not self._stopped

    async def _guarded(self, poll: Poll) -> None:
        """Poll a feed; a surprise costs that source that poll, and no other anything."""
        try:
            result = await self._ingest.poll_feed(poll)
            self.failed += result is PollResult.FAILED
        except DiskFull:
            self._unfinished[poll.state.id] = poll.state
            self._pause_for_disk()
        except Exception as error:
            log.error("poll failed in an unexpected way", source=poll.state.name, exc_info=error)
            self.failed += 1
            with suppress(MonitorError):
                await self._ingest.failed(poll, f"unexpected: {type(error).__name__}")

    def _look_at_folders(self) -> None:
        assert self._plan is not None
        for id in self._folders.due():
            if id not in self._polling:
                self._polling[id] = self._spawn(self._look(self._plan, id), f"look {id}")

    async def _look_guarded(self, plan: Plan, id: SourceId) -> PollResult:
        """Look into a folder; a surprise costs that folder that look, and no other anything."""
        try:
            return await self._folders.look(plan, id)
        except DiskFull:
            self._pause_for_disk()
        except Exception as error:
            log.error("a folder failed in an unexpected way", source=id, exc_info=error)
            with suppress(MonitorError):
                await self._folders.failed(plan, id, f"unexpected: {type(error).__name__}")
        return PollResult.FAILED

    async def _look(self, plan: Plan, id: SourceId) -> None:
        try:
            await self._look_guarded(plan, id)
        finally:
            self._polling.pop(id, None)
            if self._running:
                asyncio.get_running_loop().call_later(self._folders.pause(id), self._look_again)

    def _look_again(self) -> None:
        """Look at the moment when a file may be whole: the next tick is up to half a second away."""
        if self._running and not self._paused:
            self._look_at_folders()

    # -- the disk ----------------------------------------------------------------------------

    async def _mind_disk(self, now: datetime) -> None:
        short = await self._store.free_bytes() < self._keep.disk_free
        if short and not self._paused:
            self._pause_for_disk()
        if self._paused and not self._told_of_disk:
            await self._tell_of_disk(now)
        if self._paused and not short:
            self._paused = False
            log.warning("there is room on the disk again: polls go on")
            await self._store.tell((), (DISK,), self._trouble_routes, now)
            self._deliver.wake()

    def _pause_for_disk(self) -> None:
        if not self._paused:
            log.error("disk full: polls wait until there is room; what is owed still goes out")
            self._paused, self._told_of_disk = True, False

    async def _tell_of_disk(self, now: datetime) -> None:
        text = f"The disk of the store has less than {self._keep.disk_free // 1_000_000} MB free: polls wait."
        with suppress(DiskFull):
            await self._store.tell((Trouble(key=DISK, text=text, at=now),), (), self._trouble_routes, now)
            self._told_of_disk = True
            self._deliver.wake()

    # -- keeping up --------------------------------------------------------------------------

    async def _keep_up(self, now: datetime) -> None:
        """Index and purge in slices, one task at a time."""
        if self._keeping is not None and not self._keeping.done():
            return
        self._keeping = self._spawn(self._slices(now), "upkeep")

    async def _slices(self, now: datetime) -> None:
        try:
            while await self._store.index_slice(INDEX_SLICE) and not self._polling:
                pass
            if self._clock.monotonic() >= self._upkeep_due:
                self._upkeep_due = self._clock.monotonic() + UPKEEP.total_seconds()
                await self._purge(now)
        except DiskFull:
            self._pause_for_disk()
        except Exception as error:
            log.error("upkeep failed", exc_info=error)

    async def _purge(self, now: datetime) -> None:
        if self._clock.monotonic() < self._calm_until:
            return
        keep = self._keep
        while (
            await self._store.purge(now - keep.articles, now - keep.polls, PURGE_SLICE) and not self._polling
        ):
            pass

    @property
    def _trouble_routes(self) -> tuple[TroubleRoute, ...]:
        return self._plan.trouble_routes if self._plan else ()

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
