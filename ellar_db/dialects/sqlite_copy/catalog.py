"""What SQLite's catalog says of a table and of what hangs on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

from ellar_db.dialects.sqlite_copy.text import folded, literal, qualified, quoted, tokens
from ellar_db.util.errors import RefusedError

if TYPE_CHECKING:
    from sqlalchemy import Connection

STATISTICS = {"sqlite_sequence": "name", "sqlite_stat1": "tbl", "sqlite_stat4": "tbl"}
"""SQLite's own tables with rows about a table, and the column that names it."""


SHADOWS = {
    "fts3": frozenset({"content", "segments", "segdir", "docsize", "stat"}),
    "fts4": frozenset({"content", "segments", "segdir", "docsize", "stat"}),
    "fts5": frozenset({"data", "idx", "content", "docsize", "config"}),
    "rtree": frozenset({"node", "rowid", "parent"}),
    "rtree_i32": frozenset({"node", "rowid", "parent"}),
    "geopoly": frozenset({"node", "rowid", "parent"}),
}
"""How the names of the tables end in which the modules that come with SQLite keep the contents of virtual tables."""


_numbers = count(1)


@dataclass(frozen=True)
class Column:
    """A column as SQLite has it.

    Args:
        name: Its name.
        type: Its type as declared.
        key: Its position in the primary key, from 1; 0 if it isn't part of it.
        generated: Whether its values are computed.
    """

    name: str
    type: str
    key: int
    generated: bool


