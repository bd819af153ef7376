"""Killed at any step, the store opens again with all that was acknowledged, nothing twice and nothing by halves."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.model import Claim, Only
from monitor.store import STEPS, open_archive, open_store, verify
from tests.store import dying
from tests.store.making import DESK, NIGHT, StillClock

REACHED = [step for step in STEPS if not step.startswith("backup") and step != "migrate:statement"]


@pytest.fixture(scope="module")
def template() -> Iterator[subprocess.Popen[str]]:
    """A warm process whose children die: the tests' own process has threads, and must not fork."""
    command = [sys.executable, "-m", "tests.store.dying"]
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


def die(template: subprocess.Popen[str], path: Path, step: str, count: int, log: Path) -> int:
    assert template.stdin is not None
    assert template.stdout is not None
    print(path, step, count, log, file=template.stdin, flush=True)
    return int(template.stdout.readline())


@pytest.mark.parametrize("step", REACHED)
async def test_a_kill_loses_nothing_and_doubles_nothing(
    template: subprocess.Popen[str], path: Path, tmp_path: Path, step: str
) -> None:
    log = tmp_path / "log"
    count = (
        1
        if step.split(":")[0]
        in ("migrate", "mirror_sources", "release_leases", "retry", "pull_forward", "checkpoint")
        else 2
    )
    assert die(template, path, step, count, log) == signal.SIGKILL
    lines = [line.split() for line in log.read_text().splitlines()] if log.exists() else []
    store = open_store(path, StillClock())
    await store.release_leases()
    claim = Claim(channel=DESK, recipient=NIGHT, only=Only.ALERTS, at_most=9, listed=9)
    batch = await store.claim_deliveries(claim, dying.LATER, timedelta(hours=1))
    await store.close()
    assert verify(path) == ()
    with open_archive(path) as archive:
        stored = [record.article.headline for record in archive.articles(limit=9)]
        alerts = {record.record.article.headline: record.alert.id for record in archive.alerts(limit=9)}
    acknowledged = {line[1] for line in lines if line[0] == "stored"}
    settled = {line[1] for line in lines if line[0] == "settled"}
    sent = {line[1]: line[2] for line in lines if line[0] == "sent"}
    again = {p.news.article.headline: p.news.alert.id for p in batch.parcels if p.news} if batch else {}
    assert len(stored) == len(set(stored))
    assert acknowledged <= set(stored)
    assert len(stored) <= len(acknowledged) + 1
    assert set(alerts) == set(stored)
    assert not settled & set(again)
    assert len(set(sent) & set(again)) <= 1
    assert all(alerts[headline or ""] == id for headline, id in {**sent, **again}.items())
    assert set(sent) | set(again) == set(stored)
