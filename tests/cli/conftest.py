"""What the tests of the commands share: running one in this process, and a database with one of everything."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from monitor.cli.root import root
from monitor.model import (
    AlertId,
    ArticleId,
    Claim,
    DeliveryState,
    Only,
    PollResult,
    Priority,
    Reason,
    Settlement,
    SourceKind,
)
from monitor.ports import Store
from monitor.store import open_archive, open_store
from tests.store.making import (
    DESK,
    FEED,
    FOLDER,
    NIGHT,
    NOON,
    OTHER,
    Ledger,
    StillClock,
    article,
    entry,
    match,
    native,
    new,
    outcome,
    route,
    state,
    told,
    version,
    withheld,
)

Run = Callable[..., Result]
HOSTILE = "Talks \x1b[31mred\x1b]8;;http://evil.example\x07 [bold]begin[/bold] \u202ethere\x9b2J"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command line as the shell would, 80 columns wide and without colours."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("MONITOR_CONFIG", raising=False)
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)

    def run(*arguments: str, stdin: bytes = b"") -> Result:
        return CliRunner().invoke(root, list(arguments), input=stdin, prog_name="monitor")

    return run


def objects(result: Result) -> list[dict[str, object]]:
    """Give the objects that a command printed, one a line."""
    return [json.loads(line) for line in result.stdout_bytes.decode("utf-8").splitlines()]


@dataclass
class Stored:
    """A state directory whose database holds one of everything, and the ids in it, oldest first."""

    directory: Path
    config: Path
    alerts: list[AlertId]
    article: ArticleId


async def _fill(path: Path) -> None:
    """Three alerts: one sent, one withheld as its update, one whose channel is paused; the words are hostile."""
    clock = StillClock()
    store = open_store(path, clock, Ledger())
    entries = [entry(FEED), entry(OTHER), entry(FOLDER, SourceKind.FOLDER)]
    await store.mirror_sources(entries, NOON, lambda _: NOON)
    first = article("China, Russia agree")
    dong = match(first, "Dong Jun")
    russia = match(first, "spoke", "China-Russia talks", Priority.HIGH)
    key = native("guid-1")
    await store.commit_poll(
        outcome(new(first, key, matches=(dong, russia), decision=told(route(dong, russia))))
    )
    await _settle(store, DeliveryState.SENT, NOON + timedelta(seconds=4), None)
    (known,) = await store.known([key])
    second = article("China, Russia agree on more", body="Dong Jun spoke again.")
    again = match(second, "Dong Jun")
    update = version(second, known.article, 2, key, matches=(again,), decision=withheld(Reason.UPDATED))
    clock.at = NOON + timedelta(minutes=1)
    await store.commit_poll(outcome(update, ended_at=clock.at))
    third = article(HOSTILE, url=None, published=None, published_text="the day after")
    found = match(third, "Dong Jun", priority=Priority.URGENT)
    clock.at = NOON + timedelta(minutes=2)
    failing = state(OTHER, failures=3)
    await store.commit_poll(
        outcome(
            new(third, matches=(found,), decision=told(route(found))),
            source=failing,
            ended_at=clock.at,
            result=PollResult.PARTLY,
            detail="1 file \x1b[2Jcannot be read",
        )
    )
    await _settle(store, DeliveryState.RETRYING, clock.at, "401 \x1b[31mUnauthorized")
    await store.close()


async def _settle(store: Store, state_: DeliveryState, at: datetime, detail: str | None) -> None:
    """Have one message sent, or fail so that its channel is paused."""
    urgent = Only.URGENT if detail else Only.ALERTS
    claim = Claim(channel=DESK, recipient=NIGHT, only=urgent, at_most=3, listed=0)
    batch = await store.claim_deliveries(claim, at, timedelta(hours=1))
    assert batch is not None
    paused = NOON + timedelta(days=36_500) if detail else None
    later = paused if detail else None
    await store.settle(
        Settlement(
            message=batch.message, state=state_, at=at, detail=detail, next_try_at=later, pause_until=paused
        )
    )


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state directory whose database holds one of everything."""
    directory = tmp_path_factory.mktemp("state")
    asyncio.run(_fill(directory / "monitor.db"))
    return directory


@pytest.fixture
def stored(filled: Path, tmp_path: Path) -> Stored:
    """The same, with the ids in it and a configuration that shows times as in Kolkata."""
    with open_archive(filled / "monitor.db") as archive:
        alerts = archive.alerts(limit=9)
    (tmp_path / "monitor.yaml").write_text("timezone: Asia/Kolkata\n", encoding="utf-8")
    ids = [a.alert.id for a in reversed(alerts)]
    return Stored(filled, tmp_path, ids, alerts[-1].alert.article)
