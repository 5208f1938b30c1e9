"""PostgreSQL."""

from __future__ import annotations

import hashlib
import os
import re
import socket
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ellar_db.databases.database import Database
from ellar_db.databases.limits import Limits
from ellar_db.databases.selection import listed
from ellar_db.dialects.base import Dialect
from ellar_db.dialects.comparing import OwnType
from ellar_db.dialects.postgresql_catalog import indexes
from ellar_db.dialects.server_lock import ServerLock, absent
from ellar_db.dialects.server_session import ServerSession, described
from ellar_db.hooktypes import Canceller, MissingRight
from ellar_db.util.errors import DbError
from ellar_db.util.sqlalchemy import plain_text, quoted

if TYPE_CHECKING:
    from sqlalchemy import URL, Column, Connection, Inspector
    from sqlalchemy import Dialect as SQLAlchemyDialect
    from sqlalchemy import Sequence as DatabaseSequence
    from sqlalchemy.types import TypeEngine

    from ellar_db.ddl.catalog import Catalog
    from ellar_db.ddl.changes import Change
    from ellar_db.ddl.effects import Effect
    from ellar_db.dialects.enum_types import EnumType
    from ellar_db.dialects.measuring.postgresql import PostgreSQLObserver
    from ellar_db.dialects.postgresql_catalog.numbering import Numbering, Steps


MAINTENANCE = "postgres"
"""The database that every server has, from which others are made."""

HELD = (
    "l.locktype = 'advisory' AND l.granted AND l.database = (SELECT oid FROM pg_database WHERE datname = "
    "current_database()) AND ((l.classid::bigint << 32) | l.objid::bigint) = :key"
)
"""The condition on `pg_locks l` for a lock of ours that is held."""

EXISTING = {"42P06", "42P07", "42710", "42723"}
"""SQLSTATE of what exists already: a schema, a table or index, a type or another object, a function."""

ROWS_IN_A_PAGE = 100
"""How many rows a page of a table may have that the server hasn't analyzed yet."""

FULL = re.compile("too many (?:clients|connections)|remaining connection slots are reserved")
"""What the server says when it has no connection left."""

LOCK_NOT_AVAILABLE, QUERY_CANCELED = "55P03", "57014"

UNDEFINED_TABLE, INTERNAL_ERROR = "42P01", "XX000"
"""SQLSTATE of a table that was dropped; the second one as in "could not open relation"."""

ARRAY = re.compile(
    r"\(?(?P<value>[^()]+?)\)?(?:::text)? = ANY \(\(?ARRAY\[(?P<items>.*?)\]\)?(?:::text\[\])?\)\Z", re.DOTALL
)
"""What the server restates of `value IN (...)`."""

CAST_ARRAY = re.compile(
    r"(?P<open>\()?(?P<value>\b\w+|\"(?:[^\"]|\"\")+\")(?(open)\))::text (?:(?P<any>= ANY)|<> ALL) "
    r"\((?P<inner>\()?ARRAY\[(?P<items>(?:'(?:[^']|'')*'::character varying(?:, )?)+)\](?(inner)\))::text\[\]\)"
)
"""What the server restates of `value IN (...)` and `value NOT IN (...)` for a column of the type VARCHAR."""

CAST = re.compile(r"::(?:character varying|bpchar|text)")
"""A cast to text, which the server adds to literals."""


