"""Comparison of the options of tables that the models give, such as an engine or a character set."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ellar_db.autogenerate.answers.operations import qualified, statement
from ellar_db.autogenerate.comparators.restated import NAME, temporarily_like
from ellar_db.plugins.dialects import dialect_named
from ellar_db.plugins.manager import get_plugin_manager

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import ModifyTableOps
    from alembic.util import PriorityDispatchResult
    from sqlalchemy import Table

log = logging.getLogger("alembic.autogenerate.compare")
told = logging.getLogger("ellar_db")


def compare_options(
    context: AutogenContext,
    operations: ModifyTableOps,
    schema: str | None,
    name: str,
    inspected: Table | None,
    declared: Table | None,
) -> PriorityDispatchResult:
    """Add the statement that gives a table the options of the models, or warn of those that can't be changed.

    Options that the models don't give are the database's business.

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
        _compare(context, operations, schema, name, declared)
    return PriorityDispatchResult.CONTINUE


def _compare(
    context: AutogenContext, operations: ModifyTableOps, schema: str | None, name: str, declared: Table
) -> None:
    assert context.connection is not None
    assert context.dialect is not None
    dialect = dialect_named(get_plugin_manager(), context.dialect.name)
    given = dialect.given_options(declared)
    if not given:
        return
    there = dialect.table_options(context.connection, name, schema)
    if all(there.get(option, "").casefold() == value.casefold() for option, value in given.items()):
        return
    temporary = dialect.temporary_schema
    restated = temporarily_like(
        context.migration_context, declared, lambda connection: dialect.table_options(connection, NAME, temporary)
    )
    wanted = {option: (restated or given).get(option, value) for option, value in given.items()}
    changed = {option: value for option, value in wanted.items() if there.get(option) != value}
    if not changed:
        return
    table = qualified(context, schema, name)
    now, before = dialect.change_options(changed, restated or given), dialect.change_options(changed, there)
    place = f"{schema}.{name}" if schema else name
    if now and before:
        operations.ops.append(statement(f"ALTER TABLE {table} {now}", f"ALTER TABLE {table} {before}"))
        log.info("Detected other options of table %r: %s", place, ", ".join(changed))
    else:
        told.warning(
            "%s is %s in the models and not in the database, which migrate doesn't change; write it by hand, with a "
            "new table into which the rows are copied",
            place,
            ", ".join(value for value in changed.values()),
        )
