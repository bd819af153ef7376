"""A clock that a test sets and speeds up while the daemon goes by it. It lies in a file that both have mapped."""

from __future__ import annotations

import asyncio
import mmap
import struct
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

_STATE = struct.Struct("dddd")
_SHORTEST, _LONGEST = 0.005, 0.02
"""Seconds of real sleep: as short as is fair to the machine, as long as a change of speed may go unnoticed."""


class SharedClock:
    """Fulfils ports.Clock; `jump` sets the wall clock, `speed` both clocks' pace. Only one process changes it."""

    def __init__(self, path: Path) -> None:
        new = not path.exists()
        with path.open("x+b" if new else "r+b") as file:
            if new:
                file.write(bytes(1 + 2 * _STATE.size))
                file.flush()
            self._map = mmap.mmap(file.fileno(), 1 + 2 * _STATE.size)
        self.path = path
        if new:
            real = time.monotonic()
            self._write(real, real, time.time() - real, 1.0)

    def now(self) -> datetime:
        """Give the wall clock, aware, in UTC."""
        return datetime.fromtimestamp(self.monotonic() + self._read()[2], UTC)

    def monotonic(self) -> float:
        """Give seconds that never jump."""
        return self.at(time.monotonic())

    def at(self, moment: float) -> float:
        """Give what `monotonic` is at a moment of the machine's own monotonic clock, at the present speed."""
        real, shown, _, rate = self._read()
        return shown + (moment - real) * rate

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ends = self.monotonic() + seconds
        while (left := ends - self.monotonic()) > 0:  # noqa: ASYNC110 -- in steps: the speed may change meanwhile
            await asyncio.sleep(min(max(left / self._read()[3], _SHORTEST), _LONGEST))

    def jump(self, distance: timedelta) -> None:
        """Set the wall clock, forward or back."""
        real, shown, offset, rate = self._read()
        self._write(real, shown, offset + distance.total_seconds(), rate)

    def speed(self, rate: float) -> None:
        """Make both clocks go so many times as fast as the machine's."""
        now = time.monotonic()
        self._write(now, self.at(now), self._read()[2], rate)

    def _read(self) -> tuple[float, float, float, float]:
        half = self._map[0]
        return _STATE.unpack_from(self._map, 1 + half * _STATE.size)

    def _write(self, *state: float) -> None:
        """Write the half that nobody reads, then have it read: no reader sees a state in the making."""
        half = 1 - self._map[0]
        _STATE.pack_into(self._map, 1 + half * _STATE.size, *state)
        self._map[0] = half
