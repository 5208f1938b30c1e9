"""SQLite: runs that are all or nothing, and batch alterations that lose no row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ellar_db.foreign_keys import BEGIN, ForeignKeys, execute, in_transaction

if TYPE_CHECKING:
    from sqlalchemy import Connection


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

    driver: Any = connection.connection.dbapi_connection
    level = driver.isolation_level
    foreign_keys = ForeignKeys(connection)

    def begin(begun: Connection) -> None:
        if begun.get_execution_options().get("isolation_level") == "AUTOCOMMIT":
            return
        driver.isolation_level = None
        if in_transaction(connection):
            # a driver in the mode autocommit=False (Python 3.12) has begun one already, in which nothing is yet
            execute(driver, "ROLLBACK")
        execute(driver, "BEGIN IMMEDIATE")

    def only_begin(_: Connection, __: Any, statement: str, parameters: Any, *___: Any) -> tuple[str, Any]:
        # an application that begins its transactions itself, by SQLAlchemy's recipe, does so once more
        return ("SELECT 1" if BEGIN.match(statement) else statement), parameters

    begins_itself = bool(connection.engine.dispatch.begin)
    listeners = [*foreign_keys.listeners().items(), ("begin", begin)]
    for name, function in listeners:
        event.listen(connection, name, function)
    if begins_itself:
        event.listen(connection, "before_cursor_execute", only_begin, retval=True)
    try:
        yield foreign_keys.check
    finally:
        for name, function in listeners:
            event.remove(connection, name, function)
        if begins_itself:
            event.remove(connection, "before_cursor_execute", only_begin)
        if connection.in_transaction():
            connection.rollback()
        if not connection.invalidated:
            driver.isolation_level = level
            foreign_keys.restore()
