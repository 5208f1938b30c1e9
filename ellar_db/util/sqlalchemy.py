"""SQLAlchemy's private names and undocumented behaviour that ellar_db relies on: one function for each."""

from __future__ import annotations

import copy
import selectors
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Connection, Constraint, Dialect, Engine
    from sqlalchemy import Sequence as Sequence_
    from sqlalchemy.sql.compiler import DDLCompiler
    from sqlalchemy.types import TypeEngine


def engine_with_own_pool(engine: Engine) -> Engine:
    """Return a copy of an engine that shares everything with it except the connections.

    `OptionEngine._proxied` is needed since an engine from `Engine.execution_options` has no pool of its own: it uses
    that of the engine behind it, which must be copied too. The fallback is a new engine, which lacks the listeners.
    """
    other = copy.copy(engine)
    base = getattr(engine, "_proxied", None)
    if base is None:
        other.pool = engine.pool.recreate()
    else:
        vars(other)["_proxied"] = engine_with_own_pool(base)
    return other


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
        with selectors.DefaultSelector() as selector:
            selector.register(source.fileno(), selectors.EVENT_READ)
            return not selector.select(0)
    except (OSError, ValueError, KeyError):  # a connection that is closed already
        return False
    except Exception as error:  # drivers raise errors of their own for one that is closed
        if type(error).__module__.partition(".")[0] not in ("psycopg", "psycopg2"):
            raise
        return False


def listeners(target: Any, event: str) -> Sequence[Any]:
    """Return the functions that listen to an event of an engine or a pool.

    The attribute `dispatch`, which isn't documented, is needed since `sqlalchemy.event` only answers whether a known
    function listens. There is no public fallback.

    Args:
        target: The engine or the pool.
        event: The event's name, as in `sqlalchemy.event.listen`.
    """
    return list(getattr(target.dispatch, event))


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
