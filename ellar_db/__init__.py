"""ellar_db: database migrations for Ellar applications, as a suite of plugins over Alembic.

What applications and plugins import stands here. Only the plugin marker is imported at once; the names
that need Alembic, SQLAlchemy or Ellar are imported when they are first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ellar_db.hookspecs import hookimpl
from ellar_db.version import __version__

if TYPE_CHECKING:
    from ellar_db.config import alembic_config
    from ellar_db.databases import Database, Databases, MigrationOptions
    from ellar_db.errors import DbError
    from ellar_db.module import EllarDBModule
    from ellar_db.naming import RevisionRequest
    from ellar_db.overriding import OverridingCommand
    from ellar_db.package_runs import with_packages
    from ellar_db.packages import PackageMigrations
    from ellar_db.plugin_options import plugin_option
    from ellar_db.settings import read_table

__all__ = [
    "Database",
    "Databases",
    "DbError",
    "EllarDBModule",
    "MigrationOptions",
    "OverridingCommand",
    "PackageMigrations",
    "RevisionRequest",
    "__version__",
    "alembic_config",
    "hookimpl",
    "plugin_option",
    "read_table",
    "with_packages",
]

_HOMES = {
    "Database": "databases",
    "Databases": "databases",
    "DbError": "errors",
    "EllarDBModule": "module",
    "MigrationOptions": "databases",
    "OverridingCommand": "overriding",
    "PackageMigrations": "packages",
    "RevisionRequest": "naming",
    "alembic_config": "config",
    "plugin_option": "plugin_options",
    "read_table": "settings",
    "with_packages": "package_runs",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"ellar_db.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
