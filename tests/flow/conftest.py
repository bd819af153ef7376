"""What whole runs share: servers that receive and serve, and the logs of the run."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
import structlog

from monitor.daemon import logs
from monitor.deliver import driver
from monitor.engine import embedded
from monitor.sandbox.pool import ParsePool
from monitor.sources import folder
from tests.channels.receivers import MailServer, Receiver
from tests.flow.world import Shared
from tests.sources.server import Server

with warnings.catch_warnings():
    # Apprise still looks for a module that Python 3.13 took away.
    warnings.filterwarnings("ignore", "'imghdr' is deprecated", DeprecationWarning)
    import monitor.channels.services  # noqa: F401  (loaded for all tests here)

HERE = Path(__file__).parent
QUICK = 0.02
"""Seconds."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run all tests here on one loop, so that they can share what takes longer to start than they take."""
    for item in items:
        if item.path.is_relative_to(HERE) and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session", autouse=True)
async def parsers() -> AsyncIterator[None]:
    """The parse children of every run in this process that asks for no others."""
    async with ParsePool(2) as Shared.parsers:
        yield


@pytest.fixture(autouse=True)
def logged() -> Iterator[io.StringIO]:
    """Everything that the program logs, at every level."""
    stream = io.StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    logs.set_up("debug", stream, {})
    yield stream
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have daemons look about more often, so that nobody waits for a second to go by."""
    monkeypatch.setattr(embedded, "TICK", timedelta(seconds=QUICK))
    monkeypatch.setattr(folder, "LOOK_EVERY", QUICK)
    monkeypatch.setattr(folder, "STABLE", QUICK)
    monkeypatch.setattr(driver, "LOOK_GAP", QUICK)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Takes webhooks."""
    server = Receiver()
    yield server
    server.close()


@pytest_asyncio.fixture(loop_scope="session")
async def wire() -> AsyncIterator[Server]:
    """Serves feeds."""
    server = await Server().start()
    yield server
    await server.close()


@pytest.fixture(scope="session")
def one_mail_server() -> Iterator[MailServer]:
    """Started once: that takes longer than most tests."""
    server = MailServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def mail_server(one_mail_server: MailServer) -> MailServer:
    """Takes mail."""
    one_mail_server.replies.clear()
    one_mail_server.got.clear()
    one_mail_server.drop_after_data = False
    return one_mail_server
