"""Makes what is owed agree with the configuration: who left it is owed nothing more, who was mended is not paused."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from monitor.model import ChannelName, Recipient, Trouble, TroubleRoute
from monitor.store import outbox, troubles
from monitor.store.rows import micros

LEFT = "the recipient left the configuration"

Cancelled = Callable[[ChannelName, Recipient, int], Trouble]
"""Gives how it is told that so many alerts are not sent any more."""


def mirror(
    connection: sqlite3.Connection,
    recipients: Mapping[ChannelName, Collection[Recipient]],
    mended: Collection[ChannelName],
    told: Cancelled,
    routes: Sequence[TroubleRoute],
    now: datetime,
) -> None:
    """Cancel what strangers are owed, and tell; end the pauses of mended channels, and have them tried at once."""
    untold: set[int] = set()
    for row in connection.execute("SELECT id, channel, name FROM recipient").fetchall():
        channel, name = ChannelName(row["channel"]), Recipient(row["name"])
        if name not in recipients.get(channel, ()):
            untold |= _cancel_troubles(connection, row["id"], now)
            if alerts := _cancel_alerts(connection, row["id"], now):
                troubles.tell(connection, [told(channel, name, alerts)], (), routes, now)
        elif channel in mended:
            outbox.hasten(connection, row["id"], now)
    for trouble in sorted(untold):
        _find_another_way(connection, trouble, routes, now)
    outbox.end_pauses(connection, mended)


_CANCEL = """
UPDATE delivery INDEXED BY delivery_open SET state = 'cancelled', open = 0, detail = ?, settled_at = ?
WHERE recipient = ? AND open = 1 AND lease_until IS NULL
"""
"""What is in flight is left to its message: it may have arrived."""


def _cancel_alerts(connection: sqlite3.Connection, recipient: int, now: datetime) -> int:
    values = (LEFT, micros(now), recipient)
    return connection.execute(_CANCEL + " AND alert IS NOT NULL", values).rowcount


def _cancel_troubles(connection: sqlite3.Connection, recipient: int, now: datetime) -> set[int]:
    """Give the troubles that the recipient was to hear of, and now does not."""
    rows = connection.execute(
        "SELECT trouble FROM delivery INDEXED BY delivery_open"
        " WHERE recipient = ? AND open = 1 AND lease_until IS NULL AND trouble IS NOT NULL",
        (recipient,),
    ).fetchall()
    connection.execute(_CANCEL + " AND trouble IS NOT NULL", (LEFT, micros(now), recipient))
    return {row["trouble"] for row in rows}


def _find_another_way(
    connection: sqlite3.Connection, trouble: int, routes: Sequence[TroubleRoute], now: datetime
) -> None:
    """Owe a trouble to those who hear of troubles now, where nobody else has heard or will hear of it."""
    others = "SELECT 1 FROM delivery WHERE trouble = ? AND (open = 1 OR state = 'sent')"
    if connection.execute(others, (trouble,)).fetchone() is None:
        troubles.owe(connection, trouble, routes, now)
