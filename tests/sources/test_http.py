"""Feeds over HTTP: polite to every server, unharmed by any."""

import asyncio
import gzip
import random
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest

from monitor.model import Hints, SourceId, Validators
from monitor.ports import FeedRequest, Fetched, FetchFailed, NotModified
from monitor.sources import http as http_module
from monitor.sources import wire
from monitor.sources.guard import AddressGuard
from monitor.sources.http import HttpFetch, user_agent
from monitor.sources.inflate import Limits
from monitor.sources.names import Names
from monitor.sources.silence import Silences
from tests.sources.server import Script, Server, answer_of, in_pieces, reset
from tests.sources.test_guard import NOT_PUBLIC
from tests.sources.test_inflate import bomb
from tests.sources.world import FakeClock

gzipped = partial(gzip.compress, mtime=0)
"""Whoever collects the tests makes the same bytes, which they are named by."""
FEED = b"<rss><channel><title>News</title></channel></rss>"
Fetching = Callable[..., HttpFetch]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    started = await Server(answers={"/feed": answer_of(body=FEED)}).start()
    yield started
    await started.close()


@pytest.fixture
async def another() -> AsyncIterator[Server]:
    started = await Server("127.0.0.2", answers={"/feed": answer_of(body=FEED)}).start()
    yield started
    await started.close()