class PostgreSQL(Dialect):
    """PostgreSQL, which can roll back schema changes."""

    names = ("postgresql",)
    transactional = True
    locks_within = True
    has_temporary_tables = True
    conversions = (
        "{column}::{type}",
        "{column}::integer::{type}",
        "ARRAY[{column}]::{type}",
        "{column}[1]::{type}",
        "{column}::text::{type}",
    )
    comparators = ("alembic_postgresql_enum", "alembic_utils")
    alters_numbering = False
    numbers_by_sequences = True
    computed_keep_types = True
    using = "postgresql_using"
    concurrently = "postgresql_concurrently"
    enums = "alembic_postgresql_enum"
    key_options: ClassVar[Mapping[str, str]] = {"match": "SIMPLE"}
    unique_options = ("deferrable", "initially", "postgresql_include")
    uncompared = (
        "views, functions, triggers and policies that alembic-utils isn't told of",
        "extensions",
        "privileges",
        "rows",
    )
    timed_out_codes: ClassVar[frozenset[str | int]] = frozenset({LOCK_NOT_AVAILABLE, QUERY_CANCELED})
    changed_codes: ClassVar[frozenset[str | int]] = frozenset({UNDEFINED_TABLE, INTERNAL_ERROR})
    catalog = (
        "SELECT 'function', p.oid::regprocedure::text, '', pg_get_functiondef(p.oid) FROM pg_proc p "
        "JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname NOT LIKE 'pg\\_%' "
        "AND n.nspname <> 'information_schema' AND p.prokind <> 'a' AND NOT EXISTS "
        "(SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')",
        "SELECT 'trigger', t.tgname, t.tgrelid::regclass::text, pg_get_triggerdef(t.oid) FROM pg_trigger t "
        "WHERE NOT t.tgisinternal",
        "SELECT 'extension', extname, '', '' FROM pg_extension WHERE extname <> 'plpgsql'",
        "SELECT 'schema', nspname, '', '' FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%' "
        "AND nspname NOT IN ('information_schema', 'public')",
    )

    def effects(self, change: Change, catalog: Catalog) -> Iterable[Effect]:
        """Return what its documentation says of the locks and the work of a change."""
        from ellar_db.dialects.effects.postgresql import effects

        return effects(change, catalog)

    def absence(self, database: Database, error: BaseException) -> str:
        """Return what to do about the server's INVALID CATALOG NAME, for which not every driver gives the code."""
        cause = getattr(error, "orig", None) or error
        if getattr(cause, "sqlstate", None) != "3D000" and not re.search(r'database ".*" does not exist', str(cause)):
            return ""
        return absent(database)

    def is_full(self, error: BaseException) -> bool:
        """Return whether it is TOO MANY CONNECTIONS, for which not every driver gives the code."""
        cause = getattr(error, "orig", None) or error
        return getattr(cause, "sqlstate", None) == "53300" or FULL.search(str(cause)) is not None

    def schema_url(self, url: URL, schema: str) -> URL | None:
        """Return the URL of the database that has the schema; a search path takes two names for something else."""
        if schema in ("$user", "pg_temp"):
            raise DbError(f"PostgreSQL's search path doesn't take {schema!r} for the name of a schema; rename it")
        return url

    def enter_schema(self, dialect: SQLAlchemyDialect, schema: str) -> Sequence[str]:
        """Set a search path that has no other schema: a table that isn't there must not be found elsewhere."""
        return [f"SET search_path TO {quoted(dialect, schema)}"]

    def tables_of_schemas(self, connection: Connection, names: Sequence[str]) -> dict[str, set[str]]:
        """Return which tables each schema has, by one query."""
        from sqlalchemy import text

        rows = connection.execute(
            text(
                "SELECT n.nspname, c.relname FROM pg_catalog.pg_namespace n LEFT JOIN pg_catalog.pg_class c "
                "ON c.relnamespace = n.oid AND c.relkind IN ('r', 'p') AND c.relname = ANY(:names)"
            ),
            {"names": list(names)},
        )
        found: dict[str, set[str]] = {}
        for schema, name in rows:
            found.setdefault(schema, set()).update(() if name is None else (name,))
        return found

    def table_names(self, connection: Connection, schema: str | None) -> list[str]:
        """Ask what depends on a schema, which takes as long in a database with thousands of schemas."""
        from sqlalchemy import text

        if schema is None:
            return super().table_names(connection, schema)
        rows = connection.execute(
            text(
                "SELECT c.relname FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class c ON c.oid = d.objid "
                "WHERE d.classid = 'pg_class'::regclass AND c.relkind IN ('r', 'p') "
                "AND d.refclassid = 'pg_namespace'::regclass AND d.refobjid = to_regnamespace(quote_ident(:schema))"
            ),
            {"schema": schema},
        )
        return [name for (name,) in rows]

    def lock(self, database: Database, limits: Limits) -> PostgreSQLLock:
        """Return an advisory lock."""
        return PostgreSQLLock(database, limits)

    def enum_type(self, connection: Connection, schema: str | None, name: str) -> EnumType:
        """Return a type of an enum with what uses it."""
        # only a comparison needs it, as all that is imported within these functions
        from ellar_db.dialects.enum_types import read_enum_type

        return read_enum_type(connection, schema, name)

    def make_types(self, connection: Connection, types: Iterable[TypeEngine[Any]]) -> None:
        """Make the types of enums as they are in the models; those of the database may lack labels."""
        from sqlalchemy import ARRAY, Enum
        from sqlalchemy.dialects import postgresql

        plain = [type_.item_type if isinstance(type_, ARRAY) else type_ for type_ in types]
        # a name without a schema is looked for among temporary types first
        found = {type_.name: type_ for type_ in plain if isinstance(type_, Enum) and type_.native_enum}
        for name, type_ in found.items():
            if name is not None and type_.schema is None:
                made = postgresql.ENUM(*type_.enums, name=name, schema="pg_temp")
                made.create(connection, checkfirst=False)

    def own_type(self, type_: TypeEngine[Any]) -> OwnType | None:
        """Return a domain."""
        from sqlalchemy.dialects import postgresql

        if not isinstance(type_, postgresql.DOMAIN) or not type_.create_type:
            return None
        domain: Any = type_
        used = domain.copy()
        used.create_type = False
        create, drop = postgresql.CreateDomainType(type_), postgresql.DropDomainType(type_)
        plain: Any = postgresql.dialect
        # with another mark of parameters, percent signs would be doubled
        statements = [str(each.compile(dialect=plain(paramstyle="named"))) for each in (create, drop)]
        return OwnType(type_.schema, str(type_.name), used, *statements)

    def has_type(self, connection: Connection, own: OwnType) -> bool:
        """Return whether the database has a domain."""
        from sqlalchemy import inspect

        inspector: Any = inspect(connection)
        return any(each["name"] == own.name for each in inspector.get_domains(schema=own.schema))

    def check_before_commit(self, connection: Connection) -> None:
        """Check deferred constraints."""
        connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")

    def canceller(self, database: Database, connection: Connection) -> Canceller:
        """Return a function that calls `pg_cancel_backend` or `pg_terminate_backend`."""
        number = int(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())
        return ServerSession(
            database, number, f"SELECT pg_cancel_backend({number})", f"SELECT pg_terminate_backend({number})"
        )

    def blockers(self, connection: Connection, session: int) -> list[str]:
        """Ask `pg_blocking_pids`; the number of a prepared transaction is 0."""
        from sqlalchemy import text

        rows = connection.execute(
            text(
                "SELECT DISTINCT b.pid, a.application_name, a.state, to_char(a.xact_start, 'HH24:MI:SS'), a.query "
                "FROM unnest(pg_blocking_pids(:session)) AS b(pid) LEFT JOIN pg_stat_activity a ON a.pid = b.pid "
                "ORDER BY b.pid"
            ),
            {"session": session},
        )
        return [
            described(pid, program or "", state or "", since or "?", query or "") if pid else "a prepared transaction"
            for pid, program, state, since, query in rows
        ]

    def leftovers(self, database: Database, connection: Connection) -> list[str]:
        """Return SQLAlchemy's prepared transactions that were never ended, and invalid indexes."""
        return [*_prepared(connection), *indexes.invalid(connection)]

    def leftovers_of_schemas(self, database: Database, connection: Connection) -> dict[str, list[str]]:
        """Return invalid indexes by their schemas; prepared transactions are in none."""
        return {"": _prepared(connection), **indexes.invalid_by_schema(connection)}

    def server(self, connection: Connection) -> str:
        """Return the version as the server says it."""
        return f"PostgreSQL {connection.exec_driver_sql('SHOW server_version').scalar()}"

    def missing_rights(self, connection: Connection, database: Database) -> Iterable[MissingRight]:
        """Yield the rights to make a table, to use the version table and to lock that the user doesn't have."""
        from ellar_db.dialects.rights.postgresql import missing_rights

        return missing_rights(connection, database)

    def session(self, connection: Connection) -> tuple[int, float] | None:
        """Return the process of the server, and how long it has been there."""
        from ellar_db.dialects.rights.postgresql import session

        return session(connection)

    def timeouts(self, dialect: SQLAlchemyDialect, limits: Limits) -> list[str]:
        """Return `SET lock_timeout` and `SET statement_timeout`, in milliseconds."""
        made = []
        if limits.db_lock_timeout is not None:
            # 0 would mean no limit
            made.append(f"SET lock_timeout = {max(1, int(limits.db_lock_timeout * 1000))}")
        if limits.statement_timeout is not None:
            seconds = limits.statement_timeout
            made.append(f"SET statement_timeout = {max(1, int(seconds * 1000)) if seconds else 0}")
        return made

    def mark(self, connection: Connection) -> int | None:
        """Return the transaction's number, of which the server remembers how it ended (from PostgreSQL 10 on)."""
        version = connection.dialect.server_version_info or ()
        return connection.exec_driver_sql("SELECT txid_current()").scalar_one() if version >= (10,) else None

    def outcome(self, connection: Connection, mark: Hashable) -> str:
        """Ask `txid_status`."""
        from sqlalchemy.exc import DBAPIError

        asked = f"SELECT txid_status({mark})"
        try:
            # each revision asks, and the driver alone takes a third of the time
            with closing(connection.connection.cursor()) as cursor:
                cursor.execute(asked)
                (found,) = cursor.fetchone() or ("",)
        except Exception:  # a driver's own; SQLAlchemy notices if the connection is lost
            try:
                found = connection.exec_driver_sql(asked).scalar()
            except DBAPIError:
                # an error that the revision swallowed fails the transaction, and Alembic's next statement says so
                return ""
        return {"committed": "committed", "aborted": "rolled back"}.get(str(found), "")

    def index_texts(
        self, connection: Connection, schema: str | None, table: str | None = None
    ) -> dict[str, dict[str, str]]:
        """Return what follows `ON table`, and whether the index is unique."""
        from sqlalchemy import text

        where = "n.nspname = :schema" if schema else "pg_table_is_visible(t.oid)"
        asked = text(
            "SELECT t.relname, i.relname, pg_get_indexdef(x.indexrelid), x.indisunique FROM pg_index x "
            "JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid "
            "JOIN pg_namespace n ON n.oid = t.relnamespace "
            f"WHERE n.nspname NOT IN ('pg_catalog', 'pg_toast') AND {where}{' AND t.relname = :table' if table else ''}"
        )
        given = {key: value for key, value in (("schema", schema), ("table", table)) if value}
        found: dict[str, dict[str, str]] = {}
        for owner, name, sql, unique in connection.execute(asked, given):
            found.setdefault(owner, {})[name] = f"{'UNIQUE ' * unique}{sql.partition(' USING ')[2]}"
        return found

    def options_of_uniques(
        self, connection: Connection, table: str, schema: str | None
    ) -> Mapping[tuple[str, ...], Mapping[str, Any]]:
        """Return what `pg_constraint` has of DEFERRABLE, and `pg_index` of INCLUDE."""
        from sqlalchemy import text

        columns = (
            "ARRAY(SELECT a.attname::text FROM unnest(x.indkey) WITH ORDINALITY k(number, place) "
            "JOIN pg_attribute a ON a.attrelid = o.conrelid AND a.attnum = k.number "
            "WHERE k.place {} x.indnkeyatts ORDER BY k.place)"
        )
        asked = text(
            f"SELECT {columns.format('<=')}, {columns.format('>')}, o.condeferrable, o.condeferred "
            "FROM pg_constraint o JOIN pg_index x ON x.indexrelid = o.conindid JOIN pg_class c ON c.oid = o.conrelid "
            "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE o.contype = 'u' AND c.relname = :table "
            "AND n.nspname = COALESCE(CAST(:schema AS name), current_schema())"
        )
        found = {}
        for names, include, deferrable, deferred in connection.execute(asked, {"table": table, "schema": schema}):
            options = {
                "deferrable": deferrable,
                "initially": "DEFERRED" if deferred else None,
                "postgresql_include": include,
            }
            found[tuple(names)] = {option: value for option, value in options.items() if value}
        return found

    def exclusions(
        self, connection: Connection, schema: str | None, table: str | None = None
    ) -> dict[str, dict[str, str]]:
        """Return what `pg_get_constraintdef` says."""
        from sqlalchemy import text

        where = "n.nspname = :schema" if schema else "pg_table_is_visible(t.oid)"
        asked = text(
            "SELECT t.relname, k.conname, pg_get_constraintdef(k.oid) FROM pg_constraint k "
            "JOIN pg_class t ON t.oid = k.conrelid JOIN pg_namespace n ON n.oid = t.relnamespace "
            f"WHERE k.contype = 'x' AND {where}{' AND t.relname = :table' if table else ''}"
        )
        given = {key: value for key, value in (("schema", schema), ("table", table)) if value}
        found: dict[str, dict[str, str]] = {}
        for owner, name, definition in connection.execute(asked, given):
            found.setdefault(owner, {})[name] = definition
        return found

    def written_condition(self, text: str) -> str:
        """Return it with `IN` for the arrays that the server makes of it, which it would restate in another way."""

        def listed(found: re.Match[str]) -> str:
            return f"{found['value']} {'IN' if found['any'] else 'NOT IN'} ({CAST.sub('', found['items'])})"

        return CAST_ARRAY.sub(listed, text)

    def conditions(self, text: str) -> Iterable[str]:
        """Yield `IN` for the array that the server makes of it."""
        yield text
        if found := ARRAY.match(text):
            yield f"{found['value']} IN ({CAST.sub('', found['items'])})"
            yield f"{found['value']} IN ({found['items']})"

    def estimated_rows(self, connection: Connection, table: str, schema: str | None) -> int | None:
        """Return what the last ANALYZE counted in each page, times the pages that the table has now."""
        from sqlalchemy import text

        found = connection.execute(
            text(
                "SELECT c.reltuples, c.relpages, pg_relation_size(c.oid) / current_setting('block_size')::bigint "
                "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relname = :table "
                "AND n.nspname = COALESCE(CAST(:schema AS name), current_schema()) AND c.relkind IN ('r', 'm')"
            ),
            {"table": table, "schema": schema},
        ).first()
        if found is None:
            return None
        rows, pages, now = found
        return int(now * (rows / pages if rows > 0 and pages > 0 else ROWS_IN_A_PAGE))

    def details(self, error: BaseException) -> list[str]:
        """Return the server's DETAIL and HINT, with psycopg, psycopg2, asyncpg and pg8000."""
        said: dict[str, str] = {}
        # SQLAlchemy's adapter of asyncpg raises errors of its own
        for each in (error, error.__cause__):
            diagnostics = getattr(each, "diag", None)
            fields = each.args[0] if each is not None and each.args and isinstance(each.args[0], dict) else {}
            for name, key in (("detail", "D"), ("hint", "H")):
                text = getattr(diagnostics, f"message_{name}", None) or getattr(each, name, None) or fields.get(key)
                if isinstance(text, str):
                    said.setdefault(name.upper(), text)
        return [f"{name}: {text}" for name, text in said.items()]

    def already_there(self, error: BaseException) -> bool:
        """Return whether the SQLSTATE says that a table, an index, a type or another object exists."""
        return state_of(error) in EXISTING

    def unfinished(self, connection: Connection, statement: str) -> str:
        """Return the invalid index that a statement left, or took for a valid one."""
        return indexes.unfinished(connection, statement)

    def rename_index(self, table: str, schema: str, old: str, new: str) -> str:
        """Return `ALTER INDEX ... RENAME TO`."""
        return f"ALTER INDEX {schema}{old} RENAME TO {new}"

    def rename_constraint(self, table: str, kind: str, old: str, new: str) -> str:
        """Return `ALTER TABLE ... RENAME CONSTRAINT`."""
        return f"ALTER TABLE {table} RENAME CONSTRAINT {old} TO {new}"

    def rename_sequence(self, schema: str, old: str, new: str) -> str:
        """Return `ALTER SEQUENCE ... RENAME TO`."""
        return f"ALTER SEQUENCE {schema}{old} RENAME TO {new}"

    def create_schema(self, name: str) -> str:
        """Return `CREATE SCHEMA`."""
        return f"CREATE SCHEMA IF NOT EXISTS {name}"

    def drop_schema(self, name: str, text: str) -> Sequence[str]:
        """Return a block that keeps the schema if something is in it."""
        kept = "WHEN dependent_objects_still_exist THEN NULL"
        return [f"DO $$ BEGIN DROP SCHEMA IF EXISTS {name}; EXCEPTION {kept}; END $$"]

    def constraint_comments(self, connection: Connection, schema: str | None) -> dict[tuple[str, str], str]:
        """Return what `pg_description` has of constraints."""
        from sqlalchemy import text

        asked = text(
            "SELECT t.relname, o.conname, d.description FROM pg_description d "
            "JOIN pg_constraint o ON d.classoid = 'pg_constraint'::regclass AND o.oid = d.objoid "
            "JOIN pg_class t ON t.oid = o.conrelid JOIN pg_namespace n ON n.oid = t.relnamespace "
            "WHERE n.nspname = COALESCE(CAST(:schema AS name), current_schema())"
        )
        return {(table, name): said for table, name, said in connection.execute(asked, {"schema": schema})}

    def sequences(self, connection: Connection, schema: str | None) -> dict[str, DatabaseSequence]:
        """Return the sequences of `pg_sequence` that nothing owns."""
        from ellar_db.dialects.postgresql_catalog.numbering import unowned

        return unowned(connection, schema)

    def sequence_owners(self, connection: Connection) -> dict[str, str]:
        """Return what `pg_depend` says of all sequences."""
        asked = (
            "SELECT CAST(CAST(c.oid AS regclass) AS text), a.attname FROM pg_class c "
            "JOIN pg_depend d ON d.objid = c.oid AND d.classid = 'pg_class'::regclass "
            "AND d.refclassid = 'pg_class'::regclass "
            "JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid WHERE c.relkind = 'S'"
        )
        return {name: str(column) for name, column in connection.exec_driver_sql(asked)}

    def sequence_change(
        self, place: str, found: DatabaseSequence, declared: DatabaseSequence
    ) -> tuple[str, str] | None:
        """Return `ALTER SEQUENCE`."""
        from ellar_db.dialects.postgresql_catalog.numbering import altered

        return altered(place, found, declared)

    def plain_column(self, table: str, column: str, definition: str, *, stored: bool) -> str:
        """Return `ALTER COLUMN ... DROP EXPRESSION`."""
        return f"ALTER TABLE {table} ALTER COLUMN {column} DROP EXPRESSION" if stored else ""

    def numbering(self, column: Column[Any]) -> Numbering | None:
        """Return SERIAL or the identity of a column."""
        from ellar_db.dialects.postgresql_catalog.numbering import Numbering

        return Numbering.of(column)

    def renumbered(
        self,
        connection: Connection,
        column: Column[Any],
        schema: str | None,
        table: str,
        name: str,
        change: tuple[Numbering | None, Numbering | None],
        quote: Callable[[str], str],
    ) -> tuple[Steps, Steps]:
        """Return statements for the identity, or for the sequence and the default of SERIAL."""
        from ellar_db.dialects.postgresql_catalog.numbering import Renumbering

        return Renumbering(connection, column, schema, table, name, quote).steps(*change)

    def scratch_url(self, url: URL, folder: Path, name: str) -> URL:
        """Return the URL of another database on the server."""
        return url.set(database=name)

    def maintenance_databases(self, url: URL) -> list[str | None]:
        """Return the database that every server has, and the configured one, which may not exist yet."""
        return [MAINTENANCE, url.database]

    def create_database(self, connection: Connection, url: URL, like: URL) -> None:
        """Make a database, with the server's own defaults."""

        connection.execute(plain_text(f"CREATE DATABASE {quoted(connection.dialect, str(url.database))}"))

    def drop_database(self, connection: Connection, url: URL) -> None:
        """Drop the database; from PostgreSQL 13 on, even if there are connections to it."""

        forced = " WITH (FORCE)" if (connection.dialect.server_version_info or ()) >= (13,) else ""
        connection.execute(
            plain_text(f"DROP DATABASE IF EXISTS {quoted(connection.dialect, str(url.database))}{forced}")
        )

    def remove_database(self, connection: Connection, name: str) -> None:
        """Drop it; the server refuses if there are connections to it."""
        connection.execute(plain_text(f"DROP DATABASE {quoted(connection.dialect, name)}"))

    def remove_schema(self, connection: Connection, schema: str) -> None:
        """Drop it by CASCADE, which would also drop what depends on it elsewhere, such as views and foreign keys."""
        from ellar_db.dialects.postgresql_catalog.elsewhere import objects_elsewhere

        before = objects_elsewhere(connection, schema)
        connection.execute(plain_text(f"DROP SCHEMA {quoted(connection.dialect, schema)} CASCADE"))
        lost = before - objects_elsewhere(connection, schema)
        if lost:
            raise DbError(f"this would also drop {listed(sorted(lost))}; remove that first")

    def observer(self, connection: Connection, leave_out: Collection[str]) -> PostgreSQLObserver:
        """Return what looks at the statements of a revision."""
        from ellar_db.dialects.measuring.postgresql import PostgreSQLObserver

        return PostgreSQLObserver(connection, leave_out)

    def is_reached(self, connection: Connection, url: URL) -> str:
        """Ask the server for the current database."""
        from sqlalchemy import text

        return str(connection.execute(text("SELECT current_database()")).scalar())

    def schemas(self, inspector: Inspector) -> list[str | None]:
        """Return all schemas except the server's own."""
        own = {"information_schema", inspector.default_schema_name}
        return [None, *(name for name in inspector.get_schema_names() if name not in own and name[:3] != "pg_")]

    def objects(self, inspector: Inspector, schema: str | None) -> Iterator[tuple[str, str, str]]:
        """Yield materialized views, enum types and domains."""
        postgresql: Any = inspector
        for name in inspector.get_materialized_view_names(schema=schema):
            yield "materialized view", name, inspector.get_view_definition(name, schema=schema) or ""
        for enum in postgresql.get_enums(schema=schema):
            yield "type", enum["name"], f"({', '.join(enum['labels'])})"
        for domain in postgresql.get_domains(schema=schema):
            yield "domain", domain["name"], str(domain["type"])

    def tables_of_extensions(self, connection: Connection) -> frozenset[tuple[str | None, str]]:
        """Return the tables that `pg_depend` lists."""
        return _tables(
            connection,
            "JOIN pg_depend d ON d.objid = c.oid",
            "d.deptype = 'e' AND d.classid = 'pg_class'::regclass AND c.relkind IN ('r', 'p', 'f')",
        )

    def partitions(self, connection: Connection) -> frozenset[tuple[str | None, str]]:
        """Return the tables that `pg_class` says are partitions."""
        return _tables(connection, "", "c.relispartition AND c.relkind IN ('r', 'p', 'f')")


