"""The statements of one revision, as they are executed, shown to an observer."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from traceback import walk_stack
from typing import TYPE_CHECKING, Any

from ellar_db.dialects.measuring.observer import Observer, Seen

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

SAVEPOINTS = re.compile(r"\s*(?:SAVEPOINT|RELEASE|ROLLBACK)\b", re.IGNORECASE)
"""What does nothing to a table, and may be executed in a transaction in which nothing else can."""

NUMBER = re.compile(r"\d+")

OFTEN = 100
"""The number of times that a statement is looked at each time that it is executed."""


@contextmanager
def listening(engine: Engine, observer: Observer, file: str) -> Iterator[list[tuple[Seen, int]]]:
    """Show the statements of an engine to an observer.

    Args:
        engine: The engine of a scratch database.
        observer: What looks at them.
        file: The revision's file.

    Yields:
        What they do, each with the line of the file from which it comes; 0 if that isn't known. It grows meanwhile.
    """
    from sqlalchemy import event

    listener = _Listener(observer, file)
    events = ("before_cursor_execute", "after_cursor_execute", "handle_error", "commit", "rollback")
    for name in events:
        event.listen(engine, name, getattr(listener, name))
    try:
        yield listener.found
    finally:
        for name in events:
            event.remove(engine, name, getattr(listener, name))


class _Listener:
    """Has a function for each event of SQLAlchemy's that counts."""

    def __init__(self, observer: Observer, file: str) -> None:
        self.found: list[tuple[Seen, int]] = []
        self._observer = observer
        self._file = file
        self._times: Counter[tuple[int, str]] = Counter()
        self._asks = False
        # what guards execute around a statement isn't the revision's
        self._running: Any = None

    def before_cursor_execute(
        self, connection: Connection, _: Any, statement: str, __: Any, context: Any, ___: bool
    ) -> None:
        line = _line(self._file)
        if self._asks or self._running is not None or not self._is_looked_at(statement, line):
            return
        self._running = context
        with self._asking():
            self._add(self._observer.before(connection, statement), line)

    def after_cursor_execute(
        self, connection: Connection, cursor: Any, statement: str, _: Any, context: Any, __: bool
    ) -> None:
        if self._asks or context is not self._running:
            return
        self._running = None
        line = _line(self._file)
        with self._asking():
            self._add(self._observer.after(connection, statement, line, cursor.rowcount), line)

    def handle_error(self, error: Any) -> None:
        if self._asks or error.execution_context is not self._running:
            return
        self._running = None
        if error.connection is not None and not error.is_disconnect:
            with self._asking():
                self._observer.failed(error.connection)

    def commit(self, connection: Connection) -> None:
        self._end(connection)

    def rollback(self, connection: Connection) -> None:
        self._end(connection)

    def _end(self, connection: Connection) -> None:
        if self._asks or connection.closed or connection.invalidated:
            return
        self._running = None
        self._observer.ended(connection)

    def _is_looked_at(self, statement: str, line: int) -> bool:
        """Return whether a statement is looked at, which takes longer than most statements.

        What is executed many times is seen together.
        """
        if SAVEPOINTS.match(statement):
            return False
        key = (line, NUMBER.sub("", statement))
        self._times[key] += 1
        return self._times[key] <= OFTEN or self._times[key] % OFTEN == 0

    def _add(self, seen: Iterable[Seen], line: int) -> None:
        self.found += [(each, line) for each in seen]

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Look away from the observer's own statements."""
        self._asks = True
        try:
            yield
        finally:
            self._asks = False


def _line(file: str) -> int:
    """Return the line of a file that is being executed, the innermost one; 0 if none is."""
    return next((line for frame, line in walk_stack(None) if frame.f_code.co_filename == file), 0)
