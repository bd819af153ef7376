"""The whole program in one process, on a clock that we move or on the machine's own, and what its users see of it.

Everything is the real part: configuration, feeds over HTTP, folders, parse children, store, channels, commands. Only
the clock may be ours. What a test asserts is what a server got, or what a command prints.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape
from pathlib import Path
from typing import Any, TypeVar

from click.testing import CliRunner, Result

from monitor.app import App, Configured, build, locked
from monitor.cli.root import root
from monitor.config import load
from monitor.config.settings import FeedSettings, Settings
from monitor.daemon import Place
from monitor.daemon.notify import Notify
from monitor.daemon.service import Service
from monitor.deliver import Tally
from monitor.ports import Parse, Step, nothing

T = TypeVar("T")

SOON = 15.0
"""Seconds that a test waits at most for what takes a fraction of one."""
DAY = timedelta(days=1)


class Shared:
    """What whole runs share."""

    parsers: Parse | None = None


async def until(condition: Callable[[], T], seconds: float = SOON) -> T:
    """Wait until a condition gives something true, and give that."""
    ends = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < ends, "it did not come about"
        await asyncio.sleep(0.005)
    return found


# -- what is served and dropped --------------------------------------------------------------


@dataclass(frozen=True)
class Item:
    """An item of a feed."""

    title: str
    text: str = "Nothing else was known by nightfall."
    guid: str | None = None
    link: str | None = None
    published: datetime | None = None

    def xml(self) -> str:
        parts = {
            "title": self.title,
            "description": self.text,
            "link": self.link,
            "pubDate": format_datetime(self.published) if self.published else None,
        }
        guid = f"<guid isPermaLink='false'>{escape(self.guid)}</guid>" if self.guid else ""
        return f"<item>{guid}{''.join(f'<{n}>{escape(t)}</{n}>' for n, t in parts.items() if t)}</item>"


def rss(*items: Item) -> bytes:
    """Give a feed of these items."""
    inner = "".join(item.xml() for item in items)
    return f"<rss version='2.0'><channel><title>Wire</title>{inner}</channel></rss>".encode()


def copy_about(name: str, headline: str = "Council hears the harbour report") -> str:
    """Give a piece of wire copy that names somebody, over 200 characters long."""
    return (
        f"{headline}\n\nPORT ELBE (Local Wire) - The council heard on Monday how {name} would have the quays mended\n"
        "before the winter storms, officials said, with work to begin at the eastern basin.\n\n"
        "Two of the members asked for the figures in writing, and were told that they would have them by Friday.\n"
    )


# -- the configuration -----------------------------------------------------------------------

MONITOR = "timezone: UTC\nnetwork: {allow: [127.0.0.0/8]}\nkeep: {disk_free: 1 MB}\n"


def write_config(directory: Path, *, sources: str, watchlist: str, monitor: str = "", **more: str) -> Path:
    """Write a configuration: what `sources.yaml`, one watchlist and the rest of `monitor.yaml` say."""
    (directory / "watchlists").mkdir(parents=True, exist_ok=True)
    (directory / "monitor.yaml").write_text(MONITOR + monitor, encoding="utf-8")
    (directory / "sources.yaml").write_text(sources, encoding="utf-8")
    for name, text in {"people": watchlist, **more}.items():
        (directory / "watchlists" / f"{name}.yaml").write_text(text, encoding="utf-8")
    return directory


# -- commands --------------------------------------------------------------------------------


@dataclass
class Desk:
    """A user at the command line, over a configuration and a state directory."""

    config: Path
    state: Path
    environ: Mapping[str, str] = field(default_factory=dict)

    def run(self, *arguments: str) -> Result:
        """Run a command line as the shell would."""
        place = ("--config", str(self.config), "--state", str(self.state))
        return CliRunner(env={"COLUMNS": "100", **self.environ}).invoke(
            root, [*arguments, *place], prog_name="monitor"
        )

    def lines(self, *arguments: str) -> list[dict[str, Any]]:
        """Give the objects that a command prints with --json."""
        result = self.run(*arguments, "--json")
        assert (result.exit_code, result.stderr) == (0, "")
        return [json.loads(line) for line in result.stdout_bytes.decode().splitlines()]

    def alerts(self) -> list[dict[str, Any]]:
        """Give every alert, told or not, oldest first."""
        return self.lines("alerts")[::-1]

    def told(self) -> list[str]:
        """Give the headlines of the alerts that were told, oldest first."""
        return [a["headline"] for a in self.alerts() if not a["suppressed"]]

    def withheld(self) -> list[tuple[str, str]]:
        """Give the headlines of those withheld, each with its reason, oldest first."""
        return [(a["headline"], a["reason"]) for a in self.alerts() if a["suppressed"]]

    def source(self, name: str) -> dict[str, Any]:
        """Give how a source is doing."""
        (found,) = [s for s in self.lines("sources") if s["name"] == name]
        return found


# -- the program on a clock of ours ----------------------------------------------------------


class MovedClock:
    """Begins now, and moves only when it is moved, or when somebody sleeps."""

    def __init__(self) -> None:
        self.start = datetime.now(UTC)
        self.elapsed = 0.0

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.elapsed)

    def monotonic(self) -> float:
        return self.elapsed

    async def sleep(self, seconds: float) -> None:
        self.elapsed += max(seconds, 0.0)
        await asyncio.sleep(0)

    def move(self, by: timedelta) -> None:
        self.elapsed += by.total_seconds()


@dataclass
class Newsroom(Desk):
    """The program as `run --once` puts it together, for as many rounds as a test wants, at any time."""

    clock: MovedClock = field(default_factory=MovedClock)
    terminal: io.StringIO = field(default_factory=io.StringIO)
    configured: Configured | None = None
    app: App = field(init=False)

    @asynccontextmanager
    async def open(self, parse: Parse | None = None) -> AsyncIterator[Newsroom]:
        """Put it together around the store, until the end of the block."""
        with locked(self.state):
            async with build(
                state=self.state,
                stream=self.terminal,
                clock=self.clock,
                parse=parse or Shared.parsers,
                jitter=lambda: 0.0,
            ) as self.app:
                await self.app.recover()
                self.configured = None
                await self.configure()
                yield self

    async def configure(self) -> None:
        """Take up the configuration as it is now."""
        self.configured = await self.app.configure(load(self.config, environ=self.environ), self.configured)
        now = self.clock.now()
        await self.app.use(self.configured, due=lambda _: now)

    async def round(self, after: timedelta = timedelta(0)) -> Tally:
        """Let time go by; then poll all that is due, and send what is owed."""
        self.clock.move(after)
        await self.app.engine.poll_once(5.0)
        return await self.app.deliver.run_once()

    async def tick(self, after: timedelta = timedelta(0)) -> None:
        """Let time go by; then do what the daemon does at each tick, to the end."""
        self.clock.move(after)
        engine = self.app.engine
        await engine.tick(self.clock.now())
        await engine.idle()
        while tasks := tuple(engine._tasks):
            await asyncio.gather(*tasks)


# -- the program as a daemon -----------------------------------------------------------------


class Manager:
    """A service manager that listens, as systemd does."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.said: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.setblocking(False)
        asyncio.get_running_loop().add_reader(self._socket, self._hear)

    def _hear(self) -> None:
        self.said.append(self._socket.recv(65_536).decode())

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()
        self.path.unlink()

    def count(self, word: str) -> int:
        return sum(said.split("\n")[0] == word for said in self.said)

    async def hears(self, word: str, more_than: int = 0, seconds: float = SOON) -> str:
        """Wait until it was told this more often than so, and give the last such message."""
        await until(lambda: self.count(word) > more_than, seconds)
        return [said for said in self.said if said.split("\n")[0] == word][-1]


