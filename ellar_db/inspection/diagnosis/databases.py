"""A database: whether it is reached, what its user may do there, and through what."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from ellar_db.config.command_line import program
from ellar_db.databases.connections import apart, bounded, briefly, close_idle, connected, in_event_loop
from ellar_db.databases.database import Database
from ellar_db.inspection.deadline import Call
from ellar_db.inspection.diagnosis.finding import Finding
from ellar_db.plugins.dialects import dialect_of
from ellar_db.plugins.manager import PluginManager
from ellar_db.util.errors import UnavailableError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ellar_db.dialects.base import Dialect
    from ellar_db.hooktypes import MissingRight

T = TypeVar("T")

MARGIN = 0.002
"""Seconds by which the clocks of two machines may differ in their pace, for as long as a look takes."""


def subject_of(database: Database) -> str:
    """Return how findings name a database.

    Args:
        database: The database.
    """
    return f"database {database.name}"


def in_time(work: Callable[[], T], seconds: float, what: str) -> T:
    """Return what a function returns, unless it takes too long.

    Args:
        work: The function.
        seconds: How long it may take.
        what: What didn't end, for the message.

    Raises:
        UnavailableError: It took longer.
    """

    def done() -> T:
        with bounded(seconds):
            return work()

    call = Call(done)
    if not call.ends_before(time.monotonic() + seconds):
        raise UnavailableError(f"{what} didn't answer within {seconds:g} s; --timeout waits longer")
    return call.result()


def check_database(
    database: Database, manager: PluginManager, seconds: float, answering: list[Database]
) -> Iterator[Finding]:
    """Yield what is found out about a database, without changing anything.

    Args:
        database: The database.
        manager: The plugins.
        seconds: How long a look may take.
        answering: The database is added to these if it answers.

    Raises:
        UnavailableError: It can't be reached.
    """
    subject, dialect = subject_of(database), dialect_of(manager, database)
    yield from missing(subject, dialect.unwritable(database))
    files = dialect.files(database)
    if files and not files[0].exists():
        # to connect would make it
        yield Finding("look", subject, f"{files[0]} isn't there yet", f"`{program()} upgrade{database.choice}`")
        return
    name = f"the database {database.name!r} ({database.url})"
    yield from in_time(partial(_asked, database, partial(_reached, database, dialect)), seconds, name)
    answering.append(database)
    yield from in_time(partial(_asked, database, partial(_pooler, database, dialect)), seconds, name)


def check_connection(connection: Connection, database: Database, dialect: Dialect) -> Iterator[Finding]:
    """Yield which server a connection reaches, and what its user may not do there.

    Args:
        connection: The connection.
        database: The database.
        dialect: Its kind.
    """
    subject = subject_of(database)
    with briefly(connection):
        server = dialect.server(connection)
    yield Finding("ok", subject, f"{database.url} answers: {server}")
    with briefly(connection):
        lost = list(missing(subject, dialect.missing_rights(connection, database)))
    yield from lost or [
        Finding("ok", subject, "its user may make tables, write to the version table and take the lock")
    ]


def missing(subject: str, rights: Iterable[MissingRight]) -> Iterator[Finding]:
    """Yield a finding for each right that is missing.

    Args:
        subject: How findings name the database.
        rights: The rights.
    """
    for right in rights:
        yield Finding("broken", subject, f"its user can't {right.what}", right.remedy)


def _asked(database: Database, look: Callable[[Connection, float], Iterable[Finding]]) -> list[Finding]:
    """Return what a look at a database finds, on a connection of its own; it is told when that was begun."""

    def work(databases: Sequence[Database]) -> list[Finding]:
        begun = time.monotonic()
        with connected(databases[0]) as connection:
            return list(look(connection, begun))

    own = apart(database)
    try:
        return in_event_loop([own], work)
    finally:
        close_idle(own)


def _reached(database: Database, dialect: Dialect, connection: Connection, _: float) -> Iterator[Finding]:
    return check_connection(connection, database, dialect)


def _pooler(database: Database, dialect: Dialect, connection: Connection, begun: float) -> Iterator[Finding]:
    """Yield that a pooler seems to be in front of the server.

    Its sessions are older than the connection that is made to it, or change from one transaction to the next.
    """
    found: list[tuple[int, float] | None] = []
    for _ in range(2):
        with briefly(connection):
            found.append(dialect.session(connection))
    if is_pooled(found, time.monotonic() - begun):
        yield Finding(
            "look",
            subject_of(database),
            "a pooler such as PgBouncer seems to be in front of the server; where it gives each transaction another "
            "session, one run at a time can't be guaranteed",
            "give the migrations a URL that leads past it",
        )


def is_pooled(sessions: Sequence[tuple[int, float] | None], seconds: float) -> bool:
    """Return whether the sessions of a new connection can't be its own.

    Args:
        sessions: The session of each of its transactions.
        seconds: For how long the connection has been there at most.

    Example:
        >>> is_pooled([None, None], 1.0)
        False
    """
    known = [each for each in sessions if each is not None]
    return len({number for number, _ in known}) > 1 or any(age > seconds + MARGIN for _, age in known)
