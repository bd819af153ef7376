"""The mirror of the configured sources: switching on and off, claiming what is due, and what is known of files."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from monitor.model import SourceId, SourceKind, SourceState
from monitor.ports import KnownFile, SourceEntry
from monitor.store.rows import hash_of, micros, place_of, source_of, stamp_of


def mirror(
    connection: sqlite3.Connection,
    entries: Sequence[SourceEntry],
    now: datetime,
    due: Callable[[SourceId], datetime],
) -> None:
    """Make the table agree with the configuration; what is unchanged is not written."""
    wanted = {entry.id: entry for entry in entries}
    kept = {
        SourceId(row["key"]): row
        for row in connection.execute("SELECT id, key, kind, name, active FROM source")
    }
    _add(connection, [entry for id, entry in wanted.items() if id not in kept], now, due)
    gone = [(row["id"],) for id, row in kept.items() if id not in wanted and row["active"]]
    connection.executemany("UPDATE source SET active = 0, lease_until = NULL WHERE id = ?", gone)
    for id, entry in wanted.items():
        row = kept.get(id)
        if row is None:
            continue
        if (row["name"], row["kind"]) != (entry.name, entry.kind):
            connection.execute(
                "UPDATE source SET name = ?, kind = ? WHERE id = ?", (entry.name, entry.kind, row["id"])
            )
        if not row["active"]:
            _switch_on(connection, row["id"], due(id))


def _add(
    connection: sqlite3.Connection,
    entries: Sequence[SourceEntry],
    now: datetime,
    due: Callable[[SourceId], datetime],
) -> None:
    seen = micros(now)
    connection.executemany(
        "INSERT INTO source (key, kind, name, first_seen_at, next_poll_at, ready_at) VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
        [(entry.id, entry.kind, entry.name, seen, micros(due(entry.id))) for entry in entries],
    )


def _switch_on(connection: sqlite3.Connection, row: int, due: datetime) -> None:
    """Begin again with what came back: its history stays, its failures are forgotten."""
    connection.execute(
        "UPDATE source SET active = 1, next_poll_at = ?1, ready_at = ?1, failures = 0, health = 'unknown',"
        " health_reason = NULL WHERE id = ?2",
        (micros(due), row),
    )


CLAIM = """
UPDATE source SET lease_until = ?1, ready_at = ?1 WHERE id IN
  (SELECT id FROM source WHERE active = 1 AND kind = ?2 AND ready_at <= ?3 ORDER BY ready_at LIMIT ?4)
RETURNING *
"""


def claim(
    connection: sqlite3.Connection, kind: SourceKind, now: datetime, n: int, lease: timedelta
) -> tuple[SourceState, ...]:
    """Take at most n due sources, the longest due first; nobody else has them before the lease ends."""
    rows = connection.execute(CLAIM, (micros(now + lease), kind, micros(now), n)).fetchall()
    return tuple(source_of(row) for row in sorted(rows, key=lambda row: row["next_poll_at"]))


def source(connection: sqlite3.Connection, id: SourceId) -> SourceState | None:
    """Give one source's state."""
    row = connection.execute("SELECT * FROM source WHERE key = ?", (id,)).fetchone()
    return None if row is None else source_of(row)


def known_files(connection: sqlite3.Connection, id: SourceId) -> tuple[KnownFile, ...]:
    """Give the latest document of each path of a folder."""
    rows = connection.execute(
        "SELECT f.path, f.stamp, f.content_hash FROM file f JOIN source s ON s.id = f.source WHERE s.key = ?",
        (id,),
    )
    return tuple(
        KnownFile(
            path=place_of(row["path"]),
            stamp=stamp_of(row["stamp"]),
            content_hash=hash_of(row["content_hash"]),
        )
        for row in rows
    )


def release(connection: sqlite3.Connection) -> int:
    """Free the sources that a dead process had claimed; give their number."""
    return connection.execute(
        "UPDATE source SET lease_until = NULL, ready_at = next_poll_at WHERE lease_until IS NOT NULL"
    ).rowcount
