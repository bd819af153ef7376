"""A small disk that only one process and its children see, gone with them."""

from __future__ import annotations

import ctypes
import os
import subprocess
from pathlib import Path

CLONE_NEWNS, CLONE_NEWUSER = 0x0002_0000, 0x1000_0000
MS_REC, MS_PRIVATE = 0x4000, 1 << 18


def may_mount() -> bool:
    """Say whether this login may have a disk of its own."""
    own = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
    try:
        return (
            subprocess.run([*own, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True).returncode
            == 0
        )
    except OSError:
        return False


def mount(path: Path, size: str) -> None:
    """Put a small disk at a path, for this process and its children. Raises OSError where it may not."""
    libc = ctypes.CDLL(None, use_errno=True)

    def call(result: int) -> None:
        if result:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    user, group = os.geteuid(), os.getegid()
    call(libc.unshare(CLONE_NEWNS | (CLONE_NEWUSER if user else 0)))
    if user:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {user} 1")
        Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    call(libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None))
    call(libc.mount(b"tmpfs", os.fsencode(path), b"tmpfs", 0, f"size={size}".encode()))
