"""Indexes that a server makes for foreign keys, and leaves when these are dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ellar_db.plugins.dialects import dialect_named
from ellar_db.plugins.manager import get_plugin_manager

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import DropIndexOp, UpgradeOps


def drop_key_indexes(context: AutogenContext, operations: UpgradeOps) -> None:
    """Drop with a foreign key the index that the server made for it; a step of the pipeline.

    Otherwise the next comparison would find an index that the models don't have.
    """
    from alembic.operations.ops import DropConstraintOp, ModifyTableOps

    assert context.dialect is not None
    if not dialect_named(get_plugin_manager(), context.dialect.name).indexes_foreign_keys:
        return
    for table in operations.ops:
        if not isinstance(table, ModifyTableOps):
            continue
        for operation in list(table.ops):
            if isinstance(operation, DropConstraintOp) and operation.constraint_type == "foreignkey":
                index = _index_of(operation, context)
                if index is not None and not _is_kept(index, table.ops, context):
                    table.ops.insert(table.ops.index(operation) + 1, index)


def _index_of(operation: Any, context: AutogenContext) -> DropIndexOp | None:
    """Return the operation that drops the index of a foreign key; it has the key's name."""
    from alembic.operations.ops import DropIndexOp
    from sqlalchemy import Column, Index, MetaData, Table

    name, table, schema = operation.constraint_name, operation.table_name, operation.schema
    for index in context.inspector.get_indexes(table, schema=schema):
        if index["name"] == name and not index["unique"]:
            columns = [str(column) for column in index["column_names"]]
            made = Table(table, MetaData(), *(Column(column) for column in columns), schema=schema)
            return DropIndexOp.from_index(Index(name, *(made.c[column] for column in columns)))
    return None


def _is_kept(index: DropIndexOp, operations: list[Any], context: AutogenContext) -> bool:
    """Return whether the models have the index, or another operation deals with it."""
    from alembic.operations.ops import CreateIndexOp, DropIndexOp

    if any(
        isinstance(each, (CreateIndexOp, DropIndexOp)) and each.index_name == index.index_name for each in operations
    ):
        return True
    tables = context.table_key_to_table.values()
    models = [table for table in tables if (table.schema, table.name) == (index.schema, index.table_name)]
    columns = [column.name for column in index.to_index().columns]
    return any(
        index.index_name in {each.name for each in table.indexes}
        # another foreign key may need it
        or any(list(key.column_keys) == columns for key in table.foreign_key_constraints)
        for table in models
    )
