"""Dropping databases for good."""

from __future__ import annotations

import fnmatch
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ellar_db.config.collection import collect_databases, collect_packages
from ellar_db.config.invocation import Invocation
from ellar_db.databases.connections import close_idle, connected, in_event_loop
from ellar_db.databases.database import Database
from ellar_db.databases.selection import listed
from ellar_db.dialects.base import Dialect
from ellar_db.fleet.provisioning import is_there, presence
from ellar_db.guards.locking import Locks, locked
from ellar_db.hooktypes import Run
from ellar_db.plugins.dialects import dialect_of
from ellar_db.runtime.confirmation import ask
from ellar_db.scratch.databases import administered
from ellar_db.util.errors import DbError, summary
from ellar_db.util.file_lock import ENDS
from ellar_db.util.sqlalchemy import plain_text

if TYPE_CHECKING:
    from sqlalchemy import Connection


LEFT = "let other sessions end, or let its user drop it"
"""What to do about a server that refuses."""


def drop(
    databases: Sequence[Database], invocation: Invocation, options: Mapping[str, Any], *, yes: bool
) -> Iterator[tuple[Database, bool]]:
    """Drop databases for good, once that is confirmed.

    Args:
        databases: The databases.
        invocation: The command's arguments.
        options: The values of the command's options, for plugins.
        yes: Whether it was confirmed in advance.

    Yields:
        Each database, and whether it was dropped; else it isn't there.

    Raises:
        DbError: The user declined, a database that isn't chosen would go too, another run or another session uses one,
            or it can't be dropped.
        UnavailableError: One can't be reached.
    """
    there = [database for database, is_known in presence(databases, invocation) if is_known]
    for database in there:
        _refuse_others(database, databases, invocation)
    if there and not yes:
        _ask(there)
    known = {database.name for database in there}
    for database in databases:
        # two names may be those of one database
        gone = database.name not in known or not is_there(database, invocation)
        yield database, not gone and Removal(database, invocation, options).done()


def _ask(databases: Sequence[Database]) -> None:
    lines = [f"{database.name}: {_what(database)}" for database in databases]
    refusal = f"this drops {listed(lines)}, with all that is in it, and there is no terminal to ask on"
    ask("These will be dropped, with all that is in them:", lines, refusal, "not dropped")


def _what(database: Database) -> str:
    return f"the schema {database.schema!r} of {database.without_schema.url}" if database.schema else database.url


def _refuse_others(database: Database, chosen: Sequence[Database], invocation: Invocation) -> None:
    """Refuse to drop a database together with configured ones that aren't chosen: its schemas, or those in the same."""
    if database.schema:
        return
    names = {each.name for each in chosen}
    dialect = dialect_of(invocation.manager, database)
    place = _place(database, dialect)
    within = [
        other.name
        for other in collect_databases(invocation.manager).values()
        if other.name not in names and _place(other, dialect) == place
    ]
    if within:
        raise DbError(
            f"{listed(within)} would go with the database {database.name!r} ({database.url}), since it is in there "
            "too; choose it as well, or leave both"
        )


def _place(database: Database, dialect: Dialect) -> tuple[object, ...]:
    """Return in which database of which server a database is, or in which file."""
    url = database.address
    files = dialect.files(database) if url.get_backend_name() in dialect.names else []
    if files:
        return (files[-1].resolve(),)
    return url.get_backend_name(), url.host, url.port, url.database


