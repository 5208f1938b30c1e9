"""SQLAlchemy's private names and undocumented behaviour that ellar_db relies on: one function for each."""

from __future__ import annotations

import copy
import re
import select
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from sqlalchemy import Connection, Constraint, Dialect, Engine, Pool, TextClause
    from sqlalchemy import Sequence as Sequence_
    from sqlalchemy.sql.compiler import DDLCompiler
    from sqlalchemy.types import TypeEngine

PRAGMAS = {
    "table_xinfo": "pragma_table_xinfo(m.name, 'main') AS p",
    "foreign_key_list": "pragma_foreign_key_list(m.name, 'main') AS p",
    "index_list": "pragma_index_list(m.name, 'main') AS p",
    "index_info": "pragma_index_list(m.name, 'main') AS i, pragma_index_info(i.name, 'main') AS p",
}
"""How each question that SQLAlchemy asks about a table, or an index, is asked about those of all tables."""

TABLES = "sqlite_master AS m{also} WHERE m.type = 'table' AND m.sql NOT LIKE 'CREATE VIRTUAL%'"

ODD = re.compile(r"""(["`])(?:(?!\1).)*[():,"`\[\]](?:(?!\1).)*\1|""\"|``""")
"""A name in quotes that has a character with a meaning."""

_tables: WeakKeyDictionary[Connection, dict[tuple[str, str], list[Any]]] = WeakKeyDictionary()
"""What was read at once of the tables of a connection, by question and name."""


def engine_with_own_pool(engine: Engine, *, pooled: bool = True) -> Engine:
    """Return a copy of an engine that shares everything with it except the connections.

    `OptionEngine._proxied` is needed since an engine from `Engine.execution_options` has no pool of its own: it uses
    that of the engine behind it, which must be copied too. The fallback is a new engine, which lacks the listeners.

    Args:
        engine: The engine.
        pooled: Keep the kind of pool; else each connection is closed when it is given back.
    """
    other = copy.copy(engine)
    base = getattr(engine, "_proxied", None)
    if base is None:
        other.pool = engine.pool.recreate() if pooled else _unpooled(engine.pool)
    else:
        vars(other)["_proxied"] = engine_with_own_pool(base, pooled=pooled)
    return other


def _unpooled(pool: Pool) -> Pool:
    """Return a pool that keeps no connections, and is otherwise like another one.

    `Pool._creator`, `_dispatch`, `_dialect` and `_reset_on_return` are needed since `Pool.recreate` only makes a pool
    of the same class. The fallback is that method.
    """
    from sqlalchemy import NullPool

    try:
        return NullPool(
            pool._creator, dialect=pool._dialect, reset_on_return=pool._reset_on_return, _dispatch=pool.dispatch
        )
    except (AttributeError, TypeError):
        return pool.recreate()


def dialect_apart(dialect: Dialect) -> Any:
    """Return an independent copy of a dialect, which stores facts about the database that it first connected to.

    The attributes of a dialect that refer back to it, as `identifier_preparer` does, are copied too. They are public,
    but SQLAlchemy documents neither all of them nor how they are made. The fallback is a new dialect, made by
    `create_engine`, which lacks the options that the application gave.
    """
    copied = copy.copy(dialect)
    for name, value in vars(dialect).items():
        if getattr(value, "dialect", None) is dialect:
            setattr(copied, name, type(value)(copied))
    return copied


def quoted(dialect: Dialect, name: str) -> str:
    """Return a name quoted for a statement that goes to the driver as it is.

    `IdentifierPreparer.quote_identifier` is public, but doubles percent signs for drivers that format their statements.

    Args:
        dialect: The dialect.
        name: The name, of printable characters.

    Example:
        >>> from sqlalchemy.dialects import mysql
        >>> quoted(mysql.dialect(), "100%")
        '`100%`'
    """
    return dialect.identifier_preparer.quote_identifier(name.replace("%", "\0")).replace("\0", "%")


def plain_text(statement: str) -> TextClause:
    """Return a statement in which a colon is no parameter.

    Args:
        statement: The statement, with names from `quoted`.
    """
    from sqlalchemy import text

    return text(statement.replace(":", "\\:"))


def isolation_level_of_engine(dialect: Dialect) -> str | None:
    """Return the isolation level that was given to `create_engine`, or None.

    `Dialect._on_connect_isolation_level` is needed since the public `Connection.get_isolation_level` asks the database,
    and with some drivers doesn't report AUTOCOMMIT. The fallback is that method.
    """
    return dialect._on_connect_isolation_level


