"""Turns a file that the user named into a document. It must not look into its text."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from datetime import UTC, datetime
from pathlib import Path

from monitor.model import ContentHash, Document, Hints, Refused, SourceId

STDIN = "-"
MOST = 50_000_000
"""Bytes of a file: what the monitor reads out of a folder, too."""


def read_document(file: str, hints: Hints, now: datetime) -> Document | Refused:
    """Read a file, `-` being standard input. Refused: not there, not a regular file, not to be read, or too large."""
    try:
        content, arrived = (sys.stdin.buffer.read(MOST + 1), now) if file == STDIN else _regular(file)
    except _Unfit as error:
        return Refused(reason=str(error))
    except OSError as error:
        return Refused(reason=error.strerror or str(error))
    if len(content) > MOST:
        return Refused(reason=f"larger than {MOST:,} bytes, the most that is read of one file")
    return Document(
        source=SourceId(""),
        location=os.path.abspath(file) if file != STDIN else STDIN,
        received_at=now,
        arrived_at=arrived,
        content=content,
        content_hash=ContentHash(hashlib.sha256(content).hexdigest()),
        hints=hints,
    )


class _Unfit(Exception):
    """What was named is no file that can be read."""


def _regular(file: str) -> tuple[bytes, datetime]:
    """Give a regular file's content, one byte more than the most at most, and its change time."""
    # A pipe would keep the open waiting for its other end.
    number = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        status = os.fstat(number)
        if stat.S_ISDIR(status.st_mode):
            raise _Unfit(f"is a folder: name the files in it, such as {Path(file) / '*'}")
        if not stat.S_ISREG(status.st_mode):
            raise _Unfit("is no regular file: to read a pipe, send it to standard input and name it -")
        with open(number, "rb", closefd=False) as opened:
            return opened.read(MOST + 1), _changed(status.st_mtime)
    finally:
        os.close(number)


def _changed(seconds: float) -> datetime:
    """Give a file's change time; the epoch where it is no time at all."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return datetime.fromtimestamp(0, UTC)
