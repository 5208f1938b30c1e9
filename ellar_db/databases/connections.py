"""Connections with any driver: one code path for sync and async engines."""

from __future__ import annotations

import contextvars
import logging
import math
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from ellar_db.util.drivers.aiosqlite import is_worker
from ellar_db.util.drivers.pymysql import connector
from ellar_db.util.errors import UnavailableError, summary
from ellar_db.util.sqlalchemy import engine_with_own_pool

if TYPE_CHECKING:
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    from sqlalchemy import Connection, Engine


log = logging.getLogger("ellar_db")

T = TypeVar("T")


class Connectable(Protocol):
    """Anything that can be connected to, such as a `Database`."""

    @property
    def name(self) -> str:
        """The name, for messages."""

    @property
    def url(self) -> str:
        """The URL without its password, for messages."""

    @property
    def is_async(self) -> bool:
        """Whether the driver is asynchronous."""

    @property
    def sync_engine(self) -> Engine:
        """The engine, or the sync facade of an async one."""


D = TypeVar("D", bound=Connectable)


class UnreachableError(UnavailableError):
    """A database can't be reached.

    Args:
        database: The database.
        what: What went wrong.
        advice: What to do, as long as nothing is known about the kind of database.
    """

    def __init__(self, database: Connectable, what: str, advice: str) -> None:
        super().__init__(f"{what}; {advice}")
        self.database = database
        self.what = what

    def advised(self, advice: str) -> UnavailableError:
        """Return the same error with another advice; without one, this error."""
        return UnavailableError(f"{self.what}; {advice}") if advice else self


class UnusableError(UnavailableError):
    """A database can't be used, which isn't known yet by its name.

    Args:
        subject: How the message calls it.
        what: What is wrong with it, the rest of the message.
    """

    def __init__(self, subject: str, what: str) -> None:
        super().__init__(f"{subject} {what}")
        self.subject = subject

    def named(self, name: str) -> UnavailableError:
        """Return the same error with another subject."""
        return UnavailableError(f"{name}{self.message.removeprefix(self.subject)}")


USED = "_ellar_db_database"
"""Where an error of SQLAlchemy's keeps the database on which it was raised."""

GRACE = 1.0
"""Maximum seconds to wait for the end of a thread that has nothing more to do."""

MISTAKES = (TypeError, ValueError, LookupError, AttributeError)
"""Errors of arguments that the driver rejects; it will reject them later too."""

PAUSE = 0.2
"""Seconds between two attempts to reach a database."""

ATTEMPT = 5.0
"""Maximum seconds of one attempt out of several, so that a server that doesn't answer is reported and retried."""

BOUNDS = {
    "psycopg": "connect_timeout",
    "psycopg_async": "connect_timeout",
    "psycopg2": "connect_timeout",
    "asyncpg": "timeout",
    "pymysql": "connect_timeout",
    "mysqldb": "connect_timeout",
    "aiomysql": "connect_timeout",
    "asyncmy": "connect_timeout",
}
"""The drivers' names for the time-out of an attempt, in seconds."""


@contextmanager
def connected(database: Connectable, wait: float = 0.0) -> Iterator[Connection]:
    """Open a connection; for an async engine, only inside of `in_event_loop` or a `Caller`.

    Args:
        database: The database.
        wait: Seconds to keep trying if it can't be reached.

    Raises:
        UnavailableError: The database can't be reached.
    """
    with _connect(database, wait) as connection, naming(database, connection):
        yield connection


@contextmanager
def naming(database: Connectable, connection: Connection) -> Iterator[None]:
    """Let errors of a connection name its database, by `named_in`.

    Args:
        database: The database.
        connection: Its connection.
    """
    from sqlalchemy.exc import DBAPIError

    try:
        yield
    except UnusableError as error:
        if connection_in(error) is not connection:
            raise
        raise error.named(_named(database)) from error.__cause__
    except DBAPIError as error:
        if connection_in(error) is connection:
            vars(error)[USED] = database
        raise


def connection_in(error: BaseException) -> Connection | None:
    """Return the connection on which an error was raised, or None if there was none.

    Args:
        error: The error, with its traceback.
    """
    from sqlalchemy import Connection

    found = None
    for frame, _ in traceback.walk_tb(error.__traceback__):
        named = [frame.f_locals.get(name) for name in ("self", "connection")]
        found = next((each for each in named if isinstance(each, Connection)), found)
    return found


