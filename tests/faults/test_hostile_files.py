"""What lies in a folder that no honest writer put there: links out of it, pipes, odd names, files of a terabyte."""

from __future__ import annotations

import itertools
import os
import socket
import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from monitor.config.places import DATABASE
from tests.faults.forked import Daemon, Template
from tests.faults.oracle import copy_text
from tests.faults.scene import STILL, Scene, until

SWAPS, SWAPS_LONG = 1_500, 100_000
MET = 10
"""Polls that met a link at least."""
TERABYTE = 1 << 40
QUICKLY = {
    "monitor.sources.folder.EMPTY_PATIENCE": 0.3,
    "monitor.ingest.folders.AGAIN_AFTER": [0.05] * 3,
}

ODD_NAMES = (
    b"-rf",
    b"--config=elsewhere.txt",
    b"two\nlines.txt",
    b"\x1b[31m\x1b]0;title\x07.txt",
    b"\xff\xfe not utf-8.txt",
    b"' OR 1=1; --.txt",
    b"$(touch pwned) `touch pwned`.txt",
    b"{0} %s %n.txt",
    "\u202etxt.exe".encode(),
    "\u2028line\u2029.txt".encode(),
    b" ",
    b"\\x00\\u0041.txt",
    b"<b>bold<b> [link](evil.example) @everyone.txt",
    b"n" * 255,
)
KINDS = {
    "link.txt": "it is a symbolic link; put the file itself here",
    "folder-link": "it is a symbolic link; put the file itself here",
    "nowhere.txt": "it is a symbolic link; put the file itself here",
    "self.txt": "it is a symbolic link; put the file itself here",
    "pipe.txt": "it is a pipe",
    "socket.txt": "it is a socket",
    "device.txt": "it is a device",
    "empty.txt": "it is empty",
    "huge.txt": "it is larger than 50 MB",
    "locked.txt": "it could not be read: permission denied",
    "locked-folder": "it could not be looked into: permission denied",
}
"""What must not be read, and why."""


