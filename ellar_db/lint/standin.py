"""What revisions get instead of a connection while they are only read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ellar_db.ddl.catalog import Catalog

if TYPE_CHECKING:
    from sqlalchemy import Dialect


class StandIn:
    """A connection that finds nothing, and tells what would be executed on it.

    Args:
        execute: Called with each statement as text.
        dialect: Returns SQLAlchemy's dialect of the database.
        catalog: Returns what the revisions have made so far, which an inspector of the connection shows.
    """

    def __init__(
        self, execute: Callable[[str], None], dialect: Callable[[], Dialect], catalog: Callable[[], Catalog]
    ) -> None:
        self._execute = execute
        self._dialect = dialect
        self.catalog = catalog

    @property
    def dialect(self) -> Dialect:
        """SQLAlchemy's dialect of the database."""
        return self._dialect()

    @property
    def engine(self) -> StandIn:
        """The connection itself, which has all that revisions ask of an engine."""
        return self

    @property
    def connection(self) -> StandIn:
        """The connection itself, which has what revisions ask of the driver's."""
        return self

    def cursor(self) -> StandIn:
        """Return what a cursor or a transaction is here: the connection itself."""
        return self

    begin = begin_nested = connect = cursor

    @property
    def name(self) -> str:
        """The name of the dialect, as an engine has it."""
        return self.dialect.name

    def execute(self, statement: Any, *_: Any, **__: Any) -> Nothing:
        """Tell a statement, with its values if they are part of it."""
        self._execute(_text(statement, self.dialect))
        return Nothing()

    def scalar(self, statement: Any, *_: Any, **__: Any) -> None:
        """Tell a query."""
        self._execute(_text(statement, self.dialect))

    def scalars(self, statement: Any, *_: Any, **__: Any) -> Nothing:
        """Tell a query."""
        return self.execute(statement)

    exec_driver_sql = execute

    def __enter__(self) -> StandIn:
        return self

    def __exit__(self, *_: object) -> None: ...

    def commit(self) -> None:
        """Tell the end of a transaction."""
        self._execute("COMMIT")

    def in_transaction(self) -> bool:
        """Return that there is one, as in a run."""
        return True

    def _run_ddl_visitor(self, visitor: Callable[..., Any], element: Any, **options: Any) -> None:
        """Tell the statements of `create`, `drop`, `create_all` and the like, which call this by its private name.

        As on SQLAlchemy's own `MockConnection`, nothing is looked up first.
        """
        visitor(self.dialect, self, **{**options, "checkfirst": False}).traverse_single(element)

    def schema_for_object(self, item: Any) -> str | None:
        """Return the schema of a table or a type, which `create` asks for."""
        schema: str | None = item.schema
        return schema

    def execution_options(self, **_: Any) -> StandIn:
        """Return the connection; options change nothing."""
        return self

    def fetchall(self) -> list[Any]:
        """Return no rows, as the driver's cursor."""
        return []

    def fetchone(self) -> None:
        """Return no row, as the driver's cursor."""

    def close(self) -> None:
        """Close nothing."""


