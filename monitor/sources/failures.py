"""Words for what goes wrong on the way to a feed, without path, query, user or password of an address."""

from __future__ import annotations

import errno
import os
import ssl

import aiohttp

from monitor.sources.guard import AddressRefused
from monitor.sources.inflate import BodyRefused
from monitor.sources.names import NameFailed

_STATUS = {
    204: "there is no content",
    401: "it wants a login",
    402: "it wants to be paid",
    403: "it refuses us; often a guard against robots in front of the site",
    404: "there is nothing at this address",
    410: "the feed is gone for good; take it out of sources.yaml",
    421: "it is not responsible for this name",
    429: "it gets too many requests",
    451: "it may not show this, for legal reasons",
    500: "it is broken",
    502: "what is behind it does not answer",
    503: "it is out of service for now",
    504: "what is behind it does not answer in time",
}
NETWORK_ERRORS = (
    aiohttp.ClientError,
    aiohttp.http.HttpProcessingError,
    OSError,
    ValueError,
    EOFError,
    BodyRefused,
)
"""All that a server, a network or a bad address can make a request raise, time-outs included."""


def for_status(status: int) -> str:
    """Say what a status that brings no feed means."""
    said = _STATUS.get(status) or (
        "it is broken"
        if status >= 500
        else "it refuses the request"
        if status >= 400
        else "that is no whole feed"
    )
    return f"the server answered {status}: {said}"


NOT_HTTP = "the server answered with something that is not HTTP, or too much of it"
_FIXED: tuple[tuple[type[BaseException], str], ...] = (
    (TimeoutError, "the server did not answer in time"),
    (aiohttp.ServerDisconnectedError, "the server closed the connection without an answer"),
    (aiohttp.ClientPayloadError, "the answer was cut off"),
    (aiohttp.ClientResponseError, NOT_HTTP),
    (
        aiohttp.http.HttpProcessingError,
        "the server answered with something that is not HTTP, or too much of it",
    ),
    (aiohttp.InvalidURL, "the address cannot be asked for"),
)
"""What needs no detail, in the order in which it is looked for."""


def for_error(error: BaseException) -> str:
    """Say why a request brought no answer."""
    match error:
        case BodyRefused() | NameFailed() | AddressRefused():
            return str(error)
        case aiohttp.ClientConnectorCertificateError():
            return f"its certificate is not good: {_of_certificate(error.certificate_error)}"
        case aiohttp.ClientConnectorSSLError():
            return f"no secure connection: {_of_tls(error.os_error)}"
        case aiohttp.ClientConnectorError():
            return f"no connection: {_of_system(error.os_error)}"
        case ssl.SSLError():
            return f"no secure connection: {_of_tls(error)}"
    for kind, words in _FIXED:
        if isinstance(error, kind):
            return words
    if isinstance(error, OSError):
        return f"the connection broke: {_of_system(error)}"
    return "the address, or the answer, cannot be read"


def _of_certificate(error: Exception) -> str:
    words = getattr(error, "verify_message", "") or "it cannot be verified"
    return _plain(str(words))


def _of_tls(error: BaseException) -> str:
    reason = getattr(error, "reason", None)
    return _plain(str(reason).lower().replace("_", " ")) if reason else "the handshake failed"


def _of_system(error: OSError) -> str:
    if isinstance(error, AddressRefused):
        return str(error)
    if error.errno is not None and error.errno in errno.errorcode:
        return os.strerror(error.errno).lower()
    return _plain(str(error)) or "no reason is known"


def _plain(text: str) -> str:
    return "".join(c for c in text[:200] if c.isprintable())