def is_silent(connection: Connection) -> bool:
    """Return whether a server has sent nothing to a connection that waits for nothing; False if that can't be known.

    A server that ends a session closes its socket, which can then be read. psycopg and psycopg2 have a public
    `fileno()`; `_sock` of PyMySQL, `_transport` of asyncpg and `_writer` of aiomysql are needed since these have none.
    The fallback is to ask the server.
    """
    driver: Any = connection.connection.driver_connection
    source = driver if hasattr(driver, "fileno") else getattr(driver, "_sock", None)
    transport = getattr(driver, "_transport", None) or getattr(getattr(driver, "_writer", None), "transport", None)
    if source is None and transport is not None:
        source = transport.get_extra_info("socket")
    if source is None:
        return False
    try:
        return not _is_readable(source.fileno())
    except (OSError, ValueError, KeyError):  # a connection that is closed already
        return False
    except Exception as error:  # drivers raise errors of their own for one that is closed
        if type(error).__module__.partition(".")[0] not in ("psycopg", "psycopg2"):
            raise
        return False


def _is_readable(number: int) -> bool:
    """Return whether a socket can be read, so that what has come is known before it is read."""
    if hasattr(select, "poll"):
        # two system calls, where a selector needs five, before each revision
        asked = select.poll()
        asked.register(number, select.POLLIN)
        return bool(asked.poll(0))
    # Windows has no poll, and its select takes sockets of any number
    return bool(select.select([number], [], [], 0)[0])


def listeners(target: Any, event: str) -> Sequence[Any]:
    """Return the functions that listen to an event of an engine or a pool.

    The attribute `dispatch`, which isn't documented, is needed since `sqlalchemy.event` only answers whether a known
    function listens. There is no public fallback.

    Args:
        target: The engine or the pool.
        event: The event's name, as in `sqlalchemy.event.listen`.
    """
    return list(getattr(target.dispatch, event))


def is_called_once(listener: Any) -> bool:
    """Return whether a listener is called for the first event only, such as SQLAlchemy's own of a pool's `connect`.

    That one tells the dialect of its engine about the database of the first connection, of any pool. The module of the
    wrapper that SQLAlchemy puts around such a function is the only sign of it. The fallback is to connect
    the engine before its listeners are copied.

    Args:
        listener: One of `listeners`.
    """
    return getattr(listener, "__module__", "") == "sqlalchemy.util.langhelpers"


def has_variants(type_: TypeEngine[Any]) -> bool:
    """Return whether a column type has variants for some kinds of databases (`with_variant`).

    `TypeEngine._variant_mapping` is needed since SQLAlchemy shows a variant only by compiling the type for its
    dialect. There is no public fallback.
    """
    return bool(getattr(type_, "_variant_mapping", None))


def is_type_bound(constraint: Constraint) -> bool:
    """Return whether a constraint was made by a column's type, such as the CHECK of an Enum.

    `Constraint._type_bound` is needed since such a constraint is otherwise like one that was stated. The fallback is to
    compare its expression with the type's values.
    """
    return bool(getattr(constraint, "_type_bound", False))


def is_created(constraint: Constraint, dialect: Dialect) -> bool:
    """Return whether a constraint is part of the CREATE TABLE of its table.

    `Constraint._create_rule` is needed since the CHECK of a Boolean or Enum depends on the kind of database. The
    fallback is to look for it in the compiled CREATE TABLE.
    """
    rule = getattr(constraint, "_create_rule", None)
    return rule is None or bool(rule(ddl_compiler(dialect)))


def ddl_compiler(dialect: Dialect) -> DDLCompiler:
    """Return what renders the parts of a CREATE TABLE, such as a single constraint.

    That `Dialect.ddl_compiler` may be made without a statement is needed since a constraint can be compiled only as a
    part of one. The fallback is to compile a CREATE TABLE and to take it apart.
    """
    statement: Any = None
    return dialect.ddl_compiler(dialect, statement)


def sequences_of(metadata: Any, dialect: Dialect) -> list[Sequence_]:
    """Return the sequences that `create_all` makes of the models, those that are the default of a column too.

    `MetaData._sequences` is needed since a sequence that no column has is found nowhere else. The fallback is to look
    at the columns.

    Args:
        metadata: The metadata, or several.
        dialect: The database's dialect.
    """
    several = metadata if isinstance(metadata, (list, tuple)) else [metadata]
    return [
        sequence
        for each in several
        for sequence in getattr(each, "_sequences", {}).values()
        if not (sequence.optional and dialect.sequences_optional)
    ]


