"""SQLite: runs that are all or nothing, and batch alterations that lose no row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ellar_db.errors import DbError, UnavailableError, summary

if TYPE_CHECKING:
    from sqlalchemy import Connection

SHOWN = 5
"""Violations that an error lists."""


@contextmanager
def all_or_nothing(connection: Connection) -> Iterator[Callable[[], None]]:
    """Make a connection's transactions real ones, schema changes included, with foreign keys off while they last.

    The drivers begin a transaction only before the first INSERT, UPDATE or DELETE, so that a schema change is kept
    whatever follows it. Here each begins with BEGIN IMMEDIATE, but for Alembic's `autocommit_block()`. Foreign keys
    are off, since a batch alteration drops the old table, and with it the rows that refer to it by ON DELETE CASCADE;
    before each commit the references are checked. All is as it was when the context ends.

    Args:
        connection: A connection, not in a transaction.

    Yields:
        The check of the references, which each commit does too; it raises DbError where the run broke some.
    """
    from sqlalchemy import event

    # the driver's own connection, below SQLAlchemy's, which would begin a transaction for each of these
    driver: Any = connection.connection.dbapi_connection
    enforced = bool(_pragma(driver, "foreign_keys")[0][0])
    level = driver.isolation_level
    _pragma(driver, "foreign_keys = OFF")
    broken = _broken(driver)

    def begin(begun: Connection) -> None:
        if begun.get_execution_options().get("isolation_level") == "AUTOCOMMIT":
            return
        driver.isolation_level = None
        _execute(driver, "BEGIN IMMEDIATE")

    def check() -> None:
        _refuse_new(_broken(driver) - broken)

    def before_commit(committed: Connection) -> None:
        if committed.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            check()

    event.listen(connection, "begin", begin)
    event.listen(connection, "commit", before_commit)
    try:
        yield check
    finally:
        event.remove(connection, "begin", begin)
        event.remove(connection, "commit", before_commit)
        if connection.in_transaction():
            connection.rollback()
        if not connection.invalidated:
            driver.isolation_level = level
            if enforced:
                _pragma(driver, "foreign_keys = ON")


def _pragma(driver: Any, text: str) -> list[tuple[Any, ...]]:
    return _execute(driver, f"PRAGMA {text}")


def _execute(driver: Any, statement: str) -> list[tuple[Any, ...]]:
    from sqlite3 import Error

    cursor = driver.cursor()
    try:
        cursor.execute(statement)
        return list(cursor.fetchall()) if cursor.description else []
    except Error as error:
        # SQLAlchemy, which would wrap it, has no part in this
        raise UnavailableError(f"the SQLite database can't be used: {summary(error)}") from error
    finally:
        cursor.close()


def _broken(driver: Any) -> Counter[tuple[str, str]]:
    """Count the rows that refer to nothing, by table and by the table to which they refer."""
    return Counter((table, parent) for table, _, parent, _ in _pragma(driver, "foreign_key_check"))


def _refuse_new(broken: Counter[tuple[str, str]]) -> None:
    if not broken:
        return
    rows = [f"{count} in {table} without their {parent}" for (table, parent), count in sorted(broken.items())]
    more = f" and {len(rows) - SHOWN} more tables" if len(rows) > SHOWN else ""
    raise DbError(
        f"the run would leave rows that refer to nothing: {', '.join(rows[:SHOWN])}{more}; all of it was rolled back"
    )
