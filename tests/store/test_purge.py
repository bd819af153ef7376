"""Old texts go; identities, alerts, their evidence and what is owed stay."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from monitor.model import Claim, DeliveryState, DocumentIntake, Intake, Only, PollResult, Reason, Settlement
from monitor.ports import Archive, Store
from monitor.store import verify
from monitor.store.words import search_words
from tests.store.making import (
    DESK,
    NIGHT,
    NOON,
    alerting,
    article,
    copy,
    document,
    match,
    native,
    new,
    outcome,
    withheld,
)

DAY = timedelta(days=1)
LONG_AGO = NOON - 99 * DAY
SLICE = timedelta(seconds=1)


async def received(store: Store, at: datetime, *intakes: Intake) -> None:
    brought = DocumentIntake(document=document(received_at=at), intakes=intakes)
    await store.commit_poll(outcome(documents=(brought,), ended_at=at))


def texts(archive: Archive) -> dict[str | None, bool]:
    """Which articles still have their text."""
    return {record.article.headline: bool(record.article.text) for record in archive.articles(limit=99)}


async def test_old_texts_go_and_newer_ones_stay(store: Store, archive: Archive) -> None:
    await received(store, NOON - 2 * DAY, new(article("old")))
    await received(store, NOON, new(article("new")))
    assert await store.purge(NOON - DAY, LONG_AGO, 99) == 1
    assert texts(archive) == {"old": False, "new": True}
    assert await store.purge(NOON - DAY, LONG_AGO, 99) == 0


async def test_a_purged_article_is_still_known(store: Store, archive: Archive) -> None:
    await received(store, NOON - DAY, new(article("old"), native("1")))
    before = await store.known([native("1")])
    await store.purge(NOON, NOON, 99)
    assert await store.known([native("1")]) == before
    (record,) = archive.articles(limit=9)
    assert (record.article.headline, record.article.zones) == ("old", ())


async def test_the_evidence_of_alerts_stays_told_or_withheld(store: Store, archive: Archive) -> None:
    quiet = article("withheld")
    intake = new(quiet, matches=(match(quiet, "Dong Jun"),), decision=withheld(Reason.BACKLOG))
    await received(store, NOON - DAY, alerting("told"), intake, new(article("nothing")))
    await store.purge(NOON, NOON, 99)
    assert texts(archive) == {"told": True, "withheld": True, "nothing": False}


async def test_an_alert_on_an_old_article_keeps_its_text_from_then_on(store: Store, archive: Archive) -> None:
    made = article("first")
    await received(store, NOON - DAY, new(made, native("1")))
    (known,) = await store.known([native("1")])
    again = copy(
        made,
        native("1"),
        known_as=known.article,
        matches=(match(made, "Dong Jun"),),
        decision=withheld(Reason.SAME_LINK),
    )
    await received(store, NOON, again)
    assert await store.purge(NOON, LONG_AGO, 99) == 0
    assert texts(archive) == {"first": True}


async def test_an_owed_delivery_keeps_its_content(store: Store) -> None:
    await received(store, NOON - DAY, alerting("owed"))
    await store.purge(NOON, NOON, 99)
    claim = Claim(channel=DESK, recipient=NIGHT, only=Only.ALERTS, at_most=9, listed=9)
    batch = await store.claim_deliveries(claim, NOON, DAY)
    assert batch is not None
    assert batch.parcels[0].news is not None
    assert batch.parcels[0].news.article == article("owed")


async def test_a_purge_takes_at_most_n_the_oldest_first(store: Store, archive: Archive) -> None:
    for n in (3, 1, 2):
        await received(store, NOON - n * DAY, new(article(f"{n}")))
    assert await store.purge(NOON, NOON - 9 * DAY, 2) == 2
    assert texts(archive) == {"1": True, "2": False, "3": False}


async def test_a_clock_that_was_wrong_for_a_while_does_not_hold_up_the_purge(
    store: Store, archive: Archive
) -> None:
    await received(store, NOON + 999 * DAY, new(article("of the future")))
    await received(store, NOON - DAY, new(article("old")))
    await store.purge(NOON, NOON, 99)
    assert texts(archive) == {"of the future": True, "old": False}


async def test_a_purged_text_is_found_no_more_and_the_index_stays_sound(
    store: Store, archive: Archive, path: Path
) -> None:
    await received(store, NOON - DAY, new(article("old 北京会谈", "Jun in Beijing.")), alerting("kept"))
    while await store.index_slice(SLICE):
        pass
    await received(store, NOON - DAY, new(article("late", "Jun not indexed.")))
    assert len(archive.search("jun", limit=9)) == 3
    await store.purge(NOON, NOON, 99)
    assert [hit.record.article.headline for hit in archive.search("jun", limit=9)] == ["kept"]
    assert archive.search("北京", limit=9) == ()
    while await store.index_slice(SLICE):
        pass
    await store.close()
    assert verify(path) == ()
    with closing(sqlite3.connect(path)) as db:
        db.create_function("search_words", 1, search_words)
        db.execute("INSERT INTO article_search (article_search, rank) VALUES ('integrity-check', 1)")


async def test_what_a_purge_frees_is_used_again(store: Store, path: Path) -> None:
    async def fill(at: datetime) -> None:
        for n in range(10):
            await received(store, at, *(new(article(f"{n}.{i}", "word " * 600)) for i in range(20)))

    def pages() -> int:
        with closing(sqlite3.connect(path)) as db:
            used, free = (
                db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count")
            )
            return int(used - free)

    await fill(NOON - 2 * DAY)
    full = pages()
    await store.purge(NOON - DAY, NOON - DAY, 999)
    assert pages() < full * 0.4
    await fill(NOON)
    assert pages() < full * 1.2


async def test_polls_and_failed_messages_of_old_go_and_sent_ones_stay(store: Store, path: Path) -> None:
    for n in range(3):
        await store.commit_poll(
            outcome(documents=(), result=PollResult.FAILED, detail=str(n), ended_at=NOON - n * DAY)
        )
    await store.commit_poll(outcome(alerting("A"), alerting("B"), ended_at=NOON))
    claim = Claim(channel=DESK, recipient=NIGHT, only=Only.ALERTS, at_most=1, listed=1)
    for state in (DeliveryState.SENT, DeliveryState.DEAD):
        batch = await store.claim_deliveries(claim, NOON, DAY)
        assert batch is not None
        await store.settle(Settlement(message=batch.message, state=state, at=NOON))
    assert await store.purge(NOON - 9 * DAY, NOON - timedelta(hours=1), 99) == 2
    assert await store.purge(NOON - 9 * DAY, NOON + timedelta(hours=1), 99) == 3
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT state FROM message").fetchall() == [("sent",)]
