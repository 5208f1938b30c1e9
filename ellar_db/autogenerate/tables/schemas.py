"""Schemas that new tables need and the database doesn't have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ellar_db.autogenerate.answers.operations import quoted, statement
from ellar_db.plugins.dialects import dialect_named
from ellar_db.plugins.manager import get_plugin_manager

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import UpgradeOps


def create_schemas(context: AutogenContext, operations: UpgradeOps) -> None:
    """Make the schemas that tables and types need before everything else; a step of the pipeline.

    The downgrade drops them at the end, if nothing is left in them.

    Args:
        context: The comparison.
        operations: Its operations, changed in place.
    """
    assert context.dialect is not None
    dialect = dialect_named(get_plugin_manager(), context.dialect.name)
    needed = set(_needed(operations))
    if not needed or not dialect.create_schema("x"):
        return
    for name in sorted(needed - set(context.inspector.get_schema_names())):
        known, text = quoted(context, name), "'" + name.replace("'", "''") + "'"
        operations.ops.insert(0, statement(dialect.create_schema(known), *dialect.drop_schema(known, text)))


def _needed(operations: UpgradeOps) -> Iterator[str]:
    """Yield the schemas of new tables, and of the types of new columns."""
    from alembic.operations.ops import AddColumnOp, CreateTableOp, ModifyTableOps
    from sqlalchemy import Column

    for operation in operations.ops:
        columns: list[Column[object]] = []
        if isinstance(operation, CreateTableOp):
            columns = [each for each in operation.columns if isinstance(each, Column)]
            yield from [operation.schema] if operation.schema else []
        elif isinstance(operation, ModifyTableOps):
            columns = [each.column for each in operation.ops if isinstance(each, AddColumnOp)]
        for column in columns:
            schema = getattr(column.type, "schema", None)
            yield from [str(schema)] if schema else []
