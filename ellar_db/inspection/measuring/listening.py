"""The statements of one revision, as they are executed, shown to an observer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from traceback import walk_stack
from typing import TYPE_CHECKING, Any

from ellar_db.dialects.measuring.effects import Effect, Observer

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine


@contextmanager
def listening(engine: Engine, observer: Observer, file: str) -> Iterator[list[tuple[Effect, int]]]:
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
        self.found: list[tuple[Effect, int]] = []
        self._observer = observer
        self._file = file
        self._asks = False

    def before_cursor_execute(self, connection: Connection, _: Any, statement: str, *__: Any) -> None:
        with self._asking() as asks:
            if asks:
                self._add(self._observer.before(connection, statement), _line(self._file))

    def after_cursor_execute(self, connection: Connection, cursor: Any, statement: str, *_: Any) -> None:
        with self._asking() as asks:
            if asks:
                line = _line(self._file)
                self._add(self._observer.after(connection, statement, line, cursor.rowcount), line)

    def handle_error(self, context: Any) -> None:
        with self._asking() as asks:
            if asks and context.connection is not None and not context.is_disconnect:
                self._observer.failed(context.connection)

    def commit(self, connection: Connection) -> None:
        self._end(connection)

    def rollback(self, connection: Connection) -> None:
        self._end(connection)

    def _end(self, connection: Connection) -> None:
        if not self._asks and not connection.closed and not connection.invalidated:
            self._observer.ended(connection)

    def _add(self, effects: Iterable[Effect], line: int) -> None:
        self.found += [(effect, line) for effect in effects]

    @contextmanager
    def _asking(self) -> Iterator[bool]:
        """Yield whether a statement isn't one of the observer's own."""
        if self._asks:
            yield False
            return
        self._asks = True
        try:
            yield True
        finally:
            self._asks = False


def _line(file: str) -> int:
    """Return the line of a file that is being executed, the innermost one; 0 if none is."""
    return next((line for frame, line in walk_stack(None) if frame.f_code.co_filename == file), 0)
