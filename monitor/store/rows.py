"""Turns nouns into values that SQLite keeps, and rows back into nouns. Runs no statement."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

from monitor.model import (
    Alert,
    AlertId,
    AlertKind,
    Article,
    ArticleId,
    ChannelName,
    ContentHash,
    Delivery,
    DeliveryId,
    DeliveryState,
    FileStamp,
    Format,
    Health,
    Identity,
    Lifecycle,
    Match,
    Mention,
    Origin,
    Priority,
    Reason,
    Recipient,
    SourceId,
    SourceKind,
    SourceState,
    Trouble,
    TroubleId,
    Validators,
    VersionId,
    WatchId,
    WatchKind,
    Zone,
    ZoneSpan,
)
from monitor.ports import ArticleRecord

Value = str | bytes | int | None
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SURROGATE = re.compile("[\ud800-\udfff]")
_SHA256 = re.compile("[0-9a-f]{64}")
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


# -- plain values ----------------------------------------------------------------------------


def micros(at: datetime) -> int:
    """Give microseconds since 1970."""
    return (at - _EPOCH) // _MICROSECOND


def micros_or_none(at: datetime | None) -> int | None:
    """As micros(); None stays None."""
    return None if at is None else micros(at)


def moment(value: int) -> datetime:
    """Give the time that micros() kept."""
    return _EPOCH + timedelta(microseconds=value)


def moment_or_none(value: int | None) -> datetime | None:
    """As moment(); None stays None."""
    return None if value is None else moment(value)


def sound(text: str) -> str:
    """Give text that is valid Unicode, of the same length: lone surrogates, which no encoding holds, replaced."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return _SURROGATE.sub("\ufffd", text)
    return text


def sound_or_none(text: str | None) -> str | None:
    """As sound(); None stays None."""
    return None if text is None else sound(text)


def hash_value(content: ContentHash) -> bytes | str:
    """Give a SHA-256 as its 32 bytes; anything else as it is."""
    return bytes.fromhex(content) if _SHA256.fullmatch(content) else content


def hash_of(value: bytes | str) -> ContentHash:
    """Give the hash that hash_value() kept."""
    return ContentHash(value.hex() if isinstance(value, bytes) else value)


def place_value(location: str) -> str | bytes:
    """Give a URL or path; one with bytes that are no UTF-8 (a file name may be anything) as its bytes."""
    try:
        location.encode()
    except UnicodeEncodeError:
        return location.encode(errors="surrogateescape")
    return location


def place_of(value: str | bytes) -> str:
    """Give the location that place_value() kept."""
    return value.decode(errors="surrogateescape") if isinstance(value, bytes) else value


def digest(identity: Identity) -> bytes:
    """Give the 16 bytes that an identity is found by."""
    whole = f"{identity.kind}\0{'' if identity.scope is None else identity.scope}\0{identity.key}"
    return blake2b(whole.encode(errors="surrogatepass"), digest_size=16).digest()


def stamp_value(stamp: FileStamp) -> str:
    """Give a stamp as text: its numbers may be larger than SQLite's."""
    return f"{stamp.size} {stamp.mtime_ns} {stamp.ctime_ns} {stamp.inode}"


def stamp_of(value: str) -> FileStamp:
    """Give the stamp that stamp_value() kept."""
    size, mtime, ctime, inode = map(int, value.split())
    return FileStamp(size=size, mtime_ns=mtime, ctime_ns=ctime, inode=inode)


def texts_value(texts: Sequence[str]) -> str | None:
    """Give texts as JSON; none as None."""
    return sound(_encode(list(texts))) if texts else None


def texts_of(value: str | None) -> tuple[str, ...]:
    """Give the texts that texts_value() kept."""
    return tuple(json.loads(value)) if value else ()


# -- articles --------------------------------------------------------------------------------


