"""One running daemon: starts the engine, takes up saved configurations, feeds the watchdog, ends in good order."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog

from monitor.app import App, Configured
from monitor.config import load, warnings
from monitor.config.problems import Files, Mistakes
from monitor.config.settings import Secret, Settings
from monitor.control import Control
from monitor.daemon.logs import redact
from monitor.daemon.notify import Notify
from monitor.daemon.reload import ConfigWatch
from monitor.errors import ConfigError
from monitor.model import Trouble, TroubleRoute

log = structlog.get_logger("monitor.daemon")

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""What a daemon hears: the first two ask it to stop, the last to reload."""
GRACE = timedelta(seconds=17)
"""What is in flight may take this long to finish; with closing a store that is locked, 20 s in all."""
CONFIG_LOOK = 1.0
"""Seconds between two looks at the configuration's files."""
CONFIG_TROUBLE = "configuration"
"""The key of the trouble that a saved configuration has mistakes."""
MOST_PROBLEMS_TOLD = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a daemon's configuration and secrets come from."""

    directory: Path
    environ: Mapping[str, str]
    credentials: Path | None = None

    def load(self) -> Settings:
        """Read the configuration. Raises ConfigError."""
        settings = load(self.directory, environ=self.environ, credentials=self.credentials)
        redact.learn(_secrets(settings))
        return settings


class Service:
    """A daemon over an app whose store is open."""

    def __init__(self, place: Place, app: App, state: Path, notify: Notify) -> None:
        self._place = place
        self._app = app
        self._notify = notify
        self._control = Control(state, self._retry)
        self._stopping = asyncio.Event()
        self._reload = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._configured: Configured | None = None
        self._status = ""

    async def run(self, settings: Settings) -> None:
        """Run until a signal asks to stop; then finish what is in flight."""
        self._take_signals()
        await self._app.recover()
        await self._use(await self._app.configure(settings))
        await self._control.start()
        self._app.engine.start()
        self._begin(self._take_up_saved(settings), "configuration")
        self._begin(self._feed_watchdog(), "watchdog")
        self._notify.ready(self._status)
        await self._warn(settings)
        log.info("running", config=str(settings.directory), **_counts(settings))
        await self._stopping.wait()
        await self._end()

    def _take_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for name in SIGNALS:
            event = self._reload if name is signal.SIGHUP else self._stopping
            loop.add_signal_handler(name, event.set)

    def _begin(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)

    async def _end(self) -> None:
        log.info("stopping")
        self._notify.stopping()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._control.close()
        await self._app.engine.stop(GRACE)
        log.info("stopped")

    # -- configuration -----------------------------------------------------------------------

    async def _take_up_saved(self, settings: Settings) -> None:
        """Reload whenever files were saved, or a SIGHUP came. A bad configuration changes nothing."""
        watch = ConfigWatch(settings.directory, settings.files)
        while True:
            # Not wait_for, which in Python 3.11 loses a cancellation that comes along with what is waited for.
            with suppress(TimeoutError):
                async with asyncio.timeout(CONFIG_LOOK):
                    await self._reload.wait()
            asked = self._reload.is_set()
            self._reload.clear()
            if await asyncio.to_thread(watch.changed) or asked:
                await self._reload_or_keep(watch)

    async def _reload_or_keep(self, watch: ConfigWatch) -> None:
        """Take up the configuration as it is now, or say why not; either way the service manager hears of the end."""
        self._notify.reloading()
        files: Files | None = None
        try:
            files = await self._take_up_or_tell()
        except Exception as error:
            log.error("the configuration could not be taken up, or not told of", exc_info=error)
        watch.take(files)
        self._notify.ready(self._status)

    async def _take_up_or_tell(self) -> Files | None:
        """Give the files of the configuration that was read, mistakes or not; None where they are not known."""
        try:
            return await self._take_up()
        except ConfigError as error:
            await self._tell_of_mistakes(error.problems)
            return error.files if isinstance(error, Mistakes) else None
        except Exception as error:
            log.error("the configuration could not be taken up", exc_info=error)
            await self._tell_of_mistakes((f"{type(error).__name__}: the log says more",))
            return None

    async def _take_up(self) -> Files:
        settings = await asyncio.to_thread(self._place.load)
        await self._use(await self._app.configure(settings, self._configured))
        await self._app.store.tell((), (CONFIG_TROUBLE,), self._trouble_routes, self._app.clock.now())
        self._app.deliver.wake()
        await self._warn(settings)
        log.info("configuration taken up", **_counts(settings))
        return settings.files

    async def _warn(self, settings: Settings) -> None:
        """Log what is worth a second look in a configuration that is in force."""
        for warning in await asyncio.to_thread(warnings, settings):
            log.warning("configuration", warning=warning)

    async def _use(self, configured: Configured) -> None:
        await self._app.use(configured, self._app.spread(len(configured.settings.sources)))
        self._configured = configured
        self._status = _status(configured.settings)

    async def _tell_of_mistakes(self, problems: Sequence[str]) -> None:
        for problem in problems:
            log.error("configuration", problem=problem)
        self._status = f"running by the configuration of before: {problems[0]}"
        more = len(problems) - MOST_PROBLEMS_TOLD
        listed = [*problems[:MOST_PROBLEMS_TOLD], *([f"… and {more} more"] if more > 0 else [])]
        now = self._app.clock.now()
        text = "The saved configuration cannot be taken up; the one of before stays in force.\n" + "\n".join(
            listed
        )
        over = "the configuration holds again"
        # Whoever saves again wants to know how that went.
        trouble = Trouble(key=CONFIG_TROUBLE, text=text, at=now, over=over, anew=True)
        await self._app.store.tell((trouble,), (), self._trouble_routes, now)
        self._app.deliver.wake()

    @property
    def _trouble_routes(self) -> tuple[TroubleRoute, ...]:
        return self._configured.plan.trouble_routes if self._configured else ()

    # -- the rest ----------------------------------------------------------------------------

    async def _feed_watchdog(self) -> None:
        """Say that the daemon lives for as long as ticks end well, the store having answered each."""
        every = self._notify.watchdog_every
        if every is None:
            return
        seen = -1
        while True:
            if self._app.engine.progress != seen:
                seen = self._app.engine.progress
                self._notify.alive()
            await asyncio.sleep(every)

    async def _retry(self, ids: Sequence[str]) -> int:
        count = await self._app.store.retry(ids, self._app.clock.now())
        self._app.deliver.hurry()
        return count


def _counts(settings: Settings) -> dict[str, int]:
    return {
        "sources": len(settings.sources),
        "watches": len(settings.watchlist.watches),
        "channels": len(settings.channels),
    }


def _status(settings: Settings) -> str:
    return ", ".join(f"{count} {noun}" for noun, count in _counts(settings).items())


def _secrets(settings: Settings) -> list[str]:
    """Give every secret of a configuration, each whole: what speaks of parts of one hides them itself."""
    found = [c.url for c in settings.channels] + ([settings.mail.password] if settings.mail else [])
    return [secret.reveal() for secret in found if isinstance(secret, Secret)]