class Removal:
    """The removal of one database that is there.

    Args:
        database: The database.
        invocation: The command's arguments.
        options: The values of the command's options, for plugins.
    """

    def __init__(self, database: Database, invocation: Invocation, options: Mapping[str, Any]) -> None:
        self.database = database
        self.dialect = dialect_of(invocation.manager, database)
        self._manager = invocation.manager
        self._limits = invocation.limits_of(database).bounded
        self._options = options
        self._refused = f"the database {database.name!r} ({database.url}) can't be dropped"

    def done(self) -> bool:
        """Drop it, once no run is under way on it, and return True.

        Raises:
            DbError: Another run held the lock for longer than the limit, a plugin refuses, other sessions use it, or
                it can't be dropped.
        """
        from sqlalchemy.exc import DBAPIError

        database = self.database
        files = self.dialect.files(database)
        if files:
            # before it is opened
            self._check(files[0])
        elif not database.schema and not self.dialect.maintenance_databases(database.address):
            why = "it is in memory" if self.dialect.embedded else "nobody knows how for its kind; do it by hand"
            raise DbError(f"{self._refused}, since {why}")
        try:
            with locked(self._locked, {database.name: self._limits}, self._manager) as locks:
                self._prepare()
                # what a pool keeps is a session too
                close_idle(database)
                close_idle(database.without_schema)
                if files:
                    self._remove_files(files)
                elif database.schema:
                    self._remove_schema(locks)
                elif not self.dialect.locks_within:
                    locks.call(database, lambda connection: self._remove(connection))
            # from now on, the server itself refuses if a run has begun meanwhile
            if not files and not database.schema and self.dialect.locks_within:
                administered(database, self.dialect, self._remove, self._refused, LEFT)
        except DBAPIError as error:
            told = "; ".join([summary(error), *self.dialect.details(error.orig or error)])
            raise DbError(f"{self._refused}: {told}; {LEFT}") from error
        return True

    @property
    def _locked(self) -> list[Database]:
        """What is locked: where the server wouldn't refuse, also the version tables of packages."""
        database = self.database
        if not database.schema or not self.dialect.locks_within:
            return [database]
        tables = [
            package.version_table
            for package in collect_packages(self._manager).values()
            if any(fnmatch.fnmatch(database.name, pattern) for pattern in package.databases)
        ]
        return [
            database,
            *(replace(database, options={**database.options, "version_table": table}) for table in tables),
        ]

    def _prepare(self) -> None:
        """Ask the plugins, and whether others use it."""

        def ask(databases: Sequence[Database]) -> None:
            with connected(databases[0]) as connection:
                if self._manager.hook.ellar_db_before_run.get_hookimpls():
                    run = Run("apply", "drop", self.database, connection, (), options=self._options)
                    with connection.begin():
                        self._manager.tell(
                            "ellar_db_before_run", run=run, database=self.database, connection=connection, plan=()
                        )
                if self.dialect.embedded:
                    self.dialect.refuse_used(connection, self.database.name)

        in_event_loop([self.database], ask)

    def _remove(self, connection: Connection) -> None:
        """Drop a database of a server."""
        self._limit(connection)
        self._told(self.dialect.remove_database, connection, str(self.database.address.database))

    def _remove_schema(self, locks: Locks) -> None:
        database = self.database

        def remove(connection: Connection) -> None:
            self._limit(connection)
            self._told(self.dialect.remove_schema, connection, database.schema)

        if self.dialect.locks_within:
            database.without_schema.transaction(remove)
        else:
            locks.call(database, remove)

    def _told(self, work: Any, connection: Connection, name: str) -> None:
        try:
            work(connection, name)
        except DbError as error:
            raise DbError(f"{self._refused}: {error.message}") from error

    def _limit(self, connection: Connection) -> None:
        for statement in self.dialect.timeouts(connection.dialect, self._limits):
            connection.execute(plain_text(statement))

    def _check(self, file: Path) -> None:
        """Refuse what isn't a database's own file."""
        if file.is_symlink():
            raise DbError(f"{self._refused}, since {file} is a link; remove it, and what it leads to, by hand")
        if not stat.S_ISREG(file.lstat().st_mode) or not self.dialect.recognizes(file):
            raise DbError(f"{self._refused}, since {file} is no file of such a database; correct the URL")

    def _remove_files(self, files: Sequence[Path]) -> None:
        """Remove a file and those beside it, except those of the lock, which go when it is released."""
        own = [file for file in files if not file.name.endswith(ENDS)]
        self._check(own[0])
        for file in own[1:]:
            if file.is_dir() and not file.is_symlink():
                raise DbError(f"{self._refused}, since {file} is a folder; see what it is")
        # what is beside it means nothing without it, so that it goes first
        for file in (*own[1:], own[0]):
            file.unlink(missing_ok=True)
