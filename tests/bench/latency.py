"""Measures how long it takes from a file that is dropped, or a feed that is polled, until a receiver has the alert.

    python -m tests.bench.latency [--samples 200] [--seconds 200]

The daemon itself, started anew, watches a folder and ten feeds, and tells of files by mail and of feeds' items by
webhook. Mail server (aiosmtpd), webhook receiver and feed server are in this process. Of every four files three are
written in place and closed, and count from a second later, since no file is read before it stayed unchanged for that
long (and a folder is looked into once a second); one is renamed in, after two seconds under another name, which makes
it whole at once. Each answer of a feed holds a new item, and counts from the moment that it is sent. A mail counts when
its 250 is on its way, a webhook when its 200 is. Takes the given seconds, and some more.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import re
import statistics
import sys
import tempfile
import time
from asyncio.subprocess import DEVNULL, Process
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.bench.measuring import machine, table, verdict

ROOT = Path(__file__).resolve().parents[2]
FEEDS = 10
MOST = 2.0
"""Seconds, of the 99th percentile."""
STABLE = 1.0
"""Seconds that a file must stay as it is."""
TOKEN = re.compile(rb"Sample-(?P<way>[a-z]+)-\d+")
WAYS = {
    "written": "file written -> SMTP's 250, beyond the stability wait",
    "renamed": "file renamed in -> SMTP's 250",
    "polled": "feed's item served -> webhook's 200",
}


@dataclass
class Samples:
    """When each sample began, and how long it took."""

    began: dict[bytes, float] = field(default_factory=dict)
    took: dict[str, list[float]] = field(default_factory=lambda: {way: [] for way in WAYS})
    came: asyncio.Event = field(default_factory=asyncio.Event)

    def begin(self, token: str, after: float = 0.0) -> None:
        """Note that a sample is out in the world; it counts from so many seconds later."""
        self.began[token.encode()] = time.monotonic() + after

    def end(self, message: bytes) -> None:
        """Note that a receiver took a message."""
        now = time.monotonic()
        for found in TOKEN.finditer(message):
            began = self.began.pop(found[0], None)
            if began is not None:
                self.took[found["way"].decode()].append(now - began)
        self.came.set()

    async def wait(self, seconds: float) -> None:
        """Wait for what is still on its way, so long at most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.began:
                    self.came.clear()
                    await self.came.wait()


class Mailbox:
    """Takes every mail."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Answer a mail that has come in whole."""
        assert isinstance(envelope.content, bytes)
        self._samples.end(envelope.content)
        return "250 OK"


class World:
    """Serves feeds and takes webhooks."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples
        self._served = 0
        self.open = True
        self.asked = asyncio.Event()
        """Set once the daemon is there."""

    async def feed(self, request: web.Request) -> web.Response:
        """Answer with one new item."""
        self.asked.set()
        item = ""
        if self.open:
            self._served += 1
            token = f"Sample-polled-{self._served}"
            text = f"<title>{token}</title><description>Fed Person spoke.</description>"
            item = f"<item><guid>{token}</guid>{text}</item>"
            self._samples.begin(token)
        return web.Response(
            text=f"<rss version='2.0'><channel><title>Feed</title>{item}</channel></rss>",
            content_type="application/rss+xml",
        )

    async def hook(self, request: web.Request) -> web.Response:
        """Take an alert."""
        self._samples.end(await request.read())
        return web.Response(text="{}")

    async def serve(self) -> tuple[web.AppRunner, int]:
        """Start serving; give the port."""
        app = web.Application()
        app.router.add_get("/feed/{number}", self.feed)
        app.router.add_post("/hook", self.hook)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return runner, int(runner.addresses[0][1])


def configure(home: Path, port: int, smtp: int, every: float) -> None:
    """Write the daemon's configuration."""
    (home / "watchlists").mkdir(parents=True)
    (home / "drop").mkdir()
    (home / "monitor.yaml").write_text(
        "network: {allow: [127.0.0.0/8]}\n"
        f'mail: {{from: Bench <bench@bench.example>, server: "127.0.0.1:{smtp}"}}\n'
        "channels:\n"
        "  post: {email: [desk@bench.example], at_most: no limit}\n"
        f'  hook: {{url: "json://127.0.0.1:{port}/hook", at_most: no limit}}\n'
    )
    feeds = "".join(
        f"  - {{url: 'http://127.0.0.1:{port}/feed/{n}', every: {every:.0f} seconds, alert_backlog: all}}\n"
        for n in range(FEEDS)
    )
    (home / "sources.yaml").write_text(f"feeds:\n{feeds}folders:\n  - {{path: drop, alert_backlog: all}}\n")
    (home / "watchlists" / "all.yaml").write_text(
        "actors:\n  - {name: Filed Person, tell: [post]}\n  - {name: Fed Person, tell: [hook]}\n"
    )


