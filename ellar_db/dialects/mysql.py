"""MySQL and MariaDB."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ellar_db.databases.database import VERSION_LENGTH, Database
from ellar_db.databases.limits import Limits
from ellar_db.databases.selection import listed
from ellar_db.dialects.base import Dialect
from ellar_db.dialects.server_lock import ServerLock, absent
from ellar_db.dialects.server_session import ServerSession, described
from ellar_db.hooktypes import Canceller, MissingRight
from ellar_db.util.errors import DbError
from ellar_db.util.sqlalchemy import plain_text, quoted

if TYPE_CHECKING:
    from sqlalchemy import URL, Column, Connection, Table
    from sqlalchemy import Dialect as SQLAlchemyDialect
    from sqlalchemy import Sequence as DatabaseSequence

    from ellar_db.ddl.catalog import Catalog
    from ellar_db.ddl.changes import Change
    from ellar_db.ddl.effects import Effect
    from ellar_db.dialects.comparing import IndexParts
    from ellar_db.dialects.measuring.mysql import MySQLObserver
    from ellar_db.dialects.statements import Statements

LEADING = r"(?:\s|/\*[^*]*\*+(?:[^/*][^*]*\*+)*/|(?:--|\#)[^\n]*\n|SET\s+STATEMENT\s.*?\sFOR\s)*"
"""What may precede a statement: comments, and `SET STATEMENT ... FOR`."""

MULTI_STATEMENTS = 1 << 16
"""The client flag that allows several statements at once."""

NOT_ROLLED_BACK = 1196
"""The server's warning after a rollback that didn't include non-transactional tables."""

CHANGED = {1146, 1412, 1684}
"""The servers' error codes for a table that was dropped, made since the transaction began, or is being changed."""

LOCK_WAIT, STATEMENT_TIME, EXECUTION_TIME = 1205, 1969, 3024
"""The servers' error codes: lock wait timeout, statement timeout on MariaDB, and statement timeout on MySQL."""

EXISTING = {1050, 1061, 1304, 1359, 1826}
"""The servers' error codes for what exists already: a table, an index, a routine, a trigger, a foreign key."""

OPTION = re.compile(
    r"(?:mysql|mariadb)_(?:default[ _])?(?P<name>engine|row_format|charset|character[ _]set|collate)", re.IGNORECASE
)
"""Options of tables, in SQLAlchemy's words for the models and for what it reads."""

FULL = {1040, 1203, 1226}
"""The servers' error codes for too many connections."""

PAUSE = 0.5
"""Seconds after which a transaction that is still prepared is one that nobody ends."""


LEAVING = 1.0
"""Seconds within which the server forgets a session that was closed."""

OWN = frozenset({"mysql", "information_schema", "performance_schema", "sys"})
"""The server's own databases."""


