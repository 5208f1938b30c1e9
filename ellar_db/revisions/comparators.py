"""Limit packages that compare more than tables (`alembic-postgresql-enum`, `alembic-utils`) to what they support."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from ellar_db.config.collection import collect_packages
from ellar_db.plugins.dialects import dialect_named
from ellar_db.plugins.manager import get_plugin_manager
from ellar_db.util.alembic import keep_comparators

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext


LIMITED = ("alembic_postgresql_enum", "alembic_utils")
"""Packages whose comparison fails, or warns, with dialects that don't list them in `Dialect.comparators`."""

PACKAGE_OPTION = "ellar_db_package"
"""Keyword of `context.configure` that names the package a comparison is for."""


@cache
def keep_to_their_own() -> None:
    """From now on, filter the comparators of each comparison before it begins."""
    from alembic.autogenerate import comparators
    from alembic.util import DispatchPriority

    comparators.dispatch_for("schema", priority=DispatchPriority.FIRST)(_before)


def _before(context: AutogenContext, *_: Any) -> None:
    package = context.opts.get(PACKAGE_OPTION)
    allowed: Sequence[str] = ()
    # these compare a whole database, of which a package owns only a few tables
    if not package and context.dialect is not None:
        allowed = dialect_named(get_plugin_manager(), context.dialect.name).comparators
    left_out = {name for name in LIMITED if name not in allowed}
    if left_out:
        # the dispatcher is a copy that belongs to this comparison
        keep_comparators(context, lambda function: function.__module__.partition(".")[0] not in left_out)
    if package is not None and allowed:
        _leave_enums_of_packages()


def _leave_enums_of_packages() -> None:
    """Make `alembic-postgresql-enum` ignore the types that the tables of packages use."""
    import sys

    if "alembic_postgresql_enum" not in sys.modules:
        return
    from alembic_postgresql_enum import set_configuration
    from alembic_postgresql_enum.configuration import get_configuration

    theirs = set(_enums_of_packages())
    configured = get_configuration()
    include = getattr(configured.include_name, "without_packages", configured.include_name)

    def include_name(name: str) -> bool:
        return name not in theirs and include(name)

    include_name.without_packages = include  # type: ignore[attr-defined]  # the next comparison begins with it
    set_configuration(replace(configured, include_name=include_name))


def _enums_of_packages() -> Iterator[str]:
    from sqlalchemy import ARRAY, Enum

    for package in collect_packages(get_plugin_manager()).values():
        for metadata in package.metadatas:
            for table in metadata.tables.values():
                for column in table.columns:
                    type_ = column.type.item_type if isinstance(column.type, ARRAY) else column.type
                    if isinstance(type_, Enum) and type_.name:
                        yield type_.name