async def drop(folder: Path, samples: Samples, count: int, seconds: float) -> None:
    """Drop files, evenly but for chance; one in four was being written under another name for a while."""
    chance = random.Random(1)
    async with asyncio.TaskGroup() as together:
        for number in range(count):
            token = f"Sample-{'written' if number % 4 else 'renamed'}-{number}"
            file = folder / f"{token}.txt"
            text = f"{token}\n\nBEIJING (AP) - Filed Person spoke on Tuesday of {token}.\n"
            if number % 4:
                file.write_text(text)
                samples.begin(token, after=STABLE)
            else:
                unfinished = file.with_suffix(".part")
                unfinished.write_text(text)
                together.create_task(rename(unfinished, file, samples))
            await asyncio.sleep(seconds / count * chance.uniform(0.5, 1.5))


async def rename(unfinished: Path, file: Path, samples: Samples) -> None:
    """Give a file its name when it has been there for a while."""
    await asyncio.sleep(2 * STABLE)
    os.rename(unfinished, file)
    samples.begin(file.stem)


async def start(home: Path) -> Process:
    """Start the daemon."""
    environ = os.environ | {"STATE_DIRECTORY": str(home / "state"), "MONITOR_CONFIG": str(home)}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "monitor", "run", cwd=ROOT, env=environ, stdout=DEVNULL, stderr=DEVNULL
    )


async def measure(count: int, seconds: float) -> Samples:
    """Run the daemon, drop and serve, and wait for what is on its way."""
    samples = Samples()
    world = World(samples)
    loop = asyncio.get_running_loop()
    post = await loop.create_server(lambda: SMTP(Mailbox(samples)), "127.0.0.1", 0)
    runner, port = await world.serve()
    with tempfile.TemporaryDirectory(prefix="bench-latency-") as folder:
        home = Path(folder)
        configure(home, port, post.sockets[0].getsockname()[1], max(1.0, FEEDS * seconds / count))
        daemon = await start(home)
        try:
            await world.asked.wait()
            await drop(home / "drop", samples, count, seconds)
            world.open = False
            await samples.wait(30)
        finally:
            daemon.terminate()
            await daemon.wait()
    await runner.cleanup()
    post.close()
    return samples


def report(samples: Samples) -> None:
    """Print percentiles beside the goal."""
    rows = []
    for way, what in WAYS.items():
        took = sorted(samples.took[way])
        if not took:
            continue
        p99 = took[min(len(took) - 1, int(len(took) * 0.99))]
        figures = [f"{s:.2f}" for s in (statistics.median(took), p99, took[-1])]
        rows.append([what, str(len(took)), *figures, f"{MOST:g}", verdict(p99, MOST)])
    print(f"{machine()}; seconds; {len(samples.began)} samples never came\n")
    print(table(["", "samples", "p50", "p99", "longest", "goal of p99", ""], rows))


def main() -> None:
    """Measure and print."""
    asking = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    asking.add_argument(
        "--samples", type=int, default=200, help="files dropped; about as many items are served"
    )
    asking.add_argument("--seconds", type=float, default=200)
    given = asking.parse_args()
    report(asyncio.run(measure(given.samples, given.seconds)))


if __name__ == "__main__":
    main()
