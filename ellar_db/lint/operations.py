"""The operations of a revision on one database, and what they have changed so far."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ellar_db.autogenerate.answers.operations import is_fill
from ellar_db.autogenerate.words import flattened
from ellar_db.dialects.base import Dialect
from ellar_db.lint.probes import Probes, Table

if TYPE_CHECKING:
    from alembic.operations.ops import MigrateOperation, OpContainer
    from sqlalchemy import Column
    from sqlalchemy import Dialect as SQLAlchemyDialect


def name_of(table: Table) -> str:
    """Return a table's name for messages.

    Example:
        >>> name_of(("shop", "users"))
        'shop.users'
    """
    return ".".join(part for part in table if part)


class Operations:
    """The operations of a revision on one database, read one after the other.

    Tables and columns that the revision makes aren't in the database yet, and those that it renames are there under
    their former names.

    Args:
        container: The operations.
        dialect: The kind of the database.
        server: SQLAlchemy's dialect of the database.
        probes: Questions to the database.
        duplicates: Whether duplicates may be searched for, which reads whole tables.
    """

    def __init__(
        self,
        container: OpContainer,
        dialect: Dialect,
        server: SQLAlchemyDialect,
        probes: Probes,
        *,
        duplicates: bool = False,
    ) -> None:
        self.all = list(flattened(container))
        self.dialect = dialect
        self.server = server
        self.probes = probes
        self.duplicates = duplicates
        self.added: dict[tuple[Table, str], Column[Any]] = {}
        self._sql: list[str] = []
        self._created: set[Table] = set()
        self._renamed_tables: dict[Table, Table] = {}
        self._renamed_columns: dict[tuple[Table, str], str] = {}

    def __iter__(self) -> Iterator[MigrateOperation]:
        for operation in self.all:
            yield operation
            self._follow(operation)

    def table(self, operation: Any) -> Table:
        """Return the table of an operation, as the operation names it."""
        return operation.schema, operation.table_name

    def known(self, table: Table) -> Table | None:
        """Return a table as the database names it now, or None if the revision makes it."""
        return None if table in self._created else self._renamed_tables.get(table, table)

    def known_column(self, table: Table, column: str) -> str | None:
        """Return a column as the database names it now, or None if the revision adds it."""
        if self.known(table) is None or (table, column) in self.added:
            return None
        return self._renamed_columns.get((table, column), column)

    def has_rows(self, table: Table) -> bool | None:
        """Return whether a table has rows, or None if that is unknown; a table that the revision makes has none."""
        known = self.known(table)
        return False if known is None else self.probes.has_rows(known)

    def changes_rows(self, table: Table) -> bool:
        """Return whether the revision fills a table, or names it in SQL, before the current operation."""
        return any(table[1] in sql for sql in self._sql)

    def _follow(self, operation: MigrateOperation) -> None:
        from alembic.operations import ops

        if isinstance(operation, ops.CreateTableOp):
            self._created.add(self.table(operation))
        elif isinstance(operation, ops.AddColumnOp):
            self.added[self.table(operation), operation.column.name] = operation.column
        elif isinstance(operation, ops.ExecuteSQLOp):
            self._sql.append(str(operation.sqltext))
        elif is_fill(operation):
            self._sql.append(self.table(operation)[1])
        elif isinstance(operation, ops.RenameTableOp):
            table = self.table(operation)
            known = self.known(table)
            if known is not None:
                self._renamed_tables[operation.schema, operation.new_table_name] = known
        elif isinstance(operation, ops.AlterColumnOp) and operation.modify_name is not None:
            table = self.table(operation)
            column = self.known_column(table, operation.column_name)
            if column is not None:
                self._renamed_columns[table, operation.modify_name] = column
