"""The revisions of the databases, of the application and of packages, according to their version tables."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from ellar_db.config.collection import version_tables
from ellar_db.config.command_line import program
from ellar_db.config.invocation import DATABASES, Invocation, change_invocation, invocation_of
from ellar_db.config.reports.position import Position, inside_here, position_in, unknown_here
from ellar_db.config.squashed.history import history_for
from ellar_db.databases.connections import connected, in_event_loop
from ellar_db.databases.database import Database
from ellar_db.dialects.base import Dialect
from ellar_db.guards.entry import EntryTable
from ellar_db.plugins.dialects import dialect_of
from ellar_db.project.application import open_injector
from ellar_db.util.alembic import ancestors
from ellar_db.util.errors import DbError

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory
    from sqlalchemy import Connection

    from ellar_db.plugins.manager import PluginManager


T = TypeVar("T")

log = logging.getLogger("ellar_db")

USUAL = ("alembic_version", "alembic_versions")
"""The version tables of Alembic, Flask-Migrate and ellar-sql, and of advanced-alchemy."""

PAUSES = (0.0, 0.05, 0.2, 0.5)
"""Seconds to wait before a table that another run changes is read once more."""

REFUSE_UNKNOWN = "refuse-unknown"
"""What the environment calls the command that `refuse_unknown` runs, after its function."""

COLUMN = "version_num"
"""The only column of a version table."""


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
        return newest <= ancestors(history_for(script, heads), heads)
    except CommandError:
        # a revision that the folder doesn't have
        return False


def is_below(script: ScriptDirectory, heads: Sequence[str], target: str) -> bool:
    """Return whether a database has gone beyond a revision, or beyond `base`, so that only a downgrade goes there.

    Args:
        script: The folder.
        heads: The revisions in the version table.
        target: The revision, or the beginning of its id; of anything else, such as `label@head`, it isn't known.
    """
    from alembic.util import CommandError

    if target == "base" or not heads:
        return bool(heads)
    try:
        script = history_for(script, heads)
        found = script.get_revision(target)
        return found.revision.startswith(target) and found.revision in ancestors(script, heads) - set(heads)
    except CommandError:
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
                found[database.name] = _steadily(invocation.manager, database, connection, read)
        return found

    return in_event_loop(list(databases), work)


def is_made(database: Database, dialect: Dialect) -> bool:
    """Return whether connecting to a database makes no file, since it is there or the database is on a server.

    Args:
        database: The database.
        dialect: Its kind.
    """
    files = dialect.files(database)
    return not files or any(file.exists() for file in files)


def _steadily(
    manager: PluginManager, database: Database, connection: Connection, read: Callable[[Database, Connection], T]
) -> T:
    """Read once more, a few times, what another run changes at the same moment."""
    from sqlalchemy.exc import DBAPIError

    for pause in PAUSES:
        try:
            return read(database, connection)
        except DBAPIError as error:
            if error.connection_invalidated or not dialect_of(manager, database).changed_meanwhile(error.orig):
                raise
            connection.rollback()
            time.sleep(pause)
    return read(database, connection)


def heads_in(database: Database, connection: Connection, version_table: str) -> tuple[str, ...]:
    """Return the revisions in a version table."""
    from alembic.runtime.migration import MigrationContext

    options = {
        "version_table": version_table,
        "version_table_schema": database.options.get("version_table_schema"),
    }
    return MigrationContext.configure(connection, opts=options).get_current_heads()


def refuse_odd(heads: Iterable[Any], database: Database) -> None:
    """Refuse what can't be a revision in a version table, such as bytes.

    Args:
        heads: The values of the table.
        database: The database.

    Raises:
        DbError: A value is no text.
    """
    for head in heads:
        if not isinstance(head, str):
            raise DbError(
                f"{database.version_table} of the database {database.name!r} has {head!r}, which is no revision; set "
                f"the right one with `{program()} stamp{database.choice} --purge REVISION`"
            )


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


def show_current(config: Config, *, check_heads: bool = False, verbose: bool = False) -> None:
    """Print the revisions of all databases, as Alembic's `current` does for those that the folder has.

    Alembic stops at the first database with a revision that the folder doesn't have, and doesn't count a head as
    applied if only a revision that depends on it is in the version table.

    Args:
        config: Alembic's configuration.
        check_heads: Refuse databases that aren't at the newest revision.
        verbose: Print all that is known of each revision.

    Raises:
        DbError: A database has a revision that the folder doesn't have, or isn't at the newest; each is named.
    """
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    script = ScriptDirectory.from_config(config)
    problems: list[str] = []

    def show(heads: tuple[str, ...], context: MigrationContext) -> list[None]:
        position = position_in(context, heads, "current")
        if verbose:
            assert context.connection is not None
            config.print_stdout("Current revision(s) for %s:", context.connection.engine.url.render_as_string())
        if position.unknown:
            problems.append(unknown_here(position, program()))
        elif check_heads and not is_newest(script, heads):
            problems.append(_behind(position))
            return []
        if not heads:
            where = position.database or "the database"
            log.info("%s is at base: no revision has been applied.", where[0].upper() + where[1:])
        known = tuple(head for head in heads if head not in position.unknown)
        for revision in sorted(position.script.get_all_current(known), key=lambda each: each.revision):
            config.print_stdout(revision.cmd_format(verbose))
        for revision_id in position.unknown:
            config.print_stdout("%s (unknown here)", revision_id)
        return []

    with EnvironmentContext(config, script, fn=show, dont_mutate=True):
        script.run_env()
    if problems:
        raise DbError("; ".join(problems))


def refuse_unknown(config: Config) -> None:
    """Refuse databases with a revision that the folder doesn't have.

    Args:
        config: Alembic's configuration.

    Raises:
        DbError: A database has one; each is named.
    """
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    script = ScriptDirectory.from_config(config)
    problems: list[str] = []

    def look(heads: tuple[str, ...], context: MigrationContext) -> list[None]:
        position = position_in(context, heads, "history")
        if position.unknown:
            problems.append(unknown_here(position, program()))
        if position.squash:
            told = inside_here(position)
            log.info("%s.", told[0].upper() + told[1:])
        return []

    labels = invocation_of(config).labels
    change_invocation(config, labels=False)
    with EnvironmentContext(config, script, fn=look, dont_mutate=True):
        script.run_env()
    change_invocation(config, labels=labels)
    if problems:
        raise DbError("; ".join(problems))


def _behind(position: Position) -> str:
    newest = " heads" if position.newest == "heads" else ""
    return (
        f"Database is not on all head revisions: {position.database} is at {position.at}; "
        f"`{program()} upgrade{position.option}{newest}` runs the others"
    )


def told_of_another(
    context: MigrationContext,
    manager: PluginManager,
    database: Database,
    *,
    refused: bool,
    ours: bool,
) -> None:
    """Say that another version table has the revisions which the folder's own one lacks.

    This is so when a folder came from a program that calls the table something else.

    Args:
        context: Alembic's context of a database, which isn't offline.
        manager: The plugins, whose packages have version tables of their own, perhaps with the same ids.
        database: The database.
        refused: The command runs revisions, and would run again what is applied; or it needs all of them.
        ours: Whether env.py calls ellar_db, which takes the table's name from settings.

    Raises:
        DbError: There is such a table, and `refused` is set.
    """
    if context.connection is None or context.script is None or context.get_current_heads():
        return
    known = {revision.revision for revision in context.script.walk_revisions()}
    own = context.version_table
    # of a schema that is a database, all of its own tables are meant, and no others
    schema = context.version_table_schema or database.schema or None
    dialect = dialect_of(manager, database)
    for table, found in _others(context.connection, dialect, schema, own):
        if found and found <= known and table not in version_tables(manager):
            choice = position_in(context, (), "").choice
            listed, stamp = ", ".join(sorted(found)), f"`{program()} stamp{choice} {' '.join(sorted(found))}`"
            message = (
                f"the version table {own} is empty, and {table} has {listed}, which this folder has; name that table "
                f"with {_setting(table, ours)}, or say {stamp} to go on with {own}"
            )
            if refused:
                raise DbError(message)
            log.warning("%s", message[0].upper() + message[1:])


def _setting(table: str, ours: bool) -> str:
    """Return how the version table's name is set."""
    if not ours:
        return f'version_table="{table}" in the calls of context.configure in env.py'
    if open_injector() is not None:
        return f'{{"context_configure": {{"version_table": "{table}"}}}} in the migration_options of the application'
    return f'version_table = "{table}" in [tool.ellar-db.context-configure]'


def _others(connection: Connection, dialect: Dialect, schema: str | None, own: str) -> Iterable[tuple[str, set[str]]]:
    """Yield other version tables of a database, with the revisions in them."""
    from sqlalchemy import column, inspect, select
    from sqlalchemy import table as named
    from sqlalchemy.exc import DBAPIError, NoSuchTableError

    inspector = inspect(connection)
    for name in dialect.table_names(connection, schema):
        likely = name in USUAL or "version" in name or "alembic" in name
        if name == own or not likely:
            continue
        reading: Any = select(column(COLUMN)).select_from(named(name, schema=schema))
        try:
            if [each["name"] for each in inspector.get_columns(name, schema=schema)] != [COLUMN]:
                continue
            # after an error, PostgreSQL refuses the rest of a transaction
            with connection.begin_nested():
                found = {str(row[0]) for row in connection.execute(reading)}
        except NoSuchTableError:
            continue
        except DBAPIError as error:
            # another run makes or drops its own version table
            if not dialect.changed_meanwhile(error.orig):
                raise
            continue
        yield name, found
