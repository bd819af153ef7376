"""Signals in storms, configurations saved in the middle of a poll, and more than one daemon for one store."""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.faults.forked import ROOT, Daemon
from tests.faults.oracle import Answer, Webhook
from tests.faults.scene import Scene, until

STORM, STORM_LONG = 1.5, 10.0
"""Seconds."""
EVERY = 0.01
"""Seconds between two signals."""
ALL = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


@pytest.fixture
def storm(pytestconfig: pytest.Config) -> float:
    return STORM_LONG if pytestconfig.getoption("--long") else STORM


@contextmanager
def news(scene: Scene) -> Iterator[None]:
    """Have news come in all the time, by both ways."""
    enough = threading.Event()

    def publish() -> None:
        while not enough.wait(0.05):
            scene.publish()
            scene.drop_in()

    publishing = threading.Thread(target=publish)
    publishing.start()
    try:
        yield
    finally:
        enough.set()
        publishing.join()


def test_a_storm_of_hangups_loses_nothing_and_the_daemon_lives_on(scene: Scene, storm: float) -> None:
    daemon = scene.start()
    assert scene.polled()
    ends, sent = time.monotonic() + storm, 0
    with news(scene):
        while time.monotonic() < ends:
            daemon.signal(signal.SIGHUP)
            sent += 1
            time.sleep(EVERY)
    assert sent > storm / EVERY / 3
    assert scene.arrived()
    scene.check()
    assert daemon.stop() == 0
    assert daemon.said().count("configuration taken up") > 1
    assert " error " not in daemon.said()


@pytest.mark.parametrize("kinds", [(signal.SIGTERM,), (signal.SIGINT,), ALL], ids=["term", "int", "all"])
def test_a_storm_that_asks_to_stop_ends_the_daemon_in_good_order(
    scene: Scene, kinds: tuple[signal.Signals, ...]
) -> None:
    scene.configure(desk="at_most: 100000 an hour, parallel: 4")
    scene.desk.answer = lambda: Answer(pause=0.3)
    scene.publish(10)
    scene.drop_in(10)
    daemon = scene.start()
    assert scene.bells.wait("message", 3, 10)
    began = time.monotonic()
    with news(scene):
        for kind in itertools.cycle(kinds):
            daemon.signal(kind)
            if daemon.wait(EVERY) is not None:
                break
    assert time.monotonic() - began < 20
    assert (daemon.status, daemon.orphans) == (0, [])
    assert len(scene.desk.markers) < len(scene.offered), "it stopped when it had nothing left to do"
    scene.desk.answer = Answer
    scene.start()
    assert scene.arrived()
    scene.check()


def test_signals_that_come_while_the_process_ends_do_not_become_its_exit_code(scene: Scene) -> None:
    daemon = scene.start_cold()
    scene.publish()
    assert scene.arrived()
    for kind in itertools.cycle(ALL):
        daemon.signal(kind)
        if daemon.wait(EVERY / 4) is not None:
            break
    assert (daemon.status, daemon.orphans) == (0, [])
    assert daemon.said().endswith("info stopped\n")


def test_a_configuration_saved_during_a_poll_is_taken_up_and_that_poll_ends_as_it_began(scene: Scene) -> None:
    second = Webhook(scene.bells, name="second")
    daemon = scene.start()
    assert scene.polled()
    scene.feed.gate.clear()
    assert until(lambda: scene.bells.count("ask") > scene.bells.count("fetch"))
    old = scene.new_marker()
    scene.feed.offer(old)
    scene.configure({"second": f'{{url: "json://127.0.0.1:{second.port}/"}}'}, tell="[second]")
    daemon.signal(signal.SIGHUP)
    assert until(lambda: "configuration taken up" in daemon.said())
    scene.feed.gate.set()
    assert scene.arrived()
    new = scene.new_marker()
    scene.feed.offer(new)
    assert until(lambda: second.arrived)
    assert daemon.stop() == 0
    second.close()
    assert [m.marker for m in scene.desk.arrived] == [old]
    assert [m.marker for m in second.arrived] == [new]
    scene.check_store()


def test_a_source_taken_out_during_its_poll_ends_that_poll_and_no_other(scene: Scene) -> None:
    daemon = scene.start()
    assert scene.polled()
    scene.feed.gate.clear()
    assert until(lambda: scene.bells.count("ask") > scene.bells.count("fetch"))
    scene.publish()
    sources = scene.config / "sources.yaml"
    sources.write_text(sources.read_text().replace(scene.feed.url, scene.feed.url + "/other"))
    daemon.signal(signal.SIGHUP)
    assert until(lambda: "configuration taken up" in daemon.said())
    scene.feed.gate.set()
    scene.drop_in()
    assert scene.arrived()
    scene.check()
    assert daemon.stop() == 0
    assert " error " not in daemon.said()


def running(daemons: list[Daemon]) -> list[Daemon]:
    return [daemon for daemon in daemons if daemon.wait(0) is None]


def test_of_daemons_that_start_at_once_on_a_store_that_is_not_there_yet_one_runs(scene: Scene) -> None:
    daemons = [scene.start() for _ in range(6)]
    scene.publish(3)
    assert scene.arrived()
    assert until(lambda: len(running(daemons)) == 1)
    (winner,) = running(daemons)
    scene.drop_in()
    assert scene.arrived()
    scene.check()
    assert winner.stop() == 0


def test_a_second_daemon_ends_with_3_names_the_first_and_leaves_it_alone(scene: Scene) -> None:
    first = scene.start()
    scene.publish()
    assert scene.arrived()
    second = subprocess.run(
        [sys.executable, "-m", "monitor", "run", "--config", str(scene.config), "--state", str(scene.state)],
        cwd=ROOT, capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip
    assert second.returncode == 3
    assert f"another instance (process {first.pid})" in second.stderr
    assert second.stdout == ""
    scene.publish()
    assert scene.arrived()
    scene.check()
    assert first.stop() == 0
