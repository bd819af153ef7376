"""Measures polling many feeds against the peers, on the same URLs in the same run.

    python -m tests.bench.feeds [--feeds 1000] [--items 20] [--names 100000] [--rounds 3] [--work DIR] [--only ours]

A local server gives each feed its own address of 127.0.0.0/8 (see feed_server). In each round every program reads
all feeds when all is new, then again when nothing changed, one program after another. Ours is `monitor run --once`
with a list of watched names and `alert_backlog: all`; the others watch nothing. Peers are installed into DIR/peers (a
temporary folder else) by their package names: reader (3.27 where there is a Python 3.12, else 3.26), with whichever
number of workers is its fastest; rss2email 3.14. newsboat is used where it is installed.

Printed are medians of seconds, in two ways: of the whole process, and from the first request until all is stored.
Our watchlist counts as compiled already: the seconds of CPU that reading and compiling it take, measured apart and
printed, are taken off our whole process. Ours ends with the end of the last poll (the store's `last_poll_at`), matches
and alerts included; that articles become searchable comes after, and is printed too. Memory is the largest sum of PSS
over all of our processes, in a run that is not timed. The CPU is of the whole process and its children, ours with
watchlist and indexing: on a machine with other work it tells more than the seconds do.

Takes about three minutes a round, and two before the first.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from tests.bench.feed_server import address, write_names
from tests.bench.measuring import Memory, machine, table, verdict

ROOT = Path(__file__).resolve().parents[2]
WORKERS = (1, 2, 4, 8)
OF_READERS_TIME = 0.4
MOST_MEMORY = 300.0


@dataclass(frozen=True)
class Bench:
    """What one run works with."""

    work: Path
    peers: Path
    feeds: int
    items: int
    port: int = 0

    @property
    def names(self) -> Path:
        """The list of watched names."""
        return self.work / "names.csv"

    @property
    def urls(self) -> list[str]:
        """The address of every feed."""
        return [f"http://{address(n)}:{self.port}/feed.xml" for n in range(self.feeds)]


@dataclass(frozen=True)
class Took:
    """Seconds: of the whole process, from its first request until all was stored, and of CPU in all its processes."""

    whole: float
    polling: float
    cpu: float


@dataclass
class Figures:
    """What was measured of one program."""

    new: list[Took] = field(default_factory=list)
    same: list[Took] = field(default_factory=list)


class Program(Protocol):
    """One that reads feeds."""

    name: str

    def measure(self, figures: Figures, round_: int) -> None:
        """Read all feeds when all is new, and when nothing changed."""


@contextmanager
def served(bench: Bench) -> Iterator[Bench]:
    """Run the feed server. Gives the bench with its port."""
    command = [sys.executable, "-m", "tests.bench.feed_server", "--feeds", str(bench.feeds)]
    command += ["--items", str(bench.items), "--names", str(bench.names)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        yield replace(bench, port=int(server.stdout.readline().split()[1]))
        server.stdin.close()


def said(bench: Bench) -> dict[str, float]:
    """Ask the server what came since it was last asked."""
    with urllib.request.urlopen(f"http://{address(0)}:{bench.port}/-/said", timeout=10) as answer:
        found: dict[str, float] = json.load(answer)
    return found


@dataclass(frozen=True)
class Ran:
    """When a program began, when its first request came, when it ended, and the CPU that it and its children used."""

    began: float
    first: float
    ended: float
    cpu: float

    def took(self) -> Took:
        """Give what counts of a program that ends when all is stored."""
        return Took(self.ended - self.began, self.ended - self.first, self.cpu)


def used() -> float:
    """Give the seconds of CPU of all that ran and ended so far."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run(bench: Bench, command: Sequence[str], environ: dict[str, str] | None = None) -> Ran:
    """Run a program to its end. It must ask for every feed."""
    said(bench)
    began, before = time.time(), used()
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **(environ or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
        text=True,
    )
    ended, heard = time.time(), said(bench)
    if done.returncode or heard.get("requests", 0) < bench.feeds:
        raise SystemExit(f"{command[0]} made {heard.get('requests', 0)} requests: {done.stderr[-2000:]}")
    return Ran(began, heard["first"], ended, used() - before)


