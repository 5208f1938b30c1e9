"""The guards that make a run safe on one database, whatever its kind."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ellar_db.databases.connections import briefly
from ellar_db.databases.database import Database
from ellar_db.databases.limits import Limits
from ellar_db.dialects.base import Dialect
from ellar_db.guards.journal import Journal
from ellar_db.guards.leftovers import Leftovers
from ellar_db.util.errors import DbError
from ellar_db.util.sqlalchemy import isolation_level_of_engine

if TYPE_CHECKING:
    from sqlalchemy import Connection

log = logging.getLogger("ellar_db")


@dataclass(frozen=True)
class Guard:
    """The guards of a run.

    Args:
        check: Raises DbError if the run's changes must not be committed.
        journal: The journal, if schema changes can't be rolled back.
    """

    check: Callable[[], None]
    journal: Journal | None = None


@contextmanager
def guarded(
    database: Database,
    connection: Connection,
    dialect: Dialect,
    limits: Limits,
    program: str,
    leftovers: Leftovers,
    *,
    settling: bool,
) -> Iterator[Guard]:
    """Make a run that writes safe.

    Args:
        database: The database.
        connection: The run's connection. If it is in a transaction, that is left as it is.
        dialect: The database's kind.
        limits: The time-outs of the run's statements.
        program: The command line of the program, for messages.
        leftovers: What earlier runs left behind, as far as the command has asked.
        settling: The run resolves an interrupted run, and so isn't refused because of it.

    Raises:
        DbError: An earlier run was interrupted, and left the database partly migrated; or the transaction that the
            connection is in can't be made safe.
    """
    _leave_autocommit(connection, dialect)
    _set_timeouts(connection, dialect, limits)
    _tell_leftovers(database, connection, dialect, leftovers)
    with ExitStack() as stack:
        check = stack.enter_context(dialect.guard(connection))
        if dialect.rolls_back_ddl(database):
            yield Guard(check)
            return
        journal = Journal(connection, dialect, database.options, database.package, ahead=not database.use_two_phase)
        stack.enter_context(journal.listening())
        if not settling:
            journal.refuse_unfinished(f"{program} repair{database.choice}")
        yield Guard(check, journal)


def _leave_autocommit(connection: Connection, dialect: Dialect) -> None:
    """Use transactions even if the application's engine doesn't."""
    known = connection.dialect
    level = connection.get_execution_options().get("isolation_level", isolation_level_of_engine(known))
    if level != "AUTOCOMMIT" or not dialect.transactional:
        return
    if connection.in_transaction():
        raise DbError(
            "env.py uses its connection, which is in AUTOCOMMIT, before it configures Alembic, so that a run that "
            "fails could not be rolled back; let it call context.configure() first"
        )
    connection.execution_options(isolation_level=known.default_isolation_level)


def _set_timeouts(connection: Connection, dialect: Dialect, limits: Limits) -> None:
    """Set the time-outs of a connection's session, which only this run uses from then on."""
    made = dialect.timeouts(connection.dialect, limits.bounded)
    if not made:
        return
    if not dialect.embedded:
        # the application's pool must not hand it out with these time-outs; a detached one knows no autocommit_block()
        connection.connection.invalidate(soft=True)
    with briefly(connection, keep=True):
        for statement in made:
            connection.exec_driver_sql(statement)


def _tell_leftovers(database: Database, connection: Connection, dialect: Dialect, leftovers: Leftovers) -> None:
    """Warn of what earlier runs left; nothing of it is removed."""
    from sqlalchemy.exc import DBAPIError

    # a server may not let every user ask, and one that is only like PostgreSQL may not know the question
    with suppress(DBAPIError), briefly(connection):
        for leftover in leftovers.of(database, dialect, connection):
            log.warning("on the database %r, %s", database.name, leftover)
