"""The store as readers see it: ports.Archive over a read-only connection, newest first, by page. Writes nothing."""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from types import TracebackType

from monitor.model import AlertId, ArticleId, DeliveryState, PollResult, SourceId, WatchId
from monitor.ports import AlertRecord, ArticleRecord, DeliveryRecord, Hit, SourceRecord
from monitor.store.opening import explained, open_for_reading
from monitor.store.outbox import matches_of
from monitor.store.rows import (
    ALERT,
    DELIVERY,
    RECORD,
    alert_of,
    delivery_of,
    micros,
    moment_or_none,
    record_of,
    source_of,
)
from monitor.store.search import find
from monitor.store.words import snippet, wanted

_EVER = -(2**62)


def open_archive(path: Path) -> SqliteArchive:
    """Open the store at a path for reading, also while a daemon writes to it.

    Raises StoreError where nothing has been stored yet, StoreTooNew, StoreCorrupt.
    """
    return SqliteArchive(path, open_for_reading(path))


class SqliteArchive:
    """ports.Archive; made by open_archive(), closed by close() or the end of a `with`."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._connection = connection

    def close(self) -> None:
        """Let the file go."""
        self._connection.close()

    def __enter__(self) -> SqliteArchive:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _snapshot(self) -> Iterator[sqlite3.Connection]:
        """See one state of the database for as long as this lasts."""
        try:
            self._connection.execute("BEGIN")
            try:
                yield self._connection
            finally:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise explained(error, self._path) from error

    # -- alerts ----------------------------------------------------------------------------------

    def alerts(
        self,
        *,
        limit: int,
        offset: int = 0,
        suppressed: bool | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        watch: WatchId | None = None,
        article: ArticleId | None = None,
    ) -> tuple[AlertRecord, ...]:
        """Give alerts; `suppressed` None: both. Both ends of `since` and `until` belong to what is asked for."""
        asked = {
            "limit": limit,
            "offset": offset,
            "suppressed": suppressed,
            "since": _EVER if since is None else micros(since),
            "until": -_EVER if until is None else micros(until),
            "watch": watch,
            "article": article,
        }
        query = _alerts_query(suppressed, watch, article)
        with self._snapshot() as db:
            return tuple(_alert_record(db, row) for row in db.execute(query, asked).fetchall())

    def alert(self, id: AlertId) -> AlertRecord | None:
        """Give one alert with everything that led to it."""
        with self._snapshot() as db:
            row = db.execute(ALERT + " WHERE al.key = ?", (id,)).fetchone()
            return None if row is None else _alert_record(db, row)

    # -- articles --------------------------------------------------------------------------------

    def articles(
        self, *, limit: int, offset: int = 0, source: SourceId | None = None, since: datetime | None = None
    ) -> tuple[ArticleRecord, ...]:
        """Give the latest versions of articles."""
        asked = {
            "limit": limit,
            "offset": offset,
            "source": source,
            "since": _EVER if since is None else micros(since),
        }
        with self._snapshot() as db:
            rows = db.execute(
                RECORD + (_LATEST if source is None else _OF_SOURCE + _NEWEST), asked
            ).fetchall()
            return tuple(map(record_of, rows))

    def search(self, words: str, *, limit: int, offset: int = 0) -> tuple[Hit, ...]:
        """Give articles that hold all the words, newest first, safe for any input; no words: nothing."""
        terms = wanted(words)
        if not terms:
            return ()
        with self._snapshot() as db:
            found = islice(_by_article(db, find(db, terms)), offset, offset + limit)
            records = [record_of(db.execute(RECORD + " WHERE v.id = ?", (id,)).fetchone()) for id in found]
        return tuple(Hit(record=r, snippet=snippet(r.article.text, terms)) for r in records)

    # -- sources and deliveries ------------------------------------------------------------------

    def sources(self) -> tuple[SourceRecord, ...]:
        """Give every source, by name."""
        with self._snapshot() as db:
            rows = db.execute("SELECT * FROM source ORDER BY name, key").fetchall()
        return tuple(
            SourceRecord(
                state=source_of(row),
                articles=row["articles"],
                last_result=PollResult(row["last_result"]) if row["last_result"] else None,
                last_detail=row["last_detail"],
                last_http_status=row["last_http_status"],
            )
            for row in rows
        )

    def deliveries(
        self,
        *,
        limit: int,
        offset: int = 0,
        states: Sequence[DeliveryState] = (),
        alert: AlertId | None = None,
    ) -> tuple[DeliveryRecord, ...]:
        """Give deliveries; no states: all."""
        most = limit + offset
        if alert is not None:
            return self._deliveries_of(alert, states)[offset:most]
        with self._snapshot() as db:
            by_state = [
                db.execute(
                    _DELIVERIES + " WHERE d.state = ? ORDER BY d.id DESC LIMIT ?", (state, most)
                ).fetchall()
                for state in dict.fromkeys(states or DeliveryState)
            ]
        newest = heapq.merge(*by_state, key=lambda row: -row["id"])
        return tuple(map(_delivery_record, islice(newest, offset, most)))

    def _deliveries_of(self, alert: AlertId, states: Sequence[DeliveryState]) -> tuple[DeliveryRecord, ...]:
        """Give one alert's deliveries in these states; there are as many as recipients."""
        with self._snapshot() as db:
            rows = db.execute(_DELIVERIES + " WHERE al.key = ? ORDER BY d.id DESC", (alert,)).fetchall()
        records = map(_delivery_record, rows)
        return tuple(record for record in records if not states or record.delivery.state in states)


