"""The other side of the sandbox: a process that reads one document after another, and nothing else.

It limits itself before it imports a parser, ends when its standard input does, and kills itself where a parse
goes on after the pool that would have stopped it is gone. It must not import asyncio, and opens no connection.
"""

from __future__ import annotations

import gc
import resource
import signal
import sys
from typing import BinaryIO

from monitor.model import Parsed, Refused
from monitor.sandbox import codec

OPEN_FILES = 32
HEAVY = 48 * 2**20
"""Bytes of memory held after a document that make a child worth replacing: an allocator gives little back."""


def main(memory: int, wall: float) -> None:
    """Serve until standard input ends: `memory` bytes of address space, `wall` seconds for a document."""
    _limit(memory)
    requests, replies = sys.stdin.buffer, sys.stdout.buffer
    try:
        import monitor.core.formats  # noqa: F401, PLC0415  # only under the limits
    except Exception as raised:
        _send(replies, codec.BROKEN, f"{type(raised).__name__}: {raised}".encode("utf-8", "replace"))
        return
    gc.collect()
    gc.freeze()
    _send(replies, codec.READY, b"")
    while lengths := requests.read(codec.LENGTHS.size):
        header, content = (requests.read(n) for n in codec.LENGTHS.unpack(lengths))
        signal.setitimer(signal.ITIMER_REAL, wall + 1)
        mark, said = _answer(header, content)
        signal.setitimer(signal.ITIMER_REAL, 0)
        _send(replies, mark, said)
        if mark == codec.RETIRE:
            return


def _answer(header: bytes, content: bytes) -> tuple[bytes, bytes]:
    """Read a document. What raised may have left anything behind: that child is replaced."""
    from monitor.core.formats import parse, refusal  # noqa: PLC0415  # as above

    outcome: Parsed | Refused
    try:
        outcome = parse(codec.document(header, content))
        said = codec.reply(outcome)
        del outcome
        return codec.RETIRE if _resident() > HEAVY else codec.KEEP, said
    except MemoryError:
        outcome = Refused(reason="reading it needs more memory than a document may take")
    except BaseException as raised:
        outcome = refusal(raised)
    return codec.RETIRE, codec.reply(outcome)


def _resident() -> int:
    """Give the bytes of memory that this process holds; not getrusage's, which begins with its parent's."""
    with open("/proc/self/statm", "rb") as told:
        return int(told.read().split()[1]) * resource.getpagesize()


def _send(replies: BinaryIO, mark: bytes, said: bytes) -> None:
    replies.write(codec.LENGTH.pack(len(said) + 1) + mark)
    replies.write(said)
    replies.flush()


def _limit(memory: int) -> None:
    """Take away what reading a document does not need: memory, core files, open files, writing, new processes."""
    for what, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
    ):
        _, hard = resource.getrlimit(what)
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (least, least))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
