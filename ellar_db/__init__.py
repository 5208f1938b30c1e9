"""ellar_db: database migrations for Ellar applications, as a suite of plugins over Alembic.

This is the API for applications and plugins. Only the plugin marker is imported immediately; the names
that need Alembic, SQLAlchemy or Ellar are imported on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from ellar_db.hookspecs import hookimpl
from ellar_db.util import moved
from ellar_db.version import __version__

if TYPE_CHECKING:
    from ellar_db.cli.overriding import OverridingCommand as OverridingCommand
    from ellar_db.config.plugin_settings import Setting as Setting
    from ellar_db.config.plugin_settings import plugin_settings as plugin_settings
    from ellar_db.config.seam import alembic_config as alembic_config
    from ellar_db.databases.database import Database as Database
    from ellar_db.databases.database import Databases as Databases
    from ellar_db.databases.options import MigrationOptions as MigrationOptions
    from ellar_db.dialects.base import Dialect as Dialect
    from ellar_db.dialects.sqlite import sqlite_file as sqlite_file
    from ellar_db.guards.migration_lock import migration_lock as migration_lock
    from ellar_db.hooktypes import MissingRight as MissingRight
    from ellar_db.hooktypes import PackageMigrations as PackageMigrations
    from ellar_db.hooktypes import Problem as Problem
    from ellar_db.hooktypes import RevisionRequest as RevisionRequest
    from ellar_db.hooktypes import Rule as Rule
    from ellar_db.hooktypes import Run as Run
    from ellar_db.module import EllarDBModule as EllarDBModule
    from ellar_db.plugins.options import plugin_option as plugin_option
    from ellar_db.project.settings import expanded as expanded
    from ellar_db.project.settings import read_table as read_table
    from ellar_db.runtime.packages import with_packages as with_packages
    from ellar_db.util.errors import DbError as DbError
    from ellar_db.util.errors import UnavailableError as UnavailableError
    from ellar_db.util.masking import masked as masked

HOMES = {
    "Dialect": "dialects.base",
    "Database": "databases.database",
    "Databases": "databases.database",
    "DbError": "util.errors",
    "EllarDBModule": "module",
    "MigrationOptions": "databases.options",
    "MissingRight": "hooktypes",
    "OverridingCommand": "cli.overriding",
    "PackageMigrations": "hooktypes",
    "Problem": "hooktypes",
    "RevisionRequest": "hooktypes",
    "Rule": "hooktypes",
    "Run": "hooktypes",
    "Setting": "config.plugin_settings",
    "UnavailableError": "util.errors",
    "alembic_config": "config.seam",
    "expanded": "project.settings",
    "masked": "util.masking",
    "migration_lock": "guards.migration_lock",
    "plugin_option": "plugins.options",
    "plugin_settings": "config.plugin_settings",
    "read_table": "project.settings",
    "sqlite_file": "dialects.sqlite",
    "with_packages": "runtime.packages",
}
"""The module of each name; a test checks that the imports for type checkers agree."""

__all__ = ["__version__", "hookimpl", *HOMES]  # the keys are strings

moved.install()


# for type checkers, any name would be one of the package's
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name in HOMES:
            return getattr(import_module(f"{__name__}.{HOMES[name]}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
