"""One thread writes for all: many calls in one transaction, each its own success or failure; full disks and locks."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.errors import DiskFull, StoreError
from monitor.model import Claim, DeliveryState, Only, Settlement, Trouble
from monitor.ports import Store
from monitor.store import SqliteStore, open_archive, open_store, opening, verify
from monitor.store.reserve import Reserve
from tests.store.making import (
    DESK,
    FEED,
    NIGHT,
    NOON,
    OPS,
    StillClock,
    alerting,
    article,
    entry,
    new,
    outcome,
)

LATER = NOON + timedelta(minutes=1)
CLAIM = Claim(channel=DESK, recipient=NIGHT, only=Only.ALERTS, at_most=1, listed=1)
HOUR = timedelta(hours=1)


async def opened(path: Path, step: object = None) -> SqliteStore:
    store = open_store(path, StillClock(), *([step] if step else []))  # type: ignore[list-item]
    await store.mirror_sources([entry(FEED)], NOON, lambda _: NOON)
    return store


class Once:
    """A step that does something the first time it is called by its name."""

    def __init__(self, name: str, act: object) -> None:
        self.name = name
        self.act = act

    def __call__(self, name: str) -> None:
        if name == self.name and self.act is not None:
            act, self.act = self.act, None
            act()  # type: ignore[operator]


async def test_calls_that_wait_together_are_committed_together(path: Path) -> None:
    gate = threading.Event()
    store = await opened(path, Once("tell:before", gate.wait))
    commits: list[str] = []
    store._writer._connection.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else None)
    first = asyncio.ensure_future(store.tell([], [], [], NOON))
    await asyncio.sleep(0)
    rest = [asyncio.ensure_future(store.commit_poll(outcome(new(article(f"{n}"))))) for n in range(20)]
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(first, *rest)
    assert len(commits) <= 2
    await store.close()


async def test_reads_do_not_wait_for_a_write(path: Path) -> None:
    gate = threading.Event()
    store = await opened(path, Once("tell:before", gate.wait))
    writing = asyncio.ensure_future(store.tell([], [], [], NOON))
    assert await store.source(FEED) is not None
    assert not writing.done()
    gate.set()
    await writing
    await store.close()


def fail() -> None:
    raise RuntimeError("a surprise")


@pytest.mark.parametrize("when", ["before", "written", "after"])
async def test_a_surprise_reaches_its_caller_and_nobody_else(path: Path, when: str) -> None:
    store = await opened(path, Once(f"tell:{when}", fail))
    results = await asyncio.gather(
        store.tell([Trouble(key="k", text="t", at=NOON)], [], [OPS], NOON),
        store.commit_poll(outcome(new(article()))),
        return_exceptions=True,
    )
    assert isinstance(results[0], RuntimeError)
    assert not isinstance(results[1], BaseException)
    assert len(await store.queues(LATER)) == (1 if when == "after" else 0)
    await store.close()


async def test_a_call_given_up_before_its_turn_is_not_written(path: Path) -> None:
    gate = threading.Event()
    store = await opened(path, Once("tell:before", gate.wait))
    first = asyncio.ensure_future(store.tell([], [], [], NOON))
    await asyncio.sleep(0)
    second = asyncio.ensure_future(store.commit_poll(outcome(new(article()))))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.sleep(0)
    gate.set()
    await first
    await store.close()
    with open_archive(path) as archive:
        assert archive.articles(limit=9) == ()


async def test_closing_finishes_what_is_queued(path: Path) -> None:
    store = await opened(path)
    writes = [asyncio.ensure_future(store.commit_poll(outcome(new(article(f"{n}"))))) for n in range(100)]
    await asyncio.sleep(0)
    await store.close()
    await asyncio.gather(*writes)
    with open_archive(path) as archive:
        assert len(archive.articles(limit=200)) == 100


async def test_the_log_is_written_back_and_does_not_grow_for_ever(path: Path) -> None:
    store = await opened(path)
    log = path.with_name("monitor.db-wal")
    for n in range(200):
        await store.tell([], [f"{n}"], [], NOON)
        await store.commit_poll(outcome(new(article(f"{n}"))))
    assert log.stat().st_size < 4_000_000
    await store.close()


async def test_nobody_waits_for_a_writer_that_has_ended(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    gate = threading.Event()
    store = await opened(path, Once("tell:before", gate.wait))
    monkeypatch.setattr(store._writer, "_checkpoint_when_due", fail)
    first = asyncio.ensure_future(store.tell([], [], [], NOON))
    await asyncio.to_thread(lambda: None)
    rest = [asyncio.ensure_future(store.index_slice(HOUR)) for _ in range(3)]
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(first, *rest, return_exceptions=True)
    with pytest.raises(StoreError, match="closed"):
        await store.tell([], [], [], NOON)
    await store.close()


# -- locks -----------------------------------------------------------------------------------


async def test_a_lock_of_another_program_is_waited_out(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "BUSY_MS", 10)
    store = await opened(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        writing = asyncio.ensure_future(store.commit_poll(outcome(new(article()))))
        await asyncio.wait([writing], timeout=0.1)
        assert not writing.done()
        assert await store.source(FEED) is not None
        other.execute("ROLLBACK")
    assert (await writing).articles == 1
    await store.close()


async def test_closing_gives_up_on_a_lock_and_says_so(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "BUSY_MS", 10)
    store = await opened(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        writing = asyncio.ensure_future(store.commit_poll(outcome(new(article()))))
        await asyncio.sleep(0)
        await store.close()
    with pytest.raises(StoreError, match="another program keeps the database locked"):
        await writing


# -- full disks ------------------------------------------------------------------------------


def no_growth(store: SqliteStore) -> None:
    """Let the database grow no more, as on a full disk."""
    db = store._writer._connection
    pages = db.execute("PRAGMA page_count").fetchone()[0]
    db.execute(f"PRAGMA max_page_count = {pages}")


def room(store: SqliteStore) -> None:
    store._writer._connection.execute("PRAGMA max_page_count = 1000000000")


async def test_a_full_disk_is_told_nothing_is_half_written_and_it_resumes(path: Path) -> None:
    store = await opened(path)
    await store.commit_poll(outcome(alerting("before")))
    no_growth(store)
    big = outcome(new(article("big", "word " * 100_000)))
    with pytest.raises(DiskFull, match="make room"):
        await store.commit_poll(big)
    batch = await store.claim_deliveries(CLAIM, LATER, HOUR)
    assert batch is not None
    await store.settle(Settlement(message=batch.message, state=DeliveryState.SENT, at=LATER))
    room(store)
    assert (await store.commit_poll(big)).articles == 1
    await store.close()
    assert verify(path) == ()


async def test_a_poll_too_big_for_the_disk_does_not_take_others_down(path: Path) -> None:
    store = await opened(path)
    await store.commit_poll(outcome(new(article("before"))))
    no_growth(store)
    results = await asyncio.gather(
        store.commit_poll(outcome(new(article("big", "word " * 100_000)))),
        store.commit_poll(outcome(new(article("small")))),
        return_exceptions=True,
    )
    assert isinstance(results[0], DiskFull)
    assert not isinstance(results[1], BaseException)
    await store.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 8 MB, where this process may make one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("may not mount a small disk here")
    yield disk
    # Lazily: a test that failed may have left files open.
    subprocess.run(["umount", "-l", str(disk)], check=True)


def fill(path: Path) -> None:
    """Write until the disk has no room."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))


