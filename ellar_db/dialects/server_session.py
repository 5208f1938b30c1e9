"""A session of a server, which another session can end."""

from __future__ import annotations

from collections.abc import Sequence

from ellar_db.databases.connections import apart, connected, in_event_loop
from ellar_db.databases.database import Database
from ellar_db.util.errors import in_one_line
from ellar_db.util.masking import masked_statement

WAIT = 1.0
"""Seconds for which a connection to the server is tried."""

SHOWN = 80
"""How many characters of another session's query are shown."""


class ServerSession:
    """A session of a server, for `Dialect.canceller`.

    Args:
        database: The database.
        number: The server's number of the session.
        statement: The SQL that ends the session's statement.
        session: The SQL that ends the session.
    """

    def __init__(self, database: Database, number: int, statement: str, session: str) -> None:
        self.number = number
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


def described(number: int, program: str, state: str, since: str, query: str) -> str:
    """Return a session that others wait for, in words.

    Args:
        number: The server's number of it.
        program: What it calls itself, or from where it comes; may be empty.
        state: What it does.
        since: When its transaction began.
        query: Its query, or the last one; may be empty.

    Example:
        >>> described(42, "psql", "idle in transaction", "12:00:01", "SELECT 1")
        'session 42 (psql, idle in transaction since 12:00:01): SELECT 1'
    """
    line = in_one_line(masked_statement(query))
    shown = line if len(line) <= SHOWN else f"{line[: SHOWN - 3]}..."
    what = ", ".join(filter(None, [program, f"{state or 'in a transaction'} since {since}"]))
    return f"session {number} ({what}){f': {shown}' if shown else ''}"
