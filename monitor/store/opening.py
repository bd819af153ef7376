"""Opens database files: checks that a file is ours and sound, brings it up to date, copies it. No news in here."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from monitor.config.access import denied
from monitor.errors import DiskFull, StoreCorrupt, StoreError, StoreTooNew
from monitor.ports import Step, nothing
from monitor.store.schema import APPLICATION_ID, PAGE_SIZE, SCHEMA_VERSION
from monitor.store.words import search_words

BUSY_MS = 2_000
"""How long one try for a lock lasts; the writer tries again and again."""
CHECKED_WHOLE = 32_000_000
"""Bytes. A file up to this size is read through at every start; of a larger one its ends and its schema are."""
_NOT_OURS = r"SELECT 1 FROM sqlite_master WHERE tbl_name NOT LIKE '\_sqlite%' ESCAPE '\'"
"""Finds tables in a file without our version, but for the list of migrations that a stopped first start leaves."""
_MAGIC = b"SQLite format 3\0"
_WRITE_FAILURES = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR_WRITE,
        sqlite3.SQLITE_IOERR_FSYNC,
        sqlite3.SQLITE_IOERR_DIR_FSYNC,
        sqlite3.SQLITE_IOERR_TRUNCATE,
        sqlite3.SQLITE_IOERR_SHMSIZE,
        sqlite3.SQLITE_IOERR_SHMOPEN,
        sqlite3.SQLITE_IOERR_SHMMAP,
    }
)


def explained(error: sqlite3.Error, path: Path) -> StoreError:
    """Say what a failure of SQLite means: DiskFull for every failed write, StoreCorrupt for a damaged file."""
    code = getattr(error, "sqlite_errorcode", None) or sqlite3.SQLITE_ERROR
    if code in _WRITE_FAILURES:
        return DiskFull(f"{path}: cannot be written: {error}; make room on its disk")
    if code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return _corrupt(path, str(error))
    if code & 0xFF == sqlite3.SQLITE_BUSY:
        return StoreError(f"{path}: another program keeps the database locked")
    return StoreError(f"{path}: {error}")


def _corrupt(path: Path, what: str) -> StoreCorrupt:
    return StoreCorrupt(
        f"{path}: the database is damaged ({what}). Stop the monitor, move this file and those named after it "
        f"({path.name}-wal, {path.name}-shm) aside, and put a backup in its place; without a backup, "
        f"`sqlite3 {path.name} .recover` saves what can be read"
    )


def open_for_writing(path: Path, step: Step = nothing) -> sqlite3.Connection:
    """Open, make or upgrade a database, and give the one connection that may write to it.

    An older database is copied beside itself first, named after its version. Raises StoreTooNew, StoreCorrupt,
    DiskFull, and StoreError where the file can't be opened or belongs to another program.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{path.parent}: cannot be made: {error.strerror}") from error
    _check_header(path)
    try:
        connection = _connect(f"file:{quote(str(path))}?mode=rwc")
        try:
            _set_up(connection, path, step)
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as error:
        raise explained(error, path) from error
    return connection


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open a database that a daemon may be writing to.

    Raises StoreError where there is none or it needs an upgrade, StoreTooNew, StoreCorrupt. Where no daemon runs and
    the reader may not write in the folder, SQLite cannot make its shared memory; nothing can change then, and the
    file is read as immutable.
    """
    if _size(path) == 0:
        raise _nothing_yet(path)
    _check_header(path)
    try:
        connection = _connect(f"file:{quote(str(path))}?mode=ro")
        try:
            version = _version(connection)
        except sqlite3.OperationalError as error:
            connection.close()
            if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
                raise
            connection = _connect_immutable(path)
            version = _version(connection)
        _check_version(path, version, connection)
    except sqlite3.Error as error:
        raise explained(error, path) from error
    return connection


def _size(path: Path) -> int:
    """Give a file's bytes, 0 where there is none. Raises StoreError where it may not be looked at."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> StoreError:
    if isinstance(error, PermissionError):
        return StoreError(f"{path}: {denied(path)}")
    return StoreError(f"{path}: cannot be read: {error.strerror}")


def _connect_immutable(path: Path) -> sqlite3.Connection:
    """Open a file that nobody writes to, without shared memory. Raises StoreError where its log has more to say."""
    if path.with_name(path.name + "-wal").exists():
        raise StoreError(
            f"{path}: a monitor that was killed left its log, which this login may not put in order: "
            "start `monitor run`, or read as a user that may write in that folder"
        )
    return _connect(f"file:{quote(str(path))}?mode=ro&immutable=1")


def _check_version(path: Path, version: int, connection: sqlite3.Connection) -> None:
    """Close, and raise, unless a reader of this release understands the schema."""
    if version == SCHEMA_VERSION:
        return
    connection.close()
    if version > SCHEMA_VERSION:
        raise _too_new(path)
    if version == 0:
        raise _nothing_yet(path)
    raise StoreError(f"{path}: made by an older release: start `monitor run`, which upgrades it")


