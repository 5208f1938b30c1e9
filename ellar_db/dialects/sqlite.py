"""SQLite."""

from __future__ import annotations

import errno
import logging
import os
import re
import warnings
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ellar_db.databases.database import Database
from ellar_db.databases.limits import Limits
from ellar_db.dialects.base import Dialect
from ellar_db.dialects.comparing import IndexParts, name_in_database
from ellar_db.dialects.foreign_keys import BEGIN, LOCKED, ForeignKeys, execute, in_transaction, reasons
from ellar_db.hooktypes import Canceller, Lock, MissingRight
from ellar_db.util.drivers.aiosqlite import interruption
from ellar_db.util.errors import DbError
from ellar_db.util.file_lock import ENDS, FileLock
from ellar_db.util.sqlalchemy import forget_sqlite_tables, know_sqlite_tables, listeners, read_odd_uniques

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy import URL, Column, Connection, Table
    from sqlalchemy import Dialect as SQLAlchemyDialect
    from sqlalchemy.types import TypeEngine

    from ellar_db.dialects.measuring.sqlite import SQLiteObserver
    from ellar_db.dialects.sqlite_copy.catalog import Catalog

told = logging.getLogger("ellar_db")

MAGIC = b"SQLite format 3\0"
"""The first bytes of each SQLite database that isn't encrypted or empty."""


BESIDE = ("-journal", "-wal", "-shm", *ENDS)
"""What the names of the files beside a database have in addition: those of SQLite, and those of its lock."""


def type_changed(
    context: MigrationContext,
    inspected: Column[Any],
    declared: Column[Any],
    inspected_type: TypeEngine[Any],
    declared_type: TypeEngine[Any],
) -> bool:
    """Return whether a column's type differs from the one in the models (Alembic's `compare_type`).

    SQLAlchemy reads types that it doesn't know on SQLite, such as BINARY(16), as numbers. SQLite itself keeps each type
    as it was written. A collation is compared where the models name one, since SQLAlchemy reads none.

    Args:
        context: The context of the comparison.
        inspected: The database's column.
        declared: The models' column.
        inspected_type: The type of `inspected`.
        declared_type: The type of `declared`.
    """
    wanted = getattr(declared_type, "collation", None)
    if wanted is not None:
        # only a comparison needs it
        from ellar_db.dialects.sqlite_copy.text import folded

        collation = _collation(context, inspected)
        if folded(collation) != folded(wanted):
            # the downgrade needs its name
            inspected_type.collation = collation  # type: ignore[attr-defined]
            return True
    text = _written(context, declared_type)
    alike = text is not None and text == _written(context, inspected_type)
    if alike or not context.impl.compare_type(inspected, declared):
        return False
    assert context.connection is not None
    quote = context.dialect.identifier_preparer.quote
    schema = f"{quote(inspected.table.schema)}." if inspected.table.schema else ""
    rows = context.connection.exec_driver_sql(
        f"PRAGMA {schema}table_xinfo({quote(name_in_database(inspected.table))})"
    ).mappings()
    written = {row["name"]: row for row in rows}
    former = name_in_database(inspected)
    found, name = written[former], declared_type.compile(dialect=context.dialect).partition(" COLLATE ")[0]
    is_key = [row["name"] for row in written.values() if row["pk"]] == [former]
    if is_key and found["type"].upper() == "INTEGER" and "INT" in name.upper():
        # under another name than INTEGER the primary key wouldn't be the rowid
        told.warning(
            "%s.%s stays INTEGER, which has 64 bits on SQLite: as %s it would no longer number the rows; "
            'the models say so with %s().with_variant(Integer, "sqlite")',
            declared.table.fullname,
            declared.name,
            name,
            type(declared_type).__name__,
        )
        return False
    return bool(found["type"] != name)


def _written(context: MigrationContext, type_: TypeEngine[Any]) -> str | None:
    """Return a type as SQL, or None if SQLAlchemy doesn't know it."""
    from sqlalchemy.exc import CompileError

    try:
        return type_.compile(dialect=context.dialect)
    except CompileError:
        return None


