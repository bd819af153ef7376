"""Records the tool's own news, told once while it lasts and once when it is over."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from monitor.model import Priority, Trouble, TroubleRoute
from monitor.store.ids import random_id
from monitor.store.outbox import TROUBLE_LANE, recipient_row
from monitor.store.rows import micros, sound


def tell(
    connection: sqlite3.Connection,
    troubles: Sequence[Trouble],
    recovered: Sequence[str],
    routes: Sequence[TroubleRoute],
    now: datetime,
) -> None:
    """Record troubles that are not open, owe each route a delivery of it; close recovered ones and owe that too."""
    for key in recovered:
        _close(connection, sound(key), routes, now)
    for trouble in troubles:
        about = sound(trouble.key)
        if _open_row(connection, about) is None:
            row = _record(connection, about, sound(trouble.text), trouble.at, None)
            _owe(connection, row, routes, now)


def _open_row(connection: sqlite3.Connection, about: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = connection.execute(
        "SELECT id, text FROM trouble WHERE about = ? AND over_at IS NULL", (about,)
    ).fetchone()
    return row


def _close(connection: sqlite3.Connection, about: str, routes: Sequence[TroubleRoute], now: datetime) -> None:
    row = _open_row(connection, about)
    if row is None:
        return
    connection.execute("UPDATE trouble SET over_at = ? WHERE id = ?", (micros(now), row["id"]))
    over = _record(connection, about, f"over: {row['text']}", now, now)
    _owe(connection, over, routes, now)


def _record(
    connection: sqlite3.Connection, about: str, text: str, at: datetime, over_at: datetime | None
) -> int:
    row = connection.execute(
        "INSERT INTO trouble (key, about, text, at, over_at) VALUES (?, ?, ?, ?, ?)",
        (random_id(), about, text, micros(at), None if over_at is None else micros(over_at)),
    ).lastrowid
    return row or 0


def _owe(connection: sqlite3.Connection, trouble: int, routes: Sequence[TroubleRoute], now: datetime) -> None:
    due = micros(now)
    for route in dict.fromkeys(routes):
        connection.execute(
            "INSERT INTO delivery (key, recipient, trouble, watches, lane, priority, owed_at, next_try_at, ready_at)"
            " VALUES (?, ?, ?, '[]', ?, ?, ?, ?, ?)",
            (
                random_id(),
                recipient_row(connection, route.channel, route.recipient),
                trouble,
                TROUBLE_LANE,
                Priority.HIGH,
                due,
                due,
                due,
            ),
        )
