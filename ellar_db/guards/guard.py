"""What makes a run safe on one database, whatever its kind."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ellar_db.databases.database import Database
from ellar_db.databases.limits import Limits
from ellar_db.dialects.base import Dialect
from ellar_db.guards.journal import Journal
from ellar_db.util.sqlalchemy import isolation_level_of_engine

if TYPE_CHECKING:
    from sqlalchemy import Connection

log = logging.getLogger("ellar_db")


@dataclass(frozen=True)
class Guard:
    """What guards a run.

    Args:
        check: Raises DbError where what was done must not be committed.
        journal: What is noted, where schema changes can't be rolled back.
    """

    check: Callable[[], None]
    journal: Journal | None = None


@contextmanager
def guarded(
    database: Database, connection: Connection, dialect: Dialect, limits: Limits, program: str, *, settling: bool
) -> Iterator[Guard]:
    """Make a run that writes safe.

    Args:
        database: The database.
        connection: The run's connection, not in a transaction.
        dialect: The database's kind.
        limits: The time-outs of the run's statements.
        program: What to type to get here, for messages.
        settling: The run ends what an earlier one left, and so isn't refused for it.

    Raises:
        DbError: An earlier run was cut short, and left the database in between.
    """
    _leave_autocommit(connection, dialect)
    _set_timeouts(connection, dialect, limits)
    _tell_leftovers(database, connection, dialect)
    with ExitStack() as stack:
        check = stack.enter_context(dialect.guard(connection))
        if dialect.rolls_back_ddl(database):
            yield Guard(check)
            return
        journal = Journal(connection, dialect, database.options, database.package, ahead=not database.use_two_phase)
        stack.enter_context(journal.listening())
        if not settling:
            journal.refuse_unfinished(program)
        yield Guard(check, journal)
        if settling:
            journal.clear()
            connection.commit()


def _leave_autocommit(connection: Connection, dialect: Dialect) -> None:
    """Use transactions, where the application's engine doesn't."""
    known = connection.dialect
    level = connection.get_execution_options().get("isolation_level", isolation_level_of_engine(known))
    if level == "AUTOCOMMIT" and dialect.transactional:
        connection.execution_options(isolation_level=known.default_isolation_level)


def _set_timeouts(connection: Connection, dialect: Dialect, limits: Limits) -> None:
    """Set the time-outs of a connection's session, which is this run's alone from then on."""
    made = dialect.timeouts(connection.dialect, limits.bounded)
    if not made:
        return
    if not dialect.embedded:
        # it must not come back to the application's pool with them; it is closed instead
        connection.detach()
    for statement in made:
        connection.exec_driver_sql(statement)
    # in PostgreSQL a setting made in a transaction goes when that is rolled back
    connection.commit()


def _tell_leftovers(database: Database, connection: Connection, dialect: Dialect) -> None:
    """Warn of what earlier runs left; none of it is removed."""
    for leftover in dialect.leftovers(connection):
        log.warning("on the database %r, %s", database.name, leftover)
    # what was asked began a transaction
    connection.rollback()
