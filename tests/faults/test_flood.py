"""Ten thousand matches in a minute: what a receiver's limit lets through, what is counted, what overtakes it all."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import threading
import time
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler

import pytest

from monitor.config.places import DATABASE
from monitor.store import open_archive
from tests.faults.forked import ROOT, Template
from tests.faults.oracle import MARKER, WATCHED, Arrived, Bells, Server, Webhook
from tests.faults.scene import STILL, Scene, until

FLOOD = 10_000
MINUTE = 60.0
FEEDS = 4
PAGE, PAGE_LONG = 500, 42
"""Items that a feed has new at each poll: as fast as may be, or for a minute."""
LIMITS = {"desk": 30, "chat": 10, "few": 3}
"""Messages an hour."""
HURRIED = 1_000
"""How many times as fast the clock goes once the flood is over: a quarter of an hour is less than a second."""
HOURS = 1.3
HOUR = 3_600.0
LAG = 600.0
"""Seconds of the hurried clock that a message may be on its way, 0.6 of ours: no hour is seen sharper than that."""
URGENT = "Bram Tolliver"


class Stream:
    """A feed that has so many items new at each poll, until all are served."""

    def __init__(self, address: str, markers: list[str], page: int) -> None:
        self._left = markers
        self._page = page
        self._shown: list[str] = []
        self._server = Server(address, self._answer)
        self.url = f"http://{address}:{self._server.port}/rss"

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        self._shown, self._left = self._left[: self._page] or self._shown, self._left[self._page :]
        items = (
            f"<item><title>{WATCHED} on the quays, {m}</title><guid isPermaLink='false'>{m}</guid></item>"
            for m in self._shown
        )
        body = (
            f"<rss version='2.0'><channel><title>Port wire</title>{''.join(items)}</channel></rss>".encode()
        )
        handler.send_response(200)
        handler.send_header("Content-Type", "application/rss+xml")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def close(self) -> None:
        self._server.close()


class Flooded:
    """A daemon that is flooded at the machine's own pace, and then lives through hours of drizzle at a hurried one."""

    def __init__(self, scene: Scene, *, for_a_minute: bool) -> None:
        self.scene = scene
        self.clock = scene.clock()
        self.bells = Bells()
        self.pace = 1.0 if for_a_minute else 0.02
        page = PAGE_LONG if for_a_minute else PAGE
        markers = [scene.new_marker() for _ in range(FLOOD)]
        self.flood = set(markers)
        self.feeds = [Stream(f"127.0.0.{n + 1}", markers[n::FEEDS], page) for n in range(FEEDS)]
        self.hooks = {name: Webhook(self.bells) for name in LIMITS if name != "desk"} | {"desk": scene.desk}
        self.phone = Webhook(self.bells, name="phone")
        self.wall = Webhook(self.bells, name="wall")
        urls = {name: f"json://127.0.0.1:{hook.port}/" for name, hook in self.hooks.items()}
        scene.configure(
            {n: f'{{url: "{urls[n]}", at_most: {LIMITS[n]} an hour}}' for n in LIMITS if n != "desk"}
            | {"phone": f'{{url: "json://127.0.0.1:{self.phone.port}/", priority: urgent}}'}
            | {
                "wall": f'{{url: "json://127.0.0.1:{self.wall.port}/", at_most: 1000000 an hour, parallel: 32}}'
            },
            tell=f"[{', '.join(LIMITS)}, phone{', wall' if for_a_minute else ''}]",
            desk=f"at_most: {LIMITS['desk']} an hour",
            feeds=[feed.url for feed in self.feeds],
        )
        people = scene.config / "watchlists" / "people.yaml"
        people.write_text(people.read_text() + f"  - {{name: {URGENT}, priority: urgent}}\n")
        self.urgent: dict[str, float] = {}
        self.took = 0.0

    def rise(self) -> None:
        """Have all ten thousand come in."""
        began = time.monotonic()
        self.daemon = self.scene.start(clock=str(self.clock.path), pace=self.pace)
        assert self.scene.alerted(self.daemon, 2 * MINUTE)
        self.took = time.monotonic() - began

    def be_urgent(self) -> None:
        marker = self.scene.new_marker()
        self.urgent[marker] = time.monotonic()
        self.scene.drop.rename_in(marker, name=URGENT)

    def drizzle(self) -> None:
        """Let hours go by in which there is always some news, and then enough time for all that waits to be sent."""
        enough = threading.Event()

        def drop_in() -> None:
            while not enough.wait(0.1):
                self.scene.drop_in(2)

        dropping = threading.Thread(target=drop_in)
        dropping.start()
        self.hurried = time.monotonic()
        self.clock.speed(HURRIED)
        ends = self.clock.monotonic() + HOURS * HOUR
        assert until(lambda: self.clock.monotonic() > ends, 60)
        enough.set()
        dropping.join()
        assert until(lambda: all(self.told(name) >= len(self.scene.offered) for name in LIMITS), 20), {
            name: self.told(name) for name in LIMITS
        }
        time.sleep(STILL)

    def at(self, moment: float) -> float:
        """Give the daemon's time of a moment."""
        return self.clock.at(moment) if moment > self.hurried else moment

    def told(self, name: str) -> int:
        return sum(message.counts for message in list(self.hooks[name].arrived))

    def close(self) -> None:
        for server in (*self.feeds, *self.hooks.values(), self.phone, self.wall):
            server.close()


pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def flooded(
    tmp_path_factory: pytest.TempPathFactory, template: Template, pytestconfig: pytest.Config
) -> Iterator[Flooded]:
    long = bool(pytestconfig.getoption("--long"))
    with ExitStack() as stack:
        scene = stack.enter_context(Scene(tmp_path_factory.mktemp("flood"), template))
        flooded = Flooded(scene, for_a_minute=long)
        stack.callback(flooded.close)
        flooded.rise()
        flooded.be_urgent()
        assert until(lambda: next(iter(flooded.urgent)) in flooded.scene.desk.markers, MINUTE)
        flooded.drizzle()
        flooded.be_urgent()
        assert until(lambda: set(flooded.urgent) <= flooded.phone.markers)
        assert until(lambda: all(flooded.told(name) >= len(flooded.scene.offered) for name in LIMITS))
        yield flooded
        assert flooded.daemon.stop() == 0


def digests(flooded: Flooded) -> list[Arrived]:
    return [m for hook in flooded.hooks.values() for m in hook.arrived if m.counts > 1]


def test_it_is_a_flood(flooded: Flooded) -> None:
    print(f"{FLOOD} matches in {flooded.took:.1f} s")
    assert flooded.took < MINUTE + 5


@pytest.mark.long
def test_a_channel_without_a_limit_gets_each_alert_by_itself(flooded: Flooded) -> None:
    assert until(lambda: flooded.scene.offered <= flooded.wall.markers, MINUTE)
    markers = [m.marker for m in flooded.wall.arrived]
    assert sorted(markers) == sorted(flooded.scene.offered)
    print(
        f"the wall: {len(markers)} messages, the last {flooded.wall.arrived[-1].at - flooded.hurried:.0f} s after"
    )


@pytest.mark.parametrize("name", LIMITS)
def test_the_counts_of_all_messages_add_up_to_all_alerts(flooded: Flooded, name: str) -> None:
    sizes = sorted((m.counts for m in flooded.hooks[name].arrived), reverse=True)
    print(f"{name}: {len(sizes)} messages for {sum(sizes)} alerts, the largest of {sizes[:3]}")
    assert sum(sizes) == len(flooded.scene.offered)


def test_what_a_message_lists_and_what_it_counts_besides_add_up(flooded: Flooded) -> None:
    assert len(digests(flooded)) > len(LIMITS)
    for message in digests(flooded):
        listed, more = len(message.markers), re.search(r"^and (\d+) more: ", message.text, re.MULTILINE)
        assert 0 < listed <= 25
        assert listed + (int(more[1]) if more else 0) == message.counts


@pytest.mark.parametrize("name", LIMITS)
def test_no_article_is_told_twice(flooded: Flooded, name: str) -> None:
    told = [marker for m in flooded.hooks[name].arrived for marker in m.markers]
    assert len(told) == len(set(told))


@pytest.mark.parametrize("name", LIMITS)
def test_no_hour_holds_more_than_the_limit(flooded: Flooded, name: str) -> None:
    """But for the urgent ones, which count all the same."""
    usual = [m for m in flooded.hooks[name].arrived if not m.markers & set(flooded.urgent)]
    at = sorted(flooded.at(m.at) for m in usual)
    most = max(bisect_left(at, begin + HOUR - LAG) - n for n, begin in enumerate(at))
    print(f"{name}: {most} of at most {LIMITS[name]} in an hour")
    assert LIMITS[name] / 2 <= most <= LIMITS[name]


@pytest.mark.parametrize("name", ["desk", "chat", "few", "phone"])
def test_an_urgent_alert_passes_ten_thousand_that_wait(flooded: Flooded, name: str) -> None:
    hook = flooded.hooks.get(name, flooded.phone)
    for marker, at in flooded.urgent.items():
        (message,) = (m for m in hook.arrived if marker in m.markers)
        print(f"{name}: urgent after {message.at - at:.2f} s")
        assert message.at - at < MINUTE
        assert message.counts == 1


def test_only_what_is_urgent_reaches_who_wants_no_more(flooded: Flooded) -> None:
    assert flooded.phone.markers == set(flooded.urgent)
    assert len(flooded.phone.arrived) == len(flooded.urgent)


def test_every_alert_can_be_looked_up_by_the_command_that_the_largest_message_names(flooded: Flooded) -> None:
    largest = max(flooded.scene.desk.arrived, key=lambda m: m.counts)
    named = re.search(r"more: (monitor alerts .*)$", largest.text, re.MULTILINE)
    assert named
    place = ["--state", str(flooded.scene.state), "--config", str(flooded.scene.config)]
    asked = [sys.executable, "-m", *shlex.split(named[1]), *place, "--json"]
    shown = subprocess.run(asked, cwd=ROOT, capture_output=True, check=True).stdout.splitlines()
    found = {marker for line in shown for marker in MARKER.findall(json.loads(line)["headline"])}
    assert flooded.flood <= found


def test_everything_is_stored_once_and_found_by_its_words(flooded: Flooded) -> None:
    scene = flooded.scene
    with open_archive(scene.state / DATABASE) as archive:
        texts = [record.article.text for record in archive.articles(limit=1_000_000)]
        assert sorted({m for text in texts for m in MARKER.findall(text)}) == sorted(scene.offered)
        assert len(texts) == len(scene.offered)
        for marker in sorted(scene.offered)[:: FLOOD // 20]:
            assert len(archive.search(marker, limit=5)) == 1
