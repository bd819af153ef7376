"""Runs in which everything fails, at the finest level of logs: no secret comes out, and nothing hostile."""

from __future__ import annotations

import base64
import itertools
import json
import os
import socket
import unicodedata
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import quote, unquote

import pytest

from tests.channels.receivers import Got, MailServer, Receiver
from tests.flow.test_process import LOG
from tests.flow.world import Desk, copy_about, write_config

HOSTILE = "Talks \x1b[31mred\x1b]8;;http://evil.example\x07link\x1b]8;;\x07 \x9b2J \u202eback\u2028"


class Echo(Receiver):
    """Takes nothing, and repeats in its answer what was sent to it, each time in another shape."""

    statuses = itertools.cycle((500, 401, 400, 403, 422, 429, 413, 302))

    def __init__(self) -> None:
        super().__init__()
        self.turns: Counter[str] = Counter()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        self.got.append(Got(handler.path, list(handler.headers.items()), b""))
        login = handler.headers.get("Authorization", "").removeprefix("Basic ")
        shapes = [login, unquote(handler.path), handler.path, " ".join(handler.headers.values())]
        with suppress(ValueError):
            shapes.append(base64.b64decode(login, validate=True).decode("latin-1"))
        self.turns[login + handler.path] += 1
        said = shapes[self.turns[login + handler.path] % len(shapes)]
        body = json.dumps({"message": f"\x1b[31mbad {said}", "ok": False}).encode()
        handler.send_response(next(self.statuses))
        handler.send_header("Location", "http://evil.example/\x1b[31m\x07")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)


@pytest.fixture
def echo() -> Iterator[Echo]:
    server = Echo()
    yield server
    server.close()


@dataclass
class Canaries:
    """Gives secrets, and finds any of them in whatever shape."""

    made: list[str] = field(default_factory=list)
    places: dict[str, dict[str, str]] = field(
        default_factory=lambda: {"env": {}, "file": {}, "credential": {}}
    )

    def new(self, odd: str = "") -> str:
        """Give a secret, with odd signs in it."""
        self.made.append(f"zqCanary{len(self.made):02}{odd}x7Kd9")
        return self.made[-1]

    def named(self, kind: str, text: str) -> str:
        """Put a text where references lead to; give the reference."""
        known = self.places[kind]
        name = f"SECRET_{len(known)}"
        known[name] = text
        return f"${{{kind}:{name if kind != 'file' else f'{name}.txt'}}}"

    def found_in(self, *outputs: bytes) -> list[str]:
        shapes = {
            shape: canary
            for canary in self.made
            for shape in (
                canary.encode(),
                quote(canary, safe="").encode(),
                *_in_base64(canary.encode()),
                *_in_base64(canary.encode("latin-1")),
            )
        }
        return sorted({canary for shape, canary in shapes.items() for output in outputs if shape in output})


def _in_base64(text: bytes) -> Iterator[bytes]:
    """Give what of a text stays the same in base64, wherever it begins."""
    for shift in range(3):
        yield base64.b64encode(b"\0" * shift + text)[4:-4]


@pytest.fixture
def canaries() -> Canaries:
    return Canaries()


@pytest.fixture
def strict_mail() -> Iterator[MailServer]:
    """A mail server that wants another password."""
    server = MailServer(login=("wire", "not yours"))
    server.start()
    yield server
    server.stop()


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


URLS = (
    "json://{c}:{c}@{host}/hook/{c}?+X-Token={c}&:key={c}",
    "jsons://{c}:{c}@{host}/hook/{c}?token={c}",
    "xml://{c}:{c}@{host}/{c}",
    "form://{c}:{c}@{host}/?+Authorization={c}",
    "ntfy://{c}:{c}@{host}/{c}",
    "gotify://{host}/{c}",
    "mmost://{host}/{c}",
    "json://me:{odd}@{host}/",
    "gotify://{host}/{odd}",
)


def channels(canaries: Canaries, open_port: int, closed: int) -> dict[str, str]:
    """Give the lines of many channels: where they lead takes nothing, or is not there at all."""
    made = {}
    for n, (url, port) in enumerate(itertools.product(URLS, (open_port, closed))):
        filled = url.replace("{host}", f"127.0.0.1:{port}")
        while "{c}" in filled:
            filled = filled.replace("{c}", canaries.new(), 1)
        while "{odd}" in filled:
            filled = filled.replace("{odd}", quote(canaries.new("@ü "), safe=""), 1)
        kind = ("env", "file", "credential", "literal")[n % 4]
        shown = filled if kind == "literal" else canaries.named(kind, filled)
        made[f"channel{n}"] = f'{{url: "{shown}"}}'
    return made


