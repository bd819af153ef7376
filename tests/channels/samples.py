"""News to send: alerts as the store gives them out, made of a few words."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from monitor.model import (
    Alert,
    AlertId,
    AlertKind,
    Article,
    ArticleId,
    Batch,
    ChannelName,
    Delivery,
    DeliveryId,
    DeliveryState,
    Format,
    Match,
    Mention,
    MessageId,
    News,
    Origin,
    Parcel,
    Priority,
    Reason,
    Recipient,
    SourceId,
    Trouble,
    VersionId,
    WatchId,
    WatchKind,
    Zone,
    ZoneSpan,
)

NOW = datetime(2026, 1, 27, 13, 12, 4, tzinfo=UTC)
RECEIVED = NOW - timedelta(seconds=4)
HEADLINE = "China, Russia agree to deepen defence cooperation"
LEAD = (
    "China's defence minister Dong Jun spoke by video with Andrey Belousov, his Russian colleague, "
    "both ministries said on Tuesday."
)
BODY = "They agreed to deepen strategic coordination. It was their first talk this year."


def article(headline: str | None = HEADLINE, lead: str = LEAD, body: str = BODY, **about: object) -> Article:
    parts = [(Zone.HEADLINE, headline), (Zone.LEAD, lead), (Zone.BODY, body)]
    text, zones = "", []
    for zone, part in parts:
        if part:
            text += "\n\n" if text else ""
            zones.append(ZoneSpan(zone=zone, start=len(text), end=len(text) + len(part)))
            text += part
    known: dict[str, object] = {"agency": "PTI", "place": "Beijing", "published": NOW - timedelta(seconds=4)}
    return Article(format=Format.PLAIN, text=text, zones=tuple(zones), headline=headline, **(known | about))  # type: ignore[arg-type]


def match(
    name: str,
    article: Article,
    *words: str,
    priority: Priority = Priority.NORMAL,
    kind: WatchKind = WatchKind.PERSON,
    line: int = 6,
) -> Match:
    found = [m for word in words or (name,) for m in re.finditer(re.escape(word), article.text)]
    return Match(
        watch=WatchId(name.casefold().replace(" ", "-")),
        name=name,
        kind=kind,
        priority=priority,
        origin=Origin("china-russia.yaml", line),
        mentions=tuple(
            Mention(zone=_zone(article, m.start()), start=m.start(), end=m.end(), text=m[0], term=m[0])
            for m in sorted(found, key=lambda m: m.start())
        ),
    )


def _zone(article: Article, at: int) -> Zone:
    return next(s.zone for s in article.zones if s.start <= at < s.end)


def news(
    article: Article,
    *matches: Match,
    id: str = "k7f3",
    location: str = "/srv/wire/pti/0127.txt",
    received: datetime = RECEIVED,
) -> News:
    return News(
        alert=Alert(
            id=AlertId(id),
            at=received,
            kind=AlertKind.NEW,
            reason=Reason.NEW,
            suppressed=False,
            article=ArticleId("a1"),
            version=VersionId("v1"),
            matches=matches,
        ),
        article=article,
        source=SourceId("/srv/wire/pti"),
        source_name="pti",
        location=location,
        received_at=received,
    )


def sample_news(id: str = "k7f3", **about: object) -> News:
    piece = article(**about)  # type: ignore[arg-type]
    return news(
        piece,
        match("Dong Jun", piece),
        match(
            "China-Russia military talks", piece, "Russia", "China", "spoke by video", kind=WatchKind.TOPIC
        ),
        match("Andrey Belousov", piece, priority=Priority.HIGH),
        id=id,
    )


def parcel(told: News | Trouble, owed: datetime = RECEIVED, priority: Priority = Priority.NORMAL) -> Parcel:
    is_news = isinstance(told, News)
    delivery = Delivery(
        id=DeliveryId("d1"),
        channel=ChannelName("desk"),
        recipient=Recipient("night@paper.example"),
        alert=told.alert.id if isinstance(told, News) else None,
        priority=priority,
        state=DeliveryState.OWED,
        owed_at=owed,
        next_try_at=owed,
    )
    return Parcel(delivery=delivery, news=told if is_news else None, trouble=None if is_news else told)  # type: ignore[arg-type]


def batch(
    *told: News | Trouble, count: int | None = None, owed: datetime = RECEIVED, **about: object
) -> Batch:
    given: dict[str, object] = {
        "message": MessageId("m1"),
        "channel": ChannelName("desk"),
        "recipient": Recipient("night@paper.example"),
        "parcels": tuple(parcel(t, owed) for t in told),
        "count": len(told) if count is None else count,
        "oldest_owed_at": owed,
        "newest_owed_at": owed,
    }
    return Batch(**(given | about))  # type: ignore[arg-type]
