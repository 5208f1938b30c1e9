"""Questions to a database about its rows, each limited in time; one that isn't answered never fails a command."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from ellar_db.databases.connections import apart, briefly, connected
from ellar_db.databases.database import Database
from ellar_db.databases.limits import Limits
from ellar_db.ddl.changes import Table
from ellar_db.dialects.base import Dialect

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy import Connection, Select

LIMITS = Limits(db_lock_timeout=1.0, statement_timeout=2.0)
"""The time-outs of each question, in seconds."""

BUDGET = 10.0
"""Seconds that all questions of one comparison may take; the remaining ones aren't asked."""


class Probes:
    """Questions to a database about its rows, asked on a connection of their own.

    That connection has time-outs, and each question has a transaction that is rolled back. A database in memory is
    asked on the comparison's connection, since another one would be another database. A scratch database isn't asked:
    it has no rows, and those of the application's database are unknown.

    Args:
        database: The database; None if it isn't known.
        dialect: Its kind.
        context: The comparison; None asks nothing.
    """

    def __init__(self, database: Database | None, dialect: Dialect, context: MigrationContext | None) -> None:
        self.database = database
        self.dialect = dialect
        self.asks = context is not None
        """Whether there is a database to ask."""
        self._compared = None if context is None else context.connection
        options = {} if self._compared is None else self._compared.get_execution_options()
        self._translated = options.get("schema_translate_map") or {}
        # an env.py for several tenants sets it, as Alembic's documentation says, and the search path of its connection
        self._default = None if context is None else context.dialect.default_schema_name
        self._rows: dict[Table, bool | None] = {}
        self._stack = ExitStack()
        self._connection: Connection | None = None
        self._cancel: Callable[..., None] | None = None
        self._limited = False
        # what only names the rules makes no scratch database
        from ellar_db.scratch.databases import is_guarding

        self._spent = BUDGET if context is None or is_guarding() else 0.0

    def __enter__(self) -> Probes:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def has_rows(self, table: Table) -> bool | None:
        """Return whether a table has rows, or None if that is unknown."""
        from sqlalchemy import literal_column, select

        if table not in self._rows:
            asked: Select[Any] = select(literal_column("1")).select_from(self._selectable(table))
            self._rows[table] = self._found(asked)
        return self._rows[table]

    def has_nulls(self, table: Table, column: str) -> bool | None:
        """Return whether a column has a NULL, or None if that is unknown."""
        from sqlalchemy import column as named
        from sqlalchemy import literal_column, select

        rows = self.has_rows(table)
        if not rows:
            return rows
        asked: Select[Any] = (
            select(literal_column("1")).select_from(self._selectable(table)).where(named(column).is_(None))
        )
        return self._found(asked, reads_all=True)

    def has_duplicates(self, duplicates: Select[Any]) -> bool | None:
        """Return whether a query for duplicates has a result, or None if that is unknown.

        Args:
            duplicates: What `duplicates` returned.
        """
        return self._found(duplicates, reads_all=True)

    def duplicates(
        self, table: Table, columns: Sequence[Any], where: Any = None, *, shown: bool = False
    ) -> Select[Any]:
        """Return the query for the values that several rows have in common.

        Args:
            table: The table.
            columns: Names of columns, or expressions.
            where: The condition that the rows must fulfil, of a partial index.
            shown: The query is for a user, who needs no name of the default schema.
        """
        from sqlalchemy import column as named
        from sqlalchemy import func, select, text
        from sqlalchemy import table as named_table

        keys = [named(each) if isinstance(each, str) else each for each in columns]
        source = named_table(table[1], schema=table[0]) if shown else self._selectable(table)
        asked = select(*keys).select_from(source).group_by(*keys).having(func.count() > text("1"))
        for key in keys:
            if not isinstance(key, type(text(""))):
                asked = asked.where(key.is_not(None))
        return asked if where is None else asked.where(text(where) if isinstance(where, str) else where)

    def estimated_rows(self, table: Table) -> int | None:
        """Return how many rows the server believes a table to have, or None if that is unknown."""
        schema, name = table
        answer: int | None = self.ask(
            lambda connection: self.dialect.estimated_rows(connection, name, self._schema(schema))
        )
        return answer

    def ask(self, question: Callable[[Connection], Any]) -> Any:
        """Return the answer to a question, or None if there is none in time.

        Args:
            question: A function that executes statements on a connection and returns the answer.
        """
        if self._spent >= BUDGET:
            return None
        begun = time.monotonic()
        try:
            connection = self._connected()
            with briefly(connection), self._cancelling():
                return question(connection)
        except Exception:  # drivers raise errors of their own; without an answer, the finding is only less certain
            if self._connection is None:
                # it can't be had, or not with time-outs
                self._spent = BUDGET
            return None
        finally:
            self._spent += time.monotonic() - begun

    def _selectable(self, table: Table) -> Any:
        from sqlalchemy import table as named

        schema, name = table
        return named(name, schema=self._schema(schema))

    def _schema(self, schema: str | None) -> str | None:
        return self._translated.get(schema, schema) or self._default

    def _found(self, asked: Select[Any], *, reads_all: bool = False) -> bool | None:
        """Return whether a query has a result; None if that is unknown, or if the query can't be limited in time."""

        def ask(connection: Connection) -> bool | None:
            if reads_all and not self._limited and self._cancel is None:
                return None
            return connection.execute(asked.limit(1)).first() is not None

        answer: bool | None = self.ask(ask)
        return answer

    def _connected(self) -> Connection:
        """Return the connection, which is opened for the first question."""
        if self._connection is not None:
            return self._connection
        assert self.database is not None
        own = apart(self.database)
        if own is self.database and self._compared is not None:
            connection = self._compared
        else:
            connection = self._stack.enter_context(connected(own))
        known, locks = connection.dialect, Limits(db_lock_timeout=LIMITS.db_lock_timeout)
        self._limited = self.dialect.timeouts(known, LIMITS) != self.dialect.timeouts(known, locks)
        if not self._limited:
            with briefly(connection):
                self._cancel = self.dialect.canceller(self.database, connection)
        if connection is not self._compared:
            # with its time-outs it must not return to a pool
            connection.detach()
            with briefly(connection, keep=True):
                for statement in self.dialect.timeouts(connection.dialect, LIMITS):
                    connection.exec_driver_sql(statement)
        self._connection = connection
        return connection

    @contextmanager
    def _cancelling(self) -> Iterator[None]:
        """Cancel what takes too long, if the server doesn't do that by itself."""
        if self._cancel is None:
            yield
            return
        timer = threading.Timer(LIMITS.statement_timeout or 0, partial(_quietly, self._cancel))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            # a later question must not be the one that is cancelled
            timer.join()


def _quietly(cancel: Callable[..., None]) -> None:
    with suppress(Exception):
        cancel(session=False)
