"""A lock that a server keeps for a session."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from ellar_db.databases.connections import Caller, apart, connected
from ellar_db.databases.database import Database
from ellar_db.databases.limits import Limits

if TYPE_CHECKING:
    from sqlalchemy import Connection


class ServerLock:
    """A lock that a server keeps for a session; the session is of its own, and ends with the process.

    Args:
        database: The database.
        limits: How long to wait for a server that starts.
    """

    def __init__(self, database: Database, limits: Limits) -> None:
        self.database = apart(database)
        self.key = database.version_table
        self._call = Caller(database)
        self._stack = ExitStack()
        self._connection: Connection | None = None
        self._limits = limits

    def acquire(self) -> bool:
        """Try to take it; the first try connects."""
        if self._connection is None:
            self._connection = self._call(self._connect)
        return bool(self._call(self.try_to_lock, self._connection))

    def release(self) -> None:
        """End the session, and with it the lock."""
        try:
            self._call(self._stack.close)
        finally:
            self._call.close()

    def holder(self) -> str:
        """Ask the server."""
        from sqlalchemy.exc import SQLAlchemyError

        try:
            return "" if self._connection is None else self._call(self.ask_holder, self._connection)
        except SQLAlchemyError:
            # a server may keep to itself who its other sessions are
            return ""

    def try_to_lock(self, connection: Connection) -> bool:
        """Try to take the lock on a connection."""
        raise NotImplementedError

    def ask_holder(self, connection: Connection) -> str:
        """Ask who holds the lock."""
        raise NotImplementedError

    def prepare(self, connection: Connection) -> None:
        """Make a new session ready."""

    def _connect(self) -> Connection:
        self._stack.callback(self.database.sync_engine.dispose)
        connection = self._stack.enter_context(connected(self.database, self._limits.connect_wait))
        # without autocommit the session would stand in a transaction as long as the run takes
        connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        self.prepare(connection)
        return connection
