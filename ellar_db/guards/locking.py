"""One run at a time: a lock for each database, across processes and hosts."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

import click

from ellar_db.databases.connections import connected, in_event_loop
from ellar_db.databases.database import Database
from ellar_db.databases.limits import Limits
from ellar_db.hooktypes import Lock
from ellar_db.plugins.dialects import dialect_named, dialect_of
from ellar_db.plugins.record import BUILT_IN, Plugin
from ellar_db.util.errors import DbError, summary

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ellar_db.plugins.manager import PluginManager


log = logging.getLogger("ellar_db")

FIRST_WORD = 1.0
"""Seconds after which a run logs that it waits."""

PAUSES = (0.02, 0.05, 0.1, 0.2)
"""Seconds between two attempts; the last value is repeated."""

_held: ContextVar[frozenset[str]] = ContextVar("ellar_db_locks", default=frozenset())


class LostLockError(DbError):
    """A run's lock was lost, so that another run may have begun."""


class Locks:
    """The locks that one run holds. Re-entrant: what this run or one around it holds isn't acquired again.

    Args:
        manager: The plugins, whose `ellar_db_lock` returns the locks.
    """

    def __init__(self, manager: PluginManager) -> None:
        self.manager = manager
        self._locks: dict[str, tuple[Database, Lock]] = {}

    def take(self, database: Database, limits: Limits) -> None:
        """Acquire the lock of a database, unless it is held or the limits say to do without.

        Args:
            database: The database.
            limits: Its limits.

        Raises:
            DbError: Another run held the lock for longer than the limit.
            UnavailableError: The database can't be reached.
        """
        key = dialect_of(self.manager, database).identity(database)
        if not limits.lock or key in _held.get():
            return
        lock = _lock_of(database, limits, self.manager)
        if lock is None:
            return
        try:
            wait_for(
                lock, limits.lock_timeout, f"the database {database.name!r} is being migrated", " (--lock-timeout)"
            )
        except BaseException:  # Ctrl-C ends the wait too, and leaves no connection open
            _release(database, lock, failed=True)
            raise
        self._locks[key] = database, lock
        _held.set(_held.get() | {key})

    def check(self, database: Database, connection: Connection) -> None:
        """Check that a database's lock wasn't lost, as happens if the server ends the session that holds it.

        Args:
            database: The database.
            connection: The run's connection to it.

        Raises:
            LostLockError: The lock was lost, so that another run may have begun.
        """
        is_held = getattr(self._lock(database), "is_held", None)
        if is_held is not None and not is_held(connection):
            raise LostLockError(
                f"the lock of the database {database.name!r} was lost, since the server ended the session that held "
                "it; another run may have begun, so this one stops here. Run it again"
            )

    def call(self, database: Database, work: Callable[[Connection], None]) -> None:
        """Call a function with a connection that isn't the run's: a server's session for the lock, or a new one.

        Args:
            database: The database.
            work: The function. It must not leave a transaction open.

        Raises:
            UnavailableError: The database can't be reached.
        """
        call = getattr(self._lock(database), "call", None)
        if call is not None and call(work):
            return

        def connect(databases: Sequence[Database]) -> None:
            with connected(databases[0]) as connection:
                work(connection)

        in_event_loop([database], connect)

    def _lock(self, database: Database) -> Lock | None:
        return next((lock for each, lock in self._locks.values() if each.name == database.name), None)

    def release(self, *, failed: bool = False) -> None:
        """Release all locks.

        Args:
            failed: The run failed, so that its own error is to be seen; those of releasing are only logged then.

        Raises:
            PluginError: The lock of a plugin can't be released.
        """
        _held.set(_held.get() - self._locks.keys())
        problems: list[click.ClickException] = []
        while self._locks:
            _, (database, lock) = self._locks.popitem()
            try:
                _release(database, lock, failed=failed)
            except click.ClickException as error:
                problems.append(error)
        if problems:
            raise problems[0]


@contextmanager
def locked(databases: Sequence[Database], limits: Mapping[str, Limits], manager: PluginManager) -> Iterator[Locks]:
    """Hold the locks of databases. Re-entrant: locks held by this run are not acquired again.

    Args:
        databases: The databases.
        limits: The limits of each, by its name.
        manager: The plugins, whose `ellar_db_lock` returns the locks.

    Raises:
        DbError: Another run held a lock for longer than the limit.
        UnavailableError: A database can't be reached.
    """
    locks = Locks(manager)
    try:
        for database in in_order(databases, manager):
            locks.take(database, limits[database.name])
        yield locks
    except BaseException:  # whatever ends the block, the locks end with it
        locks.release(failed=True)
        raise
    locks.release()


