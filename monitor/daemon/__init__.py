"""Signals, sd_notify, the watchdog, logs, and reload-or-keep-old around one running engine."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import TextIO

from monitor.app import build, locked
from monitor.config.settings import Settings
from monitor.daemon.notify import Notify
from monitor.daemon.service import SIGNALS, Place, Service
from monitor.ports import Parse, Step, nothing

__all__ = ["Place", "run"]


def run(
    place: Place, *, state: Path, stream: TextIO, parse: Parse | None = None, step: Step = nothing
) -> int:
    """Run the daemon on a configuration and a state directory until it is told to stop.

    `stream` is where the channel `terminal` prints. Gives the exit code, 0. Raises ConfigError,
    AlreadyRunning, StoreError.
    """
    settings = place.load()
    with locked(state):
        asyncio.run(_serve(place, settings, state, stream, parse, step))
    return 0


async def _serve(
    place: Place, settings: Settings, state: Path, stream: TextIO, parse: Parse | None, step: Step
) -> None:
    async with build(state=state, stream=stream, parse=parse, step=step) as app:
        await Service(place, app, state, Notify(place.environ)).run(settings)
    _hear_no_more()


def _hear_no_more() -> None:
    """Ignore the signals that still come while the process ends in good order: they would be its exit code."""
    for name in SIGNALS:
        asyncio.get_running_loop().remove_signal_handler(name)
        signal.signal(name, signal.SIG_IGN)