@pytest.fixture
async def fetching(clock: FakeClock) -> AsyncIterator[Fetching]:
    """Makes fetchers that may reach 127.0.0.1 and, unless told otherwise, all of loopback."""
    made: list[HttpFetch] = []

    def make(**options: object) -> HttpFetch:
        options = {"contact": "wire@paper.example", "clock": clock, "allow": ("127.0.0.0/8",), **options}
        made.append(HttpFetch(version="1.2", **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for fetch in made:
        await fetch.close()


@pytest.fixture
def fetch(fetching: Fetching) -> HttpFetch:
    return fetching()


def ask(url: str, validators: Validators = Validators()) -> FeedRequest:  # noqa: B008
    return FeedRequest(source=SourceId("source"), url=url, validators=validators, hints=Hints(agency="PTI"))


async def failure(fetch: HttpFetch, url: str, validators: Validators = Validators()) -> FetchFailed:  # noqa: B008
    answer = await fetch.fetch(ask(url, validators))
    assert isinstance(answer, FetchFailed), answer
    assert answer.reason.isprintable()
    return answer


async def success(fetch: HttpFetch, url: str, validators: Validators = Validators()) -> Fetched:  # noqa: B008
    answer = await fetch.fetch(ask(url, validators))
    assert isinstance(answer, Fetched), answer
    return answer


# -- what is brought -------------------------------------------------------------------------


async def test_a_feed_comes_as_a_document(fetch: HttpFetch, server: Server, clock: FakeClock) -> None:
    server.answers["/feed"] = answer_of(
        body=FEED, Content_Type="text/xml", ETag='"a"', Cache_Control="max-age=60"
    )
    fetched = await success(fetch, server.url())
    document = fetched.document
    assert document.content == FEED
    assert document.content_hash == sha256(FEED).hexdigest()
    assert document.location == server.url()
    assert (document.received_at, document.arrived_at) == (clock.now(), clock.now())
    assert dict(document.headers)["content-type"] == "text/xml"
    assert document.hints == Hints(agency="PTI")
    assert document.source == "source"
    assert fetched.status == 200
    assert fetched.validators == Validators(etag='"a"')
    assert fetched.retry_at == clock.now() + timedelta(seconds=60)


@pytest.mark.parametrize("packed", [gzipped(FEED), gzipped(gzipped(FEED)), FEED])
async def test_a_compressed_feed_is_hashed_as_it_reads(
    fetch: HttpFetch, server: Server, packed: bytes
) -> None:
    server.answers["/feed"] = answer_of(body=packed, Content_Encoding="gzip")
    document = (await success(fetch, server.url())).document
    assert document.content == FEED
    assert document.content_hash == sha256(FEED).hexdigest()
    assert "content-encoding" not in dict(document.headers)


async def test_an_address_is_asked_for_as_it_was_written(fetch: HttpFetch, server: Server) -> None:
    for path in ("/%7euser/a%2Fb?q=%41&b=c+d&e", "/a|b~c?x=[1]", "/лента?я=1"):
        await failure(fetch, server.url(path + "#part"))
    assert [r.path for r in server.requests] == [
        "/%7euser/a%2Fb?q=%41&b=c+d&e",
        "/a|b~c?x=[1]",
        "/%D0%BB%D0%B5%D0%BD%D1%82%D0%B0?%D1%8F=1",
    ]


# -- politeness ------------------------------------------------------------------------------


async def test_a_request_says_who_asks_and_nothing_more(fetch: HttpFetch, server: Server) -> None:
    await success(fetch, server.url("/feed"))
    (request,) = server.requests
    assert request.headers["User-Agent"] == "newsmonitor/1.2 (+wire@paper.example)"
    assert "application/rss+xml" in request.headers["Accept"]
    assert request.headers["Accept-Encoding"] == "gzip, deflate"
    assert set(request.headers) == {"Host", "User-Agent", "Accept", "Accept-Encoding"}


@pytest.mark.parametrize(
    ("contact", "name"),
    [
        (None, "newsmonitor/1"),
        ("a@b.example", "newsmonitor/1 (+a@b.example)"),
        ("a\r\nX: (y)é", "newsmonitor/1 (+aX: y)"),
    ],
)
def test_a_contact_cannot_break_the_user_agent(contact: str | None, name: str) -> None:
    assert user_agent("1", contact) == name


@pytest.mark.parametrize("etag", ['"abc"', 'W/"abc"', "unquoted", '"é中"'])
async def test_validators_are_sent_back_byte_for_byte(fetch: HttpFetch, server: Server, etag: str) -> None:
    odd_date = "27/01/2026 about noon"
    server.answers["/feed"] = [answer_of(body=FEED, ETag=etag, Last_Modified=odd_date), answer_of(304)]
    first = await success(fetch, server.url())
    second = await fetch.fetch(ask(server.url(), first.validators))
    assert second == NotModified(validators=Validators(etag=etag, last_modified=odd_date))
    sent = server.requests[1].headers
    assert (sent["If-None-Match"], sent["If-Modified-Since"]) == (etag, odd_date)
    assert not {"If-None-Match", "If-Modified-Since"} & set(server.requests[0].headers)


async def test_validators_are_replaced_by_every_answer(fetch: HttpFetch, server: Server) -> None:
    server.answers["/feed"] = [
        answer_of(304, ETag='"new"', Cache_Control="max-age=60"),
        answer_of(body=FEED, Last_Modified="today"),
    ]
    old = Validators(etag='"old"', last_modified="yesterday")
    unchanged = await fetch.fetch(ask(server.url(), old))
    assert isinstance(unchanged, NotModified)
    assert unchanged.validators == Validators(etag='"new"')
    assert unchanged.retry_at is not None
    assert (await success(fetch, server.url(), old)).validators == Validators(last_modified="today")


async def test_no_cookie_and_no_referer_is_ever_sent(
    fetching: Fetching, server: Server, another: Server
) -> None:
    fetch = fetching(names=Names(lambda host: [(socket.AF_INET, "127.0.0.1")]))
    server.answers["/a"] = answer_of(302, Location=another.url("/b"), Set_Cookie="id=1; Domain=news.example")
    another.answers["/b"] = answer_of(302, Location=server.url(), Set_Cookie="id=2")
    for _ in range(2):
        await success(fetch, f"http://www.news.example:{server.port}/a")
    for request in (*server.requests, *another.requests):
        assert not {"Cookie", "Referer", "Authorization"} & set(request.headers)


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_silences_the_whole_host_and_no_other(
    fetch: HttpFetch, server: Server, another: Server, clock: FakeClock, status: int
) -> None:
    server.answers["/busy"] = answer_of(status, Retry_After="600")
    until = clock.now() + timedelta(seconds=600)
    first = await failure(fetch, server.url("/busy"))
    assert (first.status, first.retry_at) == (status, until)
    clock.pass_by(500)
    second = await failure(fetch, server.url("/feed"))
    assert (second.retry_at, second.unasked) == (until, True)
    assert "left alone" in second.reason
    assert len(server.requests) == 1
    await success(fetch, another.url())
    clock.pass_by(100)
    await success(fetch, server.url("/feed"))


async def test_a_host_redirected_to_may_ask_for_silence(
    fetch: HttpFetch, server: Server, another: Server
) -> None:
    server.answers["/a"] = answer_of(302, Location=another.url("/busy"))
    another.answers["/busy"] = answer_of(429, Retry_After="600")
    await failure(fetch, server.url("/a"))
    assert "left alone" in (await failure(fetch, another.url())).reason
    await success(fetch, server.url("/feed"))


@pytest.mark.parametrize("value", ["-5", "soon", "0", ""])
async def test_a_senseless_retry_after_silences_nothing(fetch: HttpFetch, server: Server, value: str) -> None:
    server.answers["/busy"] = answer_of(503, Retry_After=value)
    assert (await failure(fetch, server.url("/busy"))).retry_at is None
    await success(fetch, server.url("/feed"))


def test_hosts_that_asked_for_silence_are_remembered_up_to_a_bound(clock: FakeClock) -> None:
    silences = Silences(clock, most=3)
    for n in range(9):
        silences.keep(f"http://{n}", 100 + n)
    assert len(silences) == 3
    assert silences.until("http://8") == clock.now() + timedelta(seconds=108)


async def test_a_host_is_asked_one_thing_at_a_time(fetch: HttpFetch, server: Server) -> None:
    server.pause = 0.01
    await asyncio.gather(*(success(fetch, server.url()) for _ in range(8)))
    assert server.most_at_once == 1
    assert server.connections == 1
    assert not fetch._hosts


async def test_hosts_do_not_wait_for_one_another(fetch: HttpFetch, server: Server, another: Server) -> None:
    server.answers["/feed"] = in_pieces(b"HTTP/1.1 200 OK\r\n", pause=5)
    slow = asyncio.ensure_future(fetch.fetch(ask(server.url())))
    await asyncio.wait_for(success(fetch, another.url()), 2)
    slow.cancel()
    with pytest.raises(asyncio.CancelledError):
        await slow
    assert not fetch._hosts


async def test_so_many_requests_and_no_more_are_under_way(fetching: Fetching) -> None:
    fetch = fetching(concurrent=3)
    server = await Server("0.0.0.0", answers={"/feed": answer_of(body=FEED)}, pause=0.01).start()
    urls = [f"http://127.0.1.{n}:{server.port}/feed" for n in range(1, 13)]
    await asyncio.gather(*(success(fetch, url) for url in urls))
    assert server.most_at_once == 3
    await server.close()


async def test_connections_are_kept_up_to_a_bound(fetch: HttpFetch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "OPEN_CONNECTIONS", 4)
    server = await Server("0.0.0.0", answers={"/feed": answer_of(body=FEED)}).start()
    for n in range(1, 20):
        await success(fetch, f"http://127.0.1.{n}:{server.port}/feed")
    await success(fetch, f"http://127.0.1.1:{server.port}/feed")
    await asyncio.sleep(0.01)
    assert 3 <= server.open <= 5
    assert server.connections == 19
    await server.close()


# -- answers without a feed ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (204, "no content"),
        (206, "no whole feed"),
        (226, "no whole feed"),
        (300, "no whole feed"),
        (401, "login"),
        (403, "refuses us"),
        (404, "nothing at this address"),
        (410, "gone for good"),
        (418, "refuses the request"),
        (500, "broken"),
        (599, "broken"),
        (304, "no whole feed"),
    ],
)
async def test_a_status_without_a_feed_is_named(
    fetch: HttpFetch, server: Server, status: int, words: str
) -> None:
    body = b"" if status in (204, 304) else FEED
    server.answers["/feed"] = answer_of(status, body)
    failed = await failure(fetch, server.url())
    assert failed.status == status
    assert str(status) in failed.reason
    assert words in failed.reason


