"""What the plugins supply: the databases, and the packages that bring migrations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any, NoReturn

from ellar_db.config.invocation import DATABASES
from ellar_db.databases.database import DEFAULT, Database, Databases
from ellar_db.hooktypes import PackageMigrations
from ellar_db.plugins.manager import PluginManager, get_plugin_manager
from ellar_db.project.application import application_context
from ellar_db.project.settings import Settings
from ellar_db.util.errors import DbError
from ellar_db.util.masking import remember

if TYPE_CHECKING:
    from alembic.config import Config

    from ellar_db.plugins.manager import PluginManager
    from ellar_db.plugins.record import Plugin


SOURCES = {
    "ellar-db:module": "EllarDBModule",
    "ellar-db:ellar_sql": "ellar-sql's EllarSQLModule",
    "ellar-db:pyproject": "[tool.ellar-db] of pyproject.toml",
}
"""How messages name the built-in plugins that supply databases."""


def collect_databases(manager: PluginManager) -> Databases:
    """Ask all plugins for their databases.

    Raises:
        DbError: Two plugins supply one name, or two names differ only in punctuation.
        PluginError: A plugin failed, or gave something that isn't a Database.
    """
    found: dict[str, tuple[str, Database]] = {}
    for plugin, answer in manager.answers("ellar_db_databases"):
        for database in plugin.listed("ellar_db_databases", answer):
            if not isinstance(database, Database):
                raise DbError(f"{plugin.title} supplied {database!r} as a database; it must be an ellar_db.Database")
            remember(database.sync_engine.url)
            source = SOURCES.get(plugin.name, plugin.title)
            other = found.setdefault(database.token, (source, database))
            if other[1] is not database:
                raise DbError(
                    f"the database {database.name!r} is supplied by {other[0]} (as {other[1].name!r}) and by "
                    f"{source}; give one of them another name"
                )
    # plugins answer first; the application's default database still comes first in a run
    databases = sorted((database for _, database in found.values()), key=lambda database: database.name != DEFAULT)
    return Databases(databases)


def collect_packages(manager: PluginManager) -> dict[str, PackageMigrations]:
    """Ask the plugins for the migrations that they bring along, and put them in order.

    Args:
        manager: The plugins.

    Returns:
        The packages by name; each comes after those that it names.

    Raises:
        DbError: Two have one name or one version table, one comes after what isn't there, or a folder isn't there.
        PluginError: A plugin failed.
    """
    found: dict[str, PackageMigrations] = {}
    plugins: dict[str, Plugin] = {}
    for plugin, answer in manager.answers("ellar_db_migrations"):
        for given in plugin.listed("ellar_db_migrations", answer):
            package = _checked(given, plugin)
            for other in found.values():
                for what in ("name", "version_table"):
                    if getattr(other, what) == getattr(package, what):
                        both = f"{other.title} and {package.title}"
                        _refuse(plugin, f"the packages {both} have one {what.replace('_', ' ')}")
            found[package.name] = _placed(package, manager.settings)
            plugins[package.name] = plugin
    for package in found.values():
        for name in package.after:
            if name not in found:
                _refuse(
                    plugins[package.name],
                    f"the package {package.title} comes after the package {name!r}, which no plugin brings",
                )
    return _ordered(found, plugins)


def find_package(manager: PluginManager, name: str) -> PackageMigrations:
    """Give one package.

    Args:
        manager: The plugins.
        name: Its name, or that of its distribution where that brings one package.

    Raises:
        DbError: There is none of the name.
    """
    packages = collect_packages(manager)
    if name in packages:
        return packages[name]
    there = ", ".join(packages) or "none"
    raise DbError(f"no plugin brings migrations of a package {name!r}; there is: {there}")


def _checked(given: Any, plugin: Plugin) -> PackageMigrations:
    if not isinstance(given, PackageMigrations):
        _refuse(plugin, f"{plugin.title} gave {given!r} as migrations; it must be an ellar_db.PackageMigrations")
    if not given.versions.is_dir():
        _refuse(plugin, f"{plugin.title} names {given.versions} as its folder of revisions, and it isn't there")
    return replace(given, source=plugin.title)


def _placed(package: PackageMigrations, settings: Settings) -> PackageMigrations:
    """Let the project say on which databases a package runs."""
    chosen = settings.mapping("packages").get(package.name)
    if chosen is None:
        return package
    if not isinstance(chosen, list) or not all(isinstance(name, str) for name in chosen):
        raise DbError(
            f"[tool.ellar-db.packages] {package.name} must be a list of databases, not {chosen!r}; "
            f"mend it in {settings.path}"
        )
    return replace(package, databases=chosen)


def _ordered(packages: Mapping[str, PackageMigrations], plugins: Mapping[str, Plugin]) -> dict[str, PackageMigrations]:
    """Put packages after those that they name, and otherwise by name."""
    sorter = TopologicalSorter({name: packages[name].after for name in packages})
    try:
        sorter.prepare()
    except CycleError as error:
        # each comes after the next one, and the first by name begins; graphlib has it the other way round
        names = error.args[1][:0:-1]
        start = names.index(min(names))
        circle = " -> ".join([*names[start:], *names[: start + 1]])
        _refuse(plugins[names[start]], f"the migrations of packages come after each other in a circle: {circle}")
    ordered: dict[str, PackageMigrations] = {}
    ready: list[str] = []
    while sorter.is_active():
        ready = sorted([*ready, *sorter.get_ready()])
        name = ready.pop(0)
        ordered[name] = packages[name]
        sorter.done(name)
    return ordered


def _refuse(plugin: Plugin, what: str) -> NoReturn:
    raise DbError(f"{what}; mend it, or leave it out with ELLAR_DB_DISABLE_PLUGINS={plugin.distribution}")


def databases_of(config: Config) -> Databases:
    """Give the databases of a configuration; one that bare Alembic made gets them now.

    Raises:
        DbError: There are none.
    """
    found = config.attributes.get(DATABASES)
    if found is None:
        manager = get_plugin_manager()
        with application_context(manager.settings):
            found = config.attributes[DATABASES] = collect_databases(manager)
    if not isinstance(found, Databases):
        found = config.attributes[DATABASES] = Databases(list(found.values()))
    if not found:
        raise DbError(
            "no database is configured: use EllarDBModule.setup(databases=...), ellar-sql's EllarSQLModule, "
            "or [tool.ellar-db.databases] in pyproject.toml"
        )
    return found
