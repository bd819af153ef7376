"""Every outcome comes back as it was, and nothing that is none is taken for one."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model import Article, Format, Lifecycle, Parsed, Refused, Zone, ZoneSpan
from monitor.sandbox.codec import Garbage, outcome, reply

FULL = Article(
    format=Format.PLAIN,
    text="Head\n\nText “ü”.",
    zones=(ZoneSpan(zone=Zone.HEADLINE, start=0, end=4), ZoneSpan(zone=Zone.LEAD, start=6, end=15)),
    member="a.txt",
    native_id="id",
    version="2",
    headline="Head",
    slug="slug",
    byline="By A",
    place="Oslo",
    dateline_date="--01-27",
    agency="NTB",
    language="nb",
    published=datetime(2026, 1, 27, 10, tzinfo=UTC),
    published_text="27 Jan",
    embargo_until=datetime(2026, 1, 28, 10, tzinfo=UTC),
    url="https://a.example/",
    urgency=3,
    lifecycle=Lifecycle.UPDATE,
    doubts=("one",),
)


@pytest.mark.parametrize(
    "made",
    [
        Parsed(articles=(FULL, FULL), format=Format.PLAIN, doubts=("two",)),
        Parsed(articles=()),
        Parsed(articles=(Article(format=Format.RSS, text="", zones=()),), format=Format.RSS),
        Refused(reason="no"),
    ],
)
def test_an_outcome_comes_back_as_it_was(made: Parsed | Refused) -> None:
    assert outcome(reply(made)) == made


def test_what_cannot_be_written_is_replaced() -> None:
    assert outcome(reply(Refused(reason="a\ud800b"))) == Refused(reason="a?b")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("text", None),
        ("text", 5),
        ("headline", 5),
        ("zones", None),
        ("zones", [["lead", 0, 99]]),
        ("zones", [["lead", 0, 4], ["body", 3, 5]]),
        ("zones", [["lead", 4, 4]]),
        ("zones", [["lead", -1, 4]]),
        ("zones", [["lead", 0, 4.0]]),
        ("zones", [["attic", 0, 4]]),
        ("zones", [["lead", 0]]),
        ("format", "scroll"),
        ("format", None),
        ("urgency", 10),
        ("urgency", True),
        ("lifecycle", "dead"),
        ("doubts", "one"),
        ("doubts", [1]),
        ("published", "2026-01-27T10:00:00"),
        ("published", "2026-01-27T10:00:00+01:00"),
        ("published", "tomorrow"),
        ("published", 5),
    ],
)
def test_an_article_with_a_wrong_field_is_garbage(name: str, value: Any) -> None:
    said = json.loads(reply(Parsed(articles=(FULL,), format=Format.PLAIN)))
    said["articles"][0][name] = value
    with pytest.raises(Garbage):
        outcome(json.dumps(said).encode())


@pytest.mark.parametrize(
    "said", [b"", b"null", b"[]", b"5", b"{", b'{"refused": 1}', b"\xff\xfe", b"[" * 100_000]
)
def test_what_is_no_outcome_is_garbage(said: bytes) -> None:
    with pytest.raises(Garbage):
        outcome(said)


@given(st.binary(max_size=80))
def test_no_bytes_raise_anything_else(said: bytes) -> None:
    with pytest.raises(Garbage):
        outcome(said)
