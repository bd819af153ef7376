"""How fast watched names are found in news, beside the bare search that it is built on.

    python -m tests.bench.finder --data DIR [--names 1000 100000 1000000]

DIR holds reuters-21578.jsonl.gz, one JSON object a line with `title` and `body`. Half of the names are invented,
half are capitalised word pairs drawn from the texts as often as they stand there (then capitalised words paired at
random). Bare is ahocorasick-rs over `text.lower()`; ours is `Finder.match` with its mentions built. Both run in
turns in one process, and the fastest of the rounds counts, in CPU time. Each number of names has a process of its own.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import re
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

from ahocorasick_rs import AhoCorasick

from monitor.core.watch import Finder, compile_watchlist
from monitor.model import (
    Article,
    Condition,
    Format,
    Origin,
    Term,
    Watch,
    WatchId,
    WatchKind,
    Watchlist,
    WatchlistVersion,
    Zone,
    ZoneSpan,
)

CORPUS = "reuters-21578.jsonl.gz"
_PAIR = re.compile(r"(?=\b([A-Z][a-z]+[ \n][A-Z][a-z]+)\b)")
_SYLLABLES = [c + v + e for c in "bdfgklmnprstvz" for v in "aeiou" for e in ("", "n", "r", "l", "s")]


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--data", type=Path, required=True, help=f"the directory of {CORPUS}")
    options.add_argument("--names", type=int, nargs="+", default=[1_000, 100_000, 1_000_000])
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--profile", action="store_true", help="print where the time goes")
    given = options.parse_args()
    if not (given.data / CORPUS).is_file():
        print(f"no {CORPUS} in {given.data}: nothing measured", file=sys.stderr)
        return 1
    if len(given.names) > 1:
        rest = ["--data", str(given.data), "--rounds", str(given.rounds)]
        for names in given.names:
            subprocess.run(
                [sys.executable, "-m", "tests.bench.finder", *rest, "--names", str(names)], check=True
            )
        return 0
    measure(given.data / CORPUS, given.names[0], given.rounds, profile=given.profile)
    return 0


def measure(corpus: Path, count: int, rounds: int, *, profile: bool) -> None:
    articles = list(read(corpus))
    names = draw_names([a.text for a in articles], count)
    watchlist = Watchlist(version=WatchlistVersion("bench"), watches=tuple(map(watch, range(count), names)))
    before = proportional_set_size()
    started = time.process_time()
    finder = compile_watchlist(watchlist)
    compiled = time.process_time() - started
    size = proportional_set_size() - before
    automaton = AhoCorasick([n.lower() for n in names])
    timings = in_turns(
        rounds,
        bare=lambda: deque(
            (automaton.find_matches_as_indexes(a.text.lower(), overlapping=True) for a in articles), 0
        ),
        ours=lambda: deque((finder.match(a) for a in articles), 0),
    )
    report(articles, finder, count, timings, compiled, size)
    if profile:
        run_profile(finder, articles)


def report(
    articles: list[Article],
    finder: Finder,
    count: int,
    timings: dict[str, float],
    compiled: float,
    size: float,
) -> None:
    found = [finder.match(a) for a in articles]
    megabytes = sum(len(a.text) for a in articles) / 1e6
    print(
        f"{count:>9,} names: ours {timings['ours'] / timings['bare']:.2f} x bare"
        f" ({megabytes / timings['ours']:.1f} and {megabytes / timings['bare']:.1f} MB/s,"
        f" {timings['ours'] / len(articles) * 1e6:.0f} us an article);"
        f" {sum(map(bool, found)) / len(found):.0%} of articles hit,"
        f" {sum(map(len, found)) / len(found):.1f} matches each; compiled in {compiled:.2f} s, {size:.0f} MB"
    )


def in_turns(rounds: int, **runs: Callable[[], object]) -> dict[str, float]:
    """Give the fastest of each run's rounds, in seconds."""
    best = dict.fromkeys(runs, float("inf"))
    for _ in range(rounds):
        for name, run in runs.items():
            started = time.process_time()
            run()
            best[name] = min(best[name], time.process_time() - started)
    return best


def run_profile(finder: Finder, articles: list[Article]) -> None:
    import cProfile

    profile = cProfile.Profile()
    profile.runcall(lambda: deque((finder.match(a) for a in articles), 0))
    profile.print_stats("tottime")


def read(corpus: Path) -> Iterator[Article]:
    with gzip.open(corpus, "rt", encoding="utf-8") as lines:
        for line in lines:
            story = json.loads(line)
            yield article(story["title"] or "", story["body"] or "")


def article(title: str, body: str) -> Article:
    """Set a story as articles are stored: no white space around lines, a blank line between paragraphs."""
    paragraphs = ["\n".join(map(str.strip, p.strip().split("\n"))) for p in body.split("\n    ")]
    first, *rest = [title, *filter(None, paragraphs)]
    text = "\n\n".join((first, *rest))
    lead = len(title) + 2
    after = lead + (len(rest[0]) if rest else 0)
    spans = ((Zone.HEADLINE, 0, len(title)), (Zone.LEAD, lead, after), (Zone.BODY, after, len(text)))
    zones = tuple(ZoneSpan(zone=zone, start=start, end=end) for zone, start, end in spans if start < end)
    return Article(format=Format.PLAIN, text=text, zones=zones)


def draw_names(texts: list[str], count: int) -> list[str]:
    dice = random.Random(20)
    pairs = [pair.replace("\n", " ") for text in texts for pair in _PAIR.findall(text)]
    dice.shuffle(pairs)
    real = dict.fromkeys(pairs[: count // 2])
    for pair in pairs[count // 2 :]:
        if len(real) == count // 2:
            break
        real[pair] = None
    while len(real) < count // 2:
        real[f"{dice.choice(pairs).split()[0]} {dice.choice(pairs).split()[1]}"] = None
    invented: dict[str, None] = {}
    while len(invented) < count - len(real):
        invented[" ".join("".join(dice.choices(_SYLLABLES, k=3)).title() for _ in range(2))] = None
    names = [*real, *invented]
    dice.shuffle(names)
    return names


def watch(number: int, name: str) -> Watch:
    return Watch(
        id=WatchId(str(number)),
        name=name,
        kind=WatchKind.PERSON,
        condition=Condition(groups=((Term(name),),)),
        origin=Origin("bench", number + 1),
    )


def proportional_set_size() -> float:
    """Give this process's PSS in MB."""
    rollup = Path("/proc/self/smaps_rollup").read_text(encoding="ascii")
    return int(re.search(r"^Pss:\s+(\d+)", rollup, re.MULTILINE)[1]) / 1024


if __name__ == "__main__":
    sys.exit(main())
