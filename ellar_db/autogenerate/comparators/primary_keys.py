"""Comparison of primary keys, which Alembic leaves out."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from ellar_db.autogenerate.answers.operations import qualified, quoted, statement
from ellar_db.autogenerate.compared import ComparedTable

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import CreatePrimaryKeyOp, MigrateOperation, ModifyTableOps
    from sqlalchemy import PrimaryKeyConstraint

log = logging.getLogger("alembic.autogenerate.compare")

KIND: Any = "primary_key_constraint"
"""What the filter of objects is given as the kind."""


def compare_primary_key(table: ComparedTable) -> None:
    """Add the operations that make a table's primary key the one of the models: its columns, their order, its name.

    A name is compared where both have one; the database makes up those that the models don't give.

    Args:
        table: The table.
    """
    context, operations = table.context, table.operations
    old, new = table.inspected.primary_key, table.declared.primary_key
    was, now = _columns(old), _columns(new)
    renamed = _name(old) is not None and _name(new) is not None and _name(old) != _name(new)
    if (was == now and not (was and renamed)) or _is_hidden(context, operations, {*was, *now}):
        return
    found, wanted = (old if was else None), (new if now else None)
    if not context.run_object_filters(new if now else old, _name(new if now else old), KIND, not now, found and wanted):
        return
    if was == now and (rename := _renamed(table, str(_name(old)), str(_name(new)))) is not None:
        operations.ops.append(rename)
    elif was and now and (replaced := _replaced(table, was, now)) is not None:
        _insert(operations, [], [replaced], set(was) - set(now))
    else:
        _insert(operations, *_exchanged(operations, found, wanted), set())
    log.info("Detected changed primary key on table %r: (%s)", str(operations.table_name), ", ".join(now))


def _insert(
    operations: ModifyTableOps,
    before: Sequence[MigrateOperation],
    after: Sequence[MigrateOperation],
    leaving: Collection[str],
) -> None:
    """Insert the change of a key: foreign keys to it are dropped before, and added after it.

    Args:
        operations: The table's operations.
        before: What precedes the changes of columns.
        after: What follows them.
        leaving: The columns that only then may be made nullable, since they leave the key.
    """
    from alembic.operations.ops import CreateForeignKeyOp, DropConstraintOp

    places: list[list[MigrateOperation]] = [[], [], [], []]
    for each in operations.ops:
        if isinstance(each, DropConstraintOp) and each.constraint_type == "foreignkey":
            places[0].append(each)
        elif isinstance(each, CreateForeignKeyOp):
            places[3].append(each)
        else:
            places[2 if getattr(each, "column_name", None) in leaving else 1].append(each)
    operations.ops[:] = [*places[0], *before, *places[1], *after, *places[2], *places[3]]


def _exchanged(
    operations: ModifyTableOps, old: PrimaryKeyConstraint | None, new: PrimaryKeyConstraint | None
) -> tuple[list[MigrateOperation], list[MigrateOperation]]:
    """Return what drops a key, and what adds another one."""
    from alembic.operations.ops import CreatePrimaryKeyOp, DropConstraintOp

    _enable()
    dropped: list[MigrateOperation] = [] if old is None else [DropConstraintOp.from_constraint(_of(operations, old))]
    return dropped, [] if new is None else [CreatePrimaryKeyOp.from_constraint(new)]


def _of(operations: ModifyTableOps, key: PrimaryKeyConstraint) -> PrimaryKeyConstraint:
    """Return a key of the database apart, with its whole name: a naming convention isn't applied to that again."""
    from sqlalchemy import Column, MetaData, PrimaryKeyConstraint, Table
    from sqlalchemy.schema import conv

    found = _name(key)
    made = PrimaryKeyConstraint(*_columns(key), name=None if found is None else conv(found))
    columns = [Column(column.name, column.type) for column in key.columns]
    Table(str(operations.table_name), MetaData(), *columns, made, schema=operations.schema)
    return made


def _renamed(table: ComparedTable, old: str, new: str) -> MigrateOperation | None:
    """Return the statement that renames a key, or None if there is none."""
    place = qualified(table.context, table.schema, table.name)
    names = quoted(table.context, old), quoted(table.context, new)
    text, undo = (table.dialect.rename_constraint(place, "primary", *pair) for pair in (names, names[::-1]))
    return statement(text, undo) if text else None


def _replaced(table: ComparedTable, was: Sequence[str], now: Sequence[str]) -> MigrateOperation | None:
    """Return the statement that replaces a key by another, or None if that takes two."""
    place = qualified(table.context, table.schema, table.name)
    keys = ([quoted(table.context, each) for each in key] for key in (now, was))
    text, undo = (table.dialect.replace_primary_key(place, key) for key in keys)
    return statement(text, undo) if text else None


def _is_hidden(context: AutogenContext, operations: ModifyTableOps, columns: set[str]) -> bool:
    """Return whether a filter of the application leaves out one of the columns."""
    parents: Any = {"table_name": operations.table_name, "schema_name": operations.schema}
    return not all(context.run_name_filters(column, "column", parents) for column in columns)


def _columns(key: PrimaryKeyConstraint) -> list[str]:
    return [str(column.name) for column in key.columns]


def _name(key: PrimaryKeyConstraint) -> str | None:
    return str(key.name) if isinstance(key.name, str) else None


@cache
def _enable() -> None:
    """Let Alembic render the operation that makes a primary key, which it has and doesn't generate."""
    from alembic.autogenerate import renderers
    from alembic.operations.ops import CreatePrimaryKeyOp, CreateUniqueConstraintOp

    @renderers.dispatch_for(CreatePrimaryKeyOp, replace=True)
    def render(context: AutogenContext, operation: CreatePrimaryKeyOp) -> list[str]:
        # it takes the same arguments as the one of a unique constraint
        alike = CreateUniqueConstraintOp(
            operation.constraint_name, operation.table_name, operation.columns, schema=operation.schema
        )
        (text,) = renderers.dispatch(alike)(context, alike)
        return [text.replace("create_unique_constraint(", "create_primary_key(", 1)]
