"""Batch operations of Alembic on a connection: their statements, and the copies that are made in their place."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ellar_db.dialects.sqlite_copy.catalog import is_spatial
from ellar_db.dialects.sqlite_copy.copying import Copy
from ellar_db.util.errors import RefusedError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Insert, Table
    from sqlalchemy.schema import CreateIndex, CreateTable

BATCH_COPY = "_alembic_tmp_"
"""Prefix of the names of the tables into which Alembic's batch operations copy."""

OMITTED = "Unnamed CHECK constraint on reflected table"
"""How Alembic's warning begins that a constraint is left out, which here is not."""


@contextmanager
def complete_copies(connection: Connection, check: Callable[[], None]) -> Iterator[None]:
    """Make Alembic's batch operations keep what the revision doesn't name, while the context lasts.

    Args:
        connection: The run's connection.
        check: Raises DbError if rows refer to nothing.
    """
    from sqlalchemy import event

    batches = Batches(connection, check)
    event.listen(connection, "before_execute", batches.before, retval=True)
    event.listen(connection, "commit", batches.before_commit)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", OMITTED)
            yield
    finally:
        event.remove(connection, "before_execute", batches.before)
        event.remove(connection, "commit", batches.before_commit)


class Batches:
    """The batch operations of a connection, one after the other.

    Alembic creates a copy of the table, inserts the rows, drops the table, renames the copy and creates the indexes.
    Here the whole is done when the rows are inserted, since only then it is known which table it is, and its other
    statements do nothing.

    Args:
        connection: The connection.
        check: Raises DbError if rows refer to nothing.
    """

    def __init__(self, connection: Connection, check: Callable[[], None]) -> None:
        self._connection = connection
        self._check = check
        # the table that Alembic wants to create and fill, and what is known when it is filled
        self._new: Table | None = None
        self._copy: Copy | None = None
        # the statements that create it, as long as they wait
        self._waiting: list[CreateTable | CreateIndex] = []

    def before(self, _: Connection, element: Any, several: Any, parameters: Any, options: Any) -> tuple[Any, Any, Any]:
        """Replace a statement of a batch operation (SQLAlchemy's `before_execute`)."""
        return self._replaced(element), several, parameters

    def before_commit(self, _: Connection) -> None:
        """Create a table that waits and isn't filled."""
        self._create()

    def _replaced(self, element: Any) -> Any:
        from sqlalchemy import Insert, text
        from sqlalchemy.schema import CreateTable

        if isinstance(element, Insert) and element.table is self._new and element.select is not None:
            return text("SELECT 1") if self._copied(element) else element
        if self._is_done(element):
            return _nothing()
        self._create()
        if isinstance(element, CreateTable) and self._begins(element.element):
            self._new, self._copy, self._waiting = element.element, None, [element]
            return _nothing()
        return element

    def _begins(self, table: Table) -> bool:
        return str(table.name).startswith(BATCH_COPY) and table is not self._new

    def _copied(self, insert: Insert) -> bool:
        """Copy the table, and return whether that was done.

        Raises:
            RefusedError: Something would be lost.
        """
        from sqlalchemy import Cast
        from sqlalchemy.schema import DropTable

        assert self._new is not None
        select: Any = insert.select
        expressions: list[Any] = list(select.selected_columns)
        columns = [each.clause if isinstance(each, Cast) else each for each in expressions]
        if not columns:
            raise RefusedError(
                "a batch operation that keeps no column copies no row; drop and create the table instead"
            )
        old, new, waiting = columns[0].table, self._new, self._waiting
        if not waiting:
            # something that listens to the new table needed it
            if is_spatial(self._connection, old.name):
                # SpatiaLite keeps accounts of its own, and GeoAlchemy 2 knows them
                self._new = None
                return False
            self._new = None
            self._connection.execute(DropTable(new))
            self._new = new
        self._waiting = []
        self._copy = Copy(self._connection, old, new, frozenset(str(column.key) for column in columns), self._check)
        self._copy.run()
        for create in waiting[1:]:
            self._create_index(create, old.name)
        return True

    def _create_index(self, create: CreateTable | CreateIndex, table: str) -> None:
        """Create an index that was given with the table, under whose name it is rendered."""
        assert self._new is not None
        name, self._new.name = self._new.name, table
        try:
            self._connection.execute(create)
        finally:
            self._new.name = name

    def _is_done(self, element: Any) -> bool:
        """Return whether a statement of a batch operation has nothing left to do, or must wait."""
        from alembic.ddl.base import RenameTable
        from sqlalchemy.schema import CreateIndex, DropTable

        if self._new is None:
            return False
        copy = self._copy
        if isinstance(element, CreateIndex) and element.element.table is self._new:
            if self._waiting:
                self._waiting.append(element)
            return bool(self._waiting) or (copy is not None and copy.restore(element.element))
        if isinstance(element, DropTable):
            return element.element is self._new or (copy is not None and element.element is copy.old)
        return isinstance(element, RenameTable) and copy is not None and element.table_name == self._new.name

    def _create(self) -> None:
        """Create the table after all, since something else than rows comes next."""
        waiting, self._waiting = self._waiting, []
        for create in waiting:
            self._connection.execute(create)


def _nothing() -> Any:
    """Return a statement in the place of one that has nothing left to do."""
    from sqlalchemy import DDL

    make: Any = DDL
    return make("SELECT 1")
