"""What a comparison doesn't see, for each kind of database: `check` says it, since its answer is silent about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ellar_db.dialects.base import Dialect


UNCOMPARED = "ellar_db_uncompared"
"""Key in the `info` of Alembic's `UpgradeOps`: what the comparison left out."""

BY_NAME = "alembic.ext.checkconstraint_byname"
"""Alembic's plugin that compares CHECK constraints that have a name."""


def uncompared(dialect: Dialect, options: Mapping[str, Any]) -> list[str]:
    """Return what a comparison leaves out, in words.

    Args:
        dialect: The kind of database.
        options: The options of `context.configure`.

    Example:
        >>> from ellar_db.dialects.sqlite import SQLite
        >>> uncompared(SQLite(), {"compare_type": True, "compare_server_default": True})
        ['views', 'triggers', 'rows']
    """
    by_option = {
        "types of columns": options.get("compare_type", True),
        "server defaults": options.get("compare_server_default"),
        "CHECK constraints": dialect.has_temporary_tables or BY_NAME in (options.get("autogenerate_plugins") or ()),
        "CHECK constraints of columns": dialect.reflects_checks_of_columns,
        "schemas other than the default one": options.get("include_schemas") or not dialect.has_schemas,
    }
    return [*(what for what, compared in by_option.items() if not compared), *dialect.uncompared]
