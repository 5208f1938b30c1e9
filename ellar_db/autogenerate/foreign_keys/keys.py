"""The foreign keys that a database has, with the operations that drop and add them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ellar_db.autogenerate.reading import read

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import CreateForeignKeyOp, DropConstraintOp


@dataclass(frozen=True)
class Key:
    """A foreign key of the database.

    Args:
        name: Its name; None if the database has none.
        schema: Its table's schema; None is the default one.
        table: Its table.
        columns: Its columns.
        target: The schema and the name of the table to which it refers.
        target_columns: The columns there.
        options: What else it says, such as `ondelete`.
    """

    name: str | None
    schema: str | None
    table: str
    columns: tuple[str, ...]
    target: tuple[str | None, str]
    target_columns: tuple[str, ...]
    options: Mapping[str, Any]

    def with_options(self, options: Mapping[str, Any]) -> Key:
        """Return the key with more options.

        Args:
            options: The options.
        """
        return replace(self, options={**self.options, **options}) if options else self

    def create(self) -> CreateForeignKeyOp:
        """Return the operation that adds it."""
        from alembic.operations.ops import CreateForeignKeyOp

        return CreateForeignKeyOp(
            self.name,
            self.table,
            self.target[1],
            list(self.columns),
            list(self.target_columns),
            source_schema=self.schema,
            referent_schema=self.target[0],
            **self.options,
        )

    def drop(self) -> DropConstraintOp:
        """Return the operation that drops it."""
        from alembic.operations.ops import DropConstraintOp

        return DropConstraintOp(self.name, self.table, type_="foreignkey", schema=self.schema, _reverse=self.create())


def keys_of(context: AutogenContext, table: str, schema: str | None) -> list[Key]:
    """Return the foreign keys of a table of the database.

    Args:
        context: The comparison.
        table: The table.
        schema: Its schema; None is the default one.
    """
    return [
        Key(
            found["name"],
            schema,
            table,
            tuple(found["constrained_columns"]),
            (found["referred_schema"], found["referred_table"]),
            tuple(found["referred_columns"]),
            dict(found.get("options") or {}),
        )
        for found in read(context, "foreign_keys", table, schema)
    ]


def covers(index: Sequence[str], columns: Sequence[str]) -> bool:
    """Return whether an index serves a foreign key, which needs its columns at the beginning.

    Args:
        index: The columns of the index.
        columns: Those of the key.

    Example:
        >>> covers(["a", "b"], ["a"]), covers(["a", "b"], ["b"])
        (True, False)
    """
    return list(index[: len(columns)]) == list(columns)
