"""What SQLAlchemy reads of the constraints of a schema, all of it at once rather than a table at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal
from weakref import WeakKeyDictionary

from ellar_db.util.alembic import read_already

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext

_read: WeakKeyDictionary[Any, dict[tuple[str, str | None], Any]] = WeakKeyDictionary()


def read(
    context: AutogenContext, part: Literal["foreign_keys", "unique_constraints"], table: str, schema: str | None
) -> list[Any]:
    """Return what the inspector's `get_...` returns for a table of the database.

    Args:
        context: The comparison.
        part: What is read.
        table: The table.
        schema: Its schema; None is the default one.
    """
    read_before = read_already(context.inspector, part, table, schema)
    if read_before is not None:
        return read_before
    known = _read.setdefault(context.inspector, {})
    if (part, schema) not in known:
        known[part, schema] = getattr(context.inspector, f"get_multi_{part}")(schema=schema)
    return list(known[part, schema].get((schema, table)) or ())


def is_there(context: AutogenContext, table: str, schema: str | None) -> bool:
    """Return whether the database has a table.

    Args:
        context: The comparison.
        table: The table.
        schema: Its schema; None is the default one.
    """
    known = _read.setdefault(context.inspector, {})
    if ("tables", schema) not in known:
        known["tables", schema] = set(context.inspector.get_table_names(schema=schema))
    return table in known["tables", schema]
