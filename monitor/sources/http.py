"""Fetches feeds: the one function that every outgoing request for one goes through.

It is polite (one request at a time to a host, none while a host asked for silence, conditional requests, no
cookies, an honest name) and careful (own deadline, own limits, own redirects). It reads no feed and decides
no time of polling.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from ipaddress import ip_address
from urllib.parse import urldefrag, urljoin

import aiohttp
from yarl import URL

from monitor.core.text.urls import host_key, url_fault
from monitor.model import ContentHash, Document, Validators
from monitor.ports import Clock, FeedRequest, Fetched, FetchFailed, NotModified
from monitor.sources import headers, wire
from monitor.sources.failures import NETWORK_ERRORS, NOT_HTTP, for_error, for_status
from monitor.sources.guard import AddressGuard
from monitor.sources.inflate import DEFAULT_LIMITS, Limits, decoder_for
from monitor.sources.names import Names
from monitor.sources.silence import Silences

DEADLINE = 30.0
"""Seconds from the first byte of a request to the last of its answer, over all redirects."""
MOST_REDIRECTS = 5
CONCURRENT = 64
"""Requests under way at any time."""
ACCEPT = (
    "application/rss+xml, application/atom+xml, application/rdf+xml;q=0.9, application/feed+json;q=0.9, "
    "application/xml;q=0.8, text/xml;q=0.8, */*;q=0.1"
)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SILENCING = frozenset({429, 503})

Answer = Fetched | NotModified | FetchFailed


@dataclass(frozen=True, slots=True)
class _Moved:
    """A redirect: where to, and the seconds that are left for the rest."""

    url: str
    left: float


@dataclass(slots=True)
class _Host:
    """A host that somebody is asking, or waiting to ask."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0


