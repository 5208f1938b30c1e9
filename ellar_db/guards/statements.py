"""Check each statement of a run after it: one that succeeded may have left something incomplete."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ellar_db.dialects.base import Dialect
from ellar_db.util.errors import DbError

if TYPE_CHECKING:
    from sqlalchemy import Connection


class UnfinishedError(DbError):
    """A statement of a revision succeeded, but left something incomplete."""


@contextmanager
def checked_statements(connection: Connection, dialect: Dialect) -> Iterator[Callable[[], None]]:
    """Ask the dialect about each statement on a connection, after it.

    Args:
        connection: The run's connection.
        dialect: The database's kind.

    Yields:
        A check before the commit, for revisions that go on after the error: it raises UnfinishedError too.

    Example:
        with checked_statements(connection, dialect) as check:
            connection.execute(text("CREATE INDEX CONCURRENTLY IF NOT EXISTS by_name ON users (name)"))
            check()
    """
    from sqlalchemy import event

    doubtful: dict[str, None] = {}

    def refuse(statement: str) -> None:
        problem = dialect.unfinished(connection, statement)
        if problem:
            doubtful.setdefault(statement)
            raise UnfinishedError(problem)

    def after(_: Connection, __: Any, statement: str, *___: Any) -> None:
        refuse(statement)

    def check() -> None:
        for statement in list(doubtful):
            refuse(statement)

    event.listen(connection, "after_cursor_execute", after)
    try:
        yield check
    finally:
        event.remove(connection, "after_cursor_execute", after)
