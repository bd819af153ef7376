"""A steady tick from APScheduler that outlives whatever happens to the wall clock.

APScheduler keeps its times by the wall clock: set back an hour, it is silent for an hour; set forward a year,
it counts every run that it missed. So the trigger here always means "from now on", and a guard that counts
by the monotonic clock asks for a tick when one is late.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from monitor.errors import MonitorError
from monitor.ports import Clock

log = structlog.get_logger("monitor.engine")

JUMP = timedelta(seconds=2)
"""Wall and monotonic clock may drift apart by this much between two looks before it counts as a jump."""


class FromNow(BaseTrigger):  # type: ignore[misc]  # APScheduler ships no types
    """Fires a fixed time after now, whatever fired before: a jump of the clock costs nothing."""

    def __init__(self, every: timedelta) -> None:
        self._every = every

    def get_next_fire_time(self, _previous: datetime | None, now: datetime) -> datetime:
        """Give the next moment, from the scheduler's now."""
        return now + self._every


class Ticks:
    """Calls `tick` every so often, and `jumped` with the distance when the wall clock was set."""

    def __init__(
        self,
        clock: Clock,
        every: timedelta,
        tick: Callable[[datetime], Awaitable[None]],
        jumped: Callable[[timedelta], Awaitable[None]],
    ) -> None:
        self._clock = clock
        self._every = every
        self._tick = tick
        self._jumped = jumped
        self._scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )
        self._last = clock.monotonic()
        self._guard: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin ticking, at once."""
        self._scheduler.add_job(self._run, FromNow(self._every), id="tick", next_run_time=self._clock.now())
        self._scheduler.start()
        self._guard = asyncio.create_task(self._watch_clock(), name="clock guard")

    def stop(self) -> None:
        """Tick no more. Work that ticks have begun is not ours to end."""
        if self._guard is not None:
            self._guard.cancel()
        self._scheduler.shutdown(wait=False)

    async def _run(self) -> None:
        self._last = self._clock.monotonic()
        # Stopping the scheduler cancels a tick that waits for the store.
        with suppress(asyncio.CancelledError):
            await self._tick(self._clock.now())

    async def _tell_of_jump(self, distance: timedelta) -> None:
        try:
            await self._jumped(distance)
        except MonitorError as error:
            log.error("due times could not be set right", error=str(error))

    async def _watch_clock(self) -> None:
        pace = self._every.total_seconds()
        wall, steady = self._clock.now(), self._clock.monotonic()
        while True:
            await self._clock.sleep(pace)
            now, counted = self._clock.now(), self._clock.monotonic()
            distance = (now - wall) - timedelta(seconds=counted - steady)
            wall, steady = now, counted
            if abs(distance) > JUMP:
                log.warning("the clock was set", by_seconds=round(distance.total_seconds(), 1))
                await self._tell_of_jump(distance)
            if counted - self._last > 2 * pace + 1:
                self._scheduler.modify_job("tick", next_run_time=self._clock.now())
