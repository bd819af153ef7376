"""Told to stop, it finishes what is in flight, begins nothing more, and the next run goes on where it was."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import time
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.daemon import service
from tests.channels.receivers import Receiver, Reply
from tests.flow.world import Daemon, Item, QuickPlace, copy_about, rss, until, write_config
from tests.sources.server import Server, answer_of

SOME = 0.3
"""Seconds that a receiver or a feed takes."""


@pytest.fixture
def config(tmp_path: Path, wire: Server, receiver: Receiver, quick: None) -> Path:
    (tmp_path / "drop").mkdir()
    wire.answers["/feed"] = answer_of(200, rss())
    return write_config(
        tmp_path / "config",
        monitor=f'channels: {{desk: {{url: "json://127.0.0.1:{receiver.port}/"}}}}\ntell: [desk]\n',
        sources=f"folders: [{{path: {tmp_path / 'drop'}, alert_backlog: all}}]\n"
        f'feeds: [{{url: "{wire.url()}", name: Wire, every: 1 second, alert_backlog: all}}]\n',
        watchlist="actors: [Ada Quillfeather]\n",
    )


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def drop(folder: Path, *numbers: int) -> None:
    for n in numbers:
        part = folder / f"{n}.txt.part"
        part.write_text(copy_about("Ada Quillfeather", f"Report {n}"))
        part.rename(folder / f"{n}.txt")


def titles(receiver: Receiver) -> list[str]:
    return [got.json()["title"] for got in list(receiver.got)]


async def test_a_message_in_flight_ends_as_sent_and_none_follows_it(
    config: Path, state: Path, tmp_path: Path, receiver: Receiver
) -> None:
    receiver.usual = Reply(hang=SOME)
    daemon = Daemon(config, state)
    drop(tmp_path / "drop", 1, 2, 3)
    async with daemon.start():
        await until(lambda: receiver.got)
        began = time.monotonic()
        await daemon.stop()
        assert SOME / 2 < time.monotonic() - began < 20
    (first,) = titles(receiver)
    states = {a["headline"]: a["deliveries"][0]["state"] for a in daemon.alerts()}
    assert states == {f"Report {n}": "sent" if f"Report {n}" == first else "owed" for n in (1, 2, 3)}
    receiver.usual = Reply()
    async with Daemon(config, state).start():
        await until(lambda: len(receiver.got) == 3)
    assert sorted(titles(receiver)) == ["Report 1", "Report 2", "Report 3"]


async def test_a_poll_in_flight_is_committed(
    config: Path, state: Path, wire: Server, receiver: Receiver
) -> None:
    gate = asyncio.Event()

    async def slow(writer: asyncio.StreamWriter) -> None:
        await gate.wait()
        writer.write(answer_of(200, rss(Item("Ada Quillfeather speaks", guid="1"))))

    wire.answers["/feed"] = slow
    daemon = Daemon(config, state, place=QuickPlace)
    async with daemon.start():
        await until(lambda: wire.requests)
        stopping = asyncio.create_task(daemon.stop())
        await daemon.manager.hears("STOPPING=1")
        gate.set()
        await stopping
        assert len(wire.requests) == 1
    assert daemon.told() == ["Ada Quillfeather speaks"]
    async with Daemon(config, state, place=QuickPlace).start():
        await until(lambda: receiver.got)
        await until(lambda: len(wire.requests) > 2)
    assert titles(receiver) == ["Ada Quillfeather speaks"]


async def test_what_never_ends_is_given_up_on_and_goes_again_under_the_same_id(
    config: Path, state: Path, tmp_path: Path, receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch, logged: io.StringIO,
) -> None:  # fmt: skip
    monkeypatch.setattr(service, "GRACE", timedelta(seconds=SOME))
    receiver.replies.append(Reply(hang=20 * SOME))
    daemon = Daemon(config, state)
    drop(tmp_path / "drop", 1)
    async with daemon.start():
        await until(lambda: receiver.got)
        began = time.monotonic()
        await daemon.stop()
        assert time.monotonic() - began < 10 * SOME
    assert "given up on task=deliveries" in logged.getvalue()
    assert daemon.alerts()[0]["deliveries"][0]["state"] == "owed"
    async with Daemon(config, state).start():
        await until(lambda: len(receiver.got) == 2)
    assert len({got.header("X-Monitor-Alert") for got in receiver.got}) == 1


async def test_a_storm_of_signals_ends_it_once_and_in_good_order(
    config: Path, state: Path, tmp_path: Path, receiver: Receiver, logged: io.StringIO
) -> None:
    receiver.usual = Reply(hang=SOME)
    daemon = Daemon(config, state)
    drop(tmp_path / "drop", 1)
    async with daemon.start():
        await until(lambda: receiver.got)
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT) * 50:
            os.kill(os.getpid(), number)
            await asyncio.sleep(0)
        await daemon.stop()
        assert daemon.manager.count("STOPPING=1") == 1
    assert titles(receiver) == ["Report 1"]
    assert daemon.alerts()[0]["deliveries"][0]["state"] == "sent"
    assert logged.getvalue().count("info stopped\n") == 1
    assert " error " not in logged.getvalue()
