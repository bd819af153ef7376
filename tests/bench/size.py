"""Measures what the daemon costs when little happens: memory, CPU, and the time that it takes to begin.

    python -m tests.bench.size [idle] [small] [start] [--seconds 60] [--windows 3]

idle   100,000 feeds in configuration and store, none of them due: CPU over windows of so many seconds.
small  500 feeds and 3,000 names. First all that the feeds hold (20 items each) is read; then, in the typical state,
       measured over the same windows: every feed is asked every 30 minutes, evenly spread, so one each 3.6 seconds;
       nine in ten answers are 304, the tenth has a new item. Memory is the largest sum of PSS over all processes.
start  From `./run run` on the shipped configuration, into an empty state directory each time, until the log has its
       first poll: the median of seven. The environment is set up by a run before.

All three without any named: about ten minutes. How a million stored articles bear on start and polls is measured by
`python -m tests.bench.store --articles 0 --large 1000000`.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitor.app import SystemClock
from monitor.model import SourceId, SourceKind
from monitor.ports import SourceEntry
from monitor.store import open_store
from tests.bench.feed_server import address, write_names
from tests.bench.measuring import Memory, family_cpu, machine, table, verdict

ROOT = Path(__file__).resolve().parents[2]
MANY = 100_000
FEEDS, NAMES, ITEMS = 500, 3_000, 20
EVERY = timedelta(minutes=30)
NEWS = 0.1
STARTS = 7
GOALS = {"idle": 3.0, "cpu": 2.0, "memory": 200.0, "start": 1.5}

Row = list[str]


def row(what: str, figure: float, goal: float, unit: str) -> Row:
    """Give a row of the table."""
    return [what, f"{goal:g} {unit}", f"{figure:.2f} {unit}", verdict(figure, goal)]


# -- a daemon --------------------------------------------------------------------------------


class Daemon:
    """A running daemon, read by its log."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.pid = process.pid
        assert process.stderr is not None
        self._log = process.stderr

    def wait_for(self, *words: str) -> None:
        """Read the log until a line holds these words."""
        for line in self._log:
            if all(word in line for word in words):
                return
        raise SystemExit("the daemon ended before its time")


