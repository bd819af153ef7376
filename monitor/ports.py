"""The Protocols that the drivers need, and nothing else: who fulfils them is decided in app.py.

All datetimes are aware and in UTC. Methods that fail as expected return a value that says so; what they
raise is drawn in errors.py.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from monitor.model import (
    Alert,
    AlertId,
    Article,
    ArticleId,
    Batch,
    ChannelName,
    Claim,
    Committed,
    ContentHash,
    Delivery,
    DeliveryState,
    Document,
    FileStamp,
    Hints,
    Identity,
    Known,
    MessageId,
    Parsed,
    PollOutcome,
    PollResult,
    Queue,
    Recipient,
    Refused,
    SendOutcome,
    Settlement,
    SourceId,
    SourceKind,
    SourceState,
    Trouble,
    TroubleRoute,
    Validators,
    VersionId,
    WatchId,
    Wording,
)

Step = Callable[[str], None]
"""Called with a name before and after each commit, send and rename; tests pass one that kills."""


def nothing(name: str) -> None:
    """Be the step that does nothing."""


class Clock(Protocol):
    """Time, as a collaborator."""

    def now(self) -> datetime:
        """Give the wall clock, aware, in UTC."""

    def monotonic(self) -> float:
        """Give seconds that never jump."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


# -- coming in -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRequest:
    """One request for a feed."""

    source: SourceId
    url: str
    validators: Validators
    hints: Hints = Hints()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A response with a body, with what the server asks of the next request."""

    document: Document
    status: int
    validators: Validators
    retry_at: datetime | None = None
    """No request before then: Cache-Control or Expires."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotModified:
    """304."""

    validators: Validators
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchFailed:
    """No usable response, and why, in words that hold no secret."""

    reason: str
    status: int | None = None
    retry_at: datetime | None = None
    """No request before then: Retry-After."""
    unasked: bool = False
    """Whether the host was left alone: nothing is known of the feed, and nothing wrong with it."""


class Fetch(Protocol):
    """The one choke point for feeds."""

    async def fetch(self, request: FeedRequest) -> Fetched | NotModified | FetchFailed:
        """Fetch a feed. Never raises for what a server or the network does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFile:
    """A file that the store has a document of: its path and how it looked."""

    path: str
    stamp: FileStamp
    content_hash: ContentHash


class Parse(Protocol):
    """Reads documents in children with limits."""

    async def parse(self, document: Document) -> Parsed | Refused:
        """Read a document. A raise, a time-out or too much memory in the child is a Refused."""


# -- the store -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceEntry:
    """A source as configured now, for the store's mirror."""

    id: SourceId
    kind: SourceKind
    name: str


