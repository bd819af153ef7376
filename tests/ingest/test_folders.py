"""Folders: what becomes of a file whose reader fails, and of its neighbours."""

from __future__ import annotations

import asyncio
import errno
import io
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.app import App, build
from monitor.config import load
from monitor.config.places import DATABASE
from monitor.core.formats import parse
from monitor.ingest import folders
from monitor.ingest.folders import AGAIN_AFTER, TIDY_EVERY
from monitor.ingest.poll import Plan
from monitor.model import Document, Health, Parsed, PollResult, Refused, SourceId
from monitor.ports import AlertRecord
from monitor.sources import folder
from monitor.store import open_archive

TIMED_OUT = Refused(reason="reading it took longer than 5 s", passing=True)
BINARY = Refused(reason="it is binary data, and no text")


@dataclass
class HandClock:
    """A clock that is moved by hand, far ahead of the files' times."""

    seconds: float = 1000.0
    at: datetime = datetime(2100, 1, 27, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        self.at += timedelta(seconds=seconds)


@dataclass
class Reader:
    """Reads documents, but for those whose names it was given an answer for."""

    answers: dict[str, Iterator[Refused | Exception]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def parse(self, document: Document) -> Parsed | Refused:
        name = Path(document.location).name
        self.asked.append(name)
        answer = next(self.answers.get(name, iter(())), None)
        if isinstance(answer, Exception):
            raise answer
        return answer or parse(document)


def copy_of(name: str) -> str:
    return f"Report {name}\n\nLONDON (Local Wire) - Ada Quillfeather spoke.\n"


@dataclass
class Desk:
    """One folder, looked into by hand."""

    state: Path
    app: App
    plan: Plan
    folder: Path
    clock: HandClock
    reader: Reader
    id: SourceId
    beside: SourceId

    def drop(self, name: str) -> None:
        (self.folder / name).write_text(copy_of(name))

    async def look(self) -> PollResult:
        await self.clock.sleep(1)
        return await self.app.folders.look(self.plan, self.id)

    async def known_names(self) -> list[str]:
        known = await self.app.store.known_files(self.id)
        return sorted(Path(k.path).name for k in known)

    async def alerts(self) -> tuple[AlertRecord, ...]:
        with open_archive(self.state / DATABASE) as archive:
            return tuple(archive.alerts(limit=100))

    async def health(self) -> Health:
        state = await self.app.store.source(self.id)
        assert state is not None
        return state.health


@asynccontextmanager
async def desk(
    tmp_path: Path, *, backlog: str = "all", beside: bool = False, **answers: list[Refused | Exception]
) -> AsyncIterator[Desk]:
    wire, config = tmp_path / "wire", tmp_path / "config"
    others = [tmp_path / "beside"] if beside else []
    for path in (wire, *others, config / "watchlists"):
        path.mkdir(parents=True, exist_ok=True)
    (config / "monitor.yaml").write_text("keep: {disk_free: 1 MB}\n")
    (config / "watchlists" / "people.yaml").write_text("actors: [Ada Quillfeather]\n")
    entries = "".join(f"  - {{path: {path}, alert_backlog: {backlog}}}\n" for path in (wire, *others))
    (config / "sources.yaml").write_text(f"folders:\n{entries}")
    clock = HandClock()
    reader = Reader({f"{name}.txt": iter(given) for name, given in answers.items()})
    async with build(state=tmp_path, stream=io.StringIO(), clock=clock, parse=reader) as app:
        configured = await app.configure(load(config, environ={}))
        await app.use(configured, due=lambda _: clock.now())
        id, *more = configured.plan.sources
        yield Desk(tmp_path, app, configured.plan, wire, clock, reader, id, more[0] if more else id)


async def test_a_file_whose_reader_failed_by_chance_is_read_again(tmp_path: Path) -> None:
    async with desk(tmp_path, a=[TIMED_OUT]) as it:
        it.drop("a.txt")
        await it.look()
        assert await it.look() is PollResult.PARTLY
        assert (await it.known_names(), it.reader.asked) == ([], ["a.txt"])
        await it.clock.sleep(AGAIN_AFTER[0])
        assert await it.look() is PollResult.READ
        assert await it.known_names() == ["a.txt"]
        assert await it.health() is Health.OK


async def test_it_is_not_read_again_before_its_time(tmp_path: Path) -> None:
    async with desk(tmp_path, a=[TIMED_OUT] * 2) as it:
        it.drop("a.txt")
        for _ in range(2):
            await it.look()
        await it.clock.sleep(AGAIN_AFTER[0])
        for _ in range(5):
            await it.look()
        assert it.reader.asked == ["a.txt"] * 2


async def test_a_file_that_fails_every_time_is_refused_with_the_reason_in_the_end(tmp_path: Path) -> None:
    async with desk(tmp_path, a=[TIMED_OUT] * 9) as it:
        it.drop("a.txt")
        for wait in (0, 0, *AGAIN_AFTER, 600, 600):
            await it.clock.sleep(wait)
            await it.look()
        assert it.reader.asked == ["a.txt"] * (1 + len(AGAIN_AFTER))
        assert await it.known_names() == ["a.txt"]
        state = await it.app.store.source(it.id)
        assert state is not None
        assert state.health_reason == TIMED_OUT.reason


async def test_a_file_that_changed_meanwhile_is_read_as_soon_as_it_is_whole(tmp_path: Path) -> None:
    async with desk(tmp_path, a=[TIMED_OUT] * 2) as it:
        it.drop("a.txt")
        for wait in (0, 0, AGAIN_AFTER[0]):
            await it.clock.sleep(wait)
            await it.look()
        (it.folder / "a.txt").write_text("Another report\n\nLONDON (Local Wire) - It is another one.\n")
        for _ in range(2):
            await it.look()
        assert await it.known_names() == ["a.txt"]


async def test_a_file_that_cannot_be_read_at_all_is_refused_at_once(tmp_path: Path) -> None:
    async with desk(tmp_path, a=[BINARY]) as it:
        it.drop("a.txt")
        for _ in range(3):
            await it.look()
        assert (await it.known_names(), it.reader.asked) == (["a.txt"], ["a.txt"])


@pytest.mark.parametrize("wrong", [TIMED_OUT, BINARY, RuntimeError("a surprise")], ids=str)
async def test_one_bad_file_holds_up_no_other(tmp_path: Path, wrong: Refused | Exception) -> None:
    async with desk(tmp_path, b=[wrong] * 2) as it:
        for name in ("a.txt", "b.txt", "c.txt"):
            it.drop(name)
        for _ in range(2):
            await it.look()
        assert {"a.txt", "c.txt"} <= set(await it.known_names())


async def test_a_surprise_is_recorded_with_the_file_that_caused_it(tmp_path: Path) -> None:
    async with desk(tmp_path, b=[RuntimeError("a surprise")] * 2) as it:
        for name in ("a.txt", "b.txt"):
            it.drop(name)
        for _ in range(2):
            await it.look()
        state = await it.app.store.source(it.id)
        assert state is not None
        assert state.health_reason == "unexpected: RuntimeError"
        assert await it.known_names() == ["a.txt", "b.txt"]


async def test_files_that_are_gone_are_forgotten_and_alert_nobody_when_they_return(tmp_path: Path) -> None:
    async with desk(tmp_path) as it:
        it.drop("a.txt")
        it.drop("b.txt")
        for _ in range(2):
            await it.look()
        kept = (it.folder / "a.txt").read_text()
        (it.folder / "a.txt").unlink()
        await it.look()
        assert await it.known_names() == ["a.txt", "b.txt"]
        await it.clock.sleep(TIDY_EVERY)
        await it.look()
        assert await it.known_names() == ["b.txt"]
        (it.folder / "a.txt").write_text(kept)
        for _ in range(2):
            await it.look()
        assert await it.known_names() == ["a.txt", "b.txt"]
        assert len(await it.alerts()) == 2


async def test_a_folder_that_lost_its_mount_forgets_nothing(tmp_path: Path) -> None:
    async with desk(tmp_path) as it:
        it.drop("a.txt")
        for _ in range(2):
            await it.look()
        (it.folder / "a.txt").rename(tmp_path / "a.txt")
        it.drop("b.txt")
        await it.clock.sleep(TIDY_EVERY)
        await it.look()
        assert await it.known_names() == ["a.txt"]


async def test_a_disk_that_fails_for_a_moment_costs_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk(tmp_path) as it:
        it.drop("a.txt")
        await it.look()
        with monkeypatch.context() as broken:
            broken.setattr(folder, "open_regular", _no_more_open_files)
            await it.look()
        assert await it.known_names() == []
        await it.clock.sleep(AGAIN_AFTER[0])
        await it.look()
        assert await it.known_names() == ["a.txt"]
        assert len(await it.alerts()) == 1


async def test_what_stays_unreadable_is_recorded_once_and_tried_again_by_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(folder, "open_regular", _no_more_open_files)
        async with desk(tmp_path) as it:
            it.drop("a.txt")
            for wait in (0, 0, *AGAIN_AFTER, 600, 600):
                await it.clock.sleep(wait)
                await it.look()
            assert await it.known_names() == ["a.txt"]
            state = await it.app.store.source(it.id)
            assert state is not None
            assert state.health_reason == "it could not be read: too many open files"
    async with desk(tmp_path) as it:
        for _ in range(2):
            await it.look()
        assert len(await it.alerts()) == 1


def _no_more_open_files(*args: object) -> None:
    raise OSError(errno.EMFILE, "Too many open files")


async def test_a_disk_that_hangs_is_told_of_and_holds_up_no_other_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "HUNG", 0.01)
    answers = threading.Event()
    async with desk(tmp_path, beside=True) as it:
        look = folder.Folder.look

        def hang(self: folder.Folder, *args: Any, **asked: Any) -> Any:
            if self._path == it.folder:
                answers.wait(30)
            return look(self, *args, **asked)

        monkeypatch.setattr(folder.Folder, "look", hang)
        (it.folder.parent / "beside" / "b.txt").write_text(copy_of("b.txt"))
        it.drop("a.txt")
        hanging = asyncio.create_task(it.look())
        while await it.health() is not Health.FAILING:  # noqa: ASYNC110 -- the store has no event for it
            await asyncio.sleep(0.01)
        for _ in range(2):
            await it.clock.sleep(1)
            await it.app.folders.look(it.plan, it.beside)
        assert [a.alert.reason for a in await it.alerts()] == ["backlog wanted"]
        answers.set()
        await hanging
        await it.look()
        assert len(await it.alerts()) == 2
        assert await it.health() is Health.OK


async def test_one_round_gives_up_a_disk_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "HUNG", 0.01)
    answers = threading.Event()
    monkeypatch.setattr(folder.Folder, "look", lambda *args, **asked: answers.wait(30))
    async with desk(tmp_path) as it:
        assert not await it.app.folders.look_until_settled(it.plan, 5)
        answers.set()


async def test_the_newest_files_of_a_folder_are_told_however_many_batches_it_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "BATCH_FILES", 2)
    async with desk(tmp_path, backlog="3") as it:
        for n in range(9):
            it.drop(f"{n}.txt")
        for _ in range(2):
            await it.look()
        told = [a for a in await it.alerts() if not a.alert.suppressed]
        assert sorted(a.record.article.headline or "" for a in told) == [f"Report {n}.txt" for n in (6, 7, 8)]
