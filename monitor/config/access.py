"""Says how a login is let into what it may not read. Looks at permissions; changes none."""

from __future__ import annotations

import grp
import os
import stat
from pathlib import Path


def closed(path: Path) -> str | None:
    """Say that this login may not look into a folder, and the way in; None where it may, or nothing is there."""
    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
    except PermissionError:
        return denied(path)
    except OSError:
        return None
    return denied(path) if is_folder and not os.access(path, os.R_OK | os.X_OK, effective_ids=True) else None


def denied(path: Path) -> str:
    """Say that this login may not read a file or a folder, and the way in: a group that may, where there is one."""
    group = _group_that_may(_in_the_way(Path(os.path.abspath(path))))
    if group is None:
        return "may not be read by this user; check who owns it, and its permissions"
    return (
        f'may not be read by this login, but by the group `{group}`: join it with `sudo usermod -aG {group} "$USER"` '
        "and log in again"
    )


def _in_the_way(path: Path) -> Path:
    """Give the first on the way to a path that this login is refused at: a folder, or the path itself."""
    for folder in reversed(path.parents):
        if not os.access(folder, os.X_OK, effective_ids=True):
            return folder
    return path


def _group_that_may(path: Path) -> str | None:
    """Name the group that may read here, as its members; None where there is none, or it is root's own."""
    try:
        found = path.stat()
        group = grp.getgrgid(found.st_gid).gr_name
    except (OSError, KeyError):
        return None
    wanted = stat.S_IRGRP | (stat.S_IXGRP if stat.S_ISDIR(found.st_mode) else 0)
    return group if found.st_gid != 0 and found.st_mode & wanted == wanted else None
