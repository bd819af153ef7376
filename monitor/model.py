"""Every noun of the program, in the order it flows.

    source -> document -> article -> match -> alert -> delivery -> message

Nouns are frozen and compare by value; times are aware and in UTC; collections are tuples.
This module holds no behaviour beyond reading its own fields, and imports nothing of the program.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, IntEnum, StrEnum
from typing import NewType

SourceId = NewType("SourceId", str)
"""A feed's URL as written, or a folder's absolute path."""
ArticleId = NewType("ArticleId", str)
VersionId = NewType("VersionId", str)
WatchId = NewType("WatchId", str)
AlertId = NewType("AlertId", str)
"""Four to six typable characters, given by the store, never reused."""
TroubleId = NewType("TroubleId", str)
DeliveryId = NewType("DeliveryId", str)
MessageId = NewType("MessageId", str)
ChannelName = NewType("ChannelName", str)
Recipient = NewType("Recipient", str)
"""A mail address; for other channels the channel's own name."""
ContentHash = NewType("ContentHash", str)
"""Lower-case hexadecimal SHA-256."""
WatchlistVersion = NewType("WatchlistVersion", str)
"""A hash of all that a set of watchlists says."""


# -- sources and documents -------------------------------------------------------------------


class SourceKind(StrEnum):
    """How a source is polled."""

    FEED = "feed"
    FOLDER = "folder"


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """What makes the next request conditional, byte for byte as the server sent it."""

    etag: str | None = None
    last_modified: str | None = None


class Health(StrEnum):
    """How a source is doing."""

    UNKNOWN = "unknown"
    """Never polled."""
    OK = "ok"
    DEGRADED = "degraded"
    """The last poll brought articles, and something that could not be read."""
    FAILING = "failing"
    OFF = "off"
    """No longer in the configuration; its history is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """What the store knows of a source: everything the next poll needs."""

    id: SourceId
    kind: SourceKind
    name: str
    first_seen_at: datetime
    """When the source came into the configuration; what it held then is its backlog."""
    first_read_at: datetime | None = None
    """When a poll first read it; None: what comes next is backlog."""
    next_poll_at: datetime
    last_poll_at: datetime | None = None
    last_ok_at: datetime | None = None
    validators: Validators = Validators()
    content_hash: ContentHash | None = None
    """Of the last body read: an equal one needs no parsing."""
    failures: int = 0
    """Polls failed in a row."""
    health: Health = Health.UNKNOWN
    health_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """What the user said of a source, for its documents' reader."""

    agency: str | None = None
    encoding: str | None = None
    timezone: str | None = None
    """An IANA name, for dates that name no zone."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """Which of what a source held when first read alerts: everything, the newest few, or the recent."""

    everything: bool = False
    newest: int = 0
    within: timedelta | None = None
    since: datetime | None = None
    """What came then or later, whatever its age: how the newest files of a folder are told, which come in batches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileStamp:
    """What tells that a file is the one seen before, without reading it."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The bytes one poll brought, with where, when and how they came."""

    source: SourceId
    location: str
    """The URL after redirects, or the file's path."""
    received_at: datetime
    arrived_at: datetime
    """When it came to be there: a file's change time; for a feed, when it was received."""
    content: bytes
    content_hash: ContentHash
    headers: tuple[tuple[str, str], ...] = ()
    """HTTP response headers, names in lower case."""
    stamp: FileStamp | None = None
    hints: Hints = Hints()


# -- articles --------------------------------------------------------------------------------


class Format(StrEnum):
    """How a document is written."""

    RSS = "rss"
    RDF = "rdf"
    ATOM = "atom"
    JSONFEED = "jsonfeed"
    NITF = "nitf"
    NEWSML_1 = "newsml_1"
    NEWSML_G2 = "newsml_g2"
    NINJS = "ninjs"
    IPTC7901 = "iptc7901"
    ANPA1312 = "anpa1312"
    MAIL = "mail"
    PLAIN = "plain"


class Zone(StrEnum):
    """A named stretch of an article's text; zones never overlap."""

    HEADLINE = "headline"
    SLUG = "slug"
    BYLINE = "byline"
    DATE = "date"
    DATELINE = "dateline"
    LEAD = "lead"
    BODY = "body"
    SIGNOFF = "signoff"
    NOTE = "note"


