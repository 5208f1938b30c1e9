"""Comparison of how the rows of a column are numbered: identities, SERIAL, AUTO_INCREMENT."""

from __future__ import annotations

import logging
from functools import cache
from typing import TYPE_CHECKING, Any

from ellar_db.autogenerate.answers.operations import quoted, statement
from ellar_db.autogenerate.compared import ComparedTable

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import AlterColumnOp, MigrateOperation
    from alembic.util import PriorityDispatchResult
    from sqlalchemy import Column

log = logging.getLogger("alembic.autogenerate.compare")

OPTION = "autoincrement"
"""The option of `op.alter_column`."""


def compare_identity(
    context: AutogenContext,
    operation: AlterColumnOp,
    schema: str | None,
    table: str,
    column: str,
    inspected: Column[Any],
    declared: Column[Any],
) -> PriorityDispatchResult:
    """Leave identities to `compare_numbering`, and compare what else is the default of such a column.

    Alembic's own comparison is made on databases without identities too, and its operations fail on some with them.

    Args:
        context: The context of the comparison.
        operation: The column's operation, changed in place.
        schema: The table's schema; None is the default one.
        table: The table.
        column: The column.
        inspected: The database's column.
        declared: The models' column.
    """
    from alembic.util import PriorityDispatchResult

    if inspected.identity is None and declared.identity is None:
        return PriorityDispatchResult.CONTINUE
    before, after = (None if each.identity is not None else each.server_default for each in (inspected, declared))
    if (before is None) != (after is None):
        operation.existing_server_default, operation.modify_server_default = before, after
    if inspected.nullable != declared.nullable:
        # Alembic ignores it
        operation.modify_nullable = declared.nullable
    return PriorityDispatchResult.STOP


def compare_numbering(table: ComparedTable) -> None:
    """Add the operations that number the rows of a table as the models say.

    Args:
        table: The table.
    """
    for column in table.declared.columns:
        found = table.inspected.columns.get(column.name)
        if found is None:
            continue
        was, now = table.dialect.numbering(found), table.dialect.numbering(column)
        # nothing is to be changed of most columns, and so no filter needs to be asked
        if (was != now or table.operations.ops) and table.context.run_object_filters(
            column, column.name, "column", False, found
        ):
            _compare(table, found, column, was, now)


def _compare(table: ComparedTable, old: Column[Any], new: Column[Any], was: Any, now: Any) -> None:
    context, operations, dialect = table.context, table.operations, table.dialect
    altered = [
        each for each in operations.ops if getattr(each, "column_name", None) == new.name and hasattr(each, "kw")
    ]
    for each in altered:
        if not dialect.alters_numbering:
            each.kw.pop(OPTION, None)
        elif now or was:
            # it stays as it is, until it is changed by itself
            each.kw[OPTION] = bool(was and now)
    if was == now or context.opts.get("compare_server_default") is False:
        return
    if dialect.alters_numbering:
        made: MigrateOperation = _counted()(
            operations.table_name,
            str(new.name),
            schema=operations.schema,
            existing_type=(new if now else old).type,
            existing_nullable=False,
            existing_comment=(new if now else old).comment,
            existing_autoincrement=bool(was),
            modify_autoincrement=bool(now),
        )
        operations.ops.insert(len(operations.ops) if now else 0, made)
    else:
        steps = dialect.renumbered(
            table.connection,
            old,
            table.schema,
            table.name,
            str(new.name),
            (was, now),
            lambda text: quoted(context, text),
        )
        before, after = ([statement(*step) for step in part] for part in steps)
        operations.ops[:] = [*before, *operations.ops, *after]
    log.info("Detected changed numbering of column '%s.%s'", table.name, new.name)


@cache
def _counted() -> Any:
    """Return the class of operations that let a server count in a column, or no longer."""
    from alembic.operations.ops import AlterColumnOp

    class CountColumnOp(AlterColumnOp):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            # what Alembic renders
            self.kw[OPTION] = self.kw[f"modify_{OPTION}"]

    return CountColumnOp
