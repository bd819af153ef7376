"""Answers that end too soon although their server said nothing of it: what was not read comes later, and is news."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from tests.flow.world import Item, Newsroom, rss, write_config
from tests.sources.server import Server, answer_of

HOUR = timedelta(hours=1)


def whole(*numbers: int) -> bytes:
    return rss(*(Item(f"Ada Quillfeather speaks {n}", guid=str(n)) for n in numbers))


def torn(*numbers: int) -> bytes:
    """The same, cut in the middle of its last item."""
    return whole(*numbers)[: -len("</channel></rss>") - 30]


@pytest.fixture(params=["all", "none"])
def backlog(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest_asyncio.fixture(loop_scope="session")
async def room(tmp_path: Path, wire: Server, backlog: str) -> AsyncIterator[Newsroom]:
    config = write_config(
        tmp_path / "config",
        sources=f'feeds:\n  - {{url: "{wire.url("/one")}", name: One, alert_backlog: {backlog}}}\n',
        watchlist="actors: [Ada Quillfeather]\n",
    )
    made = Newsroom(config, tmp_path / "state")
    async with made.open():
        yield made


def titles(*numbers: int) -> list[str]:
    return [f"Ada Quillfeather speaks {n}" for n in numbers]


async def test_what_a_torn_answer_lacked_comes_with_the_next_whole_one(room: Newsroom, wire: Server) -> None:
    wire.answers["/one"] = [
        answer_of(200, whole(1), ETag='"1"'),
        answer_of(200, torn(1, 2, 3), ETag='"3"'),
        answer_of(200, whole(1, 2, 3), ETag='"3"'),
        answer_of(304),
    ]
    for _ in range(2):
        await room.round(after=HOUR)
    assert room.source("One")["health"] == "degraded"
    for _ in range(2):
        await room.round(after=HOUR)
    tags = [request.headers.get("If-None-Match") for request in wire.requests]
    assert tags == [None, '"1"', '"1"', '"3"']
    assert {*titles(2, 3)} <= {*room.told()}
    assert room.source("One")["health"] == "ok"


@pytest.mark.parametrize("backlog", ["none"], indirect=True)
async def test_a_torn_first_answer_does_not_make_news_of_the_backlog(room: Newsroom, wire: Server) -> None:
    wire.answers["/one"] = [answer_of(200, torn(1, 2, 3)), answer_of(200, whole(1, 2, 3, 4))]
    for _ in range(2):
        await room.round(after=HOUR)
    assert room.told() == []
    wire.answers["/one"] = [answer_of(200, whole(2, 3, 4, 5))]
    await room.round(after=HOUR)
    assert room.told() == titles(5)


@pytest.mark.parametrize("backlog", ["none"], indirect=True)
async def test_a_feed_that_is_always_torn_alerts_all_the_same(room: Newsroom, wire: Server) -> None:
    for n in range(5):
        wire.answers["/one"] = answer_of(200, torn(*range(n + 2)))
        await room.round(after=2 * HOUR)
    assert room.told() == titles(4)


@pytest.mark.parametrize("backlog", ["all"], indirect=True)
async def test_half_an_item_is_not_taken_for_an_older_version_of_the_whole(
    room: Newsroom, wire: Server
) -> None:
    article = rss(
        Item(
            "What the council heard",
            text="Nobody of note spoke, but in the end Ada Quillfeather did.",
            guid="1",
        )
    )
    cut = article[: article.index(b"but in the end")]
    wire.answers["/one"] = [answer_of(200, rss()), answer_of(200, cut), answer_of(200, article)]
    for _ in range(4):
        await room.round(after=HOUR)
    assert room.told() == ["What the council heard"]


async def test_a_torn_answer_without_items_is_a_failure(room: Newsroom, wire: Server) -> None:
    wire.answers["/one"] = [
        answer_of(200, whole(1)),
        answer_of(200, torn(1)[:60], ETag='"x"'),
        answer_of(304),
    ]
    for _ in range(2):
        await room.round(after=HOUR)
    about = room.source("One")
    assert (about["health"], about["last_result"]) == ("failing", "failed")
    await room.round(after=2 * HOUR)
    assert wire.requests[-1].headers.get("If-None-Match") is None


async def test_a_feed_that_is_merely_damaged_is_not_taken_for_torn(room: Newsroom, wire: Server) -> None:
    damaged = whole(1).replace(b"<channel>", b"<channel><broken>")
    wire.answers["/one"] = [answer_of(200, damaged, ETag='"1"'), answer_of(304)]
    for _ in range(2):
        await room.round(after=HOUR)
    assert wire.requests[-1].headers.get("If-None-Match") == '"1"'
    assert room.source("One")["health"] == "degraded"
