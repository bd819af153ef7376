"""What is kept, and for how long: texts go, and what was known stays known."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from tests.flow.world import DAY, MONITOR, Item, Newsroom, rss, write_config
from tests.sources.server import Server, answer_of

SPEECH = Item("Ada Quillfeather speaks", "She spoke of the quays.", guid="speech", link="https://a.example/1")
OTHER = Item("Bo Tallow at sea", "He sailed at noon.", guid="other", link="https://a.example/2")
HOUR = timedelta(hours=1)


@pytest_asyncio.fixture(loop_scope="session")
async def room(closed: Newsroom) -> AsyncIterator[Newsroom]:
    """Has read a piece that is watched and one that is not."""
    async with closed.open():
        await closed.round()
        await closed.tick()
        yield closed


@pytest.fixture
def closed(tmp_path: Path, wire: Server) -> Newsroom:
    """Keeps texts for ten days."""
    config = write_config(
        tmp_path / "config",
        sources=f'feeds: [{{url: "{wire.url()}", name: Wire, alert_backlog: all}}]\n',
        watchlist="actors: [Ada Quillfeather]\n",
    )
    keep = MONITOR.replace("{disk_free: 1 MB}", "{articles: 10 days, polls: 10 days, disk_free: 1 MB}")
    (config / "monitor.yaml").write_text(keep)
    wire.answers["/feed"] = answer_of(200, rss(SPEECH, OTHER))
    return Newsroom(config, tmp_path / "state")


def texts(room: Newsroom) -> dict[str, str]:
    return {a["article"]["headline"]: a["article"]["body"] for a in room.lines("articles")}


def found(room: Newsroom, word: str) -> list[str]:
    return [hit["article"]["headline"] for hit in room.lines("search", word)]


async def test_a_text_is_kept_for_its_time_and_evidence_for_good(room: Newsroom) -> None:
    await room.tick(after=9 * DAY)
    assert texts(room) == {i.title: i.text for i in (SPEECH, OTHER)}
    assert (found(room, "quays"), found(room, "sailed")) == ([SPEECH.title], [OTHER.title])
    await room.tick(after=2 * DAY)
    assert texts(room) == {SPEECH.title: SPEECH.text, OTHER.title: ""}
    assert (found(room, "quays"), found(room, "sailed")) == ([SPEECH.title], [])
    (alert,) = room.alerts()
    (why,) = room.lines("why", alert["id"])
    assert why["matches"][0]["mentions"][0]["text"] == "Ada Quillfeather"
    assert "Ada Quillfeather speaks" in room.run("why", alert["id"]).stdout


async def test_what_was_purged_is_no_news_when_it_is_served_again_even_to_a_watch_of_today(
    room: Newsroom, wire: Server
) -> None:
    await room.tick(after=20 * DAY)
    assert texts(room)[OTHER.title] == ""
    (room.config / "watchlists" / "people.yaml").write_text("actors: [Ada Quillfeather, Bo Tallow]\n")
    await room.configure()
    wire.answers["/feed"] = answer_of(200, rss(OTHER, SPEECH, Item("Weather", guid="w")))
    await room.round(after=DAY)
    assert len(wire.requests) >= 2
    assert [a["headline"] for a in room.alerts()] == [SPEECH.title]
    assert len(room.lines("articles")) == 3


async def test_a_copy_of_a_purged_piece_from_elsewhere_is_a_copy(room: Newsroom, wire: Server) -> None:
    await room.tick(after=20 * DAY)
    (room.config / "watchlists" / "people.yaml").write_text("actors: [Bo Tallow]\n")
    (room.config / "sources.yaml").write_text(
        f'feeds: ["{wire.url()}", {{url: "{wire.url("/two")}", alert_backlog: all}}]\n'
    )
    await room.configure()
    copy = Item("How Bo Tallow went to sea", "In words of our own.", guid="x", link=OTHER.link)
    wire.answers["/two"] = answer_of(200, rss(copy))
    await room.round()
    assert room.withheld() == [(OTHER.title, "same link")]


async def test_an_update_of_a_purged_piece_is_stored_and_does_not_alert(room: Newsroom, wire: Server) -> None:
    await room.tick(after=20 * DAY)
    changed = Item(OTHER.title, "Ada Quillfeather sailed with him.", guid=OTHER.guid, link=OTHER.link)
    wire.answers["/feed"] = answer_of(200, rss(changed))
    await room.round(after=DAY)
    assert room.withheld() == [(OTHER.title, "updated")]
    assert texts(room)[OTHER.title] == changed.text


async def test_after_the_clock_was_set_nothing_goes_for_an_hour(room: Newsroom) -> None:
    room.clock.start += 20 * DAY
    await room.app.engine.clock_jumped(20 * DAY)
    await room.tick(after=HOUR / 2)
    assert texts(room)[OTHER.title] == OTHER.text
    await room.tick(after=HOUR)
    assert texts(room)[OTHER.title] == ""


async def test_a_start_by_a_clock_that_is_years_ahead_costs_no_text_before_an_hour(closed: Newsroom) -> None:
    async with closed.open():
        await closed.round()
    closed.clock.start += 2000 * DAY
    async with closed.open():
        await closed.tick()
        assert texts(closed)[OTHER.title] == OTHER.text
        await closed.tick(after=2 * HOUR)
        assert texts(closed)[OTHER.title] == ""
