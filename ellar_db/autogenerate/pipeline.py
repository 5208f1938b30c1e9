"""The steps that a comparison goes through once Alembic's comparators, and those of packages, are done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import UpgradeOps
    from alembic.util import PriorityDispatchResult

    Step = Callable[[AutogenContext, UpgradeOps], None]


def steps() -> Sequence[Step]:
    """Return the steps, in the order in which they change the operations.

    Alembic derives the downgrade from the operations afterwards, so that each operation which a step adds must know
    its `reverse()`.
    """
    from ellar_db.autogenerate.conversions import convert

    return (convert,)


@cache
def enable() -> None:
    """From now on, take part in each comparison of this process."""
    from alembic.autogenerate import comparators
    from alembic.util import DispatchPriority

    from ellar_db.autogenerate.checks import compare_checks
    from ellar_db.autogenerate.indexes import compare_indexes

    comparators.dispatch_for("schema", priority=DispatchPriority.FIRST)(_begin)
    comparators.dispatch_for("table")(compare_checks)
    comparators.dispatch_for("table", priority=DispatchPriority.LAST)(compare_indexes)
    comparators.dispatch_for("schema", priority=DispatchPriority.LAST)(_finish)


def _begin(*_: object) -> PriorityDispatchResult:
    from alembic.util import PriorityDispatchResult

    from ellar_db.autogenerate.indexes import silence_warnings

    silence_warnings()
    return PriorityDispatchResult.CONTINUE


def _finish(context: AutogenContext, operations: UpgradeOps, *_: object) -> PriorityDispatchResult:
    from alembic.util import PriorityDispatchResult

    from ellar_db.autogenerate.expressions import render_as_written

    render_as_written(context.migration_context.impl)
    for step in steps():
        step(context, operations)
    return PriorityDispatchResult.CONTINUE
