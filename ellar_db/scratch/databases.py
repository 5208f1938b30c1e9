"""Scratch databases: each replaces one of the application's, is made empty, and is dropped at the end."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import replace
from pathlib import Path
from traceback import walk_tb
from typing import TYPE_CHECKING, Any

from ellar_db.databases.connections import connected, in_event_loop
from ellar_db.databases.database import Database, Databases
from ellar_db.databases.factory import make_databases
from ellar_db.dialects.base import Dialect
from ellar_db.plugins.dialects import dialect_named, dialect_of
from ellar_db.plugins.manager import PluginManager, get_plugin_manager
from ellar_db.scratch.leftovers import drop_left, new_name, noted
from ellar_db.util.errors import DbError, UnavailableError, meant, summary
from ellar_db.util.sqlalchemy import dialect_apart, is_called_once, listeners

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine


_asking: ContextVar[bool] = ContextVar("ellar_db_scratch_asking", default=False)
"""Whether an engine is only asked how it would connect."""

_guarding: ContextVar[bool] = ContextVar("ellar_db_scratch_guarding", default=False)


class NotScratchError(RuntimeError):
    """A connection to a database that isn't a scratch database was refused."""


class OwnWayError(DbError):
    """An engine connects in its own way, and so can't be led to another database."""


class _HowError(Exception):
    """How an engine would connect, raised instead of connecting."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.options = dict(options)


@contextmanager
def scratch_databases(
    databases: Databases, urls: Mapping[str, str], folder: Path, manager: PluginManager
) -> Iterator[Databases]:
    """Make a scratch database for each of the application's, and drop them at the end.

    SQLite's are files in a folder. Others are on the server of the configured one, or on the server of a given URL.
    Without such a URL they are reached with the application's own engine, whose listeners and options are kept.

    Args:
        databases: The application's databases.
        urls: URLs that replace the application's, by the database's name; "" stands for all others.
        folder: The folder for files.
        manager: The plugins, which know how each kind of database is made.

    Yields:
        The same databases, with engines for the scratch ones.

    Raises:
        DbError: A URL is for an unknown database, or a scratch database can't be made.
        UnavailableError: A server can't be reached.
    """
    unknown = sorted(set(urls) - set(databases) - {""})
    if unknown:
        near = meant(unknown[0], databases)
        raise DbError(f"a URL is given for {', '.join(unknown)}; there is {', '.join(databases)}{near}")
    made: dict[int, Database] = {}
    with ExitStack() as stack:
        for name, database in databases.items():
            # a scratch database is whole, and needs no schema of its own
            database = database.without_schema
            url = urls.get(name, urls.get(""))
            if url is not None:
                database = replace(database, engine=make_databases({name: url}, pooled=False)[name].engine)
            key = id(database.sync_engine)
            # two names with one engine are two names of one database, here too
            found = made.get(key)
            made[key] = (
                stack.enter_context(_scratch(database, dialect_of(manager, database), folder))
                if found is None
                else replace(database, engine=found.engine)
            )
            databases = Databases([made[key] if one.name == name else one for one in databases.values()])
        yield databases


@contextmanager
def guarded(env: str = "") -> Iterator[None]:
    """Refuse all connections except those to scratch databases, in this thread and in those that it starts.

    Blocks may be within each other.

    Args:
        env: The path of the env.py that runs, if one does.

    Raises:
        DbError: Another connection was attempted; it was not made.
    """
    from sqlalchemy import Engine, event

    # SQLAlchemy knows a listener once, and so the end of an inner block would remove that of the outer one
    outermost = not _guarding.get()
    if outermost:
        event.listen(Engine, "do_connect", _refuse)
    token = _guarding.set(True)
    try:
        yield
    except NotScratchError as error:
        if _connects_by_itself(env, error):
            raise DbError(
                f"{env} connects to databases by itself, and so can't be given scratch databases; let it call "
                "ellar_db.env.run()"
            ) from error
        raise DbError(str(error)) from error
    finally:
        _guarding.reset(token)
        if outermost:
            event.remove(Engine, "do_connect", _refuse)


def is_guarding() -> bool:
    """Return whether only scratch databases can be connected to."""
    return _guarding.get()


def _connects_by_itself(env: str, error: BaseException) -> bool:
    """Return whether an error was raised by env.py, and not by a revision that runs within it."""
    within, file = False, os.path.abspath(env) if env else ""
    for frame, _ in walk_tb(error.__traceback__):
        if os.path.abspath(frame.f_code.co_filename) == file:
            within = True
        elif frame.f_globals.get("__name__") == "alembic.runtime.migration":
            within = False
    return within


def _refuse(dialect: Any, record: Any, arguments: Any, options: Mapping[str, Any]) -> None:
    # engines of scratch databases have a creator, and so don't call this
    if _guarding.get() and not _asking.get():
        name = next((options[key] for key in ("dbname", "database", "db") if key in options), None)
        known = dialect_named(get_plugin_manager(), dialect.name)
        # for an embedded database the first argument is its file; for others it may contain a password
        target = name or (arguments[0] if known.embedded and arguments else "")
        # not a DbError, which is shown as it is: this one is shown with the revision that caused it
        raise NotScratchError(
            f"{dialect.name} {target} was to be connected to, which is no scratch database; migrations must use the "
            "connection that Alembic gives them (op.get_bind())"
        )


@contextmanager
def _scratch(database: Database, dialect: Dialect, folder: Path) -> Iterator[Database]:
    name = new_name()
    like = database.sync_engine.url
    url = dialect.scratch_url(like, folder, database.token if dialect.embedded else name)
    if url is None:
        kind = database.sync_engine.dialect.name
        raise DbError(
            f"no scratch database can be made for {database.name!r}, which is of the kind {kind}; name one of SQLite, "
            f"PostgreSQL, MySQL or MariaDB with --ellar-db-url {database.name}=URL"
        )
    with ExitStack() as stack:
        if dialect.maintenance_databases(like):

            def drop(name: str) -> None:
                there = dialect.scratch_url(like, folder, name)
                assert there is not None
                administered(database, dialect, lambda connection: dialect.drop_database(connection, there))

            drop_left(like, drop)
            forget = stack.enter_context(noted(name, like))
            try:
                administered(database, dialect, lambda connection: dialect.create_database(connection, url, like))
            except DbError:
                forget()
                raise

            def end() -> None:
                drop(name)
                forget()

            stack.callback(end)
        made = stack.enter_context(_redirected(database, url))
        if dialect.embedded:
            # the file of an empty database
            Path(str(url.database)).touch()
        _verify(made, dialect, url)
        yield made


def administered(
    database: Database, dialect: Dialect, work: Callable[[Connection], Any], refused: str = "", advice: str = ""
) -> None:
    """Call a function that makes or drops a database, with a connection to the server and without a transaction.

    Args:
        database: A database of the server.
        dialect: Its kind.
        work: The function.
        refused: What can't be done if it fails, for messages; by default that no scratch database can be made.
        advice: What to do then.

    Raises:
        DbError: The server refuses.
        UnavailableError: The server can't be reached.
    """
    from sqlalchemy.exc import SQLAlchemyError

    url = database.sync_engine.url
    targets = dialect.maintenance_databases(url)

    def unbound(databases: Sequence[Database]) -> None:
        with connected(databases[0]) as connection:
            work(connection.execution_options(isolation_level="AUTOCOMMIT"))

    for last, target in ((name == targets[-1], name) for name in targets):
        try:
            with _redirected(database, _with_database(url, target)) as there:
                in_event_loop([there], unbound)
                return
        except UnavailableError:
            if last:
                raise
        except OwnWayError as error:
            if not refused:
                raise
            raise DbError(f"{refused}: its engine connects in its own way (creator); do it by hand") from error
        except SQLAlchemyError as error:
            other = f", or name another server with --ellar-db-url {database.name}=URL"
            refused = refused or f"no scratch database can be made beside {database.name!r} ({database.url})"
            told = "; ".join([summary(error), *dialect.details(getattr(error, "orig", None) or error)])
            raise DbError(f"{refused}: {told}; {advice or f'let its user make databases{other}'}") from error


def _with_database(url: URL, name: str | None) -> URL:
    from sqlalchemy import URL

    parts = url._asdict()
    return URL.create(**{**parts, "database": name})


@contextmanager
def _redirected(database: Database, url: URL) -> Iterator[Database]:
    """Return a database whose engine is a copy of the original's that connects to another URL."""
    from sqlalchemy import event, pool

    original = database.sync_engine
    engine = copy.copy(original)
    engine.url = url
    dialect = engine.dialect = dialect_apart(original.dialect)
    own = dict(original.dialect.create_connect_args(original.url)[1])

    def connect() -> Any:
        # options that aren't in the URL come from elsewhere, such as connect_args or a listener
        asked = _connect_options(database.name, original)
        others = {key: value for key, value in asked.items() if key not in own or own[key] != value}
        arguments, options = dialect.create_connect_args(url)
        return dialect.connect(*arguments, **{**options, **others})

    engine.pool = pool.NullPool(connect, dialect=dialect)
    for listener in listeners(original.pool, "connect"):
        if not is_called_once(listener):
            event.listen(engine.pool, "connect", listener)
    event.listen(original, "do_connect", _tell_how)
    made = replace(database, engine=engine)
    try:
        in_event_loop([made], initialize)
        yield made
    finally:
        event.remove(original, "do_connect", _tell_how)


