"""Reads what response headers ask of the next request. Pure, and unmoved by what a server writes there."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from monitor.model import Validators

RawHeaders = tuple[tuple[bytes, bytes], ...]

LONGEST_WAIT = timedelta(hours=24)
"""However long a server would have us wait."""
_KEPT = (
    "age",
    "cache-control",
    "content-language",
    "content-location",
    "content-type",
    "date",
    "etag",
    "expires",
    "last-modified",
    "link",
    "retry-after",
    "server",
    "vary",
)
_LONGEST_KEPT = 1024
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?([0-9]{1,10})(?![0-9])", re.IGNORECASE)
_NOT_KEPT = re.compile(r"(?:^|[\s,])no-(?:cache|store)\b", re.IGNORECASE)


def first(headers: RawHeaders, name: str) -> str | None:
    """Give a header's first value; bytes that are no UTF-8 are replaced. `name` is in lower case."""
    wanted = name.encode()
    return next((v.decode("utf-8", "replace") for n, v in headers if n.lower() == wanted), None)


def kept(headers: RawHeaders) -> tuple[tuple[str, str], ...]:
    """Give the headers that a document keeps: names in lower case, no control characters, cut to a length."""
    found = ((name, first(headers, name)) for name in _KEPT)
    return tuple((name, _shown(value)) for name, value in found if value)


def validators(headers: RawHeaders) -> Validators:
    """Give ETag and Last-Modified, byte for byte: what could not be sent back so is left out."""
    return Validators(etag=_exact(headers, b"etag"), last_modified=_exact(headers, b"last-modified"))


def validators_after_304(headers: RawHeaders, sent: Validators) -> Validators:
    """Give the validators to send next: the 304's own, or the old where it names none at all."""
    new = validators(headers)
    return sent if new == Validators() else new


def retry_after(headers: RawHeaders, now: datetime) -> datetime | None:
    """Give the moment that Retry-After names (RFC 9110, section 10.2.3), a day ahead at most."""
    value = (first(headers, "retry-after") or "").strip()
    if re.fullmatch(r"[0-9]{1,12}", value):
        wait = timedelta(seconds=min(int(value), LONGEST_WAIT.total_seconds()))
    else:
        at = _date(value)
        wait = min(at - now, LONGEST_WAIT) if at else timedelta(0)
    return now + wait if wait > timedelta(0) else None


def fresh_until(headers: RawHeaders, now: datetime) -> datetime | None:
    """Give until when the answer holds by its server's word (RFC 9111, section 4.2), at most a day ahead.

    Cache-Control outdoes Expires, which counts from the server's own Date.
    """
    control = first(headers, "cache-control") or ""
    if _NOT_KEPT.search(control):
        return None
    max_age = _MAX_AGE.search(control)
    if max_age:
        lifetime = timedelta(seconds=min(int(max_age[1]), LONGEST_WAIT.total_seconds())) - _age(headers)
    else:
        expires = _date(first(headers, "expires") or "")
        lifetime = expires - (_date(first(headers, "date") or "") or now) if expires else timedelta(0)
    return now + min(lifetime, LONGEST_WAIT) if lifetime > timedelta(0) else None


def _age(headers: RawHeaders) -> timedelta:
    value = (first(headers, "age") or "").strip()
    seconds = int(value) if re.fullmatch(r"[0-9]{1,12}", value) else 0
    return timedelta(seconds=min(seconds, LONGEST_WAIT.total_seconds()))


def _date(text: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(text[:100])
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _exact(headers: RawHeaders, name: bytes) -> str | None:
    value = next((v for n, v in headers if n.lower() == name), b"")
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if not text or re.search(r"[\x00-\x08\x0a-\x1f\x7f]", text) else text


def _shown(value: str) -> str:
    return "".join(c for c in value[:_LONGEST_KEPT] if c.isprintable())
