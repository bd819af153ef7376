"""Copy dropped into folders, in all the ways that people and transfers do."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from monitor.sandbox.pool import ParsePool
from tests.channels.receivers import Receiver
from tests.flow.world import Newsroom, copy_about, write_config
from tests.sources.server import Server, answer_of

LATER = timedelta(seconds=30)


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    folder = tmp_path / "drop"
    folder.mkdir()
    return folder


@pytest_asyncio.fixture(loop_scope="session")
async def room(tmp_path: Path, drop: Path, receiver: Receiver) -> AsyncIterator[Newsroom]:
    """A folder that was looked into before and was empty; troubles go to `ops`."""
    config = write_config(
        tmp_path / "config",
        monitor=f'channels: {{ops: {{url: "json://127.0.0.1:{receiver.port}/ops"}}}}\ntroubles: [ops]\n',
        sources=f"folders: [{{path: {drop}, name: Drop}}]\n",
        watchlist="actors: [Ada Quillfeather]\n",
    )
    made = Newsroom(config, tmp_path / "state")
    async with made.open():
        await made.round()
        yield made


def copy(n: int) -> str:
    return copy_about("Ada Quillfeather", f"Report {n} to the council")


def stamps(folder: Path) -> dict[Path, tuple[int, int, int]]:
    """Give what would tell that a file was touched."""
    found = {path: path.stat() for path in folder.rglob("*") if path.is_file()}
    return {path: (stat.st_size, stat.st_mtime_ns, stat.st_ino) for path, stat in found.items()}


async def test_files_are_read_wherever_they_lie_and_left_as_they_are(room: Newsroom, drop: Path) -> None:
    (drop / "deep" / "deeper").mkdir(parents=True)
    paths = [drop / "a.txt", drop / "deep" / "b", drop / "deep" / "deeper" / "новость 新闻.TXT"]
    for n, path in enumerate(paths):
        path.write_text(copy(n), encoding="utf-8")
    before = stamps(drop)
    await room.round(after=LATER)
    assert sorted(room.told()) == [f"Report {n} to the council" for n in range(3)]
    assert sorted(a["location"] for a in room.lines("articles")) == sorted(map(str, paths))
    assert stamps(drop) == before
    await room.round(after=LATER)
    assert len(room.alerts()) == 3


async def test_a_file_under_a_temporary_name_waits_for_its_own(room: Newsroom, drop: Path) -> None:
    unfinished = [drop / name for name in ("a.txt.part", ".b.txt", "c.tmp", "d.txt.filepart", "e.txt~")]
    for n, path in enumerate(unfinished):
        path.write_text(copy(n))
    await room.round(after=LATER)
    assert room.alerts() == []
    for n, path in enumerate(unfinished):
        path.rename(drop / f"{n}.txt")
    await room.round()
    assert sorted(room.told()) == [f"Report {n} to the council" for n in range(5)]


async def test_a_file_moved_in_from_elsewhere_is_read_at_the_first_look(
    room: Newsroom, drop: Path, tmp_path: Path
) -> None:
    (tmp_path / "outside.txt").write_text(copy(1))
    os.utime(tmp_path / "outside.txt", (1_700_000_000, 1_700_000_000))
    (tmp_path / "outside.txt").rename(drop / "inside.txt")
    room.clock.move(LATER)
    before = room.clock.elapsed
    await room.round()
    assert room.told() == ["Report 1 to the council"]
    assert room.clock.elapsed == before


async def test_a_file_that_changes_is_another_document(room: Newsroom, drop: Path) -> None:
    file = drop / "same.txt"
    file.write_text(copy(1))
    await room.round(after=LATER)
    file.write_text(copy(2))
    await room.round(after=LATER)
    os.utime(file)
    await room.round(after=LATER)
    file.write_text(copy(1))
    await room.round(after=LATER)
    assert room.told() == ["Report 1 to the council", "Report 2 to the council"]
    assert [a["number"] for a in room.lines("articles")] == [1, 1]


async def test_what_cannot_be_read_is_recorded_with_its_reason_and_blocks_nothing(
    room: Newsroom, drop: Path, receiver: Receiver, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text(copy(99))
    (drop / "link.txt").symlink_to(secret)
    os.mkfifo(drop / "pipe.txt")
    (drop / "binary.txt").write_bytes(b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 8)
    (drop / "good.txt").write_text(copy(1))
    await room.round(after=LATER)
    assert room.told() == ["Report 1 to the council"]
    assert room.source("Drop")["health"] == "degraded"
    with sqlite3.connect(room.state / "monitor.db") as database:
        reasons = "; ".join(
            detail for (detail,) in database.execute("SELECT detail FROM polls WHERE detail > ''")
        )
    database.close()
    for reason in ("it is a symbolic link", "it is a pipe", "it is a program"):
        assert reason in reasons
    (notice,) = [got.json() for got in receiver.got]
    assert notice["title"] == "[monitor] what Drop holds was not read (3)"
    assert "it is a" in notice["message"]
    count = len(receiver.got)
    (drop / "better.txt").write_text(copy(2))
    await room.round(after=LATER)
    assert room.told() == [f"Report {n} to the council" for n in (1, 2)]
    assert len(receiver.got) == count
    assert "Report 99" not in str(room.lines("articles"))


async def test_a_file_that_was_refused_is_read_once_it_is_mended(room: Newsroom, drop: Path) -> None:
    (drop / "a.txt").write_bytes(b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 8)
    await room.round(after=LATER)
    assert room.source("Drop")["health"] == "degraded"
    (drop / "a.txt").write_text(copy(1))
    await room.round(after=LATER)
    assert room.told() == ["Report 1 to the council"]
    assert room.source("Drop")["health"] == "ok"


async def test_a_folder_that_goes_away_is_told_and_read_when_it_is_back(
    room: Newsroom, drop: Path, receiver: Receiver
) -> None:
    os.rmdir(drop)
    for _ in range(5):
        await room.round(after=LATER)
    assert room.source("Drop")["health"] == "failing"
    (notice,) = receiver.got
    assert "there is no folder" in notice.json()["title"]
    os.mkdir(drop)
    (drop / "a.txt").write_text(copy(1))
    await room.round(after=LATER)
    assert room.told() == ["Report 1 to the council"]
    assert "over: " in receiver.got[-1].json()["title"]
    assert room.source("Drop")["health"] == "ok"


async def test_more_files_than_fit_in_one_transaction_all_alert_once(room: Newsroom, drop: Path) -> None:
    wanted = {f"Report {n} to the council" for n in range(250)}
    for n in range(250):
        (drop / f"{n}.txt").write_text(copy(n))
    await room.round(after=LATER)
    told = room.told()
    assert set(told) == wanted
    assert len(told) == 250
    assert room.source("Drop")["articles"] == 250


async def test_the_same_bytes_under_two_names_alert_once(room: Newsroom, drop: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (drop / name).write_text(copy(1))
    await room.round(after=LATER)
    assert len(room.told()) == 1
    assert [reason for _, reason in room.withheld()] == ["same text"]


async def test_where_no_parser_can_be_started_a_round_goes_on_and_no_file_is_taken_for_read(
    tmp_path: Path, drop: Path, wire: Server
) -> None:
    (drop / "a.txt").write_text(copy(1))
    (tmp_path / "bare").mkdir()
    wire.answers["/feed"] = answer_of(304)
    config = write_config(
        tmp_path / "config",
        sources=f"folders: [{{path: {drop}, name: Drop, alert_backlog: all}}, {{path: {tmp_path / 'bare'}}}]\n"
        f'feeds: [{{url: "{wire.url()}", name: Wire}}]\n',
        watchlist="actors: [Ada Quillfeather]\n",
    )
    room = Newsroom(config, tmp_path / "state")
    async with ParsePool(1, memory=2**24) as cramped, room.open(parse=cramped):
        await room.round()
        assert room.source("Drop")["health_reason"] == "unexpected: SandboxError"
        assert room.source("bare")["health"] == "ok"
        assert len(wire.requests) == 1
    async with room.open():
        await room.round()
    assert room.told() == ["Report 1 to the council"]