def initialize(databases: Sequence[Database]) -> None:
    """Let the dialect of a database's engine know the database, as an engine's first connection does.

    Args:
        databases: The database.
    """
    with connected(databases[0]) as connection:
        connection.dialect.initialize(connection)


def _tell_how(dialect: Any, record: Any, arguments: Any, options: Mapping[str, Any]) -> None:
    if _asking.get():
        raise _HowError(options)


def _connect_options(name: str, engine: Engine) -> dict[str, Any]:
    """Return the options with which an engine would connect.

    Raises:
        DbError: The engine connects in its own way (`creator`).
    """
    token = _asking.set(True)
    pool = engine.pool.recreate()
    try:
        pool.connect().close()
    except _HowError as told:
        return told.options
    finally:
        pool.dispose()
        _asking.reset(token)
    raise OwnWayError(
        f"the engine of the database {name!r} can't be led to a scratch database, since it connects in its own way "
        f"(creator); name a URL with --ellar-db-url {name}=URL"
    )


def _verify(database: Database, dialect: Dialect, url: URL) -> None:
    """Check that the connection reaches the scratch database.

    Raises:
        DbError: The connection reaches another database, which `connect_args` name.
    """

    def ask(databases: Sequence[Database]) -> str:
        with connected(databases[0]) as connection:
            return dialect.is_reached(connection, url)

    reached = in_event_loop([database], ask)
    if reached != url.database:
        raise DbError(
            f"the engine of the database {database.name!r} can't be led to a scratch database, since its connect_args "
            f"name {reached}; name a URL with --ellar-db-url {database.name}=URL"
        )
