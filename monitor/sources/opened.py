"""Opens folders and files so that no link or device can be put in their way. It writes nothing."""

from __future__ import annotations

import fcntl
import os
import signal
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from monitor.model import FileStamp

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_PIECE = 1 << 20


def stamp_of(found: os.stat_result) -> FileStamp:
    """Give how a file looks."""
    return FileStamp(
        size=found.st_size, mtime_ns=found.st_mtime_ns, ctime_ns=found.st_ctime_ns, inode=found.st_ino
    )


@contextmanager
def open_folder(path: Path | str, parent: int | None = None) -> Iterator[int]:
    """Open a folder: the user's own path, or a name in an open folder, which then must be no link."""
    flags = _FOLDER if parent is None else _FOLDER | os.O_NOFOLLOW
    descriptor = os.open(path, flags, dir_fd=parent)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def open_regular(root: int, names: Sequence[str]) -> Iterator[int]:
    """Open a regular file by its way down from an open folder, links refused at each step.

    Raises OSError: ELOOP for a link, FileNotFoundError for what is no regular file any more.
    """
    with ExitStack() as stack:
        parent = root
        for name in names[:-1]:
            parent = stack.enter_context(open_folder(name, parent))
        descriptor = _open_quietly(names[-1], parent)
        stack.callback(os.close, descriptor)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise FileNotFoundError
        yield descriptor


def read_all(descriptor: int, size: int) -> bytes:
    """Give what a file of this size holds, and one byte more if there is one: then it has grown."""
    pieces = []
    left = size + 1
    while left > 0 and (piece := os.read(descriptor, min(left, _PIECE))):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def being_written(descriptor: int) -> bool:
    """Whether somebody has the file open for writing, as far as the system tells: only of one's own files.

    A read lease is granted on files that nobody writes to. It is given back at once; should a writer come in
    between, the signal that tells of it is one that does nothing.
    """
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except BlockingIOError:
        return True
    except OSError:
        return False  # another's file, or a file system without leases
    fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False


def _open_quietly(name: str, parent: int) -> int:
    try:
        return os.open(name, _FILE | os.O_NOATIME, dir_fd=parent)
    except PermissionError:
        return os.open(name, _FILE, dir_fd=parent)  # only a file's owner may leave its access time alone
