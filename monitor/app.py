"""The composition root: the one place that knows which room fulfils which port.

settings -> build() -> App -> run_once(), or App.engine for the daemon to start
"""

from __future__ import annotations

import asyncio
import gc
import os
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TextIO

import structlog

from monitor import __version__
from monitor.channels import build_channels
from monitor.config.places import DATABASE
from monitor.config.settings import Settings
from monitor.control import ask_retry
from monitor.core import schedule
from monitor.core.alerts.routing import Outlet
from monitor.core.watch import compile_watchlist
from monitor.deliver import Deliver, Ways, ways
from monitor.engine.embedded import Embedded
from monitor.ingest.folders import Folders
from monitor.ingest.poll import Ingest, Plan
from monitor.model import SourceId
from monitor.ports import Clock, Parse, SourceEntry, Step, nothing
from monitor.sandbox.pool import ParsePool
from monitor.sources.http import HttpFetch
from monitor.sources.silence import Silences
from monitor.store import InstanceLock, SqliteStore, open_store

log = structlog.get_logger("monitor.app")

MATCHERS = 2
"""Threads that match: the automaton's search lets go of the interpreter lock, the rest does not."""
PARSERS = min(2, os.cpu_count() or 1)
PATIENCE = 5.0
"""Seconds that one round waits for files to become whole."""
LONG_WAIT = 3.0
"""Seconds after which a start that waits for the database says so."""
SLICE = timedelta(milliseconds=50)


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Give the wall clock, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Give seconds that never jump."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """A configuration at work: what polls and deliveries go by."""

    settings: Settings
    plan: Plan
    ways: Ways


class App:
    """Everything put together around one store, which stays open until `close`."""

    def __init__(
        self,
        *,
        store: SqliteStore,
        parse: Parse,
        clock: Clock,
        stream: TextIO,
        jitter: Callable[[], float],
        step: Step,
    ) -> None:
        self.store = store
        self.clock = clock
        self._stream = stream
        self._fetches: list[HttpFetch] = []
        self._silences = Silences(clock)
        self._threads = ThreadPoolExecutor(MATCHERS, thread_name_prefix="match")
        self.deliver = Deliver(store=store, clock=clock, ways=Ways(channels={}), jitter=jitter, step=step)
        ingest = Ingest(
            store=store,
            parse=parse,
            clock=clock,
            threads=self._threads,
            jitter=jitter,
            owed=self.deliver.wake,
            step=step,
        )
        self.folders = Folders(store=store, ingest=ingest, clock=clock)
        self.engine = Embedded(
            store=store, ingest=ingest, folders=self.folders, deliver=self.deliver, clock=clock
        )

    async def configure(self, settings: Settings, before: Configured | None = None) -> Configured:
        """Make a configuration ready for work, aside: nothing goes by it yet.

        Where network and contact are as they were before, connections and hosts' wishes are kept.
        """
        watchlist = settings.watchlist
        if before is not None and before.settings.watchlist.version == watchlist.version:
            finder = before.plan.finder
        else:
            finder = await asyncio.to_thread(compile_watchlist, watchlist)
        # Aside, as the watchlist: loading Apprise takes a second.
        channels = await asyncio.to_thread(build_channels, settings, stream=self._stream, now=self.clock.now)
        made = ways(settings, channels)
        plan = Plan(
            sources={source.id: source for source in settings.sources},
            finder=finder,
            fetch=self._fetch(settings, before),
            outlets={
                c.name: Outlet(channel=c.name, recipients=c.recipients, least=c.priority)
                for c in settings.channels
            },
            trouble_routes=made.troubles,
        )
        return Configured(settings=settings, plan=plan, ways=made)

    async def use(self, configured: Configured, due: Callable[[SourceId], datetime]) -> None:
        """Go by a configuration from now on; a source that is new to the store is due as `due` says."""
        settings = configured.settings
        entries = [SourceEntry(id=s.id, kind=s.kind, name=s.name) for s in settings.sources]
        await self.store.mirror_sources(entries, self.clock.now(), due)
        await self.deliver.use(configured.ways)
        self.engine.use(settings, configured.plan)
        # A long watchlist is a million objects that stay: the collector need not look at them again and again.
        gc.freeze()

    def spread(self, sources: int) -> Callable[[SourceId], datetime]:
        """Give when each of so many new sources is first due, so that no burst goes out."""
        now, window = self.clock.now(), schedule.start_window(sources)
        return lambda id: schedule.spread(id, now, window)

    async def recover(self) -> None:
        """Take up what a process that died has left, and due times that a wrong clock wrote."""
        loop, told = asyncio.get_running_loop(), "waiting for the database: another program keeps it locked"
        waiting = loop.call_later(LONG_WAIT, log.info, told)
        try:
            freed = await self.store.release_leases()
        finally:
            waiting.cancel()
        if freed:
            log.info("taken up what was in flight when the last run ended", claims=freed)
        latest = self.clock.now() + schedule.LONGEST_SILENCE
        await self.store.pull_forward(timedelta(0), no_later_than=latest)

    async def close(self) -> None:
        """Close everything but the store's file, which outlives us."""
        for fetch in self._fetches:
            await fetch.close()
        self._threads.shutdown()
        await self.store.close()

    def _fetch(self, settings: Settings, before: Configured | None) -> HttpFetch:
        if before is not None and (before.settings.contact, before.settings.network) == (
            settings.contact,
            settings.network,
        ):
            return self._fetches[-1]
        fetch = HttpFetch(
            version=__version__,
            contact=settings.contact,
            clock=self.clock,
            allow=settings.network.allow,
            silences=self._silences,
        )
        # Polls under way keep the one that they began with, so it is closed at the end only.
        self._fetches.append(fetch)
        return fetch


