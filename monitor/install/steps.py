"""The steps of an installation: nouns that say what they do, and the one place that does it.

It must not decide anything.
"""

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from monitor.errors import InstallError
from monitor.install.machine import UNIT

Run = Callable[[Sequence[str]], int]
"""Runs a command and gives its exit code: 127 where there is no such program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Run a program; an exit code other than 0 fails, unless it `may_fail`."""

    words: str
    argv: tuple[str, ...]
    may_fail: bool = False

    def lines(self) -> tuple[str, ...]:
        """Give what will be done, as one would type it."""
        return (" ".join(self.argv),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """Make a folder with these permissions and this owner."""

    words: str
    path: Path
    mode: int
    owner: str

    def lines(self) -> tuple[str, ...]:
        """Give what will be done, as one would type it."""
        user, group = self.owner.split(":")
        return (f"install -d -m {self.mode:04o} -o {user} -g {group} {self.path}",)


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """Write a file whole, with these permissions and this owner."""

    words: str
    path: Path
    content: bytes
    mode: int
    owner: str

    def lines(self) -> tuple[str, ...]:
        """Give what will be done."""
        return (f"write {self.path} ({len(self.content)} bytes, mode {self.mode:04o}, {self.owner})",)


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyTree:
    """Copy the named files and folders of one folder to another, without links and byte code."""

    words: str
    source: Path
    target: Path
    names: tuple[str, ...]

    def lines(self) -> tuple[str, ...]:
        """Give what will be done."""
        return (f"copy {', '.join(self.names)}", f"from {self.source}", f"to   {self.target}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Make a symbolic link, or in one step point it elsewhere."""

    words: str
    path: Path
    target: str

    def lines(self) -> tuple[str, ...]:
        """Give what will be done, as one would type it."""
        return (f"ln -sfn {self.target} {self.path}",)


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyDatabase:
    """Copy a database that nobody writes to one self-contained file."""

    words: str
    source: Path
    target: Path

    def lines(self) -> tuple[str, ...]:
        """Give what will be done, as one would type it."""
        return (f"cp {self.source} {self.target}  (with its -wal, if it has one)",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remove:
    """Remove these files and folders."""

    words: str
    paths: tuple[Path, ...]

    def lines(self) -> tuple[str, ...]:
        """Give what will be done, as one would type it."""
        return tuple(f"rm -r {path}" for path in self.paths)


Step = Command | Folder | File | CopyTree | Link | CopyDatabase | Remove


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The steps in their order, and what a failure leaves."""

    steps: tuple[Step, ...]
    harmless: int
    """So many of the first steps change nothing that runs."""
    unchanged: int
    """So many of the first steps at most stop the service: program and database are as before."""
    way_back: tuple[str, ...]
    """Commands that bring the former release back; none where there was none."""


def describe(steps: Sequence[Step]) -> str:
    """Give every step in words, and below it what is done exactly."""
    return "\n".join(
        line
        for number, step in enumerate(steps, 1)
        for line in (f"{number:2}. {step.words}", *(f"      {line}" for line in step.lines()))
    )


def run_command(argv: Sequence[str]) -> int:
    """Run a command, its output on stderr, and give its exit code."""
    try:
        return subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False).returncode
    except FileNotFoundError:
        return 127


def carry_out(the_plan: Plan, *, run: Run = run_command, tell: Callable[[str], None]) -> None:
    """Do every step, and tell each before it is done.

    Raises InstallError at the first that fails, with what is left and the way back.
    """
    for number, step in enumerate(the_plan.steps):
        tell(step.words)
        try:
            _do(step, run)
        except (OSError, sqlite3.Error, _Failed) as error:
            raise InstallError(_failure(the_plan, number, error)) from error


class _Failed(Exception):
    """A command's exit code was not 0."""


def _failure(the_plan: Plan, number: int, error: Exception) -> str:
    step = the_plan.steps[number]
    lines = [f"install: this failed: {step.words}", *(f"    {line}" for line in step.lines()), f"    {error}"]
    if number < the_plan.harmless:
        lines.append("Nothing that runs was changed. Mend the cause, and run it again.")
    elif number < the_plan.unchanged:
        lines.append("Program and database are as before; the service may have stopped. To start it again:")
        lines.append(f"    sudo systemctl start {UNIT}")
    elif the_plan.way_back:
        lines += [f"See why: sudo journalctl -u {UNIT} -n 50", "To go back to the former release:"]
        lines += [f"    {command}" for command in the_plan.way_back]
    else:
        lines += [f"See why: sudo journalctl -u {UNIT} -n 50", "Mend the cause, and run it again."]
    return "\n".join(lines)


def _do(step: Step, run: Run) -> None:
    match step:
        case Command():
            _run(step, run)
        case Folder():
            step.path.mkdir(parents=True, exist_ok=True)
            step.path.chmod(step.mode)
            _own(step.path, step.owner, run)
        case File():
            _write(step, run)
        case CopyTree():
            for name in step.names:
                _copy(step.source / name, step.target / name)
        case Link():
            _link(step)
        case CopyDatabase():
            _copy_database(step.source, step.target)
        case Remove():
            for path in step.paths:
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _run(step: Command, run: Run) -> None:
    code = run(step.argv)
    if code == 127:
        raise _Failed(f"there is no program {step.argv[0]!r}")
    if code and not step.may_fail:
        raise _Failed(f"exit code {code}; what it said is above")


def _own(path: Path, owner: str, run: Run) -> None:
    _run(Command(words="", argv=("chown", "--no-dereference", owner, str(path))), run)


def _write(step: File, run: Run) -> None:
    """Write beside and rename, so that no one reads half a file; closed to others until it has its owner."""
    step.path.parent.mkdir(parents=True, exist_ok=True)
    beside = step.path.with_name(f".{step.path.name}.new")
    beside.unlink(missing_ok=True)
    with open(beside, "xb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        file.write(step.content)
        file.flush()
        os.fsync(file.fileno())
    _own(beside, step.owner, run)
    beside.chmod(step.mode)
    beside.replace(step.path)


def _link(step: Link) -> None:
    beside = step.path.with_name(f".{step.path.name}.new")
    beside.unlink(missing_ok=True)
    beside.symlink_to(step.target)
    beside.replace(step.path)


def _copy(source: Path, target: Path) -> None:
    """Copy a file or a folder of them; root's umask must not close it to the service.

    Links are left out: in someone's checkout one could lead root to what is not theirs.
    """
    if source.is_symlink() or source.name == "__pycache__":
        return
    if source.is_dir():
        target.mkdir()
        target.chmod(0o755)
        for child in sorted(source.iterdir()):
            _copy(child, target / child.name)
    elif source.is_file():
        shutil.copyfile(source, target)
        target.chmod(0o755 if source.stat().st_mode & stat.S_IXUSR else 0o644)


def _copy_database(source: Path, target: Path) -> None:
    """Copy the files as they are, and fold the write-ahead log into the copy.

    Opening the original would, as root, leave files beside it that the service cannot write.
    """
    beside = target.with_name(f".{target.name}.new")
    for suffix in ("", "-wal"):
        Path(f"{beside}{suffix}").unlink(missing_ok=True)
        if Path(f"{source}{suffix}").exists():
            shutil.copyfile(f"{source}{suffix}", f"{beside}{suffix}")
    connection = sqlite3.connect(beside, isolation_level=None)
    try:
        connection.execute("select count(*) from sqlite_master").fetchone()
    finally:
        connection.close()  # folds the log in
    with open(beside, "rb") as file:
        os.fsync(file.fileno())
    beside.chmod(0o600)
    beside.replace(target)
