"""Dates are read in every usual form, and what is unclear about one is said."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.text.dates import is_date, read_date, read_day, tells_time

RECEIVED = datetime(2026, 7, 29, 12, tzinfo=UTC)


def _read(text: str, timezone: str | None = None) -> tuple[str | None, str | None]:
    found = read_date(text, received=RECEIVED, timezone=timezone)
    return (f"{found.at:%Y-%m-%d %H:%M:%S}" if found.at else None), found.doubt


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tue, 27 Jan 2026 18:42:00 +0530", "2026-01-27 13:12:00"),
        ("27 Jan 2026 18:42 GMT", "2026-01-27 18:42:00"),
        ("Tue, 27 Jan 26 18:42:00 Z", "2026-01-27 18:42:00"),
        ("Tue, 27 Jan 2026 18:42:00 -0000", "2026-01-27 18:42:00"),
        ("Tue, 27 Jan 2026 18:42:00 EST", "2026-01-27 23:42:00"),
        ("Wed, 1 Jul 2026 12:00:00 EST", "2026-07-01 17:00:00"),
        ("Tuesday, 27-Jan-26 10:15:00 GMT", "2026-01-27 10:15:00"),
        ("Tue, 27 Jan 2026 6:05 PM GMT", "2026-01-27 18:05:00"),
        ("Tue, 27 Jan 2026 12:05 am GMT", "2026-01-27 00:05:00"),
        ("Tue Jan 27 10:15:00 UTC 2026", "2026-01-27 10:15:00"),
        ("2026-01-27T10:15:00Z", "2026-01-27 10:15:00"),
        ("2026-01-27T10:15:00.123456789+01:00", "2026-01-27 09:15:00"),
        ("2026-01-27 10:15 +01", "2026-01-27 09:15:00"),
        ("20260127T101500Z", "2026-01-27 10:15:00"),
        ("2016-12-31T23:59:60Z", "2016-12-31 23:59:59"),
        ("Tue, 27 Jan 2026 24:00:00 GMT", "2026-01-28 00:00:00"),
        ("27 января 2026 10:15 МСК", "2026-01-27 07:15:00"),
        ("mardi 27 janvier 2026 10:15 GMT", "2026-01-27 10:15:00"),
        ("27.01.2026 10:15 CET", "2026-01-27 09:15:00"),
        ("2026年1月27日 10:15 JST", "2026-01-27 01:15:00"),
        ("1769500000", "2026-01-27 07:46:40"),
    ],
)
def test_a_clear_date_is_read_without_a_doubt(text: str, expected: str) -> None:
    assert _read(text) == (expected, None)


@pytest.mark.parametrize(
    ("text", "timezone", "expected", "doubt"),
    [
        ("2026-01-27 10:15", None, "2026-01-27 10:15:00", "a date without a zone, read as UTC"),
        ("2026-01-27", None, "2026-01-27 00:00:00", "a date without a time, read as UTC"),
        ("2026-01-27 10:15", "Asia/Kolkata", "2026-01-27 04:45:00", None),
        ("27 Jan 2026 10:15 IST", None, "2026-01-27 04:45:00", "IST is the name of several zones"),
        ("27 Jan 2026 10:15 IST", "Asia/Kolkata", "2026-01-27 04:45:00", None),
        ("27 Jul 2026 10:15 IST", "Europe/Dublin", "2026-07-27 09:15:00", None),
        ("27 Jul 2026 10:15 BST", None, "2026-07-27 09:15:00", "BST is the name of several zones"),
        ("27 Jul 2026 10:15 BST", "Europe/London", "2026-07-27 09:15:00", None),
        ("27 Jan 2026 10:15 CST", "Asia/Shanghai", "2026-01-27 02:15:00", None),
        ("27 Jan 2026 10:15:00 +9999", None, "2026-01-27 10:15:00", "no such zone: +9999"),
        ("27 Jan 2026 10:15 QQT", None, "2026-01-27 10:15:00", "no such zone: QQT"),
        ("27 Jan 2026 10:15", "No/Where", "2026-01-27 10:15:00", "a date without a zone, read as UTC"),
        (
            "27 Jan 2026 10:15",
            "../../etc/passwd",
            "2026-01-27 10:15:00",
            "a date without a zone, read as UTC",
        ),
        ("Thu, 30 Feb 2026 10:00 GMT", None, None, "unreadable date: 'Thu, 30 Feb 2026 10:00 GMT'"),
        ("0000-00-00", None, None, "unreadable date: '0000-00-00'"),
        ("yesterday", None, None, "unreadable date: 'yesterday'"),
        ("27 Foo 2026", None, None, "unreadable date: '27 Foo 2026'"),
        ("27 Jan 2026 13:05 PM GMT", None, None, "unreadable date: '27 Jan 2026 13:05 PM GMT'"),
        ("27 Jan 2026 25:00 GMT", None, None, "unreadable date: '27 Jan 2026 25:00 GMT'"),
        ("", None, None, "unreadable date: ''"),
        ("9999-12-31T23:59:59Z", None, None, "absurd date: '9999-12-31T23:59:59Z'"),
        ("9999-12-31T23:59:59-14:00", None, None, "absurd date: '9999-12-31T23:59:59-14:00'"),
        ("0001-01-01T00:00:00+14:00", None, None, "absurd date: '0001-01-01T00:00:00+14:00'"),
        ("1989-12-31T00:00:00Z", None, None, "absurd date: '1989-12-31T00:00:00Z'"),
    ],
)
def test_what_is_unclear_is_said(
    text: str, timezone: str | None, expected: str | None, doubt: str | None
) -> None:
    assert _read(text, timezone) == (expected, doubt)


def test_two_days_ahead_is_the_most() -> None:
    ahead = RECEIVED + timedelta(days=2)
    assert read_date(ahead.isoformat(), received=RECEIVED).at == ahead
    assert read_date((ahead + timedelta(seconds=1)).isoformat(), received=RECEIVED).at is None


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("2026-01-27", True),
        ("Jan. 27, 2026", True),
        ("27 January 2026, 14:05 GMT", True),
        ("27 January 2026 was a Tuesday", False),
        ("2026-01-27 to 2026-01-28", False),
        ("Beijing, Jan 27", False),
    ],
)
def test_a_line_is_a_date_only_where_it_is_nothing_else(text: str, whole: bool) -> None:
    assert is_date(text) is whole


@pytest.mark.parametrize(
    ("text", "timed"),
    [
        ("27 Jan 2026 18:42 GMT", True),
        ("2026-01-27T00:00:01Z", True),
        ("20260127T101500Z", True),
        ("Tue, 27 Jan 2026 12:05 am GMT", True),
        ("1769516700", True),
        ("27.01.2026", False),
        ("2026-01-27", False),
        ("January 27, 2026", False),
        ("Tue, 27 Jan 2026 00:00:00 +0800", False),
        ("2026-01-27T24:00:00Z", False),
        ("yesterday", False),
        ("1" * 200, False),
    ],
)
def test_a_date_tells_a_time_unless_it_is_a_day_or_midnight_sharp(text: str, timed: bool) -> None:
    assert tells_time(text) is timed


def test_the_day_of_a_date_is_its_own_wherever_it_was_written() -> None:
    assert read_day("Tue, 27 Jan 2026 23:30:00 -0800") == date(2026, 1, 27)
    assert read_day("no date") is None


@given(st.text(max_size=150) | st.text(alphabet="0123456789-:TZ+ ,.JanFeb", max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    found = read_date(text, received=RECEIVED, timezone="Asia/Kolkata")
    assert found.at is None or (found.at.utcoffset() == timedelta(0) and found.at.year >= 1990)
    assert found.at is not None or found.doubt
    is_date(text)


@given(
    st.datetimes(datetime(1990, 1, 2), datetime(2026, 7, 29)),
    st.sampled_from(["%Y-%m-%dT%H:%M:%SZ", "%a, %d %b %Y %H:%M:%S GMT"]),
)
def test_what_is_written_in_the_standard_forms_is_read_back(at: datetime, form: str) -> None:
    whole = at.replace(microsecond=0, tzinfo=UTC)
    assert read_date(whole.strftime(form), received=RECEIVED).at == whole
