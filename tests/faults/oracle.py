"""The world outside a daemon under test: feeds, a folder being filled, a webhook. Its own logs are what counts.

Every item has a marker, a word that no other item has, at its beginning and at its end, and names the one person
that the configuration watches. What was offered and what arrived is known from here, never from the database.
"""

from __future__ import annotations

import json
import os
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

WATCHED = "Ada Quillfeather"
MARKER = re.compile(r"\bzq\d{6}\b")
WINDOW = 40
"""Items that a feed shows at once."""
RESET = b"\x01\x00\x00\x00\x00\x00\x00\x00"
"""SO_LINGER of no time at all: closing resets the connection."""


class Bells:
    """Counts what happens, so that a test can wait for the next time it does."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._counts: Counter[str] = Counter()

    def ring(self, name: str) -> None:
        with self._changed:
            self._counts[name] += 1
            self._changed.notify_all()

    def count(self, name: str) -> int:
        with self._changed:
            return self._counts[name]

    def wait(self, name: str, more_than: int, seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self._counts[name] > more_than, seconds)


class Markers:
    """Gives markers, never one twice."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def next(self) -> str:
        with self._lock:
            self._last += 1
            return f"zq{self._last:06}"


def copy_text(marker: str, name: str = WATCHED) -> str:
    """Give a piece of wire copy, over 200 characters long."""
    return (
        f"Harbour council hears report {marker}\n\n"
        f"PORT ELBE (Local Wire) - The harbour council heard on Monday how {name} would have the quays\n"
        f"mended before the winter storms, officials said, with work to begin at the eastern basin.\n\n"
        f"Two of the members asked for the figures in writing. The report ended with {marker}."
    )


class Server(ThreadingHTTPServer):
    """A threaded server on loopback that can tell when it has dealt with all who came before."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: str, handle: Callable[[BaseHTTPRequestHandler], None], port: int = 0) -> None:
        self._calm = threading.Condition()
        self._open = 0

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path == "/barrier":
                    self.send_response(204)
                    self.end_headers()
                else:
                    handle(self)

            do_POST = do_GET  # noqa: N815

            def log_message(self, *args: object) -> None:
                pass

        super().__init__((address, port), Handler)
        self.port = self.server_address[1]
        self._serving = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._serving.start()

    def process_request(self, request: socket.socket, client_address: object) -> None:  # type: ignore[override]
        with self._calm:
            self._open += 1
        super().process_request(request, client_address)  # type: ignore[arg-type]

    def process_request_thread(self, request: socket.socket, client_address: object) -> None:  # type: ignore[override]
        try:
            super().process_request_thread(request, client_address)  # type: ignore[arg-type]
        finally:
            with self._calm:
                self._open -= 1
                self._calm.notify_all()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed is no error of ours."""

    def drain(self) -> None:
        """Wait until everyone who connected before this call has been dealt with."""
        with socket.create_connection((str(self.server_address[0]), self.port), 5) as barrier:
            barrier.settimeout(5)
            barrier.sendall(b"GET /barrier HTTP/1.0\r\n\r\n")
            while barrier.recv(1000):
                pass
        with self._calm:
            assert self._calm.wait_for(lambda: self._open == 0, 10), "a connection hangs"

    def close(self) -> None:
        self.shutdown()
        self.server_close()
        self._serving.join(5)


class Feed:
    """An RSS feed of its own address, with an ETag that is honest."""

    def __init__(self, address: str, bells: Bells, name: str = "fetch") -> None:
        self._bells = bells
        self._name = name
        self._lock = threading.Lock()
        self._markers: list[str] = []
        self.asked: list[float] = []
        """When it was asked, by the monotonic clock."""
        self.gate = threading.Event()
        """While it is not set, whoever asks waits for an answer."""
        self.gate.set()
        self._server = Server(address, self._answer)
        self.url = f"http://{address}:{self._server.port}/rss"

    def offer(self, marker: str) -> None:
        with self._lock:
            self._markers.append(marker)

    def has_room(self, seen: set[str]) -> bool:
        """Say whether one item more would drop only what was seen."""
        with self._lock:
            return len(self._markers) < WINDOW or self._markers[-WINDOW] in seen

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        self.asked.append(time.monotonic())
        self._bells.ring("ask")
        self.gate.wait(60)
        with self._lock:
            shown, tag = self._markers[-WINDOW:], f'"{len(self._markers)}"'
        fresh = handler.headers.get("If-None-Match") == tag
        handler.send_response(304 if fresh else 200)
        body = b"" if fresh else self._rss(shown)
        for header, value in (
            ("Content-Type", "application/rss+xml"),
            ("ETag", tag),
            ("Content-Length", str(len(body))),
        ):
            handler.send_header(header, value)
        handler.end_headers()
        handler.wfile.write(body)
        self._bells.ring(self._name)

    def _rss(self, markers: list[str]) -> bytes:
        def item(marker: str) -> str:
            head, _, body = copy_text(marker).partition("\n\n")
            return (
                f"<item><title>{head}</title><guid isPermaLink='false'>{marker}</guid>"
                f"<link>{self.url}/{marker}</link><description>{body}</description></item>"
            )

        items = "".join(map(item, reversed(markers)))
        return f"<rss version='2.0'><channel><title>Port wire</title>{items}</channel></rss>".encode()

    def close(self) -> None:
        self._server.close()