_PAGE = " ORDER BY al.at DESC, al.id DESC LIMIT :limit OFFSET :offset"


def _alerts_query(suppressed: bool | None, watch: WatchId | None, article: ArticleId | None) -> str:
    """Give the query that an index serves for what is asked."""
    query = ALERT + " WHERE al.at BETWEEN :since AND :until"
    if suppressed is not None:
        query += " AND al.suppressed = :suppressed"
    if watch is not None:
        query += " AND al.id IN (SELECT alert FROM match WHERE watch = :watch)"
    if article is not None:
        query += " AND al.article = (SELECT id FROM article WHERE key = :article)"
    return query + _PAGE


_NEWEST = " ORDER BY v.received_at DESC, v.id DESC LIMIT :limit OFFSET :offset"
_LATEST = " WHERE a.latest = v.id AND v.received_at >= :since" + _NEWEST
# The plus keeps to the source's index; a source's latest versions are few beside all.
_OF_SOURCE = """
 WHERE v.id IN (SELECT latest FROM article WHERE source = (SELECT id FROM source WHERE key = :source))
   AND +v.received_at >= :since
"""
_DELIVERIES = """
SELECT d.*, r.channel, r.name AS recipient_name, al.key AS alert_key, tr.key AS trouble_key,
  coalesce(v.headline, tr.text, '') AS told, c.paused_until
FROM delivery d JOIN recipient r ON r.id = d.recipient LEFT JOIN channel c ON c.name = r.channel
  LEFT JOIN alert al ON al.id = d.alert LEFT JOIN version v ON v.id = al.version
  LEFT JOIN trouble tr ON tr.id = d.trouble
"""


def _alert_record(db: sqlite3.Connection, row: sqlite3.Row) -> AlertRecord:
    deliveries = db.execute(DELIVERY + " WHERE d.alert = ? ORDER BY d.id", (row["id"],))
    return AlertRecord(
        alert=alert_of(row, matches_of(db, row["id"])),
        record=record_of(db.execute(RECORD + " WHERE v.id = ?", (row["version"],)).fetchone()),
        watchlist=row["watchlist_key"],
        deliveries=tuple(delivery_of(delivery) for delivery in deliveries),
    )


def _delivery_record(row: sqlite3.Row) -> DeliveryRecord:
    return DeliveryRecord(
        delivery=delivery_of(row), headline=row["told"], paused_until=moment_or_none(row["paused_until"])
    )


def _by_article(db: sqlite3.Connection, versions: Iterator[int]) -> Iterator[int]:
    """Leave out what a newer version of the same article was found for."""
    seen: set[int] = set()
    for version in versions:
        article = db.execute("SELECT article FROM version WHERE id = ?", (version,)).fetchone()["article"]
        if article not in seen:
            seen.add(article)
            yield version
