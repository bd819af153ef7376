"""Brings a database to the schema of this release, one whole migration at a time; it decides nothing else.

Each migration, the record of it and the new `user_version` are one transaction: a kill at any statement leaves
the schema before or the schema after.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from sqlite_utils import Database, Migrations

from monitor.ports import Step
from monitor.store.schema import APPLICATION_ID, FIRST

Statements = tuple[str, ...]

ALL: tuple[tuple[str, Statements], ...] = (("0001 first release", FIRST),)
"""Every migration in order, its name and its statements. Once released, none may change."""


def migrate(
    connection: sqlite3.Connection, step: Step, migrations: Sequence[tuple[str, Statements]] = ALL
) -> None:
    """Apply what is missing. `step` is called before and after all, and before each statement."""
    step("migrate:before")
    _as_set(migrations, step).apply(Database(connection, recursive_triggers=False, execute_plugins=False))
    step("migrate:after")


def _as_set(migrations: Sequence[tuple[str, Statements]], step: Step) -> Migrations:
    """Register our statements with sqlite-utils."""
    known = Migrations("monitor")
    for number, (name, statements) in enumerate(migrations, start=1):
        known(name=name)(_Migration(name, number, statements, step))
    return known


class _Migration:
    """One migration, as a function of a database."""

    def __init__(self, name: str, number: int, statements: Statements, step: Step) -> None:
        self.__name__ = name
        self._number = number
        self._statements = statements
        self._step = step

    def __call__(self, db: Database, /) -> None:
        """Run inside the transaction that sqlite-utils opened."""
        for statement in self._statements:
            self._step("migrate:statement")
            db.conn.execute(statement)
        # Pragmas take no parameters; both numbers are ours.
        db.conn.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.conn.execute(f"PRAGMA user_version = {self._number}")
        self._step("migrate:statement")
