"""The usual scene of one fault: a daemon, a feed, a folder, a desk that hears alerts, an office that hears troubles.

What was offered is kept here, what arrived is in the receivers' logs: the two are compared, never asked of the daemon.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from monitor.config.places import DATABASE
from monitor.store import open_archive, verify
from tests.faults.clock import SharedClock
from tests.faults.forked import Daemon, Template
from tests.faults.oracle import MARKER, Bells, Drop, Feed, Markers, Webhook, write_config

STILL = 0.2
"""Seconds to wait for what should not come: ten ticks of the daemon."""


def until(holds: Callable[[], object], seconds: float = 10.0) -> bool:
    """Wait until something holds; say whether it did in time."""
    ends = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > ends:
            return False
        time.sleep(0.005)
    return True


class Scene:
    """Use as `with`. Daemons that a test leaves running are killed at its end."""

    def __init__(self, directory: Path, template: Template) -> None:
        self.directory, self.template = directory, template
        self.bells, self.markers = Bells(), Markers()
        self.feed = Feed("127.0.0.1", self.bells)
        self.desk = Webhook(self.bells)
        self.office = Webhook(self.bells, name="trouble")
        self.drop = Drop(directory / "wire", self.bells)
        self.config, self.state = directory / "config", directory / "state"
        self.state.mkdir()
        self.offered: set[str] = set()
        self.daemons: list[Daemon] = []
        self.configure()

    def __enter__(self) -> Scene:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for daemon in self.daemons:
            if daemon.status is None:
                daemon.kill()
            if error is not None:
                print(
                    f"--- daemon {daemon.pid} ended with {daemon.status} and said:\n{daemon.said()[-6000:]}"
                )
        for server in (self.feed, self.desk, self.office):
            server.close()

    def configure(
        self,
        channels: dict[str, str] | None = None,
        *,
        tell: str = "[desk]",
        keep: str = "{disk_free: 1 MB}",
        desk: str = "at_most: 100000 an hour",
        backlog: str = "all",
        more: str = "",
        feeds: list[str] | None = None,
    ) -> None:
        """Write the configuration; `channels` are more of them, `desk` what is said of the desk's."""
        own = {
            "desk": f'{{url: "json://127.0.0.1:{self.desk.port}/", {desk}}}',
            "office": f'{{url: "json://127.0.0.1:{self.office.port}/"}}',
        }
        write_config(
            self.config,
            feeds=feeds or [self.feed.url],
            folders=[self.drop.path],
            channels=own | (channels or {}),
            tell=tell,
            troubles="[office]",
            keep=keep,
            backlog=backlog,
            more=more,
        )

    def clock(self) -> SharedClock:
        """Give a clock for daemons of this scene to go by."""
        return SharedClock(self.directory / "clock")

    # -- what is offered ---------------------------------------------------------------------

    def new_marker(self) -> str:
        marker = self.markers.next()
        self.offered.add(marker)
        return marker

    def publish(self, count: int = 1) -> None:
        """Put items into the feed."""
        for _ in range(count):
            self.feed.offer(self.new_marker())

    def drop_in(self, count: int = 1) -> None:
        """Put files into the folder."""
        for _ in range(count):
            self.drop.rename_in(self.new_marker())

    # -- the daemon --------------------------------------------------------------------------

    def start(self, kill: tuple[str, str, int] | None = None, **more: Any) -> Daemon:
        """Start a daemon; what `more` there is to say is in `template.Order`."""
        self.daemons.append(self.template.fork(self.config, self.state, kill, **more))
        return self.daemons[-1]

    def start_cold(self) -> Daemon:
        """Start a daemon as a user does."""
        self.daemons.append(self.template.cold(self.config, self.state))
        return self.daemons[-1]

    def polled(self, more: int = 1, seconds: float = 10.0) -> bool:
        """Wait until the feed has been asked so often again."""
        return self.bells.wait("fetch", self.bells.count("fetch") + more - 1, seconds)

    # -- what arrived ------------------------------------------------------------------------

    def arrived(self, seconds: float = 10.0) -> bool:
        """Wait until all that was offered has arrived at the desk."""
        return until(lambda: self.offered <= self.desk.markers, seconds)

    def alerted(self, daemon: Daemon, seconds: float = 10.0) -> bool:
        """Wait until the daemon says that there is an alert on all that was offered."""
        made = re.compile(r" alerts=(\d+)")
        return until(lambda: sum(map(int, made.findall(daemon.said()))) >= len(self.offered), seconds)

    def settled(self, daemon: Daemon, seconds: float = 10.0) -> bool:
        """Wait until the daemon knows of all that it sent that it has arrived."""
        return until(lambda: daemon.steps.count("store settle:after") >= len(self.desk.arrived), seconds)

    @property
    def troubles(self) -> list[str]:
        """What the office heard."""
        return [message.text for message in self.office.arrived]

    def check(self, database: Path | None = None) -> None:
        """Hold against each other what was offered, what arrived and what is stored: nothing lost, nothing twice."""
        time.sleep(STILL)
        self.desk.drain()
        came = Counter(m for message in self.desk.arrived if message.accepted for m in message.markers)
        lost, twice = self.offered - set(came), {marker for marker, count in came.items() if count > 1}
        assert (lost, twice) == (set(), set())
        assert set(came) == self.offered
        self.check_store(database)

    def check_store(self, database: Path | None = None) -> None:
        """Find each article that was offered stored once, and whole."""
        database = database or self.state / DATABASE
        assert verify(database) == ()
        with open_archive(database) as archive:
            texts = [record.article.text for record in archive.articles(limit=1_000_000)]
        for text in texts:
            first, last = MARKER.findall(text)
            assert first == last, f"a half: {text}"
        assert Counter(MARKER.findall(text)[0] for text in texts) == Counter(self.offered)
