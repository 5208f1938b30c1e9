"""What was done, where schema changes can't be rolled back: a table that a killed run leaves for the next to read."""

from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import wraps
from typing import TYPE_CHECKING, Any

from ellar_db.errors import DbError
from ellar_db.naming import VERSION_LENGTH
from ellar_db.secrets import masked
from ellar_db.two_phase import DDL, LEADING

if TYPE_CHECKING:
    from sqlalchemy import Connection, CursorResult, Table

    from ellar_db.databases import Database

NAME = "ellar_db_journal"

SETTLING = "ellar_db.settling"
"""Where `Config.attributes` says that the run ends what the journal has."""

READS = re.compile(r"\s*(?:select|show|desc|explain|set(?!\s+statement)|use|xa)", re.IGNORECASE)
"""How statements begin that change nothing."""

LOCKING = re.compile(r"\s*(UN)?LOCK\s+TABLES?\b", re.IGNORECASE)
"""Between the two, a session can use the locked tables alone."""

PARTLY = re.compile(
    LEADING + r"(?:DROP\b(?=[^;]*,)|CREATE\s+OR\s+REPLACE\s+(?:TABLE|SEQUENCE)|CALL|EXECUTE|BEGIN\s+NOT"
    r"|IF|CASE|LOOP|REPEAT|WHILE|FOR)\b",
    re.IGNORECASE | re.DOTALL,
)
"""What may have been done in part where it failed: several drops, a replacement, a procedure or a block."""

STORED = re.compile(
    LEADING + r"CREATE\b(?:(?!\bBEGIN\b).)*?\b(?:PROCEDURE|FUNCTION|TRIGGER|EVENT|PACKAGE)\b", re.IGNORECASE | re.DOTALL
)
"""What has semicolons within, and is one statement."""

QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|`[^`]*`|/\*.*?\*/|(?:--|#)[^\n]*", re.DOTALL)
"""What may hold a semicolon that ends nothing."""

MULTI_STATEMENTS = 1 << 16
"""The flag of a client that may send several statements at once."""

NOT_ROLLED_BACK = 1196
"""The server's warning after a rollback which tables without transactions didn't take part in."""

LENGTH = 300
"""Characters of a statement that the journal keeps."""

SIZE = 1200
"""Characters of JSON that these may take: all that are kept must go into a TEXT of MySQL, of 64 KB."""

ENDS = 25
"""Statements that it keeps of the first and of the last, where there are more."""

WRITTEN = ("revision", "statements", "failed")
"""What is written as JSON, which any database's character set can hold."""

FIRST = "the revision's first statement"
"""What is said of the one statement that isn't noted itself."""


@dataclass
class Entry:
    """One revision that was begun and not ended.

    Args:
        revision: Its id.
        direction: "upgrade" or "downgrade".
        host: Where it ran.
        pid: The process.
        started: When, in UTC.
        statements: The statements that were begun, in order; all but the last were done.
        done: Whether the last was done too.
        failed: The statement that failed, where the process lived to say so, and what it left if not all is undone.
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
        """The statements, each with what became of it."""
        if not self.statements and not self.done:
            return f"Begun, perhaps done: {FIRST}."
        applied = self.statements if self.done else self.statements[:-1]
        parts = [f"Done: {'; '.join(_shortened(applied)) or 'nothing'}."]
        if not self.done:
            what = "Failed, perhaps done in part" if self.failed else "Begun, perhaps done"
            parts.append(f"{what}: {self.statements[-1]}.")
        elif self.failed:
            parts.append(f"Failed: {self.failed}.")
        return " ".join(parts)


class Journal:
    """The journal of one database, written in the run's own transactions.

    A schema change commits what precedes it, and with it the note that it begins. That is a commit more than without
    the note wherever nothing else precedes it; so a revision that follows another is noted ahead, in the transaction
    which records that one. Its first statement needs no note then. If that is no schema change, the note is withdrawn:
    rows are rolled back when the process dies, and there is nothing to settle.

    Args:
        connection: The run's connection.
        options: Alembic's options for the database, of which the journal needs where the version table is.
        package: The package whose migrations run, if any.
        ahead: Whether the revision after is noted when one ends. In a two-phase transaction nothing can be withdrawn.
    """

    def __init__(
        self, connection: Connection, options: Mapping[str, Any], package: str = "", *, ahead: bool = True
    ) -> None:
        self.connection = connection
        self.ahead = ahead
        self.table = _table(options.get("version_table_schema"))
        self.package = package
        self._version_table = str(options.get("version_table", "alembic_version"))
        # SQLAlchemy looks for what it compiled by the whole of a statement, but only once for each object
        own = self.table.c.version_table == self._version_table
        self._insertion, self._change = self.table.insert(), self.table.update().where(own)
        self._removal, self._reading = self.table.delete().where(own), self.table.select().where(own)
        self._there = False
        self.entry: Entry | None = None
        self._following: Entry | None = None
        # whether the entry's row is in the table, and whether it was committed before the revision began
        self._noted = self._noted_ahead = False
        # whether the revision's own function runs, and whether it has locked tables
        self._running = self._locked = False
        # how many of the entry's statements can't be rolled back any more, and whether a part of the last may be done
        self._kept, self._partly = 0, False

    def unfinished(self) -> Entry | None:
        """Read what an earlier run left."""
        from sqlalchemy import inspect

        self._there = inspect(self.connection).has_table(NAME, schema=self.table.schema)
        row = self.connection.execute(self._reading).mappings().first() if self._there else None
        self.connection.rollback()
        if row is None:
            return None
        values = {key: value for key, value in row.items() if key != "version_table"}
        values.update({key: json.loads(values[key]) for key in WRITTEN})
        return Entry(**values)

    def refuse_unfinished(self, program: str) -> None:
        """Refuse to run where an earlier run did not end.

        Args:
            program: What to type to get here.

        Raises:
            DbError: One did not.
        """
        entry = self.unfinished()
        if entry is not None:
            settle = f"`{program} repair {entry.revision}"
            raise DbError(
                f"an earlier run was cut short: {entry.story} Complete it by hand and say {settle} --applied`, or undo "
                f"it by hand and say {settle} --reverted`"
            )

    def refuse_long(self, revisions: Iterable[str]) -> None:
        """Refuse revisions whose id the version table couldn't keep once they are applied.

        Args:
            revisions: The ids.

        Raises:
            DbError: One is too long.
        """
        from sqlalchemy import inspect

        inspector, schema = inspect(self.connection), self.table.schema
        length: int | None = VERSION_LENGTH
        if inspector.has_table(self._version_table, schema=schema):
            columns = inspector.get_columns(self._version_table, schema=schema)
            length = getattr(columns[0]["type"], "length", None)
        for revision in revisions:
            if length is not None and len(revision) > length:
                raise DbError(
                    f"the revision {revision} has an id of {len(revision)} characters, and the table "
                    f"{self._version_table} keeps {length}; give it a shorter one"
                )

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Note the statements of the connection while the context lasts."""
        from sqlalchemy import event

        def before(_: Any, __: Any, statement: str, *___: Any) -> None:
            self.statement(statement)

        def after(_: Any, __: Any, statement: str, *___: Any) -> None:
            self.statement_done(statement)

        # before the two-phase commit's own listener, which ends the transaction in which the note is
        event.listen(self.connection, "before_cursor_execute", before, insert=True)
        event.listen(self.connection, "after_cursor_execute", after)
        try:
            yield
        finally:
            event.remove(self.connection, "before_cursor_execute", before)
            event.remove(self.connection, "after_cursor_execute", after)

    def noting(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap the function of a revision: what is done outside of it belongs to the version table, or to plugins."""

        @wraps(function)
        def noted(*arguments: Any, **options: Any) -> Any:
            self._running = True
            try:
                return function(*arguments, **options)
            finally:
                self._running = False

        return noted

    def begin(self, revision: str, direction: str) -> None:
        """Note that a revision begins; it is written with its first statement, unless it was noted ahead."""
        from sqlalchemy.schema import CreateTable

        if not self._there:
            # another run, on another version table, may make it at the same moment
            self.connection.execute(CreateTable(self.table, if_not_exists=True))
            self._there = True
        if self.entry is None:
            self.entry = Entry(revision, direction, package=self.package)
        self._kept = 0

    def statement(self, text: str) -> None:
        """Note that a statement begins."""
        if self.entry is None or not self._running:
            return
        several = self._is_several(text)
        self._partly = several or PARTLY.match(text) is not None
        first, changes_schema = not self.entry.statements, DDL.match(text)
        if first and self._noted_ahead and not changes_schema and not self._partly:
            self._withdraw()
        if READS.match(text) and not several:
            return
        if changes_schema:
            self._kept = len(self.entry.statements)
        self.entry.statements.append(_clipped(text))
        self.entry.done = False
        # of several steps nobody knows whether one of them commits: if so, then this note too
        if (self._partly or not (first and self._noted_ahead)) and not self._locked:
            self._write(self.entry)

    def statement_done(self, text: str) -> None:
        """Note that a statement ended; it is written with the next."""
        if self.entry is None or not self._running or (READS.match(text) and not self._partly):
            return
        self.entry.done = True
        if DDL.match(text) or (self._partly and self._locked):
            self._kept = len(self.entry.statements)
        if locking := LOCKING.match(text):
            self._locked = locking[1] is None

    def end(self, following: tuple[str, str] | None = None) -> None:
        """Note that a revision ended, in the transaction that changes the version table.

        Args:
            following: The id and the direction of the revision that comes next, if one does.
        """
        if following is not None and self.ahead:
            self._following = Entry(*following, done=False, package=self.package)
            self._write(self._following)
        elif self._noted:
            self.clear()

    def committed(self) -> None:
        """Take up what comes next, once the revision that ended is committed."""
        self.entry, self._following = self._following, None
        self._noted = self._noted_ahead = self.entry is not None
        self._locked = False

    def fail(self, failed: str = "") -> Entry | None:
        """Keep what was done of a revision that failed, or nothing where nothing was.

        Called after the rollback, which took back all that wasn't committed; what is noted in the table was.

        Args:
            failed: The statement that failed, where it was one.

        Returns:
            What is kept. In a two-phase transaction it may be of the revision before, which wasn't recorded yet.
        """
        entry, self.entry = self.entry, None
        lasting = self._has_lasting_rows()
        if self._locked:
            # so that the journal can be read
            self.connection.exec_driver_sql("UNLOCK TABLES")
        left = self.unfinished()
        if entry is None or (left is not None and (left.revision, left.direction) != (entry.revision, entry.direction)):
            return left
        committed, noted = self._kept, 0
        if left is not None:
            noted = _count(left.statements)
            committed = max(committed, noted - (noted == len(entry.statements) and not entry.done))
        # what commits in the middle commits the note of the statement
        begun = noted == len(entry.statements) or self._locked
        partly = self._partly and not entry.done and bool(entry.statements) and begun
        self._noted = left is not None
        if not committed and not partly and not lasting:
            if left is not None:
                self.clear()
                self.connection.commit()
            return None
        entry.failed = _clipped(failed)
        if not partly:
            entry.statements, entry.done = entry.statements[:committed], True
        if lasting:
            entry.failed = (
                f"{entry.failed or 'the revision'} (rows of tables without transactions, as MyISAM's, are kept)"
            )
        self._write(entry)
        self.connection.commit()
        return entry

    def clear(self) -> None:
        """Forget what is noted."""
        self._quietly(self._removal)
        self._noted = False

    def _is_several(self, text: str) -> bool:
        """Tell whether a text is several statements, of which the server does those before one that fails."""
        if ";" not in text or STORED.match(text) or not re.search(r";\s*\S", QUOTED.sub("", text)):
            return False
        flags = getattr(self.connection.connection.driver_connection, "client_flag", MULTI_STATEMENTS)
        # where the client may send one alone, the server refuses the whole
        return not isinstance(flags, int) or bool(flags & MULTI_STATEMENTS)

    def _has_lasting_rows(self) -> bool:
        """Tell whether the rollback that just ended left rows, as it does in tables without transactions."""
        if self.connection.dialect.name not in ("mysql", "mariadb"):
            return False
        return any(row[1] == NOT_ROLLED_BACK for row in self.connection.exec_driver_sql("SHOW WARNINGS"))

    def _withdraw(self) -> None:
        """Take back what was noted ahead, before the revision has done anything."""
        self.clear()
        # the driver's own commit: Alembic's transaction goes on, as if nothing had been before it
        self.connection.connection.commit()
        self._noted_ahead = False

    def _write(self, entry: Entry) -> None:
        values = {**vars(entry), "statements": _shortened(entry.statements)}
        values.update({key: json.dumps(values[key]) for key in WRITTEN})
        # a revision may have rolled back, and with its rows the note
        if not self._noted or not self._quietly(self._change, **values).rowcount:
            self._quietly(self._insertion, **values, version_table=self._version_table)
        self._noted = True

    def _quietly(self, statement: Any, **values: Any) -> CursorResult[Any]:
        running, self._running = self._running, False
        try:
            return self.connection.execute(statement, values)
        finally:
            self._running = running


