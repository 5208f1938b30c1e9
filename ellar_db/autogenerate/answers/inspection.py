"""The database as it will be once tables and columns are renamed, for a second comparison."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial, wraps
from typing import TYPE_CHECKING, Any

from ellar_db.dialects.comparing import FORMER_NAME

if TYPE_CHECKING:
    from alembic.ddl.impl import DefaultImpl
    from sqlalchemy import Inspector, Table

PARTS = (
    "columns",
    "pk_constraint",
    "foreign_keys",
    "indexes",
    "unique_constraints",
    "table_comment",
    "check_constraints",
    "table_options",
)
"""What SQLAlchemy's inspector reads of a table, each by `get_...` and `get_multi_...`."""

OWN = {"constrained_columns", "column_names", "include_columns", "column_sorting"}
"""Keys of what is read that have columns of the table itself."""

TEXT = {"sqltext", "expressions"}
"""Keys of what is read that have SQL with columns of the table in it."""


class RenamedInspector:
    """SQLAlchemy's inspector, of a database in which tables and columns have other names.

    Args:
        inspector: The inspector.
        impl: What Alembic knows of the kind of database.
    """

    def __init__(self, inspector: Inspector, impl: DefaultImpl) -> None:
        self.inspector = inspector
        self.impl = impl
        self.info_cache: dict[Any, Any] = {}
        self.tables: dict[tuple[str | None, str], str] = {}
        self.columns: dict[tuple[str | None, str], dict[str, str]] = {}

    def rename_table(self, schema: str | None, old: str, new: str) -> None:
        """Show a table under a new name from now on."""
        self.tables[schema, old] = new
        self.info_cache.clear()

    def rename_column(self, schema: str | None, table: str, old: str, new: str) -> None:
        """Show a column under a new name from now on; the table is named as it is shown."""
        self.columns.setdefault((schema, self.former(schema, table)), {})[old] = new
        self.info_cache.clear()

    def former(self, schema: str | None, shown: str) -> str:
        """Return the name that a table has in the database."""
        return next((old for (where, old), new in self.tables.items() if (where, new) == (schema, shown)), shown)

    def in_new_names(self, schema: str | None, table: str, text: str) -> str:
        """Return SQL that names columns of a table as they are shown.

        Args:
            schema: The table's schema.
            table: The table, as the database names it.
            text: The SQL.
        """
        return str(_in_text(text, self.columns.get((schema, table), {})))

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.inspector, name)
        kind, part = ("multi", name[10:]) if name.startswith("get_multi_") else ("single", name[4:])
        if part not in PARTS:
            return found
        return wraps(found)(partial(getattr(self, f"_{kind}"), part, found))

    def get_table_names(self, schema: str | None = None, **options: Any) -> list[str]:
        """Return the names of the tables."""
        return [self._shown(schema, name) for name in self.inspector.get_table_names(schema=schema, **options)]

    def has_table(self, table_name: str, schema: str | None = None, **options: Any) -> bool:
        """Return whether there is a table, under its new name if it has one."""
        if (schema, table_name) in self.tables:
            return False
        return self.inspector.has_table(self.former(schema, table_name), schema=schema, **options)

    def reflect_table(self, table: Table, *arguments: Any, **options: Any) -> None:
        """Read a table, and note the name that the database has for it."""
        former = self.former(table.schema, table.name)
        if former != table.name:
            table.info[FORMER_NAME] = former
        self.inspector.reflect_table(table, *arguments, **options)

    def _shown(self, schema: str | None, table: str) -> str:
        return self.tables.get((schema, table), table)

    def _single(self, part: str, found: Callable[..., Any], table_name: str, schema: Any = None, **options: Any) -> Any:
        former = self.former(schema, table_name)
        return self._renamed(part, schema, former, found(former, schema=schema, **options))

    def _multi(
        self, part: str, found: Callable[..., Any], schema: Any = None, filter_names: Any = None, **options: Any
    ) -> Any:
        wanted = None if filter_names is None else [self.former(schema, name) for name in filter_names]
        read = found(schema=schema, filter_names=wanted, **options)
        return {
            (where, self._shown(where, name)): self._renamed(part, where, name, items)
            for (where, name), items in read.items()
        }

    def _renamed(self, part: str, schema: str | None, table: str, read: Any) -> Any:
        """Return what was read of a table with the new names in it."""
        if part in ("table_comment", "table_options") or read is None:
            return read
        if isinstance(read, dict):
            return self._item(part, schema, table, read)
        return [self._item(part, schema, table, item) for item in read]

    def _item(self, part: str, schema: str | None, table: str, read: Any) -> dict[str, Any]:
        columns = self.columns.get((schema, table), {})
        item = dict(read)
        if part == "columns":
            return self._column(schema, table, item)
        for key in OWN & set(item):
            item[key] = _mapped(item[key], columns)
        for key in TEXT & set(item):
            item[key] = _in_text(item[key], columns)
        if item.get("dialect_options"):
            item["dialect_options"] = {
                key: _mapped(value, columns) if key.endswith("_include") else _in_text(value, columns)
                for key, value in item["dialect_options"].items()
            }
        if "referred_table" in item:
            target = (item.get("referred_schema"), item["referred_table"])
            item["referred_columns"] = _mapped(item["referred_columns"], self.columns.get(target, {}))
            item["referred_table"] = self._shown(*target)
        return item

    def _column(self, schema: str | None, table: str, item: dict[str, Any]) -> dict[str, Any]:
        columns = self.columns.get((schema, table), {})
        if item.get("computed"):
            item["computed"] = {**item["computed"], "sqltext": _in_text(item["computed"]["sqltext"], columns)}
        former = item["name"]
        if former in columns:
            from sqlalchemy import MetaData, Table

            # a sequence that the column owns is found by the name that the database has
            reflect: Any = self.impl.autogen_column_reflect
            reflect(self.inspector, Table(table, MetaData(), schema=schema), item)
            item["name"] = columns[former]
            item["info"] = {FORMER_NAME: former}
        return item


def _mapped(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {names.get(key, key): each for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [names.get(each, each) for each in value]
    return value


def _in_text(value: Any, names: dict[str, str]) -> Any:
    """Return SQL, or whatever has SQL in it, with other names of columns."""
    if isinstance(value, (list, tuple)):
        return [_in_text(each, names) for each in value]
    if not isinstance(value, str) or not names:
        return value
    words = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    # a text in quotes isn't a name
    return re.sub(
        rf"'(?:[^']|'')*'|(?<!\w)({words})(?!\w)",
        lambda match: names.get(match[1], match[0]) if match[1] else match[0],
        value,
    )
