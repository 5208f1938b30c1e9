"""Comparison of EXCLUDE constraints, which Alembic doesn't compare, as the database restates them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from ellar_db.autogenerate.answers.operations import qualified, quoted, statement
from ellar_db.autogenerate.comparators.restated import NAME, temporarily_like
from ellar_db.autogenerate.compared import ComparedTable
from ellar_db.dialects.comparing import name_in_database

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext

_known: WeakKeyDictionary[AutogenContext, dict[str | None, Mapping[str, Mapping[str, str]]]] = WeakKeyDictionary()

log = logging.getLogger("alembic.autogenerate.compare")


def compare_exclusions(table: ComparedTable) -> None:
    """Add statements for the EXCLUDE constraints that a table lacks, or has in addition; each is known by its name.

    Args:
        table: The table.
    """
    known = _known.setdefault(table.context, {})
    if table.schema not in known:
        known[table.schema] = table.dialect.exclusions(table.connection, table.schema)
    there = known[table.schema].get(name_in_database(table.inspected), {})
    if not there and not any(each.__visit_name__ == "exclude_constraint" for each in table.declared.constraints):
        return
    restated = temporarily_like(
        table.context.migration_context,
        table.declared,
        lambda connection: table.dialect.exclusions(connection, table.dialect.temporary_schema, NAME),
    )
    if restated is not None:
        _add(table, there, restated.get(NAME, {}))


def _add(table: ComparedTable, there: Mapping[str, str], wanted: Mapping[str, str]) -> None:
    place = qualified(table.context, table.schema, table.name)
    for name in sorted({*there, *wanted}):
        if there.get(name) == wanted.get(name):
            continue
        drop = f"ALTER TABLE {place} DROP CONSTRAINT {quoted(table.context, name)}"
        add = f"ALTER TABLE {place} ADD CONSTRAINT {quoted(table.context, name)}"
        if name in there:
            table.operations.ops.append(statement(drop, f"{add} {there[name]}"))
        if name in wanted:
            table.operations.ops.append(statement(f"{add} {wanted[name]}", drop))
        log.info("Detected changed constraint %r on table %r", name, table.name)