class MySQL(Dialect):
    """MySQL and MariaDB, which commit each schema change immediately."""

    names = ("mysql", "mariadb")
    transactional = True
    commits_at_ddl = True
    has_temporary_tables = True
    reflects_checks_of_columns = False
    fills_not_null = True
    restates_columns = True
    indexes_foreign_keys = True
    fixes_types_of_keys = True
    key_options: ClassVar[Mapping[str, str]] = {"ondelete": "RESTRICT", "onupdate": "RESTRICT"}
    uncompared = ("views", "triggers", "functions", "events", "privileges", "rows")
    timed_out_codes: ClassVar[frozenset[str | int]] = frozenset({LOCK_WAIT, STATEMENT_TIME, EXECUTION_TIME})
    changed_codes: ClassVar[frozenset[str | int]] = frozenset(CHANGED)
    catalog = (
        "SELECT 'trigger', trigger_name, event_object_table, action_statement FROM information_schema.triggers "
        "WHERE trigger_schema = DATABASE()",
        "SELECT LOWER(routine_type), routine_name, '', routine_definition FROM information_schema.routines "
        "WHERE routine_schema = DATABASE()",
    )

    def effects(self, change: Change, catalog: Catalog) -> Iterable[Effect]:
        """Return what its documentation says of the locks and the work of a change."""
        from ellar_db.dialects.effects.mysql import effects

        return effects(change, catalog)

    def hidden_defaults(
        self, connection: Connection, schema: str | None, table: str | None = None
    ) -> dict[str, dict[str, str]]:
        """Return defaults that call a function, which SQLAlchemy reads only if they are in parentheses."""
        from sqlalchemy import text

        found: dict[str, dict[str, str]] = {}
        if table is not None:
            quoted = connection.dialect.identifier_preparer.quote(table)
            # information_schema doesn't have temporary tables; here a text has no quotes, but SQLAlchemy has read that
            rows = connection.exec_driver_sql(f"SHOW COLUMNS FROM {quoted}").mappings()
            listed = [(table, row["Field"], row["Default"]) for row in rows]
        else:
            asked = text(
                "SELECT table_name, column_name, column_default FROM information_schema.columns "
                "WHERE table_schema = COALESCE(:schema, DATABASE()) AND LOCATE('(', column_default) > 0 "
                "AND LEFT(column_default, 1) <> :quote"
            )
            listed = [tuple(row) for row in connection.execute(asked, {"schema": schema, "quote": "'"})]
        for owner, column, default in listed:
            if default is not None:
                found.setdefault(owner, {})[column] = "({})".format(str(default).replace("\\'", "'"))
        return found

    def checks_of_columns(self, connection: Connection, schema: str | None) -> dict[str, list[str]] | None:
        """Return those of MariaDB; MySQL makes them constraints of the table."""
        from sqlalchemy import text

        if not getattr(connection.dialect, "is_mariadb", False):
            return None
        asked = text(
            "SELECT table_name, check_clause FROM information_schema.check_constraints WHERE level = 'Column' "
            "AND constraint_schema = COALESCE(:schema, DATABASE()) "
            # it comes with the type JSON
            "AND LOCATE('json_valid(', check_clause) <> 1"
        )
        found: dict[str, list[str]] = {}
        for table, clause in connection.execute(asked, {"schema": schema}):
            found.setdefault(table, []).append(clause)
        return found

    @cached_property
    def statements(self) -> Statements:
        """How statements are told apart, with the words of both servers."""
        from ellar_db.dialects.statements import CHANGES_SCHEMA, STORED, Statements, starting_with

        return Statements(
            changes_schema=starting_with(CHANGES_SCHEMA, LEADING),
            reads=re.compile(r"\s*(?:select|show|desc|explain|set(?!\s+statement)|use|xa)", re.IGNORECASE),
            partial=starting_with(
                r"DROP\b(?=[^;]*,)|CREATE\s+OR\s+REPLACE\s+(?:TABLE|SEQUENCE)|CALL|EXECUTE|BEGIN\s+NOT"
                r"|IF|CASE|LOOP|REPEAT|WHILE|FOR",
                LEADING,
            ),
            stored=starting_with(STORED, LEADING),
            table_locks=re.compile(r"\s*(UN)?LOCK\s+TABLES?\b", re.IGNORECASE),
            outside=starting_with(
                r"XA\s+(?:START|BEGIN)|SET\s+(?:LOCAL\s+)?TRANSACTION|SET\b[^;]*\b(?:sql_log_bin|(?:binlog|gtid)_\w+"
                r"|skip_(?:parallel_)?replication)",
                LEADING,
            ),
        )

    def absence(self, database: Database, error: BaseException) -> str:
        """Return what to do about the server's error 1049, unknown database."""
        cause = getattr(error, "orig", None) or error
        return absent(database) if cause.args[:1] == (1049,) else ""

    def is_full(self, error: BaseException) -> bool:
        """Return whether it is one of the errors about too many connections: of all, of a user, of an account."""
        cause = getattr(error, "orig", None) or error
        return bool(set(cause.args[:1]) & FULL)

    def schema_url(self, url: URL, schema: str) -> URL | None:
        """Return the URL of the schema, which is a database here."""
        return url.set(database=schema)

    def enter_schema(self, dialect: SQLAlchemyDialect, schema: str) -> Sequence[str]:
        """Go to another database of the server."""
        return [f"USE {quoted(dialect, schema)}"]

    def tables_of_schemas(self, connection: Connection, names: Sequence[str]) -> dict[str, set[str]]:
        """Return which tables each database has, by one query."""
        from sqlalchemy import bindparam, text

        query = text(
            "SELECT s.schema_name, t.table_name FROM information_schema.schemata s "
            "LEFT JOIN information_schema.tables t ON t.table_schema = s.schema_name AND t.table_name IN :names"
        ).bindparams(bindparam("names", expanding=True))
        found: dict[str, set[str]] = {}
        for schema, name in connection.execute(query, {"names": list(names)}):
            found.setdefault(schema, set()).update(() if name is None else (name,))
        return found

    def lock(self, database: Database, limits: Limits) -> MySQLLock:
        """Return a lock that uses `GET_LOCK`."""
        return MySQLLock(database, limits)

    def keeps_rows(self, connection: Connection) -> bool:
        """Return whether the server warns that rows of non-transactional tables, such as MyISAM's, are kept."""
        return any(row[1] == NOT_ROLLED_BACK for row in connection.exec_driver_sql("SHOW WARNINGS"))

    def sends_several(self, connection: Connection) -> bool:
        """Return whether the client may send several statements at once; if not, the server refuses all of them."""
        flags = getattr(connection.connection.driver_connection, "client_flag", MULTI_STATEMENTS)
        return not isinstance(flags, int) or bool(flags & MULTI_STATEMENTS)

    @contextmanager
    def locked_table(self, connection: Connection, name: str) -> Iterator[bool]:
        """Use `LOCK TABLES`, since a table is dropped without a transaction."""
        from sqlalchemy.exc import DBAPIError

        before = connection.exec_driver_sql("SELECT @@SESSION.lock_wait_timeout").scalar_one()
        connection.exec_driver_sql("SET SESSION lock_wait_timeout = 1")
        try:
            try:
                connection.exec_driver_sql(f"LOCK TABLES {name} WRITE")
            except DBAPIError as error:
                if not self.timed_out(error.orig) and not self.changed_meanwhile(error.orig):
                    raise
                yield False
            else:
                yield True
        finally:
            self.unlock_tables(connection)
            connection.exec_driver_sql(f"SET SESSION lock_wait_timeout = {int(before)}")

    def unlock_tables(self, connection: Connection) -> None:
        """Release the tables, so that the journal can be read."""
        connection.exec_driver_sql("UNLOCK TABLES")

    def given_options(self, table: Table) -> dict[str, str]:
        """Return engine, character set, collation and row format."""
        return _options({name: value for name, value in table.kwargs.items() if value is not None})

    def table_options(self, connection: Connection, table: str, schema: str | None) -> dict[str, str]:
        """Return what `SHOW CREATE TABLE` says of them."""
        from sqlalchemy import inspect

        return _options(inspect(connection).get_table_options(table, schema=schema))

    def change_options(self, names: Iterable[str], options: Mapping[str, str]) -> str:
        """Return the options, and for a character set the clause that converts the columns too."""
        changed = set(names)
        clauses = [
            f"{option.upper()}={options.get(option, 'DEFAULT')}"
            for option in ("engine", "row_format")
            if option in changed
        ]
        if changed & {"charset", "collate"}:
            collation = f" COLLATE {options['collate']}" if "collate" in options else ""
            charset = options.get("charset") or options.get("collate", "").partition("_")[0]
            clauses.append(f"CONVERT TO CHARACTER SET {charset}{collation}")
        return ", ".join(clauses)

    def index_texts(
        self, connection: Connection, schema: str | None, table: str | None = None
    ) -> dict[str, dict[str, str]]:
        """Return the kind of an index, and its columns with length and order."""
        # only a comparison needs it
        from ellar_db.dialects import mysql_indexes

        return mysql_indexes.texts(connection, schema, table)

    def index_parts(self, text: str) -> IndexParts | None:
        """Return what SQLAlchemy doesn't read: the order, and the length of a prefix."""
        from ellar_db.dialects import mysql_indexes

        return mysql_indexes.parts(text)

    def canceller(self, database: Database, connection: Connection) -> Canceller:
        """Return a function that executes `KILL QUERY` or `KILL`."""
        number = int(connection.exec_driver_sql("SELECT CONNECTION_ID()").scalar_one())
        return ServerSession(database, number, f"KILL QUERY {number}", f"KILL {number}")

    def blockers(self, connection: Connection, session: int) -> list[str]:
        """Ask InnoDB about rows; of a table's metadata lock, MariaDB only tells who may hold it: open transactions."""
        from sqlalchemy import text

        held = "SELECT 1 FROM information_schema.innodb_trx w WHERE w.trx_mysql_thread_id = :session"
        waits_for_rows = connection.execute(text(f"{held} AND w.trx_state = 'LOCK WAIT'"), {"session": session}).first()
        state = connection.execute(
            text("SELECT state FROM information_schema.processlist WHERE id = :session"), {"session": session}
        ).scalar()
        if not waits_for_rows and "lock" not in str(state or ""):
            return []
        chosen = (
            "EXISTS (SELECT 1 FROM information_schema.innodb_lock_waits l JOIN information_schema.innodb_trx w "
            "ON w.trx_id = l.requesting_trx_id WHERE l.blocking_trx_id = t.trx_id "
            "AND w.trx_mysql_thread_id = :session)"
            if waits_for_rows and getattr(connection.dialect, "is_mariadb", False)
            else "t.trx_mysql_thread_id <> :session"
        )
        rows = connection.execute(
            text(
                "SELECT p.id, p.user, p.command, TIME_FORMAT(t.trx_started, '%H:%i:%s'), p.info "
                "FROM information_schema.innodb_trx t JOIN information_schema.processlist p "
                f"ON p.id = t.trx_mysql_thread_id WHERE {chosen} ORDER BY t.trx_started, p.id"
            ),
            {"session": session},
        )
        return [
            described(number, user, "idle in a transaction" if command == "Sleep" else command, since, query or "")
            for number, user, command, since, query in rows
        ]

    def estimated_rows(self, connection: Connection, table: str, schema: str | None) -> int | None:
        """Return what InnoDB estimates."""
        from sqlalchemy import text

        asked = text(
            "SELECT table_rows FROM information_schema.tables "
            "WHERE table_schema = COALESCE(:schema, DATABASE()) AND table_name = :name"
        )
        found = connection.execute(asked, {"schema": schema, "name": table}).scalar()
        return None if found is None else int(found)

    def leftovers(self, database: Database, connection: Connection) -> list[str]:
        """Return SQLAlchemy's transactions on the server that were prepared for a two-phase commit and never ended.

        The servers don't say which database a transaction belongs to, so only runs with two-phase commit ask.
        """
        found = _prepared(connection) if database.use_two_phase else []
        if found:
            # another run may be between PREPARE and COMMIT
            time.sleep(PAUSE)
            later = _prepared(connection)
            found = [id_ for id_ in found if id_ in later]
        return [
            f"the server has the prepared transaction {id_}, which keeps its locks; end it with `XA COMMIT '{id_}'` or "
            f"`XA ROLLBACK '{id_}'`"
            for id_ in found
        ]

    def server(self, connection: Connection) -> str:
        """Return the version as the server says it, by which MariaDB is told apart."""
        version = str(connection.exec_driver_sql("SELECT version()").scalar())
        return f"{'MariaDB' if 'MariaDB' in version else 'MySQL'} {version}"

    def missing_rights(self, connection: Connection, database: Database) -> Iterable[MissingRight]:
        """Yield what SHOW GRANTS doesn't have, of what a run needs."""
        from ellar_db.dialects.rights.mysql import missing_rights

        return missing_rights(connection)

    def timeouts(self, dialect: SQLAlchemyDialect, limits: Limits) -> list[str]:
        """Return `SET SESSION` statements for lock time-outs, and on MariaDB for the statement time-out."""
        made = []
        if limits.db_lock_timeout is not None:
            # both kinds of lock: metadata locks (whole seconds, MySQL doesn't accept 0) and row locks
            seconds = max(1, round(limits.db_lock_timeout))
            made += [f"SET SESSION lock_wait_timeout = {seconds}", f"SET SESSION innodb_lock_wait_timeout = {seconds}"]
        if limits.statement_timeout is not None and getattr(dialect, "is_mariadb", False):
            made.append(f"SET SESSION max_statement_time = {limits.statement_timeout}")
        return made

    def length_of_revisions(self, connection: Connection, table: str, schema: str | None) -> int | None:
        """Ask for it by itself; SQLAlchemy would read the whole table's definition."""
        from sqlalchemy import text

        asked = text(
            "SELECT character_maximum_length FROM information_schema.columns "
            "WHERE table_schema = COALESCE(:schema, DATABASE()) AND table_name = :table AND ordinal_position = 1"
        )
        found = connection.execute(asked, {"schema": schema, "table": table}).first()
        return VERSION_LENGTH if found is None else found[0]

    def foreign_key_options(
        self, connection: Connection, schema: str | None
    ) -> dict[str, dict[str, Mapping[str, Any]]]:
        """Return the actions, of which SQLAlchemy leaves out NO ACTION."""
        from sqlalchemy import text

        asked = text(
            "SELECT table_name, constraint_name, delete_rule, update_rule "
            "FROM information_schema.referential_constraints WHERE constraint_schema = COALESCE(:schema, DATABASE())"
        )
        found: dict[str, dict[str, Mapping[str, Any]]] = {}
        for table, name, delete, update in connection.execute(asked, {"schema": schema}):
            rules = (("ondelete", delete), ("onupdate", update))
            found.setdefault(table, {})[name] = {option: rule for option, rule in rules if rule != "RESTRICT"}
        return found

    def already_there(self, error: BaseException) -> bool:
        """Return whether the error's code says that a table, an index or a routine exists."""
        return bool(error.args) and error.args[0] in EXISTING

    def rename_index(self, table: str, schema: str, old: str, new: str) -> str:
        """Return `ALTER TABLE ... RENAME INDEX`."""
        return f"ALTER TABLE {table} RENAME INDEX {old} TO {new}"

    def rename_constraint(self, table: str, kind: str, old: str, new: str) -> str:
        """Return the same as for an index for a unique constraint, which is one; foreign keys can't be renamed."""
        return self.rename_index(table, "", old, new) if kind == "unique" else ""

    def sequences(self, connection: Connection, schema: str | None) -> dict[str, DatabaseSequence]:
        """Return the sequences of MariaDB; their options aren't read."""
        from sqlalchemy import Sequence, inspect

        names = inspect(connection).get_sequence_names(schema=schema)
        return {name: Sequence(name, schema=schema) for name in names}

    def plain_column(self, table: str, column: str, definition: str, *, stored: bool) -> str:
        """Return `MODIFY`, which the servers do for stored values alone."""
        return f"ALTER TABLE {table} MODIFY {definition}" if stored else ""

    def numbering(self, column: Column[Any]) -> bool | None:
        """Return whether a column has AUTO_INCREMENT."""
        from sqlalchemy import Sequence

        plain = column.server_default is None or column.identity is not None
        # MariaDB has sequences, which a column then is given
        given = isinstance(column.default, Sequence) and not column.default.optional
        return (column is column.table.autoincrement_column and plain and not given) or None

    def replace_primary_key(self, table: str, columns: Sequence[str]) -> str:
        """Return one statement: without any key, foreign keys might be left without an index."""
        return f"ALTER TABLE {table} DROP PRIMARY KEY, ADD PRIMARY KEY ({', '.join(columns)})"

    def constraint_name(self, kind: str, table: str, columns: Sequence[str], referred: str = "") -> str:
        """Return the first column's name for a unique constraint, as the server does."""
        return columns[0] if kind == "unique" else super().constraint_name(kind, table, columns, referred)

    def create_schema(self, name: str) -> str:
        """Return `CREATE DATABASE`, since a schema is a database."""
        return f"CREATE DATABASE IF NOT EXISTS {name}"

    def drop_schema(self, name: str, text: str) -> Sequence[str]:
        """Return statements that first look whether there is a table in it, since the server would drop that too."""
        full = f"EXISTS (SELECT 1 FROM information_schema.tables WHERE table_schema = {text})"
        drop = f"DROP DATABASE IF EXISTS {name}".replace("'", "''")
        return [
            f"SET @ellar_db_drop = IF({full}, 'DO 0', '{drop}')",
            "PREPARE ellar_db_drop FROM @ellar_db_drop",
            "EXECUTE ellar_db_drop",
            "DEALLOCATE PREPARE ellar_db_drop",
        ]

    def scratch_url(self, url: URL, folder: Path, name: str) -> URL:
        """Return the URL of another database on the server."""
        return url.set(database=name)

    def maintenance_databases(self, url: URL) -> list[str | None]:
        """Return `[None]`, since a database can be made from a connection without one."""
        return [None]

    def create_database(self, connection: Connection, url: URL, like: URL) -> None:
        """Make a database with the character set and collation of the configured one."""
        from sqlalchemy import text

        found = connection.execute(
            text(
                "SELECT default_character_set_name, default_collation_name FROM information_schema.schemata "
                "WHERE schema_name = :name"
            ),
            {"name": like.database},
        ).first()
        options = f" CHARACTER SET {found[0]} COLLATE {found[1]}" if found else ""
        connection.execute(plain_text(f"CREATE DATABASE {quoted(connection.dialect, str(url.database))}{options}"))

    def drop_database(self, connection: Connection, url: URL) -> None:
        """Drop the database."""

        connection.execute(plain_text(f"DROP DATABASE IF EXISTS {quoted(connection.dialect, str(url.database))}"))

    def refuse_used(self, connection: Connection, name: str) -> None:
        """Ask for the sessions, of which a user without the privilege PROCESS sees those of its own account."""
        from sqlalchemy import text

        asked = text("SELECT id, user FROM information_schema.processlist WHERE db = :name AND id <> CONNECTION_ID()")
        begun = time.monotonic()
        while others := [f"{user} (session {number})" for number, user in connection.execute(asked, {"name": name})]:
            # one that was closed is there for a moment still
            if time.monotonic() - begun > LEAVING:
                raise DbError(f"other sessions use it: {listed(others)}; let them end")
            time.sleep(LEAVING / 20)

    def remove_database(self, connection: Connection, name: str) -> None:
        """Drop it; the server would even drop its own databases, and those that other sessions use."""
        if name.lower() in OWN:
            raise DbError(f"{name} is the server's own")
        self.refuse_used(connection, name)
        connection.execute(plain_text(f"DROP DATABASE {quoted(connection.dialect, name)}"))

    def remove_schema(self, connection: Connection, schema: str) -> None:
        """Drop the database that it is."""
        self.remove_database(connection, schema)

    def observer(self, connection: Connection, leave_out: Collection[str]) -> MySQLObserver:
        """Return what looks at the statements of a revision."""
        from ellar_db.dialects.measuring.mysql import MySQLObserver

        return MySQLObserver(connection, leave_out)

    def is_reached(self, connection: Connection, url: URL) -> str:
        """Ask the server for the current database."""
        from sqlalchemy import text

        return str(connection.execute(text("SELECT DATABASE()")).scalar())


