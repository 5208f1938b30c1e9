"""The properties of a kind of database, with defaults for an unknown one."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from ellar_db.databases.database import VERSION_LENGTH, Database
from ellar_db.databases.limits import Limits
from ellar_db.hooktypes import Canceller, Lock

if TYPE_CHECKING:
    from sqlalchemy import URL, Column, Connection, Inspector, Table
    from sqlalchemy import Dialect as SQLAlchemyDialect
    from sqlalchemy import Sequence as DatabaseSequence
    from sqlalchemy.types import TypeEngine

    from ellar_db.dialects.enum_types import EnumType
    from ellar_db.dialects.statements import Statements


class OwnType(NamedTuple):
    """A type that is an object of its own.

    Args:
        schema: Its schema; None is the default one.
        name: Its name.
        used: The type as a column has it, without making it.
        create: The statement that makes it.
        drop: The statement that drops it.
    """

    schema: str | None
    name: str
    used: TypeEngine[Any]
    create: str
    drop: str


FORMER_NAME = "ellar_db_former_name"
"""Key in the `info` of a table or column that a comparison reads under a new name: the name that the database has."""


def name_in_database(item: Table | Column[Any]) -> str:
    """Return the name that a table or column of the database still has while the rename isn't done.

    Args:
        item: What SQLAlchemy read from the database.

    Example:
        >>> from sqlalchemy import Column
        >>> name_in_database(Column("full_name", info={FORMER_NAME: "name"}))
        'name'
    """
    return str(item.info.get(FORMER_NAME, item.name))


NAME_LENGTH = 63
"""Maximum length in characters of a name that is chosen for a constraint: PostgreSQL's, which is the shortest."""

LABELS = {"unique": "key", "foreign key": "fkey", "primary key": "pkey", "check": "check", "sequence": "seq"}
"""How names of constraints end, which PostgreSQL gives to those that have none."""


