"""A server on loopback that answers what a test tells it to, byte for byte, and remembers what it was asked."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

Script = Callable[[asyncio.StreamWriter], Awaitable[None]]
"""Writes an answer by itself; the connection is closed after it."""


@dataclass
class Request:
    """A request as it came."""

    path: str
    headers: dict[str, str]


@dataclass
class Server:
    """Answers by path: with bytes (the connection is kept), or by a script. A list is answered one after another."""

    address: str = "127.0.0.1"
    port: int = 0
    answers: dict[str, bytes | Script | list[bytes | Script]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    open: int = 0
    at_once: int = 0
    most_at_once: int = 0
    pause: float = 0.0

    async def start(self, tls: ssl.SSLContext | None = None) -> "Server":
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = await asyncio.start_server(self._serve, self.address, self.port, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def close(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    def url(self, path: str = "/feed") -> str:
        return f"http://{self.address}:{self.port}{path}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        self.open += 1
        try:
            while await self._answer(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self.open -= 1
            self._tasks.discard(task)
            writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("utf-8", "surrogateescape")
        first, *lines = head.rstrip("\r\n").split("\r\n")
        path = first.split(" ")[1]
        self.requests.append(Request(path, dict(line.split(": ", 1) for line in lines)))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(self.pause)
        self.at_once -= 1
        answer = self.answers.get(path, answer_of(404))
        if isinstance(answer, list):
            answer = answer.pop(0)
        if isinstance(answer, bytes):
            writer.write(answer)
            await writer.drain()
            return True
        await answer(writer)
        await writer.drain()
        writer.write_eof()
        await reader.read()
        return False


def answer_of(status: int = 200, body: bytes = b"", **headers: str) -> bytes:
    """Give an answer; header names are written with underscores."""
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def in_pieces(*pieces: bytes, pause: float = 0.0, again: int = 1) -> Script:
    """Give a script that sends these pieces, with pauses; then, `again` - 1 times more, the last one."""

    async def send(writer: asyncio.StreamWriter) -> None:
        for piece in (*pieces, *pieces[-1:] * (again - 1)):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)

    return send


async def reset(writer: asyncio.StreamWriter) -> None:
    """Break the connection off."""
    writer.transport.abort()