@contextmanager
def running(home: Path, state: Path, command: list[str] | None = None) -> Iterator[Daemon]:
    """Run the daemon on a configuration until the end of the block."""
    environ = os.environ | {"STATE_DIRECTORY": str(state), "MONITOR_CONFIG": str(home)}
    with subprocess.Popen(
        command or [sys.executable, "-m", "monitor", "run"],
        cwd=ROOT, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        yield Daemon(process)
        process.send_signal(signal.SIGTERM)
        process.communicate()


def configure(home: Path, feeds: str, watched: str) -> None:
    """Write a configuration that may ask this machine."""
    (home / "watchlists").mkdir(parents=True)
    (home / "monitor.yaml").write_text("network: {allow: [127.0.0.0/8]}\n")
    (home / "sources.yaml").write_text(f"feeds:\n{feeds}")
    (home / "watchlists" / "all.yaml").write_text(watched)


def cpu_shares(pid: int, seconds: float, windows: int) -> list[float]:
    """Give the percentage of a core that a process and its children take, for each window."""
    shares = []
    for _ in range(windows):
        before, began = family_cpu(pid), time.monotonic()
        time.sleep(seconds)
        shares.append((family_cpu(pid) - before) / (time.monotonic() - began) * 100)
    return shares


# -- what is measured ------------------------------------------------------------------------


def idle(work: Path, seconds: float, windows: int) -> Iterator[Row]:
    """Many sources, none of them due."""
    urls = [f"https://feed{n}.example/rss" for n in range(MANY)]
    configure(work / "config", "".join(f"  - {u}\n" for u in urls), "actors: [Nobody At All]\n")
    asyncio.run(fill(work / "state", urls))
    with running(work / "config", work / "state") as daemon:
        daemon.wait_for("running", f"sources={MANY}")
        time.sleep(10)
        shares = cpu_shares(daemon.pid, seconds, windows)
    yield row(f"{MANY:,} sources, none due: CPU, of a core", statistics.median(shares), GOALS["idle"], "%")


async def fill(state: Path, urls: list[str]) -> None:
    """Make a store that knows sources which are due in a month."""
    store = open_store(state / "monitor.db", SystemClock())
    now = datetime.now(UTC)
    entries = [SourceEntry(id=SourceId(u), kind=SourceKind.FEED, name=u.split("/")[2] + "/rss") for u in urls]
    await store.mirror_sources(entries, now, lambda _: now + timedelta(days=30))
    await store.close()


def small(work: Path, seconds: float, windows: int) -> Iterator[Row]:
    """A small machine: reading everything for the first time, and then the typical state."""
    write_names(work / "names.csv", NAMES)
    command = [sys.executable, "-m", "tests.bench.feed_server", "--feeds", str(FEEDS), "--items", str(ITEMS)]
    command += ["--names", str(work / "names.csv"), "--news", str(NEWS)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        port = int(server.stdout.readline().split()[1])
        feeds = (f"  - {{url: 'http://{address(n)}:{port}/rss', every: 30 minutes}}\n" for n in range(FEEDS))
        configure(work / "config", "".join(feeds), f"names_from: {work / 'names.csv'}\n")
        largest = read_all(work)
        spread(work / "state" / "monitor.db")
        with running(work / "config", work / "state") as daemon:
            daemon.wait_for("running")
            memory = Memory(daemon.pid)
            memory.start()
            time.sleep(10)
            shares = cpu_shares(daemon.pid, seconds, windows)
            typical = memory.stop()
        server.stdin.close()
    what = f"{FEEDS} feeds, {NAMES:,} names"
    yield row(f"{what}: CPU, of a core", statistics.median(shares), GOALS["cpu"], "%")
    yield row(f"{what}: memory", typical, GOALS["memory"], "MB")
    yield row(f"{what}: memory while all is new", largest, GOALS["memory"], "MB")


def read_all(work: Path) -> float:
    """Let the daemon read every feed once. Gives the largest memory."""
    with running(work / "config", work / "state") as daemon:
        memory = Memory(daemon.pid)
        memory.start()
        for _ in range(FEEDS):
            daemon.wait_for(" poll ")
        return memory.stop()


def spread(database: Path) -> None:
    """Spread what is due evenly over one interval from now."""
    with closing(sqlite3.connect(database)) as stored, stored:
        stored.execute(
            "UPDATE source SET next_poll_at = ?1 + id * ?2 / ?3, ready_at = ?1 + id * ?2 / ?3, last_poll_at = ?1 - ?2",
            (time.time_ns() // 1000, EVERY // timedelta(microseconds=1), FEEDS),
        )


def start(work: Path, _seconds: float, _windows: int) -> Iterator[Row]:
    """From the command to the first poll's line."""
    command = [str(ROOT / "run"), "run"]
    taken = []
    for number in range(STARTS + 1):
        began = time.monotonic()
        with running(ROOT / "config", work / f"state{number}", command) as daemon:
            daemon.wait_for(" poll ")
            taken.append(time.monotonic() - began)
    yield row("warm start to the first poll's log line", statistics.median(taken[1:]), GOALS["start"], "s")


PARTS: dict[str, Callable[[Path, float, int], Iterator[Row]]] = {"idle": idle, "small": small, "start": start}


def main() -> None:
    """Measure and print."""
    asking = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    asking.add_argument("parts", nargs="*", choices=[*PARTS, []], help="what to measure; all")
    asking.add_argument("--seconds", type=float, default=60, help="of a window")
    asking.add_argument("--windows", type=int, default=3)
    given = asking.parse_args()
    rows: list[Row] = []
    for part in given.parts or PARTS:
        with tempfile.TemporaryDirectory(prefix=f"bench-{part}-") as folder:
            rows += PARTS[part](Path(folder), given.seconds, given.windows)
    print(f"{machine()}; {given.windows} windows of {given.seconds:g} s, their median\n")
    print(table(["", "goal", "figure", ""], rows))


if __name__ == "__main__":
    main()