def article_values(article: Article) -> tuple[Value, ...]:
    """Give what `version` holds of an article, from `format` on."""
    return (
        article.format,
        sound_or_none(article.member),
        sound_or_none(article.native_id),
        sound_or_none(article.version),
        sound_or_none(article.headline),
        sound_or_none(article.slug),
        sound_or_none(article.byline),
        sound_or_none(article.place),
        sound_or_none(article.dateline_date),
        sound_or_none(article.agency),
        sound_or_none(article.language),
        micros_or_none(article.published),
        sound_or_none(article.published_text),
        micros_or_none(article.embargo_until),
        sound_or_none(article.url),
        article.urgency,
        article.lifecycle,
        texts_value(article.doubts),
    )


def zones_value(zones: Iterable[ZoneSpan]) -> str:
    """Give zones as JSON: [[zone, start, end], …]."""
    return _encode([(span.zone, span.start, span.end) for span in zones])


def article_of(row: sqlite3.Row) -> Article:
    """Give the article of a row with the columns of `version` and `version_text`."""
    return Article(
        format=Format(row["format"]),
        text=row["text"] or "",
        zones=tuple(
            ZoneSpan(zone=Zone(zone), start=start, end=end)
            for zone, start, end in json.loads(row["zones"] or "[]")
        ),
        member=row["member"],
        native_id=row["native_id"],
        version=row["publisher_version"],
        headline=row["headline"],
        slug=row["slug"],
        byline=row["byline"],
        place=row["place"],
        dateline_date=row["dateline_date"],
        agency=row["agency"],
        language=row["language"],
        published=moment_or_none(row["published"]),
        published_text=row["published_text"],
        embargo_until=moment_or_none(row["embargo_until"]),
        url=row["url"],
        urgency=row["urgency"],
        lifecycle=Lifecycle(row["lifecycle"]) if row["lifecycle"] else None,
        doubts=texts_of(row["doubts"]),
    )


def version_id(article: str, number: int) -> VersionId:
    """Give a version's id: its article's, a dot, its number."""
    return VersionId(f"{article}.{number}")


def record_of(row: sqlite3.Row) -> ArticleRecord:
    """Give the record of a row of RECORD."""
    return ArticleRecord(
        id=ArticleId(row["article_key"]),
        version=version_id(row["article_key"], row["number"]),
        number=row["number"],
        source=SourceId(row["source_key"]),
        source_name=row["source_name"],
        location=place_of(row["location"]),
        received_at=moment(row["received_at"]),
        article=article_of(row),
    )


RECORD = """
SELECT v.*, t.text, t.zones, a.key AS article_key, s.key AS source_key, s.name AS source_name, d.location
FROM version v JOIN article a ON a.id = v.article JOIN document d ON d.id = v.document
  JOIN source s ON s.id = d.source LEFT JOIN version_text t ON t.id = v.id
"""
"""Everything of a version, for record_of(); `v.id` is what to search by."""


# -- matches and alerts ----------------------------------------------------------------------


def match_values(match: Match) -> tuple[Value, ...]:
    """Give what `match` holds of a match, from `watch` to `tell`."""
    return (
        sound(match.watch),
        sound(match.name),
        match.kind,
        match.priority,
        sound(match.origin.file),
        match.origin.line,
        _encode(match.tell),
    )


def mentions_value(mentions: Iterable[Mention]) -> str:
    """Give mentions as JSON objects, readable in the database."""
    return sound(
        _encode(
            [
                {"zone": m.zone, "start": m.start, "end": m.end, "text": m.text, "term": m.term}
                for m in mentions
            ]
        )
    )


def match_of(row: sqlite3.Row) -> Match:
    """Give the match of a row of `match`."""
    return Match(
        watch=WatchId(row["watch"]),
        name=row["name"],
        kind=WatchKind(row["kind"]),
        priority=Priority(row["priority"]),
        origin=Origin(row["origin_file"], row["origin_line"]),
        mentions=tuple(
            Mention(zone=Zone(m["zone"]), start=m["start"], end=m["end"], text=m["text"], term=m["term"])
            for m in json.loads(row["mentions"])
        ),
        tell=tuple(json.loads(row["tell"])),
    )


