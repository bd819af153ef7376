"""The JSON contracts, key by key and in order: what other programs rely on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from monitor.cli import records
from monitor.model import (
    Alert,
    AlertId,
    AlertKind,
    Article,
    ArticleId,
    ChannelName,
    Delivery,
    DeliveryId,
    DeliveryState,
    Format,
    Health,
    Lifecycle,
    Match,
    Mention,
    Origin,
    PollResult,
    Priority,
    Reason,
    Recipient,
    SourceId,
    SourceKind,
    SourceState,
    VersionId,
    WatchId,
    WatchKind,
    Zone,
    ZoneSpan,
)
from monitor.ports import AlertRecord, ArticleRecord, DeliveryRecord, Hit, SourceRecord

AT = datetime(2026, 1, 27, 13, 12, tzinfo=UTC)
TEXT = "Talks\n\nOne.\n\nA note\n\nTwo."
BARE = Article(format=Format.PLAIN, text="", zones=())
FULL = Article(
    format=Format.NEWSML_G2,
    text=TEXT,
    zones=(
        ZoneSpan(zone=Zone.HEADLINE, start=0, end=5),
        ZoneSpan(zone=Zone.LEAD, start=7, end=11),
        ZoneSpan(zone=Zone.NOTE, start=13, end=19),
        ZoneSpan(zone=Zone.BODY, start=21, end=25),
    ),
    member="0127.xml",
    native_id="urn:newsml:1",
    version="3",
    headline="Talks",
    slug="CHINA-RUSSIA",
    byline="By A Reporter",
    place="BEIJING",
    dateline_date="2026-01-27",
    agency="PTI",
    language="en-GB",
    published=AT,
    published_text="27 Jan",
    embargo_until=AT + timedelta(hours=1),
    url="https://news.example/1",
    urgency=2,
    lifecycle=Lifecycle.CORRECTED,
)
MATCH = Match(
    watch=WatchId("belousov"),
    name="Andrey Belousov",
    kind=WatchKind.PERSON,
    priority=Priority.HIGH,
    origin=Origin("mine.yaml", 6),
    mentions=(Mention(zone=Zone.LEAD, start=7, end=10, text="One", term="one"),),
    tell=(ChannelName("desk"),),
)
TOPIC = replace(MATCH, watch=WatchId("talks"), name="Talks", kind=WatchKind.TOPIC, priority=Priority.URGENT)
DELIVERY = Delivery(
    id=DeliveryId("d1"),
    channel=ChannelName("desk"),
    recipient=Recipient("night@paper.example"),
    alert=AlertId("k7f3"),
    priority=Priority.HIGH,
    state=DeliveryState.RETRYING,
    owed_at=AT,
    next_try_at=AT + timedelta(seconds=5),
    tries=2,
    refusals=1,
    detail="421 later",
    settled_at=AT + timedelta(seconds=1),
)
RECORD = ArticleRecord(
    id=ArticleId("a1"),
    version=VersionId("a1.2"),
    number=2,
    source=SourceId("/srv/wire"),
    source_name="wire",
    location="/srv/wire/0127.xml",
    received_at=AT,
    article=FULL,
)
ALERT = AlertRecord(
    alert=Alert(
        id=AlertId("k7f3"),
        at=AT,
        kind=AlertKind.UPDATE,
        reason=Reason.UPDATED,
        suppressed=True,
        article=ArticleId("a1"),
        version=VersionId("a1.2"),
        follows=AlertId("b2c3"),
        matches=(MATCH, TOPIC),
    ),
    record=RECORD,
    watchlist="w1",
    deliveries=(DELIVERY,),
)

ARTICLE_KEYS = {
    "member": "0127.xml",
    "format": "newsml_g2",
    "id": "urn:newsml:1",
    "version": "3",
    "headline": "Talks",
    "slug": "CHINA-RUSSIA",
    "byline": "By A Reporter",
    "place": "BEIJING",
    "dateline_date": "2026-01-27",
    "agency": "PTI",
    "language": "en-GB",
    "published": "2026-01-27T13:12:00Z",
    "embargo_until": "2026-01-27T14:12:00Z",
    "url": "https://news.example/1",
    "urgency": 2,
    "lifecycle": "corrected",
    "text": TEXT,
    "body": "One.\n\nTwo.",
    "zones": [
        {"zone": "headline", "start": 0, "end": 5},
        {"zone": "lead", "start": 7, "end": 11},
        {"zone": "note", "start": 13, "end": 19},
        {"zone": "body", "start": 21, "end": 25},
    ],
}
MENTION = {"zone": "lead", "start": 7, "end": 10, "text": "One", "term": "one"}
ALERT_KEYS = {
    "id": "k7f3",
    "at": "2026-01-27T13:12:00Z",
    "kind": "update",
    "headline": "Talks",
    "article": "a1",
    "url": "https://news.example/1",
    "watches": [
        {"watch": "talks", "name": "Talks", "priority": "urgent"},
        {"watch": "belousov", "name": "Andrey Belousov", "priority": "high"},
    ],
    "reason": "updated",
    "suppressed": True,
    "deliveries": [
        {
            "channel": "desk",
            "recipient": "night@paper.example",
            "state": "retrying",
            "at": "2026-01-27T13:12:01Z",
        }
    ],
}
DELIVERY_KEYS = {
    "id": "d1",
    "alert": "k7f3",
    "trouble": None,
    "channel": "desk",
    "recipient": "night@paper.example",
    "priority": "high",
    "state": "retrying",
    "owed_at": "2026-01-27T13:12:00Z",
    "next_try_at": "2026-01-27T13:12:05Z",
    "tries": 2,
    "refusals": 1,
    "detail": "421 later",
    "settled_at": "2026-01-27T13:12:01Z",
}
STORED_KEYS = {
    "id": "a1",
    "number": 2,
    "source": "/srv/wire",
    "source_name": "wire",
    "location": "/srv/wire/0127.xml",
    "received_at": "2026-01-27T13:12:00Z",
    "article": ARTICLE_KEYS,
}


def same(made: records.Dict, wanted: dict[str, object]) -> None:
    """Equal, and the keys in the same order."""
    assert made == wanted
    assert list(made) == list(wanted)


def test_an_article_has_every_key_in_order() -> None:
    same(records.article_record("dir/a.xml", FULL), {"file": "dir/a.xml", **ARTICLE_KEYS})


def test_what_a_document_does_not_say_is_null() -> None:
    made = records.article_record("a.txt", BARE)
    assert list(made) == ["file", *ARTICLE_KEYS]
    said = {"file": "a.txt", "format": "plain", "text": "", "body": "", "zones": []}
    assert {k: v for k, v in made.items() if v is not None} == said


def test_a_zone_is_a_slice_of_the_text_in_code_points() -> None:
    text = "𝔘n 🇮🇳 e\u0301"
    article = replace(BARE, text=text, zones=(ZoneSpan(zone=Zone.LEAD, start=3, end=len(text)),))
    (zone,) = records.article_record("a", article)["zones"]  # type: ignore[misc,attr-defined]
    assert text[zone["start"] : zone["end"]] == "🇮🇳 e\u0301"


@pytest.mark.parametrize("format_", Format)
def test_every_format_has_the_name_that_is_documented(format_: Format) -> None:
    documented = "rss, rdf, atom, jsonfeed, nitf, newsml_1, newsml_g2, ninjs, iptc7901, anpa1312, mail, plain"
    assert records.article_record("a", replace(BARE, format=format_))["format"] in documented.split(", ")


def test_a_match_has_every_key_in_order() -> None:
    wanted = {
        "file": "a.xml",
        "article": "urn:newsml:1",
        "watch": "belousov",
        "name": "Andrey Belousov",
        "kind": "person",
        "mentions": [MENTION],
    }
    same(records.match_record("a.xml", FULL, MATCH), wanted)


def test_an_article_without_an_id_is_named_by_the_hash_of_its_text() -> None:
    empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert records.match_record("a", BARE, MATCH)["article"] == empty
    ni = "sha256:bb6bcfaeb6d99bdb2b67344eb8ec2a0ba77cb9d4e4ffc0ab4e2fb0b9ff6fcd06"
    made = records.article_name(replace(BARE, text="你"))
    assert made.startswith("sha256:")
    assert len(made) == len(ni)
    assert records.article_name(replace(BARE, text="\ud800")) != made


def test_an_alert_has_every_key_in_order_and_its_watches_by_priority() -> None:
    same(records.alert_record(ALERT), ALERT_KEYS)


def test_an_alert_of_an_article_without_a_headline_is_called_by_its_first_sentence() -> None:
    named = replace(ALERT, record=replace(RECORD, article=replace(FULL, headline=None)))
    assert records.alert_record(named)["headline"] == "One."
    purged = replace(ALERT, record=replace(RECORD, article=BARE))
    assert records.alert_record(purged)["headline"] is None


def test_an_owed_delivery_is_dated_by_when_it_came_to_be_owed() -> None:
    owed = replace(DELIVERY, state=DeliveryState.OWED, settled_at=None)
    (made,) = records.alert_record(replace(ALERT, deliveries=(owed,)))["deliveries"]  # type: ignore[misc,attr-defined]
    assert (made["state"], made["at"]) == ("owed", "2026-01-27T13:12:00Z")


def test_a_story_has_the_alert_and_all_that_led_to_it() -> None:
    later = replace(ALERT, alert=replace(ALERT.alert, id=AlertId("z9z9")))
    wanted = {
        **ALERT_KEYS,
        "follows": "b2c3",
        "follow_ups": ["z9z9"],
        "watchlist": "w1",
        "source": "/srv/wire",
        "source_name": "wire",
        "location": "/srv/wire/0127.xml",
        "received_at": "2026-01-27T13:12:00Z",
        "published": "2026-01-27T13:12:00Z",
        "version": 2,
        "matches": [
            {
                "watch": match.watch,
                "name": match.name,
                "kind": match.kind.value,
                "priority": match.priority.name.lower(),
                "file": "mine.yaml",
                "line": 6,
                "tell": ["desk"],
                "mentions": [MENTION],
            }
            for match in (TOPIC, MATCH)
        ],
        "tries": [DELIVERY_KEYS],
    }
    same(records.story_record(ALERT, [later]), wanted)


def test_a_stored_article_has_every_key_in_order() -> None:
    same(records.stored_article_record(RECORD), STORED_KEYS)


def test_a_hit_has_its_words_too() -> None:
    same(records.hit_record(Hit(record=RECORD, snippet="… talks …")), {**STORED_KEYS, "snippet": "… talks …"})


def test_a_source_has_every_key_in_order() -> None:
    state = SourceState(
        id=SourceId("https://news.example/rss"),
        kind=SourceKind.FEED,
        name="News",
        first_seen_at=AT,
        next_poll_at=AT,
        failures=3,
        health=Health.FAILING,
        health_reason="503",
    )
    found = SourceRecord(
        state=state, articles=7, last_result=PollResult.FAILED, last_detail="busy", last_http_status=503
    )
    wanted = {
        "id": "https://news.example/rss",
        "kind": "feed",
        "name": "News",
        "health": "failing",
        "health_reason": "503",
        "failures": 3,
        "articles": 7,
        "first_seen_at": "2026-01-27T13:12:00Z",
        "last_poll_at": None,
        "last_ok_at": None,
        "next_poll_at": "2026-01-27T13:12:00Z",
        "last_result": "failed",
        "last_detail": "busy",
        "last_http_status": 503,
    }
    same(records.source_record(found), wanted)
    assert records.source_record(replace(found, last_result=None))["last_result"] is None


def test_a_delivery_has_every_key_in_order() -> None:
    found = DeliveryRecord(delivery=DELIVERY, headline="Talks", paused_until=AT)
    wanted = {**DELIVERY_KEYS, "headline": "Talks", "paused_until": "2026-01-27T13:12:00Z"}
    same(records.delivery_record(found), wanted)


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (None, None),
        (AT, "2026-01-27T13:12:00Z"),
        (AT.replace(microsecond=120), "2026-01-27T13:12:00.000120Z"),
        (AT.astimezone(timezone(timedelta(hours=5, minutes=30))), "2026-01-27T13:12:00Z"),
    ],
)
def test_times_are_rfc_3339_in_utc(at: datetime | None, text: str | None) -> None:
    assert records.moment(at) == text
