"""The terminal as a channel: alerts as text on a stream. Must never write what moves a cursor or hides text."""

from __future__ import annotations

import asyncio
import os
import textwrap
import threading
from datetime import datetime, timedelta, tzinfo
from typing import TextIO

from monitor.core.alerts.wording import TERMINAL, word
from monitor.model import Batch, ChannelName, MessageId, SendOutcome, SendResult, Wording
from monitor.threads import in_thread

DEADLINE = timedelta(seconds=60)
_USUAL_WIDTH = 80
_NARROWEST = 20
"""Columns; a terminal that claims fewer is left to wrap by itself."""
_BOLD, _DIM, _MARK, _END = "\x1b[1m", "\x1b[2m", "\x1b[1;33m", "\x1b[0m"


class Console:
    """Prints to a stream, one message after another, with colours where the stream is a terminal."""

    def __init__(
        self, name: ChannelName, stream: TextIO, zone: tzinfo, *, deadline: timedelta = DEADLINE
    ) -> None:
        self.name = name
        self._stream = stream
        self._zone = zone
        self._deadline = deadline
        self._lock = threading.Lock()
        self._stuck = False

    def word(self, batch: Batch, now: datetime) -> Wording:
        """Say a batch for a terminal, whose own lines wrap."""
        return word(batch, now, self._zone, TERMINAL)

    async def send(self, batch: Batch, wording: Wording, message: MessageId) -> SendOutcome:
        """Print a message. A stream that is stopped or gone is tried again."""
        if self._stuck:
            return SendOutcome(result=SendResult.TEMPORARY, detail="the terminal is stopped")
        text = self._text(wording)
        try:
            async with asyncio.timeout(self._deadline.total_seconds()):
                return await in_thread(lambda: self._print(text), f"send {self.name}")
        except TimeoutError:
            return SendOutcome(result=SendResult.TEMPORARY, detail="the terminal is stopped")

    def _print(self, text: str) -> SendOutcome:
        with self._lock:
            self._stuck = True
            try:
                self._stream.write(text)
                self._stream.flush()
            except (OSError, ValueError) as error:
                return SendOutcome(
                    result=SendResult.TEMPORARY, detail=f"the terminal is gone ({type(error).__name__})"
                )
            finally:
                self._stuck = False
        return SendOutcome(result=SendResult.ACCEPTED)

    def _text(self, wording: Wording) -> str:
        width = self._width()
        lines = [_wrapped(line, width) for line in wording.plain.split("\n")]
        if width:
            headline = _wrapped(wording.subject, width)
            shown = [f"{_BOLD}{headline}{_END}", *(_coloured(line) for line in lines[:-1])]
            shown.append(f"{_DIM}{lines[-1]}{_END}")
        else:
            shown = [wording.subject, *lines]
        return self._encodable("\n".join(shown) + "\n\n")

    def _width(self) -> int:
        """Give the columns of a terminal; 0 where the stream is none."""
        try:
            if not self._stream.isatty():
                return 0
            return os.get_terminal_size(self._stream.fileno()).columns or _USUAL_WIDTH
        except (OSError, ValueError):
            return _USUAL_WIDTH if not self._stream.closed else 0

    def _encodable(self, text: str) -> str:
        """Replace what the stream's encoding lacks: an alert with a question mark beats none."""
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        return text.encode(encoding, "replace").decode(encoding)


def _wrapped(line: str, width: int) -> str:
    """Break a line between words, what follows set in; a path or link that is longer is left whole."""
    if width < _NARROWEST or len(line) <= width:
        return line
    return textwrap.fill(line, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def _coloured(line: str) -> str:
    """Show the mentions of a quote in colour."""
    if not line.endswith('"') or ': "' not in line:
        return line
    return line.replace("[", f"{_MARK}[").replace("]", f"]{_END}")
