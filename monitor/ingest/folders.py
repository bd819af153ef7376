"""Says when each folder is looked into, and has what a look found read and committed in batches.

A look costs one scan and writes nothing; only what it brings makes a poll. It parses and decides nothing itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from heapq import nlargest
from typing import TypeVar

import structlog

from monitor.config.settings import FolderSettings
from monitor.core import health
from monitor.errors import MonitorError
from monitor.ingest.poll import Ingest, Plan, Reading
from monitor.model import Backlog, Document, FileStamp, Health, PollResult, Refused, SourceId, SourceState
from monitor.ports import Clock, KnownFile, Store
from monitor.sources.folder import (
    LOOK_EVERY,
    UNREAD,
    Folder,
    FolderFailed,
    FoundFile,
    Look,
    RefusedFile,
    arrived,
)
from monitor.threads import in_thread

T = TypeVar("T")

HowToLook = Callable[[Plan, SourceId], Awaitable[PollResult]]

log = structlog.get_logger("monitor.ingest")

BATCH_FILES = 200
BATCH_BYTES = 16_000_000
"""One transaction's worth of files: enough to be quick, little enough to hold in memory."""
FAILED_LOOK = 5.0
"""Seconds until a folder that could not be looked into is tried again."""
FAILURE_NOTED = 600.0
"""Seconds between two records of a folder that goes on failing."""
HUNG = 30.0
"""Seconds after which a disk that does not answer is told of; a lost network share hangs for hours."""
TIDY_EVERY = 3600.0
"""Seconds between two looks that also ask which known files are gone."""
AGAIN_AFTER = (2.0, 10.0, 60.0)
"""Seconds until a file whose reader failed is read again; when it fails after the last, it is refused for good."""


@dataclass(frozen=True, slots=True)
class _Again:
    """A file that is to be read again: as it looked, how often it was tried, and when it is due."""

    stamp: FileStamp
    tries: int
    at: float


@dataclass(slots=True)
class _Watched:
    """A folder, with what is remembered of it between looks."""

    settings: FolderSettings
    folder: Folder
    known: dict[str, KnownFile] | None = None
    """What the store knows of it, by path; None: not asked yet."""
    next_look: float = 0.0
    next_tidying: float = 0.0
    waiting: int = 0
    noted: float | None = None
    """When its failure was last recorded; None: it does not fail."""
    again: dict[str, _Again] = field(default_factory=dict)
    """Files whose reader failed, by location."""
    backlog: Backlog | None = None
    """Which of what it held at first alerts, where that must be known of all files before the first is read."""

    def is_due(self, found: FoundFile, now: float) -> bool:
        """Whether a file may be read now."""
        again = self.again.get(found.location)
        return again is None or again.at <= now or again.stamp != found.stamp


