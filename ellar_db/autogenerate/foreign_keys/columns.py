"""Columns whose type a server doesn't change while a foreign key needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ellar_db.autogenerate.foreign_keys.keys import Key, keys_of
from ellar_db.autogenerate.reading import is_there
from ellar_db.plugins.dialects import dialect_named
from ellar_db.plugins.manager import get_plugin_manager

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import ModifyTableOps, UpgradeOps


def release_columns(context: AutogenContext, operations: UpgradeOps) -> None:
    """Drop each foreign key that keeps the type of a column from being changed, and add it again; a step.

    Args:
        context: The comparison.
        operations: Its operations, changed in place.
    """
    from alembic.operations.ops import AlterColumnOp, DropConstraintOp, DropTableOp, ModifyTableOps

    assert context.dialect is not None
    if not dialect_named(get_plugin_manager(), context.dialect.name).fixes_types_of_keys:
        return
    changes: dict[Any, ModifyTableOps] = {
        (each.schema, each.table_name): each for each in operations.ops if isinstance(each, ModifyTableOps)
    }
    altered = {
        (place, str(each.column_name))
        for place, table in changes.items()
        for each in table.ops
        if isinstance(each, AlterColumnOp) and each.modify_type is not None
    }
    if not altered:
        return
    dropped = {(each.schema, each.table_name) for each in operations.ops if isinstance(each, DropTableOp)}
    for place in {(each.schema, each.name) for each in context.sorted_tables} - dropped:
        schema, name = place
        if not is_there(context, name, schema):
            continue
        there = changes.get(place) or ModifyTableOps(name, [], schema=schema)
        gone = {each.constraint_name for each in there.ops if isinstance(each, DropConstraintOp)}
        for key in keys_of(context, name, schema):
            if key.name not in gone and _columns(key) & altered:
                there.ops = [key.drop(), *there.ops, key.create()]
        if there.ops and place not in changes:
            operations.ops.append(there)


def _columns(key: Key) -> set[Any]:
    """Return the columns of a key on both sides, with their tables."""
    own = {((key.schema, key.table), column) for column in key.columns}
    return own | {(key.target, column) for column in key.target_columns}
