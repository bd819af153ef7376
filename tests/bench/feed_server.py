"""A local server of many feeds, each on its own address of 127.0.0.0/8: for benchmarks, in a process of its own.

    python -m tests.bench.feed_server [--feeds 1000] [--items 20] [--names FILE] [--news 0.1]

It prints `ready PORT` when it listens, answers conditional requests with 304, and ends with its standard
input. `GET /-/said` tells when the first and the last request came, and how many there were, since it was last
asked. With `--news`, so many of the requests that would be answered with 304 find a new item instead.

Items are made of invented words in the shape of what WordPress serves: an author, three categories, a summary, and
content of five paragraphs with links, emphasis, a picture, a heading, a quote and a list. That content has 3 KB and
40 tags; the median of sixty real feeds looked at was 4 KB and 59. One item in ten names somebody from the list.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import ClassVar

TEXT = [
    "ba",
    "ce",
    "di",
    "fo",
    "gu",
    "la",
    "me",
    "ni",
    "po",
    "ru",
    "sa",
    "te",
    "vi",
    "zo",
    "ka",
    "len",
    "mor",
]
NAMES = [
    "xa",
    "xer",
    "quo",
    "yth",
    "wyn",
    "jor",
    "hul",
    "yev",
    "whi",
    "jax",
    "hob",
    "wex",
    "yul",
    "quin",
    "hes",
    "jit",
]
"""Syllables of names are others than those of texts, so that no text holds a name by chance."""

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:atom="http://www.w3.org/2005/Atom"
 xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">
<channel><title>Feed {number}</title>
<atom:link href="{base}/feed.xml" rel="self" type="application/rss+xml"/>
<link>{base}/</link><description>Made up</description><language>en-GB</language>
<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>1</sy:updateFrequency>
"""

ITEM = """<item><title>{title}</title><link>{link}</link>
<dc:creator><![CDATA[{author}]]></dc:creator><pubDate>{date}</pubDate>
<category><![CDATA[{one}]]></category><category><![CDATA[{two}]]></category><category><![CDATA[{three}]]></category>
<guid isPermaLink="false">{guid}</guid>
<description><![CDATA[<p>{summary} [&#8230;]</p>
]]></description>
<content:encoded><![CDATA[
<figure class="wp-block-image size-large"><img loading="lazy" decoding="async" width="1024" height="683"
 src="{base}/uploads/{one}-1024x683.jpg" alt="{one} {two}" srcset="{base}/uploads/{one}-1024x683.jpg 1024w,
 {base}/uploads/{one}-300x200.jpg 300w" sizes="(max-width: 1024px) 100vw, 1024px" /><figcaption
 class="wp-element-caption">{caption}</figcaption></figure>
<p><strong>{lead}</strong> {first}</p>
<p>{second} <a href="{base}/tag/{two}/" target="_blank" rel="noreferrer noopener">{two} {three}</a> {third}</p>
<h2 class="wp-block-heading">{heading}</h2>
<p>{fourth} <em>{one}</em> {fifth}{named}</p>
<blockquote class="wp-block-quote"><p>{quote}</p><cite>{author}</cite></blockquote>
<ul class="wp-block-list"><li>{caption}</li><li><a href="/{two}/">{heading}</a></li></ul>
<p>{sixth} <a href="https://elsewhere.example/{three}?a=1&amp;b=2">{three}</a>, {seventh}</p>
<p>{eighth}<br />{ninth}</p>
]]></content:encoded></item>
"""


def address(number: int) -> str:
    """Give the address of a feed by its number."""
    return f"127.{10 + number // 62500}.{number // 250 % 250}.{number % 250 + 1}"


def word(chance: random.Random, syllables: list[str]) -> str:
    """Give an invented word."""
    return "".join(chance.choices(syllables, k=chance.randint(1, 4)))


class Writer:
    """Writes items, the same for the same seed."""

    def __init__(self, seed: str, names: list[str]) -> None:
        self._chance = random.Random(seed)
        self._vocabulary = [word(self._chance, TEXT) for _ in range(2000)]
        self._names = names

    def item(self, number: int, item: int, generation: int) -> str:
        """Give one item of a feed."""
        base, say, pick = f"http://{address(number)}", self._sentence, self._chance.choice
        one, two, three = self._chance.choices(self._vocabulary, k=3)
        at = datetime(2026, 1, 27, tzinfo=UTC) + timedelta(minutes=item)
        named = (
            f" So said {pick(self._names)} on Tuesday." if self._names and self._chance.random() < 0.1 else ""
        )
        return ITEM.format(
            base=base, title=say(9)[:-1], link=f"{base}/{generation}/{item}/{one}-{two}-{three}/",
            author=f"{one.title()} {two.title()}", date=format_datetime(at), one=one, two=two, three=three,
            guid=f"{base}/?p={1000 * generation + item}", summary=say(50), caption=say(12), lead=say(8),
            first=say(45), second=say(20), third=say(25), heading=say(6)[:-1], fourth=say(30), fifth=say(30),
            named=named, quote=say(30), sixth=say(30), seventh=say(25), eighth=say(30), ninth=say(20),
        )  # fmt: skip

    def _sentence(self, count: int) -> str:
        return " ".join(self._chance.choices(self._vocabulary, k=count)).capitalize() + "."


