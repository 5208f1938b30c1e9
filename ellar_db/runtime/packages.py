"""Commands on packages, which run before the application."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from ellar_db.config.collection import collect_packages
from ellar_db.config.command_line import program
from ellar_db.config.folder import is_ours
from ellar_db.config.invocation import DATABASES, Invocation, change_invocation, invocation_of
from ellar_db.config.packages import for_package, package_config
from ellar_db.config.refusals import reported
from ellar_db.databases.connections import connected, in_event_loop
from ellar_db.databases.database import Database
from ellar_db.guards.entry import EntryTable
from ellar_db.hooktypes import PREFIX, PackageMigrations
from ellar_db.plugins.dialects import dialect_of
from ellar_db.runtime.offline import Script
from ellar_db.util.alembic import ancestors
from ellar_db.util.errors import DbError, UnavailableError

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy import Connection

    from ellar_db.plugins.manager import PluginManager


log = logging.getLogger("ellar_db")

T = TypeVar("T")

HEADS = {"head", "heads", "base:head", "base:heads", ":head", ":heads"}
"""Targets of an upgrade that mean all revisions."""


def with_packages(config: Config) -> list[Config]:
    """Return the configuration of each package, in order, and then the given one, which is the application's.

    Start-up code and tests use it to upgrade everything to its newest revision.

    Args:
        config: The configuration that `alembic_config` yielded.

    Example:
        from alembic import command
        from ellar_db import alembic_config, with_packages

        with alembic_config() as config:
            for part in with_packages(config):
                command.upgrade(part, "heads")
    """
    return [*(for_package(config, package) for package in _packages(config)), config]


def to_upgrade(config: Config, revision: str, *, sql: bool) -> Iterator[tuple[Config, str]]:
    """Yield what `upgrade` runs: the packages that aren't at their newest revision, then the application.

    A target other than the newest revision applies to the application only.

    Args:
        config: The command's configuration.
        revision: The target.
        sql: The databases aren't read, so every package takes part.
    """
    packages = _packages(config) if revision in HEADS else []
    script = None
    if sql and packages:
        several = len(config.attributes[DATABASES]) > 1
        script = Script(invocation_of(config).output, several=several, packages=True)
        change_invocation(config, script=script)
    given = [for_package(config, package) for package in packages]
    behind = given if sql else _behind(given)
    for part in behind:
        package = invocation_of(part).package
        log.info("Package %s:", package and package.title)
        yield part, "heads"
    if behind:
        log.info("Application:")
    yield config, revision
    if script is not None:
        script.write(config)


def in_turn(config: Config, work: Callable[[Config], None]) -> None:
    """Process each package and then the application, under headings if there are packages.

    Args:
        config: The command's configuration.
        work: Called with the configuration of each part.

    Raises:
        DbError: The errors of all parts, after each has been processed.
    """
    packages = _packages(config)
    problems: list[DbError] = []
    for part in [*(for_package(config, package) for package in packages), config]:
        package = invocation_of(part).package
        if packages:
            config.print_stdout("Application:" if package is None else f"Package {package.title}:")
        try:
            with reported():
                work(part)
        except UnavailableError:
            raise
        except DbError as error:
            problems.append(error if package is None else DbError(f"package {package.name}: {error.message}"))
    if problems:
        raise DbError("; ".join(problem.message for problem in problems)) from problems[0].__cause__


def check_heads(config: Config) -> None:
    """Refuse to continue if a package isn't at its newest revision.

    Args:
        config: The package's configuration.

    Raises:
        DbError: The package isn't at its newest revision.
    """
    if _behind([config]):
        raise DbError(f"not at its newest revision; run `{program()} upgrade` first")


def warn_of_leftovers(config: Config) -> None:
    """Warn about version tables that belong to no installed package, and say how to undo its migrations.

    Args:
        config: The command's configuration.
    """
    # a folder with its own env.py may run on databases other than the configured ones
    if invocation_of(config).package is not None or not config.attributes.get(DATABASES) or not is_ours(config):
        return
    manager = invocation_of(config).manager
    packages = collect_packages(manager).values()
    # packages that the project's settings name are known, even if they run on no database
    known = {f"{PREFIX}{name}" for name in manager.settings.mapping("packages")}
    known |= {package.version_table for package in packages}

    def read(database: Database, connection: Connection) -> list[tuple[str, str]]:
        from sqlalchemy import inspect

        schema = database.options.get("version_table_schema")
        own = database.options.get("version_table")
        return [
            (table, heads)
            for table in sorted(inspect(connection).get_table_names(schema=schema))
            if table.startswith(PREFIX) and table not in known and table != own
            if (heads := ", ".join(_heads(database, connection, table)))
        ]

    found = {}
    # the command itself reports databases that can't be reached
    with suppress(UnavailableError):
        found = _of_each(config, read)
    for name, leftovers in found.items():
        for table, heads in leftovers:
            package = table.removeprefix(PREFIX)
            log.warning(
                "the database %r has the table %s (at %s), and no installed package brings these migrations; install "
                "the package again, run `%s downgrade --package %s base`, and uninstall it then",
                name,
                table,
                heads,
                program(),
                package,
            )


def refuse_needed(config: Config, target: str) -> None:
    """Refuse to undo all revisions of a package while a package that comes after it is applied.

    Args:
        config: The package's configuration.
        target: The revision to downgrade to.

    Raises:
        DbError: A package that comes after it is applied.
    """
    package = invocation_of(config).package
    if package is None:
        return
    later = [other for other in collect_packages(invocation_of(config).manager).values() if package.name in other.after]

    def read(database: Database, connection: Connection) -> list[str]:
        there = [other.name for other in later if _heads(database, connection, other.version_table)]
        return (
            there if there and _goes_whole(config, target, _heads(database, connection, package.version_table)) else []
        )

    for name, there in _of_each(config, read).items() if later else ():
        if there:
            raise DbError(
                f"the package {there[0]} comes after {package.name} and is on the database {name!r}; "
                f"run `{program()} downgrade --package {there[0]} base` first"
            )


def refuse_unready(config: Config) -> None:
    """Refuse to run a package's migrations while a package in its `after` isn't at its newest revision.

    Args:
        config: The package's configuration.

    Raises:
        DbError: A package in its `after` isn't at its newest revision.
    """
    from alembic.script import ScriptDirectory

    package = invocation_of(config).package
    if package is None:
        return
    known = collect_packages(invocation_of(config).manager)
    newest = {name: set(ScriptDirectory.from_config(package_config(known[name])).get_heads()) for name in package.after}

    def read(database: Database, connection: Connection) -> list[str]:
        return [
            name
            for name, heads in newest.items()
            if database.name in known[name].databases
            and set(_heads(database, connection, known[name].version_table)) != heads
        ]

    for name, unready in _of_each(config, read).items() if newest else ():
        if unready:
            raise DbError(
                f"the package {package.name} comes after {unready[0]}, which isn't at its newest revision on the "
                f"database {name!r}; run `{program()} upgrade --package {unready[0]}` first, or `{program()} upgrade`"
            )


def _goes_whole(config: Config, target: str, heads: tuple[str, ...]) -> bool:
    """Return whether a downgrade undoes all applied revisions, however its target is written."""
    from alembic.script import ScriptDirectory
    from alembic.script.revision import RevisionError
    from alembic.util import CommandError

    script = ScriptDirectory.from_config(config)
    try:
        undone = {each.revision for each in script.iterate_revisions(heads, target, select_for_downgrade=True)}
        return ancestors(script, heads) <= undone
    except (CommandError, RevisionError):
        # Alembic's command reports what is wrong with the target
        return False


def _packages(config: Config) -> list[PackageMigrations]:
    """Return the packages that take part in a command: none with `--package`, or if no database is configured."""
    invocation = invocation_of(config)
    if invocation.package is not None:
        return []
    packages = [package for package in collect_packages(invocation.manager).values() if package.databases]
    if packages and DATABASES in config.attributes and not config.attributes[DATABASES]:
        names = ", ".join(package.title for package in packages)
        log.warning("no database is configured for ellar_db, so that the migrations of %s are left out", names)
        return []
    return packages


def _behind(configs: Sequence[Config]) -> list[Config]:
    """Return those of several packages that aren't at their newest revision, with one connection per database."""
    from alembic.script import ScriptDirectory

    newest = {id(config): set(ScriptDirectory.from_config(config).get_heads()) for config in configs}
    databases = {database.name: database for config in configs for database in config.attributes[DATABASES].values()}

    def read(asked: Database, connection: Connection) -> list[int]:
        return [
            id(config)
            for config in configs
            for database in config.attributes[DATABASES].values()
            if database.name == asked.name
            and (
                set(_heads(database, connection, str(database.options["version_table"]))) != newest[id(config)]
                # it may be at its newest revision, with an interrupted downgrade from there
                or _is_unfinished(invocation_of(config).manager, database, connection)
            )
        ]

    found = _read(databases.values(), invocation_of(configs[0]), read) if configs else {}
    behind = {number for numbers in found.values() for number in numbers}
    return [config for config in configs if id(config) in behind]


