"""Journal entries: revisions that were begun but not ended, and the table that keeps them."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from ellar_db.databases.connections import briefly
from ellar_db.util.masking import masked_statement

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

    from ellar_db.dialects.base import Dialect


NAME = "ellar_db_journal"

LENGTH = 300
"""Maximum length of a statement in the journal, in characters."""

SIZE = 1200
"""Maximum length of a statement as JSON, in characters: all that are kept must fit into a TEXT of MySQL (64 KB)."""

ENDS = 25
"""Number of the first and of the last statements that the journal keeps, if there are more."""

WRITTEN = ("revision", "statements", "failed")
"""Columns that are written as JSON, which fits into any database's character set."""

TOLD = ("statements", "done")
"""Columns that change whenever an entry is written, and so tell whether that was rolled back."""

FIRST = "the revision's first statement"
"""Stands for the one statement that isn't recorded itself."""


@dataclass
class Entry:
    """One revision that was begun but not ended.

    Args:
        revision: Its id.
        direction: "upgrade" or "downgrade".
        host: The host on which it ran.
        pid: The id of its process.
        started: When, in UTC.
        statements: The statements that were begun, in order; all but the last were done.
        done: Whether the last was done too.
        failed: The statement that failed, if the process could still record it, and what it left if not all is undone.
        package: The package whose revision it is; empty for the application's own.
    """

    revision: str
    direction: str
    host: str = field(default_factory=socket.gethostname)
    pid: int = field(default_factory=os.getpid)
    started: str = field(default_factory=lambda: datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S"))
    statements: list[str] = field(default_factory=list)
    done: bool = True
    failed: str = ""
    package: str = ""

    @property
    def story(self) -> str:
        """What happened, in a sentence."""
        who = f"process {self.pid} on {self.host}, {self.started} UTC"
        package = f" of the package {self.package}" if self.package else ""
        return f"the {self.direction} of {self.revision}{package} ({who}) did not end. {self.list}"

    @property
    def list(self) -> str:
        """The statements, each with its outcome."""
        if not self.statements and not self.failed:
            return f"{'Done' if self.done else 'Begun, perhaps done'}: {FIRST}."
        applied = self.statements if self.done else self.statements[:-1]
        parts = [f"Done: {'; '.join(shortened(applied)) or 'nothing'}."]
        if not self.done:
            what = "Failed, perhaps done in part" if self.failed else "Begun, perhaps done"
            parts.append(f"{what}: {self.statements[-1]}.")
        elif self.failed:
            parts.append(f"Failed: {self.failed}.")
        return " ".join(parts)


class EntryTable:
    """The table that keeps entries: one row for each version table with a revision that hasn't ended.

    Args:
        connection: A connection to the database.
        options: Alembic's options for it, which say where the version table is.
    """

    def __init__(self, connection: Connection, options: Mapping[str, Any]) -> None:
        from sqlalchemy import bindparam

        self.connection = connection
        self.table = _table(options.get("version_table_schema"))
        self.version_table = str(options.get("version_table", "alembic_version"))
        # SQLAlchemy computes the cache key from the whole of a statement, but only once for each object
        own = self.table.c.version_table == self.version_table
        self._insertion, self._change = self.table.insert(), self.table.update().where(own)
        self._removal, self._reading = self.table.delete().where(own), self.table.select().where(own)
        was = [self.table.c[name] == bindparam(f"was_{name}", type_=self.table.c[name].type) for name in TOLD]
        self._change_of_last, self._removal_of_last = self._change.where(*was), self._removal.where(*was)
        # one for each schema change, and so a text that the driver gets at once
        marking = self._change.where(self.table.c.done.is_(False)).values(done=True)
        self._marking = str(marking.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True}))
        # what was written last, as the table has it
        self._last: dict[str, Any] = {}
        self._there = False

    def read(self) -> Entry | None:
        """Return the entry that an earlier run left, or None; the connection's transaction is left as it was."""
        from sqlalchemy import inspect

        with briefly(self.connection):
            self._there = inspect(self.connection).has_table(NAME, schema=self.table.schema)
            row = self.connection.execute(self._reading).mappings().first() if self._there else None
        if row is None:
            return None
        values = {key: value for key, value in row.items() if key != "version_table"}
        values.update({key: json.loads(values[key]) for key in WRITTEN})
        return Entry(**values)

    def make(self) -> None:
        """Make the table if it doesn't exist."""
        from sqlalchemy.schema import CreateTable

        if not self._there:
            # another run, on another version table, may make it at the same time
            self.connection.execute(CreateTable(self.table, if_not_exists=True))
            self._there = True

    def write(self, entry: Entry, *, anew: bool) -> bool:
        """Write an entry, in the connection's transaction.

        Args:
            entry: The entry.
            anew: Whether there is no row yet.

        Returns:
            Whether the row was as it was written last; if not, that was rolled back.
        """
        values = {**vars(entry), "statements": shortened(entry.statements)}
        values.update({key: json.dumps(values[key]) for key in WRITTEN})
        before, self._last = self._last, {f"was_{name}": values[name] for name in TOLD}
        if anew:
            self._insert({**values, "version_table": self.version_table})
            return True
        if before and self.connection.execute(self._change_of_last, {**values, **before}).rowcount:
            return True
        if not self.connection.execute(self._change, values).rowcount:
            self._insert({**values, "version_table": self.version_table})
        return not before

    def mark(self) -> bool:
        """Record that the last statement is done, in the connection's transaction.

        Returns:
            Whether the row was as it was written last; if not, that was rolled back.
        """
        as_written = bool(self.connection.exec_driver_sql(self._marking).rowcount)
        if as_written:
            self._last["was_done"] = True
        return as_written

    def _insert(self, values: Mapping[str, Any]) -> None:
        from sqlalchemy import inspect
        from sqlalchemy.exc import DBAPIError

        try:
            self.connection.execute(self._insertion, values)
        except DBAPIError:
            if inspect(self.connection).has_table(NAME, schema=self.table.schema):
                raise
            # a run that ended, on another version table, dropped it before there was a row
            self._there = False
            self.make()
            self.connection.execute(self._insertion, values)

    def remove(self) -> bool:
        """Remove the row, in the connection's transaction.

        Returns:
            Whether the row was as it was written last; if not, that was rolled back.
        """
        before, self._last = self._last, {}
        if before and self.connection.execute(self._removal_of_last, before).rowcount:
            return True
        self.connection.execute(self._removal)
        return not before

    def drop_if_empty(self, dialect: Dialect) -> None:
        """Drop the table if it has no entries; bare Alembic would propose to drop it.

        A table that another run uses is left to that one.

        Args:
            dialect: The database's kind.
        """
        from sqlalchemy import inspect
        from sqlalchemy.schema import DropTable

        if inspect(self.connection).has_table(NAME, schema=self.table.schema):
            self.connection.commit()
            name = self.connection.dialect.identifier_preparer.format_table(self.table)
            with dialect.locked_table(self.connection, name) as locked:
                if locked and self.connection.execute(self.table.select()).first() is None:
                    self.connection.execute(DropTable(self.table, if_exists=True))
                self.connection.commit()
        self._there = False


