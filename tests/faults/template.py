"""A warmed process that forks daemons: the real daemon's code, without the second that importing it takes.

It reads a line of JSON and answers with one:

    {"config": DIR, "state": DIR, "log": FILE, "kill": [ROOM, STEP, COUNT] or null}  -> the child's process id
    {"command": [...], "log": FILE}                                                 -> the same, for a cold start
    {"reap": PID, "patience": SECONDS}    -> {"status": ..., "orphans": [...]}, or null where it still runs

A forked daemon writes each step that it reaches to the log, before it dies of it. Whatever processes a daemon
leaves behind become children of this one, so that none can hide.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from monitor.channels.services import by_url
from monitor.config.settings import FeedSettings, Secret, Settings
from monitor.core.formats import read
from monitor.daemon import Place, run
from monitor.daemon.logs import set_up
from monitor.engine import embedded
from monitor.model import Document, Parsed, Refused
from monitor.sources import folder
from monitor.store import migrations, opening

QUICK = 0.02
"""Seconds in place of half a second between ticks and one until a file is stable: a run lasts a third of one."""
ORPHANS = 5.0
"""Seconds that children of a killed daemon may take to notice."""
PR_SET_CHILD_SUBREAPER = 36


class QuickPlace(Place):
    """The configuration, with feeds that are due again sooner than anyone may ask for."""

    def load(self) -> Settings:
        settings = super().load()
        pace = timedelta(seconds=QUICK)
        return replace(
            settings,
            sources=tuple(
                replace(s, every_least=pace, every_most=pace) if isinstance(s, FeedSettings) else s
                for s in settings.sources
            ),
        )


class InProcess:
    """Parses here: what becomes of parse children is the cold starts' business."""

    async def parse(self, document: Document) -> Parsed | Refused:
        return read(document)


def room(name: str) -> str:
    """Give which list of steps a name belongs to; two of them have a name in common."""
    if name.startswith(("migrate", "backup")) or threading.current_thread().name == "store-writer":
        return "store"
    return "drive"


def stepper(log: int, kill: list[Any] | None) -> Callable[[str], None]:
    counts: Counter[str] = Counter()

    def step(name: str) -> None:
        reached = f"{room(name)} {name}"
        counts[reached] += 1
        os.write(log, (reached + "\n").encode())
        if kill is not None and reached == f"{kill[0]} {kill[1]}" and counts[reached] == kill[2]:
            os.kill(os.getpid(), signal.SIGKILL)

    return step


def serve(order: dict[str, Any]) -> int:
    """Be a daemon."""
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    said = open(order["log"] + ".stderr", "w", buffering=1)  # noqa: SIM115 -- until the process ends
    set_up(stream=said, environ={})
    if order.get("upgrade"):
        _invent_an_upgrade()
    with open(os.devnull, "w") as nowhere:
        return run(
            QuickPlace(directory=Path(order["config"]), environ={}),
            state=Path(order["state"]),
            stream=nowhere,
            parse=InProcess(),
            step=stepper(log, order["kill"]),
        )


def _invent_an_upgrade() -> None:
    """Be the release after this one, with a migration more."""
    later = (*migrations.ALL, ("later", ("CREATE TABLE later_a (x)", "CREATE TABLE later_b (x)")))
    migrations.migrate.__defaults__ = (later,)
    opening.SCHEMA_VERSION += 1


def start(order: dict[str, Any]) -> int:
    child = os.fork()
    if child:
        return child
    code = 70
    try:
        if "command" in order:
            said = os.open(order["log"] + ".stderr", os.O_WRONLY | os.O_CREAT, 0o600)
            os.dup2(said, 1)
            os.dup2(said, 2)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.execv(order["command"][0], order["command"])
        code = serve(order)
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
    finally:
        os._exit(code)


def reap(pid: int, patience: float) -> dict[str, Any] | None:
    """Wait for a daemon to end, and for what it left behind."""
    ends = time.monotonic() + patience
    while (ended := os.waitpid(pid, os.WNOHANG))[0] == 0:
        if time.monotonic() > ends:
            return None
        time.sleep(0.001)
    ends = time.monotonic() + ORPHANS
    while True:
        try:
            other, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return {"status": os.waitstatus_to_exitcode(ended[1]), "orphans": []}
        if other == 0 and time.monotonic() > ends:
            left = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
            return {"status": os.waitstatus_to_exitcode(ended[1]), "orphans": left}
        time.sleep(0.001)


def main() -> None:
    embedded.TICK = timedelta(seconds=QUICK)
    folder.STABLE = QUICK
    by_url(Secret("json://127.0.0.1:9/"))  # loads Apprise's services
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    assert threading.active_count() == 1, "a process with threads must not fork"
    print("warm", flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        answer = reap(order["reap"], order["patience"]) if "reap" in order else start(order)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
