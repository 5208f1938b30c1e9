"""Comparison of column types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from ellar_db.autogenerate.comparators.restated import restated_column

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy import Column
    from sqlalchemy.types import TypeEngine

_restated: WeakKeyDictionary[MigrationContext, dict[str | None, str | None]] = WeakKeyDictionary()
"""What the database makes of each type of the models, as SQL."""


def type_changed(
    context: MigrationContext,
    inspected: Column[Any],
    declared: Column[Any],
    inspected_type: TypeEngine[Any],
    declared_type: TypeEngine[Any],
) -> bool:
    """Return whether a column's type differs from the one in the models (Alembic's `compare_type`).

    Alembic compares the names of types, of which it knows some synonyms. The database knows all of them: `BLOB(16)` is
    a TINYBLOB, and `FLOAT` is DOUBLE PRECISION.

    Args:
        context: The context of the comparison.
        inspected: The database's column.
        declared: The models' column.
        inspected_type: The type of `inspected`.
        declared_type: The type of `declared`.
    """
    found, wanted = _text(context, inspected_type), _text(context, declared_type)
    if found is not None and found == wanted:
        return False
    changed = context.impl.compare_type(inspected, declared)
    if not changed and found == wanted:
        return False
    known = _restated.setdefault(context, {})
    if wanted is None or wanted not in known:
        restated = restated_column(context, declared)
        if restated is None:
            return changed
        known[wanted] = _text(context, restated["type"])
    return found != known[wanted]


def _text(context: MigrationContext, type_: TypeEngine[Any]) -> str | None:
    from sqlalchemy.exc import CompileError

    try:
        return type_.compile(dialect=context.dialect)
    except CompileError:
        # a type that SQLAlchemy doesn't know
        return None