def in_order(databases: Sequence[Database], manager: PluginManager) -> list[Database]:
    """Return databases in the order in which their locks are acquired.

    It is the same in each process, whatever the order of its configuration, so that there is no deadlock.
    """
    return sorted(databases, key=lambda each: dialect_of(manager, each).identity(each))


def refuse_twins(databases: Sequence[Database], manager: PluginManager) -> None:
    """Refuse two names for one database: the second's transaction would wait forever for the first's.

    Where each is migrated by itself, it would be done twice, as -1 and +1 are. No engine is made for it.

    Args:
        databases: The databases of one run.
        manager: The plugins.

    Raises:
        DbError: Two of them are the same database.
    """
    known: dict[Hashable, Database] = {}
    for database in databases:
        key = dialect_named(manager, database.address.get_backend_name()).shared_key(database)
        twin = database if key is None else known.setdefault(key, database)
        if twin is not database:
            raise DbError(
                f"the databases {twin.name!r} and {database.name!r} are one, {database.url}; leave one out, or give it "
                "a version_table of its own"
            )


def _lock_of(database: Database, limits: Limits, manager: PluginManager) -> Lock | None:
    """Return the lock of a database, or None with a warning if there is none."""
    found = manager.first("ellar_db_lock", database=database, limits=limits)
    if found is not None:
        plugin, answer = found
        if not all(callable(getattr(answer, name, None)) for name in ("acquire", "release", "holder")):
            what = f"it gave {answer!r}, which has no acquire(), release() and holder()"
            raise plugin.failure("ellar_db_lock", TypeError(what))
        lock: Lock = answer
        return lock if plugin.kind == BUILT_IN else _Guarded(lock, plugin)
    log.warning(
        "no plugin knows how to lock a database of the kind %s; see to it that one run at a time migrates %r",
        database.sync_engine.dialect.name,
        database.name,
    )
    return None


def holder_of(database: Database, limits: Limits, manager: PluginManager, connection: Connection) -> str:
    """Return who is migrating a database now; an empty string if nobody is, or nobody can tell.

    Args:
        database: The database.
        limits: Its limits.
        manager: The plugins, whose `ellar_db_lock` returns the locks.
        connection: A connection to it, which is no run's.

    Raises:
        DbError: The lock can't be looked at.
    """
    found = manager.first("ellar_db_lock", database=database, limits=limits)
    ask = None if found is None else getattr(found[1], "held_by", None)
    if found is None or ask is None:
        return ""
    plugin, lock = found
    try:
        return str(plugin.guarded("held_by() of its lock", ask, connection))
    finally:
        plugin.guarded("release() of its lock", lock.release)


def _release(database: Database, lock: Lock, *, failed: bool) -> None:
    from sqlalchemy.exc import SQLAlchemyError

    try:
        lock.release()
    except click.ClickException as error:
        if not failed:
            raise
        log.warning("%s", error.message)
    except (SQLAlchemyError, OSError) as error:
        # the session may be gone, and the lock with it; what the run did isn't affected
        said = summary(error)
        log.warning("the lock of the database %r was not released in the usual way: %s", database.name, said)


class _Guarded:
    """A plugin's lock, whose errors name the plugin.

    Args:
        lock: The lock.
        plugin: The plugin.
    """

    def __init__(self, lock: Lock, plugin: Plugin) -> None:
        self.lock = lock
        self.plugin = plugin

    def acquire(self) -> bool:
        return self.plugin.guarded("acquire() of its lock", self.lock.acquire)

    def release(self) -> None:
        self.plugin.guarded("release() of its lock", self.lock.release)

    def holder(self) -> str:
        return self.plugin.guarded("holder() of its lock", self.lock.holder)

    def is_held(self, connection: Connection) -> bool:
        ask = getattr(self.lock, "is_held", None)
        return True if ask is None else bool(self.plugin.guarded("is_held() of its lock", ask, connection))


def wait_for(lock: Lock, timeout: float, what: str, option: str = "") -> None:
    """Acquire a lock as soon as it is free.

    Args:
        lock: The lock.
        timeout: How many seconds to wait.
        what: What is locked, for messages: "the database 'default' is being migrated".
        option: The option that sets the time-out.

    Raises:
        DbError: The wait timed out.
    """
    started = time.monotonic()
    tries = 0
    said = False
    while not lock.acquire():
        waited = time.monotonic() - started
        if waited >= timeout:
            raise DbError(
                f"{what} by {lock.holder() or 'another program'}; waited {timeout:g} s for it{option}; "
                "try again when that has ended"
            )
        if waited >= FIRST_WORD and not said:
            log.info("Waiting, since %s by %s ...", what, lock.holder() or "another program")
            said = True
        time.sleep(min(PAUSES[min(tries, len(PAUSES) - 1)], timeout - waited))
        tries += 1