class Store(Protocol):
    """What ingest and deliver need of the database. One transaction a call; nouns in, nouns out."""

    async def mirror_sources(
        self, entries: Sequence[SourceEntry], now: datetime, due: Callable[[SourceId], datetime]
    ) -> None:
        """Make the sources table agree with the configuration.

        A new source is first seen now and due at `due(id)`; one that vanished is switched off, its history kept;
        one that came back is switched on and due at `due(id)`.
        """

    async def claim_sources(
        self, kind: SourceKind, now: datetime, n: int, lease: timedelta
    ) -> tuple[SourceState, ...]:
        """Give at most n sources whose time has come, the longest due first, none of them to anyone else
        before the lease ends.
        """

    async def source(self, id: SourceId) -> SourceState | None:
        """Give one source's state."""

    async def known(self, identities: Iterable[Identity]) -> tuple[Known, ...]:
        """Give what is known of these identities; unknown ones are left out. Order is free."""

    async def known_files(self, source: SourceId) -> tuple[KnownFile, ...]:
        """Give the latest document of each path of a folder, refused ones included."""

    async def commit_poll(
        self, outcome: PollOutcome, trouble_routes: Sequence[TroubleRoute] = ()
    ) -> Committed:
        """Write all that a poll brought, its alerts and owed deliveries, and the source's new state; release its lease.

        Raises Conflict where an identity decided to be new became known meanwhile (nothing is written then),
        DiskFull where there is no room.
        """

    async def mirror_recipients(
        self,
        known: Mapping[ChannelName, Collection[Recipient]],
        mended: Collection[ChannelName],
        told: Callable[[ChannelName, Recipient, int], Trouble],
        routes: Sequence[TroubleRoute],
        now: datetime,
    ) -> None:
        """Make what is owed agree with the configuration.

        What is owed to recipients that are not `known`, and not in flight, is cancelled: alerts are counted and told
        as `told` says, troubles that nobody else hears of go to `routes`. The pauses of `mended` channels end, and
        what they have to be tried again with is due now, refused messages apart.
        """

    async def queues(self, now: datetime) -> tuple[Queue, ...]:
        """Give every recipient that is owed something due, on channels that are not paused."""

    async def next_due(self) -> datetime | None:
        """Give when the next delivery that is not due yet comes due."""

    async def claim_deliveries(self, claim: Claim, now: datetime, lease: timedelta) -> Batch | None:
        """Take due deliveries for one message and write the message down as in flight. None: nothing left
        to take.
        """

    async def settle(self, settlement: Settlement, trouble_routes: Sequence[TroubleRoute] = ()) -> None:
        """Write what became of a message and its deliveries, and end its lease."""

    async def tell(
        self,
        troubles: Sequence[Trouble],
        recovered: Sequence[str],
        routes: Sequence[TroubleRoute],
        now: datetime,
    ) -> None:
        """Record troubles that are not open already, with a delivery to each route; close recovered ones
        and tell that too.
        """

    async def release_leases(self) -> int:
        """Free every claim that a dead process left; only the holder of the instance lock may call it.
        Gives their number.
        """

    async def retry(self, ids: Sequence[str], now: datetime) -> int:
        """Make dead, retrying or paused deliveries due now: by delivery id, alert id or channel name; none:
        all of them. Cancelled ones by delivery or alert id. Gives their number.
        """

    async def pull_forward(self, by: timedelta, no_later_than: datetime) -> None:
        """Make every due time and lease earlier by this much, and none later than given.

        For when the wall clock was set back, or was wrong when they were written.
        """

    async def index_slice(self, budget: timedelta) -> bool:
        """Index articles for search for about this long. Gives whether more is waiting."""

    async def purge(self, articles_before: datetime, polls_before: datetime, n: int) -> int:
        """Remove the text of at most n old articles that no alert quotes as evidence, and old polls. Gives
        how many went.
        """

    async def free_bytes(self) -> int:
        """Give the free room of the disk that the store is on."""

    async def close(self) -> None:
        """Finish what is queued and close."""


# -- reading: read-only, from any process ----------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleRecord:
    """A stored article's version, as a reader sees it."""

    id: ArticleId
    version: VersionId
    number: int
    source: SourceId
    source_name: str
    location: str
    received_at: datetime
    article: Article
    """Its text is empty where it was purged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRecord:
    """An alert with its article and its deliveries."""

    alert: Alert
    record: ArticleRecord
    watchlist: str
    deliveries: tuple[Delivery, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRecord:
    """A source with what `monitor sources` shows."""

    state: SourceState
    articles: int
    last_result: PollResult | None
    last_detail: str | None
    last_http_status: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRecord:
    """A delivery with what it tells of, and its channel's pause."""

    delivery: Delivery
    headline: str
    paused_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One article that a search found."""

    record: ArticleRecord
    snippet: str


class Archive(Protocol):
    """Reads of the store, newest first, by page; works while a daemon writes."""

    def alerts(
        self,
        *,
        limit: int,
        offset: int = 0,
        suppressed: bool | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        watch: WatchId | None = None,
        article: ArticleId | None = None,
    ) -> tuple[AlertRecord, ...]:
        """Give alerts; `suppressed` None: both. Both ends of `since` and `until` belong to what is asked for."""

    def alert(self, id: AlertId) -> AlertRecord | None:
        """Give one alert with everything that led to it."""

    def articles(
        self, *, limit: int, offset: int = 0, source: SourceId | None = None, since: datetime | None = None
    ) -> tuple[ArticleRecord, ...]:
        """Give the latest versions of articles."""

    def sources(self) -> tuple[SourceRecord, ...]:
        """Give every source, by name."""

    def deliveries(
        self,
        *,
        limit: int,
        offset: int = 0,
        states: Sequence[DeliveryState] = (),
        alert: AlertId | None = None,
    ) -> tuple[DeliveryRecord, ...]:
        """Give deliveries; no states: all."""

    def search(self, words: str, *, limit: int, offset: int = 0) -> tuple[Hit, ...]:
        """Give articles that hold all the words, safe for any input."""


# -- going out -------------------------------------------------------------------------------


class Channel(Protocol):
    """A way out. Sends one message to one recipient at a time; never raises for what the far end does."""

    name: ChannelName

    def word(self, batch: Batch, now: datetime) -> Wording:
        """Say a batch in this channel's manner: safe, cut to its limits. Pure."""

    async def send(self, batch: Batch, wording: Wording, message: MessageId) -> SendOutcome:
        """Send a message."""
