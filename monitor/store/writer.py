"""The one thread that writes: runs many callers' writes in one transaction, and alone checkpoints.

A write is a function of the connection. The thread takes whatever waits, runs each in a savepoint, commits once,
and only then tells the callers; so a busy store pays for one flush to the disk where a quiet one pays for one a
call. A write that raises undoes itself only. It knows nothing of news.
"""

from __future__ import annotations

import os
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from monitor.errors import DiskFull, StoreError
from monitor.ports import Step
from monitor.store.opening import explained
from monitor.store.reserve import Reserve

MOST_TOGETHER = 64
"""Writes in one transaction; bounds how long the first waits for the last."""
CHECKPOINT_IDLE = 16
CHECKPOINT_BUSY = 512
"""Transactions after which the log is written back: when nothing waits, and in any case."""
CHECKPOINT_BYTES = 64_000_000
"""Size of the log that is written back in any case."""

Work = Callable[[sqlite3.Connection], Any]


@dataclass(slots=True)
class Write:
    """A write that a caller waits for."""

    name: str
    work: Work
    vital: bool
    """May use the reserve on a full disk."""
    alone: bool
    """Long and nobody's business: never in a transaction that others wait for."""
    future: Future[Any] = field(default_factory=Future)
    result: Any = None


class Writer:
    """Owns the writing connection until close()."""

    def __init__(self, connection: sqlite3.Connection, path: Path, step: Step) -> None:
        self._connection = connection
        self._path = path
        self._log = path.with_name(path.name + "-wal")
        self._step = step
        self._reserve = Reserve(path)
        self._waiting: queue.SimpleQueue[Write | None] = queue.SimpleQueue()
        self._carried: Write | None = None
        self._transactions = 0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._reserve.fill()
        self._thread.start()

    def submit(self, name: str, work: Work, *, vital: bool = False, alone: bool = False) -> Future[Any]:
        """Queue a write; the future has its result once that is on the disk. `work` may run more than once."""
        if self._closing.is_set():
            raise StoreError(f"{self._path}: the store is closed")
        write = Write(name, work, vital, alone)
        self._waiting.put(write)
        return write.future

    def pressed(self) -> bool:
        """Say whether somebody waits; called by long writes that can stop early."""
        return not self._waiting.empty()

    def close(self) -> None:
        """Write what is queued, write the log back, close; blocks until done."""
        if not self._closing.is_set():
            self._closing.set()
            self._waiting.put(None)
        self._thread.join()

    # -- the thread ------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while (writes := self._next()) is not None:
                self._together([w for w in writes if w.future.set_running_or_notify_cancel()])
                self._checkpoint_when_due()
        finally:
            self._refuse_rest()
            with suppress(sqlite3.Error):
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._connection.close()

    def _refuse_rest(self) -> None:
        """Leave nobody waiting for a thread that has ended, however it did."""
        self._closing.set()
        rest = [self._carried]
        while not self._waiting.empty():
            rest.append(self._waiting.get())
        for write in rest:
            if write is not None and write.future.set_running_or_notify_cancel():
                write.future.set_exception(StoreError(f"{self._path}: the store is closed"))

    def _next(self) -> list[Write] | None:
        """Wait for a write, and take those that wait behind it; None: closed, and nothing is left."""
        first = self._carried or self._waiting.get()
        self._carried = None
        if first is None:
            return None
        writes = [first]
        while not first.alone and len(writes) < MOST_TOGETHER and not self._waiting.empty():
            following = self._waiting.get()
            if following is None:
                self._waiting.put(None)
                break
            if following.alone:
                self._carried = following
                break
            writes.append(following)
        return writes

    def _together(self, writes: list[Write]) -> None:
        """Run writes in one transaction; where that as a whole fails, each in its own."""
        if len(writes) == 1:
            self._single(writes[0])
            return
        try:
            done = self._transact(writes)
        except BaseException:
            for write in writes:
                # Those whose own work raised were told already.
                if not write.future.done():
                    self._single(write)
        else:
            for write in done:
                self._tell(write)

    def _transact(self, writes: list[Write]) -> list[Write]:
        """Give those that were written; tell those whose work raised. Raises where nothing was written."""
        self._begin()
        try:
            done = [write for write in writes if self._in_savepoint(write)]
            self._connection.execute("COMMIT")
        except BaseException:
            self._undo()
            raise
        self._transactions += 1
        return done

    def _in_savepoint(self, write: Write) -> bool:
        """Run one of several writes; say whether it stands."""
        self._connection.execute("SAVEPOINT one")
        try:
            self._perform(write)
        except BaseException as error:
            if isinstance(error, sqlite3.Error) or not self._connection.in_transaction:
                raise
            self._connection.execute("ROLLBACK TO one")
            self._connection.execute("RELEASE one")
            write.future.set_exception(error)
            return False
        self._connection.execute("RELEASE one")
        return True

    def _single(self, write: Write) -> None:
        """Run a write in a transaction of its own; a vital one again, with the reserve, where the disk is full."""
        try:
            try:
                self._alone(write)
            except sqlite3.Error as error:
                if not (write.vital and isinstance(explained(error, self._path), DiskFull)):
                    raise
                # A log that was written back is begun again where it lies: that needs no room at all.
                self._reserve.spend()
                self._checkpoint()
                self._alone(write)
        except sqlite3.Error as error:
            write.future.set_exception(explained(error, self._path))
        except BaseException as error:
            write.future.set_exception(error)
        else:
            self._tell(write)

    def _alone(self, write: Write) -> None:
        self._begin()
        try:
            self._perform(write)
            self._connection.execute("COMMIT")
        except BaseException:
            self._undo()
            raise
        self._transactions += 1

    def _perform(self, write: Write) -> None:
        self._step(f"{write.name}:before")
        write.result = write.work(self._connection)
        self._step(f"{write.name}:written")

    def _tell(self, write: Write) -> None:
        """Say that a write is on the disk."""
        try:
            self._step(f"{write.name}:after")
        except BaseException as error:
            write.future.set_exception(error)
        else:
            write.future.set_result(write.result)

    def _begin(self) -> None:
        """Take the lock, however long another program holds it; only a closing store gives up."""
        while True:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    raise
                if self._closing.is_set():
                    self._connection.execute("PRAGMA busy_timeout = 0")  # one try was for all that still wait
                    raise
            else:
                return

    def _undo(self) -> None:
        """End a failed transaction; SQLite may have done so itself."""
        if self._connection.in_transaction:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")

    # -- the log ---------------------------------------------------------------------------------

    def _checkpoint_when_due(self) -> None:
        idle = CHECKPOINT_IDLE if self._waiting.empty() and self._carried is None else CHECKPOINT_BUSY
        if self._transactions >= idle or self._log_bytes() >= CHECKPOINT_BYTES:
            self._checkpoint()
            self._reserve.fill()

    def _log_bytes(self) -> int:
        try:
            return os.stat(self._log).st_size if self._transactions else 0
        except OSError:
            return 0

    def _checkpoint(self) -> None:
        """Write the log back, so that it starts again from its beginning. A failure leaves it for the next time."""
        self._step("checkpoint:before")
        with suppress(sqlite3.Error):
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        self._transactions = 0
        self._step("checkpoint:after")
