"""Measures polling many feeds against the peers, on the same URLs in the same run.

    python tests/bench/feeds.py [--feeds 1000] [--items 20] [--names 100000] [--rounds 3] [--work DIR]

A local server gives each feed its own address of 127.0.0.0/8. Each program reads all feeds when all is new,
then again when nothing changed. Peers are installed into DIR (a temporary folder else) by their package
names: reader (3.27 where there is a Python 3.12, else 3.26), rss2email 3.14; newsboat is used where it is
installed. Printed are medians over the rounds: seconds of the whole process, seconds from the first request
to the end, and our largest memory (sum of PSS over all processes).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from feed_server import NAMES, address, words

ROOT = Path(__file__).resolve().parents[2]
PORT = 18080


@dataclass
class Figures:
    """What was measured of one program."""

    new: list[float] = field(default_factory=list)
    new_polling: list[float] = field(default_factory=list)
    same: list[float] = field(default_factory=list)
    same_polling: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)


@dataclass
class Bench:
    """What one run works with."""

    work: Path
    feeds: int
    items: int
    names: Path
    python: str

    def urls(self) -> list[str]:
        """Give the address of every feed."""
        return [f"http://{address(n)}:{PORT}/feed.xml" for n in range(self.feeds)]


@contextmanager
def served(bench: Bench) -> Iterator[None]:
    """Run the feed server, anew, so that it counts from nought."""
    command = [bench.python, str(Path(__file__).parent / "feed_server.py"), "--feeds", str(bench.feeds)]
    command += ["--items", str(bench.items), "--names", str(bench.names), "--port", str(PORT)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        server.stdout.readline()
        yield
        server.stdin.close()


def said() -> dict[str, float]:
    """Ask the server what came."""
    with urllib.request.urlopen(f"http://{address(0)}:{PORT}/-/said", timeout=10) as answer:
        found: dict[str, float] = json.load(answer)
    return found


class Memory(threading.Thread):
    """Samples the PSS of a process and all it started."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._over = threading.Event()
        self.largest = 0.0

    def run(self) -> None:
        """Sample until told to stop."""
        while not self._over.wait(0.2):
            self.largest = max(self.largest, sum(pss(p) for p in family(self._pid)))

    def stop(self) -> float:
        """Give the largest sum seen, in MB."""
        self._over.set()
        self.join()
        return self.largest


def family(pid: int) -> list[int]:
    """Give a process and its children's children."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(p for c in children for p in family(int(c)))]


def pss(pid: int) -> float:
    """Give a process's proportional set size in MB."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)


def timed(command: list[str], **options: object) -> tuple[float, float, float]:
    """Run a program. Gives its seconds, those since the first request it made, and its largest memory."""
    said()
    began = time.time()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **options) as running:  # type: ignore[call-overload]
        memory = Memory(running.pid)
        memory.start()
        _, errors = running.communicate()
    ended = time.time()
    report = said()
    if "first" not in report:
        raise SystemExit(f"{command[0]} asked for nothing: {errors.decode()[-2000:]}")
    return ended - began, ended - report["first"], memory.stop()


# -- us --------------------------------------------------------------------------------------


def ours(bench: Bench, figures: Figures, round_: int) -> None:
    """Measure `monitor run --once`."""
    home = bench.work / f"ours{round_}"
    (home / "watchlists").mkdir(parents=True)
    (home / "monitor.yaml").write_text("network: {allow: [127.0.0.0/8]}\n")
    listed = "".join(f"  - {{url: '{u}', every: 1 to 2 minutes, alert_backlog: all}}\n" for u in bench.urls())
    (home / "sources.yaml").write_text("feeds:\n" + listed)
    (home / "watchlists" / "names.yaml").write_text(f"tell: []\nnames_from: {bench.names}\n")
    state = home / "state"
    environ = {**os.environ, "STATE_DIRECTORY": str(state), "MONITOR_CONFIG": str(home)}
    command = [bench.python, "-m", "monitor", "run", "--once"]
    whole, polling, memory = timed(command, env=environ, cwd=ROOT)
    figures.new.append(whole)
    figures.new_polling.append(polling)
    figures.memory.append(memory)
    stored = sqlite3.connect(state / "monitor.db")
    articles, alerts = (
        stored.execute(f"select count(*) from {v}").fetchone()[0] for v in ("articles", "alerts")
    )
    assert articles == bench.feeds * bench.items, f"{articles} articles stored"
    print(f"  ours: {articles} articles, {alerts} alerts", file=sys.stderr)
    make_due(state / "monitor.db")
    whole, polling, _ = timed(command, env=environ, cwd=ROOT)
    figures.same.append(whole)
    figures.same_polling.append(polling)