async def test_on_a_full_disk_polls_stop_owed_messages_go_out_and_it_resumes(small_disk: Path) -> None:
    path = small_disk / "monitor.db"
    store = await opened(path)
    await store.commit_poll(outcome(*(alerting(f"{n}") for n in range(30))))
    filler = small_disk / "filler"
    fill(filler)
    big = outcome(new(article("big", "word " * 50_000)))
    with pytest.raises(DiskFull):
        await store.commit_poll(big)
    assert await store.free_bytes() < 4096 * 8
    for _ in range(30):
        batch = await store.claim_deliveries(CLAIM, LATER, HOUR)
        assert batch is not None
        await store.settle(Settlement(message=batch.message, state=DeliveryState.SENT, at=LATER))
    filler.unlink()
    assert (await store.commit_poll(big)).articles == 1
    await store.close()
    assert verify(path) == ()


def test_the_reserve_is_small_on_a_small_disk_and_spent_once(small_disk: Path) -> None:
    reserve = Reserve(small_disk / "monitor.db")
    reserve.fill()
    assert 500_000 < (small_disk / "monitor.db.reserve").stat().st_size <= 1_048_576
    assert reserve.spend()
    assert not reserve.spend()


async def test_free_bytes_are_those_of_the_stores_disk(store: Store, path: Path) -> None:
    disk = os.statvfs(path)
    assert abs(await store.free_bytes() - disk.f_bavail * disk.f_frsize) < 1_000_000_000


async def test_a_message_id_is_never_used_twice(store: Store) -> None:
    await store.commit_poll(outcome(*(alerting(f"{n}") for n in range(50))))
    batches = [await store.claim_deliveries(replace(CLAIM), LATER, HOUR) for _ in range(50)]
    assert len({batch.message for batch in batches if batch}) == 50