class Folders:
    """Every folder of the configuration."""

    def __init__(self, *, store: Store, ingest: Ingest, clock: Clock) -> None:
        self._store = store
        self._ingest = ingest
        self._clock = clock
        self._patient = True
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

    def pause(self, id: SourceId) -> float:
        """Give the seconds until a folder is looked into again, or until others are where it is watched no more."""
        watched = self._watched.get(id)
        return LOOK_EVERY if watched is None else max(0.0, watched.next_look - self._clock.monotonic())

    async def look(self, plan: Plan, id: SourceId) -> PollResult:
        """Look into one folder, and commit what was found. Gives how it went."""
        watched = self._watched[id]
        if watched.known is None:
            # What the disk kept from us is tried again by a new run.
            known = await self._store.known_files(id)
            watched.known = {k.path: k for k in known if k.content_hash != UNREAD}
        tidy = watched.next_tidying <= self._clock.monotonic()
        look = await self._ask(plan, watched, partial(watched.folder.look, watched.known, ask_gone=tidy))
        if isinstance(look, FolderFailed):
            return await self.failed(plan, id, look.reason)
        if watched.settings.alert_backlog.newest and watched.backlog is None:
            watched.backlog = _newest(watched, look, (await self._state(watched)).first_seen_at)
        result = await self._take_in(plan, watched, look)
        if tidy:
            watched.next_tidying = self._clock.monotonic() + TIDY_EVERY
        watched.noted = None
        watched.waiting = look.waiting
        watched.next_look = self._clock.monotonic() + look.next_look_after
        return result

    async def look_until_settled(self, plan: Plan, patience: float, look: HowToLook | None = None) -> bool:
        """Look into every folder until no file is waiting to be whole, or patience (seconds) ends.

        A folder whose disk does not answer is given up. `look` is `self.look` or what guards it. Gives whether all
        folders could be read.
        """
        self._patient = False
        each = (self._settle(plan, id, patience, look or self.look) for id in tuple(self._watched))
        return all(await asyncio.gather(*each))

    async def _settle(self, plan: Plan, id: SourceId, patience: float, look: HowToLook) -> bool:
        ends = self._clock.monotonic() + patience
        well = True
        while True:
            result = await look(plan, id)
            well = well and result is PollResult.READ
            watched = self._watched[id]
            pause = watched.next_look - self._clock.monotonic()
            more = watched.waiting or pause <= 0
            if result is PollResult.FAILED or not more or self._clock.monotonic() + pause > ends:
                return well
            await self._clock.sleep(max(pause, 0))

    def _begin(self, settings: FolderSettings) -> _Watched:
        folder = Folder(source=settings.id, path=settings.path, clock=self._clock, hints=settings.hints)
        return _Watched(settings=settings, folder=folder)

    # -- what a look brought -----------------------------------------------------------------

    async def _take_in(self, plan: Plan, watched: _Watched, look: Look) -> PollResult:
        now = self._clock.monotonic()
        due = [f for f in look.ready if watched.is_due(f, now)]
        results = [await self._read_and_commit(plan, watched, batch) for batch in _batches(due)]
        refused = [_refusal(r) for r in look.refused]
        if refused or look.gone or (not results and await self._must_say_well(watched)):
            results.append(await self._commit(plan, watched, refused, look.gone))
        elif not results and not watched.next_look:
            # Nothing is written, but a run begins with a word of each folder.
            said = PollResult.UNCHANGED.value
            log.info("poll", source=watched.settings.name, result=said, waiting=look.waiting)
        return _overall(results)

    async def _must_say_well(self, watched: _Watched) -> bool:
        """Whether the store still has the folder down as failing, or as never read."""
        if watched.noted is None and watched.next_look:
            return False
        state = await self._state(watched)
        return state.first_read_at is None or state.health is Health.FAILING

    async def _read_and_commit(self, plan: Plan, watched: _Watched, batch: Sequence[FoundFile]) -> PollResult:
        """Read files and commit them together; after a surprise each alone, so that one holds up no other."""
        try:
            found = await self._ask(plan, watched, lambda: [watched.folder.read(f) for f in batch])
            if isinstance(found, FolderFailed):
                return await self.failed(plan, watched.settings.id, found.reason)
            readings = await self._parse(found)
            return await self._commit(plan, watched, readings) if readings else PollResult.READ
        except MonitorError:
            raise
        except Exception as surprise:
            if len(batch) > 1:
                return _overall([await self._read_and_commit(plan, watched, [file]) for file in batch])
            log.error("a file failed in an unexpected way", path=batch[0].location, exc_info=surprise)
            reading = _refusal(watched.folder.refuse(batch[0], f"unexpected: {type(surprise).__name__}"))
            return await self._commit(plan, watched, [reading])

    async def _parse(self, found: Sequence[Document | RefusedFile | None]) -> list[Reading]:
        read = await asyncio.gather(*(self._ingest.read(d) for d in found if isinstance(d, Document)))
        return [*(_refusal(r) for r in found if isinstance(r, RefusedFile)), *read]

    async def _commit(
        self, plan: Plan, watched: _Watched, readings: Sequence[Reading], gone: Sequence[str] = ()
    ) -> PollResult:
        """Commit what was read, but for what is to be read again, and forget what is gone."""
        poll = self._ingest.begin(plan, await self._state(watched), watched.backlog)
        certain = [r for r in readings if not self._put_off(watched, r)]
        if readings and not certain:
            return PollResult.PARTLY
        result = await self._ingest.commit(poll, certain, gone=gone)
        self._remember(watched, certain, gone)
        return result if len(certain) == len(readings) else PollResult.PARTLY

    def _put_off(self, watched: _Watched, reading: Reading) -> bool:
        """Whether a file is left for another time, since its reader may not fail again."""
        document, result = reading.document, reading.result
        if not (isinstance(result, Refused) and result.passing):
            return False
        assert document.stamp is not None
        before = watched.again.get(document.location)
        tries = before.tries if before and before.stamp == document.stamp else 0
        if tries == len(AGAIN_AFTER):
            return False
        due = self._clock.monotonic() + AGAIN_AFTER[tries]
        watched.again[document.location] = _Again(document.stamp, tries + 1, due)
        log.warning("a file is read again later", path=document.location, reason=result.reason)
        return True

    def _remember(self, watched: _Watched, readings: Sequence[Reading], gone: Sequence[str]) -> None:
        assert watched.known is not None
        for path in gone:
            watched.known.pop(path, None)
        for document in (r.document for r in readings):
            assert document.stamp is not None
            watched.known[document.location] = KnownFile(
                path=document.location, stamp=document.stamp, content_hash=document.content_hash
            )
            watched.again.pop(document.location, None)

    async def failed(self, plan: Plan, id: SourceId, reason: str) -> PollResult:
        """Record that a folder could not be looked into, or not to the end; it is tried again soon."""
        watched = self._watched.get(id)
        if watched is None:  # it left the configuration meanwhile
            return PollResult.FAILED
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

    async def _ask(self, plan: Plan, watched: _Watched, work: Callable[[], T]) -> T | FolderFailed:
        """Ask a folder's disk, in a thread of its own: one that hangs must hold up no other."""
        asked = asyncio.ensure_future(in_thread(work, f"folder {watched.settings.name}"))
        hung = f"its disk has not answered for {HUNG:g} s"
        try:
            while not (await asyncio.wait({asked}, timeout=HUNG))[0]:
                if not self._patient:
                    return FolderFailed(reason=hung)
                await self.failed(plan, watched.settings.id, hung)
        finally:
            asked.cancel()
        return asked.result()


def _refusal(refused: RefusedFile) -> Reading:
    return Reading(document=refused.document, result=Refused(reason=refused.reason, passing=refused.passing))


def _newest(watched: _Watched, look: Look, first_seen_at: datetime) -> Backlog:
    """Give the wish for the newest few files as the moment from which on they came."""
    stamps = (*look.there, *(k.stamp for k in (watched.known or {}).values()))
    held = (at for stamp in stamps if (at := arrived(stamp)) <= first_seen_at)
    newest = nlargest(watched.settings.alert_backlog.newest, held)
    return Backlog(since=newest[-1] if newest else first_seen_at)


def _overall(results: Sequence[PollResult]) -> PollResult:
    return next((r for r in results if r is not PollResult.READ), PollResult.READ)


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
