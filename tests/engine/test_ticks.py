"""The clock's guard outlives a store that cannot set due times right."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from monitor.engine.ticks import JUMP, Ticks
from monitor.errors import StoreError
from tests.store.making import StillClock


async def test_a_store_that_fails_at_one_jump_hears_of_the_next() -> None:
    heard: list[timedelta] = []
    twice = asyncio.Event()

    async def jumped(distance: timedelta) -> None:
        heard.append(distance)
        if len(heard) == 2:
            twice.set()
        raise StoreError("locked")

    async def tick(now: datetime) -> None:
        pass

    class Jumping(StillClock):
        async def sleep(self, seconds: float) -> None:
            self.seconds += seconds
            self.at += timedelta(seconds=seconds) + JUMP * 2
            await asyncio.sleep(0)

    clock = Jumping()
    ticks = Ticks(clock, timedelta(seconds=0.5), tick, jumped)
    ticks.start()
    try:
        await asyncio.wait_for(twice.wait(), 10)
    finally:
        ticks.stop()
    assert heard[:2] == [JUMP * 2] * 2