def _options(named: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    for key, value in named.items():
        match = OPTION.fullmatch(key)
        if match is not None:
            name = match["name"].lower()
            found["charset" if name.startswith("char") else name] = str(value)
    return found


def _prepared(connection: Connection) -> list[str]:
    """Return the ids of the server's prepared transactions that SQLAlchemy began."""
    rows = connection.exec_driver_sql("XA RECOVER")
    # the second column is the length of the id's first part, which is what SQLAlchemy makes
    texts = [(row[1], row[3].decode() if isinstance(row[3], bytes) else str(row[3])) for row in rows]
    return [text[:length] for length, text in texts if text.startswith("_sa_")]


class MySQLLock(ServerLock):
    """A lock that uses `GET_LOCK`; its names are server-wide, so the database's name is part of it."""

    def prepare(self, connection: Connection) -> None:
        """Keep the session, which is idle during the run, for as long as the server allows: 24 days."""
        from sqlalchemy import text

        connection.execute(text("SET SESSION wait_timeout = 2147483"))

    def try_to_lock(self, connection: Connection) -> bool:
        """Try `GET_LOCK` without waiting."""
        from sqlalchemy import text

        asked = text("SELECT GET_LOCK(:name, 0), CONNECTION_ID()")
        locked, session = connection.execute(asked, {"name": self._name(connection)}).one()
        self.session = session if locked == 1 else None
        return bool(locked == 1)

    def ask_session(self, connection: Connection) -> int | None:
        """Ask `IS_USED_LOCK`."""
        from sqlalchemy import text

        asked = text("SELECT IS_USED_LOCK(:name)")
        found: int | None = connection.execute(asked, {"name": self._name(connection)}).scalar()
        return found

    def ask_holder(self, connection: Connection) -> str:
        """Look up the holder in the process list."""
        from sqlalchemy import text

        number = self.ask_session(connection)
        if number is None:
            return ""
        # MySQL has whole seconds alone
        seconds = "time_ms / 1000" if getattr(connection.dialect, "is_mariadb", False) else "time"
        found = connection.execute(
            text(f"SELECT host, {seconds} FROM information_schema.processlist WHERE id = :number"), {"number": number}
        ).first()
        if found is None:
            return f"connection {number}"
        # the session has been idle since it got the lock
        idle = timedelta(seconds=float(found[1] or 0))
        since = (datetime.now(timezone.utc).astimezone() - idle).strftime("%H:%M:%S")
        return f"connection {number} from {found[0]} since {since}"

    def _name(self, connection: Connection) -> str:
        database = self.database.sync_engine.url.database
        # names may have at most 64 characters
        return "ellar_db " + hashlib.sha256(f"{database} {self.key}".encode()).hexdigest()[:40]