class Trap:
    """A folder full of what must not be read, with secrets outside of it, and good files among it all."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.folder = scene.drop.path
        self.secrets: list[str] = []
        outside = scene.directory / "outside"
        outside.mkdir()
        self.secret = self.put_secret(outside / "secret.txt")
        for link, target in (
            ("link.txt", self.secret),
            ("folder-link", outside),
            ("nowhere.txt", scene.directory / "gone"),
            ("self.txt", self.folder / "self.txt"),
        ):
            (self.folder / link).symlink_to(target)
        os.mkfifo(self.folder / "pipe.txt")
        with closing(socket.socket(socket.AF_UNIX)) as made:
            folder = os.open(self.folder, os.O_RDONLY)
            made.bind(f"/proc/self/fd/{folder}/socket.txt")  # the folder's own path may be too long
            os.close(folder)
        with suppress(PermissionError):  # only root may make devices
            os.mknod(self.folder / "device.txt", stat.S_IFCHR | 0o666, os.makedev(1, 3))
        (self.folder / "empty.txt").touch()
        os.truncate(self.put_secret(self.folder / "huge.txt"), TERABYTE)
        self.put_secret(self.folder / "locked.txt").chmod(0)
        locked = self.folder / "locked-folder"
        locked.mkdir()
        self.put_secret(locked / "a.txt")
        locked.chmod(0)
        (self.folder / "x.xml").mkdir()
        self.put_good(os.fsencode(self.folder / "x.xml" / "a.txt"))
        self.put_good(os.fsencode(self.folder / "plain.txt"))
        for name in ODD_NAMES:
            self.put_good(os.fsencode(self.folder) + b"/" + name)

    def put_secret(self, path: Path) -> Path:
        """Write copy that would make an alert if anyone read it."""
        self.secrets.append(self.scene.markers.next())
        path.write_text(copy_text(self.secrets[-1]))
        return path

    def put_good(self, path: bytes) -> None:
        with open(path, "w") as file:
            file.write(copy_text(self.scene.new_marker()))

    def looks(self) -> dict[str, tuple[int, ...]]:
        """Give everything that could show that somebody touched a file."""
        found: dict[str, tuple[int, ...]] = {}
        for path in (self.folder, *self.folder.iterdir(), *(self.folder / "x.xml").iterdir()):
            s = path.lstat()
            found[str(path)] = (s.st_mode, s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns, s.st_nlink)
        return found

    def refused(self) -> list[tuple[str, str]]:
        """Give what is recorded as refused, by its place in the folder."""
        with closing(sqlite3.connect(self.scene.state / DATABASE)) as db:
            rows = db.execute("SELECT location, refusal FROM document WHERE refusal IS NOT NULL").fetchall()
        return sorted((os.fsdecode(location).rpartition("/")[2], reason) for location, reason in rows)

    def leaked(self) -> set[str]:
        """Give the secrets that got anywhere: into a message, the log or the database."""
        heard = [m.text for m in (*self.scene.desk.arrived, *self.scene.office.arrived)]
        said = [daemon.said() for daemon in self.scene.daemons]
        stored = [path.read_bytes().decode("latin-1") for path in self.scene.state.glob(DATABASE + "*")]
        return {s for s in self.secrets for text in (*heard, *said, *stored) if s in text}


def at_rest(daemon: Daemon) -> bool:
    """Say whether the daemon comes to find nothing any more, however often it looks."""

    def still() -> bool:
        polls = daemon.said().count("poll source=wire")
        time.sleep(2 * STILL)
        return daemon.said().count("poll source=wire") == polls

    return until(still, 5)


@pytest.fixture(scope="module")
def trap(tmp_path_factory: pytest.TempPathFactory, template: Template) -> Iterator[Trap]:
    with Scene(tmp_path_factory.mktemp("trap"), template) as scene:
        trap = Trap(scene)
        before = trap.looks()
        daemon = scene.start(heeds_modes=True, sets=QUICKLY, pace=0.5)
        assert scene.arrived(), scene.offered - scene.desk.markers
        assert until(lambda: len(trap.refused()) >= len(expected(trap)))
        assert at_rest(daemon)
        assert trap.looks() == before
        yield trap
        (trap.folder / "locked-folder").chmod(0o700)


def expected(trap: Trap) -> list[tuple[str, str]]:
    return sorted(
        (n, why) for n, why in KINDS.items() if (trap.folder / n).is_symlink() or (trap.folder / n).exists()
    )


def test_good_files_are_told_once_whatever_lies_beside_them_and_whatever_their_names(trap: Trap) -> None:
    trap.scene.check()


def test_what_is_refused_is_recorded_once_with_its_reason(trap: Trap) -> None:
    assert trap.refused() == expected(trap)


def test_nothing_of_what_is_refused_or_lies_outside_gets_anywhere(trap: Trap) -> None:
    assert trap.leaked() == set()


def test_whoever_runs_it_hears_of_what_was_refused(trap: Trap) -> None:
    assert any("was not read" in text for text in trap.scene.troubles)


def test_no_name_reaches_a_screen_as_more_than_text(trap: Trap) -> None:
    heard = [m.text for m in (*trap.scene.desk.arrived, *trap.scene.office.arrived)]
    lines = [line for daemon in trap.scene.daemons for line in daemon.said().splitlines()]
    assert [line for line in lines if not line.split(" ")[0].endswith("Z")] == [], "one event, one line"
    for text in (*heard, *lines):
        assert not set(text) & set("\x1b\x07\u202e\u2028\u2029\udcff"), repr(text)
    assert not list(trap.folder.rglob("pwned"))


def test_the_next_run_refuses_nothing_anew_and_tells_nothing_again(trap: Trap) -> None:
    scene = trap.scene
    assert scene.daemons[-1].stop() == 0
    refused, told = trap.refused(), len(scene.desk.arrived)
    daemon = scene.start(heeds_modes=True, sets=QUICKLY, pace=0.5)
    assert scene.polled()
    assert at_rest(daemon)
    # What could not be read may be readable by now: that one is tried again.
    assert set(trap.refused()) == set(refused)
    assert len(trap.refused()) <= len(refused) + 1
    assert len(scene.desk.arrived) == told


def swaps(folder: Path, outside: Path, honest: str) -> Iterator[int]:
    """Put a file and a link in each other's place, and more seldom a subfolder and a link; count how often."""
    made, subfolder, aside = folder / ".made", folder / "sub", folder / ".sub"
    for number in itertools.count():
        if number % 2:
            made.symlink_to(outside / "a.txt")
        else:
            made.write_text(honest)
        made.replace(folder / "a.txt")
        match number % 50:
            case 0:
                aside.mkdir(exist_ok=True)
                (aside / "a.txt").write_text(honest)
                aside.rename(subfolder)
            case 20:
                subfolder.rename(aside)
                subfolder.symlink_to(outside)
            case 40:
                subfolder.unlink()
        yield number


@pytest.mark.timeout(600)
def test_what_is_swapped_for_a_link_while_it_is_looked_at_is_never_followed(
    scene: Scene, pytestconfig: pytest.Config
) -> None:
    many = SWAPS_LONG if pytestconfig.getoption("--long") else SWAPS
    outside = scene.directory / "outside"
    outside.mkdir()
    secret = scene.markers.next()
    (outside / "a.txt").write_text(copy_text(secret))
    honest = copy_text(scene.new_marker())
    daemon = scene.start(pace=0.5, sets={"monitor.sources.folder.STABLE": 0.0})
    assert scene.polled()
    for number in swaps(scene.drop.path, outside, honest):
        if number >= many and number % 100 == 0 and daemon.said().count("symbolic link") >= MET:
            break
    assert scene.arrived()
    assert at_rest(daemon)
    assert daemon.stop() == 0
    assert scene.desk.markers == scene.offered
    assert not any(secret.encode() in path.read_bytes() for path in scene.state.glob("*.db*"))
