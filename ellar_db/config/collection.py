"""Collect the databases, and the packages with migrations, from the plugins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from ellar_db.config.invocation import DATABASES, invocation_of
from ellar_db.databases.database import DEFAULT, Database, Databases
from ellar_db.databases.engines import refuse_cut
from ellar_db.hooktypes import PREFIX, PackageMigrations
from ellar_db.plugins.dialects import dialect_named
from ellar_db.plugins.manager import PluginManager, get_plugin_manager
from ellar_db.plugins.record import leaving_out
from ellar_db.project.application import application_context
from ellar_db.project.folder import project_folder
from ellar_db.project.settings import Settings
from ellar_db.util.errors import DbError, meant
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

CALLER = "the argument databases"
"""How messages name the code that calls a command as a function, with databases of its own."""


def collect_databases(
    manager: PluginManager, wanted: Sequence[str] = (), given: Iterable[Database] | None = None
) -> Databases:
    """Collect the databases of all plugins.

    Args:
        manager: The plugins.
        wanted: The names that are wanted, or patterns of them, which a plugin may keep to; none for all.
        given: Databases that the caller has, in place of those of the plugins.

    Raises:
        DbError: Two databases have the same name apart from punctuation, a plugin supplied something else, or a
            database has a schema and is of a kind that has none.
        PluginError: A plugin failed.
    """
    found: dict[str, tuple[str, Database]] = {}
    supplied = _supplied(manager, wanted) if given is None else [(CALLER, each) for each in given]
    for source, database in supplied:
        if not isinstance(database, Database):
            raise DbError(f"{source} supplied {database!r} as a database; it must be an ellar_db.Database")
        remember(database.address)
        refuse_cut(database.name, database.address)
        other = found.setdefault(database.token, (source, database))
        if other[1] is not database:
            raise DbError(
                f"the database {database.name!r} is supplied by {other[0]} (as {other[1].name!r}) and by "
                f"{source}; give one of them another name"
            )
    # databases of plugins are collected first; the application's default one still comes first in a run
    databases = sorted((database for _, database in found.values()), key=lambda database: database.name != DEFAULT)
    return Databases([_in_its_schema(manager, database) if database.schema else database for database in databases])


def _supplied(manager: PluginManager, wanted: Sequence[str]) -> Iterator[tuple[str, Any]]:
    for plugin, answer in manager.answers("ellar_db_databases", wanted=tuple(wanted)):
        for database in plugin.listed("ellar_db_databases", answer):
            yield SOURCES.get(plugin.name, plugin.title), database


def _in_its_schema(manager: PluginManager, database: Database) -> Database:
    """Return a database with an engine whose sessions begin in its schema."""
    kind = database.address.get_backend_name()
    dialect, schema = dialect_named(manager, kind), database.schema
    url = dialect.schema_url(database.address, schema)
    if url is None:
        raise DbError(
            f"the database {database.name!r} has the schema {schema!r}, and databases of the kind {kind} have no "
            "schemas; leave it out, or give the database a URL of its own"
        )
    return database.placed(url, lambda known: dialect.enter_schema(known, schema))


def collect_packages(manager: PluginManager) -> dict[str, PackageMigrations]:
    """Collect the packages with migrations from the plugins, in dependency order.

    Args:
        manager: The plugins.

    Returns:
        The packages by name, each after those in its `after`.

    Raises:
        DbError: Two packages share a name or a version table, or one names a missing package or folder.
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


def version_tables(manager: PluginManager) -> set[str]:
    """Return the version tables of packages, also of those that only the project's settings name.

    Args:
        manager: The plugins.
    """
    named = {f"{PREFIX}{name}" for name in manager.settings.mapping("packages")}
    return named | {package.version_table for package in collect_packages(manager).values()}


def find_package(manager: PluginManager, name: str) -> PackageMigrations:
    """Return one package.

    Args:
        manager: The plugins.
        name: Its name.

    Raises:
        DbError: There is no package with that name.
    """
    packages = collect_packages(manager)
    if name in packages:
        return packages[name]
    there = ", ".join(packages) or "none"
    raise DbError(f"no plugin brings migrations of a package {name!r}; there is: {there}{meant(name, packages)}")


def _checked(given: Any, plugin: Plugin) -> PackageMigrations:
    if not isinstance(given, PackageMigrations):
        _refuse(plugin, f"{plugin.title} gave {given!r} as migrations; it must be an ellar_db.PackageMigrations")
    if not given.versions.is_dir():
        _refuse(plugin, f"{plugin.title} names {given.versions} as its folder of revisions, and it isn't there")
    return replace(given, source=plugin.title)


def _placed(package: PackageMigrations, settings: Settings) -> PackageMigrations:
    """Return a package with the databases that the project chooses for it."""
    chosen = settings.mapping("packages").get(package.name)
    if chosen is None:
        return package
    if not isinstance(chosen, list) or not all(isinstance(name, str) for name in chosen):
        raise DbError(
            f"{settings.place('packages', table=True)} {package.name} must be a list of databases, not {chosen!r}; "
            f"{settings.remedy('packages')}"
        )
    return replace(package, databases=chosen)


def _ordered(packages: Mapping[str, PackageMigrations], plugins: Mapping[str, Plugin]) -> dict[str, PackageMigrations]:
    """Sort packages after those in their `after`, and otherwise by name."""
    if not packages:
        return {}
    from graphlib import CycleError, TopologicalSorter

    sorter = TopologicalSorter({name: packages[name].after for name in packages})
    try:
        sorter.prepare()
    except CycleError as error:
        # in the message each comes after the next one, starting with the first by name; graphlib's order is reversed
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
    raise DbError(f"{what}; mend it, or leave it out with {leaving_out(plugin.distribution)}")


def databases_of(config: Config) -> Databases:
    """Return the databases of a configuration; collect them now if bare Alembic created it.

    Raises:
        DbError: No database is configured.
    """
    found = config.attributes.get(DATABASES)
    if found is None:
        manager = get_plugin_manager()
        with application_context(manager.settings):
            found = config.attributes[DATABASES] = collect_databases(manager)
    if not isinstance(found, Databases):
        found = config.attributes[DATABASES] = Databases(list(found.values()))
    chosen = invocation_of(config).chosen
    if not found and chosen:
        raise DbError(f"the package runs on none of the databases that {chosen.listed} chooses")
    if not found:
        raise DbError(
            "no database is configured: use EllarDBModule.setup(databases=...), ellar-sql's EllarSQLModule, "
            f"or [tool.ellar-db.databases] in pyproject.toml{_elsewhere()}"
        )
    return found


def _elsewhere() -> str:
    """Return where to run bare Alembic, which doesn't look for the project's settings above its folder; or nothing."""
    here = Path.cwd()
    folder = project_folder(here)
    return "" if folder == here else f"; or run it in {folder}, which has the project's settings"
