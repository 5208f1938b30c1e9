"""Names for constraints that have none, so that the operation that drops them, up or down, can name them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from ellar_db.autogenerate.reading import is_there, read
from ellar_db.plugins.dialects import dialect_named
from ellar_db.plugins.manager import get_plugin_manager

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import ModifyTableOps, UpgradeOps

    from ellar_db.dialects.base import Dialect


def name_constraints(context: AutogenContext, operations: UpgradeOps) -> None:
    """Name the constraints without a name that existing tables get or lose; a step of the pipeline.

    New ones get the name that the server would choose. Where the catalog has constraints without a name, the batch
    operation gets a naming convention, with which it finds them.
    """
    from alembic.operations.ops import ModifyTableOps

    assert context.dialect is not None
    dialect = dialect_named(get_plugin_manager(), context.dialect.name)
    if dialect.naming_convention:
        _drop_unnamed(context, operations)
    for position, table in enumerate(operations.ops):
        if isinstance(table, ModifyTableOps):
            named = [_name(operation, dialect) for operation in table.ops]
            if any(named) and dialect.naming_convention:
                operations.ops[position] = _with_convention()(table, _convention(table, dialect))


def _drop_unnamed(context: AutogenContext, operations: UpgradeOps) -> None:
    """Drop unique constraints without a name that the models no longer have; Alembic compares only those with one."""
    from alembic.operations.ops import CreateTableOp, DropConstraintOp, ModifyTableOps
    from sqlalchemy import Column, MetaData, Table, UniqueConstraint

    made = {(each.schema, each.table_name) for each in operations.ops if isinstance(each, CreateTableOp)}
    changes = {(each.schema, each.table_name): each for each in operations.ops if isinstance(each, ModifyTableOps)}
    for model in context.sorted_tables:
        place = model.schema, model.name
        if place in made or not is_there(context, str(model.name), model.schema):
            continue
        if not context.run_name_filters(model.name, "table", {"schema_name": model.schema}):
            continue
        if not context.run_object_filters(model, model.name, "table", False, model):
            continue
        known = {frozenset(each.columns.keys()) for each in model.constraints if isinstance(each, UniqueConstraint)}
        for unique in read(context, "unique_constraints", str(model.name), model.schema):
            columns = [str(column) for column in unique["column_names"]]
            if unique["name"] is not None or frozenset(columns) in known:
                continue
            # those of dropped columns too, so that the downgrade adds them again
            found = Table(model.name, MetaData(), *map(Column, columns), schema=model.schema)
            constraint = UniqueConstraint(*found.c)
            found.append_constraint(constraint)
            if context.run_object_filters(constraint, None, "unique_constraint", True, None):
                if place not in changes:
                    changes[place] = ModifyTableOps(model.name, [], schema=model.schema)
                    operations.ops.append(changes[place])
                changes[place].ops.insert(0, DropConstraintOp.from_constraint(constraint))


def _name(operation: Any, dialect: Dialect) -> bool:
    """Name one constraint if it has no name; return whether it is one that is dropped or will be by the downgrade."""
    from alembic.operations.ops import (
        CreateForeignKeyOp,
        CreatePrimaryKeyOp,
        CreateUniqueConstraintOp,
        DropConstraintOp,
    )

    if isinstance(operation, DropConstraintOp):
        if operation.constraint_name is not None:
            return False
        if not dialect.naming_convention:
            # servers name every constraint, but for a primary key that has no name of its own
            if operation.constraint_type == "primary":
                operation.constraint_name = _chosen(operation.reverse(), dialect)
            return False
        added = operation.reverse()
        name = _chosen(added, dialect)
        if name is None:
            return False
        operation.constraint_name = name
        return True
    kinds = (CreateUniqueConstraintOp, CreateForeignKeyOp, CreatePrimaryKeyOp)
    if isinstance(operation, kinds) and operation.constraint_name is None:
        operation.constraint_name = _chosen(operation, dialect)
    return False


def _convention(table: ModifyTableOps, dialect: Dialect) -> dict[str, str]:
    """Return the convention; without the names of primary keys, unless it is the key that is dropped."""
    from alembic.operations.ops import DropConstraintOp

    types = {each.constraint_type for each in table.ops if isinstance(each, DropConstraintOp)}
    return {kind: text for kind, text in dialect.naming_convention.items() if kind != "pk" or "primary" in types}


def _chosen(operation: Any, dialect: Dialect) -> str | None:
    from alembic.operations.ops import CreateForeignKeyOp, CreatePrimaryKeyOp, CreateUniqueConstraintOp

    if isinstance(operation, CreatePrimaryKeyOp):
        return dialect.constraint_name("primary key", operation.table_name, [])

    if isinstance(operation, CreateUniqueConstraintOp):
        return dialect.constraint_name("unique", operation.table_name, _names(operation.columns))
    if isinstance(operation, CreateForeignKeyOp):
        return dialect.constraint_name(
            "foreign key", operation.source_table, _names(operation.local_cols), operation.referent_table
        )
    return None


def _names(columns: Sequence[Any]) -> list[str]:
    return [str(getattr(column, "name", column)) for column in columns]


@cache
def _with_convention() -> Any:
    """Return the class of operations on a table whose batch operation has a naming convention."""
    from alembic.autogenerate import renderers
    from alembic.operations.ops import ModifyTableOps

    class ConventionTableOps(ModifyTableOps):
        def __init__(self, table: ModifyTableOps, convention: dict[str, str]) -> None:
            super().__init__(table.table_name, table.ops, schema=table.schema)
            self.convention = convention

        def reverse(self) -> ModifyTableOps:
            return ConventionTableOps(super().reverse(), self.convention)

    @renderers.dispatch_for(ConventionTableOps)
    def render(context: AutogenContext, operation: ConventionTableOps) -> list[str]:
        plain = ModifyTableOps(operation.table_name, operation.ops, schema=operation.schema)
        lines: list[str] = renderers.dispatch(plain)(context, plain)
        if lines and lines[0].endswith(") as batch_op:"):
            head = lines[0].removesuffix(") as batch_op:")
            lines[0] = f"{head}, naming_convention={operation.convention!r}) as batch_op:"
        return lines

    return ConventionTableOps
