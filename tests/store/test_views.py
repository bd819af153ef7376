"""The database is a product for its user: documented views of readable rows, and quiet sources add none."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from monitor.model import PollResult, SourceKind
from monitor.ports import Store
from tests.store.making import FEED, FOLDER, NOON, alerting, article, entry, new, outcome, state

VIEWS = ("sources", "polls", "articles", "matches", "alerts", "deliveries")


def rows(path: Path, view: str) -> list[dict[str, object]]:
    """Read a view as any tool would, without a function of ours."""
    with closing(sqlite3.connect(path)) as db:
        db.row_factory = sqlite3.Row
        return [dict(row) for row in db.execute(f"SELECT * FROM {view}")]


async def test_every_view_opens_in_any_tool_with_ids_first_and_times_as_text(
    store: Store, path: Path
) -> None:
    await store.commit_poll(outcome(alerting()))
    for view in VIEWS:
        found = rows(path, view)
        assert found, view
        assert next(iter(found[0])) == "id"
        times = [value for name, value in found[0].items() if name.endswith("_at") or name == "at"]
        assert all(value is None or str(value).startswith("2026-01-27T12:0") for value in times), view
        assert all(value is None or str(value).endswith("Z") for value in times), view


async def test_views_say_what_a_person_asks(store: Store, path: Path) -> None:
    committed = await store.commit_poll(outcome(alerting()))
    (alert,) = rows(path, "alerts")
    (delivery,) = rows(path, "deliveries")
    (found,) = rows(path, "matches")
    (made,) = rows(path, "articles")
    assert (alert["id"], alert["headline"], alert["watches"]) == (
        committed.alerts[0],
        "China, Russia agree",
        "Dong Jun",
    )
    assert (delivery["alert"], delivery["state"], delivery["priority"]) == (alert["id"], "owed", "normal")
    assert (found["alert"], found["watch"], found["watched_in"]) == (
        alert["id"],
        "dong-jun",
        "china-russia.yaml:6",
    )
    assert (made["id"], made["text"], made["source"]) == (alert["article"], article().text, FEED)


async def test_polls_that_bring_nothing_new_have_no_rows(store: Store, path: Path) -> None:
    await store.commit_poll(outcome(new(article())))
    for _ in range(3):
        await store.commit_poll(outcome(result=PollResult.UNCHANGED, documents=(), http_status=304))
        await store.commit_poll(outcome())
    assert [(row["result"], row["repeats"]) for row in rows(path, "polls")] == [("read", 6)]


async def test_failures_that_repeat_have_one_row_and_their_end_has_one(store: Store, path: Path) -> None:
    def failed(detail: str) -> object:
        return outcome(result=PollResult.FAILED, detail=detail, documents=())

    for poll in (failed("time-out"), failed("time-out"), failed("403"), outcome(), outcome()):
        await store.commit_poll(poll)  # type: ignore[arg-type]
    found = [(row["result"], row["detail"], row["repeats"]) for row in rows(path, "polls")]
    assert found == [("failed", "time-out", 1), ("failed", "403", 0), ("read", None, 1)]


async def test_a_feed_that_is_polled_for_a_month_without_news_adds_nothing(store: Store, path: Path) -> None:
    await store.commit_poll(outcome(new(article())))

    def count() -> int:
        with closing(sqlite3.connect(path)) as db:
            tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            return sum(
                db.execute(f'SELECT count(*) FROM "{t}"').fetchone()[0] for t in tables if "search" not in t
            )

    before = count()
    for _ in range(30):
        await store.commit_poll(outcome(result=PollResult.UNCHANGED, documents=()))
    assert count() == before


async def test_a_source_that_is_off_says_so(store: Store, path: Path) -> None:
    await store.mirror_sources([entry(FOLDER, SourceKind.FOLDER)], NOON, lambda _: NOON)
    assert {row["id"]: row["health"] for row in rows(path, "sources")}[FEED] == "off"


async def test_a_copy_leaves_a_trace_of_where_it_was_met(store: Store, path: Path) -> None:
    from dataclasses import replace

    await store.commit_poll(
        outcome(new(article()), replace(new(article()), copy_of=0, novelty="copy"), source=state())
    )  # type: ignore[arg-type]
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT url, headline FROM sighting").fetchall() == [
            (article().url, article().headline)
        ]
