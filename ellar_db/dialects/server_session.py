"""A session of a server, which another session can end."""

from __future__ import annotations

from collections.abc import Sequence

from ellar_db.databases.connections import apart, connected, in_event_loop
from ellar_db.databases.database import Database

WAIT = 1.0
"""Seconds for which a connection to the server is tried."""


class ServerSession:
    """A session of a server, for `Dialect.canceller`.

    Args:
        database: The database.
        statement: The SQL that ends the session's statement.
        session: The SQL that ends the session.
    """

    def __init__(self, database: Database, statement: str, session: str) -> None:
        self._database = database
        self._statement = statement
        self._session = session

    def __call__(self, *, session: bool) -> None:
        """End the statement or the session, from a connection of one's own.

        Raises:
            UnavailableError: The server can't be reached.
        """

        def work(databases: Sequence[Database]) -> None:
            with connected(databases[0], WAIT) as connection:
                connection.exec_driver_sql(self._session if session else self._statement)

        in_event_loop([apart(self._database)], work)
