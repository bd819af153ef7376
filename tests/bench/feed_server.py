"""A local server of many feeds, each on its own address of 127.0.0.0/8: for benchmarks, in a process of its own.

    python tests/bench/feed_server.py --feeds 1000 --items 20 [--names FILE]

It prints `ready PORT` when it listens, answers conditional requests with 304, and ends with its standard
input. Each item's text is made of invented words; one in ten names somebody from the list of names.
`GET /-/said` tells when the first and the last request came, and how many there were, since it was last asked.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import ClassVar

NAMES = (
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
)
TEXT = (
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
)


def address(number: int) -> str:
    """Give the address of a feed by its number."""
    return f"127.{10 + number // 62500}.{number // 250 % 250}.{number % 250 + 1}"


def words(chance: random.Random, count: int, syllables: tuple[str, ...] = TEXT) -> str:
    """Give a sentence of invented words; names are made of other syllables than texts are."""
    said = ["".join(chance.choices(syllables, k=chance.randint(1, 4))) for _ in range(count)]
    return " ".join(said).capitalize() + "."


def feed(number: int, items: int, names: list[str], generation: int = 0) -> bytes:
    """Give one feed as RSS."""
    chance = random.Random(f"{number}/{generation}")
    start = datetime(2026, 1, 27, tzinfo=UTC)
    listed = []
    for item in range(items):
        text = " ".join(words(chance, 12) for _ in range(10))
        if names and chance.random() < 0.1:
            text += f" So said {chance.choice(names)} on Tuesday."
        listed.append(
            f"<item><title>{words(chance, 8)}</title>"
            f"<link>http://{address(number)}/{generation}/{item}.html</link>"
            f"<guid isPermaLink='false'>{number}-{generation}-{item}</guid>"
            f"<pubDate>{format_datetime(start + timedelta(minutes=item))}</pubDate>"
            f"<description>&lt;p&gt;{text}&lt;/p&gt;</description></item>"
        )
    return (
        f"<?xml version='1.0' encoding='utf-8'?><rss version='2.0'><channel><title>Feed {number}</title>"
        f"<link>http://{address(number)}/</link><description>Made up</description>{''.join(listed)}</channel></rss>"
    ).encode()


class Feeds(asyncio.Protocol):
    """One connection."""

    said: ClassVar[dict[str, float]] = {}
    bodies: ClassVar[dict[str, bytes]] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember who to answer, and as which feed."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._body = self.bodies.get(transport.get_extra_info("sockname")[0], b"")
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
        tag = b'"%d"' % len(self._body)
        if b"\r\nif-none-match: " + tag in head.lower():
            self._send(b"304 Not Modified", b"", tag)
        else:
            self._send(b"200 OK", self._body, tag)

    def _send(self, status: bytes, body: bytes, tag: bytes = b'"-"') -> None:
        length = b"" if status.startswith(b"304") else b"Content-Length: %d\r\n" % len(body)
        self._transport.write(
            b"HTTP/1.1 "
            + status
            + b"\r\nContent-Type: application/rss+xml\r\nETag: "
            + tag
            + b"\r\n"
            + length
            + b"\r\n"
            + body
        )


async def serve(feeds: int, items: int, names: list[str], port: int) -> None:
    """Listen on every feed's address until standard input ends."""
    Feeds.bodies = {address(n): feed(n, items, names) for n in range(feeds)}
    loop = asyncio.get_running_loop()
    servers = [await loop.create_server(Feeds, a, port, backlog=16) for a in Feeds.bodies]
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
    asking.add_argument("--names", type=Path)
    asking.add_argument("--port", type=int, default=18080)
    given = asking.parse_args()
    names = given.names.read_text().splitlines()[1:] if given.names else []
    asyncio.run(serve(given.feeds, given.items, names, given.port))


if __name__ == "__main__":
    main()