def _collation(context: MigrationContext, inspected: Column[Any]) -> str:
    """Return the collation of a column of the database."""
    from ellar_db.dialects.sqlite_copy.text import DEFAULT_COLLATION, TableText, folded, quoted

    assert context.connection is not None
    table = inspected.table
    schema = f"{quoted(table.schema)}." if table.schema else ""
    written = context.connection.exec_driver_sql(
        f"SELECT sql FROM {schema}sqlite_master WHERE type = 'table' AND name = ? COLLATE NOCASE",
        (name_in_database(table),),
    ).scalar()
    column = TableText.read(written).columns.get(folded(name_in_database(inspected))) if written else None
    clause = column.first("COLLATE") if column is not None else None
    return clause.tokens[1].identifier if clause is not None else DEFAULT_COLLATION


MARK = "ellar_db_mark"
"""The temporary table that marks a transaction."""


class SQLite(Dialect):
    """SQLite, whose runs are made all or nothing."""

    names = ("sqlite",)
    embedded = True
    transactional = True
    transactional_ddl = True
    has_temporary_tables = True
    temporary_schema = "temp"
    enforces_sizes = False
    # a function of the class would become a method
    has_schemas = False
    checks_references = False
    alters_computed = True
    naming_convention: ClassVar[Mapping[str, str]] = {
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
    compare_type = staticmethod(type_changed)
    uncompared = ("views", "triggers", "rows")
    unique_options = ("sqlite_on_conflict",)
    catalog = ("SELECT 'trigger', name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'",)

    def identity(self, database: Database) -> str:
        """Return the resolved path as a URL: the whole file is locked, whatever the version table.

        Example:
            >>> from sqlalchemy import create_engine
            >>> SQLite().identity(Database("default", create_engine("sqlite:////srv/shop/app.db")))
            'sqlite:////srv/shop/app.db'
        """
        if not _is_plain_file(database.address):
            return self._address(database)
        # unlike Path.resolve, this never fails, not even for a link to itself
        return f"sqlite:///{Path(os.path.realpath(str(database.address.database))).as_posix()}"

    def shared_key(self, database: Database) -> Hashable | None:
        """Return the file; None for a database in memory or with a `file:` URI."""
        return self.identity(database) if _is_plain_file(database.address) else None

    def files(self, database: Database) -> list[Path]:
        """Return the database's file, those in which SQLite keeps its changes, and those of its lock."""
        file = sqlite_file(database)
        # if the path is a link, the others are beside the file that it leads to
        named = [] if file is None else [file, Path(os.path.realpath(file))]
        return [each.with_name(each.name + end) for each in named for end in ("", *BESIDE)]

    def changed_meanwhile(self, error: BaseException | None) -> bool:
        """Return whether the table isn't there any more; SQLite has no error code for it."""
        return str(error).startswith("no such table")

    def read_at_once(self, connection: Connection) -> Callable[[], None]:
        """Read columns, indexes, foreign keys and statements of all tables by five queries."""
        read_odd_uniques(connection.dialect, _uniques)
        return know_sqlite_tables(connection)

    def given_options(self, table: Table) -> dict[str, str]:
        """Return WITHOUT ROWID, STRICT and AUTOINCREMENT."""
        options = table.dialect_options["sqlite"]
        named = {
            "WITHOUT ROWID": not options["with_rowid"],
            "STRICT": options["strict"],
            "AUTOINCREMENT": options["autoincrement"],
        }
        return {name: name for name, is_given in named.items() if is_given}

    def table_options(self, connection: Connection, table: str, schema: str | None) -> dict[str, str]:
        """Return what the statement says that made the table."""
        # only a comparison needs it
        from ellar_db.dialects.sqlite_copy.text import TableText, counts

        catalog = f"{connection.dialect.identifier_preparer.quote(schema or 'main')}.sqlite_master"
        asked = f"SELECT sql FROM {catalog} WHERE type = 'table' AND name = ?"
        made = TableText.read(connection.exec_driver_sql(asked, (table,)).scalar_one())
        return {name: name for name in (*made.options, *(["AUTOINCREMENT"] if counts(made) else []))}

    def written_default(self, text: str) -> str:
        """Return it in one pair of parentheses, or none; Alembic knows no literals and expressions of several lines."""
        from ellar_db.dialects.sqlite_copy.text import as_default

        try:
            return as_default(text)
        except ValueError:
            # the database refuses it
            return text

    def index_texts(
        self, connection: Connection, schema: str | None, table: str | None = None
    ) -> dict[str, dict[str, str]]:
        """Return what follows `ON table`, in one way of quoting, and whether the index is unique."""
        catalog = f"{connection.dialect.identifier_preparer.quote(schema or 'main')}.sqlite_master"
        asked = f"SELECT tbl_name, name, sql FROM {catalog} WHERE type = 'index' AND sql <> ''"
        found: dict[str, dict[str, str]] = {}
        for owner, name, sql in connection.exec_driver_sql(asked):
            if table in (None, owner):
                found.setdefault(owner, {})[name] = _index_text(sql)
        return found

    def index_parts(self, text: str) -> IndexParts:
        """Return the columns and the condition as they are written: SQLAlchemy reads neither expressions nor order."""
        from sqlalchemy import text as sql

        unique, listed = text.startswith("UNIQUE "), text.removeprefix("UNIQUE ")
        end = _end(listed)
        where = listed[end + 1 :].strip().removeprefix("WHERE ").strip()
        options = {"where": sql(where)} if where else {}
        return {"columns": [sql(listed[1:end])], "unique": unique, "options": options}

    def options_of_uniques(
        self, connection: Connection, table: str, schema: str | None
    ) -> Mapping[tuple[str, ...], Mapping[str, Any]]:
        """Return what the table's definition says after ON CONFLICT."""
        from ellar_db.dialects.sqlite_copy.text import TableText

        catalog = f"{connection.dialect.identifier_preparer.quote(schema or 'main')}.sqlite_master"
        sql = connection.exec_driver_sql(
            f"SELECT sql FROM {catalog} WHERE type = 'table' AND name = ?", (table,)
        ).scalar()
        actions = {
            columns: clause.words.partition(" ON CONFLICT ")[2].split()
            for clause, columns in TableText.read(str(sql)).uniques
        }
        return {columns: {"sqlite_on_conflict": action[0]} for columns, action in actions.items() if action}

    def misplaced(self, database: Database) -> str:
        """Return what is wrong with a path that is a folder, or a link to itself."""
        file = sqlite_file(database)
        circle = None if file is None else _circle(file)
        if circle is not None:
            return f"{circle} is a link that leads back to itself; remove it, or correct the URL"
        return f"{file} is a folder; correct the URL" if file is not None and file.is_dir() else ""

    def absence(self, database: Database, error: BaseException) -> str:
        """Return what to do if the folder isn't there; SQLite itself creates a missing file."""
        file = sqlite_file(database)
        if file is None or self.misplaced(database):
            return ""
        # of a link, it is the file behind it that SQLite creates
        folder = (Path(os.path.realpath(file)) if file.is_symlink() else file).parent
        return "" if folder.is_dir() else f"the folder {folder} isn't there; make it, or correct the URL"

    def lock(self, database: Database, limits: Limits) -> Lock:
        """Return a lock file beside the database, or for a database in memory a lock that is always free."""
        file = sqlite_file(database)
        return NoLock() if file is None else FileLock(file)

    def recognizes(self, file: Path) -> bool:
        """Return whether it begins as SQLite's files do, or is empty, as a new one is."""
        return is_sqlite(file) or (file.is_file() and not file.stat().st_size)

    def refuse_used(self, connection: Connection, name: str) -> None:
        """Lock the file for a moment, which fails while somebody reads or writes it."""
        connection.exec_driver_sql("BEGIN EXCLUSIVE")
        connection.rollback()

    def rolls_back_ddl(self, database: Database) -> bool:
        """Return True: see `all_or_nothing`."""
        return True

    @contextmanager
    def guard(self, connection: Connection) -> Iterator[Callable[[], None]]:
        """Make the run all or nothing, and its batch operations complete (`all_or_nothing`, `complete_copies`)."""
        # only a run needs it, and only on SQLite
        from ellar_db.dialects.sqlite_copy.batches import complete_copies

        # the copies keep these indexes word for word; the run's own filters of warnings end with it
        warnings.filterwarnings("ignore", "Skipped unsupported reflection of expression-based index")
        # a batch operation drops and keeps what it has read, and must read what is there now
        read_odd_uniques(connection.dialect, _uniques)
        forget_sqlite_tables(connection)
        with all_or_nothing(connection) as check, complete_copies(connection, check):
            yield check

    def mark(self, connection: Connection) -> str:
        """Make a temporary table, which a rollback takes away."""
        connection.exec_driver_sql(f"CREATE TEMPORARY TABLE IF NOT EXISTS {MARK} (marked)")
        return MARK

    def outcome(self, connection: Connection, mark: Hashable) -> str:
        """Return whether the temporary table is there."""
        there = connection.exec_driver_sql(f"SELECT 1 FROM sqlite_temp_master WHERE name = '{MARK}'").first()
        if there is None:
            return "rolled back"
        return "" if in_transaction(connection) else "committed"

    def unmark(self, connection: Connection) -> None:
        """Drop the temporary table, unless the driver's transaction goes on, which takes it away or keeps it."""
        if in_transaction(connection):
            return
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS temp.{MARK}")

    def is_out_of_transaction(self, connection: Connection) -> bool:
        """Return whether the driver has left the transaction that SQLAlchemy is in, as after `executescript`."""
        return connection.in_transaction() and not in_transaction(connection)

    def canceller(self, database: Database, connection: Connection) -> Canceller | None:
        """Return a function that calls sqlite3's `interrupt`."""
        interrupt = interruption(connection.connection.driver_connection)

        def cancel(*, session: bool) -> None:
            if interrupt is not None:
                interrupt()

        return cancel

    def leftovers(self, database: Database, connection: Connection) -> list[str]:
        """Return the copies of tables left by batch operations that were killed outside of a transaction."""
        from ellar_db.dialects.sqlite_copy.batches import BATCH_COPY

        tables = connection.exec_driver_sql(
            f"SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE '{BATCH_COPY.replace('_', '!_')}%' "
            "ESCAPE '!' ORDER BY name"
        ).scalars()
        return [
            f"the table {table} is what a batch operation left that was killed; look whether "
            f"{table.removeprefix(BATCH_COPY)} is complete, and drop the copy"
            for table in tables
        ]

    def tables_of_extensions(self, connection: Connection) -> frozenset[tuple[str | None, str]]:
        """Return the virtual tables, and the tables in which their modules keep the contents."""
        return frozenset(
            (schema, table)
            for schema, catalog in _databases(connection)
            for table in (*catalog.virtual_tables(), *catalog.shadow_tables())
        )

    def virtual_tables(self, connection: Connection) -> frozenset[tuple[str | None, str]]:
        """Return the virtual tables, such as those of FTS5 and R*Tree; their modules may not even be loaded."""
        return frozenset(
            (schema, table) for schema, catalog in _databases(connection) for table in catalog.virtual_tables()
        )

    def server(self, connection: Connection) -> str:
        """Return the version of the library."""
        return f"SQLite {connection.exec_driver_sql('SELECT sqlite_version()').scalar()}"

    def unwritable(self, database: Database) -> Iterable[MissingRight]:
        """Yield what of the file and its folder can't be written."""
        from ellar_db.dialects.rights.sqlite import unwritable

        return unwritable(sqlite_file(database))

    def timeouts(self, dialect: SQLAlchemyDialect, limits: Limits) -> list[str]:
        """Return `PRAGMA busy_timeout`, in milliseconds."""
        if limits.db_lock_timeout is None:
            return []
        return [f"PRAGMA busy_timeout = {int(limits.db_lock_timeout * 1000)}"]

    def timed_out(self, error: BaseException | None) -> bool:
        """Return whether the database was locked for too long; that error has a message but no code."""
        return LOCKED in str(error)

    def details(self, error: BaseException) -> list[str]:
        """Return why SQLite may have been unable to write."""
        return reasons(error)

    def already_there(self, error: BaseException) -> bool:
        """Return whether the message says so; the error's code is the general one."""
        return "already exists" in str(error)

    def constraint_name(self, kind: str, table: str, columns: Sequence[str], referred: str = "") -> str:
        """Return the name that `naming_convention` gives; the catalog has none for a constraint that isn't named."""
        joined = "_".join(columns)
        if kind == "primary key":
            return f"pk_{table}"
        return f"fk_{table}_{joined}_{referred}" if kind == "foreign key" else f"uq_{table}_{joined}"

    def scratch_url(self, url: URL, folder: Path, name: str) -> URL:
        """Return the URL of a file in the folder."""
        # the options of a file: URI say how to open the original database
        query = {} if (url.database or "").startswith("file:") else dict(url.query)
        return url.set(database=str(folder / f"{name}.db"), query=query)

    def observer(self, connection: Connection, leave_out: Collection[str]) -> SQLiteObserver:
        """Return what looks at the statements of a revision."""
        from ellar_db.dialects.measuring.sqlite import SQLiteObserver

        return SQLiteObserver(connection, leave_out)

    def is_reached(self, connection: Connection, url: URL) -> str:
        """Return the file that the connection has open."""
        from sqlalchemy import text

        file = connection.execute(text("SELECT file FROM pragma_database_list WHERE name = 'main'")).scalar()
        wanted = str(url.database)
        # a path with symbolic links names the same database
        return wanted if file and os.path.realpath(str(file)) == os.path.realpath(wanted) else str(file)


class NoLock:
    """The lock of a database that no other process can see."""

    def acquire(self) -> bool:
        """Return True."""
        return True

    def release(self) -> None:
        """Do nothing."""

    def holder(self) -> str:
        """Return an empty string."""
        return ""

    def held_by(self, connection: Connection) -> str:
        """Return an empty string."""
        return ""


def _uniques(sql: str) -> list[tuple[str | None, tuple[str, ...]]]:
    """Return the name and the columns of each UNIQUE constraint of a CREATE TABLE."""
    from ellar_db.dialects.sqlite_copy.text import TableText

    return [(clause.name, columns) for clause, columns in TableText.read(sql).uniques]


def _index_text(sql: str) -> str:
    """Return a CREATE INDEX without its names and what is only a matter of writing.

    Example:
        >>> _index_text('CREATE UNIQUE INDEX "ix" ON "t"  ("a" DESC) WHERE a > 1')
        'UNIQUE (a DESC) WHERE a > 1'
    """
    unique = "UNIQUE " if re.match(r"\s*CREATE\s+UNIQUE\b", sql, re.IGNORECASE) else ""
    _, _, rest = sql.partition("(")
    return unique + " ".join(re.sub(r'"(\w+)"', r"\1", f"({rest}").split())


def _end(text: str) -> int:
    """Return where the first parenthesis of a text is closed."""
    depth, quoted = 0, ""
    for position, character in enumerate(text):
        if quoted:
            quoted = "" if character == quoted else quoted
        elif character in "'\"`":
            quoted = character
        else:
            depth += {"(": 1, ")": -1}.get(character, 0)
            if depth == 0:
                return position
    return len(text)


def is_sqlite(path: Path) -> bool:
    """Return whether a file is a SQLite database, by its first bytes; False if it isn't a file that can be read."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def _circle(path: Path) -> Path | None:
    """Return the link on a path that leads back to itself, perhaps through others; None if there is none."""
    for each in (*reversed(path.parents), path):
        try:
            each.stat()
        except OSError as error:
            if error.errno == errno.ELOOP:
                return each
    return None


def owner_of(path: Path) -> Path | None:
    """Return the SQLite database to which a file belongs: the file itself, or one beside it; None if there is none.

    Args:
        path: The file, which need not be there.
    """
    path = Path(os.path.realpath(path))
    rests = [path.name.removesuffix(end) for end in BESIDE if path.name.endswith(end)]
    return next((owner for owner in (path, *map(path.with_name, filter(None, rests))) if is_sqlite(owner)), None)


def sqlite_file(database: Database) -> Path | None:
    """Return the file of a SQLite database, or None if it is in memory.

    Example:
        >>> from sqlalchemy import create_engine
        >>> sqlite_file(Database("default", create_engine("sqlite://"))) is None
        True
    """
    url: Any = database.sync_engine.url
    name = url.database or ""
    if name.startswith("file:"):
        from urllib.parse import unquote, urlsplit

        parts = urlsplit(name)
        in_memory = "mode=memory" in parts.query or url.query.get("mode") == "memory" or parts.path == ":memory:"
        return None if in_memory else Path(unquote(parts.path))
    return None if name in ("", ":memory:") else Path(name)


@contextmanager
def all_or_nothing(connection: Connection) -> Iterator[Callable[[], None]]:
    """Make a connection's transactions atomic, schema changes included, with foreign keys off during them.

    The drivers begin a transaction only before the first INSERT, UPDATE or DELETE, so that a schema change before that
    can't be rolled back. Here each begins with BEGIN IMMEDIATE, except in Alembic's `autocommit_block()`. Foreign keys
    are off, since a batch operation drops the old table, and with it the rows that refer to it by ON DELETE CASCADE;
    they are checked before each commit. The connection's settings are restored when the context ends.

    Args:
        connection: A connection. If SQLAlchemy has begun a transaction, and the driver hasn't yet, it begins now.

    Yields:
        The foreign key check, which also runs before each commit; it raises DbError if the run added violations.

    Raises:
        DbError: The driver is in a transaction, in which foreign keys can't be switched off.
    """
    from sqlalchemy import event

    driver: Any = connection.connection.dbapi_connection
    level = driver.isolation_level
    if in_transaction(connection) and execute(driver, "PRAGMA foreign_keys")[0][0]:
        raise DbError(
            "env.py writes to the database before it configures Alembic, and SQLite can't switch foreign keys off in a "
            "transaction, so that a batch operation could delete rows; let it call context.configure() first"
        )
    foreign_keys = ForeignKeys(connection)

    def begin(begun: Connection) -> None:
        if begun.get_execution_options().get("isolation_level") == "AUTOCOMMIT":
            return
        driver.isolation_level = None
        if in_transaction(connection):
            # a driver in the mode autocommit=False (Python 3.12) has begun one already, which is still empty
            execute(driver, "ROLLBACK")
        execute(driver, "BEGIN IMMEDIATE")

    def only_begin(_: Connection, __: Any, statement: str, parameters: Any, *___: Any) -> tuple[str, Any]:
        # an application that emits BEGIN itself, by SQLAlchemy's recipe, would emit a second one
        return ("SELECT 1" if BEGIN.match(statement) else statement), parameters

    begins_itself = bool(listeners(connection.engine, "begin"))
    added = [*foreign_keys.listeners().items(), ("begin", begin)]
    for name, function in added:
        event.listen(connection, name, function)
    if begins_itself:
        event.listen(connection, "before_cursor_execute", only_begin, retval=True)
    if connection.in_transaction() and not in_transaction(connection):
        begin(connection)
    try:
        yield foreign_keys.check
    finally:
        for name, function in added:
            event.remove(connection, name, function)
        if begins_itself:
            event.remove(connection, "before_cursor_execute", only_begin)
        if connection.in_transaction():
            connection.rollback()
        if not connection.closed and not connection.invalidated:
            driver.isolation_level = level
            foreign_keys.restore()


def _databases(connection: Connection) -> Iterator[tuple[str | None, Catalog]]:
    """Yield the databases of a connection: the schema as SQLAlchemy names it, and the catalog."""
    from ellar_db.dialects.sqlite_copy.catalog import Catalog

    for _, name, _ in connection.exec_driver_sql("PRAGMA database_list").fetchall():
        yield None if name == "main" else str(name), Catalog(connection, str(name))


def _is_plain_file(url: URL) -> bool:
    """Return whether a URL names a file by its path."""
    return bool(url.database) and ":memory:" not in str(url.database) and not str(url.database).startswith("file:")