def named_in(error: BaseException) -> str:
    """Return how messages name the database on which an error was raised, as far as that is known.

    Args:
        error: The error, with its traceback.
    """
    database, connection = vars(error).get(USED), connection_in(error)
    if database is not None:
        return _named(database)
    return "the database" if connection is None else f"the database {connection.engine.url.render_as_string()}"


def _named(database: Connectable) -> str:
    return f"the database {database.name!r} ({database.url})"


def in_event_loop(databases: Sequence[D], work: Callable[[Sequence[D]], T]) -> T:
    """Call a synchronous function in one greenlet of one event loop if an engine is async, else directly.

    Args:
        databases: The databases of the work.
        work: The function, called with the databases; async ones may be copies with connections of their own.

    Returns:
        What the function returned.
    """
    if not any(database.is_async for database in databases):
        return work(databases)
    from sqlalchemy.util import greenlet_spawn

    async def run(databases: Sequence[D]) -> T:
        threads = set(threading.enumerate())
        try:
            return await greenlet_spawn(work, databases)
        except UnavailableError:
            _let_end(set(threading.enumerate()) - threads)
            raise
        finally:
            for database in databases:
                # the pool's connections belong to this loop; an in-memory database is its pool's one connection
                if database.is_async and not _is_in_memory(database.sync_engine):
                    await greenlet_spawn(database.sync_engine.dispose)

    # a shell that completes a rule's code needs none of it
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    # connections in the application's pools belong to an event loop of the application
    others = [apart(database) if database.is_async else database for database in databases]
    try:
        asyncio.get_running_loop()
    except RuntimeError:  # no loop runs in this thread
        return asyncio.run(run(others))
    # a loop runs in this thread already: take another thread
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(contextvars.copy_context().run, asyncio.run, run(others)).result()


class Caller:
    """Calls functions that use one database's connection, one after the other, until it is closed.

    For an async engine they run in a separate event loop and thread.

    Args:
        database: The database.
    """

    def __init__(self, database: Connectable) -> None:
        self._thread: ThreadPoolExecutor | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        if database.is_async:
            import asyncio
            from concurrent.futures import ThreadPoolExecutor

            self._thread = ThreadPoolExecutor(max_workers=1)
            self._loop = asyncio.new_event_loop()

    def __call__(self, work: Callable[..., T], *arguments: Any) -> T:
        """Call a function and return its result."""
        if self._thread is None or self._loop is None:
            return work(*arguments)
        from sqlalchemy.util import greenlet_spawn

        context = contextvars.copy_context()
        return self._thread.submit(
            context.run, self._loop.run_until_complete, greenlet_spawn(work, *arguments)
        ).result()

    def close(self) -> None:
        """End the event loop and its thread."""
        if self._thread is not None and self._loop is not None:
            self._thread.submit(self._loop.close).result()
            self._thread.shutdown()


@contextmanager
def briefly(connection: Connection, *, keep: bool = False) -> Iterator[None]:
    """Execute a few statements, and leave the connection's transaction as it was.

    If the connection is in a transaction, they take place in a savepoint of it; else their transaction is ended.

    Args:
        connection: The connection.
        keep: Commit what they changed, instead of rolling it back. In PostgreSQL a setting made in a transaction is
            lost if that is rolled back.
    """
    if connection.in_transaction():
        with connection.begin_nested():
            yield
        return
    try:
        yield
        if keep:
            connection.commit()
    finally:
        connection.rollback()


def apart(database: D) -> D:
    """Return a database whose engine shares everything with the application's except the connections.

    A database in memory is returned unchanged: its connection is the database itself.
    """
    from dataclasses import replace

    engine = database.sync_engine
    if _is_in_memory(engine):
        return database
    # unlike a new engine, a copy keeps the application's listeners and options
    made: D = replace(database, engine=engine_with_own_pool(engine))  # type: ignore[type-var]  # a dataclass with an engine
    return made


