"""The database: everything that is kept, behind ports.Store and ports.Archive. No SQL, row or connection leaves it."""

from monitor.store.archive import SqliteArchive, open_archive
from monitor.store.lock import InstanceLock
from monitor.store.opening import backup, verify
from monitor.store.sqlite import STEPS, SqliteStore, open_store

__all__ = [
    "STEPS",
    "InstanceLock",
    "SqliteArchive",
    "SqliteStore",
    "backup",
    "open_archive",
    "open_store",
    "verify",
]
