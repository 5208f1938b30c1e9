"""Where many databases are, asked with as few connections and queries as possible."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from ellar_db.config.invocation import Invocation
from ellar_db.databases.connections import UnreachableError, connected, in_event_loop
from ellar_db.databases.database import Database
from ellar_db.dialects.base import Dialect
from ellar_db.guards.entry import NAME, EntryTable
from ellar_db.plugins.dialects import dialect_of
from ellar_db.runtime.versions import COLUMN, heads_in, is_made
from ellar_db.util.garbage import sweep
from ellar_db.util.sqlalchemy import plain_text, quoted

if TYPE_CHECKING:
    from sqlalchemy import Connection


AT_ONCE = 500
"""The number of schemas that one query asks about."""


@dataclass(frozen=True)
class Position:
    """Where a database is.

    Args:
        revisions: The revisions in its version table.
        exists: Whether the database is there.
        settled: Whether no earlier run was interrupted in it, as far as that can be seen without its lock.
        made: Whether its file is there, which the first connection would make; true of databases on a server.
    """

    revisions: tuple[str, ...] = ()
    exists: bool = True
    settled: bool = True
    made: bool = True


MISSING = Position(exists=False)


def read_positions(databases: Iterable[Database], invocation: Invocation) -> dict[str, Position]:
    """Return where databases are, by name; without those that can't be reached.

    All schemas of a server are read with one connection, of PostgreSQL, MySQL and MariaDB by a few queries; of other
    databases each with one.

    Args:
        databases: The databases.
        invocation: The command's arguments.
    """
    # those that can't be read are run, which says what is wrong
    return {database.name: found for database, found in read_each(databases, invocation) if isinstance(found, Position)}


def read_each(
    databases: Iterable[Database], invocation: Invocation, *, revisions: bool = True
) -> Iterator[tuple[Database, Position | Exception]]:
    """Yield where each database is, as `read_positions` reads it, or what happened when it was asked.

    Args:
        databases: The databases.
        invocation: The command's arguments.
        revisions: Read the version tables. Without them, a database is only asked whether it is there and answers.
    """
    alone: list[Database] = []
    servers: dict[object, list[Database]] = {}
    for database in databases:
        whole = database.without_schema
        if whole is database or "version_table_schema" in database.options:
            alone.append(database)
        else:
            servers.setdefault(whole.address, []).append(database)
    for members in servers.values():
        found: Mapping[str, Position | Exception]
        # an engine's own code may raise anything
        try:
            found = _of_server(members, invocation, revisions)
        except Exception as error:
            found = dict.fromkeys((each.name for each in members), error)
        yield from ((database, found[database.name]) for database in members)
    for database in alone:
        position: Position | Exception
        try:
            position = _of_one(database, invocation, revisions)
        except Exception as error:
            position = error
        yield database, position
        database.forget()
        sweep()


def _of_server(members: Sequence[Database], invocation: Invocation, revisions: bool) -> dict[str, Position]:
    whole = members[0].without_schema
    dialect = dialect_of(invocation.manager, whole)

    def read(databases: Sequence[Database]) -> dict[str, Position]:
        with connected(databases[0], invocation.limits_of(whole).connect_wait) as connection:
            if revisions:
                return dict(_read_schemas(connection, dialect, members))
            there = dialect.tables_of_schemas(connection, [NAME])
            return {each.name: Position() if each.schema in there else MISSING for each in members}

    try:
        return in_event_loop([whole], read)
    except UnreachableError as error:
        if dialect.absence(whole, error.__cause__ or error):
            return {each.name: MISSING for each in members}
        raise


def _read_schemas(
    connection: Connection, dialect: Dialect, members: Sequence[Database]
) -> Iterable[tuple[str, Position]]:
    """Yield the position of each schema."""
    tables = {database.name: str(database.options.get("version_table", "alembic_version")) for database in members}
    there = dialect.tables_of_schemas(connection, sorted({*tables.values(), NAME}))
    quote = partial(quoted, connection.dialect)

    def values(column: str, tables: Mapping[str, str]) -> dict[str, list[str]]:
        """Return the values of one column in a table of each schema that has it."""
        found: dict[str, list[str]] = {}
        asked = [database for database in members if tables[database.name] in there.get(database.schema, ())]
        for start in range(0, len(asked), AT_ONCE):
            part = asked[start : start + AT_ONCE]
            query = " UNION ALL ".join(
                f"SELECT {number}, {column} FROM {quote(database.schema)}.{quote(tables[database.name])}"
                for number, database in enumerate(part)
            )
            for number, value in connection.execute(plain_text(query)):
                found.setdefault(part[number].name, []).append(value)
        return found

    revisions = values(COLUMN, tables)
    unfinished = values("revision", dict.fromkeys(tables, NAME))
    for database in members:
        names = there.get(database.schema)
        if names is None:
            yield database.name, MISSING
        else:
            at = tuple(revisions.get(database.name, ()))
            yield database.name, Position(at, settled=database.name not in unfinished)


def _of_one(database: Database, invocation: Invocation, revisions: bool) -> Position:
    dialect = dialect_of(invocation.manager, database)
    if not is_made(database, dialect):
        # where its folder is there, the run makes it
        return Position(exists=dialect.files(database)[0].parent.is_dir(), made=False)

    def read(databases: Sequence[Database]) -> Position:
        from sqlalchemy import inspect

        with connected(databases[0], invocation.limits_of(database).connect_wait) as connection:
            if not revisions:
                # of a file, a connection alone reads nothing
                inspect(connection).has_table(NAME)
                return Position()
            heads = _heads(database, connection)
            unsettled = not dialect.rolls_back_ddl(database) and EntryTable(connection, database.options).read()
            return Position(heads, settled=not unsettled)

    try:
        return in_event_loop([database], read)
    except UnreachableError as error:
        if dialect.absence(database, error.__cause__ or error):
            return MISSING
        raise


def _heads(database: Database, connection: Connection) -> tuple[str, ...]:
    """Return the revisions of a database by one query, if its version table is there."""
    from sqlalchemy.exc import DBAPIError

    quote = partial(quoted, connection.dialect)
    table = str(database.options.get("version_table", "alembic_version"))
    schema = database.options.get("version_table_schema")
    name = f"{quote(str(schema))}.{quote(table)}" if schema else quote(table)
    try:
        return tuple(row[0] for row in connection.execute(plain_text(f"SELECT {COLUMN} FROM {name}")))
    except DBAPIError:
        # there is no such table yet, or something else, which the usual way tells
        connection.rollback()
        return heads_in(database, connection, table)
