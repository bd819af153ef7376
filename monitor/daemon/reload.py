"""Tells when the configuration's files changed and came to rest. Reads their stamps, never their text."""

from __future__ import annotations

from pathlib import Path

from monitor.config.places import files as files_of
from monitor.config.problems import Files
from monitor.config.text import stamp_of
from monitor.model import FileStamp


class ConfigWatch:
    """Compares how files look with how they looked before they were read.

    A change counts once two looks in a row agree on it, so no half-saved file is read.
    """

    def __init__(self, directory: Path, files: Files) -> None:
        self._directory = directory
        self._taken: dict[Path, FileStamp | None] = dict(files)
        self._pending = self._look()

    def changed(self) -> bool:
        """Look once. Gives True when the files differ from those taken, and are as the last look saw them."""
        now = self._look()
        at_rest = now == self._pending
        self._pending = now
        return at_rest and now != self._taken

    def take(self, files: Files | None = None) -> None:
        """Go by these files, as they looked before they were read; without, by how the last look saw them.

        What was saved since, and a file that was missed and is there now, is a change again.
        """
        self._taken = self._pending if files is None else dict(files)

    def _look(self) -> dict[Path, FileStamp | None]:
        return {path: stamp_of(path) for path in (*self._taken, *files_of(self._directory))}
