"""Looks host names up, without letting dead ones hold up the rest. It judges no address: the guard does.

The system's resolver blocks a thread for as long as it likes, often 30 s for a dead name. So lookups have
threads of their own, a limit on how long anybody waits for one, and a second, smaller set of threads for
names that were slow or unknown before.
"""

from __future__ import annotations

import asyncio
import socket
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from aiohttp.abc import AbstractResolver, ResolveResult

PATIENCE = 10.0
"""Seconds that anybody waits for a lookup."""
KEPT = 60.0
"""Seconds that an answer is used again."""
REMEMBERED = 10_000
"""Names whose last lookup is remembered."""
THREADS = 32
DOUBTFUL_THREADS = 8

Lookup = Callable[[str], list[tuple[socket.AddressFamily, str]]]
"""Gives a name's addresses; raises OSError. Blocks."""


def system_lookup(host: str) -> list[tuple[socket.AddressFamily, str]]:
    """Ask the system's resolver. Raises OSError where the name is unknown."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    return [(family, str(address[0])) for family, _, _, _, address in found]


@dataclass(slots=True)
class _Entry:
    """What is known of a name: its addresses and until when, and whether its last lookup failed."""

    addresses: tuple[tuple[socket.AddressFamily, str], ...] = ()
    good_until: float = 0.0
    doubtful: bool = False
    running: asyncio.Future[list[tuple[socket.AddressFamily, str]]] | None = None


class NameFailed(OSError):
    """A name that was not resolved; the text says why."""


class Names(AbstractResolver):
    """A resolver for aiohttp, asked beforehand too, so that waiting for a name takes nobody's place."""

    def __init__(self, lookup: Lookup = system_lookup, patience: float = PATIENCE) -> None:
        self._lookup = lookup
        self._patience = patience
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._prompt = ThreadPoolExecutor(THREADS, thread_name_prefix="names")
        self._doubtful = ThreadPoolExecutor(DOUBTFUL_THREADS, thread_name_prefix="names-doubtful")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Give a name's addresses. Raises NameFailed where it has none or the lookup takes too long."""
        addresses = await self._addresses(host)
        return [
            ResolveResult(
                hostname=host, host=address, port=port, family=f, proto=0, flags=socket.AI_NUMERICHOST
            )
            for f, address in addresses
            if family in (socket.AF_UNSPEC, f)
        ]

    async def close(self) -> None:
        """Start no more lookups; those under way end by themselves, unheard."""
        self._prompt.shutdown(wait=False, cancel_futures=True)
        self._doubtful.shutdown(wait=False, cancel_futures=True)

    async def _addresses(self, host: str) -> tuple[tuple[socket.AddressFamily, str], ...]:
        entry = self._entry(host)
        now = asyncio.get_running_loop().time()
        if entry.good_until <= now:
            entry.addresses = await self._look_up(host, entry)
            entry.good_until = asyncio.get_running_loop().time() + KEPT
        return entry.addresses

    async def _look_up(self, host: str, entry: _Entry) -> tuple[tuple[socket.AddressFamily, str], ...]:
        if entry.running is None or entry.running.done():
            pool = self._doubtful if entry.doubtful else self._prompt
            entry.running = asyncio.get_running_loop().run_in_executor(pool, self._lookup, host)
            # Nobody may be left to hear that it failed.
            entry.running.add_done_callback(lambda f: f.cancelled() or f.exception())
        entry.doubtful = True
        try:
            # Shared by all who ask for the name, so one who leaves must not end it.
            found = await asyncio.wait_for(asyncio.shield(entry.running), self._patience)
        except TimeoutError:
            raise NameFailed("the name servers did not answer in time") from None
        except (OSError, UnicodeError):
            raise NameFailed("its name is not known to the name servers") from None
        entry.doubtful = False
        return tuple(dict.fromkeys(found))

    def _entry(self, host: str) -> _Entry:
        entry = self._entries.setdefault(host, _Entry())
        self._entries.move_to_end(host)
        if len(self._entries) > REMEMBERED:
            self._entries.popitem(last=False)
        return entry
