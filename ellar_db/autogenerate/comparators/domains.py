"""Types such as domains, which Alembic would make with each table that has them, and wouldn't drop."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from ellar_db.autogenerate.expressions import escaped
from ellar_db.autogenerate.words import flattened
from ellar_db.plugins.dialects import dialect_named
from ellar_db.plugins.manager import get_plugin_manager

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import UpgradeOps
    from sqlalchemy.types import TypeEngine


def make_types(context: AutogenContext, operations: UpgradeOps) -> None:
    """Make the types that tables need before all tables, and let the downgrade drop them; a step of the pipeline."""
    assert context.dialect is not None
    dialect = dialect_named(get_plugin_manager(), context.dialect.name)
    if context.connection is None:
        return
    types = [type_ for operation in flattened(operations) for type_ in _types(operation)]
    found = [own for own in map(dialect.own_type, types) if own is not None]
    made = [own for own in {own.drop: own for own in found}.values() if not dialect.has_type(context.connection, own)]
    # first in the upgrade is last in the downgrade
    operations.ops[:0] = [addition()(own.name, own.create, own.drop) for own in made]


def _types(operation: Any) -> Iterator[TypeEngine[Any]]:
    """Yield the types of the columns that an operation makes."""
    from alembic.operations import ops
    from sqlalchemy import Column

    if isinstance(operation, ops.CreateTableOp):
        yield from (each.type for each in operation.columns if isinstance(each, Column))
    elif isinstance(operation, ops.AddColumnOp):
        yield operation.column.type
    elif isinstance(operation, ops.AlterColumnOp) and operation.modify_type is not None:
        yield operation.modify_type


@cache
def addition() -> Any:
    """Return the operation, a type that is made by a statement of its own."""
    from alembic.autogenerate import renderers
    from alembic.operations.ops import MigrateOperation

    class TypeOp(MigrateOperation):
        action = ""

        def __init__(self, name: str, statement: str, back: str) -> None:
            self.name, self.statement, self.back = name, statement, back

        def to_diff_tuple(self) -> tuple[str, str]:
            return self.action, self.name

        def reverse(self) -> TypeOp:
            other = DropTypeOp if isinstance(self, AddTypeOp) else AddTypeOp
            return other(self.name, self.back, self.statement)

    class AddTypeOp(TypeOp):
        action = "add_type"

    class DropTypeOp(TypeOp):
        action = "drop_type"

    @renderers.dispatch_for(TypeOp)
    def render(context: AutogenContext, operation: TypeOp) -> str:
        return f"{context.opts.get('alembic_module_prefix') or ''}execute({escaped(operation.statement)!r})"

    return AddTypeOp
