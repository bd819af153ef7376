"""The store on SQLite: ports.Store over one writing thread and one reading thread. Each call is one transaction."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from monitor.errors import DiskFull, StoreError
from monitor.model import (
    ArticleId,
    Batch,
    ChannelName,
    Claim,
    Committed,
    Identity,
    Known,
    PollOutcome,
    Queue,
    Recipient,
    Settlement,
    SourceId,
    SourceKind,
    SourceState,
    Trouble,
    TroubleRoute,
)
from monitor.ports import Clock, KnownFile, SourceEntry, Step, nothing
from monitor.store import clock, outbox, polls, purging, recipients, search, sources, troubles
from monitor.store.opening import explained, open_for_reading, open_for_writing
from monitor.store.reserve import Reserve, free_bytes
from monitor.store.rows import hash_of
from monitor.store.writer import Writer

T = TypeVar("T")

WRITES = (
    "mirror_sources",
    "mirror_recipients",
    "claim_sources",
    "commit_poll",
    "claim_deliveries",
    "settle",
    "tell",
    "release_leases",
    "retry",
    "pull_forward",
    "index_slice",
    "purge",
)
STEPS = (
    *(f"migrate:{when}" for when in ("before", "statement", "after")),
    *(f"{write}:{when}" for write in WRITES for when in ("before", "written", "after")),
    *(f"checkpoint:{when}" for when in ("before", "after")),
    *(f"backup:{when}" for when in ("before", "after")),
)
"""Every name that the store calls `step` with. `written` is before the commit, `after` is after it."""


def open_store(path: Path, clock: Clock, step: Step = nothing) -> SqliteStore:
    """Open the store at a path, made or upgraded where needed. The caller holds the InstanceLock.

    Raises StoreTooNew, StoreCorrupt, DiskFull, and StoreError where the file cannot be opened.
    """
    try:
        connection = open_for_writing(path, step)
    except DiskFull:
        if not Reserve(path).spend():
            raise
        connection = open_for_writing(path, step)
    try:
        reading = open_for_reading(path)
    except BaseException:
        connection.close()
        raise
    return SqliteStore(path, connection, reading, clock, step)


class SqliteStore:
    """ports.Store; made by open_store()."""

    def __init__(
        self, path: Path, writing: sqlite3.Connection, reading: sqlite3.Connection, time: Clock, step: Step
    ) -> None:
        self._path = path
        self._clock = time
        self._reading = reading
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="store-reader")
        self._writer = Writer(writing, path, step)
        self._closed = False

    async def _write(
        self, name: str, work: Callable[[sqlite3.Connection], T], *, vital: bool = False, alone: bool = False
    ) -> T:
        """Have the writer run this; gives when it is on the disk."""
        future = self._writer.submit(name, work, vital=vital, alone=alone)
        result: T = await asyncio.wrap_future(future)
        return result

    async def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run this on the reading connection: it sees all that was committed, and waits for no write."""
        if self._closed:
            raise StoreError(f"{self._path}: the store is closed")
        try:
            return await asyncio.get_running_loop().run_in_executor(self._reader, work, self._reading)
        except sqlite3.Error as error:
            raise explained(error, self._path) from error

    # -- coming in -------------------------------------------------------------------------------

    async def mirror_sources(
        self, entries: Sequence[SourceEntry], now: datetime, due: Callable[[SourceId], datetime]
    ) -> None:
        """Make the sources table agree with the configuration. `due` is called in the writing thread."""
        await self._write("mirror_sources", lambda db: sources.mirror(db, entries, now, due))

    async def claim_sources(
        self, kind: SourceKind, now: datetime, n: int, lease: timedelta
    ) -> tuple[SourceState, ...]:
        """Give at most n due sources, leased."""
        return await self._write("claim_sources", lambda db: sources.claim(db, kind, now, n, lease))

    async def source(self, id: SourceId) -> SourceState | None:
        """Give one source's state."""
        return await self._read(lambda db: sources.source(db, id))

    async def known(self, identities: Iterable[Identity]) -> tuple[Known, ...]:
        """Give what is known of these identities."""
        asked = tuple(identities)
        return tuple(
            Known(
                identity=identity,
                article=ArticleId(row["article"]),
                source=SourceId(row["source"]),
                seen_hash=hash_of(row["seen_hash"]),
                number=row["number"],
            )
            for identity, row in await self._read(lambda db: polls.known(db, asked))
        )

    async def known_files(self, source: SourceId) -> tuple[KnownFile, ...]:
        """Give the latest document of each path of a folder."""
        return await self._read(lambda db: sources.known_files(db, source))

    async def commit_poll(
        self, outcome: PollOutcome, trouble_routes: Sequence[TroubleRoute] = ()
    ) -> Committed:
        """Write all that a poll brought, or nothing (Conflict, DiskFull)."""
        return await self._write("commit_poll", lambda db: polls.commit_poll(db, outcome, trouble_routes))

    # -- going out -------------------------------------------------------------------------------

    async def mirror_recipients(
        self,
        known: Mapping[ChannelName, Collection[Recipient]],
        mended: Collection[ChannelName],
        told: Callable[[ChannelName, Recipient, int], Trouble],
        routes: Sequence[TroubleRoute],
        now: datetime,
    ) -> None:
        """Make what is owed agree with the configuration. `told` is called in the writing thread."""
        await self._write(
            "mirror_recipients",
            lambda db: recipients.mirror(db, known, mended, told, routes, now),
            vital=True,
        )

    async def queues(self, now: datetime) -> tuple[Queue, ...]:
        """Give every recipient that is owed something due."""
        return await self._read(lambda db: outbox.queues(db, now))

    async def next_due(self) -> datetime | None:
        """Give when the next delivery that is not due yet comes due; a running lease's end counts."""
        now = self._clock.now()
        return await self._read(lambda db: outbox.next_due(db, now))

    async def claim_deliveries(self, claim: Claim, now: datetime, lease: timedelta) -> Batch | None:
        """Take due deliveries for one message."""
        return await self._write(
            "claim_deliveries", lambda db: outbox.claim_deliveries(db, claim, now, lease), vital=True
        )

    async def settle(self, settlement: Settlement, trouble_routes: Sequence[TroubleRoute] = ()) -> None:
        """Write what became of a message."""

        def work(db: sqlite3.Connection) -> None:
            outbox.settle(db, settlement)
            troubles.tell(db, settlement.troubles, settlement.recovered, trouble_routes, settlement.at)

        await self._write("settle", work, vital=True)

    async def tell(
        self,
        troubles_: Sequence[Trouble],
        recovered: Sequence[str],
        routes: Sequence[TroubleRoute],
        now: datetime,
    ) -> None:
        """Record troubles and recoveries, each told once."""
        await self._write("tell", lambda db: troubles.tell(db, troubles_, recovered, routes, now), vital=True)

    async def release_leases(self) -> int:
        """Free every claim that a dead process left."""
        return await self._write(
            "release_leases", lambda db: sources.release(db) + outbox.release(db), vital=True
        )

    async def retry(self, ids: Sequence[str], now: datetime) -> int:
        """Make dead, retrying or paused deliveries due now."""
        return await self._write("retry", lambda db: outbox.retry(db, ids, now), vital=True)

    async def pull_forward(self, by: timedelta, no_later_than: datetime) -> None:
        """Make every due time and lease earlier by this much, and none later than given."""
        await self._write("pull_forward", lambda db: clock.pull_forward(db, by, no_later_than), vital=True)

    # -- keeping house ---------------------------------------------------------------------------

    async def index_slice(self, budget: timedelta) -> bool:
        """Index articles for search for about this long, less where another write waits."""
        clock, pressed, seconds = self._clock.monotonic, self._writer.pressed, budget.total_seconds()
        return await self._write(
            "index_slice", lambda db: search.index_slice(db, seconds, clock, pressed), alone=True
        )

    async def purge(self, articles_before: datetime, polls_before: datetime, n: int) -> int:
        """Remove old texts and old polls."""
        return await self._write(
            "purge", lambda db: purging.purge(db, articles_before, polls_before, n), alone=True
        )

    async def free_bytes(self) -> int:
        """Give the free room of the disk that the store is on."""
        return await asyncio.to_thread(free_bytes, self._path.parent)

    async def close(self) -> None:
        """Finish what is queued and close."""
        if not self._closed:
            self._closed = True
            await asyncio.to_thread(self._close)

    def _close(self) -> None:
        """Close the reader first: the writer then writes its log back and takes it away."""
        self._reader.shutdown(wait=True)
        self._reading.close()
        self._writer.close()
