"""One run at a time: a lock for each database, across processes and hosts."""

from __future__ import annotations

import logging
import time
from collections.abc import Hashable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

import click

from ellar_db.databases.database import Database
from ellar_db.databases.limits import Limits
from ellar_db.hooktypes import Lock
from ellar_db.plugins.dialects import dialect_of
from ellar_db.plugins.record import BUILT_IN, Plugin
from ellar_db.util.errors import DbError

if TYPE_CHECKING:
    from ellar_db.plugins.manager import PluginManager


log = logging.getLogger("ellar_db")

FIRST_WORD = 1.0
"""Seconds after which a run logs that it waits."""

PAUSES = (0.02, 0.05, 0.1, 0.2)
"""Seconds between two attempts; the last value is repeated."""

_held: ContextVar[frozenset[str]] = ContextVar("ellar_db_locks", default=frozenset())


@contextmanager
def locked(databases: Sequence[Database], limits: dict[str, Limits], manager: PluginManager) -> Iterator[None]:
    """Hold the locks of databases. Re-entrant: locks held by this run are not acquired again.

    Args:
        databases: The databases.
        limits: The limits of each, by its name.
        manager: The plugins, whose `ellar_db_lock` returns the locks.

    Raises:
        DbError: Another run held a lock for longer than the limit.
        UnavailableError: A database can't be reached.
    """
    with ExitStack() as stack:
        # the same order in each process, whatever the order of its configuration, so that there is no deadlock
        for database in sorted(databases, key=lambda each: dialect_of(manager, each).identity(each)):
            if limits[database.name].lock:
                stack.enter_context(_locked(database, limits[database.name], manager))
        yield


def refuse_twins(databases: Sequence[Database], manager: PluginManager) -> None:
    """Refuse two names for one database: the second's transaction would wait forever for the first's.

    Args:
        databases: The databases of one run.
        manager: The plugins.

    Raises:
        DbError: Two of them are the same database.
    """
    known: dict[Hashable, Database] = {}
    for database in databases:
        key = dialect_of(manager, database).shared_key(database)
        twin = database if key is None else known.setdefault(key, database)
        if twin is not database:
            raise DbError(
                f"the databases {twin.name!r} and {database.name!r} are one, {database.url}; leave one out, or give it "
                "a version_table of its own"
            )


@contextmanager
def _locked(database: Database, limits: Limits, manager: PluginManager) -> Iterator[None]:
    key = dialect_of(manager, database).identity(database)
    if key in _held.get():
        yield
        return
    lock: Lock | None = None
    for plugin, answer in manager.answers("ellar_db_lock", database=database, limits=limits):
        if not all(callable(getattr(answer, name, None)) for name in ("acquire", "release", "holder")):
            what = f"it gave {answer!r}, which has no acquire(), release() and holder()"
            raise plugin.failure("ellar_db_lock", TypeError(what))
        lock = answer if plugin.kind == BUILT_IN else _Guarded(answer, plugin)
        break
    if lock is None:
        log.warning(
            "no plugin knows how to lock a database of the kind %s; see to it that one run at a time migrates %r",
            database.sync_engine.dialect.name,
            database.name,
        )
        yield
        return
    try:
        wait_for(lock, limits.lock_timeout, f"the database {database.name!r} is being migrated", " (--lock-timeout)")
        token = _held.set(_held.get() | {key})
        try:
            yield
        finally:
            _held.reset(token)
    except BaseException:
        try:
            lock.release()
        except click.ClickException as error:
            # it must not hide the original error
            log.warning("%s", error.message)
        raise
    lock.release()


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