@dataclass(frozen=True)
class Arrived:
    """A message that was received whole."""

    run: int
    alert: str
    markers: frozenset[str]
    at: float
    text: str = ""
    """Its title and message."""
    accepted: bool = True

    @property
    def marker(self) -> str:
        """The marker of its one article; nothing where it is about none or several."""
        return next(iter(self.markers)) if len(self.markers) == 1 else ""

    @property
    def counts(self) -> int:
        """How many alerts it stands for: one, or as many as a message of several says in its first words."""
        several = re.match(r"(\d+) alerts?\b", self.text)
        return int(several[1]) if several else 1


@dataclass
class Answer:
    """What a webhook does with a message it has read."""

    status: int = 200
    pause: float = 0.0
    reset: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def accepts(self) -> bool:
        return self.status < 300 and not self.reset and b'"ok": false' not in self.body


class Webhook:
    """A receiver that logs each message once its body is there to the last byte, before it answers."""

    def __init__(
        self, bells: Bells, answer: Callable[[], Answer] = Answer, name: str = "message", port: int = 0
    ) -> None:
        self._bells = bells
        self._name = name
        self.answer = answer
        self.run = 0
        self.arrived: list[Arrived] = []
        self.most_at_once = self._at_once = 0
        self._lock = threading.Lock()
        self._server = Server("127.0.0.1", self._take, port)
        self.port = self._server.port

    def _take(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("Content-Length") or 0)
        body = handler.rfile.read(length)
        if len(body) < length:
            return  # its sender died: it was never received
        said = json.loads(body)
        text = f"{said['title']}\n{said['message']}"
        markers = frozenset(MARKER.findall(text))
        answer = self.answer()
        alert = handler.headers.get("X-Monitor-Alert", "")
        with self._lock:
            self.arrived.append(Arrived(self.run, alert, markers, time.monotonic(), text, answer.accepts))
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        self._bells.ring(self._name)
        try:
            self._reply(handler, answer)
        finally:
            with self._lock:
                self._at_once -= 1

    def _reply(self, handler: BaseHTTPRequestHandler, answer: Answer) -> None:
        time.sleep(answer.pause)
        if answer.reset:
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            return
        handler.send_response(answer.status)
        for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(answer.body)

    @property
    def markers(self) -> set[str]:
        return set().union(*(arrived.markers for arrived in list(self.arrived)))

    @property
    def accepted(self) -> set[str]:
        return set().union(*(arrived.markers for arrived in list(self.arrived) if arrived.accepted))

    def drain(self) -> None:
        self._server.drain()

    def close(self) -> None:
        self._server.close()


class Drop:
    """A folder that copy is dropped into, in the ways that transfers do."""

    def __init__(self, path: Path, bells: Bells | None = None) -> None:
        self.path = path
        self._bells = bells or Bells()
        path.mkdir(parents=True, exist_ok=True)

    def rename_in(self, marker: str, *, padding: int = 0, name: str = WATCHED) -> None:
        """Write under a temporary name, then give the file its own; `padding` makes it so many characters longer."""
        part = self.path / f"{marker}.txt.part"
        longer = "\n\n" + "The sitting went on for hours. " * (padding // 31) + "\n\n"
        part.write_text(copy_text(marker, name).replace("\n\n", longer if padding else "\n\n"))
        part.rename(self.path / f"{marker}.txt")
        self._bells.ring("drop")

    def write_slowly(self, marker: str, pauses: list[float]) -> None:
        """Write in place, in as many parts as there are pauses, and one."""
        text = copy_text(marker).encode()
        step = len(text) // (len(pauses) + 1)
        file = os.open(self.path / f"{marker}.txt", os.O_WRONLY | os.O_CREAT, 0o644)
        try:
            for pause in pauses:
                os.write(file, text[:step])
                text = text[step:]
                time.sleep(pause)
            os.write(file, text)
        finally:
            os.close(file)
        self._bells.ring("drop")


def write_config(
    directory: Path,
    *,
    feeds: list[str],
    folders: list[Path],
    channels: dict[str, str],
    tell: str = "[desk]",
    troubles: str = "[terminal]",
    keep: str = "{disk_free: 1 MB}",
    backlog: str = "all",
    more: str = "",
) -> None:
    """Write a configuration of the usual form; `channels` are lines of YAML by name, `more` are other keys."""
    (directory / "watchlists").mkdir(parents=True, exist_ok=True)
    (directory / "watchlists" / "people.yaml").write_text(f"actors:\n  - {WATCHED}\n")
    (directory / "sources.yaml").write_text(
        "feeds:\n"
        + "".join(f'  - {{url: "{u}", every: 1 second, alert_backlog: {backlog}}}\n' for u in feeds)
        + "folders:\n"
        + "".join(f'  - {{path: "{p}", alert_backlog: {backlog}}}\n' for p in folders)
    )
    (directory / "monitor.yaml").write_text(
        "timezone: UTC\nnetwork: {allow: [127.0.0.0/8]}\n"
        f"tell: {tell}\ntroubles: {troubles}\nkeep: {keep}\n{more}channels:\n"
        + "".join(f"  {name}: {value}\n" for name, value in channels.items())
    )