@asynccontextmanager
async def build(
    *,
    state: Path,
    stream: TextIO,
    clock: Clock | None = None,
    parse: Parse | None = None,
    jitter: Callable[[], float] = random.random,
    step: Step = nothing,
) -> AsyncIterator[App]:
    """Open the store in `state`, which the caller has locked, and put everything together around it.

    `stream` is where the channel `terminal` prints. Raises StoreError.
    """
    clock = clock or SystemClock()
    async with ParsePool(PARSERS) as pool:
        store = open_store(state / DATABASE, clock, step)
        app = App(store=store, parse=parse or pool, clock=clock, stream=stream, jitter=jitter, step=step)
        try:
            yield app
        finally:
            await app.close()


def locked(state: Path) -> InstanceLock:
    """Give the lock that whoever runs on the store in `state` must hold. Raises AlreadyRunning on entering it."""
    return InstanceLock(state / DATABASE)


def run_once(settings: Settings, *, state: Path, stream: TextIO) -> int:
    """Poll everything that is due, try each due delivery once, and end.

    Gives the exit code: 0 all well, 1 a source or a delivery failed. Raises AlreadyRunning, StoreError.
    """
    with locked(state):
        return asyncio.run(_run_once(settings, state, stream))


async def _run_once(settings: Settings, state: Path, stream: TextIO) -> int:
    async with build(state=state, stream=stream) as app:
        await app.recover()
        now = app.clock.now()
        await app.use(await app.configure(settings), due=lambda _: now)
        polled_well = await app.engine.poll_once(PATIENCE)
        tally = await app.deliver.run_once()
        while await app.store.index_slice(SLICE):
            pass
        return 0 if polled_well and not tally.failed else 1


def retry(state: Path, ids: Sequence[str]) -> int:
    """Make dead, retrying or paused deliveries due again: by the running daemon, else by ourselves.

    Gives how many. Raises UsageError, StoreError.
    """
    asked = ask_retry(state, ids)
    if asked is not None:
        return asked
    with locked(state):
        return asyncio.run(_retry(state, ids))


async def _retry(state: Path, ids: Sequence[str]) -> int:
    clock = SystemClock()
    store = open_store(state / DATABASE, clock)
    try:
        return await store.retry(ids, clock.now())
    finally:
        await store.close()
