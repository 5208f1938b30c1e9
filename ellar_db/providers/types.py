"""Packages with column types, or that compare more than tables; installing them is enough to enable them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from ellar_db.hookspecs import hookimpl

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext

    from ellar_db.databases.database import Database
    from ellar_db.dialects.base import Dialect


ENUMS = "alembic_postgresql_enum"

_members: WeakKeyDictionary[MigrationContext, dict[str, frozenset[tuple[str | None, str]]]] = WeakKeyDictionary()


@hookimpl
def ellar_db_context_options(database: Database) -> dict[str, Any]:
    """Enable the packages that must be imported, or named in options, to take part."""
    if ENUMS in _dialect_of(database).comparators and _installed(ENUMS):
        import_module(ENUMS)
    if ENUMS in sys.modules or "alembic_utils" in sys.modules:
        from ellar_db.revisions.comparators import keep_to_their_own

        keep_to_their_own()
    # models with spatial columns have already imported it
    if "geoalchemy2" not in sys.modules:
        return {}
    from geoalchemy2 import alembic_helpers

    def include_object(object_: Any, name: str, type_: str, reflected: bool, compare_to: Any) -> bool:
        # it filters by name, and a table of the application may have the same name
        return (
            not reflected
            or compare_to is not None
            or bool(alembic_helpers.include_object(object_, name, type_, reflected, compare_to))
        )

    return {"include_object": include_object, "process_revision_directives": alembic_helpers.writer}


@hookimpl
def ellar_db_include_object(
    database: Database, object: Any, name: str | None, type_: str, reflected: bool, compare_to: Any
) -> bool | None:
    """Exclude the tables that an extension of the server created, such as PostGIS, partitions, and virtual tables."""
    if type_ == "table" and (object.schema, name) in _found(database, "virtual_tables"):
        return False
    if type_ != "table" or not reflected or compare_to is not None:
        return None
    if name == "spatial_ref_sys" or object.schema == "tiger_data":
        return False
    theirs = _found(database, "tables_of_extensions") | _found(database, "partitions")
    return False if (object.schema, name) in theirs else None


@hookimpl
def ellar_db_include_name(
    database: Database, name: str | None, type_: str, parent_names: Mapping[str, str | None]
) -> bool | None:
    """Exclude virtual tables before they are read, for which their modules would have to be loaded."""
    if type_ != "table":
        return None
    return False if (parent_names.get("schema_name"), name) in _found(database, "virtual_tables") else None


@cache
def _installed(package: str) -> bool:
    from importlib.util import find_spec

    return find_spec(package) is not None


def _dialect_of(database: Database) -> Dialect:
    from ellar_db.plugins.dialects import dialect_of
    from ellar_db.plugins.manager import get_plugin_manager

    return dialect_of(get_plugin_manager(), database)


def _found(database: Database, question: str) -> frozenset[tuple[str | None, str]]:
    """Return the tables for which a question about the kind of database asks, read once per comparison.

    Args:
        database: The database.
        question: The name of a method of `Dialect`.
    """
    from alembic import context

    running = context.get_context()
    known = _members.setdefault(running, {})
    if question not in known:
        assert running.connection is not None
        known[question] = getattr(_dialect_of(database), question)(running.connection)
    return known[question]
