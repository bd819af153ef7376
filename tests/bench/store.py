"""Measures the store: microseconds an article through commit_poll, and what a large store costs start and polls.

    python -m tests.bench.store [--articles 20000] [--large 1000000] [--folder DIR]

Articles of 3 KB, 20 a poll, 3 identities each, one in ten with a match, an alert and a delivery. Gives a line a
figure on stdout. With --large, the store is filled by the same calls, 50 polls in flight, then opened and polled.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import resource
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitor.model import Identity, IdentityKind, Intake, PollOutcome, SourceId, SourceKind
from monitor.ports import SourceEntry
from monitor.store import SqliteStore, open_archive, open_store
from tests.store.making import article, link, match, native, new, outcome, route, sha, state, told

WORDS = ["".join(random.Random(n).choices("abcdefghijklmnopqrstuvwxyz", k=2 + n % 9)) for n in range(20_000)]
FEEDS = 1_000
PER_POLL = 20


class WallClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def feed(n: int) -> SourceId:
    return SourceId(f"https://feed{n}.example/rss")


def make_article(n: int, chance: random.Random) -> Intake:
    """An article of 3 KB with three identities, one in ten of them watched."""
    body = "Dong Jun spoke. " + " ".join(chance.choices(WORDS, k=480))
    source = feed(n // PER_POLL % FEEDS)
    url = f"https://feed.example/news/2026/01/27/{n}/a-story-with-a-long-name"
    made = article(f"Headline {n} of a poll", body, native_id=url, url=url, language="en")
    keys = (native(url, source), link(url), Identity(kind=IdentityKind.TEXT, key=sha(made.text)))
    if n % 10:
        return new(made, *keys)
    found = match(made, "Dong Jun")
    return new(made, *keys, matches=(found,), decision=told(route(found)))


def polls(first: int, count: int) -> list[PollOutcome]:
    chance = random.Random(first)
    made = []
    for start in range(first, first + count, PER_POLL):
        intakes = [make_article(n, chance) for n in range(start, start + PER_POLL)]
        made.append(outcome(*intakes, source=state(feed(start // PER_POLL % FEEDS))))
    return made


async def write(store: SqliteStore, outcomes: list[PollOutcome], together: int) -> None:
    """Commit polls, so many in flight."""
    for start in range(0, len(outcomes), together):
        await asyncio.gather(*(store.commit_poll(o) for o in outcomes[start : start + together]))


async def fresh(path: Path) -> SqliteStore:
    store = open_store(path, WallClock())
    entries = [SourceEntry(id=feed(n), kind=SourceKind.FEED, name=f"Feed {n}") for n in range(FEEDS)]
    await store.mirror_sources(entries, datetime.now(UTC), lambda _: datetime.now(UTC))
    return store


def say(what: str, value: float, unit: str) -> None:
    print(f"{what:<58} {value:>10.2f} {unit}", flush=True)


async def speed(folder: Path, articles: int) -> None:
    for together in (1, 20):
        path = folder / f"speed{together}.db"
        store = await fresh(path)
        outcomes = polls(0, articles)
        cpu, wall = time.process_time(), time.perf_counter()
        await write(store, outcomes, together)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        say(f"commit_poll, {together} in flight, CPU", cpu / articles * 1e6, "µs an article")
        say(f"commit_poll, {together} in flight, wall", wall / articles * 1e6, "µs an article")
        if together == 20:
            await indexing(store, articles)
        await store.close()
        say(
            f"size, {'not ' if together == 1 else ''}indexed",
            path.stat().st_size / articles,
            "bytes an article",
        )


async def indexing(store: SqliteStore, articles: int) -> None:
    budget, slices, cpu = timedelta(milliseconds=50), [], time.process_time()
    more = True
    while more:
        before = time.perf_counter()
        more = await store.index_slice(budget)
        slices.append(time.perf_counter() - before)
    say("index_slice, CPU", (time.process_time() - cpu) / articles * 1e6, "µs an article")
    say("index_slice of 50 ms, median", sorted(slices)[len(slices) // 2] * 1e3, "ms")
    say("index_slice of 50 ms, longest", max(slices) * 1e3, "ms")


async def at_size(path: Path, first: int, label: str) -> None:
    """Open a store, commit some polls, one after another; then what a daemon and its readers ask."""
    before = time.perf_counter()
    store = open_store(path, WallClock())
    say(f"{label}: open", (time.perf_counter() - before) * 1e3, "ms")
    outcomes = polls(first, 2_000)
    before = time.perf_counter()
    await write(store, outcomes, 1)
    say(f"{label}: a poll of 20 new articles", (time.perf_counter() - before) / len(outcomes) * 1e3, "ms")
    identities = [[i for intake in o.documents[0].intakes for i in intake.identities] for o in outcomes]
    before = time.perf_counter()
    for asked in identities:
        await store.known(asked)
    say(f"{label}: known() of 20 articles", (time.perf_counter() - before) / len(outcomes) * 1e3, "ms")
    before = time.perf_counter()
    for _ in range(50):
        await store.queues(datetime.now(UTC))
        await store.claim_sources(SourceKind.FOLDER, datetime.now(UTC), 10, timedelta(minutes=1))
    say(f"{label}: an idle tick", (time.perf_counter() - before) / 50 * 1e3, "ms")
    await store.close()
    with open_archive(path) as archive:
        for name, ask in {
            "alerts": archive.alerts,
            "articles": archive.articles,
            "deliveries": archive.deliveries,
        }.items():
            before = time.perf_counter()
            ask(limit=20)
            say(f"{label}: newest 20 {name}", (time.perf_counter() - before) * 1e3, "ms")


async def large(folder: Path, articles: int) -> None:
    small = folder / "small.db"
    store = await fresh(small)
    await write(store, polls(0, 1_000), 50)
    await store.close()
    await at_size(small, 10_000_000, "1,000 articles")
    path = folder / "large.db"
    store = await fresh(path)
    for first in range(0, articles, 10_000):
        await write(store, polls(first, 10_000), 50)
    before = time.perf_counter()
    await store.close()
    say("close", (time.perf_counter() - before) * 1e3, "ms")
    say(f"size of {articles:,} articles, not indexed", path.stat().st_size / 1e9, "GB")
    await at_size(path, 20_000_000, f"{articles:,} articles")


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--articles", type=int, default=20_000)
    options.add_argument("--large", type=int, default=0)
    options.add_argument("--folder", type=Path)
    asked = options.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        if asked.articles:
            asyncio.run(speed(Path(folder), asked.articles))
        if asked.large:
            asyncio.run(large(Path(folder), asked.large))
    say("largest resident size", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "MB")


if __name__ == "__main__":
    main()
