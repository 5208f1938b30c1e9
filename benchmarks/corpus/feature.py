"""A feature of models, with a change of it; and the small tables that most features need."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, Integer, MetaData, Table

SQLITE, POSTGRESQL, MARIADB = "sqlite", "postgresql", "mariadb"
ALL = (SQLITE, POSTGRESQL, MARIADB)
SERVERS = (POSTGRESQL, MARIADB)

Models = Callable[[MetaData], object]
Rows = Mapping[str, Sequence[Mapping[str, Any]]]

PREFIX = "ELLAR_DB_FIDELITY_SCHEMA"
"""Environment variable: what the names of schemas begin with, where they are shared by all who use a server."""


@dataclass(frozen=True)
class Feature:
    """A feature, and a change of it.

    Args:
        name: What is in the models before the change.
        change: What changes.
        before: Adds the tables to a metadata.
        after: Adds them as they are after the change.
        databases: The kinds of databases that have it.
        rows: The rows there before the upgrade, by table.
        kept: The rows expected afterwards, with the columns given, as the driver returns them; by default those that
            were there before, in all columns that are left.
        arguments: What is typed after ellar_db's `migrate` for the change, "@shop" for the name of the schema `shop`.
        naming: The naming convention of the metadata.
        setup: Statements that come before everything else, such as CREATE EXTENSION.
        beside: Statements that add something which isn't in the models, once the tables are there.
        schemas: The schemas other than the default that the models name.
        claimed: Packages beyond Alembic that say they can do it, and are only run where they do.
    """

    name: str
    change: str
    before: Models
    after: Models
    databases: Sequence[str] = ALL
    rows: Rows = field(default_factory=dict)
    kept: Rows | None = None
    arguments: Sequence[str] = ()
    naming: Mapping[str, str] | None = None
    setup: Sequence[str] = ()
    beside: Sequence[str] = ()
    schemas: Sequence[str] = ()
    claimed: Sequence[str] = ()

    @property
    def key(self) -> str:
        """The name that `--only` and the results use."""
        return f"{self.name}: {self.change}"

    @property
    def typed(self) -> list[str]:
        """The arguments, with the names of schemas as they are in this run."""
        return [re.sub(r"@(\w+)", lambda match: schema(match[1]), argument) for argument in self.arguments]

    def metadata(self, side: str) -> MetaData:
        """Return the metadata of the models.

        Args:
            side: "before" or "after" the change.
        """
        metadata = MetaData(naming_convention=dict(self.naming) if self.naming else None)
        (self.before if side == "before" else self.after)(metadata)
        return metadata


def things(metadata: MetaData, *items: Any, **options: Any) -> Table:
    """Add a table `things` with a primary key `id`."""
    return Table("things", metadata, Column("id", Integer, primary_key=True), *items, **options)


def others(metadata: MetaData, *items: Any, **options: Any) -> Table:
    """Add a table `others` with a primary key `id`."""
    return Table("others", metadata, Column("id", Integer, primary_key=True), *items, **options)


def x(*arguments: Any, **options: Any) -> Column[Any]:
    """Return a column `x`."""
    return Column("x", *arguments, **options)


def y(*arguments: Any, **options: Any) -> Column[Any]:
    """Return a column `y`."""
    return Column("y", *arguments, **options)


def xs(*values: Any) -> Rows:
    """Return rows of `things` with values of `x`."""
    return {"things": [{"id": number, "x": value} for number, value in enumerate(values, start=1)]}


IDS: Rows = {"things": [{"id": 1}, {"id": 2}]}


def columns(
    name: str, change: str, before: Callable[[], Sequence[Any]], after: Callable[[], Sequence[Any]], **options: Any
) -> Feature:
    """Return a feature of the columns of `things`.

    Args:
        name: What is in the models.
        change: What changes.
        before: Returns the columns and constraints before the change, new ones each time.
        after: Returns those after it.
        options: More of `Feature`.
    """
    return Feature(name, change, lambda m: things(m, *before()), lambda m: things(m, *after()), **options)


def added(name: str, type_: Callable[[], Any], *values: Any, **options: Any) -> Feature:
    """Return a feature of a type: a column of that type, to which a second one is added.

    Args:
        name: The type.
        type_: Returns it.
        values: Values that are in the first column.
        options: More of `Feature`.
    """
    return columns(
        name,
        "a column added",
        lambda: [x(type_())],
        lambda: [x(type_()), y(type_())],
        **{"rows": xs(*values, None), **options},
    )


def retyped(
    name: str, change: str, old: Callable[[], Any], new: Callable[[], Any], *values: Any, **options: Any
) -> Feature:
    """Return a feature of a change of a column's type.

    Args:
        name: The type.
        change: What changes.
        old: Returns the type.
        new: Returns the type afterwards.
        values: Values that are in the column.
        options: More of `Feature`; `to`, the values expected afterwards.
    """
    to = options.pop("to", None)
    return columns(
        name,
        change,
        lambda: [x(old())],
        lambda: [x(new())],
        **{"rows": xs(*values), "kept": None if to is None else xs(*to), **options},
    )


def defaulted(name: str, change: str, type_: Callable[[], Any], old: Any, new: Any, **options: Any) -> Feature:
    """Return a feature of a change of a server default; None is none."""
    return columns(
        name,
        change,
        lambda: [x(type_(), server_default=old)],
        lambda: [x(type_(), server_default=new)],
        **{"rows": IDS, **options},
    )


def schema(name: str) -> str:
    """Return the name of a schema that no other run on the same server uses."""
    return f"{os.environ.get(PREFIX, '')}{name}"