# -- us --------------------------------------------------------------------------------------

WATCHLIST = """
    import os, sys, time
    from pathlib import Path
    from monitor.config import load
    from monitor.core.watch import compile_watchlist
    load(Path(sys.argv[1]), environ=os.environ)
    between = time.process_time()
    compile_watchlist(load(Path(sys.argv[2]), environ=os.environ).watchlist)
    print(time.process_time() - between)
"""


class Ours:
    """`monitor run --once`."""

    name = "ours"

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.config = self._configure("config", names=bench.names)
        self.after: list[float] = []
        """Seconds from the last poll to the end of the process: indexing for search."""
        self.watchlist = self._time_watchlist()

    def measure(self, figures: Figures, round_: int) -> None:
        state = self.bench.work / f"ours{round_}"
        figures.new.append(self._run(state))
        self._check(state)
        make_due(state / "monitor.db")
        figures.same.append(self._run(state))
        shutil.rmtree(state)

    def memory(self) -> float:
        """Give the largest sum of PSS while all is new, in MB."""
        state = self.bench.work / "memory"
        with subprocess.Popen(
            [sys.executable, "-m", "monitor", "run", "--once"],
            cwd=ROOT,
            env=os.environ | self._environ(state),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as running:
            memory = Memory(running.pid)
            memory.start()
            running.wait()
        self._check(state)
        return memory.stop()

    def _run(self, state: Path) -> Took:
        command = [sys.executable, "-m", "monitor", "run", "--once"]
        ran = run(self.bench, command, self._environ(state))
        with closing(sqlite3.connect(state / "monitor.db")) as stored:
            last = stored.execute("SELECT max(last_poll_at) FROM source").fetchone()[0] / 1e6
        self.after.append(ran.ended - last)
        return Took(last - ran.began - self.watchlist, last - ran.first, ran.cpu)

    def _environ(self, state: Path) -> dict[str, str]:
        return {"STATE_DIRECTORY": str(state), "MONITOR_CONFIG": str(self.config)}

    def _check(self, state: Path) -> None:
        with closing(sqlite3.connect(state / "monitor.db")) as stored:
            articles, alerts = (
                stored.execute(f"SELECT count(*) FROM {view}").fetchone()[0]
                for view in ("articles", "alerts")
            )
        wanted = self.bench.feeds * self.bench.items
        assert articles == wanted, f"{articles} articles stored"
        assert wanted * 0.08 < alerts < wanted * 0.12, f"{alerts} alerts"

    def _configure(self, name: str, names: Path | None) -> Path:
        home = self.bench.work / name
        (home / "watchlists").mkdir(parents=True)
        (home / "monitor.yaml").write_text("network: {allow: [127.0.0.0/8]}\n")
        feeds = [f"  - {{url: '{u}', every: 1 to 2 minutes, alert_backlog: all}}\n" for u in self.bench.urls]
        (home / "sources.yaml").write_text("feeds:\n" + "".join(feeds))
        watched = f"names_from: {names}\n" if names else "actors: [Nobody At All]\n"
        (home / "watchlists" / "names.yaml").write_text(watched)
        return home

    def _time_watchlist(self) -> float:
        """Give the seconds that the names cost at start, beyond a configuration with one: the median of three."""
        bare = self._configure("bare", names=None)
        taken = []
        for _ in range(3):
            costs = []
            for config in (bare, self.config):
                code = textwrap.dedent(WATCHLIST)
                command = [sys.executable, "-c", code, str(bare), str(config)]
                costs.append(float(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout))
            taken.append(costs[1] - costs[0])
        return statistics.median(taken)


def make_due(database: Path) -> None:
    """Let every source be due again, as after its interval."""
    with closing(sqlite3.connect(database)) as stored, stored:
        stored.execute("UPDATE source SET next_poll_at = 0, ready_at = 0")


# -- the peers -------------------------------------------------------------------------------

READER = """
    import sys
    from reader import make_reader
    database, workers, urls = sys.argv[1:]
    reader = make_reader(database)
    if workers == "0":
        for url in open(urls).read().split():
            reader.add_feed(url)
    else:
        reader.update_feeds(workers=int(workers), scheduled=False)
"""


class Reader:
    """lemon24/reader, with its fastest number of workers."""

    def __init__(self, bench: Bench) -> None:
        python = python_312()
        version = "3.27" if python else "3.26"
        self.name = f"reader {version}"
        self.python = environment(bench, "reader", python or sys.executable, f"reader=={version}")
        self.bench = bench
        self.script = bench.work / "update.py"
        self.script.write_text(textwrap.dedent(READER))
        self.urls = bench.work / "urls"
        self.urls.write_text("\n".join(bench.urls))
        self.workers = self._fastest()

    def measure(self, figures: Figures, round_: int) -> None:
        database = self._database(f"reader{round_}.db")
        figures.new.append(self._update(database, self.workers))
        figures.same.append(self._update(database, self.workers))

    def _fastest(self) -> int:
        taken = {w: self._update(self._database(f"try{w}.db"), w).whole for w in WORKERS}
        print("reader, seconds by workers:", {w: round(t, 1) for w, t in taken.items()}, flush=True)
        return min(taken, key=taken.__getitem__)

    def _database(self, name: str) -> Path:
        """Make a database that knows the feeds, in a process that is not timed."""
        database = self.bench.work / name
        subprocess.run(self._command(database, 0), check=True)
        return database

    def _update(self, database: Path, workers: int) -> Took:
        return run(self.bench, self._command(database, workers)).took()

    def _command(self, database: Path, workers: int) -> list[str]:
        return [self.python, str(self.script), str(database), str(workers), str(self.urls)]


class Rss2Email:
    """rss2email, told to send nothing."""

    name = "rss2email 3.14"

    def __init__(self, bench: Bench) -> None:
        python = environment(bench, "rss2email", sys.executable, "rss2email==3.14")
        self.program = str(Path(python).parent / "r2e")
        self.bench = bench

    def measure(self, figures: Figures, round_: int) -> None:
        home = self.bench.work / f"r2e{round_}"
        home.mkdir()
        sections = "".join(f"[feed.f{n}]\nurl = {u}\n" for n, u in enumerate(self.bench.urls))
        (home / "config").write_text("[DEFAULT]\nfrom = a@b.example\nto = a@b.example\n" + sections)
        command = [self.program, "-c", str(home / "config"), "-d", str(home / "data"), "run", "--no-send"]
        for taken in (figures.new, figures.same):
            taken.append(run(self.bench, command).took())


class Newsboat:
    """newsboat, where Debian's package is installed."""

    def __init__(self, bench: Bench) -> None:
        told = subprocess.run(["newsboat", "-v"], check=True, capture_output=True, text=True)
        self.name = " ".join(told.stdout.split()[:2])
        self.bench = bench

    def measure(self, figures: Figures, round_: int) -> None:
        """Its second reload, in a process of its own, sends no validators and reads everything again."""
        home = self.bench.work / f"newsboat{round_}"
        home.mkdir()
        (home / "urls").write_text("\n".join(self.bench.urls))
        (home / "config").write_text("reload-threads 4\n")
        command = ["newsboat", "-u", str(home / "urls"), "-c", str(home / "cache.db")]
        command += ["-C", str(home / "config"), "-x", "reload"]
        for taken in (figures.new, figures.same):
            taken.append(run(self.bench, command).took())


def python_312() -> str | None:
    """Give a Python 3.12 that works: one on the PATH, or installed beside the one that runs this."""
    beside = Path(sys.base_prefix).resolve().parent.glob("3.12*/bin/python3.12")
    for python in ("python3.12", *map(str, beside)):
        if shutil.which(python) and not subprocess.run([python, "-V"], capture_output=True).returncode:
            return python
    return None


def environment(bench: Bench, name: str, python: str, package: str) -> str:
    """Give the interpreter of an environment that holds a package, made if it is not there."""
    folder = bench.peers / f"{name}-{package.rpartition('=')[2]}"
    if not (folder / "done").exists():
        subprocess.run([python, "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run([str(folder / "bin" / "pip"), "install", "-qq", package], check=True)
        (folder / "done").write_text(package)
    return str(folder / "bin" / "python")


# -- the run ---------------------------------------------------------------------------------


def main() -> None:
    """Measure and print."""
    asking = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    asking.add_argument("--feeds", type=int, default=1000)
    asking.add_argument("--items", type=int, default=20)
    asking.add_argument("--names", type=int, default=100_000)
    asking.add_argument("--rounds", type=int, default=3)
    asking.add_argument("--only", choices=["ours"], help="measure no peers")
    asking.add_argument("--work", type=Path)
    given = asking.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-feeds-") as folder:
        keep = given.work or Path(folder)
        work = Path(folder) / "run"
        work.mkdir()
        bench = Bench(work=work, peers=keep / "peers", feeds=given.feeds, items=given.items)
        write_names(bench.names, given.names)
        with served(bench) as bench:
            measure(bench, given.rounds, alone=given.only is not None)


def measure(bench: Bench, rounds: int, *, alone: bool) -> None:
    """Let every program work, round after round, and print."""
    ours = Ours(bench)
    programs: list[Program] = [ours, *([] if alone else peers(bench))]
    figures = {p.name: Figures() for p in programs}
    for round_ in range(rounds):
        for program in programs:
            program.measure(figures[program.name], round_)
        print(f"round {round_ + 1} of {rounds} is done", flush=True)
    report(bench, ours, figures)


def peers(bench: Bench) -> list[Program]:
    """Give the peers that there are, and say which are missing."""
    found: list[Program] = []
    for peer in (Reader, Rss2Email, Newsboat):
        try:
            found.append(peer(bench))
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"{peer.__name__} is left out: {error}", flush=True)
    return found


def median(taken: Sequence[Took], of: str) -> float:
    """Give the median of one of the two ways to count."""
    return statistics.median(getattr(t, of) for t in taken)


def report(bench: Bench, ours: Ours, figures: dict[str, Figures]) -> None:
    """Print the medians, and what was wanted."""
    rows = [
        [
            name,
            *(f"{median(taken, of):.2f}" for taken in (f.new, f.same) for of in ("whole", "polling", "cpu")),
        ]
        for name, f in figures.items()
    ]
    print(f"\n{bench.feeds:,} feeds of {bench.items} items; {machine()}; medians, in seconds\n")
    print(
        table(["", *("all new", "from 1st request", "CPU"), *("unchanged", "from 1st request", "CPU")], rows)
    )
    print(f"\nour watchlist, read and compiled: {ours.watchlist:.2f} s, taken off the whole process")
    print(f"ours from the last poll until all is searchable: {statistics.median(ours.after[::2]):.2f} s")
    goals = [goal("largest memory, MB", ours.memory(), MOST_MEMORY)]
    us, reader = figures["ours"], next((f for n, f in figures.items() if n.startswith("reader")), None)
    if reader is not None:
        for of in ("whole", "polling"):
            new = median(us.new, of) / median(reader.new, of)
            same = median(us.same, of) / median(reader.same, of)
            way = "whole process" if of == "whole" else "from the first request"
            goals.append(goal(f"all new, of reader's time, {way}", new, OF_READERS_TIME))
            goals.append(goal(f"unchanged, of reader's time, {way}", same, 1.0))
    print("\n" + table(["", "goal", "figure", ""], goals))


def goal(what: str, figure: float, most: float) -> list[str]:
    """Give a row of a figure beside its goal."""
    return [what, f"{most:g}", f"{figure:.2f}" if most < 10 else f"{figure:.0f}", verdict(figure, most)]


if __name__ == "__main__":
    main()