def make_due(database: Path) -> None:
    """Let every source be due again, as after its interval."""
    with sqlite3.connect(database) as stored:
        table = next(
            name
            for (name,) in stored.execute("select name from sqlite_master where type = 'table'")
            if any(c[1] == "next_poll_at" for c in stored.execute(f"pragma table_info('{name}')"))
        )
        stored.execute(f"update '{table}' set next_poll_at = 0 where typeof(next_poll_at) != 'text'")
        stored.execute(
            f"update '{table}' set next_poll_at = '2000-01-01' where typeof(next_poll_at) = 'text'"
        )


# -- the peers -------------------------------------------------------------------------------

READER = """
    import sys, time
    from reader import make_reader
    db, workers, urls = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    reader = make_reader(db)
    for url in open(urls).read().split():
        reader.add_feed(url, exist_ok=True)
    began = time.time()
    reader.update_feeds(workers=workers)
    print(time.time() - began, file=sys.stderr)
"""


class Reader:
    """lemon24/reader, with its fastest number of workers."""

    name = "reader"

    def __init__(self, bench: Bench) -> None:
        python, version = next(
            (p, v) for p, v in (("python3.12", "3.27"), (bench.python, "3.26")) if shutil.which(p)
        )
        self.python = environment(bench, "reader", python, f"reader=={version}")
        self.script = bench.work / "reader.py"
        self.script.write_text(textwrap.dedent(READER))
        self.bench = bench
        self.workers = self._fastest()

    def measure(self, figures: Figures, round_: int) -> None:
        """Update when all is new, and when nothing changed."""
        database = self.bench.work / f"reader{round_}.db"
        figures.new.append(self._update(database, self.workers))
        figures.same.append(self._update(database, self.workers))

    def _fastest(self) -> int:
        taken = {}
        for workers in (1, 2, 4, 8, 16):
            database = self.bench.work / f"reader-try{workers}.db"
            with served(self.bench):
                taken[workers] = self._update(database, workers)
        print("  reader, seconds by workers:", {w: round(t, 1) for w, t in taken.items()}, file=sys.stderr)
        return min(taken, key=taken.__getitem__)

    def _update(self, database: Path, workers: int) -> float:
        urls = self.bench.work / "urls"
        urls.write_text("\n".join(self.bench.urls()))
        done = subprocess.run(
            [self.python, str(self.script), str(database), str(workers), str(urls)],
            check=True,
            capture_output=True,
            text=True,
        )
        return float(done.stderr.split()[-1])


class Rss2Email:
    """rss2email, told to send nothing."""

    name = "rss2email"

    def __init__(self, bench: Bench) -> None:
        self.python = environment(bench, "rss2email", bench.python, "rss2email==3.14")
        self.bench = bench

    def measure(self, figures: Figures, round_: int) -> None:
        """Run when all is new, and when nothing changed."""
        config = self.bench.work / f"r2e{round_}.cfg"
        sections = "".join(f"[feed.f{n}]\nurl = {u}\n" for n, u in enumerate(self.bench.urls()))
        config.write_text("[DEFAULT]\nfrom = a@b.example\nto = a@b.example\n" + sections)
        command = [str(Path(self.python).parent / "r2e"), "-c", str(config)]
        command += ["-d", str(self.bench.work / f"r2e{round_}.json"), "run", "--no-send"]
        for taken in (figures.new, figures.same):
            taken.append(timed(command)[0])


