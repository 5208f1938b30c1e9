"""Comparison of server defaults."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from ellar_db.autogenerate.comparators.restated import hidden_defaults, restated_column
from ellar_db.autogenerate.expressions import escaped
from ellar_db.dialects.comparing import name_in_database

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import AlterColumnOp
    from alembic.util import PriorityDispatchResult
    from sqlalchemy import Column

_hidden: WeakKeyDictionary[AutogenContext, dict[str | None, Mapping[str, Mapping[str, str]]]] = WeakKeyDictionary()

log = logging.getLogger("alembic.autogenerate.compare")

PARENTHESES = re.compile(r"\A\((.*)\)\Z", re.DOTALL)
"""Parentheses around a whole default, with which Alembic writes SQLite's expressions."""


def compare_default(
    context: AutogenContext,
    operation: AlterColumnOp,
    schema: str | None,
    table: str,
    column: str,
    inspected: Column[Any],
    declared: Column[Any],
) -> PriorityDispatchResult:
    """Set the default of a column that differs from the one in the models, as the database restates it.

    Computed columns, identities, and what the database can't restate are left to Alembic. An option
    `compare_server_default` that says otherwise has been asked before.

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

    _complete(context, inspected)
    kinds = (inspected.server_default, declared.server_default)
    if kinds == (None, None):
        return PriorityDispatchResult.CONTINUE
    from sqlalchemy import DefaultClause, text

    if not all(kind is None or isinstance(kind, DefaultClause) for kind in kinds):
        return PriorityDispatchResult.CONTINUE
    if declared.table is not None and declared is declared.table.autoincrement_column:
        # its default is a sequence of its own, or none
        return PriorityDispatchResult.CONTINUE
    restated = restated_column(context.migration_context, declared)
    if restated is None:
        return PriorityDispatchResult.CONTINUE
    found = inspected.server_default
    before = getattr(found.arg, "text", found.arg) if isinstance(found, DefaultClause) else None
    if before is not None:
        # what follows a colon would be taken for a parameter
        operation.existing_server_default = DefaultClause(text(escaped(str(before))))
    if _bare(before) != _bare(restated.get("default")):
        operation.modify_server_default = declared.server_default
        log.info("Detected server default on column '%s.%s'", table, column)
    return PriorityDispatchResult.STOP


def _complete(context: AutogenContext, inspected: Column[Any]) -> None:
    """Give a column of the database the default that SQLAlchemy hasn't read."""
    table = inspected.table
    if table is None or inspected.server_default is not None or inspected.identity is not None:
        return
    known = _hidden.setdefault(context, {})
    if table.schema not in known:
        known[table.schema] = hidden_defaults(context.migration_context, table.schema)
    if not known[table.schema]:
        return
    found = known[table.schema].get(name_in_database(table), {}).get(name_in_database(inspected))
    if found is not None:
        from sqlalchemy import DefaultClause, text

        inspected.server_default = DefaultClause(text(escaped(found)))


def _bare(default: Any) -> str | None:
    """Return a default without parentheses around the whole of it.

    Example:
        >>> _bare("(random())")
        'random()'
    """
    if default is None:
        return None
    text = str(default).strip()
    while (found := PARENTHESES.match(text)) and _is_balanced(found[1]):
        text = found[1].strip()
    return text


def _is_balanced(text: str) -> bool:
    depth = 0
    for character in text:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth < 0:
            return False
    return True
