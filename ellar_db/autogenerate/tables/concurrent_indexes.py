"""Indexes that the models want to be made without blocking writes, which a server doesn't do within a transaction."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from ellar_db.plugins.dialects import dialect_named
from ellar_db.plugins.manager import get_plugin_manager

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import UpgradeOps


def make_apart(context: AutogenContext, operations: UpgradeOps) -> None:
    """Make such indexes last, each outside of the transaction; a step of the pipeline.

    An index of a table that is itself new blocks nobody, and so is made as any other.
    """
    from alembic.operations.ops import CreateIndexOp, CreateTableOp, ModifyTableOps

    assert context.dialect is not None
    option = dialect_named(get_plugin_manager(), context.dialect.name).concurrently
    if not option:
        return
    new = {(each.schema, each.table_name) for each in operations.ops if isinstance(each, CreateTableOp)}
    for table in [each for each in operations.ops if isinstance(each, ModifyTableOps)]:
        for index in [each for each in table.ops if isinstance(each, CreateIndexOp) and each.kw.get(option)]:
            if (table.schema, table.table_name) in new:
                index.kw = {name: value for name, value in index.kw.items() if name != option}
            else:
                table.ops.remove(index)
                operations.ops.append(_apart()(table.table_name, [index], schema=table.schema))
    operations.ops[:] = [each for each in operations.ops if not isinstance(each, ModifyTableOps) or each.ops]


@cache
def _apart() -> Any:
    """Return the class of operations that run outside of the transaction."""
    from alembic.autogenerate import renderers
    from alembic.operations.ops import ModifyTableOps

    class ApartTableOps(ModifyTableOps):
        def reverse(self) -> ModifyTableOps:
            return ApartTableOps(self.table_name, [each.reverse() for each in self.ops[::-1]], schema=self.schema)

    @renderers.dispatch_for(ApartTableOps)
    def render(context: AutogenContext, operation: ApartTableOps) -> list[str]:
        prefix = context.opts["alembic_module_prefix"] or ""
        lines: list[str] = renderers.dispatch(ModifyTableOps)(context, operation)
        return [f"with {prefix}get_context().autocommit_block():", *lines, ""]

    return ApartTableOps
