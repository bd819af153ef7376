"""What an installation meets: where things go, and what is there. It must change nothing."""

import grp
import os
import pwd
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from monitor.errors import UsageError

ACCOUNT = "monitor"
"""The user, and the group, that the service runs as."""

UNIT = "monitor.service"
"""The service's name."""

HIDDEN_FROM_SERVICE = ("/home", "/root", "/run/user", "/tmp", "/var/tmp")
"""What the unit's ProtectHome and PrivateTmp put out of its sight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where things go; every path is below `root`, which is / but for a trial."""

    root: Path = Path("/")

    @property
    def code(self) -> Path:
        """The releases, and `current`."""
        return self.root / "opt/monitor"

    @property
    def current(self) -> Path:
        """The link to the release that runs."""
        return self.code / "current"

    @property
    def config(self) -> Path:
        """The configuration."""
        return self.root / "etc/monitor"

    @property
    def state(self) -> Path:
        """The database and all else that the service writes."""
        return self.root / "var/lib/monitor"

    @property
    def backups(self) -> Path:
        """Copies of the database. Not in the state directory: root must not write where the service may."""
        return self.root / "var/backups/monitor"

    @property
    def unit(self) -> Path:
        """The unit, where an administrator's own are."""
        return self.root / "etc/systemd/system" / UNIT

    @property
    def command(self) -> Path:
        """What logins type."""
        return self.root / "usr/local/bin/monitor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is on the machine before anything is done."""

    group: bool
    user: bool
    configured: bool
    """There is a configuration, which is left as it is."""
    unit: bool
    current: str | None
    """The release that is installed."""
    database: Path | None
    database_size: int = 0
    """Bytes."""
    free: int = 0
    """Bytes free where the database is copied to."""
    releases: tuple[Path, ...] = ()
    """The folders of releases, each with all that it needs."""
    backups: tuple[Path, ...] = ()
    """Copies of it that upgrades made, the newest first."""


def look(layout: Layout, database: str) -> Found:
    """Read what is there. `database` is the database's file name in the state directory."""
    path, size = _database(layout.state / database)
    current = layout.current
    return Found(
        group=_known(lambda: grp.getgrnam(ACCOUNT)),
        user=_known(lambda: pwd.getpwnam(ACCOUNT)),
        configured=_configured(layout.config),
        unit=layout.unit.exists(),
        current=Path(os.readlink(current)).name if current.is_symlink() else None,
        database=path,
        database_size=size,
        free=_free(layout.backups),
        releases=_inside(layout.code / "releases"),
        backups=_backups(layout.backups, database),
    )


def _known(lookup: Callable[[], object]) -> bool:
    try:
        lookup()
    except KeyError:
        return False
    return True


def _configured(folder: Path) -> bool:
    try:
        return any(folder.glob("*.yaml"))
    except PermissionError:  # there, and not for this login to read: a dry run by someone outside the group
        return True


def _database(path: Path) -> tuple[Path | None, int]:
    try:
        return path, path.stat().st_size
    except FileNotFoundError:
        return None, 0
    except PermissionError:  # as above: whether it is there, only root will see
        return path, 0


def _inside(folder: Path) -> tuple[Path, ...]:
    try:
        return tuple(sorted(folder.iterdir()))
    except OSError:  # not made yet, or not for this login to read
        return ()


def _backups(folder: Path, database: str) -> tuple[Path, ...]:
    name = Path(database)
    found = [path for path in _inside(folder) if path.match(f"{name.stem}-before-*{name.suffix}")]
    return tuple(sorted(found, key=lambda path: path.stat().st_mtime_ns, reverse=True))


def _free(folder: Path) -> int:
    while not folder.is_dir():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def obstacle(*, layout: Layout, uid: int, platform: str) -> str | None:
    """Say why nothing can be installed here, and the way out; None where it can."""
    if platform != "linux" or not (layout.root / "run/systemd/system").is_dir():
        return (
            "install: this machine does not run systemd, so there is nothing to install a service with. "
            "`./run` works without; have whatever starts programs here start it."
        )
    if uid != 0:
        return "install: this takes root: sudo ./run install. To see what it would do: --dry-run"
    return None


def interpreter(base: Path, system: Path = Path("/usr/bin/python3")) -> Path:
    """Give an interpreter that the service can reach: `base`, else the system's where `base` is in a home.

    Raises UsageError where there is none.
    """
    if not _hidden(base):
        return base
    if system.exists() and not _hidden(system.resolve()):
        return system
    raise UsageError(
        f"install: the service could not reach {base}, since homes are closed to it, "
        f"and there is no {system}. "
        "Install one for all (sudo apt install python3 python3-venv), and try again."
    )


def _hidden(path: Path) -> bool:
    return any(path.is_relative_to(folder) for folder in HIDDEN_FROM_SERVICE)
