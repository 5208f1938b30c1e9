"""What a statement of a run waits for: another session's lock, as the server tells on a connection of its own."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from ellar_db.databases.connections import apart, connected, in_event_loop
from ellar_db.databases.database import Database

if TYPE_CHECKING:
    from sqlalchemy import Connection

log = logging.getLogger("ellar_db")

FIRST = 1.0
"""Seconds that a statement takes before the server is asked what it waits for."""

RARELY = 5.0
"""Seconds between two questions."""

PAUSE = 0.25
"""Seconds between two looks at how long a statement takes."""

WAIT = 1.0
"""Seconds for which a connection to the server is tried."""


@contextmanager
def waits_told(database: Database, connection: Connection, ask: Callable[[Connection], list[str]]) -> Iterator[None]:
    """Log what each long statement of a connection waits for, while the context lasts.

    Nothing that goes wrong here makes the run fail.

    Args:
        database: The database.
        connection: The run's connection.
        ask: Returns who blocks the run's session, asked on another connection.
    """
    from sqlalchemy import event

    watched = _Watched(database, ask)
    listeners: dict[str, Any] = {
        "before_cursor_execute": watched.begin,
        "after_cursor_execute": watched.end,
    }
    for name, function in listeners.items():
        event.listen(connection, name, function)
    thread = threading.Thread(target=watched.run, name="ellar_db waits", daemon=True)
    thread.start()
    try:
        yield
    finally:
        for name, function in listeners.items():
            event.remove(connection, name, function)
        watched.ended.set()
        # it may be asking, which takes no longer than this
        thread.join(2 * WAIT)


class _Watched:
    """The statement that a connection executes.

    Args:
        database: The database.
        ask: Returns who blocks it.
    """

    def __init__(self, database: Database, ask: Callable[[Connection], list[str]]) -> None:
        self.ended = threading.Event()
        self._database = database
        self._ask = ask
        self._began: float | None = None

    def begin(self, *_: Any) -> None:
        self._began = time.monotonic()

    def end(self, *_: Any) -> None:
        self._began = None

    def run(self) -> None:
        """Look from time to time whether the statement takes long, and why."""
        said: list[str] = []
        asked = 0.0
        while not self.ended.wait(PAUSE):
            began, now = self._began, time.monotonic()
            if began is None or now - began < FIRST or now - asked < RARELY:
                continue
            asked = now
            found: list[str] = []
            # the server may be full, or not allow it
            with suppress(Exception):
                found = in_event_loop([apart(self._database)], self._asked)
            # it may have come to its end meanwhile
            if found and found != said and self._began == began:
                log.info("Waiting on the database %r for %s", self._database.name, "; ".join(found))
                said = found

    def _asked(self, databases: Sequence[Database]) -> list[str]:
        with connected(databases[0], WAIT) as connection:
            return self._ask(connection)
