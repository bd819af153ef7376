"""A file of nothing beside the store: given up when the disk is full, so that owed messages can still be settled."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

MOST = 4_000_000
"""Bytes: room for many settlements, which change rows in place and write to a log that is used again."""
SHARE = 8
"""The reserve is never more than this part of what is free, so that on a small disk it is small."""
LEAST = 256_000
"""Bytes; less would help nobody."""


def free_bytes(path: Path) -> int:
    """Give the room that the disk of a file has for a process without privileges."""
    disk = os.statvfs(path)
    return disk.f_bavail * disk.f_frsize


class Reserve:
    """Disk space put aside for what must not fail."""

    def __init__(self, store: Path) -> None:
        self._path = store.with_name(store.name + ".reserve")

    def fill(self) -> None:
        """Put space aside, where it is not and there is plenty. Never raises: it is a precaution."""
        with suppress(OSError):
            size = min(MOST, free_bytes(self._path.parent) // SHARE)
            if size < LEAST or self._path.exists():
                return
            file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(file, 0, size)
            finally:
                os.close(file)

    def spend(self) -> bool:
        """Give the space up; say whether there was any."""
        try:
            self._path.unlink()
        except OSError:
            return False
        return True
