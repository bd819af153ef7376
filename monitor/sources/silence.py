"""Remembers which hosts asked to be left alone, and until when. It asks nobody for anything."""

from __future__ import annotations

from datetime import datetime, timedelta

from monitor.ports import Clock

MOST = 100_000
"""Hosts remembered."""


class Silences:
    """Hosts that are to be left alone. Outlives the HttpFetch that a change of the configuration replaces."""

    def __init__(self, clock: Clock, most: int = MOST) -> None:
        self._clock = clock
        self._most = most
        self._until: dict[str, float] = {}

    def __len__(self) -> int:
        """How many hosts are remembered."""
        return len(self._until)

    def until(self, host: str) -> datetime | None:
        """Give until when a host is to be left alone, if it is."""
        until = self._until.get(host)
        if until is None:
            return None
        left = until - self._clock.monotonic()
        if left <= 0:
            del self._until[host]
            return None
        return self._clock.now() + timedelta(seconds=left)

    def keep(self, host: str, seconds: float) -> None:
        """Leave a host alone from now on. Where too many are remembered, the one that ends first is forgotten."""
        now = self._clock.monotonic()
        if len(self._until) >= self._most:
            self._until = {h: until for h, until in self._until.items() if until > now}
        if len(self._until) >= self._most:
            # It was going to be asked soonest anyway.
            del self._until[min(self._until, key=self._until.__getitem__)]
        self._until[host] = now + seconds
