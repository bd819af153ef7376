"""Hears what receivers answer, and says what that makes of a message. Sends nothing itself.

Apprise says whether a message was taken and tells the rest, the status and Retry-After among it, only to its log.
All its services speak HTTP through `requests.Session.send`; `listen` wraps that one method, once. The wrapper does
nothing outside `hearing()`; inside it also keeps what is ours to keep: no redirects, time-outs, a cap on what is read.
"""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import wraps
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

import requests

from monitor.core.alerts.neutral import cut, line
from monitor.model import SendOutcome, SendResult

TIMEOUTS = (10.0, 30.0)
"""Seconds to connect, and between two reads."""
LONGEST_ANSWER = 256 * 1024
"""Bytes; no service answers a message with more."""
UNREACHABLE = frozenset({401, 403, 404, 410})
REFUSED = frozenset({400, 413, 422})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one request led to."""

    status: int | None = None
    error: str | None = None
    """Why there was no answer."""
    said: str = ""
    """The receiver's own words on what is wrong, all of them."""
    denied: bool = False
    """The status says yes, the body no."""
    retry_after: timedelta | None = None


_heard: ContextVar[tuple[list[Answer], datetime] | None] = ContextVar("heard", default=None)


@contextmanager
def hearing(now: datetime) -> Iterator[list[Answer]]:
    """Collect the answers to every request that this thread makes."""
    answers: list[Answer] = []
    token = _heard.set((answers, now))
    try:
        yield answers
    finally:
        _heard.reset(token)


def listen() -> None:
    """Begin to hear; more than once does no harm."""
    if not hasattr(requests.Session.send, "heard_by_monitor"):
        requests.Session.send = _heard_by_us(requests.Session.send)  # type: ignore[method-assign]


def _heard_by_us(send: Callable[..., requests.Response]) -> Callable[..., requests.Response]:
    @wraps(send)
    def heard(
        session: requests.Session, request: requests.PreparedRequest, **options: Any
    ) -> requests.Response:
        listening = _heard.get()
        if listening is None:
            return send(session, request, **options)
        answers, now = listening
        options |= {"allow_redirects": False, "stream": True, "timeout": TIMEOUTS}
        try:
            response = send(session, request, **options)
            _read(response)
        except requests.RequestException as error:
            answers.append(Answer(error=_why(error)))
            raise
        answers.append(_answer(response, now))
        return response

    heard.heard_by_monitor = True  # type: ignore[attr-defined]
    return heard


def _read(response: requests.Response) -> None:
    """Read an answer up to the cap, and leave it where `requests` keeps what it has read."""
    read = b""
    for part in response.iter_content(LONGEST_ANSWER):
        read += part
        if len(read) >= LONGEST_ANSWER:
            break
    response.close()
    response._content = read[:LONGEST_ANSWER]
    response._content_consumed = True


def _why(error: requests.RequestException) -> str:
    """Say why there was no answer. Not in the error's words: they hold the whole URL."""
    match error:
        case requests.exceptions.SSLError():
            return "TLS failed"
        case requests.exceptions.ConnectTimeout():
            return "no connection within 10 s"
        case requests.exceptions.Timeout():
            return "no answer within 30 s"
        case requests.exceptions.ConnectionError():
            return "the connection failed"
        case _:
            return f"the request failed ({type(error).__name__})"


def _answer(response: requests.Response, now: datetime) -> Answer:
    body = _json(response)
    wish = _wish(response.headers.get("Retry-After"), now) or _wish_in(body)
    words = next(
        (body[k] for k in ("description", "message", "error", "detail") if isinstance(body.get(k), str)), ""
    )
    return Answer(
        status=response.status_code,
        said=words,
        denied=body.get("ok") is False,
        retry_after=wish,
    )


def _json(response: requests.Response) -> dict[str, Any]:
    if response.content[:1] != b"{":
        return {}
    try:
        body = json.loads(response.content)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _wish(header: str | None, now: datetime) -> timedelta | None:
    """Give how long a Retry-After header asks to wait (RFC 9110, 10.2.3)."""
    if not header:
        return None
    try:
        return (
            _seconds(float(header)) if header.strip()[:1].isdigit() else parsedate_to_datetime(header) - now
        )
    except (ValueError, TypeError):
        return None


def _wish_in(body: dict[str, Any]) -> timedelta | None:
    """Give the wish that Discord and Telegram put into the body."""
    inner = body.get("parameters")
    value = body.get("retry_after", inner.get("retry_after") if isinstance(inner, dict) else None)
    return _seconds(value) if isinstance(value, int | float) else None


def _seconds(value: float) -> timedelta | None:
    return timedelta(seconds=min(value, 86_400 * 7)) if value >= 0 else None


def outcome(accepted: bool, answers: Sequence[Answer], secrets: frozenset[str] = frozenset()) -> SendOutcome:
    """Say what a send came to: Apprise's verdict with what was heard. What stays unclear is temporary.

    `secrets`, casefolded, are what the receiver's words are not shown for where they repeat any of it.
    """
    last = next((a for a in reversed(answers) if a.denied or not _fine(a)), None)
    if accepted and not (last is not None and last.denied):
        return SendOutcome(result=SendResult.ACCEPTED)
    if last is None:
        return SendOutcome(result=SendResult.TEMPORARY, detail="the service took nothing and did not say why")
    return SendOutcome(
        result=_result(last.status), detail=_detail(last, secrets), retry_after=last.retry_after
    )


def _fine(answer: Answer) -> bool:
    return answer.status is not None and 200 <= answer.status < 300


def _result(status: int | None) -> SendResult:
    if status in UNREACHABLE:
        return SendResult.UNREACHABLE
    return SendResult.REFUSED if status in REFUSED else SendResult.TEMPORARY


def _detail(answer: Answer, secrets: frozenset[str]) -> str:
    if answer.status is None:
        return answer.error or "no answer"
    try:
        phrase = f"HTTP {answer.status} {HTTPStatus(answer.status).phrase}"
    except ValueError:
        phrase = f"HTTP {answer.status}"
    words = "" if _repeats(answer.said, secrets) else cut(line(answer.said[:400]), 160)
    return f"{phrase}: {words}" if words else phrase


def _repeats(said: str, secrets: frozenset[str]) -> bool:
    """Whether words hold a secret, in small letters or large, as it is meant or as URLs and pages write it."""
    shapes = [said.casefold()]
    for undo in (unquote, unquote, html.unescape):
        shapes.append(undo(shapes[-1]).casefold())
    return any(secret in shape for shape in shapes for secret in secrets)
