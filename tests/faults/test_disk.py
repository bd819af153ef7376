"""The disk of the store is full, or nearly."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from monitor.config.places import DATABASE
from tests.faults.disk import may_mount
from tests.faults.forked import Daemon
from tests.faults.oracle import Answer, Drop
from tests.faults.scene import STILL, Scene, until

SIZE = "8m"
NOTICED = 10.0
RESUMED = 60.0
"""Seconds."""
SOON = {"monitor.core.alerts.retry.FIRST_WAIT": 0.2, "monitor.core.alerts.retry.LONGEST_WAIT": 0.5}


pytestmark = pytest.mark.skipif(
    not may_mount(), reason="this login may not mount a small disk in a namespace"
)


class Disk:
    """The daemon's own small disk, seen from outside."""

    def __init__(self, scene: Scene, daemon: Daemon) -> None:
        self._daemon = daemon
        self.path = Path(f"/proc/{daemon.pid}/root{scene.state}")
        assert until(lambda: (self.path / DATABASE).exists())
        assert os.statvfs(self.path).f_blocks * os.statvfs(self.path).f_frsize == 8 << 20

    def fill(self, *, but: int = 0) -> None:
        """Write until there is no room, or only so many bytes."""
        with (self.path / "filler").open("ab", buffering=0) as file, suppress(OSError):
            while self.free > but:
                file.write(bytes(min(max(self.free - but, 4096), 1 << 20)))

    def empty(self) -> None:
        (self.path / "filler").unlink()

    def copied(self, to: Path) -> Path:
        """Copy the database to a disk that all see, while the daemon is held; give where it is."""
        to.mkdir()
        self._daemon.signal(signal.SIGSTOP)
        for name in (DATABASE, f"{DATABASE}-wal"):
            shutil.copy(self.path / name, to / name)
        self._daemon.signal(signal.SIGCONT)
        return to / DATABASE

    @property
    def free(self) -> int:
        return os.statvfs(self.path).f_bavail * os.statvfs(self.path).f_frsize


def full(daemon: Daemon) -> Callable[[], bool]:
    return lambda: "disk full" in daemon.said()


def test_on_a_full_disk_what_is_owed_goes_out_and_what_is_new_waits_for_room(
    scene: Scene, tmp_path: Path
) -> None:
    scene.configure(keep="{disk_free: 2 MB}")
    scene.desk.answer = lambda: Answer(status=503)
    daemon = scene.start(disk=SIZE, sets=SOON)
    disk = Disk(scene, daemon)
    scene.publish(10)
    scene.drop_in(10)
    assert scene.alerted(daemon)
    owed = set(scene.offered)

    began = time.monotonic()
    disk.fill()
    assert until(full(daemon), NOTICED)
    assert time.monotonic() - began < NOTICED
    time.sleep(STILL)  # a poll that was under way may end
    scene.publish(5)
    scene.drop_in(5)

    scene.desk.answer = Answer
    assert until(lambda: owed <= scene.desk.accepted)
    assert disk.free < 2_000_000
    time.sleep(STILL)
    assert scene.desk.accepted == owed

    disk.empty()
    assert until(lambda: scene.offered <= scene.desk.accepted, RESUMED)
    assert "there is room on the disk again" in daemon.said()
    scene.check(disk.copied(tmp_path / "copy"))
    assert daemon.stop() == 0
    assert [text for text in scene.troubles if "MB free: polls wait" in text]
    assert [text for text in scene.troubles if "over: The disk" in text]


def test_a_disk_that_fills_up_in_the_middle_of_a_commit_costs_nothing(scene: Scene, tmp_path: Path) -> None:
    daemon = scene.start(disk=SIZE, pace=600)
    disk = Disk(scene, daemon)
    scene.drop_in(3)
    assert scene.arrived()
    assert scene.settled(daemon)
    before = set(scene.offered)
    disk.fill(but=1_100_000)
    time.sleep(STILL)
    assert not full(daemon)(), "there was room to go on"

    many = Drop(scene.drop.path / ".many")
    for _ in range(60):
        many.rename_in(scene.new_marker(), padding=20_000)
    many.path.rename(scene.drop.path / "many")
    assert until(full(daemon), NOTICED)
    begun, done = (daemon.steps.count(f"store commit_poll:{when}") for when in ("before", "after"))
    assert begun > done, "no commit failed"
    time.sleep(STILL)
    assert scene.desk.accepted == before, "half a commit"

    disk.empty()
    assert scene.arrived(RESUMED)
    scene.check(disk.copied(tmp_path / "copy"))
    assert daemon.stop() == 0


def test_polls_wait_while_there_is_less_room_than_the_configuration_wants(
    scene: Scene, tmp_path: Path
) -> None:
    scene.configure(keep="{disk_free: 4 MB}")
    daemon = scene.start(disk=SIZE)
    disk = Disk(scene, daemon)
    scene.publish()
    assert scene.arrived()
    disk.fill(but=3_000_000)
    assert until(full(daemon), NOTICED)
    time.sleep(STILL)  # a poll that was under way may end
    asked = scene.bells.count("ask")
    scene.publish()
    scene.drop_in()
    time.sleep(STILL)
    assert scene.bells.count("ask") == asked, "polls go on"
    assert not scene.arrived(0)
    disk.empty()
    assert scene.arrived(RESUMED)
    scene.check(disk.copied(tmp_path / "copy"))
    assert daemon.stop() == 0
    assert len(scene.troubles) == 2
