"""The mark of a run's transaction, which tells whether a revision ended it without SQLAlchemy's knowledge."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from contextlib import suppress
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any

from ellar_db.databases.connections import apart, connected
from ellar_db.databases.database import Database
from ellar_db.dialects.base import Dialect

if TYPE_CHECKING:
    from sqlalchemy import Connection, Transaction


PLAIN = {
    *("add_column", "alter_column", "batch_alter_table", "create_check_constraint", "create_exclude_constraint"),
    *("create_foreign_key", "create_index", "create_primary_key", "create_table", "create_table_comment"),
    *("create_unique_constraint", "drop_column", "drop_constraint", "drop_index", "drop_table", "drop_table_comment"),
    *("dialects", "f", "false", "func", "mysql", "now", "null", "postgresql", "rename_table", "sqlite", "text", "true"),
}
"""What a revision may name and get no hold of the connection: operations, and what their arguments are made of."""


def may_end_transaction(function: Callable[..., Any]) -> bool:
    """Return whether a revision may end the run's transaction by itself, as far as the names in its code tell.

    One that only names operations and types, as those that are written from models, can't.

    Args:
        function: The revision's function.
    """
    code = getattr(function, "__code__", None)
    if not isinstance(code, CodeType) or any(isinstance(each, CodeType) for each in code.co_consts):
        return True
    known = function.__globals__
    for name in code.co_names:
        module = known.get(name)
        if name in known:
            # `op`, `sa` and the like, by whatever name
            if not isinstance(module, ModuleType) or module.__name__.partition(".")[0] not in ("alembic", "sqlalchemy"):
                return True
        elif name not in PLAIN and not name[0].isupper():
            return True
    return bool(code.co_freevars)


class TransactionMark:
    """What became of the transaction in which a revision began.

    Args:
        database: The database.
        connection: The run's connection.
        dialect: The database's kind, which makes the mark and reads it.
    """

    def __init__(self, database: Database, connection: Connection, dialect: Dialect) -> None:
        self.database = database
        self.connection = connection
        self.dialect = dialect
        self._mark: Hashable | None = None
        self._marked: Transaction | None = None

    def set(self) -> None:
        """Mark the transaction, unless the mark of the revision before is still in it."""
        if not self.connection.in_transaction():
            self._mark = None
        elif not self._is_current:
            self._mark, self._marked = self.dialect.mark(self.connection), self.connection.get_transaction()

    @property
    def is_rolled_back(self) -> bool:
        """Whether the transaction was rolled back below SQLAlchemy."""
        mark = self._mark
        return mark is not None and self._is_current and self.dialect.outcome(self.connection, mark) == "rolled back"

    @property
    def is_committed(self) -> bool:
        """Whether the transaction of a revision that failed was committed below SQLAlchemy.

        A server is asked on another connection, since after an error this one may answer nothing.
        """
        mark = self._mark
        if mark is None or self.dialect.embedded or not self._is_current:
            return False
        # the server may be gone; what failed is told in any case
        with suppress(Exception), connected(apart(self.database)) as other:
            return self.dialect.outcome(other, mark) == "committed"
        return False

    def remove(self) -> None:
        """Remove what the mark left on the connection, once the transaction has ended."""
        from sqlalchemy.exc import SQLAlchemyError

        if self._mark is None or self.connection.closed or self.connection.in_transaction():
            return
        if self.connection.invalidated:
            # an interruption has closed it
            return
        with suppress(SQLAlchemyError):
            self.dialect.unmark(self.connection)
            if self.connection.in_transaction():
                self.connection.rollback()

    @property
    def _is_current(self) -> bool:
        """Whether SQLAlchemy is still in the transaction; if not, it has ended that itself, and has told."""
        return self._mark is not None and self._marked is self.connection.get_transaction()