@pytest.mark.parametrize("body", [b"", b" \r\n\t", gzipped(b"")])
async def test_an_empty_answer_is_a_failure(fetch: HttpFetch, server: Server, body: bytes) -> None:
    server.answers["/feed"] = answer_of(body=body)
    assert "nothing at all" in (await failure(fetch, server.url())).reason


async def test_a_304_with_a_body_loses_nothing(fetch: HttpFetch, server: Server) -> None:
    server.answers["/feed"] = [answer_of(304, FEED), answer_of(body=FEED)]
    fetched = await success(fetch, server.url(), Validators(etag='"a"'))
    assert fetched.document.content == FEED
    assert ["If-None-Match" in r.headers for r in server.requests] == [True, False]


# -- redirects -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "location",
    [
        "/feed",
        "feed",
        "../feed",
        "?x",
        "//127.0.0.1:{port}/feed",
        "HTTP://127.0.0.1:{port}/feed#a",
        "  /feed  ",
    ],
)
async def test_a_redirect_is_followed_however_it_is_written(
    fetch: HttpFetch, server: Server, location: str
) -> None:
    server.answers["/a"] = answer_of(301, Location=location.format(port=server.port))
    server.answers["/a?x"] = answer_of(body=FEED)
    document = (await success(fetch, server.url("/a"))).document
    assert document.location in (server.url("/feed"), server.url("/a?x"))
    assert document.source == "source"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_five_redirects_are_followed_and_a_sixth_is_not(
    fetch: HttpFetch, server: Server, status: int
) -> None:
    for n in range(6):
        server.answers[f"/{n}"] = answer_of(status, Location=f"/{n + 1}" if n < 5 else "/feed")
    await success(fetch, server.url("/1"))
    assert "more than 5 times" in (await failure(fetch, server.url("/0"))).reason


