"""Foreign keys of SQLite during a run: their enforcement, and the check for violations."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from ellar_db.databases.connections import UnusableError
from ellar_db.util.alembic import batch_copy
from ellar_db.util.errors import DbError, summary

if TYPE_CHECKING:
    from sqlalchemy import Connection


MISMATCH = "a foreign key to columns that aren't unique"
"""Stands for the referenced table if SQLite can't check a foreign key."""

BEGIN = re.compile(r"\s*BEGIN\b", re.IGNORECASE)

COMMIT = re.compile(r"\s*(?:COMMIT|END)\b", re.IGNORECASE)

DROP = re.compile(r"\s*DROP\s+TABLE\s+(?:\w+\.)?[\"`\[]?(?P<table>[^\"`\];]+?)[\"`\]]?\s*;?\s*$", re.IGNORECASE)

SUBJECT = "the SQLite database"
"""How errors call a database whose name isn't known here."""

LOCKED = "database is locked"
"""SQLite's message when the wait for another program timed out."""

UNWRITABLE = ("disk I/O error", "readonly database")
"""SQLite's messages when it can't write, or can't remove a journal."""

SHOWN = 5
"""Maximum number of violations that an error lists."""


class ForeignKeys:
    """The foreign keys of one connection: off during a run, and checked instead.

    In Alembic's `autocommit_block()` they are enforced if the application enforces them, since what is committed there
    can't be rolled back. There are two exceptions: a transaction that the revision begins itself, which is checked at
    its end; and the drop of a table that a batch operation has copied, since rows refer to it.

    Args:
        connection: A connection, not in a transaction.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        # the driver's own connection, below SQLAlchemy's, which would begin a transaction for each of these statements
        self._driver: Any = connection.connection.dbapi_connection
        self._enforced = self._is_on
        self._switch(on=False)
        self._broken = _broken(self._driver)
        # whether an autocommit block is open, whether there was one, and whether they are off in it temporarily
        self._in_block = self._had_block = self._suspended = False

    def check(self) -> None:
        """Check that the run added no foreign key violations.

        Raises:
            DbError: There are new violations.
        """
        _refuse(_new(self._broken, _broken(self._driver)), blocks=self._had_block)

    def restore(self) -> None:
        """Enforce foreign keys again if the application does."""
        if self._enforced:
            self._switch(on=True)

    def listeners(self) -> dict[str, Any]:
        """Return the listeners for the connection's events, by the events' names."""
        return {
            "set_connection_execution_options": self._options,
            "before_cursor_execute": self._before,
            "after_cursor_execute": self._after,
            "commit": self._before_commit,
        }

    def _options(self, _: Connection, given: dict[str, Any]) -> None:
        level = given.get("isolation_level")
        if level is not None and self._enforced:
            self._in_block = level == "AUTOCOMMIT"
            self._had_block |= self._in_block
            self._switch(on=self._in_block)

    def _before(self, _: Connection, __: Any, statement: str, *___: Any) -> None:
        if self._in_block and (BEGIN.match(statement) or self._ends_batch(statement)) and self._is_on:
            self._suspended = True
            self._switch(on=False)
        elif self._suspended and COMMIT.match(statement):
            try:
                self.check()
            except DbError:
                # the driver would commit it when the block ends
                execute(self._driver, "ROLLBACK")
                raise

    def _after(self, connection: Connection, _: Any, statement: str, *__: Any) -> None:
        if self._suspended and not BEGIN.match(statement) and not in_transaction(connection):
            self._suspended = False
            self._switch(on=True)

    def _before_commit(self, committed: Connection) -> None:
        if committed.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            self.check()

    @property
    def _is_on(self) -> bool:
        return bool(execute(self._driver, "PRAGMA foreign_keys")[0][0])

    def _switch(self, *, on: bool) -> None:
        execute(self._driver, f"PRAGMA foreign_keys = {'ON' if on else 'OFF'}")

    def _ends_batch(self, statement: str) -> bool:
        """Return whether a statement drops a table that a batch operation has copied."""
        match = DROP.match(statement)
        if match is None:
            return False
        copy = batch_copy(match["table"]).replace("'", "''")
        return bool(execute(self._driver, f"SELECT 1 FROM sqlite_master WHERE name = '{copy}'"))


def in_transaction(connection: Connection) -> bool:
    """Return whether the driver's connection is in a transaction, whatever state SQLAlchemy assumes."""
    driver: Any = connection.connection.driver_connection
    return bool(driver.in_transaction)


def execute(driver: Any, statement: str) -> list[tuple[Any, ...]]:
    """Execute a statement on the driver's own connection.

    Args:
        driver: The connection.
        statement: The statement.

    Raises:
        UnusableError: SQLite refused the statement.
    """
    from sqlite3 import Error

    cursor = driver.cursor()
    try:
        cursor.execute(statement)
        return list(cursor.fetchall()) if cursor.description else []
    except Error as error:
        # not wrapped in an error of SQLAlchemy, which isn't involved here
        if LOCKED in str(error):
            raise UnusableError(
                SUBJECT,
                "is locked by another program (it timed out); try again when that has ended, or wait longer with "
                "--db-lock-timeout",
            ) from error
        said = [f"can't be used: {summary(error)}", *reasons(error)]
        raise UnusableError(SUBJECT, "; ".join(said)) from error
    finally:
        cursor.close()


def reasons(error: BaseException) -> list[str]:
    """Return why SQLite may be unable to use a file, which its message doesn't say; nothing for other errors.

    Example:
        >>> reasons(ValueError("disk I/O error"))[0].partition(",")[0]
        "this user can't write to it or its folder"
    """
    if "file is not a database" in str(error):
        return ["the file is of another kind, damaged or encrypted; correct the URL, or restore the file"]
    if not any(said in str(error) for said in UNWRITABLE):
        return []
    return [
        "this user can't write to it or its folder, or can't remove a journal (the same path with -journal at its end) "
        "that another user's run left; a command of that user's removes it, `ellar-db current` for example"
    ]


def _broken(driver: Any) -> Counter[tuple[str, str]]:
    """Count the rows that violate a foreign key, by table and referenced table."""
    try:
        return Counter((table, parent) for table, _, parent, _ in execute(driver, "PRAGMA foreign_key_check"))
    except UnusableError as error:
        if "foreign key mismatch" not in str(error.__cause__):
            raise
    # SQLite can't check a foreign key to columns that aren't unique; the other tables are checked one by one
    found: Counter[tuple[str, str]] = Counter()
    for (table,) in execute(driver, "SELECT name FROM sqlite_master WHERE type = 'table'"):
        quoted = table.replace('"', '""')
        try:
            found.update(
                (table, parent) for _, _, parent, _ in execute(driver, f'PRAGMA foreign_key_check("{quoted}")')
            )
        except UnusableError as error:
            if "foreign key mismatch" not in str(error.__cause__):
                raise
            found[table, MISMATCH] += 1
    return found


def _new(before: Counter[tuple[str, str]], after: Counter[tuple[str, str]]) -> Counter[tuple[str, str]]:
    """Return the new violations; those that a renamed table had before aren't new."""
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
