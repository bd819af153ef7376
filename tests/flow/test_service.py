"""What a service manager hears, and what commands can do while the daemon runs."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.channels.receivers import Receiver, Reply
from tests.flow.world import Daemon, Desk, Item, QuickPlace, copy_about, rss, until, write_config
from tests.sources.server import Server, answer_of

QUICK = 0.02
WATCHDOG = 0.1
"""Seconds that the service manager waits for a sign of life."""


@pytest.fixture
def config(tmp_path: Path, wire: Server, receiver: Receiver) -> Path:
    (tmp_path / "drop").mkdir()
    wire.answers["/feed"] = answer_of(200, rss())
    return write_config(
        tmp_path / "config",
        monitor="channels:\n"
        f'  desk: {{url: "json://127.0.0.1:{receiver.port}/desk"}}\n'
        f'  ops: {{url: "json://127.0.0.1:{receiver.port}/ops"}}\ntell: [desk]\ntroubles: [ops]\n',
        sources=f"folders: [{{path: {tmp_path / 'drop'}, name: Drop}}]\n"
        f'feeds: [{{url: "{wire.url()}", name: Wire, every: 1 second}}]\n',
        watchlist="actors: [Ada Quillfeather]\n",
    )


@pytest_asyncio.fixture(loop_scope="session")
async def daemon(config: Path, tmp_path: Path, quick: None) -> AsyncIterator[Daemon]:
    made = Daemon(config, tmp_path / "state", place=QuickPlace)
    async with made.start():
        yield made


def drop(folder: Path, n: int) -> str:
    """Drop a piece about somebody who is watched; give its headline."""
    headline = f"Report {n} to the council"
    part = folder / f"{n}.txt.part"
    part.write_text(copy_about("Ada Quillfeather", headline))
    part.rename(folder / f"{n}.txt")
    return headline


def heard(receiver: Receiver, channel: str) -> list[str]:
    return [got.json()["title"] for got in list(receiver.got) if got.path == f"/{channel}"]


# -- the service manager ---------------------------------------------------------------------


async def test_the_manager_hears_ready_then_signs_of_life_then_stopping(
    config: Path, tmp_path: Path, quick: None
) -> None:
    environ = {"WATCHDOG_USEC": str(int(WATCHDOG * 1e6))}
    daemon = Daemon(config, tmp_path / "state", environ, place=QuickPlace)
    async with daemon.start():
        assert daemon.manager.said[0] == "READY=1\nSTATUS=2 sources, 1 watches, 3 channels"
        await daemon.manager.hears("WATCHDOG=1", more_than=3)
        await daemon.stop()
        await daemon.manager.hears("STOPPING=1")
        assert daemon.manager.said[-1].startswith("STOPPING=1\nSTATUS=")
    assert [said for said in daemon.manager.said[1:-1] if said != "WATCHDOG=1"] == []


async def test_a_store_that_hangs_is_no_sign_of_life_however_lively_the_loop(
    config: Path, tmp_path: Path, quick: None
) -> None:
    free, hang = threading.Event(), threading.Event()

    def step(name: str) -> None:
        if name == "claim_sources:before" and hang.is_set():
            free.wait(30)

    environ = {"WATCHDOG_USEC": str(int(WATCHDOG * 1e6))}
    daemon = Daemon(config, tmp_path / "state", environ, place=QuickPlace)
    async with daemon.start(step=step):
        try:
            await daemon.manager.hears("WATCHDOG=1", more_than=1)
            hang.set()
            await asyncio.sleep(2 * WATCHDOG)  # what was on its way arrives
            before = daemon.manager.count("WATCHDOG=1")
            await asyncio.sleep(5 * WATCHDOG)  # for what must not come
            assert daemon.manager.count("WATCHDOG=1") == before
        finally:
            hang.clear()
            free.set()
        await daemon.manager.hears("WATCHDOG=1", more_than=before)


# -- commands beside it ----------------------------------------------------------------------

READING = [
    ("alerts",),
    ("articles",),
    ("sources",),
    ("deliveries",),
    ("search", "quays"),
]


async def test_every_reading_command_works_while_it_runs(
    daemon: Daemon, tmp_path: Path, receiver: Receiver
) -> None:
    headline = drop(tmp_path / "drop", 1)
    await until(lambda: headline in heard(receiver, "desk"))
    await until(lambda: daemon.lines("search", "quays"))
    for command in READING:
        shown = daemon.run(*command)
        assert (shown.exit_code, shown.stderr) == (0, ""), command
        assert len(shown.stdout.splitlines()) > 2, command
        assert daemon.lines(*command), command
    (alert,) = daemon.alerts()
    assert headline in daemon.run("why", alert["id"]).stdout
    assert daemon.lines("why", alert["id"])[0]["location"] == str(tmp_path / "drop" / "1.txt")


async def retry(desk: Desk, *ids: str) -> str:
    """Have deliveries made due again by the command; give what it says."""
    result = await asyncio.to_thread(desk.run, "deliveries", "--retry", *ids)
    assert (result.exit_code, result.stdout) == (0, "")
    return result.stderr


async def test_dead_letters_go_at_once_when_they_are_retried_while_it_runs(
    daemon: Daemon, tmp_path: Path, receiver: Receiver
) -> None:
    receiver.replies += [Reply(status=400), Reply(status=422)]
    headline = drop(tmp_path / "drop", 1)
    await until(lambda: heard(receiver, "ops"))
    (dead,) = daemon.lines("deliveries", "--only", "dead")
    assert dead["headline"] == headline
    tried = len(heard(receiver, "desk"))
    assert await retry(daemon) == "1 delivery is due now.\n"
    await until(lambda: daemon.alerts()[0]["deliveries"][0]["state"] == "sent")
    assert len(heard(receiver, "desk")) == tried + 1
    assert await retry(daemon) == "0 deliveries are due now.\n"


async def test_a_retry_goes_at_once_however_long_the_receiver_had_asked_to_be_left_alone(
    daemon: Daemon, tmp_path: Path, receiver: Receiver
) -> None:
    receiver.replies.append(Reply(status=503, headers=(("Retry-After", "3600"),)))
    drop(tmp_path / "drop", 1)
    await until(lambda: daemon.lines("deliveries", "--only", "retrying"))
    assert await retry(daemon, daemon.alerts()[0]["id"]) == "1 delivery is due now.\n"
    await until(lambda: daemon.alerts()[0]["deliveries"][0]["state"] == "sent")


async def test_what_waits_is_made_due_by_the_command_itself_where_none_runs(
    config: Path, tmp_path: Path, receiver: Receiver, quick: None
) -> None:
    daemon = Daemon(config, tmp_path / "state", place=QuickPlace)
    async with daemon.start():
        receiver.replies.append(Reply(status=404))
        drop(tmp_path / "drop", 1)
        await until(lambda: heard(receiver, "ops"))
        await daemon.stop()
    assert [d["state"] for d in daemon.alerts()[0]["deliveries"]] == ["owed"]
    count = len(heard(receiver, "desk"))
    assert await retry(daemon, "desk") == "1 delivery is due now.\n"
    again = Daemon(config, tmp_path / "state", place=QuickPlace)
    async with again.start():
        await until(lambda: len(heard(receiver, "desk")) == count + 1)
        await until(lambda: again.alerts()[0]["deliveries"][0]["state"] == "sent")


async def test_a_daemon_that_hangs_up_on_a_command_is_named(tmp_path: Path, config: Path) -> None:
    state = tmp_path / "state"
    os.mkdir(state)

    def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_unix_server(hang_up, str(state / "control.sock")):
        result = await asyncio.to_thread(Desk(config, state).run, "deliveries", "--retry")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "control.sock: the daemon did not answer" in result.stderr


# -- its own news ----------------------------------------------------------------------------


async def test_a_source_in_trouble_and_its_recovery_are_told_without_delay(
    daemon: Daemon, wire: Server, receiver: Receiver
) -> None:
    await until(lambda: daemon.source("Wire")["health"] == "ok")
    wire.answers["/feed"] = answer_of(500)
    await until(lambda: heard(receiver, "ops"))
    assert "Wire has failed 3 times in a row" in heard(receiver, "ops")[0]
    wire.answers["/feed"] = answer_of(200, rss(Item("Weather", guid="w")))
    await until(lambda: len(heard(receiver, "ops")) == 2)
    assert "over: Wire has failed" in heard(receiver, "ops")[1]
    assert heard(receiver, "desk") == []


async def test_without_room_on_the_disk_polls_wait_what_is_owed_goes_out_and_it_resumes_by_itself(
    daemon: Daemon, config: Path, tmp_path: Path, receiver: Receiver
) -> None:
    receiver.usual = Reply(status=503)
    first = drop(tmp_path / "drop", 1)
    await until(lambda: heard(receiver, "desk"))
    receiver.usual = Reply()
    settings = (config / "monitor.yaml").read_text()
    (config / "monitor.yaml").write_text(settings.replace("disk_free: 1 MB", "disk_free: 900000 GB"))
    os.kill(os.getpid(), signal.SIGHUP)
    await until(lambda: heard(receiver, "ops"))
    assert "less than" in heard(receiver, "ops")[0]
    second = drop(tmp_path / "drop", 2)
    await retry(daemon)
    await until(lambda: heard(receiver, "desk")[1:])
    await asyncio.sleep(10 * QUICK)  # for what must not come
    assert daemon.told() == [first]
    assert len(daemon.lines("articles")) == 1
    (config / "monitor.yaml").write_text(settings)
    os.kill(os.getpid(), signal.SIGHUP)
    await until(lambda: second in heard(receiver, "desk"))
    await until(lambda: heard(receiver, "ops")[1:])
    assert "over: " in heard(receiver, "ops")[1]
