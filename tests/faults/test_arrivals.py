"""Files that arrive in pieces, that come again in another shape, and scans of a folder that end halfway."""

from __future__ import annotations

import mmap
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from monitor.config.places import DATABASE
from monitor.store import open_archive
from tests.faults.forked import Daemon, Template
from tests.faults.oracle import copy_text
from tests.faults.scene import STILL, Scene, until

FILES, FILES_LONG = 60, 1_000
STABLE = 1.0
"""Seconds until a file counts as whole, here as in the real daemon: no writer below rests for so long in between."""
AT_ONCE = 30

# -- half files ------------------------------------------------------------------------------


def pauses_with_the_file_open(path: Path, text: bytes) -> None:
    """Rest for longer than whole files are waited for."""
    with path.open("wb", buffering=0) as file:
        file.write(text[: len(text) // 2])
        time.sleep(STABLE * 1.3)
        file.write(text[len(text) // 2 :])


def appends_byte_by_byte(path: Path, text: bytes) -> None:
    """Open and close the file for each byte."""
    for n in range(len(text)):
        with path.open("ab", buffering=0) as file:
            file.write(text[n : n + 1])
        time.sleep(0.001)


def truncates_and_writes_again(path: Path, text: bytes) -> None:
    """Leave half a file at rest for a moment, three times."""
    for part in (text[:60], text[: len(text) // 2], text):
        path.write_bytes(part)
        time.sleep(STABLE * random.uniform(0.05, 0.2))


def writes_into_a_map(path: Path, text: bytes) -> None:
    """Have the file's length from the beginning, and its words bit by bit."""
    with path.open("w+b") as file:
        file.truncate(len(text))
        with mmap.mmap(file.fileno(), len(text)) as held:
            for n in range(0, len(text), 50):
                held[n : n + 50] = text[n : n + 50]
                time.sleep(STABLE * random.uniform(0.05, 0.25))


def renames_in(path: Path, text: bytes) -> None:
    part = path.with_name(path.name + ".part")
    part.write_bytes(text)
    time.sleep(STABLE * random.uniform(0, 0.2))
    part.rename(path)


def links_in(path: Path, text: bytes) -> None:
    """Write under a hidden name, give it the right one, take away the first: as some servers do."""
    hidden = path.with_name("." + path.name)
    hidden.write_bytes(text)
    path.hardlink_to(hidden)
    hidden.unlink()


WRITERS = (
    pauses_with_the_file_open,
    appends_byte_by_byte,
    truncates_and_writes_again,
    writes_into_a_map,
    renames_in,
    links_in,
)


@pytest.mark.timeout(300)
def test_no_file_is_read_by_halves_lost_or_told_twice_however_it_is_written(
    scene: Scene, pytestconfig: pytest.Config
) -> None:
    files = FILES_LONG if pytestconfig.getoption("--long") else FILES
    daemon = scene.start(pace=600, sets={"monitor.sources.folder.STABLE": STABLE})
    assert scene.polled()

    def write(number: int) -> None:
        marker = scene.new_marker()
        WRITERS[number % len(WRITERS)](scene.drop.path / f"{marker}.txt", copy_text(marker).encode())

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for work in [pool.submit(write, number) for number in range(files)]:
            work.result()
    assert scene.arrived(), scene.offered - scene.desk.markers
    scene.check()
    assert daemon.stop() == 0
    assert scene.troubles == []


# -- the same again --------------------------------------------------------------------------


class Folder:
    """A folder of a daemon that runs, for one test."""

    def __init__(self, scene: Scene, path: Path) -> None:
        self._scene = scene
        self.path = path
        path.mkdir()

    def new(self) -> tuple[str, str]:
        """Give a marker and a text that has it."""
        marker = self._scene.new_marker()
        return marker, copy_text(marker)

    def put(self, name: str, text: str) -> Path:
        """Write a file in place."""
        path = self.path / name
        path.write_text(text)
        return path

    def taken_in(self) -> bool:
        """Wait until all that was put here is stored: files are taken in the order in which they came to rest."""
        marker, text = self.new()
        self.put(f"{marker}-last.txt", text)
        return until(lambda: self.told(marker))

    def told(self, marker: str) -> int:
        """Give how often the desk heard of an article."""
        return sum(marker in message.markers for message in self._scene.desk.arrived)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, template: Template) -> Iterator[Scene]:
    """One daemon for all tests of files that come again; each has a folder and texts of its own."""
    with Scene(tmp_path_factory.mktemp("again"), template) as scene:
        daemon = scene.start(pace=600)
        yield scene
        assert scene.arrived()
        scene.check()
        assert daemon.stop() == 0
        assert scene.troubles == []


@pytest.fixture
def folder(running: Scene, request: pytest.FixtureRequest) -> Folder:
    return Folder(running, running.drop.path / request.node.name[:60])


def test_another_text_under_a_name_that_was_read_before_is_told(folder: Folder) -> None:
    (first, text), (second, other) = folder.new(), folder.new()
    folder.put("a.txt", text)
    assert folder.taken_in()
    folder.put("a.txt", other)
    assert folder.taken_in()
    assert (folder.told(first), folder.told(second)) == (1, 1)


def test_another_text_that_differs_in_nothing_that_can_be_forged_is_told(folder: Folder) -> None:
    (first, text), (second, other) = folder.new(), folder.new()
    path = folder.put("a.txt", text)
    before = path.stat()
    assert folder.taken_in()
    with path.open("r+b") as file:
        file.write(other.encode())
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    now = path.stat()
    assert (now.st_size, now.st_mtime_ns, now.st_ino) == (before.st_size, before.st_mtime_ns, before.st_ino)
    assert folder.taken_in()
    assert (folder.told(first), folder.told(second)) == (1, 1)


def test_an_inode_that_another_file_had_before_hides_nothing(folder: Folder) -> None:
    """File systems give the number of a file that was removed to the next one."""
    markers = []
    for _ in range(5):
        marker, text = folder.new()
        path = folder.put("a.txt", text)
        os.utime(path, (1_700_000_000, 1_700_000_000))
        assert folder.taken_in()
        markers.append(marker)
        path.unlink()
    assert [folder.told(marker) for marker in markers] == [1] * 5


@pytest.mark.parametrize("again", [Path.rename, Path.hardlink_to, Path.write_text, Path.touch])
def test_the_same_text_is_not_told_again(folder: Folder, again: Callable[..., object]) -> None:
    marker, text = folder.new()
    path = folder.put("a.txt", text)
    assert folder.taken_in()
    match again.__name__:
        case "rename":
            path.rename(folder.path / "b.txt")
        case "hardlink_to":
            (folder.path / "b.txt").hardlink_to(path)
        case "write_text":
            folder.put("b.txt", text)
        case _:
            path.touch()
    assert folder.taken_in()
    assert folder.told(marker) == 1


def test_a_text_that_comes_back_under_its_name_is_not_told_again(folder: Folder) -> None:
    (first, text), (second, other) = folder.new(), folder.new()
    for content in (text, other, text, other):
        folder.put("a.txt", content)
        assert folder.taken_in()
    assert (folder.told(first), folder.told(second)) == (1, 1)


@pytest.mark.parametrize("year", [1970, 2099])
def test_a_file_of_another_age_is_told_once(folder: Folder, year: int) -> None:
    marker, text = folder.new()
    path = folder.put("a.txt", text)
    then = (year - 1970) * 31_556_952 + 1
    os.utime(path, (then, then))
    assert folder.taken_in()
    folder.put("a.txt", text)
    assert folder.taken_in()
    assert folder.told(marker) == 1


# -- scans that end halfway ------------------------------------------------------------------

BATCH, BATCHES = 3, 3
SMALL = {"monitor.ingest.folders.BATCH_FILES": BATCH}


def alert_ids(scene: Scene) -> Counter[str]:
    """Count the ids under which each article was told."""
    told = {(marker, m.alert) for m in scene.desk.arrived for marker in m.markers}
    return Counter(marker for marker, _ in told)


@pytest.mark.parametrize("step", ["commit_poll:before", "commit_poll:written", "commit_poll:after"])
def test_a_kill_between_two_commits_of_one_scan_stores_and_tells_each_file_once(
    scene: Scene, step: str
) -> None:
    scene.configure(desk="at_most: 100000 an hour, parallel: 4")
    for number in range(1, BATCHES + 1):
        scene.drop_in(BATCH * BATCHES)
        daemon = scene.start(kill=("store", step, number), pace=600, sets=SMALL)
        assert daemon.wait(10) == -signal.SIGKILL, "the scan had fewer commits"
    scene.start(pace=600, sets=SMALL)
    assert scene.arrived()
    time.sleep(STILL)
    scene.check_store()
    assert set(alert_ids(scene).values()) == {1}


def test_a_kill_in_the_first_scan_leaves_the_rest_of_the_backlog_untold(scene: Scene) -> None:
    scene.configure(backlog="none")
    backlog = [scene.markers.next() for _ in range(BATCH * BATCHES)]
    for marker in backlog:
        scene.drop.rename_in(marker)
    daemon = scene.start(kill=("store", "commit_poll:after", 2), pace=600, sets=SMALL)
    assert daemon.wait(10) == -signal.SIGKILL
    scene.start(pace=600, sets=SMALL)
    scene.drop_in(2)
    assert scene.arrived()
    assert until(lambda: stored(scene) == {*backlog, *scene.offered})
    time.sleep(STILL)
    assert scene.desk.markers == scene.offered


def stored(scene: Scene) -> set[str]:
    with open_archive(scene.state / DATABASE) as archive:
        return {record.article.text.split()[4] for record in archive.articles(limit=1_000)}


# -- readers that fail -----------------------------------------------------------------------

SOON = {"monitor.ingest.folders.AGAIN_AFTER": [0.1, 0.1, 0.1]}


def drop_in_what_takes_long(scene: Scene) -> int:
    """Put in a feed that takes most of a second to read; give its size."""
    marker = scene.new_marker()
    head, _, body = copy_text(marker).partition("\n\n")
    text = (
        f"<rss version='2.0' xmlns:x='urn:x'><channel><title>Port wire</title>{'<x:page><x:line/></x:page>' * 20_000}"
        f"<item><title>{head}</title><guid isPermaLink='false'>{marker}</guid><description>{body}</description></item>"
        "</channel></rss>"
    )
    part = scene.drop.path / f"{marker}.part"
    part.write_text(text)
    part.rename(scene.drop.path / f"{marker}.xml")
    return len(text)


def parsers(daemon: Daemon) -> dict[int, int]:
    """Give the parse children of a daemon, and how many bytes each has read in its life."""
    found: dict[int, int] = {}
    for task in Path(f"/proc/{daemon.pid}/task").iterdir():
        with suppress(OSError):  # a thread, or a child, that has ended meanwhile
            for pid in (task / "children").read_text().split():
                found[int(pid)] = int(Path(f"/proc/{pid}/io").read_text().split()[1])
    return found


def kill_while_it_reads(scene: Scene, daemon: Daemon) -> None:
    """Kill the child that reads a file, a child that has read no other file before."""
    scene.drop_in()
    assert scene.arrived()
    assert scene.settled(daemon)
    idle = parsers(daemon)
    for pid in idle:
        os.kill(pid, signal.SIGKILL)
    size = max(idle.values()) + drop_in_what_takes_long(scene) * 0.9

    def reading() -> list[int]:
        return [pid for pid, read in parsers(daemon).items() if pid not in idle and read > size]

    assert until(reading)
    os.kill(reading()[0], signal.SIGKILL)


def test_a_file_whose_parser_was_killed_is_read_again(scene: Scene) -> None:
    daemon = scene.start(pace=600, children=True, sets=SOON)
    kill_while_it_reads(scene, daemon)
    assert scene.arrived(), daemon.said()
    assert "its parser died by SIGKILL" in daemon.said()
    scene.check()
    assert daemon.stop() == 0
    assert scene.troubles == []


def test_a_file_whose_parser_was_stopped_along_with_the_daemon_is_read_by_the_next_one(scene: Scene) -> None:
    """Whoever ends a whole control group ends the children too."""
    daemon = scene.start(pace=600, children=True)
    kill_while_it_reads(scene, daemon)
    assert daemon.stop() == 0
    assert daemon.orphans == []
    assert not scene.arrived(0)
    scene.start(pace=600, children=True)
    assert scene.arrived()
    scene.check()
    assert scene.troubles == []