class Lifecycle(StrEnum):
    """What an agency says a piece is, where it is no ordinary item."""

    FLASH = "flash"
    SNAP = "snap"
    URGENT = "urgent"
    LEAD = "lead"
    UPDATE = "update"
    WRAPUP = "wrapup"
    CORRECTED = "corrected"
    REFILE = "refile"
    REPEAT = "repeat"
    ADVISORY = "advisory"
    HOLD = "hold"
    WITHDRAWN = "withdrawn"
    KILL = "kill"


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneSpan:
    """Where a zone stands: code points of the article's text, end exclusive."""

    zone: Zone
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One news item as read out of a document. None: the document does not say.

    `text` is the whole stored text in reading order, NFC, lines ended by a line feed, paragraphs
    parted by a blank line; `zones` are in order of their start. Several spans of one zone may
    stand in a text (body around a note, say).
    """

    format: Format
    text: str
    zones: tuple[ZoneSpan, ...]
    member: str | None = None
    """Which file of an archive it was."""
    native_id: str | None = None
    """The document's own id for it."""
    version: str | None = None
    headline: str | None = None
    slug: str | None = None
    byline: str | None = None
    place: str | None = None
    """Of the dateline, as printed."""
    dateline_date: str | None = None
    """YYYY-MM-DD, or --MM-DD where no year is to be had."""
    agency: str | None = None
    """Its usual short name: AP, dpa, PTI, TASS."""
    language: str | None = None
    """BCP 47, as declared."""
    published: datetime | None = None
    published_text: str | None = None
    """The date as the document wrote it, kept where it is absurd or unreadable too."""
    embargo_until: datetime | None = None
    url: str | None = None
    urgency: int | None = None
    """1, most urgent, to 9."""
    lifecycle: Lifecycle | None = None
    doubts: tuple[str, ...] = ()
    """What its reader could not make sense of or had to cut, in words for a person."""

    def of(self, *zones: Zone) -> tuple[str, ...]:
        """Give the texts of all spans of these zones, in reading order."""
        return tuple(self.text[s.start : s.end] for s in self.zones if s.zone in zones)

    @property
    def body(self) -> str:
        """Lead and body, joined by blank lines."""
        return "\n\n".join(self.of(Zone.LEAD, Zone.BODY))


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What a document's reader read: articles, and doubts that concern the document as a whole."""

    articles: tuple[Article, ...]
    format: Format | None = None
    """None: a document without news text."""
    doubts: tuple[str, ...] = ()
    torn: bool = False
    """Whether it ends before its end: there was more, which was not read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A document that could not be read, and why, in words for a person."""

    reason: str
    passing: bool = False
    """Whether its reader failed in a way that may be the machine's fault: it may go well another time."""


# -- watches and matches ---------------------------------------------------------------------


class Priority(IntEnum):
    """How much a watch matters to its user; higher is more."""

    LOW = 1
    NORMAL = 2
    HIGH = 3
    URGENT = 4


class WatchKind(StrEnum):
    """What a watch is about."""

    PERSON = "person"
    ORGANISATION = "organisation"
    PLACE = "place"
    OTHER = "other"
    TOPIC = "topic"


@dataclass(frozen=True, slots=True)
class Term:
    """Words to find, in the user's own spelling."""

    text: str


@dataclass(frozen=True, slots=True)
class WatchRef:
    """Another watch used as a term: it holds where that watch is mentioned."""

    watch: WatchId


class Unit(StrEnum):
    """How near one another a topic's terms must stand."""

    SENTENCE = "sentence"
    PARAGRAPH = "paragraph"
    WORDS = "words"
    ARTICLE = "article"


@dataclass(frozen=True, slots=True)
class Within:
    """A stretch of text that all groups of a topic must share."""

    unit: Unit = Unit.ARTICLE
    words: int | None = None
    """With Unit.WORDS: the number of words in the stretch."""


ANYWHERE = Within()