def clipped(text: str) -> str:
    """Return a statement as the journal keeps it: in one line, with passwords masked, and truncated."""
    kept = masked_statement(" ".join(text.split()))[:LENGTH]
    while len(json.dumps(kept)) > SIZE:
        kept = kept[: len(kept) * 3 // 4]
    return kept


def shortened(statements: Sequence[str]) -> Sequence[str]:
    """Return statements without the middle ones if there are many."""
    if len(statements) <= 2 * ENDS:
        return statements
    return [*statements[:ENDS], f"... {len(statements) - 2 * ENDS} more ...", *statements[-ENDS:]]


def count_of(shortened: Sequence[str]) -> int:
    """Return how many statements there were before `shortened` left some out."""
    more = int(shortened[ENDS].split()[1]) - 1 if len(shortened) > 2 * ENDS else 0
    return len(shortened) + more


def _table(schema: str | None) -> Table:
    from sqlalchemy import Boolean, Column, Integer, MetaData, String, Table, Text

    return Table(
        NAME,
        MetaData(),
        # runs on other version tables of the database, as packages have, hold other locks and run at the same time
        Column("version_table", String(64), primary_key=True),
        Column("revision", String(255), nullable=False),
        Column("direction", String(16), nullable=False),
        Column("host", String(255), nullable=False),
        Column("pid", Integer, nullable=False),
        Column("started", String(32), nullable=False),
        Column("statements", Text, nullable=False),
        Column("done", Boolean, nullable=False),
        Column("failed", Text, nullable=False),
        Column("package", String(64), nullable=False),
        schema=schema,
    )