def _tables(connection: Connection, join: str, where: str) -> frozenset[tuple[str | None, str]]:
    """Return schema and name of the relations that meet a condition."""
    from sqlalchemy import text

    found = connection.execute(
        text(
            "SELECT n.nspname = current_schema(), n.nspname, c.relname FROM pg_class c "
            f"JOIN pg_namespace n ON n.oid = c.relnamespace {join} WHERE {where}"
        )
    )
    return frozenset((None if default else schema, table) for default, schema, table in found)


def state_of(error: BaseException) -> str | None:
    """Return the SQLSTATE of a driver's exception, or None."""
    for each in (error, error.__cause__):
        fields = each.args[0] if each is not None and each.args and isinstance(each.args[0], dict) else {}
        state = getattr(each, "sqlstate", None) or getattr(each, "pgcode", None) or fields.get("C")
        if isinstance(state, str):
            return state
    return None


def _prepared(connection: Connection) -> list[str]:
    """Return SQLAlchemy's prepared transactions on a database that were never ended, with what to do about each."""
    rows = connection.exec_driver_sql(
        "SELECT gid, prepared FROM pg_prepared_xacts WHERE database = current_database() "
        "AND left(gid, 4) = '_sa_' ORDER BY prepared"
    )
    return [
        f"the prepared transaction {gid} keeps its locks since {prepared:%Y-%m-%d %H:%M:%S}; end it with "
        f"`COMMIT PREPARED '{gid}'` or `ROLLBACK PREPARED '{gid}'`"
        for gid, prepared in rows
    ]