class Newsboat:
    """newsboat, where Debian's package is installed."""

    name = "newsboat"

    def __init__(self, bench: Bench) -> None:
        self.bench = bench

    def measure(self, figures: Figures, round_: int) -> None:
        """Reload when all is new; its second reload sends no validators, and is not comparable."""
        home = self.bench.work / f"newsboat{round_}"
        home.mkdir()
        (home / "urls").write_text("\n".join(self.bench.urls()))
        (home / "config").write_text("reload-threads 4\n")
        command = [
            "newsboat",
            "-u",
            str(home / "urls"),
            "-c",
            str(home / "cache.db"),
            "-C",
            str(home / "config"),
        ]
        figures.new.append(timed([*command, "-x", "reload"])[0])


def environment(bench: Bench, name: str, python: str, package: str) -> str:
    """Give the interpreter of an environment that holds a package, made if it is not there."""
    folder = bench.work / "peers" / name
    if not (folder / "done").exists():
        subprocess.run([python, "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run([str(folder / "bin" / "pip"), "install", "-q", package], check=True)
        (folder / "done").write_text(package)
    return str(folder / "bin" / "python")


# -- the run ---------------------------------------------------------------------------------


def write_names(bench: Bench, count: int) -> None:
    """Write the watched names, all invented."""
    import random

    chance = random.Random("names")
    with bench.names.open("w") as out:
        out.write("name\n")
        seen: set[str] = set()
        while len(seen) < count:
            name = " ".join(w.capitalize() for w in words(chance, 2, NAMES).rstrip(".").split())
            if len(name) > 8 and name.casefold() not in seen:
                seen.add(name.casefold())
                out.write(name + "\n")


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
    keep = given.work or Path(tempfile.mkdtemp(prefix="bench-feeds-"))
    keep.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=keep, prefix="run-"))
    if not (work / "peers").exists():
        (keep / "peers").mkdir(exist_ok=True)
        (work / "peers").symlink_to(keep / "peers")
    bench = Bench(
        work=work, feeds=given.feeds, items=given.items, names=work / "names.csv", python=sys.executable
    )
    write_names(bench, given.names)
    peers = [] if given.only else [Reader(bench), Rss2Email(bench)]
    if not given.only and shutil.which("newsboat"):
        peers.append(Newsboat(bench))
    elif not given.only:
        print("newsboat is not installed: left out", file=sys.stderr)
    figures = {name: Figures() for name in ("ours", *(p.name for p in peers))}
    for round_ in range(given.rounds):
        with served(bench):
            ours(bench, figures["ours"], round_)
        for peer in peers:
            with served(bench):
                peer.measure(figures[peer.name], round_)
    report(figures)
    shutil.rmtree(work)


def report(figures: dict[str, Figures]) -> None:
    """Print the medians, a line a figure."""

    def median(values: list[float]) -> float:
        return statistics.median(values) if values else float("nan")

    for name, found in figures.items():
        print(f"{name:10} all new {median(found.new):7.2f} s   unchanged {median(found.same):7.2f} s")
    us = figures["ours"]
    print(f"ours, from the first request until all is stored and matched: {median(us.new_polling):.2f} s")
    print(f"ours, from the first request until all is found unchanged: {median(us.same_polling):.2f} s")
    print(f"ours, largest memory: {median(us.memory):.0f} MB (PSS of all processes)")
    if "reader" in figures:
        peer = figures["reader"]
        print(
            f"all new: {median(us.new_polling) / median(peer.new):.2f} of reader's time (goal: at most 0.40)"
        )
        print(
            f"unchanged: {median(us.same_polling) / median(peer.same):.2f} of reader's time (goal: at most 1.00)"
        )


if __name__ == "__main__":
    main()