def _read(
    databases: Iterable[Database], invocation: Invocation, read: Callable[[Database, Connection], T]
) -> dict[str, T]:
    """Return what `read` finds in each database, by its name."""

    def work(databases: Sequence[Database]) -> dict[str, T]:
        found = {}
        for database in databases:
            with connected(database, invocation.limits_of(database).connect_wait) as connection:
                found[database.name] = read(database, connection)
        return found

    return in_event_loop(list(databases), work)


def _of_each(config: Config, read: Callable[[Database, Connection], T]) -> dict[str, T]:
    return _read(config.attributes[DATABASES].values(), invocation_of(config), read)


def _is_unfinished(manager: PluginManager, database: Database, connection: Connection) -> bool:
    """Return whether an earlier run on a database left an entry in its journal."""
    if dialect_of(manager, database).rolls_back_ddl(database):
        return False
    return EntryTable(connection, database.options).read() is not None


def drop_unused_version_table(database: Database, connection: Connection | None, context: MigrationContext) -> None:
    """Drop the version table of a package once all its revisions are undone, so that it can be uninstalled.

    Args:
        database: The database, as the package sees it.
        connection: The run's connection; None offline.
        context: Alembic's context, after the run's steps.
    """
    if not database.package or connection is None or context.get_current_heads():
        return
    from sqlalchemy import MetaData, Table

    Table(context.version_table, MetaData(), schema=context.version_table_schema).drop(connection, checkfirst=True)


def _heads(database: Database, connection: Connection, version_table: str) -> tuple[str, ...]:
    """Return the revisions in a version table."""
    from alembic.runtime.migration import MigrationContext

    options = {
        "version_table": version_table,
        "version_table_schema": database.options.get("version_table_schema"),
    }
    return MigrationContext.configure(connection, opts=options).get_current_heads()
