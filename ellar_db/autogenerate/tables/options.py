"""Comparison of the options of tables that the models give, such as an engine or a character set."""

from __future__ import annotations

import logging

from ellar_db.autogenerate.answers.operations import qualified, statement
from ellar_db.autogenerate.comparators.restated import NAME, temporarily_like
from ellar_db.autogenerate.compared import ComparedTable
from ellar_db.dialects.comparing import name_in_database

log = logging.getLogger("alembic.autogenerate.compare")
told = logging.getLogger("ellar_db")


def compare_options(table: ComparedTable) -> None:
    """Add the statement that gives a table the options of the models, or warn of those that can't be changed.

    Options that the models don't give are the database's business.

    Args:
        table: The table.
    """
    dialect, given = table.dialect, table.dialect.given_options(table.declared)
    if not given:
        return
    there = dialect.table_options(table.connection, name_in_database(table.inspected), table.schema)
    if all(there.get(option, "").casefold() == value.casefold() for option, value in given.items()):
        return
    restated = temporarily_like(
        table.context.migration_context,
        table.declared,
        lambda connection: dialect.table_options(connection, NAME, dialect.temporary_schema),
    )
    wanted = {option: (restated or given).get(option, value) for option, value in given.items()}
    changed = {option: value for option, value in wanted.items() if there.get(option) != value}
    if not changed:
        return
    place = qualified(table.context, table.schema, table.name)
    now, before = dialect.change_options(changed, restated or given), dialect.change_options(changed, there)
    if now and before:
        table.operations.ops.append(statement(f"ALTER TABLE {place} {now}", f"ALTER TABLE {place} {before}"))
        log.info("Detected other options of table %r: %s", table.place, ", ".join(changed))
    else:
        told.warning(
            "%s is %s in the models and not in the database, which migrate doesn't change; write it by hand, with a "
            "new table into which the rows are copied",
            table.place,
            ", ".join(changed.values()),
        )
