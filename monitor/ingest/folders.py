"""Says when each folder is looked into, and has what a look found read and committed in batches.

A look costs one scan and writes nothing; only what it brings makes a poll. It parses and decides nothing itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TypeVar, TypeVarTuple

from monitor.config.settings import FolderSettings
from monitor.core import health
from monitor.ingest.poll import Ingest, Plan, Reading
from monitor.model import Document, Health, PollResult, Refused, SourceId, SourceState
from monitor.ports import Clock, KnownFile, Store
from monitor.sources.folder import Folder, FolderFailed, FoundFile, Look, RefusedFile

T = TypeVar("T")
Args = TypeVarTuple("Args")

BATCH_FILES = 200
BATCH_BYTES = 16_000_000
"""One transaction's worth of files: enough to be quick, little enough to hold in memory."""
FAILED_LOOK = 5.0
"""Seconds until a folder that could not be looked into is tried again."""
FAILURE_NOTED = 600.0
"""Seconds between two records of a folder that goes on failing."""


@dataclass(slots=True)
class _Watched:
    """A folder, with what is remembered of it between looks."""

    settings: FolderSettings
    folder: Folder
    known: dict[str, KnownFile] | None = None
    """What the store knows of it, by path; None: not asked yet."""
    next_look: float = 0.0
    waiting: int = 0
    noted: float | None = None
    """When its failure was last recorded; None: it does not fail."""


class Folders:
    """Every folder of the configuration."""

    def __init__(self, *, store: Store, ingest: Ingest, clock: Clock, threads: Executor) -> None:
        self._store = store
        self._ingest = ingest
        self._clock = clock
        self._threads = threads
        self._watched: dict[SourceId, _Watched] = {}

    def use(self, plan: Plan) -> None:
        """Watch the folders of this plan; those that stay as they were keep what is remembered of them."""
        kept = self._watched
        self._watched = {
            s.id: kept[s.id] if s.id in kept and kept[s.id].settings == s else self._begin(s)
            for s in plan.sources.values()
            if isinstance(s, FolderSettings)
        }

    def due(self) -> tuple[SourceId, ...]:
        """Give the folders whose next look has come."""
        now = self._clock.monotonic()
        return tuple(id for id, watched in self._watched.items() if watched.next_look <= now)

    async def look(self, plan: Plan, id: SourceId) -> PollResult:
        """Look into one folder, and commit what was found. Gives how it went."""
        watched = self._watched[id]
        if watched.known is None:
            watched.known = {k.path: k for k in await self._store.known_files(id)}
        look = await self._in_thread(watched.folder.look, watched.known)
        if isinstance(look, FolderFailed):
            return await self._failed(plan, watched, look.reason)
        result = await self._take_in(plan, watched, look)
        watched.noted = None
        watched.waiting = look.waiting
        watched.next_look = self._clock.monotonic() + look.next_look_after
        return result

    async def look_until_settled(self, plan: Plan, patience: float) -> bool:
        """Look into every folder until no file is waiting to be whole, or patience (seconds) ends.

        Gives whether all folders could be read.
        """
        results = await asyncio.gather(*(self._settle(plan, id, patience) for id in tuple(self._watched)))
        return all(results)

    async def _settle(self, plan: Plan, id: SourceId, patience: float) -> bool:
        ends = self._clock.monotonic() + patience
        well = True
        while True:
            well = await self.look(plan, id) is PollResult.READ and well
            watched = self._watched[id]
            pause = watched.next_look - self._clock.monotonic()
            more = watched.waiting or pause <= 0
            if not well or not more or self._clock.monotonic() + pause > ends:
                return well
            await self._clock.sleep(max(pause, 0))

    def _begin(self, settings: FolderSettings) -> _Watched:
        folder = Folder(source=settings.id, path=settings.path, clock=self._clock, hints=settings.hints)
        return _Watched(settings=settings, folder=folder)

    # -- what a look brought -----------------------------------------------------------------

    async def _take_in(self, plan: Plan, watched: _Watched, look: Look) -> PollResult:
        results = []
        refused = tuple(_refusal(r) for r in look.refused)
        for batch in _batches(look.ready):
            results.append(await self._commit(plan, watched, refused, batch))
            refused = ()
        if not results and (refused or await self._must_say_well(watched)):
            results.append(await self._commit(plan, watched, refused, ()))
        return next((r for r in results if r is not PollResult.READ), PollResult.READ)

    async def _must_say_well(self, watched: _Watched) -> bool:
        """Whether the store still has the folder down as failing, or as never read."""
        if watched.noted is None and watched.next_look:
            return False
        state = await self._state(watched)
        return state.first_read_at is None or state.health is Health.FAILING

    async def _commit(
        self, plan: Plan, watched: _Watched, refused: Sequence[Reading], batch: Sequence[FoundFile]
    ) -> PollResult:
        poll = self._ingest.begin(plan, await self._state(watched))
        found = [await self._in_thread(watched.folder.read, f) for f in batch]
        documents = [d for d in found if isinstance(d, Document)]
        read = await asyncio.gather(*(self._ingest.read(d) for d in documents))
        unread = [_refusal(r) for r in found if isinstance(r, RefusedFile)]
        readings = [*refused, *unread, *read]
        if not readings and batch:
            return PollResult.READ
        result = await self._ingest.commit(poll, readings)
        self._remember(watched, readings)
        return result

    def _remember(self, watched: _Watched, readings: Sequence[Reading]) -> None:
        assert watched.known is not None
        for document in (r.document for r in readings):
            assert document.stamp is not None
            watched.known[document.location] = KnownFile(
                path=document.location, stamp=document.stamp, content_hash=document.content_hash
            )

    async def _failed(self, plan: Plan, watched: _Watched, reason: str) -> PollResult:
        now = self._clock.monotonic()
        watched.next_look = now + FAILED_LOOK
        state = await self._state(watched)
        early = state.failures < health.FAILURES_TOLD
        if early or watched.noted is None or now - watched.noted >= FAILURE_NOTED:
            watched.noted = now
            await self._ingest.failed(self._ingest.begin(plan, state), reason)
        return PollResult.FAILED

    async def _state(self, watched: _Watched) -> SourceState:
        state = await self._store.source(watched.settings.id)
        assert state is not None, "a folder of the configuration is mirrored in the store"
        return state

    async def _in_thread(self, work: Callable[[*Args], T], *args: *Args) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *args)


def _refusal(refused: RefusedFile) -> Reading:
    return Reading(document=refused.document, result=Refused(reason=refused.reason))


def _batches(found: Sequence[FoundFile]) -> Iterator[list[FoundFile]]:
    batch: list[FoundFile] = []
    size = 0
    for file in found:
        if batch and (len(batch) >= BATCH_FILES or size + file.stamp.size > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(file)
        size += file.stamp.size
    if batch:
        yield batch
