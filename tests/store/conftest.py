"""Every store that there is, under one suite: a further one is one more name here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from monitor.model import SourceKind
from monitor.ports import Archive, Store
from monitor.store import open_archive, open_store
from tests.store.making import FEED, FOLDER, NOON, OTHER, Ledger, StillClock, entry

STORES = ("sqlite",)


@pytest.fixture(params=STORES)
def kind_of_store(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def path(tmp_path: Path, kind_of_store: str) -> Path:
    return tmp_path / "monitor.db"


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
async def store(path: Path, clock: StillClock, ledger: Ledger) -> AsyncIterator[Store]:
    """A store that knows two feeds and a folder, all due at noon."""
    opened = open_store(path, clock, ledger)
    await opened.mirror_sources(
        [entry(FEED), entry(OTHER), entry(FOLDER, SourceKind.FOLDER)], NOON, lambda _: NOON
    )
    yield opened
    await opened.close()


@pytest.fixture
def archive(store: Store, path: Path) -> Iterator[Archive]:
    with open_archive(path) as opened:
        yield opened