async def test_a_loop_ends(fetch: HttpFetch, server: Server) -> None:
    server.answers["/a"] = answer_of(302, Location="/a")
    assert "more than 5 times" in (await failure(fetch, server.url("/a"))).reason
    assert len(server.requests) == 6


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/feed",
        "gopher://127.0.0.1/1",
        "data:text/xml,<rss/>",
        "javascript:alert(1)",
        "http://user:secret@127.0.0.1:{port}/feed",
        "http://127.0.0.1:{port}\\@127.0.0.2/feed",
        "http://127.0.0.1:{port}\t/feed",
        "http://[::1/feed",
        "http://%31%32%37.0.0.1:{port}/feed",
        "http:///feed",
        "",
    ],
)
async def test_a_redirect_to_anything_odd_is_not_followed(
    fetch: HttpFetch, server: Server, location: str
) -> None:
    server.answers["/a"] = answer_of(302, Location=location.format(port=server.port))
    failed = await failure(fetch, server.url("/a"))
    assert "redirects to where we do not follow" in failed.reason
    assert "secret" not in failed.reason
    assert len(server.requests) == 1


def test_a_redirect_never_leads_from_https_to_http() -> None:
    fault = http_module._redirect_fault
    assert fault("https://news.example/a", "http://news.example/a") == "it is http, and we came by https"
    assert fault("http://news.example/a", "https://news.example/a") is None
    assert fault("HTTPS://news.example/a", "HTTPS://news.example/b") is None


# -- addresses that are not public -----------------------------------------------------------

SPELLINGS = """
127.0.0.1 127.0.0.1. 127.1 127.0.1 2130706433 0x7f000001 0x7f.1 0177.0.0.1 017700000001 0 0.0.0.0 localhost LOCALHOST
localhost. [::1] [::] [::ffff:127.0.0.1] [::ffff:7f00:1] [::127.0.0.1] ①②⑦.⓪.⓪.① 127。0。0。1 １２７.0.0.1 127.0.0.1%00
%6c%6f%63%61%6c%68%6f%73%74 user@127.0.0.1 news.example@127.0.0.1 [::1%25lo] [fe80::1%25lo] 127.0.0.1%2f
"""


