"""A lock that a server holds for a session."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from ellar_db.databases.connections import Caller, apart, connected
from ellar_db.databases.database import Database
from ellar_db.databases.limits import Limits
from ellar_db.util.sqlalchemy import is_silent

if TYPE_CHECKING:
    from sqlalchemy import Connection


RARELY = 1.0
"""Seconds in which a session that the server hasn't ended is taken to hold its lock."""


def absent(database: Database) -> str:
    """Return what to do if a server is there, and the database isn't.

    Args:
        database: The database.
    """
    name = database.sync_engine.url.database
    return f"the server is there, and has no database {name!r}; create it there, or correct the URL"


class ServerLock:
    """A lock that a server holds for a session; the session is only for the lock, and ends with the process.

    Args:
        database: The database.
        limits: How long to wait for a server that is starting.
    """

    def __init__(self, database: Database, limits: Limits) -> None:
        self.database = apart(database)
        self.key = database.version_table
        self._call = Caller(database)
        self._stack = ExitStack()
        self._connection: Connection | None = None
        self._limits = limits
        # the server's number of the session, once it has the lock, and when the server was last asked about it
        self.session: int | None = None
        self._asked = -math.inf

    def acquire(self) -> bool:
        """Try to acquire the lock, and return whether it is held; the first attempt connects."""
        if self._connection is None:
            self._connection = self._call(self._connect)
        return bool(self._call(self.try_to_lock, self._connection))

    def release(self) -> None:
        """End the session, which releases the lock."""
        try:
            self._call(self._stack.close)
        finally:
            self._call.close()

    def is_held(self, connection: Connection) -> bool:
        """Return whether the session that acquired the lock still holds it, as another session sees it.

        The server is asked at most once in `RARELY` seconds, or when it has sent something to the session, as it does
        when it ends one.

        Args:
            connection: Another session's connection.
        """
        now = time.monotonic()
        if now - self._asked < RARELY and self._connection is not None and is_silent(self._connection):
            return True
        self._asked = now
        return self.ask_session(connection) == self.session

    def call(self, work: Callable[[Connection], object]) -> bool:
        """Call a function with the session, which is in autocommit mode, if the server hasn't ended it.

        Args:
            work: The function.

        Returns:
            Whether it was called.
        """
        if self._connection is None or not is_silent(self._connection):
            return False
        self._call(work, self._connection)
        return True

    def holder(self) -> str:
        """Return who holds the lock, or an empty string if the server doesn't tell."""
        from sqlalchemy.exc import SQLAlchemyError

        try:
            return "" if self._connection is None else self._call(self.ask_holder, self._connection)
        except SQLAlchemyError:
            # a server may not allow a user to see other sessions
            return ""

    def held_by(self, connection: Connection) -> str:
        """Return who holds the lock, as another session sees it; an empty string if nobody does.

        Args:
            connection: Another session's connection.
        """
        if self.ask_session(connection) is None:
            return ""
        return self.ask_holder(connection) or "another session"

    def try_to_lock(self, connection: Connection) -> bool:
        """Try to acquire the lock on a connection, and return whether it is held."""
        raise NotImplementedError

    def ask_session(self, connection: Connection) -> int | None:
        """Return the number of the session that holds the lock, asked on another connection; None if none does."""
        raise NotImplementedError

    def ask_holder(self, connection: Connection) -> str:
        """Return who holds the lock."""
        raise NotImplementedError

    def prepare(self, connection: Connection) -> None:
        """Prepare a new session."""

    def _connect(self) -> Connection:
        self._stack.callback(self.database.sync_engine.dispose)
        connection = self._stack.enter_context(connected(self.database, self._limits.connect_wait))
        # without autocommit the session would be in a transaction during the whole run
        connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        self.prepare(connection)
        return connection
