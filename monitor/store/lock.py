"""One instance a store: a kernel lock on a file beside it, gone with the process that held it. No database here."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType

from monitor.errors import AlreadyRunning, StoreError


class InstanceLock:
    """The right to write to the store at `path`, while it is held.

    flock(2) holds for as long as the file is open, so that no kill leaves it behind; the process id inside the
    file is for messages only.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.with_name(path.name + ".lock")
        self._store = path
        self._file: int | None = None

    def acquire(self) -> None:
        """Take the lock. Raises AlreadyRunning where another holds it, StoreError where the file can't be made."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        except OSError as error:
            raise StoreError(f"{self.path}: cannot be made: {error.strerror}") from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(file, 20, 0).decode("ascii", "replace").strip()
            os.close(file)
            who = f" (process {holder})" if holder.isdigit() else ""
            raise AlreadyRunning(
                f"another instance{who} already uses {self._store}: stop it first, or give this one a store of its own"
            ) from None
        os.ftruncate(file, 0)
        os.pwrite(file, str(os.getpid()).encode(), 0)
        self._file = file

    def release(self) -> None:
        """Give the lock back. The file stays: removing it would let two hold two files of one name."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def __enter__(self) -> InstanceLock:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
