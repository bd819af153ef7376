"""A file's bytes become text: UTF-8 or UTF-16, any line ends, within a size. Knows no YAML."""

from __future__ import annotations

import codecs
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from monitor.config.access import denied
from monitor.config.problems import Flaw, Mistakes, Problem
from monitor.model import FileStamp

MOST_BYTES = 16_000_000

# What may not stand in a text file at all, and what YAML 1.1 takes for a line's end but YAML 1.2 does not.
_FORBIDDEN = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]|[\u2028\u2029]"
)
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file as it was read: where, under what name a user knows it, and what it says."""

    path: Path
    shown: str
    text: str

    @property
    def name(self) -> str:
        """The file's own name."""
        return self.path.name


def shown(path: Path) -> str:
    """Give a path as its user would type it: from the current directory where it is below that."""
    try:
        return str(Path(os.path.abspath(path)).relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)


def stamp_of(path: Path) -> FileStamp | None:
    """Give how a file looks; None where it is not there, or may not be looked at."""
    try:
        found = path.stat()
    except (OSError, ValueError):  # a NUL in the path itself
        return None
    return FileStamp(
        size=found.st_size, mtime_ns=found.st_mtime_ns, ctime_ns=found.st_ctime_ns, inode=found.st_ino
    )


def read_text(path: Path) -> TextFile:
    """Read a file. Raises ConfigError where it is missing, too large, no regular file or no text."""
    try:
        text = decode(read_bytes(path, MOST_BYTES))
    except Flaw as flaw:
        raise Mistakes([Problem(shown(path), flaw.line, flaw.column, "file", flaw.text)]) from None
    return TextFile(path, shown(path), text)


def read_bytes(path: Path, most: int) -> bytes:
    """Read at most so many bytes of a regular file. Raises Flaw, with what to do about it."""
    try:
        require_regular(path)
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise Flaw(1, 1, cannot_read(error)) from None
    except ValueError:  # a NUL in the path itself
        raise Flaw(1, 1, "has a path that no file can have") from None
    if len(content) > most:
        raise Flaw(
            1,
            1,
            f"is larger than {most:,} bytes, the most that is read: put long lists of names into "
            "a CSV file, and name it with `names_from:`",
        )
    return content


def require_regular(path: Path) -> None:
    """Refuse pipes, devices and folders before they are opened: opening some of them waits for ever."""
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise Flaw(1, 1, "is a folder, and a file is wanted")
    if not stat.S_ISREG(mode):
        raise Flaw(1, 1, "is no regular file")


def cannot_read(error: OSError) -> str:
    """Say why a file could not be read, and what to do."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return "there is no such file; check the spelling, or make it with `monitor init`"
    if isinstance(error, PermissionError) and error.filename:
        return denied(Path(os.fsdecode(error.filename)))
    return f"cannot be read: {error.strerror or error}"


def decode(content: bytes) -> str:
    """Give the text of a file: UTF-8, or UTF-16 that says so, lines ended by a line feed. Raises Flaw."""
    encoding, start = encoding_of(content)
    try:
        text = content[start:].decode(encoding)
    except UnicodeDecodeError as error:
        raise _undecodable(content[start : start + error.start], encoding) from None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    bad = _FORBIDDEN.search(text)
    if bad:
        raise Flaw(*place(text, bad.start()), _forbidden(bad.group()))
    return text


def encoding_of(content: bytes) -> tuple[str, int]:
    """Give the encoding that a file's first bytes tell of, and how many bytes say so."""
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return encoding, len(mark)
    if content[1:2] == b"\0" and content[:1] > b"\0":
        return "utf-16-le", 0
    if content[:1] == b"\0" and content[1:2] > b"\0":
        return "utf-16-be", 0
    return "utf-8", 0


def place(text: str, index: int) -> tuple[int, int]:
    """Give the line and column of a position in a text, from 1."""
    return text.count("\n", 0, index) + 1, index - (text.rfind("\n", 0, index) + 1) + 1


def _undecodable(before: bytes, encoding: str) -> Flaw:
    text = before.decode(encoding, errors="replace").replace("\r\n", "\n").replace("\r", "\n")
    return Flaw(*place(text, len(text)), "is not written in UTF-8: save the file again as UTF-8")


def _forbidden(char: str) -> str:
    if char == "\0":
        return "a NUL byte stands here, so this is no text file or it was only half saved: save it again"
    if char in "\u0085\u2028\u2029":
        return (
            f"an invisible line separator (U+{ord(char):04X}) stands here: delete it, and press Enter instead"
        )
    return f"an invisible character (U+{ord(char):04X}) stands here that no text may hold: delete it"
