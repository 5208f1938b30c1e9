"""The steps that a comparison goes through once Alembic's comparators, and those of packages, are done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING

from ellar_db.autogenerate.constraint_names import name_constraints
from ellar_db.autogenerate.key_indexes import drop_key_indexes
from ellar_db.autogenerate.mappers import complete_models
from ellar_db.autogenerate.order import reorder

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
    return (name_constraints, drop_key_indexes, reorder)


@cache
def enable() -> None:
    """From now on, take part in each comparison of this process."""
    from alembic.autogenerate import comparators
    from alembic.util import DispatchPriority

    comparators.dispatch_for("schema", priority=DispatchPriority.FIRST)(_begin)
    comparators.dispatch_for("schema", priority=DispatchPriority.LAST)(_finish)


def _begin(*_: object) -> PriorityDispatchResult:
    from alembic.util import PriorityDispatchResult

    complete_models()
    return PriorityDispatchResult.CONTINUE


def _finish(context: AutogenContext, operations: UpgradeOps, *_: object) -> PriorityDispatchResult:
    from alembic.util import PriorityDispatchResult

    for step in steps():
        step(context, operations)
    return PriorityDispatchResult.CONTINUE