class Known:
    """An inspector of a stand-in, which knows what the revisions have made so far.

    Args:
        stand_in: The stand-in.
    """

    def __init__(self, stand_in: StandIn) -> None:
        self.bind = self.engine = stand_in
        self.dialect = stand_in.dialect
        self.default_schema_name = self.dialect.default_schema_name
        self._catalog = stand_in.catalog()

    def get_table_names(self, schema: str | None = None, **_: Any) -> list[str]:
        """Return the names of the tables of a schema."""
        return [name for place, name in self._catalog.tables if place == schema]

    def has_table(self, table_name: str, schema: str | None = None, **_: Any) -> bool:
        """Return whether there is a table."""
        return (schema, table_name) in self._catalog.tables

    def get_columns(self, table_name: str, schema: str | None = None, **_: Any) -> list[dict[str, Any]]:
        """Return the columns of a table, with types of which nothing is known."""
        from sqlalchemy.types import NullType

        facts = self._catalog.tables.get((schema, table_name))
        return [
            {"name": each.name, "type": NullType(), "nullable": "not null" not in each.facts, "default": None}
            for each in (facts.columns.values() if facts is not None else ())
        ]

    def has_index(self, table_name: str, index_name: str, schema: str | None = None, **_: Any) -> bool:
        """Return whether a table has an index."""
        return any(each["name"] == index_name for each in self.get_indexes(table_name, schema))

    def get_indexes(self, table_name: str, schema: str | None = None, **_: Any) -> list[dict[str, Any]]:
        """Return the indexes of a table."""
        return [
            {
                "name": name,
                "column_names": [column.name or None for column in index.columns],
                "unique": "unique" in index.facts,
            }
            for name, index in self._catalog.indexes.items()
            if index.table == (schema, table_name)
        ]

    def get_unique_constraints(self, table_name: str, schema: str | None = None, **_: Any) -> list[dict[str, Any]]:
        """Return the unique constraints of a table."""
        facts = self._catalog.tables.get((schema, table_name))
        return [
            {"name": key.name or None, "column_names": [column.name for column in key.columns]}
            for key in (facts.keys if facts is not None else ())
            if key.kind == "add unique"
        ]

    def get_check_constraints(self, table_name: str, schema: str | None = None, **_: Any) -> list[dict[str, Any]]:
        """Return the CHECK constraints of a table."""
        facts = self._catalog.tables.get((schema, table_name))
        return [{"name": name, "sqltext": text} for name, text in (facts.checks if facts is not None else {}).items()]

    def get_foreign_keys(self, table_name: str, schema: str | None = None, **_: Any) -> list[dict[str, Any]]:
        """Return the foreign keys of a table, as far as statements named them."""
        facts = self._catalog.tables.get((schema, table_name))
        return [
            {
                "name": key.name or None,
                "constrained_columns": [column.name for column in key.columns],
                "referred_table": key.references[1] if key.references is not None else "",
                "referred_schema": key.references[0] if key.references is not None else None,
                "referred_columns": [],
                "options": {},
            }
            for key in (facts.foreign_keys if facts is not None else ())
        ]

    def get_pk_constraint(self, table_name: str, schema: str | None = None, **_: Any) -> dict[str, Any]:
        """Return the primary key of a table."""
        facts = self._catalog.tables.get((schema, table_name))
        key = next((each for each in (facts.keys if facts else ()) if each.kind == "add primary key"), None)
        columns = [column.name for column in key.columns] if key is not None else []
        return {"name": key.name or None if key is not None else None, "constrained_columns": columns}

    def get_view_names(self, schema: str | None = None, **_: Any) -> list[str]:
        """Return the names of the views of a schema."""
        return [name for place, name in self._catalog.views if place == schema]


class Nothing:
    """The result of a statement that wasn't executed: no rows."""

    rowcount = 0
    lastrowid = None
    inserted_primary_key = None

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def fetchall(self) -> list[Any]:
        """Return no rows."""
        return []

    all = fetchall

    def fetchmany(self, *_: int) -> list[Any]:
        """Return no rows."""
        return []

    def fetchone(self) -> None:
        """Return no row."""

    first = scalar = one_or_none = scalar_one_or_none = fetchone

    def scalar_one(self) -> int:
        """Return what counting rows gives, which is what such a query is for as a rule."""
        return 0

    def keys(self) -> list[str]:
        """Return no names."""
        return []

    def mappings(self) -> Nothing:
        """Return no rows."""
        return self

    scalars = unique = tuples = mappings

    def close(self) -> None:
        """End a result that has nothing."""


def _text(statement: Any, dialect: Dialect) -> str:
    """Return a statement as text, with its values if they can be written."""
    from sqlalchemy.exc import SQLAlchemyError

    if isinstance(statement, str):
        return statement
    options: list[Mapping[str, Any]] = [{"literal_binds": True}, {}]
    for each in options:
        try:
            return str(statement.compile(dialect=dialect, compile_kwargs=each))
        except (SQLAlchemyError, NotImplementedError, AttributeError):
            continue
    return ""
