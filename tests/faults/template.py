"""A warmed process that forks daemons: the real daemon's code, without the second that importing it takes.

It reads a line of JSON and answers with one:

    {"config": DIR, "state": DIR, "log": FILE, "kill": [ROOM, STEP, COUNT] or null}  -> the child's process id
    {"command": [...], "log": FILE}                                                 -> the same, for a cold start
    {"reap": PID, "patience": SECONDS}    -> {"status": ..., "orphans": [...]}, or null where it still runs

More that the first may hold is in `Order`.

A forked daemon writes each step that it reaches to the log, before it dies of it. Whatever processes a daemon
leaves behind become children of this one, so that none can hide.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import signal
import struct
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any, TypedDict

import apscheduler.executors.base
import apscheduler.schedulers.base

from monitor import app
from monitor.channels.services import by_url
from monitor.config.settings import FeedSettings, Secret, Settings
from monitor.core.formats import read
from monitor.daemon import Place, run
from monitor.daemon.logs import set_up
from monitor.engine import embedded
from monitor.model import Document, Parsed, Refused
from monitor.sources import folder
from monitor.store import migrations, opening
from tests.faults.clock import SharedClock
from tests.faults.disk import mount

QUICK = 0.02
"""Seconds in place of half a second between ticks, one between looks and one until a file is stable: a run lasts a
third of one."""
PACE = [QUICK]
"""What a daemon's feeds are polled by; set in its own process."""
DAEMONS: set[int] = set()
"""Those that run, or have ended and were not asked after yet."""
ORPHANS = 5.0
"""Seconds that children of a killed daemon may take to notice."""
PR_SET_CHILD_SUBREAPER = 36
CAPABILITIES_3 = 0x2008_0522
DAC_OVERRIDE, DAC_READ_SEARCH = 1 << 1, 1 << 2
"""What lets root read files that their modes would keep from it."""


class Order(TypedDict, total=False):
    """How a daemon is to be started."""

    config: str
    state: str
    log: str
    kill: list[Any] | None
    upgrade: bool
    """Be the release after this one."""
    pace: float
    """Seconds between two polls of a feed."""
    sets: dict[str, Any]
    """Constants of the program, `module.NAME`, that are to be smaller than they are; lengths of time in seconds."""
    clock: str
    """The file of a SharedClock to go by."""
    children: bool
    """Parse in children, as the real one does."""
    disk: str
    """The size of a disk of its own, mounted where the state is and gone with the daemon."""
    heeds_modes: bool
    """Do without root's right to read everything."""


class QuickPlace(Place):
    """The configuration, with feeds that are due again sooner than anyone may ask for."""

    def load(self) -> Settings:
        settings = super().load()
        pace = timedelta(seconds=PACE[0])
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


def serve(order: Order) -> int:
    """Be a daemon."""
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    said = open(order["log"] + ".stderr", "w", buffering=1)  # noqa: SIM115 -- until the process ends
    set_up(stream=said, environ={})
    _prepare(order)
    with open(os.devnull, "w") as nowhere:
        return run(
            QuickPlace(directory=Path(order["config"]), environ={}),
            state=Path(order["state"]),
            stream=nowhere,
            parse=None if order.get("children") else InProcess(),
            step=stepper(log, order["kill"]),
        )


def _prepare(order: Order) -> None:
    """Make this process what the order wants. It is a fork that nobody else uses."""
    PACE[0] = order.get("pace", QUICK)
    for name, value in order.get("sets", {}).items():
        module, constant = importlib.import_module(name.rpartition(".")[0]), name.rpartition(".")[2]
        match getattr(module, constant):
            case timedelta():
                value = timedelta(seconds=value)
            case tuple():
                value = tuple(value)
        setattr(module, constant, value)
    if order.get("upgrade"):
        _invent_an_upgrade()
    if "clock" in order:
        _go_by(SharedClock(Path(order["clock"])))
    if "disk" in order:
        mount(Path(order["state"]), order["disk"])
    if order.get("heeds_modes"):
        _heed_modes()


def _go_by(clock: SharedClock) -> None:
    """Have the program, and APScheduler, which reads the machine's clock itself, see this one."""

    class Now(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return clock.now().astimezone(tz)

    app.SystemClock = lambda: clock  # type: ignore[assignment, misc, return-value]
    apscheduler.schedulers.base.datetime = apscheduler.executors.base.datetime = Now


def _heed_modes() -> None:
    """Give up root's right to read what modes forbid; of others there is nothing to take."""
    if os.geteuid():
        return
    header = struct.pack("Ii", CAPABILITIES_3, 0)
    held = ctypes.create_string_buffer(24)
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.capget(header, held) == 0
    low = struct.unpack_from("III", held.raw)
    struct.pack_into("III", held, 0, *(word & ~(DAC_OVERRIDE | DAC_READ_SEARCH) for word in low))
    assert libc.capset(header, held) == 0, os.strerror(ctypes.get_errno())


def _invent_an_upgrade() -> None:
    """Be the release after this one, with a migration more."""
    later = (*migrations.ALL, ("later", ("CREATE TABLE later_a (x)", "CREATE TABLE later_b (x)")))
    migrations.migrate.__defaults__ = (later,)
    opening.SCHEMA_VERSION += 1


def start(order: Any) -> int:
    child = os.fork()
    if child:
        DAEMONS.add(child)
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
    DAEMONS.remove(pid)
    ends = time.monotonic() + ORPHANS
    while (left := _orphans()) and time.monotonic() < ends:
        time.sleep(0.001)
    return {"status": os.waitstatus_to_exitcode(ended[1]), "orphans": left}


def _orphans() -> list[int]:
    """Bury the dead children that are no daemons, and give those that live."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [pid for pid in map(int, children) if pid not in DAEMONS and os.waitpid(pid, os.WNOHANG)[0] == 0]


def main() -> None:
    embedded.TICK = timedelta(seconds=QUICK)
    embedded.CALM = timedelta(0)  # a life here is too short for an hour without a purge
    folder.STABLE = folder.LOOK_EVERY = QUICK
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
