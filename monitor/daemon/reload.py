"""Tells when the configuration's files changed and came to rest. Reads their stamps, never their text."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

Stamp = tuple[int, int, int] | None
"""Size, modification time and inode; None: the file is not there."""

WATCHED = (".yaml", ".yml", ".csv", ".jsonl", ".json")
"""Endings of files in the configuration's folder that a new one of would count as a change."""


class ConfigWatch:
    """Compares stamps: a change counts once two looks in a row agree on it, so no half-saved file is read."""

    def __init__(self, directory: Path, files: Iterable[Path]) -> None:
        self._directory = directory
        self._files = tuple(files)
        self._taken = self._pending = self._look()

    def changed(self) -> bool:
        """Look once. Gives True when the files differ from those taken, and are as the last look saw them."""
        now = self._look()
        at_rest = now == self._pending
        self._pending = now
        return at_rest and now != self._taken

    def take(self, files: Iterable[Path] | None = None) -> None:
        """Count the files as they were at the last look as known; with `files`, go by these from now on.

        What was saved while they were being read differs from that look, and is a change again.
        """
        self._taken = self._pending
        if files is not None:
            self._files = tuple(files)
            known = self._look()
            # A file that the configuration has only just begun to name has no stamp of before.
            self._taken = {path: self._taken.get(path, stamp) for path, stamp in known.items()}
            self._pending = known

    def _look(self) -> dict[Path, Stamp]:
        found = {path: _stamp(path) for path in self._files}
        for folder in (self._directory, self._directory / "watchlists"):
            for path in _names(folder):
                found[path] = _stamp(path)
        return found


def _names(folder: Path) -> list[Path]:
    try:
        return [folder / e for e in os.listdir(folder) if e.endswith(WATCHED) and not e.startswith(".")]
    except OSError:
        return []


def _stamp(path: Path) -> Stamp:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns, status.st_ino
