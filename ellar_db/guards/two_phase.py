"""Two-phase commit: the transactions of several databases are all prepared before the first is committed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ellar_db.dialects.base import Dialect
from ellar_db.util.errors import DbError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ellar_db.databases.database import Database


class TwoPhase:
    """The two-phase transactions of one run: a context that commits all of them at its end, or none."""

    def __init__(self) -> None:
        self.connections: list[Connection] = []
        self.prepared: list[Connection] = []

    def __enter__(self) -> TwoPhase:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            try:
                self._prepare()
            except BaseException:  # an interruption must leave nothing prepared either
                self._abort()
                raise
            for connection in self.connections:
                connection.commit()
        else:
            self._abort()

    def begin(self, database: Database, connection: Connection, dialect: Dialect) -> None:
        """Begin a database's transaction.

        MySQL and MariaDB refuse schema changes in such a transaction. There each schema change commits what precedes
        it, as in any of their transactions; what follows the last schema change takes part in the two-phase commit.

        Args:
            database: The database.
            connection: Its connection, not in a transaction.
            dialect: Its kind.

        Raises:
            DbError: Its driver doesn't support two-phase commit.
        """
        try:
            connection.begin_twophase()
        except NotImplementedError as error:
            raise DbError(
                f"the driver of the database {database.name!r} ({database.url}) knows no two-phase commit; "
                "set use_two_phase to False"
            ) from error
        self.connections.append(connection)
        if dialect.commits_at_ddl:
            _commit_before_ddl(connection, dialect)

    def _prepare(self) -> None:
        for connection in self.connections:
            _prepare(connection)
            self.prepared.append(connection)

    def _abort(self) -> None:
        for connection in self.connections:
            if connection in self.prepared:
                connection.rollback()
            else:
                # the server drops what isn't prepared when the connection ends; drivers differ in how to roll it back
                connection.invalidate()


def _prepare(connection: Connection) -> None:
    from sqlalchemy import TwoPhaseTransaction

    transaction = connection.get_transaction()
    if not isinstance(transaction, TwoPhaseTransaction):
        raise DbError("a revision ended the two-phase transaction by itself; leave commit and rollback to the run")
    transaction.prepare()


def _commit_before_ddl(connection: Connection, dialect: Dialect) -> None:
    from sqlalchemy import event

    @event.listens_for(connection, "before_cursor_execute")
    def end(_: Connection, __: Any, statement: str, *___: Any) -> None:
        if dialect.statements.changes_schema.match(statement):
            _prepare(connection)
            connection.commit()

    @event.listens_for(connection, "after_cursor_execute")
    def begin_again(_: Connection, __: Any, statement: str, *___: Any) -> None:
        if dialect.statements.changes_schema.match(statement):
            connection.begin_twophase()
