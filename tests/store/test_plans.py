"""Every hot query is a search in an index, however many rows there are."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.model import Claim, DeliveryState, Only, Settlement, SourceKind, Trouble, WatchId
from monitor.ports import Archive, Store
from monitor.store.words import search_words
from tests.store.making import (
    DESK,
    FEED,
    NIGHT,
    NOON,
    OPS,
    alerting,
    article,
    link,
    native,
    new,
    outcome,
    version,
)

SMALL = {"recipient", "r", "channel", "c", "lane"}
"""Tables that have a row for an address or a channel; and the five lanes."""


class Spy:
    """Collects the statements that a connection runs."""

    def __init__(self) -> None:
        self.statements: set[str] = set()

    def __call__(self, statement: str) -> None:
        # What FTS5 asks of its own tables is its own affair; of the schema there is little.
        if re.match(r"\s*(SELECT|UPDATE|DELETE|INSERT)", statement) and not re.search(
            r"'article_search_|sqlite_master", statement
        ):
            self.statements.add(statement)


@pytest.fixture
def spy(store: Store) -> Iterator[Spy]:
    made = Spy()
    store._writer._connection.set_trace_callback(made)  # type: ignore[attr-defined]
    store._reading.set_trace_callback(made)  # type: ignore[attr-defined]
    return made


def scans(path: Path, statements: set[str]) -> list[tuple[str, str]]:
    """Give (step, statement) for each step of a plan that walks through a whole table or index."""
    found = []
    with closing(sqlite3.connect(path)) as db:
        db.create_function("search_words", 1, search_words)
        for statement in statements:
            for *_, step in db.execute(f"EXPLAIN QUERY PLAN {statement}"):
                scanned = re.match(r"SCAN (?!\d+ CONSTANT|article_search VIRTUAL)(\w+)", step)
                if scanned and scanned.group(1) not in SMALL:
                    found.append((step, " ".join(statement.split())[:200]))
    return found


async def test_no_write_and_no_question_of_the_drivers_walks_through_a_table(
    store: Store, path: Path, spy: Spy
) -> None:
    await store.claim_sources(SourceKind.FEED, NOON, 9, timedelta(minutes=1))
    await store.source(FEED)
    keys = (native("1"), link("l"))
    await store.commit_poll(outcome(alerting(), new(article(), *keys)))
    (known, _) = await store.known(keys)
    await store.commit_poll(outcome(version(article("B"), known.article, 2, *keys)))
    await store.known_files(FEED)
    await store.tell([Trouble(key="k", text="t", at=NOON)], ["other"], [OPS], NOON)
    later = NOON + timedelta(hours=1)
    await store.queues(later)
    await store.next_due()
    claim = Claim(channel=DESK, recipient=NIGHT, only=Only.ALERTS, at_most=9, listed=9)
    batch = await store.claim_deliveries(claim, later, timedelta(hours=1))
    assert batch is not None
    await store.settle(
        Settlement(
            message=batch.message, state=DeliveryState.OWED, at=later, pause_until=later, recovered=("k",)
        ),
        [OPS],
    )
    await store.retry([batch.parcels[0].delivery.id, "alert", "channel"], later)
    await store.release_leases()
    await store.purge(NOON, NOON, 9)
    assert len(spy.statements) > 40
    assert scans(path, spy.statements) == []


async def test_no_page_of_a_reader_walks_through_a_table(store: Store, path: Path, archive: Archive) -> None:
    await store.commit_poll(outcome(alerting()))
    spy = Spy()
    archive._connection.set_trace_callback(spy)  # type: ignore[attr-defined]
    archive.alerts(limit=9)
    archive.alerts(limit=9, suppressed=True, since=NOON)
    archive.alerts(limit=9, watch=WatchId("dong-jun"))
    archive.articles(limit=9)
    archive.articles(limit=9, source=FEED, since=NOON)
    archive.deliveries(limit=9, states=[DeliveryState.DEAD])
    archive.search("jun", limit=9)
    assert len(spy.statements) > 10
    assert scans(path, spy.statements) == []


async def test_a_scan_would_be_seen(path: Path, store: Store) -> None:
    assert scans(path, {"SELECT * FROM delivery WHERE detail = 'x'"}) != []
