"""Foreign keys to the default schema, which the models may name, and which what is read of a database never names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import ModifyTableOps
    from alembic.util import PriorityDispatchResult

OPTIONS = ("onupdate", "ondelete", "initially", "deferrable", "match")
"""What a foreign key says besides its columns."""


def keep_foreign_keys(context: AutogenContext, operations: ModifyTableOps, *_: object) -> PriorityDispatchResult:
    """Keep foreign keys that are dropped and added again only because the models name the default schema.

    Args:
        context: The comparison.
        operations: The operations on a table, changed in place.
    """
    from alembic.operations.ops import CreateForeignKeyOp, DropConstraintOp
    from alembic.util import PriorityDispatchResult

    default = context.dialect.default_schema_name if context.dialect is not None else None
    added = {_signature(each, default): each for each in operations.ops if isinstance(each, CreateForeignKeyOp)}
    for operation in list(operations.ops) if added else ():
        if isinstance(operation, DropConstraintOp) and operation.constraint_type == "foreignkey":
            again = added.pop(_signature(operation.reverse(), default), None)
            if again is not None:
                operations.ops.remove(operation)
                operations.ops.remove(again)
    return PriorityDispatchResult.CONTINUE


def _signature(key: Any, default: str | None) -> tuple[Any, ...]:
    """Return what tells a foreign key, without the name of the default schema."""
    schema = key.kw.get("referent_schema")
    said = ((name, str(key.kw.get(name) or "").upper()) for name in OPTIONS)
    # it is what happens if nothing is said
    options = {name: value for name, value in said if value and value != "NO ACTION"}
    place = None if schema == default else schema, key.referent_table
    return *place, tuple(key.local_cols), tuple(key.remote_cols), tuple(options.items())
