"""Decides on the steps of an installation or an upgrade. It must touch nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from monitor.errors import UsageError
from monitor.install.machine import ACCOUNT, UNIT, Found, Layout
from monitor.install.steps import (
    Command,
    CopyDatabase,
    CopyTree,
    File,
    Folder,
    Link,
    Plan,
    Remove,
    Step,
)

KEPT_BACKUPS = 3
"""Copies of the database that stay, the newest; each is as large as the database."""
ROOT_FOR_ACCOUNT = f"root:{ACCOUNT}"
ALL_OF_ACCOUNT = f"{ACCOUNT}:{ACCOUNT}"
COPIED = (
    "config",
    "monitor",
    "seeds",
    "systemd",
    ".ci",
    "LICENSE",
    "pyproject.toml",
    "requirements.txt",
    "run",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be installed, and where from."""

    layout: Layout
    checkout: Path
    version: str
    now: datetime
    python: Path
    config_files: Mapping[str, bytes]
    """The first configuration: paths relative to the configuration's folder, and contents."""
    documents: tuple[str, ...] = ()
    """Names of pages in the checkout that go along."""
    unit: bytes = b""
    """The unit's text."""

    @property
    def release(self) -> str:
        """Name it by version and time, so that a version can be installed twice."""
        return f"{self.version}-{self.now.astimezone(UTC):%Y%m%dT%H%M%SZ}"

    @property
    def place(self) -> Path:
        """Where the release goes."""
        return self.layout.code / "releases" / self.release


def plan(order: Order, found: Found) -> Plan:
    """Decide on the steps. Raises UsageError where the disk has no room for the copy of the database."""
    if found.database and found.database_size * 2 > found.free:
        raise UsageError(
            f"install: the database is copied before an upgrade, and the disk of {order.layout.backups} "
            f"has no room for it: twice {found.database_size:,} bytes are wanted, {found.free:,} are free. "
            "Make room, and try again."
        )
    prepare = (
        *_account(found),
        *_folders(order.layout),
        *_configuration(order, found),
        *_release(order),
        *_check(order, found),
    )
    backup = _backup_path(order, found)
    pause = tuple(_pause(found, backup))
    return Plan(
        steps=(*prepare, *pause, *_switch(order), *_start(order, found)),
        harmless=len(prepare),
        unchanged=len(prepare) + len(pause),
        way_back=_way_back(order, found, backup),
    )


def _account(found: Found) -> Iterator[Step]:
    if not found.group:
        yield Command(words="Make the group that the service runs as", argv=("groupadd", "--system", ACCOUNT))
    if not found.user:
        argv = ("useradd", "--system", "--gid", ACCOUNT, "--home-dir", "/var/lib/monitor", "--no-create-home")
        yield Command(
            words="Make the user that the service runs as, whom nobody can log in as",
            argv=(*argv, "--shell", "/usr/sbin/nologin", ACCOUNT),
        )


def _folders(layout: Layout) -> Iterator[Step]:
    words = "Make the folder of the configuration, which the group may read"
    yield Folder(words=words, path=layout.config, mode=0o750, owner=ROOT_FOR_ACCOUNT)
    words = "Make the folder of secrets, which systemd reads for the service"
    yield Folder(words=words, path=layout.config / "credentials", mode=0o700, owner="root:root")
    words = "Make the folder of the database, which the group may read"
    yield Folder(words=words, path=layout.state, mode=0o750, owner=ALL_OF_ACCOUNT)


def _configuration(order: Order, found: Found) -> Iterator[Step]:
    if found.configured:
        return
    folder = order.layout.config
    for parent in sorted({parent for name in order.config_files for parent in Path(name).parents} - {Path()}):
        words = "Make a folder of the configuration"
        yield Folder(words=words, path=folder / parent, mode=0o750, owner=ROOT_FOR_ACCOUNT)
    for name, content in sorted(order.config_files.items()):
        words = "Write a first configuration, to be edited"
        yield File(words=words, path=folder / name, content=content, mode=0o640, owner=ROOT_FOR_ACCOUNT)


