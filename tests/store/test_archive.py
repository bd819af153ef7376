"""What readers see: newest first, by page, also while a daemon writes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from monitor.errors import StoreError
from monitor.model import AlertId, Claim, DeliveryState, DocumentIntake, Only, Reason, Settlement, WatchId
from monitor.ports import Archive, Store
from monitor.store import open_archive
from tests.store.making import (
    DESK,
    FEED,
    NIGHT,
    NOON,
    OTHER,
    alerting,
    article,
    document,
    match,
    new,
    outcome,
    state,
    withheld,
)


def backlog(headline: str) -> object:
    made = article(headline)
    return new(made, matches=(match(made, "Dong Jun"),), decision=withheld(Reason.BACKLOG))


async def fill(store: Store) -> None:
    """Six alerts of three polls a minute apart, the second poll's withheld."""
    for n in range(3):
        intakes = [backlog(f"{n}{x}") if n == 1 else alerting(f"{n}{x}") for x in "ab"]
        at = NOON + timedelta(minutes=n)
        brought = DocumentIntake(document=document(received_at=at), intakes=tuple(intakes))  # type: ignore[arg-type]
        await store.commit_poll(outcome(documents=(brought,), ended_at=at))


def headlines(records: object) -> list[str]:
    return [r.record.article.headline if hasattr(r, "record") else r.article.headline for r in records]  # type: ignore[attr-defined]


async def test_alerts_are_newest_first_and_by_page(store: Store, archive: Archive) -> None:
    await fill(store)
    assert headlines(archive.alerts(limit=9)) == ["2b", "2a", "1b", "1a", "0b", "0a"]
    assert headlines(archive.alerts(limit=2, offset=1)) == ["2a", "1b"]


async def test_alerts_are_told_from_withheld_ones(store: Store, archive: Archive) -> None:
    await fill(store)
    assert headlines(archive.alerts(limit=9, suppressed=True)) == ["1b", "1a"]
    assert headlines(archive.alerts(limit=9, suppressed=False)) == ["2b", "2a", "0b", "0a"]


async def test_alerts_are_found_by_time_and_watch(store: Store, archive: Archive) -> None:
    await fill(store)
    await store.commit_poll(outcome(alerting("talks", "video", priority=3), ended_at=NOON))  # type: ignore[arg-type]
    assert headlines(archive.alerts(limit=9, since=NOON + timedelta(minutes=2))) == ["2b", "2a"]
    one, two = (NOON + timedelta(minutes=n) for n in (1, 2))
    assert headlines(archive.alerts(limit=9, since=one, until=one)) == ["1b", "1a"]
    assert "2a" not in headlines(archive.alerts(limit=9, until=two - timedelta(microseconds=1)))
    assert headlines(archive.alerts(limit=9, watch=WatchId("video"))) == ["talks"]


async def test_one_alert_has_everything_that_led_to_it(store: Store, archive: Archive) -> None:
    committed = await store.commit_poll(outcome(alerting()))
    record = archive.alert(committed.alerts[0])
    assert record is not None
    assert record.alert.matches == (match(article(), "Dong Jun"),)
    assert (record.alert.at, record.alert.article) == (NOON + timedelta(seconds=1), record.record.id)
    assert [delivery.state for delivery in record.deliveries] == [DeliveryState.OWED]
    assert archive.alert(AlertId("none")) is None


async def test_articles_are_found_by_source_and_time(store: Store, archive: Archive) -> None:
    await fill(store)
    await store.commit_poll(outcome(new(article("other")), source=state(OTHER)))
    assert headlines(archive.articles(limit=9, source=FEED)) == ["2b", "2a", "1b", "1a", "0b", "0a"]
    assert headlines(archive.articles(limit=9, source=OTHER)) == ["other"]
    assert headlines(archive.articles(limit=9, since=NOON + timedelta(minutes=1))) == ["2b", "2a", "1b", "1a"]
    assert headlines(archive.articles(limit=2, offset=2)) == ["1b", "1a"]


async def test_sources_are_by_name(store: Store, archive: Archive) -> None:
    assert [record.state.name for record in archive.sources()] == sorted(
        r.state.name for r in archive.sources()
    )
    assert len(archive.sources()) == 3


async def test_deliveries_are_found_by_state(store: Store, archive: Archive) -> None:
    await fill(store)
    claim = Claim(channel=DESK, recipient=NIGHT, only=Only.ALERTS, at_most=3, listed=0)
    batch = await store.claim_deliveries(claim, NOON + timedelta(hours=1), timedelta(hours=1))
    assert batch is not None
    await store.settle(Settlement(message=batch.message, state=DeliveryState.DEAD, at=NOON))
    heads = [record.headline for record in archive.deliveries(limit=9)]
    assert heads == ["2b", "2a", "0b", "0a"]
    dead = archive.deliveries(limit=9, states=[DeliveryState.DEAD])
    assert [record.headline for record in dead] == ["2a", "0b", "0a"]
    both = archive.deliveries(limit=2, offset=1, states=[DeliveryState.DEAD, DeliveryState.OWED])
    assert [record.headline for record in both] == ["2a", "0b"]


async def test_alerts_and_deliveries_are_found_by_what_they_belong_to(store: Store, archive: Archive) -> None:
    await fill(store)
    (newest, *_) = archive.alerts(limit=9)
    assert headlines(archive.alerts(limit=9, article=newest.alert.article)) == ["2b"]
    assert [r.headline for r in archive.deliveries(limit=9, alert=newest.alert.id)] == ["2b"]
    assert archive.deliveries(limit=9, alert=newest.alert.id, states=[DeliveryState.DEAD]) == ()
    assert archive.deliveries(limit=9, alert=newest.alert.id, offset=1) == ()


async def test_an_archive_sees_what_was_committed_after_it_was_opened(store: Store, archive: Archive) -> None:
    assert archive.articles(limit=9) == ()
    await store.commit_poll(outcome(new(article())))
    assert len(archive.articles(limit=9)) == 1


def test_an_archive_of_nothing_says_how_to_begin(tmp_path: Path) -> None:
    with pytest.raises(
        StoreError, match=r"nothing has been stored yet at .*monitor\.db: start `monitor run`"
    ):
        open_archive(tmp_path / "monitor.db")
