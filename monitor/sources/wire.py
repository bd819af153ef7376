"""Makes the connections that requests go over: guarded, metered, bounded. It knows nothing of feeds."""

from __future__ import annotations

import asyncio
import socket
from functools import partial
from typing import Any

from aiohappyeyeballs import AddrInfoType
from aiohttp import TCPConnector
from aiohttp.client_proto import ResponseHandler
from aiohttp.http_exceptions import HttpProcessingError

from monitor.sources.guard import AddressGuard, AddressRefused
from monitor.sources.names import Names

LARGEST_HEAD = 2**20
"""Bytes of everything before an answer's body, any number of interim (1xx) answers included."""
OPEN_CONNECTIONS = 256
"""With more than these open, a connection is closed after its request and not kept."""
KEPT_SECONDS = 30.0
"""How long an idle connection is kept."""


def connector(guard: AddressGuard, names: Names, concurrent: int) -> TCPConnector:
    """Give a connector whose every connection passed the guard, twice: its address before, its peer after."""

    def guarded_socket(info: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = info
        guard.check(str(address[0]))
        return socket.socket(family, kind, protocol)

    made = TCPConnector(
        limit=concurrent,
        resolver=names,
        use_dns_cache=False,  # Names keeps answers itself
        socket_factory=guarded_socket,
        keepalive_timeout=KEPT_SECONDS,
    )
    made._factory = partial(_metered, _Meter(guard), made._loop)
    return made


class _Meter:
    """What all connections of one connector share."""

    def __init__(self, guard: AddressGuard) -> None:
        self.guard = guard
        self.open = 0


def _metered(meter: _Meter, loop: asyncio.AbstractEventLoop) -> ResponseHandler:
    return _MeteredProtocol(meter, loop)


class _MeteredProtocol(ResponseHandler):
    """One connection: its peer checked, its heads counted."""

    def __init__(self, meter: _Meter, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop=loop)
        self._meter = meter
        self._head = 0
        self._in_head = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._meter.open += 1
        peer = transport.get_extra_info("peername")
        if not peer or not self._meter.guard.permits(str(peer[0])):
            self._refuse(AddressRefused("the connection led to an address that is not allowed"))

    def connection_lost(self, exc: BaseException | None) -> None:
        self._meter.open -= 1
        super().connection_lost(exc)

    def set_response_params(self, **params: Any) -> None:
        self._head, self._in_head = 0, True
        if self._meter.open > OPEN_CONNECTIONS:
            self.force_close()
        super().set_response_params(**params)

    def data_received(self, data: bytes) -> None:
        if self._in_head and self._head > LARGEST_HEAD:
            self._refuse(HttpProcessingError(message="the head is too large"))
            return
        self._head += len(data)
        super().data_received(data)

    def feed_data(self, data: Any, size: int = 0) -> None:
        self._in_head = 100 <= data[0].code < 200
        super().feed_data(data, size)

    def _refuse(self, why: Exception) -> None:
        self.set_exception(why)
        if isinstance(self.transport, asyncio.Transport):
            self.transport.abort()
