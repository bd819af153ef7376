"""Another program keeps the database locked: a backup, a curious SQL shell."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from monitor.config.places import DATABASE
from monitor.daemon.service import GRACE
from monitor.store import open_archive
from monitor.store.opening import BUSY_MS
from tests.faults.forked import Daemon
from tests.faults.oracle import Answer
from tests.faults.scene import Scene

HOLDS = [1, pytest.param(30, marks=pytest.mark.long)]
"""Seconds that the lock is kept."""


@contextmanager
def locked(scene: Scene) -> Iterator[None]:
    """Keep everyone else from writing, from this process, which is not the daemon's."""
    other = sqlite3.connect(scene.state / DATABASE, isolation_level=None)
    other.execute("PRAGMA busy_timeout = 10000")
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def keep_coming(scene: Scene, seconds: float) -> None:
    """Publish and drop in, a little all the time."""
    ends = time.monotonic() + seconds
    while (left := ends - time.monotonic()) > 0:
        scene.publish()
        scene.drop_in()
        time.sleep(min(left, max(seconds / 20, 0.05)))


def stored(database: Path) -> int:
    with open_archive(database) as archive:
        return len(archive.articles(limit=1_000))


def assert_nobody_was_told(scene: Scene, daemon: Daemon) -> None:
    assert scene.troubles == []
    said = [line for line in daemon.said().splitlines() if " warning configuration " not in line]
    assert {line.split()[1] for line in said} == {"info"}, daemon.said()


@pytest.mark.parametrize("seconds", HOLDS)
def test_a_lock_that_another_program_keeps_loses_nothing_and_nobody_hears_of_it(
    scene: Scene, seconds: int
) -> None:
    daemon = scene.start()
    scene.publish(3)
    assert scene.arrived()
    assert scene.settled(daemon)
    scene.desk.answer = lambda: Answer(pause=0.3)
    scene.publish()
    assert scene.arrived()  # a message is under way, to be settled after the lock, and not sent again
    with locked(scene):
        scene.desk.answer = Answer
        before = stored(scene.state / DATABASE)
        keep_coming(scene, seconds)
        assert stored(scene.state / DATABASE) == before, "the lock holds nobody up"
    assert scene.arrived()
    assert scene.polled(2), "polls do not go on"
    scene.check()
    assert daemon.stop() == 0
    assert_nobody_was_told(scene, daemon)


@pytest.mark.parametrize("seconds", HOLDS)
def test_a_daemon_that_starts_while_the_lock_is_kept_waits_for_it(scene: Scene, seconds: int) -> None:
    scene.publish()
    first = scene.start()
    assert scene.arrived()
    assert first.stop() == 0
    with locked(scene):
        daemon = scene.start()
        keep_coming(scene, seconds)
    assert scene.arrived()
    scene.check()
    assert daemon.stop() == 0
    assert_nobody_was_told(scene, daemon)


@pytest.mark.parametrize(
    ("grace", "busy"), [(0.5, 300), pytest.param(GRACE.total_seconds(), BUSY_MS, marks=pytest.mark.long)]
)
def test_a_daemon_that_stops_while_the_lock_is_kept_ends_in_time_and_the_next_one_has_everything(
    scene: Scene, grace: float, busy: int
) -> None:
    daemon = scene.start(sets={"monitor.daemon.service.GRACE": grace, "monitor.store.opening.BUSY_MS": busy})
    scene.publish()
    assert scene.arrived()
    assert scene.settled(daemon)
    scene.feed.gate.clear()
    assert scene.bells.wait("ask", scene.bells.count("ask"), 10)
    scene.publish(3)
    with locked(scene):
        scene.drop_in(3)
        scene.feed.gate.set()
        assert scene.polled(), "no poll is under way"
        began = time.monotonic()
        assert daemon.stop() == 0
        assert time.monotonic() - began < grace + busy / 1000 + 1
    assert daemon.orphans == []
    scene.start()
    assert scene.arrived()
    scene.check()


def test_readers_are_not_held_up_by_the_lock(scene: Scene) -> None:
    scene.start()
    scene.publish()
    assert scene.arrived()
    with locked(scene):
        assert stored(scene.state / DATABASE) == 1
