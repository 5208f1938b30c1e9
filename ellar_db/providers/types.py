"""Packages that bring column types, or compare more than tables, and that work by being installed."""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from ellar_db.hookspecs import hookimpl

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext

    from ellar_db.databases import Database

ENUMS = "alembic_postgresql_enum"

_members: WeakKeyDictionary[MigrationContext, frozenset[tuple[str | None, str]]] = WeakKeyDictionary()


@hookimpl
def ellar_db_context_options(database: Database) -> dict[str, Any]:
    """Have the packages take part that have to be imported, or named, for that."""
    if database.sync_engine.dialect.name == "postgresql" and _installed(ENUMS):
        import_module(ENUMS)
    if ENUMS in sys.modules or "alembic_utils" in sys.modules:
        from ellar_db.comparators import keep_to_their_own

        keep_to_their_own()
    # where the models have spatial columns, they have imported it
    if "geoalchemy2" not in sys.modules:
        return {}
    from geoalchemy2 import alembic_helpers

    def include_object(object_: Any, name: str, type_: str, reflected: bool, compare_to: Any) -> bool:
        # it goes by names, which a table of the application's own may have
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
    """Leave out the tables that an extension of the server made, as PostGIS does."""
    if type_ != "table" or not reflected or compare_to is not None:
        return None
    if name == "spatial_ref_sys" or object.schema == "tiger_data":
        return False
    if database.sync_engine.dialect.name == "postgresql" and (object.schema, name) in _of_extensions():
        return False
    return None


@cache
def _installed(package: str) -> bool:
    from importlib.util import find_spec

    return find_spec(package) is not None


def _of_extensions() -> frozenset[tuple[str | None, str]]:
    """Give the tables of the server's extensions, each with its schema; that is None for the default one."""
    from alembic import context
    from sqlalchemy import text

    running = context.get_context()
    if running not in _members:
        assert running.connection is not None
        found = running.connection.execute(
            text(
                "SELECT n.nspname = current_schema(), n.nspname, c.relname FROM pg_depend d "
                "JOIN pg_class c ON c.oid = d.objid JOIN pg_namespace n ON n.oid = c.relnamespace "
                "WHERE d.deptype = 'e' AND d.classid = 'pg_class'::regclass AND c.relkind IN ('r', 'p', 'f')"
            )
        )
        _members[running] = frozenset((None if default else schema, table) for default, schema, table in found)
    return _members[running]
