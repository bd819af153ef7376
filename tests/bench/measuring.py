"""What every benchmark needs: processes' memory and CPU, the machine's word for itself, and a table of figures."""

from __future__ import annotations

import os
import platform
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """Give a process and all that it and its children started, as far as they live."""
    return [pid, *(p for child in _children(pid) for p in family(child))]


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with suppress(OSError):  # it has ended
        for task in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):  # a thread has
                found += map(int, (task / "children").read_text().split())
    return found


def pss(pid: int) -> float:
    """Give a process's proportional set size in MB; 0 where it is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)


def family_pss(pid: int) -> float:
    """Give the sum of PSS over a process and all that it started, in MB."""
    return sum(map(pss, family(pid)))


def family_cpu(pid: int) -> float:
    """Give the seconds of CPU that a process and its children have used, those that ended included."""
    return sum(_cpu(p) for p in family(pid))


def _cpu(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / TICKS


class Memory(threading.Thread):
    """Samples the PSS of a process and of all that it started, four times a second."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._over = threading.Event()
        self._largest = 0.0

    def run(self) -> None:
        while not self._over.wait(0.25):
            self._largest = max(self._largest, family_pss(self._pid))

    def stop(self) -> float:
        """Give the largest sum seen, in MB."""
        self._over.set()
        self.join()
        return self._largest


def machine() -> str:
    """Say what the figures were measured on."""
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Set rows under a head, the first column to the left and the others to the right."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [head, ["-" * w for w in widths], *rows]
    return "\n".join(
        "  ".join(
            [cells[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(cells[1:], widths[1:], strict=True))]
        )
        for cells in lines
    )


def verdict(figure: float, goal: float) -> str:
    """Say whether a figure is within its goal."""
    return "met" if figure <= goal else "MISSED"