def know_sqlite_tables(connection: Connection) -> Callable[[], None]:
    """Let SQLAlchemy reflect the tables of a SQLite database by five queries, instead of eleven for each table.

    `SQLiteDialect._get_table_pragma` and `_get_table_sql` are needed since the public reflection asks each table anew,
    and some of it several times. They are replaced on the dialect's object, for as long as the returned function isn't
    called. The fallback is SQLAlchemy's own, which is also asked about what wasn't read: views, virtual and temporary
    tables, other schemas.

    Args:
        connection: The connection that reflects; the tables mustn't change meanwhile.

    Returns:
        A function that forgets what was read.
    """
    from sqlalchemy.exc import DBAPIError

    dialect: Any = connection.dialect
    if hasattr(dialect, "_get_table_pragma") and hasattr(dialect, "_get_table_sql"):
        try:
            _tables[connection] = _read_sqlite_tables(connection)
        except DBAPIError:
            # a release of SQLite that has no such functions
            pass
        else:
            if "_get_table_pragma" not in vars(dialect):
                _replace_reflection(dialect)

    return partial(forget_sqlite_tables, connection)


def forget_sqlite_tables(connection: Connection) -> None:
    """Forget what `know_sqlite_tables` read, as before a run that changes the tables."""
    _tables.pop(connection, None)


def _read_sqlite_tables(connection: Connection) -> dict[tuple[str, str], list[Any]]:
    query = f"SELECT m.name, m.sql FROM {TABLES.format(also='')}"
    known: dict[tuple[str, str], list[Any]] = {
        ("sql", name): [sql] for name, sql in connection.exec_driver_sql(query).fetchall()
    }
    for pragma, source in PRAGMAS.items():
        owner = "i.name" if pragma == "index_info" else "m.name"
        query = f"SELECT {owner}, p.* FROM {TABLES.format(also=f', {source}')}"
        for name, *row in connection.exec_driver_sql(query).fetchall():
            known.setdefault((pragma, name), []).append(tuple(row))
    return known


def _replace_reflection(dialect: Any) -> None:
    ask, sql = dialect._get_table_pragma, dialect._get_table_sql

    def get_table_pragma(connection: Connection, pragma: str, table_name: str, schema: str | None = None) -> Any:
        known = _tables.get(connection) if schema is None else None
        if known is not None and ("sql", table_name) in known and pragma in PRAGMAS:
            return known.get((pragma, table_name), [])
        rows = None if known is None else known.get((pragma, table_name))
        return ask(connection, pragma, table_name, schema=schema) if rows is None else rows

    def get_table_sql(connection: Connection, table_name: str, schema: str | None = None, **options: Any) -> Any:
        known = _tables.get(connection) if schema is None else None
        found = None if known is None else known.get(("sql", table_name))
        return sql(connection, table_name, schema=schema, **options) if found is None else found[0]

    vars(dialect).update(_get_table_pragma=get_table_pragma, _get_table_sql=get_table_sql)


def read_odd_uniques(dialect: Any, uniques: Callable[[str], Iterable[tuple[str | None, Sequence[str]]]]) -> None:
    """Let SQLAlchemy find the UNIQUE constraints of SQLite tables whose names have parentheses, colons or quotes.

    `SQLiteDialect.get_unique_constraints` is public, but replaced on the dialect's object, for good: it looks for the
    constraints in the statement's text by a pattern that such names don't match. The fallback is SQLAlchemy's own.

    Args:
        dialect: SQLAlchemy's dialect, of one engine.
        uniques: Returns the name and the columns of each UNIQUE constraint of a CREATE TABLE.
    """
    if "get_unique_constraints" in vars(dialect):
        return
    original = dialect.get_unique_constraints

    def get_unique_constraints(
        connection: Connection, table_name: str, schema: str | None = None, **options: Any
    ) -> list[dict[str, Any]]:
        catalog = f"{dialect.identifier_preparer.quote(schema or 'main')}.sqlite_master"
        asked = (
            f"SELECT sql FROM {catalog} WHERE type = 'table' AND name = ? AND sql LIKE '%UNIQUE%' "
            "AND sql NOT LIKE 'CREATE VIRTUAL%'"
        )
        known = _tables.get(connection, {}).get(("sql", table_name)) if schema is None else None
        sql = known[0] if known else connection.exec_driver_sql(asked, (table_name,)).scalar()
        if not sql or "UNIQUE" not in sql.upper() or not ODD.search(sql):
            found: list[dict[str, Any]] = original(connection, table_name, schema=schema, **options)
            return found
        return [{"name": name, "column_names": list(columns)} for name, columns in uniques(sql)]

    vars(dialect)["get_unique_constraints"] = get_unique_constraints
