"""A login that is in no group, for tests of what it may not read: as root, they would be let in everywhere."""

from __future__ import annotations

import grp
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NOBODY = 65_534


@contextmanager
def outsider() -> Iterator[None]:
    """Be a login that owns nothing, where we are root; else stay who we are: `close` takes an owner's rights."""
    if os.geteuid() != 0:
        yield
        return
    groups, group = os.getgroups(), os.getegid()
    os.setgroups([])
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)
        os.setgroups(groups)


@contextmanager
def open_place() -> Iterator[Path]:
    """Give an empty folder that every login may get to, unlike those that pytest makes."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def close(path: Path, *, group: bool = True) -> str:
    """Close a file or folder to its owner and to others, but not to its group; give the group's name."""
    if os.geteuid() == 0:
        os.chown(path, -1, next(g.gr_gid for g in grp.getgrall() if g.gr_gid))
    mode = 0o050 if path.is_dir() else 0o040
    path.chmod(mode if group else 0)
    return path.group()
