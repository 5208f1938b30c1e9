"""The properties of a kind of database, with defaults for an unknown one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ellar_db.databases.database import VERSION_LENGTH, Database
from ellar_db.databases.limits import Limits
from ellar_db.dialects.comparing import Comparing
from ellar_db.hooktypes import Canceller, Lock, MissingRight
from ellar_db.util.errors import DbError

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Inspector
    from sqlalchemy import Dialect as SQLAlchemyDialect

    from ellar_db.ddl.catalog import Catalog
    from ellar_db.ddl.changes import Change
    from ellar_db.ddl.effects import Effect
    from ellar_db.dialects.measuring.observer import Observer
    from ellar_db.dialects.statements import Statements


class Dialect(Comparing):
    """A kind of database.

    An installed package adds another kind with the hook `ellar_db_dialects`, as an instance of a subclass that
    overrides what is different. All connections are SQLAlchemy's synchronous ones, whatever the driver.

    Example:
        class Oracle(Dialect):
            names = ("oracle",)

            def lock(self, database, limits):
                return DbmsLock(database)
    """

    names: ClassVar[Sequence[str]] = ()
    """SQLAlchemy's names of the dialect, as `engine.dialect.name` has them."""

    embedded: ClassVar[bool] = False
    """Whether a database is a file or in the memory of this process, rather than on a server."""

    transactional: ClassVar[bool] = False
    """Whether runs use transactions even if the application's engine is set to AUTOCOMMIT."""

    transactional_ddl: ClassVar[bool | None] = None
    """Whether Alembic is told that schema changes can be rolled back; None leaves that to Alembic."""

    commits_at_ddl: ClassVar[bool] = False
    """Whether a schema change commits what precedes it, so that it can't be in a two-phase transaction."""

    timed_out_codes: ClassVar[frozenset[str | int]] = frozenset()
    """The drivers' error codes for time-outs."""

    changed_codes: ClassVar[frozenset[str | int]] = frozenset()
    """The drivers' error codes for a table that another session changed, made or dropped while it was read."""

    locks_within: ClassVar[bool] = False
    """Whether the session of the lock is in the database itself, so that the server doesn't drop it meanwhile."""

    catalog: ClassVar[Sequence[str]] = ()
    """Queries for what SQLAlchemy's inspector doesn't read: each returns rows of kind, name, table and definition."""

    @cached_property
    def statements(self) -> Statements:
        """How statements are told apart where schema changes can't be rolled back."""
        from ellar_db.dialects.statements import Statements

        return Statements()

    def effects(self, change: Change, catalog: Catalog) -> Iterable[Effect]:
        """Return what a change of the schema does to those who use the database meanwhile; nothing if unknown.

        Args:
            change: The change, read from its statement.
            catalog: What is known of the schema before it.
        """
        return ()

    # Identity

    def identity(self, database: Database) -> str:
        """Return what a lock protects, as a string: the database, and the version table with its schema.

        Two URLs of one database give the same string. Locks are acquired in the order of these strings.
        """
        return f"{self._address(database)} {database.version_table}"

    def shared_key(self, database: Database) -> Hashable | None:
        """Return a key that duplicates (two names of one database) share, or None if a database has no duplicate.

        Duplicates can't be in one run: the second's transaction would wait forever for the first's.
        """
        url = database.address
        # the query may select another schema or host; without a name, a `creator` may select the database
        return (self.identity(database), repr(url.query)) if url.database else None

    @staticmethod
    def _address(database: Database) -> str:
        """Return a database's URL without user, password, driver and options."""
        from sqlalchemy import URL

        url = database.address
        return URL.create(
            url.get_backend_name(), host=url.host, port=url.port, database=url.database
        ).render_as_string()

    def files(self, database: Database) -> list[Path]:
        """Return the files of which a database consists, which nothing else may overwrite; none on a server."""
        return []

    # Schemas that are databases of their own

    def schema_url(self, url: URL, schema: str) -> URL | None:
        """Return the URL by which messages and locks know a schema; None if this kind of database has no schemas.

        Args:
            url: The URL of the database that has the schema.
            schema: The schema.
        """
        return None

    def enter_schema(self, dialect: SQLAlchemyDialect, schema: str) -> Sequence[str]:
        """Return the statements with which a session begins, so that all names without a schema are in this one.

        Args:
            dialect: SQLAlchemy's dialect, which quotes names.
            schema: The schema.
        """
        return []

    def tables_of_schemas(self, connection: Connection, names: Sequence[str]) -> dict[str, set[str]]:
        """Return which of some tables each schema of a server has.

        Args:
            connection: A connection to the server.
            names: The names of the tables.
        """
        from sqlalchemy import inspect

        inspector, wanted = inspect(connection), set(names)
        return {name: wanted & set(inspector.get_table_names(schema=name)) for name in inspector.get_schema_names()}

    def table_names(self, connection: Connection, schema: str | None) -> list[str]:
        """Return the names of the tables in a schema.

        Args:
            connection: A connection to the database.
            schema: The schema; None is the default one.
        """
        from sqlalchemy import inspect

        return inspect(connection).get_table_names(schema=schema)

    # One run at a time

    def lock(self, database: Database, limits: Limits) -> Lock | None:
        """Return the lock that lets only one run at a time write to a database, or None if there is none.

        Args:
            database: The database.
            limits: How long to wait for a server that is starting, in seconds (`connect_wait`).
        """
        return None

    def misplaced(self, database: Database) -> str:
        """Return what is wrong with where a database is said to be, and no database can be; else an empty string.

        Args:
            database: A database that can't be reached.
        """
        return ""

    def absence(self, database: Database, error: BaseException) -> str:
        """Return what to do if a server, or a folder, is there and the database in it isn't; else an empty string.

        Args:
            database: A database that can't be reached.
            error: The driver's exception, or SQLAlchemy's about it.
        """
        return ""

    def is_full(self, error: BaseException) -> bool:
        """Return whether a server refuses a connection since it has too many.

        Args:
            error: The driver's exception, or SQLAlchemy's about it.
        """
        return False

    # A run's transactions

    def rolls_back_ddl(self, database: Database) -> bool:
        """Return whether a rollback undoes schema changes; if it doesn't, a run keeps a journal.

        The application's option `transactional_ddl` overrides Alembic's default for the dialect.
        """
        from alembic.ddl.impl import DefaultImpl

        said = database.options.get("transactional_ddl")
        known = DefaultImpl.get_by_dialect(database.sync_engine.dialect).transactional_ddl
        return bool(known if said is None else said)

    @contextmanager
    def guard(self, connection: Connection) -> Iterator[Callable[[], None]]:
        """Make the transactions of a run safe while the context lasts.

        Args:
            connection: The run's connection, not in a transaction.

        Yields:
            A check that raises DbError if the run's changes must not be committed.
        """
        yield lambda: None

    def check_before_commit(self, connection: Connection) -> None:
        """Check what the database would only check at the commit, when other databases are committed already.

        Args:
            connection: The run's connection, in its transaction.

        Raises:
            DBAPIError: The commit would fail.
        """

    def mark(self, connection: Connection) -> Hashable | None:
        """Mark the transaction of a run, so that `outcome` can tell what became of it.

        Args:
            connection: A connection in a transaction.

        Returns:
            The mark; None if a mark would tell nothing.
        """
        return None

    def outcome(self, connection: Connection, mark: Hashable) -> str:
        """Return what became of a transaction that was marked, if it was ended without SQLAlchemy's knowledge.

        Args:
            connection: The connection; to a server, it may be another one.
            mark: What `mark` returned.

        Returns:
            "committed" or "rolled back"; an empty string if it goes on, or nothing is known.
        """
        return ""

    def unmark(self, connection: Connection) -> None:
        """Remove what `mark` left on a connection that isn't in a transaction any more."""

    def is_out_of_transaction(self, connection: Connection) -> bool:
        """Return whether the driver ended the transaction and SQLAlchemy doesn't know it."""
        return False

    def keeps_rows(self, connection: Connection) -> bool:
        """Return whether the last rollback left rows in place, as in non-transactional tables."""
        return False

    def sends_several(self, connection: Connection) -> bool:
        """Return whether the driver sends several statements at once, so that only the first ones may be done."""
        return True

    @contextmanager
    def locked_table(self, connection: Connection, name: str) -> Iterator[bool]:
        """Keep other sessions from a table while the context lasts, if a transaction doesn't do that.

        Args:
            connection: A connection that isn't in a transaction.
            name: The table, quoted and with its schema.

        Returns:
            Whether no other session uses it; none is waited for longer than a second.
        """
        yield True

    def unlock_tables(self, connection: Connection) -> None:
        """Release the tables that a revision locked with a statement (`Statements.table_locks`)."""

    def canceller(self, database: Database, connection: Connection) -> Canceller | None:
        """Return a function that ends the statement which a connection executes, or None if none can be ended.

        Args:
            database: The database.
            connection: The run's connection.
        """
        return None

    def blockers(self, connection: Connection, session: int) -> list[str]:
        """Return the sessions for which another one waits, each in words.

        Args:
            connection: A connection that isn't the run's.
            session: The server's number of the session, the `number` of what `canceller` returned.
        """
        return []

    def leftovers(self, database: Database, connection: Connection) -> list[str]:
        """Return the leftovers of earlier runs that no later run removes, each with what to do about it.

        Args:
            database: The database.
            connection: The run's connection, before its first statement.
        """
        return []

    def leftovers_of_schemas(self, database: Database, connection: Connection) -> dict[str, list[str]]:
        """Return the leftovers of earlier runs in all schemas of a server, which it is asked once, by schema.

        Args:
            database: A schema of the server.
            connection: A connection to it.

        Returns:
            Those of each schema that has any, and under an empty string those that are in none.
        """
        return {"": self.leftovers(database, connection)}

    # Diagnosis

    def server(self, connection: Connection) -> str:
        """Return the server's name and version, as for people.

        Args:
            connection: A connection to it.
        """
        version = connection.dialect.server_version_info or ()
        return f"{connection.dialect.name} {'.'.join(map(str, version))}".strip()

    def missing_rights(self, connection: Connection, database: Database) -> Iterable[MissingRight]:
        """Yield the rights that a run needs and the user doesn't have. Nothing is changed.

        Args:
            connection: A connection of the user's. Transactions that are begun are rolled back.
            database: The database.
        """
        return ()

    def unwritable(self, database: Database) -> Iterable[MissingRight]:
        """Yield what can't be written of the files of which a database consists. No connection is made.

        Args:
            database: The database, whose files need not be there yet.
        """
        return ()

    def session(self, connection: Connection) -> tuple[int, float] | None:
        """Return the server's number of a connection's session, and its age in seconds; None if it doesn't tell.

        A session that isn't the connection's own shows that a pooler is in between.

        Args:
            connection: The connection, in a transaction.
        """
        return None

    # Time-outs

    def timeouts(self, dialect: SQLAlchemyDialect, limits: Limits) -> list[str]:
        """Return the statements that set the time-outs of a session.

        Args:
            dialect: SQLAlchemy's dialect, which knows the server.
            limits: `db_lock_timeout` and `statement_timeout`, in seconds, neither longer than a server accepts; None
                leaves one unchanged.
        """
        return []

    def timed_out(self, error: BaseException | None) -> bool:
        """Return whether a driver's exception is a time-out.

        Example:
            >>> Dialect().timed_out(ValueError())
            False
        """
        return error is not None and bool(_codes_of(error) & self.timed_out_codes)

    def changed_meanwhile(self, error: BaseException | None) -> bool:
        """Return whether a driver's exception says that another session changed a table while it was read.

        In a new transaction, the same reading succeeds.

        Example:
            >>> Dialect().changed_meanwhile(ValueError())
            False
        """
        return error is not None and bool(_codes_of(error) & self.changed_codes)

    # The version table

    def length_of_revisions(self, connection: Connection, table: str, schema: str | None) -> int | None:
        """Return how many characters a revision id may have in a version table.

        Args:
            connection: A connection to the database.
            table: The version table, which may not exist yet.
            schema: Its schema; None is the default one.

        Returns:
            The number of characters; None if there is no limit.
        """
        from sqlalchemy import inspect

        inspector = inspect(connection)
        if not inspector.has_table(table, schema=schema):
            return VERSION_LENGTH
        return getattr(inspector.get_columns(table, schema=schema)[0]["type"], "length", None)

    # Errors

    def details(self, error: BaseException) -> list[str]:
        """Return what the server said of an error besides its message, such as a hint.

        Args:
            error: The driver's exception.
        """
        return []

    def already_there(self, error: BaseException) -> bool:
        """Return whether a driver's exception says that a table, or something else to be made, exists already.

        Example:
            >>> Dialect().already_there(ValueError())
            False
        """
        return False

    def unfinished(self, connection: Connection, statement: str) -> str:
        """Return what a statement of a revision left incomplete, with what to do; or an empty string.

        Asked after each statement that succeeded, and after the one that failed.

        Args:
            connection: The run's connection, after the statement.
            statement: The statement.
        """
        return ""

    # Scratch databases

    def scratch_url(self, url: URL, folder: Path, name: str) -> URL | None:
        """Return the URL of a scratch database, or None if none can be made.

        Args:
            url: The URL of the original database.
            folder: The folder in which a file may be made.
            name: A name that no database has.
        """
        return None

    def maintenance_databases(self, url: URL) -> list[str | None]:
        """Return the databases from which others can be made, to be tried in order; empty if none is needed.

        Args:
            url: The URL of a database of the server. None in the list means to connect without a database.
        """
        return []

    def create_database(self, connection: Connection, url: URL, like: URL) -> None:
        """Make a scratch database.

        Args:
            connection: A connection to a maintenance database, in autocommit.
            url: The URL of the new database, as returned by `scratch_url`.
            like: The URL of the original database, whose character set it gets.
        """

    def drop_database(self, connection: Connection, url: URL) -> None:
        """Drop a scratch database.

        Args:
            connection: A connection to a maintenance database, in autocommit.
            url: The URL of the scratch database.
        """

    def is_reached(self, connection: Connection, url: URL) -> str:
        """Return the name of the database that a connection reached, as `url.database` writes it.

        Args:
            connection: A connection that was meant to reach `url`.
            url: The URL.
        """
        return str(url.database)

    # What revisions do to other programs

    def observer(self, connection: Connection, leave_out: Collection[str]) -> Observer | None:
        """Return what sees how the statements of a revision would make other programs wait; None if nothing can.

        Args:
            connection: A connection to a scratch database with rows, before the revision.
            leave_out: The tables that record what was run.
        """
        return None

    # Databases that are dropped for good

    def recognizes(self, file: Path) -> bool:
        """Return whether a file is a database of this kind, so that it may be removed.

        Args:
            file: A file that is there.
        """
        return False

    def refuse_used(self, connection: Connection, name: str) -> None:
        """Refuse to go on if other sessions use a database, where dropping it wouldn't be refused by itself.

        Args:
            connection: A connection to it.
            name: The name of the database.

        Raises:
            DbError: They do.
            DBAPIError: It is locked.
        """

    def remove_database(self, connection: Connection, name: str) -> None:
        """Drop a database for good, unless other sessions use it.

        Args:
            connection: A connection to the server, in autocommit; if `locks_within`, to another database of it.
            name: The name of the database.

        Raises:
            DbError: It is the server's own, or other sessions use it.
            DBAPIError: The server refuses.
        """
        raise DbError("databases of this kind can't be dropped from here; do it by hand")

    def remove_schema(self, connection: Connection, schema: str) -> None:
        """Drop a schema for good, with all that is in it, and nothing else.

        Args:
            connection: A connection to the database that has it, in a transaction if `locks_within`.
            schema: The schema.

        Raises:
            DbError: Something that isn't in it would go with it.
            DBAPIError: The server refuses.
        """
        raise DbError("schemas of databases of this kind can't be dropped from here; do it by hand")

    # Contents of a schema

    def schemas(self, inspector: Inspector) -> list[str | None]:
        """Return the schemas that a comparison of whole databases reads; None is the default one."""
        return [None]

    def objects(self, inspector: Inspector, schema: str | None) -> Iterable[tuple[str, str, str]]:
        """Yield the objects of a schema that only this kind of database has: kind, name and definition.

        Args:
            inspector: SQLAlchemy's.
            schema: The schema; None is the default one.
        """
        return ()


def _codes_of(error: BaseException) -> set[Any]:
    codes = {getattr(error, "sqlstate", None), getattr(error, "pgcode", None)}
    return codes | {argument for argument in error.args[:1] if isinstance(argument, int)}
