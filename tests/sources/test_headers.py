"""What response headers ask of the next request."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model import Validators
from monitor.sources.headers import (
    RawHeaders,
    fresh_until,
    kept,
    retry_after,
    validators,
    validators_after_304,
)

NOW = datetime(2026, 1, 27, 13, 12, tzinfo=UTC)


def seconds(at: datetime | None) -> float | None:
    return None if at is None else (at - NOW).total_seconds()


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        (b"120", 120),
        (b" 120 ", 120),
        (b"316800", 86400),
        (b"99999999999999999999", None),
        (b"Tue, 27 Jan 2026 13:22:00 GMT", 600),
        (b"Tuesday, 27-Jan-26 13:22:00 GMT", 600),
        (b"Fri, 31 Dec 2099 23:59:59 GMT", 86400),
        (b"Tue, 27 Jan 2026 13:00:00 GMT", None),
        (b"0", None),
        (b"-5", None),
        (b"1.5", None),
        (b"soon", None),
        (b"", None),
        (b"\xff\xfe", None),
        ("١٢٠".encode(), None),
        (b"Tue, 99 Foo 2026 13:22:00 GMT", None),
        (b"Tue, 27 Jan 99999 13:22:00 GMT", None),
    ],
)
def test_retry_after_is_heard_where_it_makes_sense(value: bytes, wait: float | None) -> None:
    assert seconds(retry_after(((b"Retry-After", value),), NOW)) == wait


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Cache-Control": "max-age=600"}, 600),
        ({"Cache-Control": "public, MAX-AGE=600, must-revalidate"}, 600),
        ({"Cache-Control": 'max-age="600"'}, 600),
        ({"Cache-Control": "max-age=600", "Age": "200"}, 400),
        ({"Cache-Control": "max-age=600", "Age": "700"}, None),
        ({"Cache-Control": "max-age=600", "Age": "young"}, 600),
        ({"Cache-Control": "max-age=31536000"}, 86400),
        ({"Cache-Control": "max-age=0", "Expires": "Tue, 27 Jan 2026 14:12:00 GMT"}, None),
        ({"Cache-Control": "s-maxage=600"}, None),
        ({"Cache-Control": "no-cache, max-age=600"}, None),
        ({"Cache-Control": "no-store", "Expires": "Tue, 27 Jan 2026 14:12:00 GMT"}, None),
        ({"Cache-Control": "max-age=-1"}, None),
        ({"Expires": "Tue, 27 Jan 2026 14:12:00 GMT"}, 3600),
        ({"Expires": "Tue, 27 Jan 2026 14:12:00 GMT", "Date": "Tue, 27 Jan 2026 14:02:00 GMT"}, 600),
        ({"Expires": "0"}, None),
        ({"Expires": "Thu, 01 Jan 1970 00:00:00 GMT"}, None),
        ({}, None),
    ],
)
def test_an_answer_s_lifetime_is_heard(headers: dict[str, str], wait: float | None) -> None:
    raw = tuple((n.encode(), v.encode()) for n, v in headers.items())
    assert seconds(fresh_until(raw, NOW)) == wait


@pytest.mark.parametrize(
    "etag", ['"abc"', 'W/"abc"', "unquoted", '"\u00e9\u4e2d"', '""', "  inner  space".strip()]
)
def test_validators_are_kept_byte_for_byte(etag: str) -> None:
    raw = ((b"ETag", etag.encode()), (b"LAST-MODIFIED", b"yesterday, about noon"))
    assert validators(raw) == Validators(etag=etag, last_modified="yesterday, about noon")


@pytest.mark.parametrize("value", [b"", b"\xff", b"a\x00b", b"a\x1bb"])
def test_validators_that_could_not_be_sent_back_are_left_out(value: bytes) -> None:
    assert validators(((b"ETag", value),)) == Validators()


def test_a_304_replaces_both_validators_or_none() -> None:
    sent = Validators(etag='"old"', last_modified="Monday")
    assert validators_after_304(((b"ETag", b'"new"'),), sent) == Validators(etag='"new"')
    assert validators_after_304(((b"Date", b"today"),), sent) == sent


def test_a_document_keeps_the_headers_of_use_and_no_cookie() -> None:
    raw = (
        (b"Content-Type", b"text/xml; charset=\xe4" + b"x" * 5000),
        (b"Set-Cookie", b"id=secret"),
        (b"X-Anything", b"1"),
        (b"Server", b"a\x1b[2J\xc2\x85b"),
    )
    headers = dict(kept(raw))
    assert set(headers) == {"content-type", "server"}
    assert len(headers["content-type"]) == 1024
    assert headers["server"] == "a[2Jb"


names = st.sampled_from(
    [b"Retry-After", b"Cache-Control", b"Expires", b"Date", b"Age", b"ETag", b"Content-Type"]
)
values = st.binary(max_size=40) | st.sampled_from(
    [b"max-age=", b"Tue, 27 Jan 2026 14:12:00", b"-1", b"9" * 400]
)


@given(st.lists(st.tuples(names, values), max_size=8).map(tuple))
def test_no_header_breaks_anything(raw: RawHeaders) -> None:
    for at in (retry_after(raw, NOW), fresh_until(raw, NOW)):
        assert at is None or timedelta(0) < at - NOW <= timedelta(days=1)
    kept(raw)
    validators_after_304(raw, Validators())
