"""Structured logs on stderr: one event a line, no control characters, no secrets.

    2026-01-27T13:12:04Z info poll source=PTI result=read articles=1 alerts=1

Other libraries' warnings come the same way. Nothing else in the program sets up logging.
"""

from __future__ import annotations

import logging
import os
import sys
import traceback
from collections.abc import Iterable, Mapping, MutableMapping
from typing import TextIO

import structlog

from monitor.core.text.characters import is_seen

Event = MutableMapping[str, object]

SYSLOG = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}
"""sd-daemon(3): journald takes a line's priority from a prefix of this number."""

LONGEST = 2_000
"""Characters of one value; what is longer is cut, and says so."""

HIDDEN = "•••"


class Redact:
    """Takes every known secret out of an event; it learns of more as configurations are read."""

    def __init__(self) -> None:
        self._secrets: tuple[str, ...] = ()

    def learn(self, secrets: Iterable[str]) -> None:
        """Hide these from now on, too. Short ones would hide half of every line, and are left."""
        known = {*self._secrets, *(s for s in secrets if len(s) >= 4)}
        self._secrets = tuple(sorted(known, key=len, reverse=True))

    def __call__(self, _logger: object, _method: str, event: Event) -> Event:
        """Give the event without secrets (a structlog processor)."""
        for key, value in event.items():
            text = value if isinstance(value, str) else str(value)
            for secret in self._secrets:
                if secret in text:
                    text = text.replace(secret, HIDDEN)
                    event[key] = text
        return event


redact = Redact()


def set_up(
    level: str = "info", stream: TextIO | None = None, environ: Mapping[str, str] = os.environ
) -> None:
    """Send all logs of the process at or above a level to a stream, stderr by default."""
    number = getattr(logging, level.upper())
    journal = "JOURNAL_STREAM" in environ
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            _traceback,
            redact,
            structlog.processors.TimeStamper(fmt="%Y-%m-%dT%H:%M:%SZ", utc=True),
            _Line(journal),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=stream or sys.stderr),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [_Forward()]
    root.setLevel(logging.WARNING)
    # Apprise logs whole URLs, secrets included, at every level: what it did is told by the channel itself.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    # APScheduler warns of every tick that finds the one before waiting: twice a second while the store is locked.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)


def clean(text: str) -> str:
    """Give text that fits on one line of a terminal: control and format characters become visible escapes."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if is_seen(c) else c.encode("unicode_escape").decode() for c in text)


class _Line:
    """The last processor: an event as one line."""

    def __init__(self, journal: bool) -> None:
        self._journal = journal

    def __call__(self, _logger: object, _method: str, event: Event) -> str:
        level = str(event.pop("level"))
        time = event.pop("timestamp")
        head = f"<{SYSLOG[level]}>" if self._journal else f"{time} {level} "
        pairs = [
            f"{key}={_value(value)}" for key, value in event.items() if key != "event" and value is not None
        ]
        return head + " ".join([clean(str(event.get("event", ""))), *pairs])


def _value(value: object) -> str:
    text = str(value)
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]}… ({len(text)} characters)"
    text = clean(text)
    if text and not any(c in ' "=' for c in text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _traceback(_logger: object, _method: str, event: Event) -> Event:
    """Turn `exc_info` into the error's own words and the places it came through, on the same line."""
    wanted = event.pop("exc_info", None)
    if not wanted:
        return event
    error = wanted if isinstance(wanted, BaseException) else sys.exception() if wanted is True else None
    if error is not None:
        frames = traceback.extract_tb(error.__traceback__)[-8:]
        event["error"] = f"{type(error).__name__}: {error}"
        event["through"] = " > ".join(f"{os.path.basename(f.filename)}:{f.lineno} {f.name}" for f in frames)
    return event


class _Forward(logging.Handler):
    """Hands what other libraries log to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        """Say a record as an event of ours."""
        try:
            level = record.levelname.lower() if record.levelname.lower() in SYSLOG else "warning"
            error = record.exc_info[1] if record.exc_info else None
            getattr(structlog.get_logger(), level)(record.getMessage(), by=record.name, exc_info=error)
        except Exception:
            self.handleError(record)