def _connect(uri: str) -> sqlite3.Connection:
    """Open a connection with what every one of ours needs."""
    connection = sqlite3.connect(
        uri, uri=True, isolation_level=None, check_same_thread=False, cached_statements=256
    )
    connection.row_factory = sqlite3.Row
    connection.create_function("search_words", 1, search_words, deterministic=True)
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    # Only the writer's own code checkpoints: two connections that do can damage the file before SQLite 3.51.3.
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    return connection


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _nothing_yet(path: Path) -> StoreError:
    return StoreError(f"nothing has been stored yet at {path}: start `monitor run`")


def _too_new(path: Path) -> StoreTooNew:
    return StoreTooNew(
        f"{path}: written by a newer release of the monitor: run that release, or restore the copy made before "
        f"the upgrade ({path.name}.before-N)"
    )


def _check_header(path: Path) -> None:
    """Raise where a file is no database, or another program's, by its first 100 bytes. No file, no words."""
    try:
        with path.open("rb") as file:
            header = file.read(100)
    except FileNotFoundError:
        return
    except OSError as error:
        raise _unreadable(path, error) from error
    if not header:
        return
    if len(header) < 100 or not header.startswith(_MAGIC):
        raise _corrupt(path, "its first bytes are not those of a database")
    application = int.from_bytes(header[68:72], "big")
    if application not in (0, APPLICATION_ID):
        raise StoreError(
            f"{path}: this database belongs to another program: choose another path for the store"
        )


def _set_up(connection: sqlite3.Connection, path: Path, step: Step) -> None:
    """Set how the file is written, check it, and migrate it where it is behind."""
    connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")
    connection.execute("PRAGMA journal_mode = WAL")
    for pragma in ("synchronous = FULL", "temp_store = MEMORY", "cache_size = -16000", "cell_size_check = 1"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("PRAGMA journal_size_limit = 16000000")
    version = _version(connection)
    if version > SCHEMA_VERSION:
        raise _too_new(path)
    _check_pages(connection, path)
    if version < SCHEMA_VERSION:
        _upgrade(connection, path, version, step)


def _check_pages(connection: sqlite3.Connection, path: Path) -> None:
    """Look for damage, in bounded time: a small file through and through, a large one at the ends of its tables."""
    if path.stat().st_size <= CHECKED_WHOLE:
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise _corrupt(path, found)
        return
    tables = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%WITHOUT ROWID%' AND rootpage > 0"
    ).fetchall()
    for (table,) in tables:
        quoted = '"' + table.replace('"', '""') + '"'
        for order in ("ASC", "DESC"):
            connection.execute(f"SELECT * FROM {quoted} ORDER BY rowid {order} LIMIT 1").fetchall()  # noqa: S608


def _upgrade(connection: sqlite3.Connection, path: Path, version: int, step: Step) -> None:
    """Copy what was there, then migrate. The library is only loaded when it is needed: it costs 50 ms."""
    from monitor.store.migrations import migrate  # noqa: PLC0415

    if version:
        backup(path, path.with_name(f"{path.name}.before-{SCHEMA_VERSION}"), step)
    elif connection.execute(_NOT_OURS).fetchone():
        raise StoreError(
            f"{path}: this database belongs to another program: choose another path for the store"
        )
    migrate(connection, step)


def backup(path: Path, target: Path, step: Step = nothing) -> None:
    """Copy a database, also while a daemon writes to it: a whole and checked file at `target`, or none.

    Raises StoreError where there is none to copy, DiskFull where there is no room, StoreCorrupt where the copy
    fails its check.
    """
    if not path.exists():
        raise StoreError(f"nothing has been stored yet at {path}: there is nothing to copy")
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    try:
        with (
            closing(_connect(f"file:{quote(str(path))}?mode=ro")) as source,
            closing(sqlite3.connect(part)) as copy,
        ):
            source.backup(copy)
            found = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise _corrupt(path, found)
        _make_durable(part)
        step("backup:before")
        part.replace(target)
        _make_durable(target.parent)
        step("backup:after")
    except sqlite3.Error as error:
        raise explained(error, path) from error
    finally:
        part.unlink(missing_ok=True)


def _make_durable(path: Path) -> None:
    """Have a file or folder on the disk before going on."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def verify(path: Path) -> Sequence[str]:
    """Check a database through and through, search included; give what is wrong, nothing where all is well.

    Reads the whole file: about ten seconds a gigabyte.
    """
    with closing(open_for_reading(path)) as connection:
        try:
            found = [row[0] for row in connection.execute("PRAGMA integrity_check(20)")]
        except sqlite3.Error as error:
            return (str(error),)
    return tuple(line for line in found if line != "ok")