ALERT = """
SELECT al.*, a.key AS article_key, v.number, f.key AS follows_key, w.key AS watchlist_key
FROM alert al JOIN version v ON v.id = al.version JOIN article a ON a.id = al.article
  JOIN watchlist w ON w.id = al.watchlist LEFT JOIN alert f ON f.id = al.follows
"""
"""Everything of an alert but its matches, for alert_of()."""


def alert_of(row: sqlite3.Row, matches: tuple[Match, ...]) -> Alert:
    """Give the alert of a row of ALERT."""
    return Alert(
        id=AlertId(row["key"]),
        at=moment(row["at"]),
        kind=AlertKind(row["kind"]),
        reason=Reason(row["reason"]),
        suppressed=bool(row["suppressed"]),
        article=ArticleId(row["article_key"]),
        version=version_id(row["article_key"], row["number"]),
        follows=AlertId(row["follows_key"]) if row["follows_key"] else None,
        matches=matches,
    )


# -- sources and deliveries ------------------------------------------------------------------


def source_of(row: sqlite3.Row) -> SourceState:
    """Give the state of a row of `source`."""
    return SourceState(
        id=SourceId(row["key"]),
        kind=SourceKind(row["kind"]),
        name=row["name"],
        first_seen_at=moment(row["first_seen_at"]),
        first_read_at=moment_or_none(row["first_read_at"]),
        next_poll_at=moment(row["next_poll_at"]),
        last_poll_at=moment_or_none(row["last_poll_at"]),
        last_ok_at=moment_or_none(row["last_ok_at"]),
        validators=Validators(etag=row["etag"], last_modified=row["last_modified"]),
        content_hash=None if row["content_hash"] is None else hash_of(row["content_hash"]),
        failures=row["failures"],
        health=Health(row["health"]) if row["active"] else Health.OFF,
        health_reason=row["health_reason"],
    )


DELIVERY = """
SELECT d.*, r.channel, r.name AS recipient_name, al.key AS alert_key, tr.key AS trouble_key
FROM delivery d JOIN recipient r ON r.id = d.recipient
  LEFT JOIN alert al ON al.id = d.alert LEFT JOIN trouble tr ON tr.id = d.trouble
"""
"""Everything of a delivery, for delivery_of()."""


def delivery_of(row: sqlite3.Row) -> Delivery:
    """Give the delivery of a row of DELIVERY."""
    return Delivery(
        id=DeliveryId(row["key"]),
        channel=ChannelName(row["channel"]),
        recipient=Recipient(row["recipient_name"]),
        alert=AlertId(row["alert_key"]) if row["alert_key"] else None,
        trouble=TroubleId(row["trouble_key"]) if row["trouble_key"] else None,
        priority=Priority(row["priority"]),
        state=DeliveryState(row["state"]),
        owed_at=moment(row["owed_at"]),
        next_try_at=moment(row["next_try_at"]),
        tries=row["tries"],
        refusals=row["refusals"],
        detail=row["detail"],
        settled_at=moment_or_none(row["settled_at"]),
    )


def trouble_of(row: sqlite3.Row) -> Trouble:
    """Give the trouble of a row of `trouble`."""
    return Trouble(
        key=row["about"],
        text=row["text"],
        at=moment(row["at"]),
        over=row["over_text"],
        outside=texts_of(row["outside"]),
        count=row["count"],
    )


def watches_value(watches: Iterable[tuple[str, str]]) -> str:
    """Give (id, name) of a delivery's watches as JSON."""
    return sound(_encode(list(watches)))


def watches_of(value: str) -> tuple[tuple[str, str], ...]:
    """Give the watches that watches_value() kept."""
    loaded: Any = json.loads(value)
    return tuple((id, name) for id, name in loaded)