class HttpFetch:
    """Fulfils ports.Fetch. Use it, and close it, on one event loop."""

    def __init__(
        self,
        *,
        version: str,
        contact: str | None,
        clock: Clock,
        allow: tuple[str, ...] = (),
        names: Names | None = None,
        silences: Silences | None = None,
        limits: Limits = DEFAULT_LIMITS,
        deadline: float = DEADLINE,
        concurrent: int = CONCURRENT,
    ) -> None:
        """Take what servers are told of us, and the networks (CIDR) allowed besides the public ones.

        Raises ValueError where a network is none.
        """
        self._clock = clock
        self._guard = AddressGuard(allow)
        self._names = names or Names()
        self._limits = limits
        self._deadline = deadline
        self._concurrent = concurrent
        self._slots = asyncio.Semaphore(concurrent)
        self._hosts: dict[str, _Host] = {}
        self._silences = Silences(clock) if silences is None else silences
        self._session: aiohttp.ClientSession | None = None
        self._user_agent = user_agent(version, contact)

    async def fetch(self, request: FeedRequest) -> Answer:
        """Fetch a feed, redirects followed. Never raises for what a server or the network does."""
        answer = await self._follow(request, self._deadline)
        if isinstance(answer, FetchFailed) and answer.reason == NOT_HTTP and _conditions(request.validators):
            # Some servers send a 304 with a body, which no reader of HTTP can tell from a broken next answer.
            answer = await self._follow(replace(request, validators=Validators()), self._deadline / 2)
        return answer

    async def _follow(self, request: FeedRequest, left: float) -> Answer:
        url = request.url.strip()
        fault = url_fault(url)
        if fault:
            return FetchFailed(reason=f"the address cannot be fetched: {fault}")
        for _ in range(MOST_REDIRECTS + 1):
            step = await self._ask(urldefrag(url).url, request, left)
            if not isinstance(step, _Moved):
                return step
            fault = _redirect_fault(url, step.url)
            if fault:
                return FetchFailed(reason=f"the server redirects to where we do not follow: {fault}")
            url, left = step.url, step.left
        return FetchFailed(reason=f"the server redirects more than {MOST_REDIRECTS} times")

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()
        await self._names.close()

    # -- one request -------------------------------------------------------------------------

    async def _ask(self, url: str, request: FeedRequest, left: float) -> Answer | _Moved:
        host = host_key(url)
        async with self._turn(host):
            if silence := self._silences.until(host):
                reason = "its host asked to be left alone for a while"
                return FetchFailed(reason=reason, retry_at=silence, unasked=True)
            try:
                target = URL(url, encoded=url.isascii())
                await self._resolve(target)
                async with self._slots:
                    return await self._within(left, target, request)
            except NETWORK_ERRORS as error:
                return FetchFailed(reason=for_error(error))

    async def _resolve(self, target: URL) -> None:
        """Look the name up before a place among the requests is taken; the connection finds it kept."""
        host = target.raw_host or ""
        try:
            ip_address(host)
        except ValueError:
            await self._names.resolve(host)

    async def _within(self, left: float, target: URL, request: FeedRequest) -> Answer | _Moved:
        loop = asyncio.get_running_loop()
        ends = loop.time() + left
        try:
            async with asyncio.timeout_at(ends):
                conditions = _conditions(request.validators)
                response = await self._opened().get(target, headers=conditions, allow_redirects=False)
                try:
                    return await self._answer(response, target, request, ends - loop.time())
                finally:
                    response.close()
        except TimeoutError:
            return FetchFailed(reason=f"the server did not answer in full within {self._deadline:g} s")

    async def _answer(
        self, response: aiohttp.ClientResponse, target: URL, request: FeedRequest, left: float
    ) -> Answer | _Moved:
        now = self._clock.now()
        status, raw = response.status, response.raw_headers
        if status == 200:
            return await self._read(response, request, now)
        if status == 304 and _conditions(request.validators):
            new = headers.validators_after_304(raw, request.validators)
            return NotModified(validators=new, retry_at=headers.fresh_until(raw, now))
        if status in _REDIRECTS:
            location = (headers.first(raw, "location") or "").strip()
            return _Moved(url=_joined(str(target), location), left=left)
        retry_at = headers.retry_after(raw, now) if status in _SILENCING else None
        if retry_at:
            self._silences.keep(host_key(str(target)), (retry_at - now).total_seconds())
        return FetchFailed(reason=for_status(status), status=status, retry_at=retry_at)

    async def _read(self, response: aiohttp.ClientResponse, request: FeedRequest, now: datetime) -> Answer:
        raw = response.raw_headers
        encodings = [v.decode("latin-1") for n, v in raw if n.lower() == b"content-encoding"]
        decoder = decoder_for(",".join(encodings), self._limits)
        async for part in response.content.iter_any():
            decoder.feed(part)
        body = decoder.finish()
        if not body.strip():
            return FetchFailed(reason="the server answered with nothing at all", status=response.status)
        document = Document(
            source=request.source,
            location=str(response.url),
            received_at=now,
            arrived_at=now,
            content=body,
            content_hash=ContentHash(sha256(body).hexdigest()),
            headers=headers.kept(raw),
            hints=request.hints,
        )
        return Fetched(
            document=document,
            status=response.status,
            validators=headers.validators(raw),
            retry_at=headers.fresh_until(raw, now),
        )

    # -- politeness --------------------------------------------------------------------------

    @asynccontextmanager
    async def _turn(self, host: str) -> AsyncIterator[None]:
        """Wait until nobody else asks this host. Never held while another host's turn is waited for."""
        entry = self._hosts.setdefault(host, _Host())
        entry.users += 1
        try:
            async with entry.lock:
                yield
        finally:
            entry.users -= 1
            if not entry.users:
                del self._hosts[host]

    def _opened(self) -> aiohttp.ClientSession:
        """Give the session, made at first use because it needs a running loop."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=wire.connector(self._guard, self._names, self._concurrent),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={
                    "User-Agent": self._user_agent,
                    "Accept": ACCEPT,
                    "Accept-Encoding": "gzip, deflate",
                },
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=None, sock_read=None),
                trust_env=False,
                auto_decompress=False,
            )
        return self._session


def user_agent(version: str, contact: str | None) -> str:
    """Give the name that servers know us by, with whom to write to."""
    safe = "".join(c for c in contact or "" if c.isascii() and c.isprintable() and c not in "()\\")
    return f"newsmonitor/{version} (+{safe})" if safe else f"newsmonitor/{version}"


def _conditions(validators: Validators) -> dict[str, str]:
    sent = {"If-None-Match": validators.etag, "If-Modified-Since": validators.last_modified}
    return {name: value for name, value in sent.items() if value}


def _joined(base: str, location: str) -> str:
    """Give where a redirect leads; what cannot be read is given as it is, for its fault to be named."""
    if not location or re.match(r"[a-z][a-z0-9+.-]*:", location, re.IGNORECASE):
        return location
    try:
        return urljoin(base, location.replace(" ", "%20"))
    except ValueError:
        return location


def _redirect_fault(before: str, after: str) -> str | None:
    secure_before, secure_after = (url[:6].lower() == "https:" for url in (before, after))
    if not after:
        return "it does not say where"
    return url_fault(after) or (
        "it is http, and we came by https" if secure_before and not secure_after else None
    )
