"""An article met again, in whatever guise, is no second alert; why it is none can be seen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest_asyncio

from tests.flow.world import Item, Newsroom, copy_about, rss, write_config
from tests.sources.server import Server, answer_of

LATER = timedelta(hours=2)
LONG = copy_about("Ada Quillfeather").partition("\n\n")[2]
FIRST = Item("Quillfeather, Ada Quillfeather, speaks", guid="first", link="https://news.example/2026/speech")


@pytest_asyncio.fixture(loop_scope="session")
async def room(tmp_path: Path, wire: Server) -> AsyncIterator[Newsroom]:
    """Two feeds and a folder that were all read before, and were empty."""
    (tmp_path / "drop").mkdir()
    write_config(
        tmp_path / "config",
        sources=f'feeds: ["{wire.url("/one")}", "{wire.url("/two")}"]\nfolders: [{{path: {tmp_path / "drop"}}}]\n',
        watchlist="actors: [Ada Quillfeather]\n",
    )
    for path in ("/one", "/two"):
        wire.answers[path] = answer_of(200, rss())
    made = Newsroom(tmp_path / "config", tmp_path / "state")
    async with made.open():
        await made.round()
        yield made


async def serve(room: Newsroom, wire: Server, **feeds: tuple[Item, ...]) -> None:
    """Have feeds hold these, and poll them."""
    for name, items in feeds.items():
        wire.answers[f"/{name}"] = answer_of(200, rss(*items))
    await room.round(after=LATER)


async def test_the_same_id_with_the_same_text_is_nothing_new(room: Newsroom, wire: Server) -> None:
    await serve(room, wire, one=(FIRST,))
    await serve(
        room, wire, one=(replace(FIRST, link="https://news.example/moved"), Item("Other news", guid="o"))
    )
    (alert,) = room.alerts()
    assert (alert["headline"], alert["reason"], alert["suppressed"]) == (FIRST.title, "new", False)
    assert len(room.lines("articles")) == 2


async def test_the_same_id_with_another_text_is_a_version_without_an_alert(
    room: Newsroom, wire: Server
) -> None:
    await serve(room, wire, one=(FIRST,))
    changed = replace(FIRST, title="Ada Quillfeather spoke, and sat down")
    await serve(room, wire, one=(changed,))
    await serve(room, wire, one=(changed, Item("Other news", guid="o")))
    told, withheld = room.alerts()
    assert (withheld["reason"], withheld["suppressed"], withheld["kind"]) == ("updated", True, "update")
    assert withheld["headline"] == changed.title
    assert withheld["deliveries"] == []
    assert withheld["article"] == told["article"]
    (article,) = [a for a in room.lines("articles") if a["id"] == told["article"]]
    assert (article["number"], article["article"]["headline"]) == (2, changed.title)
    assert room.run("why", told["id"]).stdout.count("withheld") == 1
    assert room.terminal.getvalue().count("monitor why ") == 1


SAME = (
    "https://news.example/2026/speech",
    "http://NEWS.example/2026/speech?utm_source=rss&utm_medium=feed",
    "https://news.example/2026/speech#comments",
)


async def test_a_link_met_in_another_source_is_a_copy_however_it_is_written(
    room: Newsroom, wire: Server
) -> None:
    await serve(room, wire, one=(FIRST,))
    copies = [
        Item("What Ada Quillfeather said", "Told in other words.", guid=f"copy {n}", link=link)
        for n, link in enumerate(SAME)
    ]
    for n, copy in enumerate(copies):
        for beside in range(2):
            await serve(room, wire, two=(copy, Item(f"Other news {n} {beside}", guid=f"o{n} {beside}")))
    assert room.told() == [FIRST.title]
    assert room.withheld() == [(FIRST.title, "same link")] * len(copies)
    assert len({a["article"] for a in room.alerts()}) == 1


async def test_a_link_that_items_of_one_feed_share_makes_nothing_a_copy(room: Newsroom, wire: Server) -> None:
    page = "https://news.example/live"
    items = tuple(Item(f"Ada Quillfeather, minute {n}", guid=str(n), link=page) for n in range(2))
    await serve(room, wire, one=items)
    elsewhere = Item("What Ada Quillfeather said", guid="elsewhere", link=page)
    await serve(room, wire, two=(elsewhere,))
    assert sorted(room.told()) == [*(i.title for i in items), elsewhere.title]


async def test_items_that_come_one_by_one_under_one_link_of_their_feed_all_alert(
    room: Newsroom, wire: Server
) -> None:
    page = "https://news.example/live"
    items = tuple(Item(f"Ada Quillfeather, minute {n}", guid=str(n), link=page) for n in range(3))
    for n in range(3):
        await serve(room, wire, one=items[n : n + 1])
    assert room.told() == [i.title for i in items]


async def test_a_hosts_root_identifies_nothing(room: Newsroom, wire: Server) -> None:
    one, two = (
        Item(f"Ada Quillfeather in {where}", guid=where, link="https://news.example/")
        for where in ("Elbe", "Sund")
    )
    await serve(room, wire, one=(one,))
    await serve(room, wire, two=(two,))
    assert room.told() == [one.title, two.title]


async def test_a_long_text_met_anywhere_again_is_a_copy(room: Newsroom, wire: Server, tmp_path: Path) -> None:
    headline = "Council hears the harbour report"
    await serve(room, wire, one=(Item(headline, LONG, guid="a", link="https://one.example/a"),))
    await serve(room, wire, two=(Item(headline.upper(), LONG, guid="b", link="https://two.example/b"),))
    (tmp_path / "drop" / "copy.txt").write_text(copy_about("Ada Quillfeather", headline))
    await room.round(after=LATER)
    assert room.told() == [headline]
    assert [reason for _, reason in room.withheld()] == ["same text"] * 2
    assert len({a["article"] for a in room.alerts()}) == 1
    assert len(room.lines("articles")) == 1


async def test_a_short_text_met_again_is_news(room: Newsroom, wire: Server) -> None:
    for feed in ("one", "two"):
        item = Item("Ada Quillfeather resigns", "More soon.", guid=feed, link=f"https://{feed}.example/flash")
        await serve(room, wire, **{feed: (item,)})
    assert room.told() == ["Ada Quillfeather resigns"] * 2


async def test_what_was_known_is_known_after_a_restart(tmp_path: Path, wire: Server) -> None:
    write_config(
        tmp_path / "config",
        sources=f'feeds: [{{url: "{wire.url("/one")}", alert_backlog: all}}]\n',
        watchlist="actors: [Ada Quillfeather]\n",
    )
    wire.answers["/one"] = answer_of(200, rss(FIRST))
    for n in range(3):
        again = Newsroom(tmp_path / "config", tmp_path / "state")
        async with again.open():
            # Each time with another item beside it, so that the feed's bytes are new.
            wire.answers["/one"] = answer_of(200, rss(FIRST, Item(f"Other news {n}", guid=f"o{n}")))
            await again.round(after=LATER * (n + 1))
            assert len(wire.requests) == len(again.lines("articles")) - 1 == n + 1
            assert again.told() == [FIRST.title]
            assert again.terminal.getvalue().count("monitor why ") == (n == 0)


async def test_a_piece_that_thirty_sources_bring_at_the_same_moment_is_one_alert(
    tmp_path: Path, wire: Server
) -> None:
    servers = [await Server(address=f"127.0.0.{n}").start() for n in range(2, 32)]
    try:
        for n, server in enumerate(servers):
            item = Item("Council hears the harbour report", LONG, guid=str(n), link=f"https://{n}.example/a")
            server.answers["/feed"] = answer_of(200, rss(item))
        feeds = "".join(f'  - {{url: "{s.url()}", alert_backlog: all}}\n' for s in servers)
        config = write_config(
            tmp_path / "config", sources=f"feeds:\n{feeds}", watchlist="actors: [Ada Quillfeather]\n"
        )
        crowd = Newsroom(config, tmp_path / "state")
        async with crowd.open():
            await crowd.round()
            assert {len(server.requests) for server in servers} == {1}
            assert len(crowd.told()) == 1
            assert [reason for _, reason in crowd.withheld()] == ["same text"] * 29
            assert len(crowd.lines("articles")) == 1
            assert {source["health"] for source in crowd.lines("sources")} == {"ok"}
    finally:
        for server in servers:
            await server.close()
