"""Objects of a database that the application and plugins leave out of comparisons, asked of one object by its name."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ellar_db.scratch.schema import Part

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table


TYPES = {
    "column": "column",
    "index": "index",
    "unique constraint": "unique_constraint",
    "foreign key": "foreign_key_constraint",
}
"""What Alembic's filters call the parts of a table."""


class Filters:
    """The filters of a comparison, applied to what differs between a database and its history.

    Args:
        connection: The database.
        options: The options of `context.configure`, of which `include_name`, `include_object` and `target_metadata`
            are used.
        schemas: The names of the schemas that are compared; None is the default one.
    """

    def __init__(
        self, connection: Connection, options: Mapping[str, Any], schemas: Collection[str | None] = (None,)
    ) -> None:
        self.connection = connection
        self.schemas = schemas
        self._names: Callable[..., bool] | None = options.get("include_name")
        self._objects: Callable[..., bool] | None = options.get("include_object")
        listed = options.get("target_metadata")
        metadatas = listed if isinstance(listed, Sequence) else [listed]
        self._modelled = {key: table for one in metadatas for key, table in getattr(one, "tables", {}).items()}
        self._kept: dict[str, bool] = {}
        self._tables: dict[str, tuple[Table, bool]] = {}

    def keep(self, part: Part) -> bool:
        """Return whether an object takes part in comparisons.

        Views, triggers and other objects that Alembic doesn't compare aren't asked about.

        Args:
            part: The object.
        """
        if not part.table:
            return True
        if part.table not in self._kept:
            self._kept[part.table] = self._keeps_table(part.table)
        if not self._kept[part.table] or part.kind not in TYPES:
            return self._kept[part.table]
        schema, name = self._split(part.table)
        parents = {"schema_name": schema, "table_name": name, "schema_qualified_table_name": part.table}
        if not self._keeps_name(part.name, TYPES[part.kind], parents):
            return False
        table, reflected = self._table(part.table)
        found = self._within(table, part)
        return found is None or self._keeps_object(found, part.name, TYPES[part.kind], reflected)

    def _keeps_table(self, key: str) -> bool:
        schema, name = self._split(key)
        parents = {"schema_name": schema, "schema_qualified_table_name": key}
        if schema is not None and not self._keeps_name(schema, "schema", {}):
            return False
        if not self._keeps_name(name, "table", parents):
            return False
        table, reflected = self._table(key)
        return self._keeps_object(table, name, "table", reflected)

    def _keeps_name(self, name: str, type_: str, parents: dict[str, Any]) -> bool:
        return self._names is None or self._names(name, type_, parents)

    def _keeps_object(self, found: Any, name: str, type_: str, reflected: bool) -> bool:
        return self._objects is None or self._objects(found, name, type_, reflected, None)

    def _split(self, key: str) -> tuple[str | None, str]:
        schema, dot, name = key.partition(".")
        return (schema, name) if dot and schema in self.schemas else (None, key)

    def _table(self, key: str) -> tuple[Table, bool]:
        """Return a table, and whether it is the database's; else it is that of the models, or has only its name."""
        from sqlalchemy import MetaData, Table
        from sqlalchemy.exc import NoSuchTableError

        if key not in self._tables:
            schema, name = self._split(key)
            try:
                with warnings.catch_warnings():
                    # of types that SQLAlchemy doesn't know, which don't matter here
                    warnings.simplefilter("ignore")
                    found = Table(name, MetaData(), schema=schema, autoload_with=self.connection, resolve_fks=False)
                self._tables[key] = found, True
            except NoSuchTableError:
                self._tables[key] = self._modelled.get(key, Table(name, MetaData(), schema=schema)), False
        return self._tables[key]

    def _within(self, table: Table, part: Part) -> Any:
        """Return a part of a table, or None if it isn't in it or has no name."""
        if part.kind == "column":
            return table.columns.get(part.name)
        parts = table.indexes if part.kind == "index" else table.constraints
        return next((each for each in parts if each.name == part.name), None)
