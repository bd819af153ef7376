"""The index of what was written: filled behind the writes, a slice at a time, and searched with its unindexed tail.

Results are newest first. The tail is searched by the same tokeniser as the index, in a table in memory, after a
cheap look that leaves out texts which cannot match.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing

from monitor.store.words import Wanted, could_hold, match_expression, search_words

_FEW = 8
"""Texts indexed between two looks at the clock."""
LONGEST_TAIL = 50_000
"""Texts not indexed yet that one search reads, the newest; the indexer is far behind where there are more."""
_OF_BUDGET = 0.5
"""Part of a slice's time for reading texts; the rest is for the flush of what was read, which the commit does."""
_STATE = "searchable up to"

_INDEX = """
INSERT INTO article_search (rowid, words)
SELECT id, search_words(text) FROM version_text WHERE id > ? AND id <= ?
"""


def index_slice(
    connection: sqlite3.Connection,
    seconds: float,
    monotonic: Callable[[], float],
    pressed: Callable[[], bool],
) -> bool:
    """Index texts for about so long, or until somebody waits; say whether more is to be done."""
    ends = monotonic() + seconds * _OF_BUDGET
    done = indexed_up_to(connection)
    while (last := _last_of_next(connection, done)) is not None:
        connection.execute(_INDEX, (done, last))
        done = last
        if monotonic() >= ends or pressed():
            break
    connection.execute("UPDATE state SET value = ? WHERE name = ? AND value <> ?1", (done, _STATE))
    return _last_of_next(connection, done) is not None


def indexed_up_to(connection: sqlite3.Connection) -> int:
    """Give the row of the last text that is in the index."""
    return int(connection.execute("SELECT value FROM state WHERE name = ?", (_STATE,)).fetchone()[0])


def _last_of_next(connection: sqlite3.Connection, done: int) -> int | None:
    """Give the last of the next few texts; None: there are none."""
    found: int | None = connection.execute(
        "SELECT max(id) FROM (SELECT id FROM version_text WHERE id > ? ORDER BY id LIMIT ?)", (done, _FEW)
    ).fetchone()[0]
    return found


def forget(connection: sqlite3.Connection, version: int) -> None:
    """Take a text out of the index, before its row goes: FTS5 must be told the very words that it was given."""
    connection.execute(
        "INSERT INTO article_search (article_search, rowid, words)"
        " SELECT 'delete', id, search_words(text) FROM version_text WHERE id = ? AND id <= ?",
        (version, indexed_up_to(connection)),
    )


def find(connection: sqlite3.Connection, terms: tuple[Wanted, ...]) -> Iterator[int]:
    """Give the versions that hold all terms, newest first, one after another. Begin a read transaction before."""
    expression, done = match_expression(terms), indexed_up_to(connection)
    yield from _in_tail(connection, terms, expression, done)
    rows = connection.execute(
        "SELECT rowid FROM article_search WHERE article_search MATCH ? AND rowid <= ? ORDER BY rowid DESC",
        (expression, done),
    )
    for (row,) in rows:
        yield row


def _in_tail(
    connection: sqlite3.Connection, terms: tuple[Wanted, ...], expression: str, done: int
) -> Iterator[int]:
    """Search what is not indexed yet."""
    tail = connection.execute(
        "SELECT id, text FROM version_text WHERE id > ? ORDER BY id DESC LIMIT ?", (done, LONGEST_TAIL)
    )
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as memory:
        memory.execute(_table(connection))
        while texts := tail.fetchmany(200):
            likely = [(id, search_words(text)) for id, text in texts if could_hold(text, terms)]
            memory.executemany("INSERT INTO article_search (rowid, words) VALUES (?, ?)", likely)
            rows = memory.execute(
                "SELECT rowid FROM article_search WHERE article_search MATCH ? ORDER BY rowid DESC",
                (expression,),
            ).fetchall()
            yield from (row for (row,) in rows)
            memory.execute("DELETE FROM article_search")


def _table(connection: sqlite3.Connection) -> str:
    """Give the index's own definition, with its content inside."""
    sql: str = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'article_search'").fetchone()[0]
    return sql.replace("content='article_words', content_rowid='id', columnsize=0,", "")
