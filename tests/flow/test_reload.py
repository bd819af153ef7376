"""Configurations saved while it runs: good ones take effect, half-saved and bad ones change nothing and are told."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from monitor.daemon import service
from tests.channels.receivers import Receiver
from tests.flow.world import Daemon, Desk, copy_about, until, write_config

NEVER = 1000.0
"""Seconds between two looks at the configuration, where only a signal is to bring one about."""
QUICK = 0.02
Save = Callable[[str], int]


@pytest.fixture
def config(tmp_path: Path, receiver: Receiver) -> Path:
    (tmp_path / "drop").mkdir()
    return write_config(
        tmp_path / "config",
        monitor="channels:\n"
        f'  desk: {{url: "json://127.0.0.1:{receiver.port}/desk"}}\n'
        f'  ops: {{url: "json://127.0.0.1:{receiver.port}/ops"}}\ntell: [desk]\ntroubles: [ops]\n',
        sources=f"folders: [{{path: {tmp_path / 'drop'}}}]\n",
        watchlist="actors: [Ada Quillfeather]\n",
    )


@pytest_asyncio.fixture(loop_scope="session")
async def daemon(
    config: Path, tmp_path: Path, quick: None, looks: float, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Daemon]:
    monkeypatch.setattr(service, "CONFIG_LOOK", looks)
    made = Daemon(config, tmp_path / "state")
    async with made.start():
        yield made


@pytest.fixture
def looks() -> float:
    return QUICK


@pytest.fixture
def watchlist(config: Path) -> Path:
    return config / "watchlists" / "people.yaml"


@pytest.fixture
def save(watchlist: Path) -> Save:
    """Saves the watchlist."""
    return watchlist.write_text


def heard(receiver: Receiver, channel: str) -> list[str]:
    said = [got.json() for got in list(receiver.got) if got.path == f"/{channel}"]
    return [f"{each['title']}\n{each['message']}" for each in said]


class Dropped:
    """Drops copy, and knows whether it was alerted to."""

    def __init__(self, folder: Path, receiver: Receiver, desk: Desk) -> None:
        self._folder, self._receiver, self._desk = folder, receiver, desk
        self._count = 0

    async def alerts_to(self, name: str) -> bool:
        """Drop copy about somebody; give whether the desk hears of it, once it is stored."""
        self._count += 1
        headline = f"Report {self._count}"
        part = self._folder / f"{self._count}.part"
        part.write_text(copy_about(name, headline))
        part.rename(self._folder / f"{self._count}.txt")
        await until(lambda: len(self._desk.lines("articles")) == self._count)
        if headline not in self._desk.told():
            return False
        await until(lambda: headline in [got.json()["title"] for got in list(self._receiver.got)])
        return True


@pytest.fixture
def dropped(daemon: Daemon, tmp_path: Path, receiver: Receiver) -> Dropped:
    return Dropped(tmp_path / "drop", receiver, daemon)


async def test_a_saved_watchlist_takes_effect_within_five_seconds(
    config: Path, tmp_path: Path, quick: None, save: Save, receiver: Receiver
) -> None:
    daemon = Daemon(config, tmp_path / "state")
    async with daemon.start():
        assert daemon.manager.said[0] == "READY=1\nSTATUS=1 sources, 1 watches, 3 channels"
        saved = time.monotonic()
        save("actors: [Ada Quillfeather, Bo Tallow]\n")
        await daemon.manager.hears("RELOADING=1")
        told = await daemon.manager.hears("READY=1", more_than=1)
        assert time.monotonic() - saved < 5
        assert told == "READY=1\nSTATUS=1 sources, 2 watches, 3 channels"
        assert await Dropped(tmp_path / "drop", receiver, daemon).alerts_to("Bo Tallow")


@pytest.mark.parametrize("looks", [NEVER])
async def test_a_hangup_signal_takes_up_what_was_saved_at_once(
    daemon: Daemon, save: Save, dropped: Dropped
) -> None:
    save("actors: [Bo Tallow]\n")
    assert await dropped.alerts_to("Ada Quillfeather")
    os.kill(os.getpid(), signal.SIGHUP)
    await daemon.manager.hears("READY=1", more_than=1)
    assert await dropped.alerts_to("Bo Tallow")
    assert not await dropped.alerts_to("Ada Quillfeather")


async def test_mistakes_change_nothing_and_are_told_with_their_places_until_they_are_mended(
    daemon: Daemon, save: Save, dropped: Dropped, receiver: Receiver
) -> None:
    save("actors:\n  - Ada Quillfeather\n  - {name: Bo Tallow, priorty: high}\ntopics: 7\n")
    await until(lambda: heard(receiver, "ops"))
    (notice,) = heard(receiver, "ops")
    assert "the one of before stays in force" in notice
    assert "people.yaml:3:23: " in notice
    assert "did you mean" in notice
    assert "people.yaml:4:" in notice
    status = await daemon.manager.hears("READY=1", more_than=1)
    assert "running by the configuration of before: " in status
    assert await dropped.alerts_to("Ada Quillfeather")
    assert not await dropped.alerts_to("Bo Tallow")
    save("actors:\n  - Bo Tallow\n   - Cy Thwart\n")
    await until(lambda: len(heard(receiver, "ops")) == 2)
    assert "people.yaml:3:" in heard(receiver, "ops")[1]
    save("actors: [Bo Tallow]\n")
    await until(lambda: len(heard(receiver, "ops")) == 3)
    assert "over: the configuration holds again" in heard(receiver, "ops")[2]
    assert await dropped.alerts_to("Bo Tallow")
    assert not [said for said in heard(receiver, "desk") if "configuration" in said]


async def test_a_file_that_is_still_being_saved_is_not_read(
    daemon: Daemon, watchlist: Path, dropped: Dropped, receiver: Receiver
) -> None:
    """Written piece by piece on the daemon's own loop: no two looks see the same file until it is whole."""
    ends = time.monotonic() + 25 * QUICK
    with watchlist.open("w") as file:
        file.write("actors:\n  - {name: Bo Tallow # ")
        while time.monotonic() < ends:
            file.write("who ")
            file.flush()
            await asyncio.sleep(0)
        assert daemon.manager.count("RELOADING=1") == 0
        file.write("\n    }\n  - Ada Quillfeather\n")
    await daemon.manager.hears("READY=1", more_than=1)
    assert daemon.manager.said[-1] == "READY=1\nSTATUS=1 sources, 2 watches, 3 channels"
    assert daemon.manager.count("RELOADING=1") == 1
    assert await dropped.alerts_to("Bo Tallow")
    assert heard(receiver, "ops") == []


async def test_sources_come_and_go_with_the_configuration(
    daemon: Daemon, config: Path, tmp_path: Path, dropped: Dropped
) -> None:
    assert await dropped.alerts_to("Ada Quillfeather")
    more = tmp_path / "more"
    os.mkdir(more)
    (config / "sources.yaml").write_text(f"folders: [{{path: {more}, name: More, alert_backlog: all}}]\n")
    (more / "a.txt").write_text(copy_about("Ada Quillfeather", "Report from the new folder"))
    await until(lambda: "Report from the new folder" in daemon.told())
    assert daemon.source("drop")["health"] == "off"
    assert daemon.source("More")["health"] == "ok"
    assert len(daemon.told()) == 2
