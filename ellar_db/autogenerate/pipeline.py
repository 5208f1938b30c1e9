"""The steps that a comparison goes through once Alembic's comparators, and those of packages, are done."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING

from ellar_db.autogenerate.answers.fills import fill_columns
from ellar_db.autogenerate.answers.renames import is_second_comparison, rename
from ellar_db.autogenerate.comparators.checks import compare_checks
from ellar_db.autogenerate.comparators.computed import compare_computed, leave_computed
from ellar_db.autogenerate.comparators.defaults import compare_default
from ellar_db.autogenerate.comparators.domains import make_types
from ellar_db.autogenerate.comparators.enums import compare_enums_elsewhere, relabel
from ellar_db.autogenerate.comparators.indexes import compare_indexes
from ellar_db.autogenerate.comparators.keys import compare_keys, state_included
from ellar_db.autogenerate.comparators.numbering import compare_identity, compare_numbering
from ellar_db.autogenerate.comparators.primary_keys import compare_primary_key
from ellar_db.autogenerate.comparators.sequences import compare_sequences
from ellar_db.autogenerate.compared import comparator
from ellar_db.autogenerate.constraint_names import name_constraints
from ellar_db.autogenerate.conversions import convert
from ellar_db.autogenerate.expressions import render_as_written
from ellar_db.autogenerate.foreign_keys.columns import release_columns
from ellar_db.autogenerate.foreign_keys.default_schema import keep_foreign_keys
from ellar_db.autogenerate.foreign_keys.indexes import follow_keys, unfold
from ellar_db.autogenerate.order import reorder, unbatch
from ellar_db.autogenerate.tables.concurrent_indexes import make_apart
from ellar_db.autogenerate.tables.constraint_comments import compare_constraint_comments
from ellar_db.autogenerate.tables.exclusions import compare_exclusions
from ellar_db.autogenerate.tables.mappers import complete_models
from ellar_db.autogenerate.tables.options import compare_options
from ellar_db.autogenerate.tables.schemas import create_schemas
from ellar_db.autogenerate.tables.views import leave_views
from ellar_db.plugins.dialects import dialect_named
from ellar_db.plugins.manager import get_plugin_manager
from ellar_db.util.alembic import know_owned_sequences, read_every_schema_at_once

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import UpgradeOps
    from alembic.util import PriorityDispatchResult

    Step = Callable[[AutogenContext, UpgradeOps], None]

UNTRUE = (
    "autogenerate skipping metadata-specified expression-based index",
    "Skipped unsupported reflection of expression-based index",
    "Cannot correctly sort tables",
)
"""Beginnings of warnings that aren't so: these indexes are compared here, and such tables are put in order."""


def steps() -> Sequence[Step]:
    """Return the steps, in the order in which they change the operations.

    Alembic derives the downgrade from the operations afterwards, so that each operation which a step adds must know
    its `reverse()`.
    """
    return (
        fill_columns,
        compare_sequences,
        convert,
        name_constraints,
        release_columns,
        follow_keys,
        reorder,
        relabel,
        make_types,
        unfold,
        state_included,
        unbatch,
        compare_constraint_comments,
        make_apart,
        create_schemas,
    )


@cache
def enable() -> None:
    """From now on, take part in each comparison of this process."""
    from alembic.autogenerate import comparators
    from alembic.util import DispatchPriority

    read_every_schema_at_once()
    comparators.dispatch_for("schema", priority=DispatchPriority.FIRST)(_begin)
    comparators.dispatch_for("column", priority=DispatchPriority.FIRST, subgroup="server_default")(compare_identity)
    comparators.dispatch_for("column", priority=DispatchPriority.FIRST, subgroup="server_default")(leave_computed)
    comparators.dispatch_for("column", subgroup="server_default")(compare_default)
    comparators.dispatch_for("table")(comparator(compare_checks))
    comparators.dispatch_for("table", priority=DispatchPriority.LAST)(keep_foreign_keys)
    comparators.dispatch_for("table", priority=DispatchPriority.LAST)(compare_indexes)
    comparators.dispatch_for("table", priority=DispatchPriority.LAST)(
        # a primary key has to know the foreign keys
        comparator(
            compare_keys, compare_options, compare_exclusions, compare_primary_key, compare_numbering, compare_computed
        )
    )


def _begin(context: AutogenContext, *_: object) -> PriorityDispatchResult:
    from alembic.util import DispatchPriority, PriorityDispatchResult

    complete_models()
    for message in UNTRUE:
        # for as long as Python's filters are what they are now
        warnings.filterwarnings("ignore", message)
    if not is_second_comparison(context):
        forget = _read_at_once(context)
        # behind packages that are imported later too; the dispatcher is a copy that belongs to this comparison
        context.comparators.dispatch_for("schema", priority=DispatchPriority.LAST)(partial(_finish, forget))
    return PriorityDispatchResult.CONTINUE


def _read_at_once(context: AutogenContext) -> Callable[[], None]:
    """Read at once what Alembic would ask for each table; return a function that forgets it."""
    connection = context.connection
    assert connection is not None
    dialect = dialect_named(get_plugin_manager(), connection.dialect.name)
    if dialect.numbers_by_sequences:
        know_owned_sequences(context, partial(dialect.sequence_owners, connection))
    return dialect.read_at_once(connection)


def _finish(
    forget: Callable[[], None],
    context: AutogenContext,
    operations: UpgradeOps,
    schemas: set[str | None],
    *_: object,
) -> PriorityDispatchResult:
    from alembic.util import PriorityDispatchResult

    try:
        render_as_written(context.migration_context.impl)
        leave_views(context, operations)
        if not is_second_comparison(context):
            # it compares once more with what is renamed, and so comes before all steps
            rename(context, operations, schemas)
            compare_enums_elsewhere(context, operations, schemas)
            for step in steps():
                step(context, operations)
    finally:
        forget()
    return PriorityDispatchResult.CONTINUE
