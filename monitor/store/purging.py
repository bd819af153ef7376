"""Lets go of what is old: texts that are nobody's evidence, and the traces of polls and sends that brought nothing.

What stays for good: articles, identities (a purge never makes known news new), alerts, matches, deliveries, sent
messages; and the text of every version that has an alert, told or withheld, since its matches point into it.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime

from monitor.store.rows import micros
from monitor.store.search import forget

_OLD = "SELECT id FROM version WHERE purgeable = 1 AND received_at < ? ORDER BY received_at LIMIT ?"

# Nothing reads these rows but a person; what names them (a source its last told poll) may name one that is gone.
_SPENT = (
    "DELETE FROM poll WHERE id IN (SELECT id FROM poll WHERE ended_at < ? ORDER BY ended_at LIMIT ?)",
    "DELETE FROM document WHERE id IN"
    " (SELECT id FROM document WHERE told = 0 AND received_at < ? ORDER BY received_at LIMIT ?)",
    "DELETE FROM message WHERE id IN (SELECT id FROM message WHERE state NOT IN ('in flight', 'sent')"
    " AND created_at < ? ORDER BY created_at LIMIT ?)",
)


def purge(connection: sqlite3.Connection, articles_before: datetime, polls_before: datetime, n: int) -> int:
    """Remove the texts of at most n articles received before, and n each of older poll traces. Gives how many went."""
    old = [row["id"] for row in connection.execute(_OLD, (micros(articles_before), n))]
    for version in old:
        forget(connection, version)
    connection.executemany("DELETE FROM version_text WHERE id = ?", [(version,) for version in old])
    connection.executemany("UPDATE version SET purgeable = 0 WHERE id = ?", [(version,) for version in old])
    spent = sum(connection.execute(sql, (micros(polls_before), n)).rowcount for sql in _SPENT)
    return len(old) + spent