def _clipped(text: str) -> str:
    """Give a statement as the journal keeps it: in one line, without passwords, and not too long."""
    kept = masked(" ".join(text.split()))[:LENGTH]
    while len(json.dumps(kept)) > SIZE:
        kept = kept[: len(kept) * 3 // 4]
    return kept


def _shortened(statements: Sequence[str]) -> Sequence[str]:
    """Leave out what stands in the middle of many statements."""
    if len(statements) <= 2 * ENDS:
        return statements
    return [*statements[:ENDS], f"... {len(statements) - 2 * ENDS} more ...", *statements[-ENDS:]]


def _count(shortened: Sequence[str]) -> int:
    """Give how many statements there were before some were left out."""
    more = int(shortened[ENDS].split()[1]) - 1 if len(shortened) > 2 * ENDS else 0
    return len(shortened) + more


def keeps_changes(database: Database) -> bool:
    """Tell whether a database keeps schema changes when a run is rolled back, so that a journal is needed."""
    from alembic.ddl.impl import DefaultImpl

    dialect = database.sync_engine.dialect
    said = database.options.get("transactional_ddl")
    transactional = DefaultImpl.get_by_dialect(dialect).transactional_ddl if said is None else said
    return dialect.name != "sqlite" and not transactional


def _table(schema: str | None) -> Table:
    from sqlalchemy import Boolean, Column, Integer, MetaData, String, Table, Text

    return Table(
        NAME,
        MetaData(),
        # runs on other version tables of the database, as packages have, hold other locks and go on meanwhile
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
