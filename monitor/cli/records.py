"""The JSON that other programs rely on: pure functions, noun -> dict, and the only place where dicts are made.

Keys may be added, never renamed.
Times are RFC 3339 in UTC with Z; null where there is nothing to say; offsets count code points, end exclusive.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

from monitor.core.text.titles import title
from monitor.model import Article, Delivery, Match, Mention
from monitor.ports import AlertRecord, ArticleRecord, DeliveryRecord, Hit, SourceRecord

Dict = dict[str, object]


def moment(at: datetime | None) -> str | None:
    """Give a time as text."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


# -- parse and match -------------------------------------------------------------------------


def article_record(file: str, article: Article) -> Dict:
    """Give a line of `parse --json`; `file` is the argument as given."""
    return {"file": file, **_article(article)}


def _article(article: Article) -> Dict:
    return {
        "member": article.member,
        "format": article.format.value,
        "id": article.native_id,
        "version": article.version,
        "headline": article.headline,
        "slug": article.slug,
        "byline": article.byline,
        "place": article.place,
        "dateline_date": article.dateline_date,
        "agency": article.agency,
        "language": article.language,
        "published": moment(article.published),
        "embargo_until": moment(article.embargo_until),
        "url": article.url,
        "urgency": article.urgency,
        "lifecycle": None if article.lifecycle is None else article.lifecycle.value,
        "text": article.text,
        "body": article.body,
        "zones": [{"zone": s.zone.value, "start": s.start, "end": s.end} for s in article.zones],
    }


def match_record(file: str, article: Article, match: Match) -> Dict:
    """Give a line of `match --json`."""
    return {
        "file": file,
        "article": article_name(article),
        "watch": match.watch,
        "name": match.name,
        "kind": match.kind.value,
        "mentions": [_mention(m) for m in match.mentions],
    }


def article_name(article: Article) -> str:
    """Name an article that no store has given an id: by the document's own id, else by its text."""
    text = article.text.encode("utf-8", "surrogatepass")
    return article.native_id or "sha256:" + hashlib.sha256(text).hexdigest()


def _mention(mention: Mention) -> Dict:
    return {
        "zone": mention.zone.value,
        "start": mention.start,
        "end": mention.end,
        "text": mention.text,
        "term": mention.term,
    }


# -- what is stored --------------------------------------------------------------------------


def alert_record(found: AlertRecord) -> Dict:
    """Give a line of `alerts --json`.

    `article` is the store's id, as in `articles --json`; `headline` the first sentence where there is none.
    """
    alert, article = found.alert, found.record.article
    return {
        "id": alert.id,
        "at": moment(alert.at),
        "kind": alert.kind.value,
        "headline": article.headline or title(article) or None,
        "article": alert.article,
        "url": article.url,
        "watches": [
            {"watch": m.watch, "name": m.name, "priority": m.priority.name.lower()}
            for m in by_priority(alert.matches)
        ],
        "reason": alert.reason.value,
        "suppressed": alert.suppressed,
        "deliveries": [_delivery_in_alert(d) for d in found.deliveries],
    }


def by_priority(matches: Sequence[Match]) -> list[Match]:
    """Give matches, the most important first, else in their own order."""
    return sorted(matches, key=lambda m: -m.priority)


def _delivery_in_alert(delivery: Delivery) -> Dict:
    return {
        "channel": delivery.channel,
        "recipient": delivery.recipient,
        "state": delivery.state.value,
        "at": moment(delivery.settled_at or delivery.owed_at),
    }


def story_record(found: AlertRecord, follow_ups: Sequence[AlertRecord]) -> Dict:
    """Give the line of `why --json`: the alert, then all that led to it and what became of it."""
    alert, record = found.alert, found.record
    return {
        **alert_record(found),
        "follows": alert.follows,
        "follow_ups": [f.alert.id for f in follow_ups],
        "watchlist": found.watchlist,
        "source": record.source,
        "source_name": record.source_name,
        "location": record.location,
        "received_at": moment(record.received_at),
        "published": moment(record.article.published),
        "version": record.number,
        "matches": [_match_in_story(m) for m in by_priority(alert.matches)],
        "tries": [_delivery(d) for d in found.deliveries],
    }


def _match_in_story(match: Match) -> Dict:
    return {
        "watch": match.watch,
        "name": match.name,
        "kind": match.kind.value,
        "priority": match.priority.name.lower(),
        "file": match.origin.file,
        "line": match.origin.line,
        "tell": list(match.tell),
        "mentions": [_mention(m) for m in match.mentions],
    }


def stored_article_record(found: ArticleRecord) -> Dict:
    """Give a line of `articles --json`; `article` has the keys of `parse --json` but `file`."""
    return {
        "id": found.id,
        "number": found.number,
        "source": found.source,
        "source_name": found.source_name,
        "location": found.location,
        "received_at": moment(found.received_at),
        "article": _article(found.article),
    }


def hit_record(hit: Hit) -> Dict:
    """Give a line of `search --json`."""
    return {**stored_article_record(hit.record), "snippet": hit.snippet}


def source_record(found: SourceRecord) -> Dict:
    """Give a line of `sources --json`."""
    state = found.state
    return {
        "id": state.id,
        "kind": state.kind.value,
        "name": state.name,
        "health": state.health.value,
        "health_reason": state.health_reason,
        "failures": state.failures,
        "articles": found.articles,
        "first_seen_at": moment(state.first_seen_at),
        "last_poll_at": moment(state.last_poll_at),
        "last_ok_at": moment(state.last_ok_at),
        "next_poll_at": moment(state.next_poll_at),
        "last_result": None if found.last_result is None else found.last_result.value,
        "last_detail": found.last_detail,
        "last_http_status": found.last_http_status,
    }


def delivery_record(found: DeliveryRecord) -> Dict:
    """Give a line of `deliveries --json`."""
    return {
        **_delivery(found.delivery),
        "headline": found.headline,
        "paused_until": moment(found.paused_until),
    }


def _delivery(delivery: Delivery) -> Dict:
    return {
        "id": delivery.id,
        "alert": delivery.alert,
        "trouble": delivery.trouble,
        "channel": delivery.channel,
        "recipient": delivery.recipient,
        "priority": delivery.priority.name.lower(),
        "state": delivery.state.value,
        "owed_at": moment(delivery.owed_at),
        "next_try_at": moment(delivery.next_try_at),
        "tries": delivery.tries,
        "refusals": delivery.refusals,
        "detail": delivery.detail,
        "settled_at": moment(delivery.settled_at),
    }
