"""One run at a time: a lock for each database, across processes and hosts."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import click

from ellar_db.databases import Database
from ellar_db.errors import DbError
from ellar_db.limits import Limits
from ellar_db.records import BUILT_IN, Plugin

if TYPE_CHECKING:
    from sqlalchemy import URL

    from ellar_db.plugins import PluginManager

log = logging.getLogger("ellar_db")

FIRST_WORD = 1.0
"""Seconds after which a run that waits says so."""

PAUSES = (0.02, 0.05, 0.1, 0.2)
"""Seconds between two tries; the last goes on."""

_held: ContextVar[frozenset[str]] = ContextVar("ellar_db_locks", default=frozenset())


class Lock(Protocol):
    """What `ellar_db_lock` gives: a lock that a process holds until it lets go of it, or dies."""

    def acquire(self) -> bool:
        """Try to take it, without waiting; tell whether it is held now."""

    def release(self) -> None:
        """Let go of it; also called where it was never held."""

    def holder(self) -> str:
        """Say who holds it, as in "process 123 on web-1 since 12:00:03", or "" where that can't be told."""


@contextmanager
def locked(databases: Sequence[Database], limits: dict[str, Limits], manager: PluginManager) -> Iterator[None]:
    """Hold the locks of databases. What this very run holds already isn't asked for again.

    Args:
        databases: The databases.
        limits: The limits of each, by its name.
        manager: The plugins, of which `ellar_db_lock` gives the locks.

    Raises:
        DbError: Another run held a lock for longer than the limit.
        UnavailableError: A database can't be reached.
    """
    with ExitStack() as stack:
        # the same order in each process, whatever the order of its configuration
        for database in sorted(databases, key=identity):
            if limits[database.name].lock:
                stack.enter_context(_locked(database, limits[database.name], manager))
        yield


def identity(database: Database) -> str:
    """Give what a lock stands for: the database, the schema and the name of the version table.

    Example:
        >>> from sqlalchemy import create_engine
        >>> identity(Database("default", create_engine("sqlite:////srv/shop/app.db")))
        'sqlite:////srv/shop/app.db'
    """
    from sqlalchemy import URL

    url = database.sync_engine.url
    address = URL.create(url.get_backend_name(), host=url.host, port=url.port, database=url.database)
    if url.get_backend_name() == "sqlite":
        # the file is locked whole, whatever the version table and the way in which it is written
        return (
            f"sqlite:///{Path(str(url.database)).resolve().as_posix()}"
            if _is_named(url)
            else address.render_as_string()
        )
    return f"{address.render_as_string()} {version_table(database)}"


def refuse_twins(databases: Sequence[Database]) -> None:
    """Refuse two names for one database: the second's transaction would wait for the first's for ever.

    Args:
        databases: The databases of one run.

    Raises:
        DbError: Two of them are one.
    """
    known: dict[tuple[str, str], Database] = {}
    for database in databases:
        url = database.sync_engine.url
        # what the query says may be another schema, or another host; without a name a `creator` may say which
        on_server = url.get_backend_name() != "sqlite"
        twin = known.setdefault((identity(database), repr(url.query) if on_server else ""), database)
        if twin is not database and _is_named(url):
            raise DbError(
                f"the databases {twin.name!r} and {database.name!r} are one, {database.url}; leave one out, or give it "
                "a version_table of its own"
            )


def _is_named(url: URL) -> bool:
    """Tell whether a URL says which database it is; those in memory are each their own."""
    return bool(url.database) and ":memory:" not in str(url.database) and not str(url.database).startswith("file:")


def version_table(database: Database) -> str:
    """Give the version table's name, with its schema where the options name one."""
    schema = database.options.get("version_table_schema")
    table = database.options.get("version_table", "alembic_version")
    return f"{schema}.{table}" if schema else str(table)


@contextmanager
def _locked(database: Database, limits: Limits, manager: PluginManager) -> Iterator[None]:
    key = identity(database)
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
            # it must not hide what came before it
            log.warning("%s", error.message)
        raise
    lock.release()


class _Guarded:
    """A plugin's lock, of which the plugin is named where it fails.

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
    """Take a lock as soon as nobody else holds it.

    Args:
        lock: The lock.
        timeout: How many seconds to wait.
        what: What is locked, for messages: "the database 'default' is being migrated".
        option: The option that sets the time-out.

    Raises:
        DbError: Time is up.
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