def _connect(database: Connectable, wait: float) -> Connection:
    from sqlalchemy.exc import SQLAlchemyError

    engine = database.sync_engine
    until = time.monotonic() + wait
    said = False
    while True:
        try:
            with _bounded(engine, until - time.monotonic() if wait else _bound.get()):
                return engine.connect()
        except Exception as error:  # drivers raise SQLAlchemy's errors, the system's, and (asyncpg) their own bare ones
            driver = type(error).__module__.partition(".")[0]
            mistaken = isinstance(error, MISTAKES)
            if not isinstance(error, (SQLAlchemyError, OSError)) and driver != engine.dialect.driver and not mistaken:
                raise
            if mistaken or time.monotonic() >= until:
                waited = f" after {wait:g} s" if wait else ""
                alone = not wait and not mistaken and _bound.get() is None
                advice = "mend its URL or options" if mistaken else "see that it runs, and that its URL is right"
                raise UnreachableError(
                    database,
                    f"{_named(database)} can't be reached{waited}: {summary(error)}",
                    f"{advice}{' (--connect-wait waits for it)' if alone else ''}",
                ) from error
        if not said:
            log.info("Waiting up to %g s for the database %r (%s) ...", wait, database.name, database.url)
            said = True
        time.sleep(max(0.0, min(PAUSE, until - time.monotonic())))


_bound: ContextVar[float | None] = ContextVar("ellar_db_bound", default=None)
"""Maximum seconds of an attempt to connect, where somebody else tries again."""


@contextmanager
def bounded(seconds: float) -> Iterator[None]:
    """Let each attempt to connect in this context end after some seconds, as far as its driver can be told.

    Args:
        seconds: The seconds; at least one, and at most `ATTEMPT`, are given to a driver.
    """
    token = _bound.set(seconds)
    try:
        yield
    finally:
        _bound.reset(token)


def close_idle(database: Connectable) -> None:
    """Close the connections that the pool of an engine keeps; not that of a database in memory, which is its data.

    Those of an async engine are closed already at the end of `in_event_loop`.

    Args:
        database: The database.
    """
    if not database.is_async and not _is_in_memory(database.sync_engine):
        database.sync_engine.dispose()


_patience: ContextVar[float] = ContextVar("ellar_db_patience", default=0.0)
"""Seconds for which engines that others made keep trying to connect."""


@contextmanager
def patiently(wait: float) -> Iterator[None]:
    """Let every engine that connects in this context keep trying, if a database can't be reached.

    Args:
        wait: Seconds to keep trying.
    """
    from sqlalchemy import Engine, event

    if not wait:
        yield
        return
    event.listen(Engine, "do_connect", _connect_patiently)
    token = _patience.set(wait)
    try:
        yield
    finally:
        _patience.reset(token)
        event.remove(Engine, "do_connect", _connect_patiently)


def _connect_patiently(dialect: Any, _: Any, arguments: Any, parameters: Any) -> Any:
    wait = _patience.get()
    until = time.monotonic() + wait
    said = False
    while wait:
        try:
            return dialect.connect(*arguments, **parameters)
        except Exception as error:  # drivers raise errors of their own, and the system's
            if isinstance(error, MISTAKES) or time.monotonic() >= until:
                raise
        if not said:
            log.info("Waiting up to %g s for the database ...", wait)
            said = True
        time.sleep(max(0.0, min(PAUSE, until - time.monotonic())))
    return None


@contextmanager
def _bounded(engine: Engine, seconds: float | None) -> Iterator[None]:
    """Set a time-out for one attempt to connect, unless there is none, or the engine has one of its own."""
    from sqlalchemy import event

    def connect(dialect: Any, _: Any, arguments: Any, parameters: Any) -> Any:
        bound, make = None if seconds is None else BOUNDS.get(dialect.driver), connector(dialect)
        if make is None and (bound is None or bound in parameters):
            return None
        # the parameters belong to the engine and must not change
        limit = {} if bound is None else {bound: math.ceil(min(max(seconds or 0.0, 1.0), ATTEMPT))}
        return (make or dialect.connect)(*arguments, **{**limit, **parameters})

    if seconds is None and connector(engine.dialect) is None:
        yield
        return
    event.listen(engine, "do_connect", connect)
    try:
        yield
    finally:
        event.remove(engine, "do_connect", connect)


def _let_end(threads: Iterable[threading.Thread]) -> None:
    """Wait for the threads of failed aiosqlite connections, which still report to the event loop before they end."""
    for thread in threads:
        if is_worker(thread):
            thread.join(GRACE)


def _is_in_memory(engine: Engine) -> bool:
    from sqlalchemy.pool import SingletonThreadPool, StaticPool

    return isinstance(engine.pool, (SingletonThreadPool, StaticPool))