@pytest.fixture
def desk(tmp_path: Path, canaries: Canaries, echo: Echo, strict_mail: MailServer) -> Desk:
    """Many channels that all fail, over a folder with hostile copy in it."""
    lines = channels(canaries, echo.port, closed_port())
    password = canaries.named("credential", canaries.new())
    lines["mail"] = "{email: [night@paper.example]}"
    drop = tmp_path / "drop"
    drop.mkdir()
    config = write_config(
        tmp_path / "config",
        monitor=f'mail: {{from: wire@paper.example, server: "127.0.0.1:{strict_mail.port}", user: wire, '
        f'password: "{password}"}}\nchannels:\n'
        + "".join(f"  {name}: {line}\n" for name, line in lines.items())
        + f"tell: [{', '.join(lines)}, terminal]\n",
        sources=f"folders: [{{path: {drop}, name: Drop, alert_backlog: all}}]\n"
        f'feeds: [{{url: "http://127.0.0.1:{echo.port}/feed", name: Echo, every: 1 second}}]\n',
        watchlist="actors: [Ada Quillfeather]\n",
    )
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    for name, text in canaries.places["credential"].items():
        (credentials / name).write_text(text)
    for name, text in canaries.places["file"].items():
        (config / f"{name}.txt").write_text(text)
    environ = {**canaries.places["env"], "CREDENTIALS_DIRECTORY": str(credentials)}
    hostile = copy_about("Ada Quillfeather", HOSTILE)
    (drop / "a \x1b[2J\n2026-01-27T00:00:00Z info fake.txt").write_text(hostile, encoding="utf-8")
    os.symlink("/etc/shadow", drop / "b \x1b]0;title\x07.txt")
    return Desk(config, tmp_path / "state", environ)


COMMANDS = (
    ("-v", "run", "--once"),
    ("-v", "run", "--once"),
    ("check",),
    ("alerts", "--json"),
    ("deliveries", "--json"),
    ("deliveries",),
    ("sources", "--json"),
    ("articles", "--json"),
    ("deliveries", "--retry"),
    ("-v", "run", "--once"),
)


def test_no_secret_comes_out_and_nothing_that_moves_a_cursor_however_all_fails(
    desk: Desk, canaries: Canaries, echo: Echo, strict_mail: MailServer
) -> None:
    results = [desk.run(*command) for command in COMMANDS]
    (alert,) = desk.alerts()
    every = [f"channel{n}" for n in range(2 * len(URLS))]
    tries = [*every, *every[-4::2] * 5]  # those with odd secrets meet each shape of an answer
    results += [desk.run("why", alert["id"]), *(desk.run("-v", "send-test", channel) for channel in tries)]
    assert [result.exit_code for result in results[:2]] == [1, 1]
    assert len(canaries.made) >= 30
    assert len(echo.got) > len(URLS), "the channels were tried"
    assert strict_mail.logins
    assert not any(strict_mail.logins)
    outputs = [result.stdout_bytes + result.stderr_bytes for result in results]
    files = [path.read_bytes() for path in desk.state.rglob("*") if path.is_file()]
    assert sum(map(len, files)) > 50_000
    assert canaries.found_in(*outputs, *files) == []

    logs = [line for command, result in zip(COMMANDS, results, strict=False) if "run" in command
            for line in result.stderr.split("\n")[:-1]]  # fmt: skip
    assert [line for line in logs if not LOG.match(line)] == []
    assert len([line for line in logs if " not sent " in line]) > 2 * len(URLS)
    shown = "".join(r.stdout for c, r in zip(COMMANDS, results, strict=False) if "--json" not in c)
    assert {c for c in shown if unicodedata.category(c) in {"Cc", "Cf", "Zl", "Zp"}} <= {"\n"}


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("sources.yaml", 'feeds: ["https://me:{c}@news.example/rss"]\n'),
        ("sources.yaml", 'feeds: [{url: "https://{c}:{c}@news.example/rss", evry: 5 minutes}]\n'),
        ("monitor.yaml", 'channels: {desk: {url: "json://{c}:{c}@[bad/{c}", paralel: 3}}\n'),
        ("monitor.yaml", 'channels: {desk: {url: ["json://{c}@host/{c}"]}}\n'),
        ("monitor.yaml", "channels: {desk: {url: json://me:{c}@host/, email: [a]}}\n"),
        ("monitor.yaml", 'mail: {from: a@b.example, server: "h:25", user: me, password: ["{c}"]}\n'),
        ("monitor.yaml", 'mail: {from: a@b.example, server: "h:25", user: me, pasword: "{c}"}\n'),
    ],
)
@pytest.mark.parametrize("command", [("-v", "check"), ("-v", "run", "--once")])
def test_a_mistake_beside_a_secret_is_told_without_it(
    tmp_path: Path, canaries: Canaries, file: str, text: str, command: tuple[str, ...]
) -> None:
    config = write_config(
        tmp_path / "config",
        sources=f"folders: [{{path: {tmp_path}}}]\n",
        watchlist="actors: [Ada Quillfeather]\n",
    )
    while "{c}" in text:
        text = text.replace("{c}", canaries.new(), 1)
    (config / file).write_text(text)
    result = Desk(config, tmp_path / "state").run(*command)
    assert result.exit_code == (1 if "check" in command else 2)
    assert f"{file}:1:" in result.stderr
    assert canaries.found_in(result.stdout_bytes, result.stderr_bytes) == []
