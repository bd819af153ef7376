"""The Unix socket beside the store, by which commands ask a running daemon to write for them.

One line of JSON each way:
`{"do": "retry", "ids": ["k7f3"]}` is answered by `{"done": 1}` or `{"error": "…"}`.
Whoever may open the socket may ask: it is made for the owner alone, since asking is writing.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from monitor.errors import MonitorError, UsageError

LONGEST = 1_000_000
"""Bytes of a request or an answer."""
PATIENCE = 30.0
"""Seconds that either side waits for the other."""

Retry = Callable[[Sequence[str]], Awaitable[int]]


def address(state: Path) -> Path:
    """Give the socket's path for a state directory."""
    return state / "control.sock"


class Control:
    """Answers commands for as long as the daemon runs."""

    def __init__(self, state: Path, retry: Retry) -> None:
        self._path = address(state)
        self._retry = retry
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen, in place of whatever socket a dead daemon left."""
        with suppress(FileNotFoundError):
            self._path.unlink()
        with _reachable(self._path) as path:
            before = os.umask(0o177)
            try:
                self._server = await asyncio.start_unix_server(self._answer, path, limit=LONGEST)
            finally:
                os.umask(before)

    async def close(self) -> None:
        """Stop listening, and take the socket away."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            with suppress(FileNotFoundError):
                self._path.unlink()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            line = await asyncio.wait_for(reader.readline(), PATIENCE)
            answer = await self._carry_out(line)
            writer.write(json.dumps(answer).encode() + b"\n")
            await asyncio.wait_for(writer.drain(), PATIENCE)
        except (OSError, ValueError, TimeoutError):
            pass  # the caller went away, or never said anything that fits in a line
        finally:
            writer.close()

    async def _carry_out(self, line: bytes) -> dict[str, object]:
        try:
            request = json.loads(line)
            ids = request["ids"]
            if request["do"] != "retry" or not all(isinstance(i, str) for i in ids):
                raise ValueError
        except (ValueError, KeyError, TypeError):
            return {"error": "this daemon does not know that command; is it of another release?"}
        try:
            return {"done": await self._retry(ids)}
        except MonitorError as error:
            return {"error": str(error)}


def ask_retry(state: Path, ids: Sequence[str]) -> int | None:
    """Ask the running daemon to retry deliveries. Gives how many are due again; None: no daemon is there."""
    try:
        with _reachable(address(state)) as path, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
            caller.settimeout(PATIENCE)
            caller.connect(path)
            caller.sendall(json.dumps({"do": "retry", "ids": list(ids)}).encode() + b"\n")
            answer = json.loads(caller.makefile("rb").readline(LONGEST))
    except (FileNotFoundError, ConnectionRefusedError):
        return None
    except PermissionError as error:
        raise UsageError(f"{address(state)}: only the daemon's own user may ask it; try sudo") from error
    except (OSError, ValueError) as error:
        raise UsageError(f"{address(state)}: the daemon did not answer: {error}") from error
    if "error" in answer:
        raise UsageError(str(answer["error"]))
    return int(answer["done"])


@contextmanager
def _reachable(path: Path) -> Iterator[str]:
    """Give a name for the socket that is short enough: they take 107 bytes, and directories may be deeper."""
    if len(os.fsencode(path)) <= 100:
        yield str(path)
        return
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)
