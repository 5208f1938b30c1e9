"""Comparison of EXCLUDE constraints, which Alembic doesn't compare, as the database restates them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from ellar_db.autogenerate.answers.operations import qualified, quoted, statement
from ellar_db.autogenerate.comparators.restated import NAME, temporarily_like
from ellar_db.dialects.base import name_in_database
from ellar_db.plugins.dialects import dialect_named
from ellar_db.plugins.manager import get_plugin_manager

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import ModifyTableOps
    from alembic.util import PriorityDispatchResult
    from sqlalchemy import Table

_known: WeakKeyDictionary[AutogenContext, dict[str | None, Mapping[str, Mapping[str, str]]]] = WeakKeyDictionary()

log = logging.getLogger("alembic.autogenerate.compare")


def compare_exclusions(
    context: AutogenContext,
    operations: ModifyTableOps,
    schema: str | None,
    name: str,
    inspected: Table | None,
    declared: Table | None,
) -> PriorityDispatchResult:
    """Add statements for the EXCLUDE constraints that a table lacks, or has in addition; each is known by its name.

    Args:
        context: The context of the comparison.
        operations: The table's operations, changed in place.
        schema: The table's schema; None is the default one.
        name: The table.
        inspected: The database's table; None if it is new.
        declared: The models' table; None if it is to be dropped.
    """
    from alembic.util import PriorityDispatchResult

    if inspected is not None and declared is not None and context.connection is not None:
        dialect = dialect_named(get_plugin_manager(), context.migration_context.dialect.name)
        known = _known.setdefault(context, {})
        if schema not in known:
            known[schema] = dialect.exclusions(context.connection, schema)
        there = known[schema].get(name_in_database(inspected), {})
        if there or any(each.__visit_name__ == "exclude_constraint" for each in declared.constraints):
            restated = temporarily_like(
                context.migration_context,
                declared,
                lambda connection: dialect.exclusions(connection, dialect.temporary_schema, NAME),
            )
            if restated is not None:
                _add(context, operations, there, restated.get(NAME, {}))
    return PriorityDispatchResult.CONTINUE


def _add(
    context: AutogenContext, operations: ModifyTableOps, there: Mapping[str, str], wanted: Mapping[str, str]
) -> None:
    table = qualified(context, operations.schema, str(operations.table_name))
    for name in sorted({*there, *wanted}):
        if there.get(name) == wanted.get(name):
            continue
        drop = f"ALTER TABLE {table} DROP CONSTRAINT {quoted(context, name)}"
        add = f"ALTER TABLE {table} ADD CONSTRAINT {quoted(context, name)}"
        if name in there:
            operations.ops.append(statement(drop, f"{add} {there[name]}"))
        if name in wanted:
            operations.ops.append(statement(f"{add} {wanted[name]}", drop))
        log.info("Detected changed constraint %r on table %r", name, operations.table_name)