def feed(number: int, items: int, names: list[str], generation: int = 0) -> bytes:
    """Give one feed as RSS. Each generation has a new item in front of those of the one before."""
    writer = Writer(str(number), names)
    head = HEAD.format(number=number, base=f"http://{address(number)}")
    listed = [writer.item(number, i, 0) for i in range(items)]
    newer = [Writer(f"{number}/{g}", names).item(number, 0, g) for g in range(generation, 0, -1)]
    return f"{head}{''.join([*newer, *listed][:items])}</channel></rss>\n".encode()


def write_names(path: Path, count: int) -> None:
    """Write a list of invented names, as a watchlist's `names_from` reads it."""
    chance = random.Random("names")
    seen: dict[str, None] = {}
    while len(seen) < count:
        name = f"{word(chance, NAMES).title()} {word(chance, NAMES).title()}"
        if len(name) > 8:
            seen[name] = None
    path.write_text("\n".join(("name", *seen, "")), encoding="utf-8")


@dataclass
class Feed:
    """A feed as it is served now."""

    make: Callable[[int], bytes]
    """Gives a generation of it."""
    generation: int = -1
    body: bytes = b""
    tag: bytes = b""

    def renew(self) -> None:
        """Go on to the next generation."""
        self.generation += 1
        self.body = self.make(self.generation)
        self.tag = b'"%s"' % sha256(self.body).hexdigest()[:16].encode()


class Feeds(asyncio.Protocol):
    """One connection."""

    said: ClassVar[dict[str, float]] = {}
    feeds: ClassVar[dict[str, Feed]] = {}
    """By address."""
    news: ClassVar[float] = 0.0
    chance: ClassVar[random.Random] = random.Random("news")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember who to answer, and as which feed."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._feed = self.feeds[transport.get_extra_info("sockname")[0]]
        self._pending = b""

    def data_received(self, data: bytes) -> None:
        """Answer each whole request."""
        self._pending += data
        while b"\r\n\r\n" in self._pending:
            head, self._pending = self._pending.split(b"\r\n\r\n", 1)
            self._answer(head)

    def _answer(self, head: bytes) -> None:
        if head.startswith(b"GET /-/said "):
            self._send(b"200 OK", json.dumps(self.said).encode())
            self.said.clear()
            return
        now = time.time()
        self.said.setdefault("first", now)
        self.said["last"] = now
        self.said["requests"] = self.said.get("requests", 0) + 1
        known = b"\r\nif-none-match: " + self._feed.tag in head.lower()
        if known and self.chance.random() < self.news:
            self._feed.renew()
            known = False
        if known:
            self._send(b"304 Not Modified", None)
        else:
            self._send(b"200 OK", self._feed.body)

    def _send(self, status: bytes, body: bytes | None) -> None:
        length = b"" if body is None else b"Content-Length: %d\r\n" % len(body)
        head = b"HTTP/1.1 %s\r\nContent-Type: application/rss+xml; charset=UTF-8\r\nETag: %s\r\n%s\r\n"
        self._transport.write(head % (status, self._feed.tag, length) + (body or b""))


async def serve(port: int) -> None:
    """Listen on every feed's address until standard input ends."""
    loop = asyncio.get_running_loop()
    servers = []
    for at in Feeds.feeds:
        servers.append(await loop.create_server(Feeds, at, port, backlog=16))
        port = port or servers[0].sockets[0].getsockname()[1]
    print("ready", port, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    for server in servers:
        server.close()


def main() -> None:
    """Read the command line and serve."""
    asking = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    asking.add_argument("--feeds", type=int, default=1000)
    asking.add_argument("--items", type=int, default=20)
    asking.add_argument("--names", type=Path, help="a list of names, the first line its heading")
    asking.add_argument("--port", type=int, default=0, help="the same on every address; 0: any that is free")
    asking.add_argument(
        "--news", type=float, default=0.0, help="the share of answers that have something new"
    )
    given = asking.parse_args()
    names = given.names.read_text(encoding="utf-8").splitlines()[1:] if given.names else []
    Feeds.news = given.news
    Feeds.feeds = {address(n): Feed(partial(feed, n, given.items, names)) for n in range(given.feeds)}
    for served in Feeds.feeds.values():
        served.renew()
    asyncio.run(serve(given.port))


if __name__ == "__main__":
    main()
