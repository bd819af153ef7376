"""Hands documents to parse children, one at a time to each, and replaces a child that fails.

Whatever a document does to its child costs that document only: it is refused with the reason, the child is
killed, and the next document gets a new one. This module must not import what reads formats.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path
from types import TracebackType

from monitor.errors import SandboxError
from monitor.model import Document, Parsed, Refused
from monitor.sandbox import codec

WALL = 5.0
"""Seconds for a document."""
MEMORY = 512 * 2**20
"""Bytes of address space for a child."""
LIFE = 20_000
"""Documents after which a child is replaced, so that a leak in a parser never adds up."""
PATIENCE = 30.0
"""Seconds for a child to come up, on a machine that has much else to do."""

_ROOT = Path(__file__).resolve().parents[2]
_CODE = (
    "import sys; sys.path.insert(0, sys.argv[1]); from monitor.sandbox.child import main;"
    " main(int(sys.argv[2]), float(sys.argv[3]))"
)
_ENVIRONMENT = {"LANG": "C.UTF-8"}
_STOPPING = Refused(reason="it was not read: the program is stopping", passing=True)


class ParsePool:
    """Reads documents in at most `size` children, started when first needed. Fulfils ports.Parse.

    `wall` is in seconds and for one document; `memory` is in bytes and for a whole child. Belongs to one event
    loop. Use as `async with`, or call close().
    """

    def __init__(self, size: int, *, wall: float = WALL, memory: int = MEMORY, life: int = LIFE) -> None:
        if size < 1:
            raise ValueError("a pool has one child at least")
        self._wall, self._memory, self._life = wall, memory, life
        self._turns = asyncio.Semaphore(size)
        self._idle: list[_Child] = []
        self._children: set[_Child] = set()
        self._closed = asyncio.Event()

    async def __aenter__(self) -> ParsePool:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def pids(self) -> tuple[int, ...]:
        """The children's process ids, for those who count memory."""
        return tuple(child.pid for child in self._children)

    async def parse(self, document: Document) -> Parsed | Refused:
        """Read a document. Whatever it does to its child is a Refused.

        Raises SandboxError where no child can be started at all.
        """
        async with self._turns:
            if self._closed.is_set():
                return _STOPPING
            child, used = await self._child()
            outcome = await self._ask(child, document)
            innocent = outcome is None and used  # the child may have died while it was idle
            if innocent and not self._closed.is_set():
                child, _ = await self._child(fresh=True)
                outcome = await self._ask(child, document)
            if outcome is None and self._closed.is_set():
                return _STOPPING
            return outcome or Refused(reason=f"its parser died{child.how_it_ended()}", passing=True)

    async def close(self) -> None:
        """End all children, and wait until they are gone. Parses under way, and later ones, are refused."""
        self._closed.set()
        self._idle.clear()
        await asyncio.gather(*(self._end(child) for child in tuple(self._children)))

    async def _child(self, *, fresh: bool = False) -> tuple[_Child, bool]:
        """Give a child, and whether it has read documents before."""
        while self._idle and not fresh:
            child = self._idle.pop()
            if child.is_up:
                return child, True
            await self._end(child)
        child = await _Child.start(self._memory, self._wall)
        self._children.add(child)
        if self._closed.is_set():  # meanwhile: what is asked of it fails
            await self._end(child)
        return child, False

    async def _ask(self, child: _Child, document: Document) -> Parsed | Refused | None:
        """Have a child read a document; None: it died. The child is idle again afterwards, or gone."""
        keep = False
        try:
            async with asyncio.timeout(self._wall):
                outcome, keep = await child.ask(document)
            return outcome
        except TimeoutError:
            return Refused(reason=f"reading it took longer than {self._wall:g} s", passing=True)
        except codec.Garbage as garbage:
            return Refused(reason=f"its parser answered nonsense: {garbage}")
        except (asyncio.IncompleteReadError, OSError):
            return None
        finally:
            if keep and child.asked < self._life and child in self._children:
                self._idle.append(child)
            else:
                await self._end(child)

    async def _end(self, child: _Child) -> None:
        self._children.discard(child)
        await child.end()


class _Child:
    """One process that parses."""

    def __init__(self, process: Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process, self._requests, self._replies = process, process.stdin, process.stdout
        self.asked = 0
        self._reading = False

    @classmethod
    async def start(cls, memory: int, wall: float) -> _Child:
        """Start a child, and wait until it is ready. Raises SandboxError."""
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-I", "-c", _CODE, str(_ROOT), str(memory), str(wall),
                stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=_ENVIRONMENT, cwd="/", start_new_session=True,
            )  # fmt: skip
        except OSError as wrong:
            raise SandboxError(f"cannot start a parse child: {wrong}") from wrong
        child = cls(process)
        try:
            async with asyncio.timeout(PATIENCE):
                mark, said = await child._reply()
        except (TimeoutError, asyncio.IncompleteReadError, codec.Garbage, OSError) as wrong:
            await child.end()
            raise SandboxError(f"a parse child does not come up{child.how_it_ended()}") from wrong
        except asyncio.CancelledError:
            await child.end()
            raise
        if mark != codec.READY:
            await child.end()
            raise SandboxError(f"a parse child cannot start: {said.decode('utf-8', 'replace')[:500]}")
        return child

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def is_up(self) -> bool:
        """Whether it is not known to have ended."""
        return self._process.returncode is None and not self._replies.at_eof()

    async def ask(self, document: Document) -> tuple[Parsed | Refused, bool]:
        """Give what it makes of a document, and whether it is good for another. Raises Garbage, or what pipes raise."""
        self.asked += 1
        header, content = codec.request(document)
        self._requests.write(header)
        self._requests.write(content)
        await self._requests.drain()
        mark, said = await self._reply()
        if mark not in (codec.KEEP, codec.RETIRE):
            raise codec.Garbage(f"it began with {mark!r}")
        return codec.outcome(said), mark == codec.KEEP

    async def _reply(self) -> tuple[bytes, bytes]:
        self._reading = True
        try:
            (length,) = codec.LENGTH.unpack(await self._replies.readexactly(codec.LENGTH.size))
            if not 1 <= length <= codec.LARGEST_REPLY:
                raise codec.Garbage(f"a reply of {length} bytes")
            said = await self._replies.readexactly(length)
        finally:
            self._reading = False
        return said[:1], said[1:]

    def how_it_ended(self) -> str:
        """Say in words how it ended, to stand behind a sentence; nothing where that is not known."""
        code = self._process.returncode
        if code is None:
            return ""
        if code < 0 and -code in signal.valid_signals():
            return f" by {signal.Signals(-code).name}"
        return f" with exit code {code}"

    async def end(self) -> None:
        """Kill it, and wait until it is gone; safe to call again, and finishes when its caller is cancelled."""
        await asyncio.shield(asyncio.ensure_future(self._end()))

    async def _end(self) -> None:
        if self._replies.at_eof():  # it is ending by itself: how it does is worth a moment
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self._process.wait()
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        self._requests.close()
        while not self._reading and await self._replies.read(65_536):
            pass  # what nobody reads would keep the pipe open; who is reading ends the child again
        await self._process.wait()
