"""What must be known of a kind of database: the questions, with answers for one of which nothing is known."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ellar_db.databases.database import Database
from ellar_db.databases.limits import Limits
from ellar_db.dialects.statements import Statements
from ellar_db.hooktypes import Lock

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Inspector
    from sqlalchemy import Dialect as SQLAlchemyDialect


class Dialect:
    """A kind of database.

    An installed package brings another kind by the hook `ellar_db_dialects`, as an instance of a subclass that
    overrides the answers which are different. All connections are SQLAlchemy's synchronous ones, whatever the driver.

    Example:
        class Oracle(Dialect):
            names = ("oracle",)

            def lock(self, database, limits):
                return DbmsLock(database)
    """

    names: ClassVar[Sequence[str]] = ()
    """SQLAlchemy's names of the dialect, as `engine.dialect.name` has them."""

    embedded: ClassVar[bool] = False
    """Whether a database is a file or a piece of memory of this process, rather than on a server."""

    transactional: ClassVar[bool] = False
    """Whether runs are transactions even where the application's engine is set to AUTOCOMMIT."""

    transactional_ddl: ClassVar[bool | None] = None
    """Whether Alembic is told that schema changes can be rolled back; None leaves that to Alembic."""

    commits_at_ddl: ClassVar[bool] = False
    """Whether a schema change commits what precedes it, so that none can be in a two-phase transaction."""

    statements: ClassVar[Statements] = Statements()
    """How statements are told apart where schema changes can't be rolled back."""

    compare_type: ClassVar[Any] = True
    """Alembic's option of that name, where neither the application nor a plugin sets it."""

    comparators: ClassVar[Sequence[str]] = ()
    """Packages that extend autogenerate and are right on this kind of database alone."""

    timed_out_codes: ClassVar[frozenset[str | int]] = frozenset()
    """What the drivers have as an exception's code, where a time-out was the cause."""

    catalog: ClassVar[Sequence[str]] = ()
    """Queries for what SQLAlchemy's inspector doesn't read: each gives rows of kind, name, table and definition."""

    # Identity

    def identity(self, database: Database) -> str:
        """Return what a lock stands for: the database, and the version table with its schema.

        Two URLs of one database give one text. Locks are taken in the order of these texts.
        """
        return f"{self._address(database)} {database.version_table}"

    def shared_key(self, database: Database) -> Hashable | None:
        """Return what two names of one database have in common, or None where a database is its own.

        Two such names can't be in one run: the second's transaction would wait for the first's for ever.
        """
        url = database.sync_engine.url
        # what the query says may be another schema, or another host; without a name a `creator` may say which
        return (self.identity(database), repr(url.query)) if url.database else None

    @staticmethod
    def _address(database: Database) -> str:
        """Return a database's URL without user, password, driver and options."""
        from sqlalchemy import URL

        url = database.sync_engine.url
        return URL.create(
            url.get_backend_name(), host=url.host, port=url.port, database=url.database
        ).render_as_string()

    # One run at a time

    def lock(self, database: Database, limits: Limits) -> Lock | None:
        """Return the lock that lets one run at a time write to a database, or None where there is none.

        Args:
            database: The database.
            limits: How long to wait for a server that starts, in seconds (`connect_wait`).
        """
        return None

    # A run's transactions

    def rolls_back_ddl(self, database: Database) -> bool:
        """Return whether a rollback undoes schema changes; where it doesn't, a run keeps a journal.

        The option `transactional_ddl` of the application beats what Alembic knows of the kind.
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
            A check that raises DbError where what the run did must not be committed.
        """
        yield lambda: None

    def is_out_of_transaction(self, connection: Connection) -> bool:
        """Return whether the driver ended the transaction behind SQLAlchemy's back."""
        return False

    def keeps_rows(self, connection: Connection) -> bool:
        """Return whether the rollback that has just ended left rows, as in tables without transactions."""
        return False

    def sends_several(self, connection: Connection) -> bool:
        """Return whether the driver sends several statements at once, of which the first may be done."""
        return True

    def unlock_tables(self, connection: Connection) -> None:
        """Release the tables that a revision locked by a statement (`Statements.table_locks`)."""

    def leftovers(self, connection: Connection) -> list[str]:
        """Return what earlier runs left and no later one removes, each with what to do about it.

        Args:
            connection: The run's connection, before its first statement.
        """
        return []

    # Time-outs

    def timeouts(self, dialect: SQLAlchemyDialect, limits: Limits) -> list[str]:
        """Return the statements that set the time-outs of a session.

        Args:
            dialect: SQLAlchemy's dialect, which knows the server.
            limits: `db_lock_timeout` and `statement_timeout`, in seconds, none of them longer than a server takes;
                None leaves one as it is.
        """
        return []

    def timed_out(self, error: BaseException | None) -> bool:
        """Return whether a driver's exception is a time-out.

        Example:
            >>> Dialect().timed_out(ValueError())
            False
        """
        if error is None:
            return False
        codes = {getattr(error, "sqlstate", None), getattr(error, "pgcode", None)}
        codes |= {argument for argument in error.args[:1] if isinstance(argument, int)}
        return bool(codes & self.timed_out_codes)

    # Scratch databases

    def scratch_url(self, url: URL, folder: Path, name: str) -> URL | None:
        """Return the URL of a scratch database, or None where none can be made.

        Args:
            url: The URL of the database that it stands for.
            folder: Where a file may be made.
            name: A name that no database has.
        """
        return None

    def maintenance_databases(self, url: URL) -> list[str | None]:
        """Return the databases from which others can be made, to be tried in order; none where it needs none.

        Args:
            url: The URL of a database of the server. None in the answer stands for no database at all.
        """
        return []

    def create_database(self, connection: Connection, url: URL, like: URL) -> None:
        """Make a scratch database.

        Args:
            connection: A connection to a maintenance database, in autocommit.
            url: The URL of the new one, as `scratch_url` gave it.
            like: The URL of the database that it stands for, whose character set it gets.
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

    # What a schema has

    def schemas(self, inspector: Inspector) -> list[str | None]:
        """Return the schemas that a comparison of whole databases reads; None is the default one."""
        return [None]

    def objects(self, inspector: Inspector, schema: str | None) -> Iterable[tuple[str, str, str]]:
        """Yield what this kind alone has in a schema: kind, name and definition.

        Args:
            inspector: SQLAlchemy's.
            schema: The schema; None is the default one.
        """
        return ()

    def tables_of_extensions(self, connection: Connection) -> frozenset[tuple[str | None, str]]:
        """Return the tables that extensions of the server made: schema (None for the default one) and name."""
        return frozenset()
