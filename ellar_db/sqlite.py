"""SQLite: runs that are all or nothing, and batch alterations that lose no row."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ellar_db.errors import DbError, UnavailableError, summary
from ellar_db.timeouts import timed_out

if TYPE_CHECKING:
    from sqlalchemy import Connection

MISMATCH = "a foreign key to columns that aren't unique"
"""What stands for the table to which rows refer, where SQLite can't check that."""

BEGIN = re.compile(r"\s*BEGIN\b", re.IGNORECASE)

COMMIT = re.compile(r"\s*(?:COMMIT|END)\b", re.IGNORECASE)

DROP = re.compile(r"\s*DROP\s+TABLE\s+(?:\w+\.)?[\"`\[]?(?P<table>[^\"`\];]+?)[\"`\]]?\s*;?\s*$", re.IGNORECASE)

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
    enforced = _enforces(driver)
    level = driver.isolation_level
    _pragma(driver, "foreign_keys = OFF")
    broken = _broken(driver)
    inside = blocks = False
    switched_off: list[str] = []

    def options(_: Connection, given: dict[str, Any]) -> None:
        # in `autocommit_block()` foreign keys are as the application has them: what it commits nobody can take back
        nonlocal inside, blocks
        level = given.get("isolation_level")
        if level is None or not enforced:
            return
        inside = level == "AUTOCOMMIT"
        blocks = blocks or inside
        _pragma(driver, f"foreign_keys = {'ON' if inside else 'OFF'}")

    def before(_: Connection, __: Any, statement: str, *___: Any) -> None:
        # but for a transaction of the revision's own, and the table that a batch has copied
        if inside and (BEGIN.match(statement) or _ends_batch(driver, statement)) and _enforces(driver):
            switched_off.append(statement)
            _pragma(driver, "foreign_keys = OFF")
        elif switched_off and COMMIT.match(statement):
            try:
                check()
            except DbError:
                # the driver would commit it when the block ends
                _execute(driver, "ROLLBACK")
                raise

    def after(_: Connection, __: Any, statement: str, *___: Any) -> None:
        if switched_off and not BEGIN.match(statement) and not connection.connection.driver_connection.in_transaction:  # type: ignore[union-attr]
            switched_off.clear()
            _pragma(driver, "foreign_keys = ON")

    def begin(begun: Connection) -> None:
        if begun.get_execution_options().get("isolation_level") == "AUTOCOMMIT":
            return
        driver.isolation_level = None
        if connection.connection.driver_connection.in_transaction:  # type: ignore[union-attr]
            # a driver in the mode autocommit=False (Python 3.12) has begun one already, in which nothing is yet
            _execute(driver, "ROLLBACK")
        _execute(driver, "BEGIN IMMEDIATE")

    def only_begin(_: Connection, __: Any, statement: str, parameters: Any, *___: Any) -> tuple[str, Any]:
        # an application that begins its transactions itself, by SQLAlchemy's recipe, does so once more
        return ("SELECT 1" if BEGIN.match(statement) else statement), parameters

    def check() -> None:
        _refuse(_new(broken, _broken(driver)), blocks=blocks)

    def before_commit(committed: Connection) -> None:
        if committed.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            check()

    event.listen(connection, "set_connection_execution_options", options)
    event.listen(connection, "before_cursor_execute", before)
    event.listen(connection, "after_cursor_execute", after)
    event.listen(connection, "begin", begin)
    event.listen(connection, "commit", before_commit)
    begins_itself = bool(connection.engine.dispatch.begin)
    if begins_itself:
        event.listen(connection, "before_cursor_execute", only_begin, retval=True)
    try:
        yield check
    finally:
        event.remove(connection, "set_connection_execution_options", options)
        event.remove(connection, "before_cursor_execute", before)
        event.remove(connection, "after_cursor_execute", after)
        event.remove(connection, "begin", begin)
        event.remove(connection, "commit", before_commit)
        if begins_itself:
            event.remove(connection, "before_cursor_execute", only_begin)
        if connection.in_transaction():
            connection.rollback()
        if not connection.invalidated:
            driver.isolation_level = level
            if enforced:
                _pragma(driver, "foreign_keys = ON")


def _enforces(driver: Any) -> bool:
    return bool(_pragma(driver, "foreign_keys")[0][0])


def _ends_batch(driver: Any, statement: str) -> bool:
    """Tell whether a statement drops a table that a batch has copied."""
    match = DROP.match(statement)
    if match is None:
        return False
    copied = f"_alembic_tmp_{match['table']}".replace("'", "''")
    return bool(_execute(driver, f"SELECT 1 FROM sqlite_master WHERE name = '{copied}'"))


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
        if timed_out(error):
            raise UnavailableError(
                "the SQLite database is locked by another program (it timed out); try again when that has ended, or "
                "wait longer with --db-lock-timeout"
            ) from error
        raise UnavailableError(f"the SQLite database can't be used: {summary(error)}") from error
    finally:
        cursor.close()


def _broken(driver: Any) -> Counter[tuple[str, str]]:
    """Count the rows that refer to nothing, by table and by the table to which they refer."""
    try:
        return Counter((table, parent) for table, _, parent, _ in _pragma(driver, "foreign_key_check"))
    except UnavailableError as error:
        if "foreign key mismatch" not in str(error.__cause__):
            raise
    # a table refers to columns that aren't unique, which SQLite can't check; the others are checked one by one
    found: Counter[tuple[str, str]] = Counter()
    for (table,) in _execute(driver, "SELECT name FROM sqlite_master WHERE type = 'table'"):
        quoted = table.replace('"', '""')
        try:
            found.update((table, parent) for _, _, parent, _ in _pragma(driver, f'foreign_key_check("{quoted}")'))
        except UnavailableError as error:
            if "foreign key mismatch" not in str(error.__cause__):
                raise
            found[table, MISMATCH] += 1
    return found


def _new(before: Counter[tuple[str, str]], after: Counter[tuple[str, str]]) -> Counter[tuple[str, str]]:
    """Give what is broken and wasn't before; a table that was renamed takes what was broken along."""
    new, gone = after - before, before - after
    for pair in list(new):
        for other in list(gone):
            if gone[other] >= new[pair] and (pair[0] == other[0] or pair[1] == other[1]):
                gone[other] -= new[pair]
                del new[pair]
                break
    return new


def _refuse(broken: Counter[tuple[str, str]], *, blocks: bool) -> None:
    if not broken:
        return
    rows = [
        f"{table} with {parent}" if parent == MISMATCH else f"{count} in {table} without their {parent}"
        for (table, parent), count in sorted(broken.items())
    ]
    more = f" and {len(rows) - SHOWN} more tables" if len(rows) > SHOWN else ""
    kept = ", but for what autocommit_block() committed" if blocks else ""
    raise DbError(
        f"the run would leave rows that refer to nothing: {', '.join(rows[:SHOWN])}{more}; all of it was rolled back"
        f"{kept}"
    )
