"""Sets due times right after the wall clock was set back, or was wrong when they were written."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta

from monitor.store.rows import micros

COLUMNS = (
    ("source", ("next_poll_at", "ready_at", "lease_until"), "active = 1"),
    ("delivery", ("next_try_at", "ready_at", "lease_until"), "open = 1"),
    ("channel", ("paused_until",), "paused_until IS NOT NULL"),
)
"""Every time that something waits for; times of what has happened stay as they were written."""


def pull_forward(connection: sqlite3.Connection, by: timedelta, no_later_than: datetime) -> None:
    """Make every due time and lease earlier by this much, and none later than given."""
    distance, latest = by // timedelta(microseconds=1), micros(no_later_than)
    for table, columns, where in COLUMNS:
        late = " OR ".join(f"{column} > ?2" for column in columns)
        # A lease that is not there stays so: min() of NULL is NULL.
        changes = ", ".join(f"{column} = min({column} - ?1, ?2)" for column in columns)
        connection.execute(
            f"UPDATE {table} SET {changes} WHERE {where} AND (?1 > 0 OR {late})",  # noqa: S608 -- names of ours
            (distance, latest),
        )