@dataclass(frozen=True, slots=True)
class Condition:
    """When a watch is met: a term of every group, near enough, and no term of `unless` anywhere."""

    groups: tuple[tuple[Term | WatchRef, ...], ...]
    """One group for an actor or for `any`; one for each entry of `all`."""
    within: Within = ANYWHERE
    unless: tuple[Term | WatchRef, ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the user wrote something: the file's name, and its line (from 1)."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What the user asked to hear about: an actor, or a topic."""

    id: WatchId
    name: str
    kind: WatchKind
    condition: Condition
    origin: Origin
    priority: Priority = Priority.NORMAL
    tell: tuple[ChannelName, ...] = ()
    """Channels, the nearest `tell:` resolved."""
    ids: tuple[tuple[str, str], ...] = ()
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Watchlist:
    """All watches of a configuration, at one moment."""

    version: WatchlistVersion
    watches: tuple[Watch, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A stretch of an article's text that a watch's term covers. `text` is what stands there."""

    zone: Zone
    start: int
    end: int
    text: str
    term: str
    """The term in the user's own spelling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A watch that an article's version satisfies, with the mentions that prove it."""

    watch: WatchId
    name: str
    kind: WatchKind
    priority: Priority
    origin: Origin
    mentions: tuple[Mention, ...]
    """In order of their start."""
    tell: tuple[ChannelName, ...] = ()


# -- identity and alerts ---------------------------------------------------------------------


class IdentityKind(StrEnum):
    """What two copies of one article share."""

    NATIVE_ID = "native_id"
    """The document's own id, or what stands in for one; its scope is the source."""
    LINK = "link"
    """The canonical link; any source."""
    TEXT = "text"
    """Folded headline and body; any source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """One key that an article is known by. Kept for good, also when the article's text is gone."""

    kind: IdentityKind
    key: str
    scope: SourceId | None = None
    """The source it holds in; None: everywhere."""


SHARED = ContentHash("")
"""What is remembered as last met under a link that several items of one feed carry: it leads to nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The article that an identity leads to."""

    identity: Identity
    article: ArticleId
    source: SourceId
    """Where the article was first met."""
    seen_hash: ContentHash
    """`Intake.text_hash` of what was last met under this very identity."""
    number: int
    """Of the article's latest version, from 1."""


class Novelty(StrEnum):
    """What a parsed article is to the store."""

    NEW = "new"
    VERSION = "version"
    """A known article whose text its publisher changed."""
    COPY = "copy"
    """A known article, met at another place: by its link or its text."""
    SEEN = "seen"
    """Nothing new at all."""


class AlertKind(StrEnum):
    """What an alert tells of an article."""

    NEW = "new"
    UPDATE = "update"
    CORRECTION = "correction"
    HOLD = "hold"
    KILL = "kill"


class Reason(StrEnum):
    """Why an alert was given, or withheld."""

    NEW = "new"
    """A new article that a watch matches."""
    BACKLOG_WANTED = "backlog wanted"
    """The source held it when first read, and `alert_backlog` asks for it."""
    BACKLOG = "backlog"
    """Withheld: the source held it when it was first read."""
    UPDATED = "updated"
    """Withheld: a known article with another text."""
    SAME_LINK = "same link"
    """Withheld: the link of a known article."""
    SAME_TEXT = "same text"
    """Withheld: headline and body of a known article."""
    NO_CHANNEL = "no channel"
    """Withheld: no channel that the watches name takes this priority."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One recipient of an alert, and the watches it is told of, the most important first."""

    channel: ChannelName
    recipient: Recipient
    watches: tuple[WatchId, ...]
    priority: Priority
    """The highest of its watches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Whether an article's version must be heard of, by whom, and why."""

    kind: AlertKind
    reason: Reason
    suppressed: bool
    routes: tuple[Route, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What was decided about one parsed article: the store keeps it as it stands."""

    article: Article
    text_hash: ContentHash
    novelty: Novelty
    identities: tuple[Identity, ...]
    """All it is to be found by from now on, each remembering `text_hash` as what was last met under it."""
    shared: Identity | None = None
    """A link that several items of one feed carry: from now on it leads to nobody."""
    known_as: ArticleId | None = None
    """The article that it is a version or copy of."""
    copy_of: int | None = None
    """In place of `known_as`: the position of that article among all intakes of the poll."""
    number: int = 1
    """The version's number, from 1."""
    matches: tuple[Match, ...] = ()
    decision: Decision | None = None
    """None where nothing matched."""


# -- what a poll brings to the store ---------------------------------------------------------


class PollResult(StrEnum):
    """How a poll ended."""

    READ = "read"
    UNCHANGED = "unchanged"
    """304, or a body equal to the last."""
    PARTLY = "partly"
    """Some of what it brought could not be read."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """The tool's own news: `key` names what is wrong, so that it is told once.

    What lasts is told when it begins, and when it is over. What merely happened, and has a `count`, is told at most
    once an hour, with how often it happened.
    """

    key: str
    text: str
    """Its first line says what is wrong, further ones what to know and do."""
    at: datetime
    over: str | None = None
    """How its end is told; None: by its first line."""
    outside: tuple[str, ...] = ()
    """Stretches of the text that are not our own words or the user's."""
    count: int = 0
    """How many of its kind it tells of; 0: it lasts until it is over."""
    anew: bool = False
    """To be told also where one of its key lasts already, which ends without a word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentIntake:
    """A document and what became of it."""

    document: Document
    format: Format | None = None
    refusal: str | None = None
    """Why it could not be read."""
    doubts: tuple[str, ...] = ()
    intakes: tuple[Intake, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PollOutcome:
    """All that one poll changes, committed together or not at all."""

    source: SourceState
    """As it is to be after the poll."""
    started_at: datetime
    ended_at: datetime
    result: PollResult
    detail: str | None = None
    """The reason of a failure, or what was odd, in words for a person."""
    http_status: int | None = None
    documents: tuple[DocumentIntake, ...] = ()
    gone: tuple[str, ...] = ()
    """Paths of files that are no longer there: how they looked need not be known any more."""
    watchlist: WatchlistVersion
    troubles: tuple[Trouble, ...] = ()
    recovered: tuple[str, ...] = ()
    """Keys of troubles that are over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """What a commit wrote."""

    articles: int
    versions: int
    alerts: tuple[AlertId, ...]
    """Those not suppressed."""
    deliveries: int


# -- deliveries and messages -----------------------------------------------------------------


class DeliveryState(StrEnum):
    """What became of a delivery."""

    OWED = "owed"
    SENT = "sent"
    RETRYING = "retrying"
    DEAD = "dead"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One alert, or one trouble, owed to one recipient of a channel."""

    id: DeliveryId
    channel: ChannelName
    recipient: Recipient
    alert: AlertId | None = None
    trouble: TroubleId | None = None
    priority: Priority
    state: DeliveryState
    owed_at: datetime
    next_try_at: datetime
    tries: int = 0
    refusals: int = 0
    """How often the message itself was refused; one refusal asks for short plain text."""
    detail: str | None = None
    settled_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """The decision that an article's version must be heard of, with all its matches."""

    id: AlertId
    at: datetime
    kind: AlertKind
    reason: Reason
    suppressed: bool
    article: ArticleId
    version: VersionId
    follows: AlertId | None = None
    matches: tuple[Match, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """An alert with what a reader must see of its article."""

    alert: Alert
    article: Article
    source: SourceId
    source_name: str
    location: str
    """The document's URL or path."""
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A delivery with its content; `news.alert.matches` are those routed to this recipient."""

    delivery: Delivery
    news: News | None = None
    trouble: Trouble | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """What one recipient of a channel is owed now, in numbers. Claimed deliveries do not count."""

    channel: ChannelName
    recipient: Recipient
    due: int
    """All whose next try has come, urgent ones and troubles included."""
    due_urgent: int
    due_troubles: int
    oldest_owed_at: datetime | None
    sent_last_hour: int
    """Messages sent or in flight within the hour before now; those of urgent alerts and of troubles do not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What to take out of a queue for one message."""

    channel: ChannelName
    recipient: Recipient
    only: Only
    at_most: int
    """Deliveries to take."""
    listed: int
    """Deliveries to give with their content; the rest of a message is counted."""


class Only(Enum):
    """Which deliveries a claim takes."""

    TROUBLES = "troubles"
    URGENT = "urgent"
    ALERTS = "alerts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The deliveries claimed for one message, in order of priority, then of age."""

    message: MessageId
    channel: ChannelName
    recipient: Recipient
    parcels: tuple[Parcel, ...]
    """Those given with their content."""
    count: int
    """All deliveries of the message, the listed ones included."""
    by_watch: tuple[tuple[str, int], ...] = ()
    """Names of watches with how many deliveries of the message name them, most first."""
    refusals: int = 0
    """The highest of its deliveries'."""
    tries: int = 0
    oldest_owed_at: datetime
    newest_owed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """A message as it goes to a channel: text already made safe and cut for that channel."""

    subject: str
    plain: str
    html: str | None = None
    references: tuple[str, ...] = ()
    """Ids for a mail's thread, without angle brackets."""
    alerts: tuple[AlertId, ...] = ()


class SendResult(StrEnum):
    """What a channel made of a message."""

    ACCEPTED = "accepted"
    TEMPORARY = "temporary"
    """Try again: a time-out, 429, 5xx, SMTP 4xx, and anything unclear."""
    REFUSED = "refused"
    """The message itself is not wanted: SMTP 5xx on content, 400, 413, 422."""
    UNREACHABLE = "unreachable"
    """A refused login or a missing endpoint: 401, 403, 404, 410; the channel is paused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendOutcome:
    """How a send ended, in words that hold no secret."""

    result: SendResult
    detail: str = ""
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What a send makes of its message's deliveries."""

    message: MessageId
    state: DeliveryState
    at: datetime
    detail: str | None = None
    next_try_at: datetime | None = None
    refused: bool = False
    """Counts as a refusal of the message itself."""
    pause_until: datetime | None = None
    """The channel is paused; its deliveries stay owed."""
    hasten: bool = False
    """The recipient answers again: what it has to be tried again with, refused messages apart, is due now."""
    troubles: tuple[Trouble, ...] = ()
    recovered: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TroubleRoute:
    """One recipient of the tool's own news."""

    channel: ChannelName
    recipient: Recipient
