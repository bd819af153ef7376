"""Lets few polls of one host begin at a time. The rest wait in line: a host that hangs takes nobody else's place."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field

from monitor.model import SourceId, SourceState

AT_ONCE = 2
"""One is asked while what the other brought is read: a host gets one request at a time anyway."""


@dataclass(slots=True)
class _Line:
    under_way: int = 0
    waiting: deque[SourceState] = field(default_factory=deque)


class Hosts:
    """The polls under way and in line, by host."""

    def __init__(self) -> None:
        self._lines: defaultdict[str, _Line] = defaultdict(_Line)
        self._waiting: set[SourceId] = set()

    def __contains__(self, id: SourceId) -> bool:
        """Whether a source waits in a line."""
        return id in self._waiting

    def admit(self, host: str, state: SourceState) -> bool:
        """Whether a source's poll may begin now; if not, it waits in its host's line."""
        line = self._lines[host]
        if line.under_way < AT_ONCE:
            line.under_way += 1
            return True
        line.waiting.append(state)
        self._waiting.add(state.id)
        return False

    def leave(self, host: str) -> SourceState | None:
        """Note that a poll has ended. Gives the next of its host's line, which begins in its place."""
        line = self._lines[host]
        if line.waiting:
            following = line.waiting.popleft()
            self._waiting.discard(following.id)
            return following
        line.under_way -= 1
        if not line.under_way:
            del self._lines[host]
        return None
