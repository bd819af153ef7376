"""Daemons are killed, hundreds of times, at any moment and at every step: nothing is lost, nothing comes twice.

The promise: articles exactly once, alerts at least once; a crash repeats only messages that were received and not
yet settled when it fell, at most as many as the channel has in flight, each with the id that it had before.
`MONITOR_TEST_SEED` runs the moments of an earlier run again.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from monitor import deliver
from monitor.config.places import DATABASE
from monitor.ingest import poll
from monitor.store import STEPS, open_archive, verify
from tests.faults.forked import Daemon, Template
from tests.faults.oracle import MARKER, Answer, Bells, Drop, Feed, Markers, Webhook, write_config

KILLS, KILLS_LONG = 300, 2_000
COLD, COLD_LONG = 20, 60
PARALLEL = 4
RIGS = 3
POLLING = 3.0
"""Seconds that a restart may take until it polls."""

Failpoint = tuple[str, str, int]
"""The room that says the step, the step, and which time it comes."""

ONCE = ("mirror_sources", "mirror_recipients", "release_leases", "pull_forward", "purge")
"""What a daemon does once in the fraction of a second that it has here."""
TWICE = ("tell", "retry", "checkpoint")
"""What must be brought about, or comes seldom."""
STATEMENTS = range(1, 8)


def failpoints() -> list[Failpoint]:
    """Give every step that a daemon on a store of this release can reach, with the times that it does."""

    def times(name: str) -> int:
        write = name.split(":")[0]
        return 1 if write in ONCE else 2 if write in TWICE else 3

    names = [("store", n) for n in STEPS if not n.startswith(("migrate", "backup"))]
    names += [("drive", n) for n in (*deliver.STEPS, *poll.STEPS)]
    return [(room, name, count) for room, name in names for count in range(1, times(name) + 1)]


BIRTH: list[Failpoint] = [
    ("store", "migrate:before", 1),
    *(("store", "migrate:statement", n) for n in STATEMENTS),
    ("store", "migrate:after", 1),
]
"""Only a store that is being made goes through these, so they come first."""
UPGRADE: list[Failpoint] = [
    *(("store", f"backup:{when}", 1) for when in ("before", "after")),
    ("store", "migrate:before", 1),
    *(("store", "migrate:statement", n) for n in (1, 2, 3)),
    ("store", "migrate:after", 1),
]
"""Only a newer release goes through these, on a store of this one."""

NAMED = {*STEPS, *deliver.STEPS, *poll.STEPS}


@dataclass
class Tally:
    """What came of some runs."""

    kills: int = 0
    cold: int = 0
    repeated: int = 0
    messages: int = 0
    waits: list[float] = field(default_factory=list)
    """Seconds from a start to its first poll."""
    missed: list[Failpoint] = field(default_factory=list)


class Rig:
    """One store with the world around it, and the daemons that live and die on it, one after another."""

    def __init__(self, directory: Path, rng: random.Random, template: Template) -> None:
        self.rng = rng
        self.template = template
        self.bells, self.markers = Bells(), Markers()
        self.feeds = [Feed(f"127.0.0.{n}", self.bells) for n in (1, 2, 3)]
        self.webhook = Webhook(self.bells, self._answer)
        self.drop = Drop(directory / "wire", self.bells)
        self.config, self.state = directory / "config", directory / "state"
        self.log = directory / "arrived"
        self.offered: set[str] = set()
        self.settled: Counter[int] = Counter()
        """Messages that each run had settled for certain."""
        self.tally = Tally()
        self._fillers: list[threading.Thread] = []
        url = f"json://127.0.0.1:{self.webhook.port}/"
        write_config(
            self.config,
            feeds=[feed.url for feed in self.feeds],
            folders=[self.drop.path],
            channels={"desk": f'{{url: "{url}", at_most: 100000 an hour, parallel: {PARALLEL}}}'},
        )

    def _answer(self) -> Answer:
        return Answer(pause=random.uniform(0, 0.01))  # the receiver's own pace: nothing hangs on it

    # -- the world ---------------------------------------------------------------------------

    def new_marker(self) -> str:
        marker = self.markers.next()
        self.offered.add(marker)
        return marker

    def offer(self) -> None:
        """Put something new into every feed and into the folder, some of it while the daemon starts.

        Where run after run died before it had polled, the feeds have nothing new: else they would have to drop what
        nobody has seen.
        """
        for feed in self.feeds:
            if feed.has_room(self.webhook.markers):
                feed.offer(self.new_marker())
        self.drop.rename_in(self.new_marker())
        late, slow = self.new_marker(), self.new_marker() if self.rng.random() < 0.3 else None
        pauses = [self.rng.uniform(0, 0.05) for _ in range(3)]

        def fill() -> None:
            time.sleep(pauses[0])
            self.drop.rename_in(late)
            if slow:
                self.drop.write_slowly(slow, pauses)

        self._fillers.append(threading.Thread(target=fill))
        self._fillers[-1].start()

    def close(self) -> None:
        for filler in self._fillers:
            filler.join(5)
        for server in (*self.feeds, self.webhook):
            server.close()

    # -- one run -----------------------------------------------------------------------------

    def run(self, kill: Failpoint | None = None, *, cold: bool = False) -> None:
        """Let a daemon live until it dies: at a step, or at some moment."""
        self.webhook.run += 1
        self.offer()
        before = {name: self.bells.count(name) for name in ("fetch", "message", "drop")}
        if cold:
            daemon = self.template.cold(self.config, self.state)
            time.sleep(self.rng.uniform(0.3, 1.3))
            daemon.kill()
        elif kill is None:
            daemon = self.template.fork(self.config, self.state)
            self._wait_for_a_moment(before)
            daemon.kill()
        else:
            daemon = self.template.fork(self.config, self.state, kill)
            self._wait_for_the_step(daemon, kill, before)
        self._take_down(daemon, cold)

    def _wait_for_a_moment(self, before: dict[str, int]) -> None:
        after = self.rng.choice(("start", "start", "fetch", "fetch", "message", "message", "message", "drop"))
        if after == "start":
            time.sleep(self.rng.uniform(0, 0.4))
            return
        self.bells.wait(after, before[after] + self.rng.randrange(3), 0.6)
        time.sleep(self.rng.uniform(0, 0.012))

    def _wait_for_the_step(self, daemon: Daemon, kill: Failpoint, before: dict[str, int]) -> None:
        """Wait until it died by itself, doing what makes it reach the step."""
        ends = time.monotonic() + 10
        if kill[1].startswith("tell"):
            self.bells.wait("fetch", before["fetch"], 5)  # by then it takes a SIGHUP for what it means
        while daemon.wait(0.05) is None:
            if time.monotonic() > ends:
                self.tally.missed.append(kill)
                daemon.kill()
                return
            if kill[1].startswith("retry"):
                daemon.ask_for_retries()
            if kill[1].startswith("tell"):
                daemon.signal(signal.SIGHUP)

    def _take_down(self, daemon: Daemon, cold: bool) -> None:
        """Note what the run settled, once all that it sent has been received."""
        self.webhook.drain()
        assert daemon.orphans == []
        assert {step.split()[1] for step in daemon.steps} <= NAMED
        self.tally.kills += 1
        self.tally.cold += cold
        # A cold start tells no steps: of it only the channel's bound is known.
        seen = daemon.steps.count("store settle:after")
        self.settled[self.webhook.run] = seen if not cold else -1

    def rest(self, *, cold: bool = False) -> None:
        """Let a daemon live undisturbed until all that was offered has arrived, and end it in good order."""
        for filler in self._fillers:
            filler.join(5)
        self._fillers.clear()
        self.webhook.run += 1
        self.settled[self.webhook.run] = -1
        before = self.bells.count("fetch")
        start = self.template.cold if cold else self.template.fork
        daemon = start(self.config, self.state)
        assert self.bells.wait("fetch", before, 15), f"it never polls: {daemon.said()[-2000:]}"
        self.tally.waits.append(time.monotonic() - daemon.began)
        ends = time.monotonic() + 20
        while not self.offered <= self.webhook.markers and time.monotonic() < ends:
            time.sleep(0.02)
        time.sleep(0.2)  # for what should not come
        assert daemon.stop() == 0, daemon.said()[-2000:]
        assert daemon.orphans == []
        self.webhook.drain()

    # -- the promise -------------------------------------------------------------------------

    def check(self) -> None:
        arrived = self.webhook.arrived
        self.tally.messages = len(arrived)
        self.log.write_text("".join(f"{message}\n" for message in arrived))
        assert self.offered - self.webhook.markers == set(), f"lost: see {self.log.parent}"
        assert self.webhook.markers == self.offered
        self._check_ids()
        self._check_repeats()
        self._check_articles()

    def _check_ids(self) -> None:
        ids: defaultdict[str, set[str]] = defaultdict(set)
        for message in self.webhook.arrived:
            ids[message.marker].add(message.alert)
        assert {marker: found for marker, found in ids.items() if len(found) != 1 or "" in found} == {}
        assert len(set.union(*ids.values())) == len(ids)

    def _check_repeats(self) -> None:
        """Whatever came again came before a kill, unsettled, and in the number that may be in flight."""
        runs: defaultdict[int, list[str]] = defaultdict(list)
        last: dict[str, int] = {}
        for message in self.webhook.arrived:
            runs[message.run].append(message.alert)
            last[message.alert] = max(last.get(message.alert, 0), message.run)
        for run, alerts in runs.items():
            assert len(alerts) == len(set(alerts)), f"run {run} sent a message twice"
            again = [alert for alert in alerts if last[alert] > run]
            unsettled = len(alerts) - self.settled[run] if self.settled[run] >= 0 else PARALLEL
            assert len(again) <= min(PARALLEL, unsettled), f"run {run} repeats {len(again)} messages"
            self.tally.repeated += len(again)

    def _check_articles(self) -> None:
        assert verify(self.state / DATABASE) == ()
        with open_archive(self.state / DATABASE) as archive:
            stored = [record.article.text for record in archive.articles(limit=1_000_000)]
            alerts = archive.alerts(limit=1_000_000)
        assert len(stored) == len(self.offered)
        for text in stored:
            first, last = MARKER.findall(text)
            assert first == last, f"a half: {text}"
        assert len(alerts) == len(self.offered)
        assert [a.alert.id for a in alerts if a.alert.suppressed] == []


@contextmanager
def rig(directory: Path, seed: str) -> Iterator[Rig]:
    directory.mkdir()
    with Template(directory) as template:
        made = Rig(directory, random.Random(seed), template)
        try:
            yield made
        finally:
            made.close()


@pytest.fixture
def seed() -> str:
    seed = os.environ.get("MONITOR_TEST_SEED") or str(random.SystemRandom().randrange(10**6))
    print(f"MONITOR_TEST_SEED={seed}")
    return seed


def lives(directory: Path, seed: str, plan: list[Failpoint | str]) -> Tally:
    """Let daemons live and die by a plan on one store, then one undisturbed, and judge them all."""
    with rig(directory, seed) as world:
        for end in plan:
            if isinstance(end, str):
                world.run(cold=end == "cold")
            else:
                world.run(end)
        world.rest()
        world.rest(cold=True)
        world.check()
        return world.tally


def plans(rng: random.Random, kills: int, cold: int) -> list[list[Failpoint | str]]:
    """Share all failpoints, and random moments up to the number of kills, between the rigs."""
    points: list[Failpoint | str] = [*failpoints()]
    moments = kills - len(points) - cold - len(BIRTH) * RIGS
    assert moments > 0
    ends = [*points, *["any"] * moments, *["cold"] * cold]
    rng.shuffle(ends)
    return [[*BIRTH, *ends[n::RIGS]] for n in range(RIGS)]


@pytest.mark.timeout(900)
def test_kills_lose_nothing_and_repeat_only_what_was_in_flight(
    tmp_path: Path, seed: str, pytestconfig: pytest.Config, record_property: Callable[[str, object], None]
) -> None:
    long = bool(pytestconfig.getoption("--long"))
    kills, cold = (KILLS_LONG, COLD_LONG) if long else (KILLS, COLD)
    began = time.monotonic()
    with ThreadPoolExecutor(RIGS) as pool:
        work = [
            pool.submit(lives, tmp_path / f"rig{n}", f"{seed}-{n}", plan)
            for n, plan in enumerate(plans(random.Random(seed), kills, cold))
        ]
        tallies = [one.result() for one in work]
    said = {
        "kills": sum(t.kills for t in tallies),
        "cold": sum(t.cold for t in tallies),
        "messages": sum(t.messages for t in tallies),
        "repeated": sum(t.repeated for t in tallies),
        "slowest restart": round(max(w for t in tallies for w in t.waits), 2),
        "seconds": round(time.monotonic() - began, 1),
    }
    print(said)
    record_property("crash", str(said))
    assert [p for t in tallies for p in t.missed] == [], "these steps were not reached"
    assert said["kills"] == kills
    assert said["cold"] == cold
    assert said["slowest restart"] <= POLLING


def test_every_step_that_has_a_name_is_one_to_die_at() -> None:
    assert {name for _, name, _ in (*BIRTH, *failpoints(), *UPGRADE)} == NAMED


def test_an_upgrade_killed_at_any_step_leaves_the_store_of_before_or_of_after(tmp_path: Path) -> None:
    with rig(tmp_path / "rig", "upgrade") as world:
        world.rest()
        for point in UPGRADE:
            daemon = world.template.fork(world.config, world.state, point, upgrade=True)
            assert daemon.wait(10) == -signal.SIGKILL, f"{point} was not reached: {daemon.said()}"
            if point[1] != "migrate:after":
                world.offer()
                world.rest()  # the release of before runs on it as if nothing had been
        daemon = world.template.fork(world.config, world.state, upgrade=True)
        before = world.bells.count("fetch")
        assert world.bells.wait("fetch", before, 10)
        assert daemon.stop() == 0
    assert [path.name for path in (tmp_path / "rig" / "state").glob("*.before-*")] != []
    assert not list((tmp_path / "rig" / "state").glob("*.part"))
