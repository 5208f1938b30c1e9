"""Rules about what keeps other programs waiting during an upgrade."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ellar_db.lint.findings import Problem
from ellar_db.lint.operations import Operations, name_of

if TYPE_CHECKING:
    from alembic.operations.ops import MigrateOperation

MANY = 10_000
"""The number of rows from which an index takes a time that others notice."""


def blocking_index(operation: MigrateOperation, operations: Operations) -> Iterator[Problem]:
    """Yield a problem if an index of a large table is made in a way that blocks writes to it."""
    from alembic.operations import ops

    option = operations.dialect.concurrently
    if not option:
        return
    if isinstance(operation, ops.CreateIndexOp) and not operation.kw.get(option):
        called = f"op.create_index(..., {option}=True)"
        fix = f"write it in a revision of its own as `with op.get_context().autocommit_block(): {called}`"
    elif isinstance(operation, ops.CreateUniqueConstraintOp):
        fix = (
            f"make a unique index with {option}=True in op.get_context().autocommit_block() first, in a revision of "
            "its own, then the constraint with ALTER TABLE ... ADD CONSTRAINT ... UNIQUE USING INDEX"
        )
    else:
        return
    table = operations.table(operation)
    known = operations.known(table)
    rows = None if known is None else operations.probes.estimated_rows(known)
    if rows is not None and rows >= MANY:
        message = f"makes an index of about {rows} rows, and blocks writes to the table meanwhile"
        yield Problem(name_of(table), None, message, fix)