class PostgreSQLLock(ServerLock):
    """An advisory lock, which belongs to one database of the server."""

    def prepare(self, connection: Connection) -> None:
        """Name the session, for runs that wait, and disable its time-outs."""
        from sqlalchemy import text

        name = f"ellar_db process {os.getpid()} on {socket.gethostname()}"[:63]
        values = {"application_name": name, "statement_timeout": "0"}
        # the session is idle during the run
        if (connection.dialect.server_version_info or ()) >= (14,):
            values["idle_session_timeout"] = "0"
        calls = ", ".join(f"set_config('{setting}', :{setting}, false)" for setting in values)
        connection.execute(text(f"SELECT {calls}"), values)

    def try_to_lock(self, connection: Connection) -> bool:
        """Try `pg_try_advisory_lock`."""
        from sqlalchemy import text

        # behind a pooler, the session of a later statement may be another one
        asked = text("SELECT pg_try_advisory_lock(:key), pg_backend_pid()")
        locked, session = connection.execute(asked, {"key": self._number(connection)}).one()
        self.session = session if locked else None
        return bool(locked)

    def ask_session(self, connection: Connection) -> int | None:
        """Look up the session in `pg_locks`."""
        from sqlalchemy import text

        asked = text(f"SELECT l.pid FROM pg_locks l WHERE {HELD}")
        found: int | None = connection.execute(asked, {"key": self._number(connection)}).scalar()
        return found

    def ask_holder(self, connection: Connection) -> str:
        """Look up the holder in `pg_locks`."""
        from sqlalchemy import text

        found = connection.execute(
            text(
                "SELECT a.pid, a.application_name, a.client_addr, a.state_change FROM pg_locks l "
                f"JOIN pg_stat_activity a ON a.pid = l.pid WHERE {HELD}"
            ),
            {"key": self._number(connection)},
        ).first()
        if found is None:
            return ""
        name = str(found.application_name or "").removeprefix("ellar_db ")
        who = name if name.startswith("process ") else f"{name or 'a session'} at {found.client_addr or 'the server'}"
        since = found.state_change.astimezone().strftime("%H:%M:%S")
        return f"{who} (backend {found.pid}) since {since}"

    def _number(self, connection: Connection) -> int:
        """Return the lock's number, 63 bits of a hash of the version table's full name."""
        from sqlalchemy import text

        key = self.key
        if "." not in key:
            key = f"{connection.execute(text('SELECT current_schema()')).scalar()}.{key}"
        return int.from_bytes(hashlib.sha256(f"ellar_db {key}".encode()).digest()[:8], "big") >> 1
