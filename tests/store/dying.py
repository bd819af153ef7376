"""A process that has children work with a store and kill themselves at a step.

It reads lines `STORE STEP COUNT LOG`, forks for each, and answers with the signal that ended the child. The child
writes a line to LOG for each call that came back, so that the test knows what was acknowledged.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

from monitor.model import Claim, DeliveryState, Only, Settlement, SourceKind, Trouble
from monitor.store import open_store
from monitor.store.writer import CHECKPOINT_IDLE
from tests.store.making import DESK, FEED, NIGHT, NOON, StillClock, alerting, entry, outcome

LATER = NOON + timedelta(minutes=1)


def killer(step: str, count: int):  # type: ignore[no-untyped-def]
    left = [count]

    def kill(name: str) -> None:
        if name == step:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return kill


def say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def no_alerts_cancelled(*about: object) -> Trouble:
    raise AssertionError(about)


async def work(path: Path, step: str, count: int) -> None:
    store = open_store(path, StillClock(), killer(step, count))
    await store.mirror_sources([entry(FEED)], NOON, lambda _: NOON)
    for n in range(3):
        await store.mirror_recipients({DESK: (NIGHT,)}, (), no_alerts_cancelled, [], NOON)
        await store.claim_sources(SourceKind.FEED, NOON + timedelta(days=n), 9, timedelta(minutes=1))
        await store.commit_poll(outcome(alerting(f"{n}")))
        say("stored", n)
        claim = Claim(channel=DESK, recipient=NIGHT, only=Only.ALERTS, at_most=1, listed=1)
        batch = await store.claim_deliveries(claim, LATER, timedelta(minutes=1))
        assert batch is not None
        assert batch.parcels[0].news is not None
        say("sent", batch.parcels[0].news.article.headline, batch.parcels[0].news.alert.id)
        await store.settle(Settlement(message=batch.message, state=DeliveryState.SENT, at=LATER))
        say("settled", n)
        await store.tell([], ["x"], [], NOON)
        await store.index_slice(timedelta(milliseconds=50))
        await store.purge(NOON, NOON, 9)
    await store.release_leases()
    await store.retry([], NOON)
    await store.pull_forward(timedelta(0), NOON + timedelta(days=9))
    for _ in range(CHECKPOINT_IDLE):
        await asyncio.sleep(0.001)  # its log is written back when nobody waits right behind a write
        await store.tell([], ["x"], [], NOON)
    await store.close()


def die(path: Path, step: str, count: int, log: Path) -> int:
    """Run the work in a child; give the signal that ended it, 0 for none."""
    child = os.fork()
    if child == 0:
        try:
            os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT, 0o600), 1)
            asyncio.run(work(path, step, count))
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


def main() -> None:
    for line in sys.stdin:
        path, step, count, log = line.split()
        print(die(Path(path), step, int(count), Path(log)), flush=True)


if __name__ == "__main__":
    main()
