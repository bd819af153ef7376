"""Feeds as servers really answer: what they are asked, what they are believed, and what is told when they fail."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from monitor.engine import embedded
from monitor.sandbox.pool import ParsePool
from tests.channels.receivers import Receiver
from tests.flow.world import Item, Newsroom, rss, until, write_config
from tests.sources.server import Request, Server, answer_of

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
LONG = timedelta(days=1, hours=1)
"""Longer than any feed is left alone."""


@pytest.fixture
def config(tmp_path: Path, wire: Server, receiver: Receiver) -> Path:
    """One feed that is asked every ten minutes, and troubles that go elsewhere than alerts."""
    return write_config(
        tmp_path / "config",
        monitor="contact: wire@paper.example\nchannels:\n"
        f'  desk: {{url: "json://127.0.0.1:{receiver.port}/desk"}}\n'
        f'  ops: {{url: "json://127.0.0.1:{receiver.port}/ops"}}\ntell: [desk]\ntroubles: [ops]\n',
        sources=f'feeds:\n  - {{url: "{wire.url("/one")}", name: One, every: 10 minutes, alert_backlog: all}}\n',
        watchlist="actors: [Ada Quillfeather]\n",
    )


@pytest_asyncio.fixture(loop_scope="session")
async def room(config: Path, tmp_path: Path) -> AsyncIterator[Newsroom]:
    made = Newsroom(config, tmp_path / "state")
    async with made.open():
        yield made


def asked(wire: Server, path: str = "/one") -> list[Request]:
    return [request for request in wire.requests if request.path == path]


def conditions(request: Request) -> tuple[str | None, str | None]:
    return request.headers.get("If-None-Match"), request.headers.get("If-Modified-Since")


def told(receiver: Receiver, channel: str) -> list[str]:
    return [f"{g.json()['title']}\n{g.json()['message']}" for g in receiver.got if g.path == f"/{channel}"]


def speech(n: int) -> bytes:
    return rss(Item(f"Ada Quillfeather speaks {n}", guid=str(n)))


ODD = ('W/"ü, \\"odd\\"  tag"', "Tue,  27-Jan-26 10:00:00 +0000")


async def test_validators_go_back_byte_for_byte_after_a_restart_too_and_304_changes_nothing(
    config: Path, wire: Server, tmp_path: Path
) -> None:
    etag, modified = ODD
    first = answer_of(200, speech(1), ETag=etag, Last_Modified=modified)
    wire.answers["/one"] = [first, answer_of(304), answer_of(304), answer_of(200, speech(2), ETag='"2"')]
    for n in range(2):
        room = Newsroom(config, tmp_path / "state")
        async with room.open():
            await room.round(after=HOUR * 5 * n)
            await room.round(after=HOUR)
            about = room.source("One")
            assert (about["health"], about["last_result"]) == ("ok", "unchanged" if n == 0 else "read")
    assert [conditions(request) for request in asked(wire)] == [(None, None), ODD, ODD, ODD]
    assert asked(wire)[0].headers["User-Agent"].endswith("(+wire@paper.example)")
    assert "Cookie" not in asked(wire)[1].headers
    assert room.told() == ["Ada Quillfeather speaks 1", "Ada Quillfeather speaks 2"]


async def test_validators_of_an_answer_that_was_not_read_are_not_kept(room: Newsroom, wire: Server) -> None:
    page = b"<!DOCTYPE html><html><body><h1>Please log in</h1></body></html>"
    wire.answers["/one"] = [
        answer_of(200, speech(1), ETag='"good"'),
        answer_of(200, page, ETag='"page"', Content_Type="text/html"),
        answer_of(200, speech(2), ETag='"better"'),
    ]
    for _ in range(3):
        await room.round(after=HOUR)
    assert [conditions(request)[0] for request in asked(wire)] == [None, '"good"', '"good"']
    assert room.told() == ["Ada Quillfeather speaks 1", "Ada Quillfeather speaks 2"]


@pytest.mark.parametrize("status", [429, 503])
async def test_a_host_that_asks_to_be_left_alone_is_and_then_asked_again(
    room: Newsroom, wire: Server, status: int
) -> None:
    wire.answers["/one"] = [answer_of(status, Retry_After="7200"), answer_of(200, speech(1))]
    await room.round()
    for _ in range(11):
        await room.round(after=10 * MINUTE)
    assert len(asked(wire)) == 1
    assert str(status) in str(room.source("One")["health_reason"])
    await room.round(after=15 * MINUTE)
    assert len(asked(wire)) == 2
    assert room.told() == ["Ada Quillfeather speaks 1"]


async def test_a_host_that_asked_to_be_left_alone_is_not_asked_for_another_feed_either(
    room: Newsroom, wire: Server
) -> None:
    wire.answers["/one"] = [answer_of(429, Retry_After="7200"), answer_of(200, rss())]
    wire.answers["/two"] = answer_of(200, speech(2))
    await room.round()
    with (room.config / "sources.yaml").open("a") as sources:
        sources.write(f'  - {{url: "{wire.url("/two")}", name: Two, alert_backlog: all}}\n')
    monitor = room.config / "monitor.yaml"
    monitor.write_text(monitor.read_text().replace("wire@paper.example", "others@paper.example"))
    await room.configure()
    for _ in range(11):
        await room.round(after=10 * MINUTE)
    assert asked(wire, "/two") == []
    two = room.source("Two")
    assert (two["health"], two["failures"]) == ("unknown", 0)
    assert "left alone" in two["health_reason"]
    await room.round(after=15 * MINUTE)
    assert room.told() == ["Ada Quillfeather speaks 2"]


async def test_a_redirect_is_followed_and_shown_with_what_it_led_to(room: Newsroom, wire: Server) -> None:
    wire.answers["/one"] = answer_of(301, Location="/moved")
    wire.answers["/moved"] = answer_of(200, speech(1), Set_Cookie="track=1")
    await room.round()
    await room.round(after=HOUR)
    (article,) = room.lines("articles")
    assert (article["source"], article["location"]) == (wire.url("/one"), wire.url("/moved"))
    assert all("Cookie" not in request.headers for request in wire.requests)


@pytest.mark.parametrize(
    ("where", "reason"),
    [
        ("file:///etc/passwd", "redirects to where we do not follow"),
        ("http://10.0.0.1/feed", "not"),
        ("/one", "redirects more than 5 times"),
        ("", "does not say where"),
    ],
)
async def test_a_redirect_that_leads_astray_is_a_failure_with_its_reason(
    room: Newsroom, wire: Server, where: str, reason: str
) -> None:
    wire.answers["/one"] = answer_of(302, Location=where)
    await room.round()
    about = room.source("One")
    assert about["health"] == "failing"
    assert reason in str(about["health_reason"])
    assert len(wire.requests) <= 6


async def test_a_feed_in_trouble_is_told_once_to_troubles_and_so_is_its_recovery(
    room: Newsroom, wire: Server, receiver: Receiver
) -> None:
    wire.answers["/one"] = answer_of(500)
    for n in range(6):
        await room.round(after=LONG)
        assert len(told(receiver, "ops")) == (n >= 2)
    (notice,) = told(receiver, "ops")
    assert "One has failed 3 times in a row" in notice
    assert "500" in notice
    wire.answers["/one"] = answer_of(200, speech(1))
    for _ in range(2):
        await room.round(after=LONG)
    assert ["over: One has failed" in notice for notice in told(receiver, "ops")] == [False, True]
    assert len(told(receiver, "desk")) == 1
    assert room.source("One")["health"] == "ok"


@pytest.mark.parametrize("body", [b"", b"null", b"<html><body>Sign in</body></html>", b"%PDF-1.7 \x00\x01"])
async def test_an_answer_that_is_no_feed_is_never_an_empty_one(
    room: Newsroom, wire: Server, body: bytes
) -> None:
    wire.answers["/one"] = [answer_of(200, body), answer_of(200, body), answer_of(200, speech(1))]
    for _ in range(2):
        await room.round(after=LONG)
        assert room.source("One")["health"] == "failing"
    await room.round(after=LONG)
    assert room.told() == ["Ada Quillfeather speaks 1"]


async def test_a_feed_that_costs_its_parser_too_much_costs_that_poll_only(
    config: Path, wire: Server, tmp_path: Path
) -> None:
    other = f'  - {{url: "{wire.url("/two")}", name: Two, alert_backlog: all}}\n'
    with (config / "sources.yaml").open("a") as sources:
        sources.write(other)
    endless = (
        b"<rss><channel><item " + b"".join(b"a%d='' " % n for n in range(100_000)) + b"/></channel></rss>"
    )
    wire.answers["/one"] = [answer_of(200, endless, ETag='"endless"'), answer_of(200, speech(1))]
    wire.answers["/two"] = [answer_of(200, speech(2)), answer_of(200, speech(3))]
    async with ParsePool(2, wall=0.4) as pool:
        room = Newsroom(config, tmp_path / "state")
        async with room.open(parse=pool):
            await room.round()
            assert room.told() == ["Ada Quillfeather speaks 2"]
            about = room.source("One")
            assert (about["health"], about["last_result"]) == ("failing", "failed")
            assert "took longer than" in about["health_reason"]
            await room.round(after=HOUR)
            assert sorted(room.told()) == [f"Ada Quillfeather speaks {n}" for n in (1, 2, 3)]
            assert room.source("One")["health"] == "ok"
    assert conditions(asked(wire)[1]) == (None, None)


async def test_feeds_of_one_host_are_asked_one_at_a_time_and_a_hung_one_holds_up_no_other_host(
    config: Path, wire: Server, tmp_path: Path
) -> None:
    elsewhere = await Server(address="127.0.0.2").start()
    try:
        with (config / "sources.yaml").open("a") as sources:
            for n in range(4):
                sources.write(f'  - {{url: "{wire.url(f"/{n}")}", alert_backlog: all}}\n')
            sources.write(f'  - {{url: "{elsewhere.url()}", name: Elsewhere, alert_backlog: all}}\n')
        gate = asyncio.Event()

        async def hang(writer: asyncio.StreamWriter) -> None:
            await gate.wait()
            writer.write(answer_of(200, speech(9)))

        for path in ("/one", *(f"/{n}" for n in range(4))):
            wire.answers[path] = hang
        elsewhere.answers["/feed"] = answer_of(200, speech(5))
        room = Newsroom(config, tmp_path / "state")
        async with room.open():
            polling = asyncio.create_task(room.round())
            try:
                await until(lambda: room.source("Elsewhere")["health"] == "ok")
                assert len(wire.requests) == 1
            finally:
                gate.set()
                await polling
        assert (len(wire.requests), wire.most_at_once) == (5, 1)
    finally:
        await elsewhere.close()


async def test_a_hung_host_s_many_feeds_take_no_other_s_place_and_none_is_begun_after_the_end(
    config: Path, wire: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "POLLS_AT_ONCE", 4)
    gate = asyncio.Event()

    async def hang(writer: asyncio.StreamWriter) -> None:
        await gate.wait()
        writer.write(answer_of(200, speech(9)))

    elsewhere = await Server(address="127.0.0.2").start()
    try:
        with (config / "sources.yaml").open("a") as sources:
            sources.writelines(f'  - "{wire.url(f"/{n}")}"\n' for n in range(12))
            sources.write(f'  - {{url: "{elsewhere.url()}", name: Elsewhere, alert_backlog: all}}\n')
        wire.answers = dict.fromkeys(("/one", *(f"/{n}" for n in range(12))), hang)
        elsewhere.answers["/feed"] = answer_of(200, speech(5))
        room = Newsroom(config, tmp_path / "state")
        async with room.open():
            room.app.engine.start()
            for _ in range(9):
                await room.app.engine.tick(room.clock.now())
            await until(lambda: room.source("Elsewhere")["health"] == "ok")
            stopping = asyncio.create_task(room.app.engine.stop(HOUR))
            await asyncio.sleep(0)
            gate.set()
            await stopping
        assert len(wire.requests) <= 2
    finally:
        await elsewhere.close()


async def test_more_feeds_than_are_asked_at_once_are_all_asked_in_one_round(
    config: Path, wire: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "POLLS_AT_ONCE", 4)
    with (config / "sources.yaml").open("a") as sources:
        sources.writelines(f'  - {{url: "{wire.url(f"/{n}")}", alert_backlog: all}}\n' for n in range(20))
    wire.answers |= {
        path: answer_of(200, speech(n)) for n, path in enumerate(["/one", *(f"/{n}" for n in range(20))])
    }
    room = Newsroom(config, tmp_path / "state")
    async with room.open():
        await room.tick()
        assert len(wire.requests) == 21
        await room.round()
    assert sorted(room.told()) == sorted(f"Ada Quillfeather speaks {n}" for n in range(21))


async def test_where_no_parser_can_be_started_polls_fail_and_nothing_is_taken_for_read(
    config: Path, wire: Server, tmp_path: Path
) -> None:
    wire.answers["/one"] = answer_of(200, speech(1), ETag='"1"')
    room = Newsroom(config, tmp_path / "state")
    async with ParsePool(1, memory=2**24) as cramped, room.open(parse=cramped):
        await room.round()
        about = room.source("One")
        assert (about["health"], about["health_reason"]) == ("failing", "unexpected: SandboxError")
    room = Newsroom(config, tmp_path / "state")
    async with room.open():
        await room.round(after=HOUR)
        assert room.told() == ["Ada Quillfeather speaks 1"]
    assert [conditions(request)[0] for request in asked(wire)] == [None, None]