class QuickPlace(Place):
    """The configuration, with feeds that are due again sooner than anyone may ask for."""

    def load(self) -> Settings:
        settings = super().load()
        pace = timedelta(seconds=0.02)
        sources = (
            replace(s, every_least=pace, every_most=pace) if isinstance(s, FeedSettings) else s
            for s in settings.sources
        )
        return replace(settings, sources=tuple(sources))


@dataclass
class Daemon(Desk):
    """A running daemon's code in this process, on the machine's own clock."""

    place: type[Place] = Place
    terminal: io.StringIO = field(default_factory=io.StringIO)
    manager: Manager = field(init=False)
    serving: asyncio.Task[None] = field(init=False)

    @asynccontextmanager
    async def start(self, parse: Parse | None = None, step: Step = nothing) -> AsyncIterator[Daemon]:
        """Run it until the end of the block, from when it says that it is ready."""
        self.state.mkdir(parents=True, exist_ok=True)
        self.manager = manager = Manager(self.state / "notify")
        environ = {"NOTIFY_SOCKET": str(manager.path), **self.environ}
        where = self.place(directory=self.config, environ=environ)
        settings = where.load()
        try:
            with locked(self.state):
                async with build(
                    state=self.state, stream=self.terminal, parse=parse or Shared.parsers, step=step
                ) as app:
                    service = Service(where, app, self.state, Notify(environ))
                    self.serving = asyncio.create_task(service.run(settings))
                    try:
                        await until(lambda: manager.count("READY=1") or self.serving.done())
                        yield self
                    finally:
                        await self.stop()
        finally:
            manager.close()

    async def stop(self, number: int = signal.SIGTERM) -> None:
        """Ask it to stop, as whoever runs it would, and wait until it has."""
        if not self.serving.done():
            os.kill(os.getpid(), number)
        try:
            await asyncio.wait_for(self.serving, 20)
        finally:
            for taken in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                asyncio.get_running_loop().remove_signal_handler(taken)
