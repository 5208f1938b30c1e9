"""The state of packages according to the version tables of the databases."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

from ellar_db.config.invocation import DATABASES, Invocation, invocation_of
from ellar_db.databases.connections import connected, in_event_loop
from ellar_db.databases.database import Database
from ellar_db.guards.entry import EntryTable
from ellar_db.plugins.dialects import dialect_of
from ellar_db.util.alembic import ancestors

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory
    from sqlalchemy import Connection

    from ellar_db.plugins.manager import PluginManager


T = TypeVar("T")


def behind(configs: Sequence[Config]) -> list[Config]:
    """Return those of several packages that aren't at their newest revision, with one connection per database."""
    from alembic.script import ScriptDirectory

    scripts = {id(config): ScriptDirectory.from_config(config) for config in configs}
    databases = {database.name: database for config in configs for database in config.attributes[DATABASES].values()}

    def read(asked: Database, connection: Connection) -> list[int]:
        return [
            id(config)
            for config in configs
            for database in config.attributes[DATABASES].values()
            if database.name == asked.name
            and (
                not is_newest(
                    scripts[id(config)], heads_in(database, connection, str(database.options["version_table"]))
                )
                # it may be at its newest revision, with an interrupted downgrade from there
                or _is_unfinished(invocation_of(config).manager, database, connection)
            )
        ]

    found = read_from(databases.values(), invocation_of(configs[0]), read) if configs else {}
    known = {number for numbers in found.values() for number in numbers}
    return [config for config in configs if id(config) in known]


def is_newest(script: ScriptDirectory, heads: Sequence[str]) -> bool:
    """Return whether revisions include all heads of a folder, themselves or as what they depend on.

    The version table has no row for a head on which another one depends.

    Args:
        script: The folder.
        heads: The revisions in the version table.
    """
    from alembic.util import CommandError

    newest = set(script.get_heads())
    if newest == set(heads):
        return True
    try:
        return newest <= ancestors(script, heads)
    except CommandError:
        # a revision that the folder doesn't have
        return False


def of_each(config: Config, read: Callable[[Database, Connection], T]) -> dict[str, T]:
    """Return what `read` finds in each database of a command, by its name.

    Args:
        config: The command's configuration.
        read: Called with each database and a connection to it.

    Raises:
        UnavailableError: A database can't be reached.
    """
    return read_from(config.attributes[DATABASES].values(), invocation_of(config), read)


def read_from(
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


def heads_in(database: Database, connection: Connection, version_table: str) -> tuple[str, ...]:
    """Return the revisions in a version table."""
    from alembic.runtime.migration import MigrationContext

    options = {
        "version_table": version_table,
        "version_table_schema": database.options.get("version_table_schema"),
    }
    return MigrationContext.configure(connection, opts=options).get_current_heads()


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
