"""What statements do on SQLite: tables that are copied, or whose rows are written anew."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from ellar_db.dialects.measuring.observer import Observer, Seen, Work

if TYPE_CHECKING:
    from sqlalchemy import Connection

PAGES = "SELECT name, rootpage FROM sqlite_master WHERE type = 'table'"
"""The tables, with the pages at which they begin."""

DROPPED = re.compile(r"\s*ALTER\s+TABLE\s+(?P<table>\"[^\"]+\"|\[[^\]]+\]|`[^`]+`|\w+)\s+DROP\b", re.IGNORECASE)
"""A statement that drops a column, for which SQLite writes all rows anew."""


class SQLiteObserver(Observer):
    """Compares where tables begin: one that was copied begins elsewhere."""

    def __init__(self, connection: Connection, leave_out: Collection[str]) -> None:
        self._leave_out = leave_out
        self._pages = self._read(connection)
        connection.rollback()

    def after(self, connection: Connection, statement: str, line: int, rows: int) -> Iterable[Seen]:
        now = self._read(connection)
        dropped = DROPPED.match(statement)
        for name in self._pages:
            if name in now and now[name] != self._pages[name]:
                self._pages[name] = now[name]
                yield Seen(Work.COPY_OF_FILE, name)
            elif dropped and dropped["table"].strip('"[]`') == name:
                yield Seen(Work.COPY_OF_FILE, name)

    def _read(self, connection: Connection) -> dict[str, int]:
        rows = connection.exec_driver_sql(PAGES)
        return {name: page for name, page in rows if name not in self._leave_out and not name.startswith("sqlite_")}