class Dialect:
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

    compare_type: ClassVar[Any] = True
    """Alembic's option of that name, if neither the application nor a plugin sets it."""

    has_temporary_tables: ClassVar[bool] = False
    """Whether `CREATE TEMPORARY TABLE` leaves nothing behind, so that the models can be restated in one."""

    temporary_schema: ClassVar[str | None] = None
    """The schema under which SQLAlchemy reads a temporary table; None is the default one."""

    reflects_checks_of_columns: ClassVar[bool] = True
    """Whether SQLAlchemy reads the CHECK constraints that are stated in a column, as those of the table."""

    conversions: ClassVar[Sequence[str]] = ()
    """Expressions to try for a change of a type that the server doesn't make by itself, of `{column}` and `{type}`."""

    comparators: ClassVar[Sequence[str]] = ()
    """Packages that extend autogenerate and give correct results only on this kind of database."""

    enforces_sizes: ClassVar[bool] = True
    """Whether a column takes no values that are longer, or larger, than its type says."""

    fills_not_null: ClassVar[bool] = False
    """Whether rows get a value of the server's in a NOT NULL column that is added without a default."""

    using: ClassVar[str] = ""
    """Option of `op.alter_column` for the expression that converts the values, where the server may need one."""

    concurrently: ClassVar[str] = ""
    """Option of `op.create_index` for an index that doesn't block writes, where one does by default."""

    enums: ClassVar[str] = ""
    """Package that makes, changes and drops types of enums, where they are objects of their own."""
    restates_columns: ClassVar[bool] = False
    """Whether Alembic restates a column's definition to rename it, so that what a revision doesn't name is lost."""
    uncompared: ClassVar[Sequence[str]] = ("views", "triggers", "functions", "privileges", "rows")
    """What autogenerate never compares, in words; `check` says it."""

    naming_convention: ClassVar[Mapping[str, str]] = {}
    """The convention with which a batch operation names constraints; empty if each has a name in the catalog."""

    checks_references: ClassVar[bool] = True
    """Whether a foreign key needs its table to be there when it is made, and keeps it from being dropped."""

    indexes_foreign_keys: ClassVar[bool] = False
    """Whether the server makes an index for a foreign key that has none, and keeps it when the key is dropped."""

    fixes_types_of_keys: ClassVar[bool] = False
    """Whether the type of a column can't be changed while a foreign key needs it."""

    alters_numbering: ClassVar[bool] = True
    """Whether `op.alter_column` lets the server number the rows in a column, or no longer."""

    alters_computed: ClassVar[bool] = False
    """Whether `op.alter_column` in a batch makes a computed column a plain one, if it drops its default."""

    computed_keep_types: ClassVar[bool] = False
    """Whether the type of a column can't be changed as long as another one is computed from it."""
    key_options: ClassVar[Mapping[str, str]] = {}
    """Options of a foreign key that Alembic doesn't compare, or not exactly, each with its default."""

    unique_options: ClassVar[Sequence[str]] = ()
    """Options of a UNIQUE constraint that Alembic doesn't compare (`options_of_uniques`)."""

    has_schemas: ClassVar[bool] = True
    """Whether a database may have tables in several schemas."""

    timed_out_codes: ClassVar[frozenset[str | int]] = frozenset()
    """The drivers' error codes for time-outs."""

    changed_codes: ClassVar[frozenset[str | int]] = frozenset()
    """The drivers' error codes for a table that another session changed, made or dropped while it was read."""

    catalog: ClassVar[Sequence[str]] = ()
    """Queries for what SQLAlchemy's inspector doesn't read: each returns rows of kind, name, table and definition."""

    @cached_property
    def statements(self) -> Statements:
        """How statements are told apart where schema changes can't be rolled back."""
        from ellar_db.dialects.statements import Statements

        return Statements()

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
        url = database.sync_engine.url
        # the query may select another schema or host; without a name, a `creator` may select the database
        return (self.identity(database), repr(url.query)) if url.database else None

    @staticmethod
    def _address(database: Database) -> str:
        """Return a database's URL without user, password, driver and options."""
        from sqlalchemy import URL

        url = database.sync_engine.url
        return URL.create(
            url.get_backend_name(), host=url.host, port=url.port, database=url.database
        ).render_as_string()

    def files(self, database: Database) -> list[Path]:
        """Return the files of which a database consists, which nothing else may overwrite; none on a server."""
        return []

    # One run at a time

    def lock(self, database: Database, limits: Limits) -> Lock | None:
        """Return the lock that lets only one run at a time write to a database, or None if there is none.

        Args:
            database: The database.
            limits: How long to wait for a server that is starting, in seconds (`connect_wait`).
        """
        return None

    def absence(self, database: Database, error: BaseException) -> str:
        """Return what to do if a server, or a folder, is there and the database in it isn't; else an empty string.

        Args:
            database: A database that can't be reached.
            error: The driver's exception, or SQLAlchemy's about it.
        """
        return ""

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

    def leftovers(self, database: Database, connection: Connection) -> list[str]:
        """Return the leftovers of earlier runs that no later run removes, each with what to do about it.

        Args:
            database: The database.
            connection: The run's connection, before its first statement.
        """
        return []

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

    # Rows

    def estimated_rows(self, connection: Connection, table: str, schema: str | None) -> int | None:
        """Return about how many rows a table has, without reading it; None if the server doesn't know.

        Args:
            connection: A connection to the database.
            table: The table.
            schema: Its schema; None is the default one.
        """
        return None

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

    # Renames

    def rename_index(self, table: str, schema: str, old: str, new: str) -> str:
        """Return the statement that renames an index, or an empty string if there is none.

        Args:
            table: The table, quoted and with its schema.
            schema: The schema, quoted, with a dot after it; an empty string for the default one.
            old: The index's name, quoted.
            new: Its new name, quoted.
        """
        return ""

    def rename_constraint(self, table: str, kind: str, old: str, new: str) -> str:
        """Return the statement that renames a constraint, or an empty string if there is none.

        Args:
            table: The table, quoted and with its schema.
            kind: "primary", "unique", "foreignkey" or "check", as in `op.drop_constraint`.
            old: The constraint's name, quoted.
            new: Its new name, quoted.
        """
        return ""

    def rename_sequence(self, schema: str, old: str, new: str) -> str:
        """Return the statement that renames a sequence, or an empty string if there is none.

        Args:
            schema: The schema, quoted, with a dot after it; an empty string for the default one.
            old: The sequence's name, quoted.
            new: Its new name, quoted.
        """
        return ""

    # Schemas

    def create_schema(self, name: str) -> str:
        """Return the statement that makes a schema unless it is there, or an empty string if there are none.

        Args:
            name: Its name, quoted where it must be.
        """
        return ""

    def drop_schema(self, name: str, text: str) -> Sequence[str]:
        """Return the statements that drop a schema if there is nothing in it.

        Args:
            name: Its name, quoted where it must be.
            text: Its name as a literal.
        """
        return []

    # Primary keys

    def replace_primary_key(self, table: str, columns: Sequence[str]) -> str:
        """Return the statement that replaces a table's primary key by another, or an empty string if that takes two.

        Args:
            table: The table, quoted and with its schema.
            columns: The columns of the new key, quoted.
        """
        return ""

    # Computed columns

    def plain_column(self, table: str, column: str, definition: str, *, stored: bool) -> str:
        """Return the statement that makes a computed column a plain one with these values, or an empty string.

        Args:
            table: The table, quoted and with its schema.
            column: The column, quoted.
            definition: The plain column's definition, as in CREATE TABLE.
            stored: Whether the values are stored.
        """
        return ""

    # Numbers of rows

    def numbering(self, column: Column[Any]) -> Hashable | None:
        """Return how the server numbers the rows in a column, or None if it doesn't, or that can't be changed.

        Args:
            column: A column of the models, or one that SQLAlchemy read.
        """
        return None

    def renumbered(
        self,
        connection: Connection,
        column: Column[Any],
        schema: str | None,
        table: str,
        name: str,
        change: tuple[Any, Any],
        quote: Callable[[str], str],
    ) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        """Return the statements that change how rows are numbered, unless `alters_numbering`.

        Args:
            connection: The database.
            column: The column as the database has it.
            schema: The schema of its table; None is the default one.
            table: The table's name after the change.
            name: The column's name after the change.
            change: How the rows are numbered before and after it (`numbering`).
            quote: Quotes a name.

        Returns:
            What precedes other changes of the column, and what follows them: statements, each with the one that undoes
            it; an empty one does nothing.
        """
        return [], []

    # Sequences

    def sequences(self, connection: Connection, schema: str | None) -> Mapping[str, DatabaseSequence]:
        """Return the sequences of a schema that belong to no column, by their names.

        Args:
            connection: A connection to the database.
            schema: The schema; None is the default one.
        """
        return {}

    def sequence_change(
        self, place: str, found: DatabaseSequence, declared: DatabaseSequence
    ) -> tuple[str, str] | None:
        """Return the statement that changes the options of a sequence, and the one that undoes it; None if none differ.

        Args:
            place: The sequence, quoted and with its schema.
            found: The database's sequence.
            declared: The models' sequence.
        """
        return None

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

    def given_options(self, table: Table) -> dict[str, str]:
        """Return the options that the models give a table, those that `table_options` reads.

        Args:
            table: The models' table.

        Example:
            >>> from sqlalchemy import MetaData, Table
            >>> from ellar_db.dialects.mysql import MySQL
            >>> MySQL().given_options(Table("t", MetaData(), mysql_engine="Aria"))
            {'engine': 'Aria'}
        """
        return {}

    def table_options(self, connection: Connection, table: str, schema: str | None) -> dict[str, str]:
        """Return the options of a table, as the database states them.

        Args:
            connection: A connection to the database.
            table: The table.
            schema: Its schema; None is the default one.
        """
        return {}

    def change_options(self, names: Iterable[str], options: Mapping[str, str]) -> str:
        """Return what follows `ALTER TABLE table` to change options; empty if the database can't.

        Args:
            names: Those that change.
            options: All options of the table, as they will be.
        """
        return ""

    def index_texts(
        self, connection: Connection, schema: str | None, table: str | None = None
    ) -> Mapping[str, dict[str, str]] | None:
        """Return how the database states the indexes of a schema, without the names of table and schema.

        Args:
            connection: A connection to the database.
            schema: The schema; None is the default one.
            table: The only table to read, if not all.

        Returns:
            The statements by name, by table; None if what SQLAlchemy reads of indexes is all that there is.
        """
        return None

    def index_parts(self, text: str) -> dict[str, Any] | None:
        """Return the columns and options of an index, as `op.create_index` takes them.

        Args:
            text: How the database states it (`index_texts`).

        Returns:
            The arguments; None if SQLAlchemy reads all of them.
        """
        return None

    def foreign_key_options(
        self, connection: Connection, schema: str | None
    ) -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
        """Return what SQLAlchemy doesn't read of the options of foreign keys, by table and name.

        Args:
            connection: A connection to the database.
            schema: The schema; None is the default one.
        """
        return {}

    def exclusions(
        self, connection: Connection, schema: str | None, table: str | None = None
    ) -> Mapping[str, Mapping[str, str]]:
        """Return the EXCLUDE constraints of a schema: what follows ADD CONSTRAINT and the name, by table and name.

        Args:
            connection: A connection to the database.
            schema: The schema; None is the default one.
            table: The only table to read, which may be a temporary one.
        """
        return {}

    def hidden_defaults(
        self, connection: Connection, schema: str | None, table: str | None = None
    ) -> Mapping[str, Mapping[str, str]]:
        """Return the server defaults of a schema that SQLAlchemy doesn't read, as SQL, by table and column.

        Args:
            connection: A connection to the database.
            schema: The schema; None is the default one.
            table: The only table to read, which may be a temporary one.
        """
        return {}

    def checks_of_columns(self, connection: Connection, schema: str | None) -> Mapping[str, Sequence[str]] | None:
        """Return the conditions of the CHECK constraints in columns, where SQLAlchemy reads only those of tables.

        Args:
            connection: A connection to the database.
            schema: The schema; None is the default one.

        Returns:
            The conditions by table, as the database restates them; None if it can't say.
        """
        return None

    def options_of_uniques(
        self, connection: Connection, table: str, schema: str | None
    ) -> Mapping[tuple[str, ...], Mapping[str, Any]]:
        """Return the options of UNIQUE constraints, as SQLAlchemy's `UniqueConstraint` takes them, by their columns.

        Args:
            connection: A connection to the database.
            table: The table.
            schema: Its schema; None is the default one.
        """
        return {}

    def written_default(self, text: str) -> str:
        """Return a server default as it is written in a revision.

        Args:
            text: What Alembic would write.
        """
        return text

    def conditions(self, text: str) -> Iterable[str]:
        """Yield conditions that the database may restate as it does a CHECK constraint; the most likely first.

        Args:
            text: What it restates.
        """
        yield text

    # Types of enums

    def enum_type(self, connection: Connection, schema: str | None, name: str) -> EnumType | None:
        """Return a type of an enum with what uses it; None if labels are changed in some other way.

        Args:
            connection: A connection to the database.
            schema: The type's schema; None is the default one.
            name: Its name.
        """
        return None

    def make_types(self, connection: Connection, types: Iterable[TypeEngine[Any]]) -> None:
        """Make the types that columns of a temporary table need, for as long as the transaction lasts.

        Args:
            connection: A connection in a transaction, which is rolled back afterwards.
            types: The types of the columns.
        """

    def own_type(self, type_: TypeEngine[Any]) -> OwnType | None:
        """Return a type that the first table which has it would make, and that isn't dropped with the last one.

        Args:
            type_: The type of a column.

        Returns:
            The type; None if it is none of these.
        """
        return None

    def has_type(self, connection: Connection, own: OwnType) -> bool:
        """Return whether the database has a type.

        Args:
            connection: A connection to the database.
            own: The type, as `own_type` returned it.
        """
        return True

    # Names

    def constraint_name(self, kind: str, table: str, columns: Sequence[str], referred: str = "") -> str:
        """Return the name of a constraint that has none in the models, as the server would choose it.

        Args:
            kind: "unique", "foreign key", "primary key", "check", or "sequence" for that of a serial column.
            table: The table's name.
            columns: The columns' names; none for a primary key, or a CHECK of several columns.
            referred: For a foreign key, the table to which it refers.

        Example:
            >>> Dialect().constraint_name("unique", "users", ["name", "team"])
            'users_name_team_key'
            >>> Dialect().constraint_name("primary key", "users", [])
            'users_pkey'
        """
        label = f"_{LABELS[kind]}"
        first, second = table, "".join(["_", "_".join(columns)] if columns else [])
        while len(first) + len(second) + len(label) > NAME_LENGTH:
            first, second = (first[:-1], second) if len(first) >= len(second) else (first, second[:-1])
        return f"{first}{second}{label}"

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

    def tables_of_extensions(self, connection: Connection) -> frozenset[tuple[str | None, str]]:
        """Return the tables that extensions of the server made: schema (None for the default one) and name."""
        return frozenset()

    def partitions(self, connection: Connection) -> frozenset[tuple[str | None, str]]:
        """Return the tables that are partitions of others: schema (None for the default one) and name."""
        return frozenset()

    def virtual_tables(self, connection: Connection) -> frozenset[tuple[str | None, str]]:
        """Return the tables that autogenerate can't read or change: schema (None for the default one) and name."""
        return frozenset()


def _codes_of(error: BaseException) -> set[Any]:
    codes = {getattr(error, "sqlstate", None), getattr(error, "pgcode", None)}
    return codes | {argument for argument in error.args[:1] if isinstance(argument, int)}
