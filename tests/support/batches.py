"""Batch operations on a SQLite database in memory, under the guard of a run."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import sqlalchemy as sa
from alembic.operations import BatchOperations, Operations
from alembic.runtime.migration import MigrationContext

from ellar_db.dialects.sqlite import SQLite


@contextmanager
def database(statements: Iterable[str]) -> Iterator[tuple[sa.Connection, sqlite3.Connection]]:
    """Make a database in memory.

    Args:
        statements: What makes it.

    Yields:
        SQLAlchemy's connection and the driver's.
    """
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        driver = cast("sqlite3.Connection", connection.connection.dbapi_connection)
        for statement in statements:
            driver.execute(statement)
        driver.commit()
        yield connection, driver
    engine.dispose()


def operate(connection: sa.Connection, revision: Callable[[Operations], Any]) -> None:
    """Run what a revision does, in a run of its own."""
    with SQLite().guard(connection), connection.begin():
        revision(Operations(MigrationContext.configure(connection)))


def batch(
    connection: sa.Connection,
    change: Callable[[BatchOperations], Any] = lambda batch: None,
    table: str = "t",
    **options: Any,
) -> None:
    """Run a batch operation that copies a table, in a run of its own.

    Args:
        connection: The connection.
        change: What is changed.
        table: The table.
        options: Those of `batch_alter_table`.
    """

    def revision(operations: Operations) -> None:
        with operations.batch_alter_table(table, **{"recreate": "always", **options}) as operation:
            change(operation)

    operate(connection, revision)


def definitions(driver: sqlite3.Connection) -> dict[str, str]:
    """Return what sqlite_master has, by name."""
    return dict(driver.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
