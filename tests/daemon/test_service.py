"""When a running daemon takes its configuration up, what it says of it, and that it never gets stuck over one."""

from __future__ import annotations

import asyncio
import io
import logging
import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import ClassVar

import pytest
import structlog

from monitor import app
from monitor.config.settings import Settings
from monitor.daemon import Place, logs, service
from tests.flow.world import Daemon, until, write_config

RUNS = "READY=1\nSTATUS=1 sources, {} watches, 1 channels"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "CONFIG_LOOK", 0.02)


@pytest.fixture(autouse=True)
def logged() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    stream = io.StringIO()
    logs.set_up("info", stream, {})
    yield stream
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "drop").mkdir()
    sources = f"folders: [{{path: {tmp_path / 'drop'}}}]\n"
    yield write_config(tmp_path / "config", sources=sources, watchlist="actors: [Ada Quillfeather]\n")
    Interrupted.saves.clear()


class Interrupted(Place):
    """A configuration that is saved again just when it has been read."""

    saves: ClassVar[list[str]] = []

    def load(self) -> Settings:
        settings = super().load()
        if self.saves:
            (self.directory / "watchlists/people.yaml").write_text(self.saves.pop(0))
        return settings


async def test_what_is_saved_during_the_start_is_taken_up(config: Path, tmp_path: Path) -> None:
    Interrupted.saves[:] = ["actors: [Ada Quillfeather, Bo Tallow]\n", "actors: [Ada, Bo, Cy]\n"]
    daemon = Daemon(config, tmp_path / "state", place=Interrupted)
    async with daemon.start():
        await until(lambda: RUNS.format(3) in daemon.manager.said)
    assert [s for s in daemon.manager.said if s.startswith("READY")] == [RUNS.format(n) for n in (1, 2, 3)]


async def test_a_file_that_was_missed_is_taken_up_once_it_is_made_wherever_it_is(
    config: Path, tmp_path: Path
) -> None:
    daemon = Daemon(config, tmp_path / "state")
    names, secret = tmp_path / "far" / "names.csv", tmp_path / "far" / "token.txt"
    names.parent.mkdir()
    async with daemon.start():
        (config / "watchlists/more.yaml").write_text(f"names_from: {names}\n")
        (config / "monitor.yaml").write_text(f'channels:\n  desk: {{url: "${{file:{secret}}}"}}\n')
        await until(lambda: daemon.manager.count("READY=1") == 2)
        names.write_text("name\nBo Tallow\nCy Thwart\n")
        await until(lambda: daemon.manager.count("READY=1") == 3)
        secret.write_text("json://127.0.0.1:9/x\n")
        await until(lambda: "READY=1\nSTATUS=1 sources, 3 watches, 2 channels" in daemon.manager.said)
    assert daemon.manager.count("RELOADING=1") == 3


class Failing(Place):
    """A configuration that, read again, fails in a way that nobody thought of."""

    times: ClassVar[list[int]] = []

    def load(self) -> Settings:
        self.times.append(1)
        if len(self.times) == 2:
            raise ZeroDivisionError("out of the blue")
        return super().load()


async def test_a_surprise_is_told_once_and_what_is_saved_next_is_taken_up(
    config: Path, tmp_path: Path
) -> None:
    Failing.times.clear()
    daemon = Daemon(config, tmp_path / "state", place=Failing)
    async with daemon.start():
        (config / "watchlists/people.yaml").write_text("actors: [Ada, Bo]\n")
        told = await daemon.manager.hears("READY=1", more_than=1)
        assert told.startswith("READY=1\nSTATUS=running by the configuration of before: ZeroDivisionError")
        await until(lambda: "ZeroDivisionError" in daemon.terminal.getvalue())
        (config / "watchlists/people.yaml").write_text("actors: [Ada, Bo, Cy]\n")
        await until(lambda: RUNS.format(3) in daemon.manager.said)
    assert daemon.manager.count("RELOADING=1") == 2


async def test_a_hangup_signal_leaves_the_word_of_mistakes_in_force(config: Path, tmp_path: Path) -> None:
    daemon = Daemon(config, tmp_path / "state")
    async with daemon.start():
        (config / "watchlists/people.yaml").write_text("actors: 7: 8\n")
        await daemon.manager.hears("READY=1", more_than=1)
        os.kill(os.getpid(), signal.SIGHUP)
        told = await daemon.manager.hears("READY=1", more_than=2)
        assert told.startswith("READY=1\nSTATUS=running by the configuration of before: ")
        assert daemon.manager.said[-1] == told


async def test_a_folder_that_is_gone_for_a_while_is_told_of_and_taken_up_when_it_is_back(
    config: Path, tmp_path: Path
) -> None:
    daemon = Daemon(config, tmp_path / "state")
    async with daemon.start():
        os.rename(config, tmp_path / "aside")
        told = await daemon.manager.hears("READY=1", more_than=1)
        assert "there is no such folder" in told
        await until(lambda: "there is no such folder" in daemon.terminal.getvalue())
        os.rename(tmp_path / "aside", config)
        await until(lambda: daemon.manager.said[-1] == RUNS.format(1))
    assert daemon.manager.count("RELOADING=1") == 2


async def test_what_is_worth_a_second_look_is_logged_at_the_start_and_when_it_is_saved(
    config: Path, tmp_path: Path, logged: io.StringIO
) -> None:
    (config / "watchlists/people.yaml").write_text("actors:\n  - Ada AND Bo\n")
    daemon = Daemon(config, tmp_path / "state")
    async with daemon.start():
        await until(lambda: "info running" in logged.getvalue())
        assert 'warning configuration warning="people.yaml:2: `Ada AND Bo` is looked for' in logged.getvalue()
        (config / "watchlists/people.yaml").write_text("actors:\n  - Ada\n  - Cy*\n")
        await until(lambda: "info configuration taken up" in logged.getvalue())
        assert "people.yaml:3: `Cy*` is looked for" in logged.getvalue()


async def test_a_start_that_waits_for_the_database_says_so(
    config: Path, tmp_path: Path, logged: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "LONG_WAIT", 0.05)
    async with Daemon(config, tmp_path / "state").start():
        assert "waiting for" not in logged.getvalue()
    with closing(sqlite3.connect(tmp_path / "state" / "monitor.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        async def let_go() -> None:
            await until(lambda: "info waiting for the database: another program" in logged.getvalue())
            other.execute("ROLLBACK")

        letting_go = asyncio.create_task(let_go())
        async with Daemon(config, tmp_path / "state").start():
            await letting_go
