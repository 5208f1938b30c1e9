"""The rows of a table, copied into another one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ellar_db.dialects.sqlite_copy.catalog import Catalog, Column
from ellar_db.dialects.sqlite_copy.text import folded, literal, quoted
from ellar_db.dialects.sqlite_copy.values import Conversion, conversion
from ellar_db.util.errors import RefusedError

ROWIDS = ("rowid", "_rowid_", "oid")
"""The names of the rowid, of which a column may have taken some."""


class Rows:
    """The rows of a table that are copied.

    Args:
        catalog: The catalog of the database.
        source: The table with the rows.
        columns: Its columns.
        table: The table to which they are copied, whose columns have the same names.
    """

    def __init__(self, catalog: Catalog, source: str, columns: Sequence[Column], table: str) -> None:
        self._catalog = catalog
        self._source = source
        self._before = {folded(column.name): column for column in columns}
        self._table = table

    def copy(self, copied: frozenset[str], *, has_rowid: bool) -> None:
        """Copy the rows.

        Args:
            copied: The columns that are copied, folded.
            has_rowid: Whether the rowid is copied too.

        Raises:
            RefusedError: There are values that can't be kept.
        """
        from sqlalchemy.exc import OperationalError

        after = self._catalog.columns(self._table)
        kept = [column for column in after if folded(column.name) in copied and not column.generated]
        ways = [(column, self._conversion(column)) for column in kept]
        for column, how in ways:
            self._refuse(column, how, before=True)
        values = {quoted(column.name): how.value for column, how in ways}
        taken = {*self._before, *(folded(column.name) for column in after)}
        rowid = next((name for name in ROWIDS if name not in taken), None)
        if has_rowid and rowid is not None:
            values = {rowid: rowid, **values}
        try:
            self._insert(values)
        except OperationalError:
            for column, how in ways:
                self._refuse(column, how, before=False)
            raise

    def _conversion(self, column: Column) -> Conversion:
        return conversion(quoted(column.name), self._before[folded(column.name)].type, column.type)

    def _insert(self, values: Mapping[str, str]) -> None:
        """Insert the rows.

        Args:
            values: The expressions of the columns.
        """
        if values:
            # OR ABORT, since the table's own ON CONFLICT might leave out rows
            self._catalog.execute(
                f"INSERT OR ABORT INTO {self._catalog.qualified(self._table)} ({', '.join(values)}) "
                f"SELECT {', '.join(values.values())} FROM {self._catalog.qualified(self._source)}"
            )

    def _refuse(self, column: Column, how: Conversion, *, before: bool) -> None:
        """Refuse a type in which values can't be kept.

        Args:
            column: The column of the new table.
            how: How its values are copied.
            before: Whether no row has been copied yet, so that there may be values that are an error only then.

        Raises:
            RefusedError: There are such values.
        """
        name, table = quoted(column.name), self._catalog.qualified(self._source)
        count = 0
        if how.bad is not None and how.late != before:
            count += self._count(f"SELECT 1 FROM {table} WHERE {name} IS NOT NULL AND ({how.bad})")
        for converts, kind in ((how.decodes, "blob"), (how.encodes, "text")):
            if converts and before:
                count += self._undecodable(f"SELECT {name} FROM {table} WHERE typeof({name}) = {literal(kind)}")
        if count:
            raise RefusedError(
                f"the column {column.name!r} of {self._table!r} can't become {column.type}: {count} of its values "
                "would be lost or changed by that; change them before in the revision, with an UPDATE"
            )

    def _count(self, query: str) -> int:
        return int(self._catalog.execute(f"SELECT count(*) FROM ({query})")[0][0])

    def _undecodable(self, query: str) -> int:
        """Count the values that are no UTF-8, in which SQLite stores text by default."""
        if str(self._catalog.execute("PRAGMA encoding")[0][0]).upper() != "UTF-8":
            return self._count(query)
        return sum(not _is_text(value) for (value,) in self._catalog.execute(query))


def _is_text(value: Any) -> bool:
    try:
        return isinstance(value, str) or bool(value.decode("utf-8")) or True
    except UnicodeDecodeError:
        return False