class Catalog:
    """The catalog of one database of a connection, which may be an attached one.

    Args:
        connection: The connection.
        schema: The database's name, such as `main`.
    """

    def __init__(self, connection: Connection, schema: str) -> None:
        self.schema = schema
        self._connection = connection
        self._master = "sqlite_temp_master" if schema == "temp" else f"{quoted(schema)}.sqlite_master"

    @classmethod
    def having(cls, connection: Connection, table: str, schema: str | None) -> Catalog:
        """Return the catalog in which a table is.

        Raises:
            RefusedError: Two databases have the table, and none was named.
        """
        if schema is not None:
            return cls(connection, schema)
        found = [catalog for name in ("main", "temp") if (catalog := cls(connection, name)).kind(table)]
        if len(found) > 1:
            raise RefusedError(
                f"there are two tables {table!r}, and one of them is temporary; name the database of the one that the "
                "batch operation is for, with schema='main' or schema='temp'"
            )
        return found[0] if found else cls(connection, "main")

    def execute(self, statement: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Execute a statement, and return its rows."""
        result = self._connection.exec_driver_sql(statement, parameters or None)
        return [tuple(row) for row in result] if result.returns_rows else []

    def pragma(self, name: str) -> bool:
        """Return whether a setting of the connection is on."""
        return any(row[0] for row in self.execute(f"PRAGMA {name}"))

    def kind(self, name: str) -> str:
        """Return whether a name is that of a table or a view; an empty string if there is none."""
        rows = self._objects("type", name, "type IN ('table', 'view')")
        return str(rows[0][0]) if rows else ""

    def name(self, table: str) -> str:
        """Return a table's name in its own letters."""
        return str(self._objects("name", table, "type = 'table'")[0][0])

    def qualified(self, name: str) -> str:
        """Return a name with that of the database, quoted."""
        return f"{quoted(self.schema)}.{quoted(name)}"

    def sql(self, table: str) -> str:
        """Return a table's definition as written."""
        return str(self._objects("sql", table, "type = 'table'")[0][0])

    def virtual_tables(self) -> dict[str, str]:
        """Return the virtual tables, each with the name of its module, folded."""
        rows = self.execute(f"SELECT name, sql FROM {self._master} WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL%'")
        return {str(name): _module(str(sql)) for name, sql in rows}

    def shadow_tables(self) -> set[str]:
        """Return the tables in which the modules of virtual tables keep the contents.

        Of a module that isn't known here, all tables are returned whose names begin with that of the virtual table.
        """
        virtual = {folded(name): SHADOWS.get(module) for name, module in self.virtual_tables().items()}
        return {
            str(table)
            for (table,) in self.execute(f"SELECT name FROM {self._master} WHERE type = 'table'")
            for name, suffixes in virtual.items()
            if folded(table).startswith(f"{name}_")
            and (suffixes is None or folded(table).removeprefix(f"{name}_") in suffixes)
        }

    def indexes(self, table: str) -> dict[str, str]:
        """Return the definitions of a table's indexes by name, without those of constraints."""
        return self._hanging(table, "index")

    def triggers(self, table: str) -> dict[str, str]:
        """Return the definitions of a table's triggers by name."""
        return self._hanging(table, "trigger")

    def columns(self, table: str) -> list[Column]:
        """Return a table's columns in order."""
        rows = self.execute(f"PRAGMA {quoted(self.schema)}.table_xinfo({quoted(table)})")
        return [Column(str(row[1]), str(row[2] or ""), int(row[5]), row[6] in (2, 3)) for row in rows if row[6] != 1]

    def statistics(self, table: str) -> dict[str, list[tuple[Any, ...]]]:
        """Return the rows of SQLite's own tables about a table, by table."""
        found: dict[str, list[tuple[Any, ...]]] = {}
        for own, column in STATISTICS.items():
            if self._objects("name", own, "type = 'table'"):
                found[own] = self.execute(
                    f"SELECT * FROM {quoted(self.schema)}.{own} WHERE {column} = {literal(table)} COLLATE NOCASE"
                )
        return found

    def free_name(self, like: str) -> str:
        """Return a name that no object has."""
        taken = {folded(str(name)) for (name,) in self.execute(f"SELECT name FROM {self._master}")}
        number, name = 1, like
        while folded(name) in taken:
            number, name = number + 1, f"{like}_{number}"
        return name

    def created(self, statement: str) -> None:
        """Create an object of this database as its definition has it."""
        self.execute(qualified(statement, self.schema))

    def readers(self) -> dict[str, str]:
        """Return the definitions of all views and triggers, by kind and name."""
        rows = self.execute(f"SELECT type, name, sql FROM {self._master} WHERE type IN ('view', 'trigger')")
        return {f"{kind} {name}": str(sql) for kind, name, sql in rows}

    def unusable(self) -> dict[str, str]:
        """Return the views, and the tables with triggers, that SQLite can't use, each with its message."""
        from sqlalchemy.exc import DBAPIError

        found = {}
        for title, statement in self._uses():
            try:
                # a number, since drivers keep statements, and SQLite explains one as it was when it was kept
                self.execute(f"EXPLAIN QUERY PLAN {statement} -- {next(_numbers)}")
            except DBAPIError as error:
                found[title] = str(error.orig)
        return found

    def _uses(self) -> Iterator[tuple[str, str]]:
        """Yield statements that use the views, and the triggers of tables and views."""
        for (view,) in self.execute(f"SELECT name FROM {self._master} WHERE type = 'view'"):
            yield f"the view {view}", f"SELECT * FROM {self.qualified(view)}"
        rows = self.execute(f"SELECT tbl_name, name FROM {self._master} WHERE type = 'trigger'")
        for table in sorted({str(row[0]) for row in rows}):
            names = ", ".join(sorted(str(row[1]) for row in rows if row[0] == table))
            for event, statement in self._events(table):
                yield f"{event} on {table} with the triggers {names}", statement

    def _events(self, table: str) -> Iterator[tuple[str, str]]:
        from sqlalchemy.exc import DBAPIError

        name = self.qualified(table)
        # a view that is broken has no columns
        with suppress(DBAPIError):
            columns = ", ".join(quoted(column.name) for column in self.columns(table) if not column.generated)
            nulls = ", ".join("NULL" for column in self.columns(table) if not column.generated)
            sets = ", ".join(f"{column} = {column}" for column in columns.split(", "))
            yield "INSERT", f"INSERT INTO {name} ({columns}) VALUES ({nulls})"
            yield "UPDATE", f"UPDATE {name} SET {sets}"
        yield "DELETE", f"DELETE FROM {name}"

    def _objects(self, wanted: str, name: str, condition: str) -> list[tuple[Any, ...]]:
        return self.execute(
            f"SELECT {wanted} FROM {self._master} WHERE {condition} AND name = {literal(name)} COLLATE NOCASE"
        )

    def _hanging(self, table: str, kind: str) -> dict[str, str]:
        rows = self.execute(
            f"SELECT name, sql FROM {self._master} WHERE type = {literal(kind)} AND sql IS NOT NULL "
            f"AND tbl_name = {literal(table)} COLLATE NOCASE ORDER BY rowid"
        )
        return {str(name): str(sql) for name, sql in rows}


def _module(statement: str) -> str:
    """Return the module of a virtual table, folded."""
    found = tokens(statement)
    using = next((number for number, token in enumerate(found) if token.keyword == "USING"), None)
    return "" if using is None else folded(found[using + 1].identifier)


def temporary_triggers(connection: Connection, table: str, schema: str) -> dict[str, str]:
    """Return the temporary triggers on a table of another database."""
    if schema == "temp":
        return {}
    # a temporary table of this name has its own
    temporary = Catalog(connection, "temp")
    return {} if temporary.kind(table) else temporary.triggers(table)


def is_spatial(connection: Connection, table: str) -> bool:
    """Return whether SpatiaLite keeps accounts of a table."""
    catalog = Catalog(connection, "main")
    return bool(catalog.kind("geometry_columns")) and bool(
        catalog.execute(f"SELECT 1 FROM geometry_columns WHERE f_table_name = {literal(table)} COLLATE NOCASE")
    )
