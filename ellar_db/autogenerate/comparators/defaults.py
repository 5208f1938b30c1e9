"""Comparison of server defaults."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ellar_db.autogenerate.comparators.restated import restated_column

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy import Column

PARENTHESES = re.compile(r"\A\((.*)\)\Z", re.DOTALL)
"""Parentheses around a whole default, with which Alembic writes SQLite's expressions."""


def default_changed(
    context: MigrationContext,
    inspected: Column[Any],
    declared: Column[Any],
    inspected_default: str | None,
    declared_default: Any,
    rendered: str | None,
) -> bool | None:
    """Return whether a column's default differs from the one in the models (Alembic's `compare_server_default`).

    Args:
        context: The context of the comparison.
        inspected: The database's column.
        declared: The models' column.
        inspected_default: The database's default.
        declared_default: The models' default.
        rendered: Its text.

    Returns:
        The answer; None leaves it to Alembic, for computed columns, identities, and where the database can't say.
    """
    from sqlalchemy import DefaultClause

    kinds = (inspected.server_default, declared_default)
    if not all(kind is None or isinstance(kind, DefaultClause) for kind in kinds):
        return None
    if declared.table is not None and declared is declared.table.autoincrement_column:
        # its default is a sequence of its own, or none
        return None
    restated = restated_column(context, declared)
    if restated is None:
        return None
    return _bare(inspected_default) != _bare(restated.get("default"))


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
