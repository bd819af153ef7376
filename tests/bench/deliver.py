"""Messages a second over one webhook channel whose receiver takes 100 ms, from the store to the settlement.

    .venv/bin/python -m tests.bench.deliver [MESSAGES] [PARALLEL]

The receiver runs in a process of its own. With 32 in flight the receiver allows 320 a second at most.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import sys
import tempfile
import time
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog
from aiohttp import web

from monitor.channels.apprise import AppriseChannel
from monitor.config.settings import ChannelSettings, Secret
from monitor.deliver import Deliver, Tally, Way, Ways
from monitor.model import Recipient
from monitor.store import open_store
from tests.store.making import DESK, FEED, NOON, alerting, entry, outcome

DELAY = 0.1


class Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def receive(told: Connection) -> None:
    """Answer every message after the delay; tell the port."""

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        await asyncio.sleep(DELAY)
        return web.Response(text="{}")

    async def serve() -> None:
        app = web.Application()
        app.router.add_post("/", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        told.send(runner.addresses[0][1])
        await asyncio.Event().wait()

    asyncio.run(serve())


async def measure(port: int, messages: int, parallel: int, path: Path) -> tuple[Tally, float, float]:
    """Give what came of it, the seconds it took, and the seconds of CPU."""
    settings = ChannelSettings(
        name=DESK, recipients=(Recipient("desk"),), url=Secret(f"json://127.0.0.1:{port}/"), parallel=parallel
    )
    clock = Clock()
    channel = AppriseChannel(settings, None, ZoneInfo("UTC"), clock.now)
    store = open_store(path, clock)
    await store.mirror_sources([entry(FEED)], NOON, lambda _: NOON)
    await store.commit_poll(
        outcome(*(alerting(f"Talks {n}", recipient=Recipient("desk")) for n in range(messages)))
    )
    await asyncio.to_thread(channel.service, Recipient("desk"))
    ways = Ways(channels={DESK: Way(channel=channel, recipients=(Recipient("desk"),), parallel=parallel)})
    deliver = Deliver(store=store, clock=clock, ways=ways, jitter=lambda: 0.0)
    wall, cpu = time.perf_counter(), time.process_time()
    tally = await deliver.run_once()
    took = time.perf_counter() - wall, time.process_time() - cpu
    await store.close()
    return tally, *took


def main() -> None:
    messages = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    parallel = int(sys.argv[2]) if len(sys.argv) > 2 else 32
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.Process(target=receive, args=(theirs,), daemon=True)
    server.start()
    with tempfile.TemporaryDirectory() as folder:
        tally, wall, cpu = asyncio.run(measure(ours.recv(), messages, parallel, Path(folder) / "monitor.db"))
    server.terminate()
    print(f"{tally}: {messages / wall:.0f} messages a second, {cpu / messages * 1000:.2f} ms of CPU each")


if __name__ == "__main__":
    main()
