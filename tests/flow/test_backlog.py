"""What a source holds when it is first seen, and what a watch that is new hears of."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from tests.flow.world import DAY, Item, Newsroom, copy_about, rss, write_config
from tests.sources.server import Server, answer_of

HOUR = timedelta(hours=1)
WISHES = {"none": 0, "24h": 2, "3": 3, "all": 4}
"""What `alert_backlog` says, and how many of four items it means, of which two are of today."""


def held(room: Newsroom, feed: str) -> bytes:
    """Give four items, the newest first: of an hour ago, of this morning, of the day before, of last week."""
    ages = (HOUR, 5 * HOUR, 2 * DAY, 8 * DAY)
    items = [
        Item(f"Ada Quillfeather speaks, {feed} {n}", guid=f"{feed}-{n}", published=room.clock.now() - age)
        for n, age in enumerate(ages)
    ]
    return rss(*items)


@pytest.fixture
def room(tmp_path: Path, wire: Server) -> Newsroom:
    feeds = "".join(
        f'  - {{url: "{wire.url(f"/{wish}")}", name: "{wish}", alert_backlog: {wish}}}\n' for wish in WISHES
    )
    write_config(tmp_path / "config", sources=f"feeds:\n{feeds}", watchlist="actors: [Ada Quillfeather]\n")
    return Newsroom(tmp_path / "config", tmp_path / "state")


async def test_a_feeds_backlog_alerts_as_its_owner_wished_and_all_that_follows_alerts(
    room: Newsroom, wire: Server
) -> None:
    for wish in WISHES:
        wire.answers[f"/{wish}"] = answer_of(200, held(room, wish))
    async with room.open():
        await room.round()
        for wish, count in WISHES.items():
            told = [a for a in room.alerts() if f", {wish} " in a["headline"]]
            newest = [f"Ada Quillfeather speaks, {wish} {n}" for n in range(4)]
            assert sorted(a["headline"] for a in told if not a["suppressed"]) == newest[:count]
            assert {a["reason"] for a in told if not a["suppressed"]} <= {"backlog wanted"}
            assert {a["reason"] for a in told if a["suppressed"]} <= {"backlog"}
            assert len(told) == 4
        before = len(room.told())
        for wish in WISHES:
            late = Item(
                f"Ada Quillfeather once more, {wish}", guid="late", published=room.clock.now() - 9 * DAY
            )
            wire.answers[f"/{wish}"] = answer_of(200, rss(late))
        await room.round(after=2 * HOUR)
        # Old by its date, but it came after the source was first seen.
        assert sorted(room.told()[before:]) == sorted(
            f"Ada Quillfeather once more, {wish}" for wish in WISHES
        )
        assert room.terminal.getvalue().count("monitor why ") == len(room.told())


async def test_a_feed_that_could_not_be_read_at_first_has_its_backlog_all_the_same(
    room: Newsroom, wire: Server
) -> None:
    for wish in WISHES:
        wire.answers[f"/{wish}"] = answer_of(500)
    async with room.open():
        await room.round()
        wire.answers["/none"] = answer_of(200, held(room, "none"))
        await room.round(after=DAY)
        assert room.told() == []
        assert len(room.withheld()) == 4


async def test_a_watch_that_is_new_hears_of_what_comes_after_it(
    room: Newsroom, wire: Server, tmp_path: Path
) -> None:
    for wish in WISHES:
        wire.answers[f"/{wish}"] = answer_of(200, rss(Item(f"Bo Tallow at sea, {wish}", guid="1")))
    async with room.open():
        await room.round()
        assert room.alerts() == []
        watchlist = tmp_path / "config" / "watchlists" / "people.yaml"
        watchlist.write_text("actors: [Ada Quillfeather, Bo Tallow]\n")
        await room.configure()
        await room.round(after=2 * HOUR)
        assert room.alerts() == []
        both = rss(Item("Bo Tallow ashore", guid="2"), Item("Bo Tallow at sea, all", guid="1"))
        wire.answers["/all"] = answer_of(200, both)
        await room.round(after=2 * HOUR)
        assert room.told() == ["Bo Tallow ashore"]


async def test_a_folders_backlog_is_what_lay_there_however_late_it_is_read(tmp_path: Path) -> None:
    quiet, loud = tmp_path / "quiet", tmp_path / "loud"
    for folder in (quiet, loud):
        folder.mkdir()
        (folder / "old.txt").write_text(copy_about("Ada Quillfeather", f"Old copy in {folder.name}"))
    sources = f"folders:\n  - {{path: {quiet}}}\n  - {{path: {loud}, alert_backlog: all}}\n"
    write_config(tmp_path / "config", sources=sources, watchlist="actors: [Ada Quillfeather]\n")
    room = Newsroom(tmp_path / "config", tmp_path / "state")
    async with room.open():
        for folder in (quiet, loud):
            part = folder / "new.txt.part"
            part.write_text(copy_about("Ada Quillfeather", f"New copy in {folder.name}"))
            os.rename(part, folder / "new.txt")
        await room.round()
        assert sorted(room.told()) == ["New copy in loud", "New copy in quiet", "Old copy in loud"]
        assert room.withheld() == [("Old copy in quiet", "backlog")]
