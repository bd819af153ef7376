"""Records the tool's own news, told once while it lasts and once when it is over.

What merely happened, and has a count, is added to a notice of its kind that nobody was sent yet; else it is a notice
of its own, at least an hour after the one before.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta

from monitor.model import Priority, Trouble, TroubleRoute
from monitor.store.ids import random_id
from monitor.store.outbox import TROUBLE_LANE, recipient_row
from monitor.store.rows import micros, micros_or_none, moment, sound, sound_or_none, texts_value, trouble_of

COUNTED_EVERY = timedelta(hours=1)
"""Between two notices of what merely happened."""


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
        last = _open_row(connection, sound(trouble.key))
        if trouble.count:
            _count(connection, trouble, last, routes, now)
        elif last is None or trouble.anew:
            if last is not None:
                _end(connection, last["id"], now)
            owe(connection, _record(connection, trouble), routes, now)


def _open_row(connection: sqlite3.Connection, about: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = connection.execute(
        "SELECT * FROM trouble WHERE about = ? AND over_at IS NULL", (about,)
    ).fetchone()
    return row


def _close(connection: sqlite3.Connection, about: str, routes: Sequence[TroubleRoute], now: datetime) -> None:
    row = _open_row(connection, about)
    if row is None:
        return
    _end(connection, row["id"], now)
    began = trouble_of(row)
    first_line = began.text.partition("\n")[0]
    text = f"over: {began.over or first_line}"
    over = _record(connection, Trouble(key=about, text=text, at=now, outside=began.outside), over_at=now)
    owe(connection, over, routes, now)


def _end(connection: sqlite3.Connection, trouble: int, now: datetime) -> None:
    connection.execute("UPDATE trouble SET over_at = ? WHERE id = ?", (micros(now), trouble))


def _count(
    connection: sqlite3.Connection,
    trouble: Trouble,
    last: sqlite3.Row | None,
    routes: Sequence[TroubleRoute],
    now: datetime,
) -> None:
    if last is not None and _nobody_has_it(connection, last["id"]):
        connection.execute(
            "UPDATE trouble SET text = ?, outside = ?, count = count + ? WHERE id = ?",
            (sound(trouble.text), texts_value(trouble.outside), trouble.count, last["id"]),
        )
        return
    due = now
    if last is not None:
        _end(connection, last["id"], now)
        due = _an_hour_later(connection, last["id"], now)
    owe(connection, _record(connection, trouble), routes, now, due)


def _nobody_has_it(connection: sqlite3.Connection, trouble: int) -> bool:
    """Say whether a notice waits for all that it is for: neither sent nor on its way."""
    gone = connection.execute(
        "SELECT 1 FROM delivery WHERE trouble = ? AND (open = 0 OR lease_until IS NOT NULL)", (trouble,)
    ).fetchone()
    return gone is None


def _an_hour_later(connection: sqlite3.Connection, last: int, now: datetime) -> datetime:
    """Give when the next notice may go; within the hour, whatever a clock once said of the last."""
    row = connection.execute(
        "SELECT max(next_try_at) AS at FROM delivery WHERE trouble = ?", (last,)
    ).fetchone()
    told = now if row["at"] is None else moment(row["at"])
    return min(max(told + COUNTED_EVERY, now), now + COUNTED_EVERY)


def _record(connection: sqlite3.Connection, trouble: Trouble, over_at: datetime | None = None) -> int:
    row = connection.execute(
        "INSERT INTO trouble (key, about, text, outside, over_text, count, at, over_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            random_id(),
            sound(trouble.key),
            sound(trouble.text),
            texts_value(trouble.outside),
            sound_or_none(trouble.over),
            trouble.count,
            micros(trouble.at),
            micros_or_none(over_at),
        ),
    ).lastrowid
    return row or 0


def owe(
    connection: sqlite3.Connection,
    trouble: int,
    routes: Sequence[TroubleRoute],
    now: datetime,
    due: datetime | None = None,
) -> None:
    """Owe each route a delivery of a recorded trouble, due now or later."""
    at = micros(due or now)
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
                micros(now),
                at,
                at,
            ),
        )