@pytest.fixture
async def trap() -> AsyncIterator[Server]:
    """A server on every address of this machine."""
    started = Server(answers={"/feed": answer_of(body=FEED)})
    started.address = None  # type: ignore[assignment]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        started.port = free.getsockname()[1]
    await started.start()
    yield started
    await started.close()


@pytest.mark.parametrize("carrier", ["address", "redirect"])
async def test_no_spelling_of_this_machine_is_ever_connected_to(
    fetching: Fetching, trap: Server, carrier: str
) -> None:
    fetch = fetching(allow=("127.0.0.77/32",))
    server = await Server("127.0.0.77").start()
    for host in SPELLINGS.split():
        url = f"http://{host}:{trap.port}/feed"
        if carrier == "redirect":
            server.answers["/a"] = answer_of(302, Location=url)
            url = server.url("/a")
        failed = await failure(fetch, url)
        assert (
            "cannot be fetched" in failed.reason or "not public" in failed.reason or "not" in failed.reason
        ), host
    assert trap.connections == 0
    await server.close()


@pytest.mark.parametrize("address", [a for a in NOT_PUBLIC.split() if "%" not in a])
async def test_a_name_that_leads_to_an_address_that_is_not_public_is_refused(
    fetching: Fetching, address: str
) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    fetch = fetching(allow=(), names=Names(lambda host: [(family, address)]))
    failed = await failure(fetch, "http://news.example/feed?token=secret")
    assert failed.reason.endswith("is not public; network: allow: in monitor.yaml can allow it")


async def test_a_name_that_changes_its_address_leads_nowhere_else(
    fetching: Fetching, server: Server, another: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.sources.names.KEPT", -1.0)
    answers = iter(["127.0.0.1", "127.0.0.2"] * 20)
    fetch = fetching(allow=("127.0.0.1/32",), names=Names(lambda host: [(socket.AF_INET, next(answers))]))
    another.port = server.port
    for _ in range(20):
        await fetch.fetch(ask(f"http://news.example:{another.port}/feed"))
    assert another.connections == 0


async def test_of_several_addresses_of_a_name_only_public_ones_are_tried(
    fetching: Fetching, server: Server, another: Server
) -> None:
    both = [(socket.AF_INET, "127.0.0.2"), (socket.AF_INET, "127.0.0.1")]
    fetch = fetching(allow=("127.0.0.1/32",), names=Names(lambda host: both))
    await success(fetch, f"http://news.example:{server.port}/feed")
    await failure(fetch, f"http://news.example:{another.port}/feed")
    assert another.connections == 0


def test_a_connection_whose_peer_is_not_allowed_is_broken_off() -> None:
    class Transport(asyncio.Transport):
        aborted = False

        def get_extra_info(self, name: str, default: object = None) -> object:
            return ("127.0.0.1", 80) if name == "peername" else default

        def abort(self) -> None:
            self.aborted = True

    loop = asyncio.new_event_loop()
    for allow, aborted in (((), True), (("127.0.0.0/8",), False)):
        transport = Transport()
        protocol = wire._MeteredProtocol(wire._Meter(AddressGuard(allow)), loop)
        protocol.connection_made(transport)
        assert transport.aborted is aborted
    loop.close()


# -- hostile answers -------------------------------------------------------------------------

OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    "script",
    [
        in_pieces(OK, b"X: y\r\n", pause=0.02, again=10_000),
        in_pieces(OK + b"\r\n", b"<", pause=0.02, again=10_000),
        in_pieces(OK + b"Content-Length: 100\r\n\r\n", b"<", pause=0.02, again=99),
        in_pieces(b"", pause=30),
    ],
)
async def test_a_drip_ends_at_the_deadline(fetching: Fetching, server: Server, script: Script) -> None:
    server.answers["/feed"] = script
    began = asyncio.get_running_loop().time()
    failed = await failure(fetching(deadline=0.2), server.url())
    assert failed.reason == "the server did not answer in full within 0.2 s"
    assert asyncio.get_running_loop().time() - began < 1