def _release(order: Order) -> Iterator[Step]:
    place = order.place
    for path in (order.layout.code, place.parent, place):
        yield Folder(words="Make a folder of the program", path=path, mode=0o755, owner="root:root")
    words = "Copy the program, so that the service needs no one's home"
    yield CopyTree(words=words, source=order.checkout, target=place, names=(*COPIED, *order.documents))
    words = "Let its commands find the service's database"
    yield Link(words=words, path=place / "var", target=str(order.layout.state))
    yield Command(
        words="Make its environment from the lock (needs the network)",
        argv=("env", f"PYTHON={order.python}", str(place / "run"), "--version"),
    )


def _check(order: Order, found: Found) -> Iterator[Step]:
    """A configuration that the new release would not take must not cost the service that runs."""
    if found.configured:
        program = (f"{order.place}/.venv/bin/python", "-I", "-m", "monitor")
        yield Command(
            words="Check the configuration with the new release",
            argv=(*program, "check", "--config", str(order.layout.config)),
        )


def _backup_path(order: Order, found: Found) -> Path | None:
    if found.database is None:
        return None
    name = f"{found.database.stem}-before-{order.release}{found.database.suffix}"
    return order.layout.backups / name


def _pause(found: Found, backup: Path | None) -> Iterator[Step]:
    if found.unit:
        words = "Stop the service, which finishes what is in flight"
        yield Command(words=words, argv=("systemctl", "stop", UNIT))
    if found.database and backup:
        words = "Make the folder of the database's copies"
        yield Folder(words=words, path=backup.parent, mode=0o700, owner="root:root")
        words = "Copy the database, before the new release changes its form"
        yield CopyDatabase(words=words, source=found.database, target=backup)


def _switch(order: Order) -> Iterator[Step]:
    layout = order.layout
    yield Link(words="Put the release in use", path=layout.current, target=f"releases/{order.release}")
    words = "Put the unit in place"
    yield File(words=words, path=layout.unit, content=order.unit, mode=0o644, owner="root:root")
    yield File(
        words="Put the command in place, for every login in the group",
        path=layout.command,
        content=_command(layout),
        mode=0o755,
        owner="root:root",
    )


def _command(layout: Layout) -> bytes:
    return (
        "#!/bin/sh\n"
        "# Written by `sudo ./run install`, which writes it anew at an upgrade.\n"
        f'exec {layout.current}/.venv/bin/python -I -m monitor "$@"\n'
    ).encode()


def _start(order: Order, found: Found) -> Iterator[Step]:
    yield Command(words="Have systemd read the unit", argv=("systemctl", "daemon-reload"))
    if found.unit:
        # A service that had failed too often would be refused a start.
        words = "Forget former failures"
        yield Command(words=words, argv=("systemctl", "reset-failed", UNIT), may_fail=True)
    words = "Start the service, now and with the machine"
    yield Command(words=words, argv=("systemctl", "enable", "--now", UNIT))
    if old := (*_old_releases(order, found), *found.backups[KEPT_BACKUPS - 1 :]):
        yield Remove(
            words=f"Remove releases before the last, and copies of the database before the last {KEPT_BACKUPS}",
            paths=old,
        )


def _old_releases(order: Order, found: Found) -> tuple[Path, ...]:
    """Give the releases but the new one and the one before; none where there is none before."""
    if found.current is None:
        return ()
    return tuple(path for path in found.releases if path.name not in (order.release, found.current))


def _way_back(order: Order, found: Found, backup: Path | None) -> tuple[str, ...]:
    if found.current is None:
        return ()
    layout = order.layout
    restore: tuple[str, ...] = ()
    if found.database and backup:
        database = found.database
        restore = (
            f"sudo rm -f {database}-wal {database}-shm",
            f"sudo install -m 0640 -o {ACCOUNT} -g {ACCOUNT} {backup} {database}",
        )
    return (
        f"sudo systemctl stop {UNIT}",
        f"sudo ln -sfn releases/{found.current} {layout.current}",
        f"sudo cp {layout.current}/systemd/{UNIT} {layout.unit}",
        *restore,
        f"sudo systemctl daemon-reload && sudo systemctl reset-failed {UNIT}",
        f"sudo systemctl start {UNIT}",
    )
