"""Makes the nouns that the store's tests put in: small, all fields that matter set by name."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from monitor.model import (
    AlertKind,
    Article,
    ArticleId,
    ChannelName,
    ContentHash,
    Decision,
    Document,
    DocumentIntake,
    FileStamp,
    Format,
    Health,
    Identity,
    IdentityKind,
    Intake,
    Match,
    Mention,
    Novelty,
    Origin,
    PollOutcome,
    PollResult,
    Priority,
    Reason,
    Recipient,
    Route,
    SourceId,
    SourceKind,
    SourceState,
    TroubleRoute,
    Validators,
    WatchId,
    WatchKind,
    WatchlistVersion,
    Zone,
    ZoneSpan,
)
from monitor.ports import SourceEntry

NOON = datetime(2026, 1, 27, 12, 0, 0, 123456, tzinfo=UTC)
FEED = SourceId("https://news.example/rss")
OTHER = SourceId("https://other.example/rss")
FOLDER = SourceId("/srv/wire")
DESK = ChannelName("desk")
NIGHT = Recipient("night@paper.example")
OPS = TroubleRoute(channel=ChannelName("ops"), recipient=Recipient("it@paper.example"))
WATCHLIST = WatchlistVersion("w1")
_counter = itertools.count(1)


@dataclass
class StillClock:
    """A clock that moves only when told; `tick` is how far its monotonic hand goes at each look."""

    at: datetime = NOON
    seconds: float = 0.0
    tick: float = 0.0

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        self.seconds += self.tick
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def sha(text: str | bytes) -> ContentHash:
    return ContentHash(
        hashlib.sha256(text.encode(errors="surrogatepass") if isinstance(text, str) else text).hexdigest()
    )


def entry(id: SourceId = FEED, kind: SourceKind = SourceKind.FEED) -> SourceEntry:
    return SourceEntry(id=id, kind=kind, name=f"Name of {id}")


def state(id: SourceId = FEED, **changes: object) -> SourceState:
    base = SourceState(
        id=id,
        kind=SourceKind.FOLDER if id == FOLDER else SourceKind.FEED,
        name=f"Name of {id}",
        first_seen_at=NOON,
        first_read_at=NOON,
        next_poll_at=NOON + timedelta(minutes=5),
        last_poll_at=NOON,
        last_ok_at=NOON,
        validators=Validators(etag='W/"a b"', last_modified="Tue, 27 Jan 2026 12:00:00 GMT"),
        content_hash=sha("feed"),
        health=Health.OK,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def article(
    headline: str = "China, Russia agree", body: str = "Dong Jun spoke by video.", **changes: object
) -> Article:
    text = f"{headline}\n\n{body}"
    start = len(headline) + 2
    base = Article(
        format=Format.RSS,
        text=text,
        zones=(
            ZoneSpan(zone=Zone.HEADLINE, start=0, end=len(headline)),
            ZoneSpan(zone=Zone.LEAD, start=start, end=len(text)),
        ),
        headline=headline,
        url="https://news.example/1",
        published=NOON - timedelta(minutes=3),
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def match(of: Article, term: str, name: str | None = None, priority: Priority = Priority.NORMAL) -> Match:
    start = of.text.index(term)
    return Match(
        watch=WatchId((name or term).casefold().replace(" ", "-")),
        name=name or term,
        kind=WatchKind.PERSON,
        priority=priority,
        origin=Origin("china-russia.yaml", 6),
        mentions=(Mention(zone=Zone.LEAD, start=start, end=start + len(term), text=term, term=term),),
        tell=(DESK,),
    )


def route(*matches: Match, channel: ChannelName = DESK, recipient: Recipient = NIGHT) -> Route:
    return Route(
        channel=channel,
        recipient=recipient,
        watches=tuple(m.watch for m in matches),
        priority=max(m.priority for m in matches),
    )


def told(*routes: Route) -> Decision:
    return Decision(kind=AlertKind.NEW, reason=Reason.NEW, suppressed=False, routes=routes)


def withheld(reason: Reason) -> Decision:
    return Decision(kind=AlertKind.NEW, reason=reason, suppressed=True)


def native(key: str, scope: SourceId = FEED) -> Identity:
    return Identity(kind=IdentityKind.NATIVE_ID, key=key, scope=scope)


def link(key: str) -> Identity:
    return Identity(kind=IdentityKind.LINK, key=key)


def new(
    of: Article, *identities: Identity, matches: Iterable[Match] = (), decision: Decision | None = None
) -> Intake:
    return Intake(
        article=of,
        text_hash=sha(of.text),
        novelty=Novelty.NEW,
        identities=identities or (native(f"id-{next(_counter)}"),),
        matches=tuple(matches),
        decision=decision,
    )


def alerting(headline: str = "China, Russia agree", term: str = "Dong Jun", **kw: object) -> Intake:
    """A new article with one match that goes to one recipient."""
    of = article(headline)
    found = match(of, term, priority=kw.pop("priority", Priority.NORMAL))  # type: ignore[arg-type]
    return new(of, matches=(found,), decision=told(route(found, **kw)))  # type: ignore[arg-type]


def version(
    of: Article, of_article: ArticleId, number: int, *identities: Identity, **changes: object
) -> Intake:
    return replace(
        new(of, *identities),
        novelty=Novelty.VERSION,
        known_as=of_article,
        number=number,
        **changes,  # type: ignore[arg-type]
    )


def copy(of: Article, *identities: Identity, **changes: object) -> Intake:
    return replace(new(of, *identities), novelty=Novelty.COPY, **changes)  # type: ignore[arg-type]


def document(source: SourceId = FEED, content: bytes = b"<rss/>", **changes: object) -> Document:
    base = Document(
        source=source,
        location=str(source),
        received_at=NOON,
        arrived_at=NOON,
        content=content,
        content_hash=sha(content),
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def stamp(size: int = 6, inode: int = 7) -> FileStamp:
    return FileStamp(size=size, mtime_ns=1_769_515_200_000_000_001, ctime_ns=2, inode=inode)


def outcome(*intakes: Intake, source: SourceState | None = None, **changes: object) -> PollOutcome:
    state_ = source or state()
    base = PollOutcome(
        source=state_,
        started_at=NOON,
        ended_at=NOON + timedelta(seconds=1),
        result=PollResult.READ,
        http_status=200,
        documents=(DocumentIntake(document=document(state_.id), format=Format.RSS, intakes=intakes),),
        watchlist=WATCHLIST,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


@dataclass
class Ledger:
    """Steps that were called, in order."""

    names: list[str] = field(default_factory=list)

    def __call__(self, name: str) -> None:
        self.names.append(name)