async def test_the_deadline_is_one_for_all_redirects(fetching: Fetching, server: Server) -> None:
    server.pause = 0.08
    for n in range(5):
        server.answers[f"/{n}"] = answer_of(302, Location=f"/{n + 1}")
    assert "within 0.2 s" in (await failure(fetching(deadline=0.2), server.url("/0"))).reason
    assert len(server.requests) <= 3


async def test_waiting_for_one_s_turn_does_not_count(fetching: Fetching, server: Server) -> None:
    server.pause = 0.1
    fetch = fetching(deadline=0.25)
    await asyncio.gather(*(success(fetch, server.url()) for _ in range(6)))


HEADS = {
    "many headers": in_pieces(OK, b"".join(b"X-%d: y\r\n" % n for n in range(5000)) + b"\r\n<rss/>"),
    "a long header": in_pieces(OK + b"X: ", b"y" * 65536, again=160),
    "a long status line": in_pieces(b"HTTP/1.1 200 ", b"O" * 65536, again=160),
    "interim answers": in_pieces(b"HTTP/1.1 100 Continue\r\n\r\n" * 60_000 + answer_of(body=FEED)),
    "long interim answers": in_pieces(b"HTTP/1.1 103 Early\r\nX: " + b"y" * 8000 + b"\r\n\r\n", again=2000),
    "another protocol": in_pieces(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "a bad status": in_pieces(b"HTTP/1.1 abc OK\r\n\r\n"),
    "a bad version": in_pieces(b"HTTP/9 200 OK\r\n\r\n"),
    "a bad header": in_pieces(OK + b"no colon here\r\n\r\n"),
    "nothing": in_pieces(b""),
    "a reset": reset,
    "zeros": in_pieces(bytes(100_000)),
}


@pytest.mark.parametrize("head", HEADS)
async def test_a_hostile_head_is_a_failure_at_once(fetching: Fetching, server: Server, head: str) -> None:
    server.answers["/feed"] = HEADS[head]
    began = asyncio.get_running_loop().time()
    await failure(fetching(deadline=10.0), server.url())
    assert asyncio.get_running_loop().time() - began < 2


BODIES = {
    "endless": (in_pieces(OK + b"\r\n", b"<" * 65536, again=1000), "larger than 1 MiB"),
    "endless chunks": (
        in_pieces(
            OK + b"Transfer-Encoding: chunked\r\n\r\n", b"8000\r\n" + b"<" * 0x8000 + b"\r\n", again=1000
        ),
        "larger than 1 MiB",
    ),
    "chunks cut off": (in_pieces(OK + b"Transfer-Encoding: chunked\r\n\r\n8\r\n<rss>"), "cut off"),
    "bad chunks": (in_pieces(OK + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n<rss>"), ""),
    "shorter than said": (in_pieces(OK + b"Content-Length: 100\r\n\r\n<rss/>"), "cut off"),
    "a huge length": (in_pieces(OK + b"Content-Length: 1000000000000000000\r\n\r\n<rss/>"), "cut off"),
    "a negative length": (in_pieces(OK + b"Content-Length: -1\r\n\r\n<rss/>"), "not HTTP"),
    "no length": (in_pieces(OK + b"Content-Length: 1e18\r\n\r\n<rss/>"), "not HTTP"),
    "two lengths": (in_pieces(OK + b"Content-Length: 6\r\nContent-Length: 7\r\n\r\n<rss/>"), "not HTTP"),
    "a bomb": (in_pieces(OK + b"Content-Encoding: gzip\r\n\r\n" + bomb(1 << 27)), "times its size"),
    "a bomb in a bomb": (
        in_pieces(OK + b"Content-Encoding: gzip\r\n\r\n" + gzipped(bomb(1 << 27))),
        "times its size",
    ),
    "brotli": (in_pieces(OK + b"Content-Encoding: br\r\n\r\n<rss/>"), "not asked for"),
    "no gzip": (in_pieces(OK + b"Content-Encoding: gzip\r\n\r\n" + b"\xff" * 99), "cannot be inflated"),
    "gzip cut off": (in_pieces(OK + b"Content-Encoding: gzip\r\n\r\n" + gzipped(FEED)[:-9]), "cut off"),
}


@pytest.mark.parametrize("body", BODIES)
async def test_a_hostile_body_is_a_failure_with_a_reason(
    fetching: Fetching, server: Server, body: str
) -> None:
    script, words = BODIES[body]
    server.answers["/feed"] = script
    fetch = fetching(deadline=10.0, limits=Limits(wire=1 << 20))
    assert words in (await failure(fetch, server.url())).reason
    server.answers["/feed"] = answer_of(body=FEED)
    await success(fetch, server.url())


async def test_more_than_was_said_is_left_behind(fetch: HttpFetch, server: Server) -> None:
    server.answers["/feed"] = [
        answer_of(body=FEED) + b"HTTP/1.1 200 OK\r\n\r\nsmuggled",
        answer_of(body=FEED + b" "),
    ]
    assert (await success(fetch, server.url())).document.content == FEED
    assert (await success(fetch, server.url())).document.content == FEED + b" "


async def test_no_answer_raises_whatever_it_is(fetching: Fetching, server: Server) -> None:
    fetch = fetching(deadline=0.5)
    chance = random.Random(5)
    good = answer_of(
        body=gzipped(FEED), Content_Encoding="gzip", ETag='"a"', Retry_After="0", Location="/feed"
    )
    for _ in range(150):
        answer = bytearray(good)
        for _ in range(chance.randrange(1, 8)):
            answer[chance.randrange(len(answer))] = chance.randrange(256)
        server.answers["/feed"] = in_pieces(bytes(answer[: chance.randrange(1, len(answer) * 3)]))
        answered = await fetch.fetch(ask(server.url()))
        assert isinstance(answered, Fetched | NotModified | FetchFailed)


# -- networks that fail ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "url", ["feed", "ftp://news.example/", "http://", "http://a b/", "http://user:secret@news.example/"]
)
async def test_an_address_that_cannot_be_fetched_says_why(fetch: HttpFetch, url: str) -> None:
    failed = await failure(fetch, url)
    assert failed.reason.startswith("the address cannot be fetched: it ")
    assert "secret" not in failed.reason


async def test_a_closed_port_is_named_and_no_secret_with_it(fetch: HttpFetch, server: Server) -> None:
    await server.close()
    failed = await failure(fetch, server.url("/private?token=secret"))
    assert failed.reason == "no connection: connection refused"


async def test_a_dead_name_is_named_and_takes_nobody_s_place(fetching: Fetching, server: Server) -> None:
    names = Names(lambda host: __import__("time").sleep(0.3) or [], patience=0.1)
    fetch = fetching(concurrent=1, names=names)
    dead = asyncio.ensure_future(failure(fetch, "http://dead.example/feed"))
    await asyncio.sleep(0)
    await success(fetch, server.url())
    assert not dead.done()
    assert (await dead).reason == "the name servers did not answer in time"


async def test_an_unknown_name_is_named(fetching: Fetching) -> None:
    def unknown(host: str) -> list[tuple[socket.AddressFamily, str]]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    failed = await failure(fetching(names=Names(unknown)), "https://nowhere.example/feed?token=secret")
    assert failed.reason == "its name is not known to the name servers"


async def test_a_certificate_nobody_vouches_for_is_refused(fetch: HttpFetch) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(Path(__file__).with_name("self-signed.pem"))
    server = await Server(answers={"/feed": answer_of(body=FEED)}).start(tls)
    failed = await failure(fetch, server.url().replace("http:", "https:"))
    assert failed.reason.startswith("its certificate is not good: self")
    assert not server.requests
    await server.close()


async def test_a_server_without_tls_is_refused(fetch: HttpFetch) -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1")
    failed = await failure(fetch, f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/feed")
    assert failed.reason.startswith("no secure connection: ")
    server.close()


async def test_a_proxy_in_the_environment_is_not_used(
    fetch: HttpFetch, server: Server, another: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, another.url(""))
    await success(fetch, server.url())
    assert another.connections == 0
