"""The machine's clock is set, by an hour or by half a century, while polls, retries and digests are under way."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from tests.faults.clock import SharedClock
from tests.faults.forked import Template
from tests.faults.oracle import Answer, Webhook
from tests.faults.scene import Scene, until

PACE = 1.0
"""Seconds between two polls."""
ALLOWED = PACE + 5
"""Seconds until the next poll must have come."""
WATCHED_FOR = 2.5
JUMPS = {
    "an hour forward": timedelta(hours=1),
    "an hour back": timedelta(hours=-1),
    "a year forward": timedelta(days=365),
    "back to 1970": datetime(1970, 1, 3, tzinfo=UTC) - datetime.now(UTC),
}
QUICKLY = {"monitor.core.alerts.retry.FIRST_WAIT": 0.5, "monitor.engine.embedded.UPKEEP": 0.1}


class Jumped:
    """A scene whose clock is set in the middle of everything."""

    def __init__(self, scene: Scene, distance: timedelta) -> None:
        self.scene = scene
        self.distance = distance
        self.clock = scene.clock()
        self.slow = Webhook(scene.bells, name="digest")
        channel = f'{{url: "json://127.0.0.1:{self.slow.port}/", at_most: 5 an hour}}'
        scene.configure({"slow": channel}, tell="[desk, slow]", desk="at_most: 100000 an hour, parallel: 4")
        self.at = 0.0

    def start(self) -> None:
        self.scene.publish(4)
        self.daemon = self.scene.start(pace=PACE, clock=str(self.clock.path), sets=QUICKLY)

    def have_alerts_wait_to_go_together(self) -> None:
        assert self.scene.arrived()
        assert until(lambda: self.slow.arrived)
        self.scene.feed.gate.clear()

    def have_a_poll_under_way(self) -> None:
        assert until(lambda: self.scene.bells.count("ask") > self.scene.bells.count("fetch"))

    def have_a_message_fail(self) -> None:
        self.scene.desk.answer = lambda: Answer(status=503)
        self.scene.drop_in()
        assert self.scene.arrived()
        self.scene.desk.answer = Answer

    def have_a_message_under_way(self) -> None:
        self.scene.desk.answer = lambda: Answer(pause=1.5)
        self.scene.drop_in()
        assert self.scene.arrived()
        self.scene.desk.answer = Answer

    def jump(self) -> None:
        self.at = time.monotonic()
        self.clock.jump(self.distance)

    def have_a_moment_without_news(self) -> None:
        until(lambda: self.told_slowly >= 6, 6)

    def have_the_poll_end(self) -> None:
        self.scene.publish()
        self.scene.feed.gate.set()
        assert self.scene.polled()

    def have_more_news(self) -> None:
        self.scene.publish()
        self.scene.drop_in()

    def look_on(self) -> None:
        time.sleep(max(self.at + WATCHED_FOR - time.monotonic(), 0))

    @property
    def told_slowly(self) -> int:
        """How many alerts the slow channel's messages are about."""
        return sum(message.counts for message in list(self.slow.arrived))

    @property
    def asked(self) -> list[float]:
        """When the feed was asked since: seconds after the jump."""
        return [at - self.at for at in self.scene.feed.asked if at > self.at]


ACTS = (
    Jumped.start,
    Jumped.have_alerts_wait_to_go_together,
    Jumped.have_a_poll_under_way,
    Jumped.have_a_message_fail,
    Jumped.have_a_message_under_way,
    Jumped.jump,
    Jumped.have_a_moment_without_news,
    Jumped.have_the_poll_end,
    Jumped.have_more_news,
    Jumped.look_on,
)


@pytest.fixture(scope="module")
def all_jumped(tmp_path_factory: pytest.TempPathFactory, template: Template) -> Iterator[dict[str, Jumped]]:
    """Every jump, each in a scene of its own, all at once: most of the time goes by in watching what does not come."""
    with ExitStack() as stack:
        scenes = [stack.enter_context(Scene(tmp_path_factory.mktemp("jump"), template)) for _ in JUMPS]
        made = {name: Jumped(s, JUMPS[name]) for s, name in zip(scenes, JUMPS, strict=True)}
        for one in made.values():
            stack.callback(one.slow.close)
        for act in ACTS:
            for one in made.values():
                act(one)
        yield made


@pytest.fixture(params=JUMPS)
def jumped(request: pytest.FixtureRequest, all_jumped: dict[str, Jumped]) -> Jumped:
    return all_jumped[request.param]


def test_the_next_poll_comes_in_time(jumped: Jumped) -> None:
    assert until(lambda: len(jumped.asked) >= 2, ALLOWED)
    assert jumped.asked[0] < ALLOWED


def test_polls_do_not_storm(jumped: Jumped) -> None:
    """One poll may come at once, since a clock set forward makes it due; all others keep their distance."""
    times = [at for at in jumped.asked if at < WATCHED_FOR]
    early = [b for a, b in pairwise(times) if b - a < 0.8 * PACE]
    assert len(early) <= 1, times
    assert len(times) <= 1 + WATCHED_FOR / PACE + 1, times


def test_nothing_is_lost_and_nothing_is_told_again(jumped: Jumped) -> None:
    assert jumped.scene.arrived()
    assert until(lambda: jumped.scene.offered <= jumped.scene.desk.accepted)
    jumped.scene.check()


def test_alerts_that_wait_to_go_together_do_not_wait_for_the_clock_to_come_round(jumped: Jumped) -> None:
    assert jumped.told_slowly >= 6
    assert len({m.alert for m in jumped.slow.arrived}) == len(jumped.slow.arrived)


def test_nobody_is_told_of_anything_but_the_log(jumped: Jumped) -> None:
    assert jumped.scene.troubles == []
    assert "the clock was set" in jumped.daemon.said()


@pytest.mark.parametrize("meanwhile", ["runs", "is down"])
def test_what_arrives_after_a_clock_that_was_ahead_was_set_right_is_no_backlog(
    scene: Scene, meanwhile: str
) -> None:
    scene.configure(backlog="none")
    scene.drop.rename_in(scene.markers.next())
    clock = scene.clock()
    clock.jump(timedelta(days=365))
    daemon = scene.start(clock=str(clock.path))
    assert until(lambda: "articles=1" in daemon.said())
    if meanwhile == "is down":
        assert daemon.stop() == 0
    clock.jump(timedelta(days=-365))
    if meanwhile == "is down":
        daemon = scene.start(clock=str(clock.path))
    else:
        assert until(lambda: "the clock was set" in daemon.said())
    scene.drop_in()
    assert scene.arrived(5)
    assert [message.marker for message in scene.desk.arrived] == [*scene.offered]


def test_the_clock_of_these_tests_is_the_one_that_the_daemon_goes_by(scene: Scene) -> None:
    clock: SharedClock = scene.clock()
    daemon = scene.start(clock=str(clock.path), pace=600)
    assert scene.polled()
    clock.speed(3_000)
    assert scene.polled(), daemon.said()
