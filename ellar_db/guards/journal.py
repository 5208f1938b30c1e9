"""The journal, kept if schema changes can't be rolled back: a killed run leaves it for the next run to read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from functools import wraps
from typing import TYPE_CHECKING, Any

from ellar_db.dialects.base import Dialect
from ellar_db.guards.entry import Entry, EntryTable, clipped, count_of
from ellar_db.util.errors import DbError

if TYPE_CHECKING:
    from sqlalchemy import Connection

TO_SAVEPOINT = re.compile(r"\s*ROLLBACK\b.*\bTO\b", re.IGNORECASE | re.DOTALL)
"""A statement that undoes a part of the transaction."""


class RolledBackError(Exception):
    """A revision rolled back the transaction of the run."""

    def __str__(self) -> str:
        return (
            "it rolled back the transaction of the run, and with it what came before; what may fail belongs in a "
            "savepoint: with op.get_bind().begin_nested()"
        )


class Note(Enum):
    """Whether the table has the entry of the current revision."""

    ABSENT = auto()
    """There is no entry."""

    WRITTEN = auto()
    """The entry was written by the revision's own transactions."""

    AHEAD = auto()
    """The entry was committed before the revision began, together with the previous revision."""


@dataclass
class Progress:
    """The state of the current revision, besides its entry.

    Args:
        kept: How many of the entry's statements can no longer be rolled back.
        partial: Whether the last statement may be partly done if it fails.
        locked: Whether the revision has locked tables, so that no other table can be written.
        nested: Whether it rolled back to a savepoint, and the entry with it.
        undone: Whether it rolled back what was written.
        marked: Whether its transaction has nothing but the entry, written after a schema change.
    """

    kept: int = 0
    partial: bool = False
    locked: bool = False
    nested: bool = False
    undone: bool = False
    marked: bool = False


class Journal:
    """The journal of one database, written in the run's own transactions.

    A schema change commits what precedes it, and with that the entry which says that it begins. If nothing else
    precedes it, that is one commit more than without the entry; therefore the entry of a next revision is written
    ahead, in the transaction that records the previous one. Its first statement then needs no entry. If that isn't a
    schema change, the entry is withdrawn: rows are rolled back if the process dies, and nothing has to be repaired.

    Args:
        connection: The run's connection.
        dialect: The database's kind.
        options: Alembic's options for the database.
        package: The package whose migrations run, if any.
        ahead: Whether entries are written ahead. In a two-phase transaction, none can be withdrawn.
    """

    def __init__(
        self,
        connection: Connection,
        dialect: Dialect,
        options: Mapping[str, Any],
        package: str = "",
        *,
        ahead: bool = True,
    ) -> None:
        self.connection = connection
        self.dialect = dialect
        self.package = package
        self.ahead = ahead
        self.entries = EntryTable(connection, options)
        self.entry: Entry | None = None
        self.note = Note.ABSENT
        self.progress = Progress()
        self._following: Entry | None = None
        # whether the revision's own function runs; statements outside of it aren't the revision's
        self._running = False

    def refuse_unfinished(self, repair: str) -> None:
        """Refuse to run if an earlier run was interrupted.

        Args:
            repair: The command that resolves it, as typed.

        Raises:
            DbError: An earlier run was interrupted.
        """
        entry = self.entries.read()
        if entry is not None:
            settle = f"`{repair} {entry.revision}"
            raise DbError(
                f"an earlier run was cut short: {entry.story} Complete it by hand and say {settle} --applied`, or undo "
                f"it by hand and say {settle} --reverted`"
            )

    def refuse_long(self, revisions: Iterable[str]) -> None:
        """Refuse revisions whose id is too long for the version table, before they are applied.

        Args:
            revisions: The ids.

        Raises:
            DbError: An id is too long.
        """
        schema, name = self.entries.table.schema, self.entries.version_table
        length = self.dialect.length_of_revisions(self.connection, name, schema)
        for revision in revisions:
            if length is not None and len(revision) > length:
                raise DbError(
                    f"the revision {revision} has an id of {len(revision)} characters, and the table "
                    f"{name} keeps {length}; give it a shorter one"
                )

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Record the statements of the connection while the context lasts."""
        from sqlalchemy import event

        def before(_: Any, __: Any, statement: str, *___: Any) -> None:
            self.statement(statement)

        def after(_: Any, __: Any, statement: str, *___: Any) -> None:
            self.statement_done(statement)

        def nested(*_: Any) -> None:
            self.progress.nested = True

        # the journal may use another connection at the end
        connection = self.connection
        # before the two-phase commit's own listener, which ends the transaction that has the entry
        event.listen(connection, "before_cursor_execute", before, insert=True)
        event.listen(connection, "after_cursor_execute", after)
        event.listen(connection, "rollback_savepoint", nested)
        try:
            yield
        finally:
            event.remove(connection, "rollback_savepoint", nested)
            event.remove(connection, "before_cursor_execute", before)
            event.remove(connection, "after_cursor_execute", after)

    def noting(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap the function of a revision: statements outside of it belong to the version table, or to plugins."""

        @wraps(function)
        def noted(*arguments: Any, **options: Any) -> Any:
            self._running = True
            try:
                return function(*arguments, **options)
            finally:
                self._running = False

        return noted

    def begin(self, revision: str, direction: str) -> None:
        """Record that a revision begins; its entry is written with its first statement, unless it was written ahead.

        Args:
            revision: Its id.
            direction: "upgrade" or "downgrade".
        """
        self.entries.make()
        if self.entry is None:
            self.entry = Entry(revision, direction, package=self.package)
        self.progress = Progress()

    def statement(self, text: str) -> None:
        """Record that a statement begins.

        Args:
            text: The statement.
        """
        if self.entry is None or not self._running:
            return
        if TO_SAVEPOINT.match(text):
            self.progress.nested = True
        kinds, progress = self.dialect.statements, self.progress
        several = kinds.are_several(text) and self.dialect.sends_several(self.connection)
        progress.partial = several or kinds.partial.match(text) is not None
        changes_schema = kinds.changes_schema.match(text)
        is_noted = self.note is Note.AHEAD and not self.entry.statements
        if is_noted and not changes_schema and not progress.partial:
            self._withdraw()
            is_noted = False
        if progress.marked and kinds.outside.match(text):
            # as if the entry hadn't been written
            self.connection.connection.commit()
            progress.marked = False
        if kinds.reads.match(text) and not several:
            return
        progress.marked = False
        if changes_schema:
            progress.kept = len(self.entry.statements)
        self.entry.statements.append(clipped(text))
        self.entry.done = False
        # one of several steps may commit, and must then commit this entry too
        if (progress.partial or not is_noted) and not progress.locked:
            self._write(self.entry)

    def statement_done(self, text: str) -> None:
        """Record that a statement ended; this is written with the next one, and at once after a schema change.

        Args:
            text: The statement.
        """
        kinds, progress = self.dialect.statements, self.progress
        if self.entry is None or not self._running or (kinds.reads.match(text) and not progress.partial):
            return
        self.entry.done = True
        changes_schema = kinds.changes_schema.match(text)
        if changes_schema or (progress.partial and progress.locked):
            progress.kept = len(self.entry.statements)
        if changes_schema and self.ahead and not progress.locked:
            # into the transaction that begins after the change, since its rollback would leave no trace otherwise
            with self._own_statements():
                self._see(self.entries.mark())
            progress.marked = True
        if locks := kinds.table_locks.match(text):
            progress.locked = locks[1] is None

    def end(self, following: tuple[str, str] | None = None) -> None:
        """Record that a revision ended, in the transaction that changes the version table.

        Args:
            following: The id and the direction of the next revision, if there is one.
        """
        if following is not None and self.ahead:
            self._following = Entry(*following, done=False, package=self.package)
            self._write(self._following)
        elif self.note is not Note.ABSENT:
            self.clear()
        if self.progress.undone:
            raise RolledBackError

    def committed(self) -> None:
        """Go on to the next revision, after the one that ended was committed."""
        self.entry, self._following = self._following, None
        self.note = Note.ABSENT if self.entry is None else Note.AHEAD
        self.progress = Progress()

    def fail(self, failed: str = "", *, lasting: bool | None = None) -> Entry | None:
        """Keep the entry of a revision that failed, if a part of it was done.

        Called after the rollback, which undid everything that wasn't committed; what the table has was committed.

        Args:
            failed: The statement that failed, if one did.
            lasting: Whether the rollback left rows in place; None asks the dialect.

        Returns:
            The entry, or None. In a two-phase transaction it may be the previous revision's, which wasn't recorded yet.
        """
        entry, self.entry = self.entry, None
        progress = self.progress
        if lasting is None:
            lasting = self.dialect.keeps_rows(self.connection)
        if progress.locked:
            self.dialect.unlock_tables(self.connection)
        left = self.entries.read()
        if entry is None or (left is not None and (left.revision, left.direction) != (entry.revision, entry.direction)):
            return left
        committed, noted = progress.kept, 0
        if left is not None:
            noted = count_of(left.statements)
            committed = max(committed, noted - (noted == len(entry.statements) and not entry.done))
        # a statement that commits in the middle commits its entry too
        begun = noted == len(entry.statements) or progress.locked
        partly = progress.partial and not entry.done and bool(entry.statements) and begun
        self.note = Note.ABSENT if left is None else Note.WRITTEN
        if not committed and not partly and not lasting:
            if left is not None:
                self.clear()
                self.connection.commit()
            return None
        entry.failed = clipped(failed)
        if not partly:
            entry.statements, entry.done = entry.statements[:committed], True
        if lasting:
            entry.failed = (
                f"{entry.failed or 'the revision'} (rows of tables without transactions, as MyISAM's, are kept)"
            )
        self._write(entry)
        self.connection.commit()
        return entry

    def go_on_with(self, connection: Connection) -> None:
        """Use another connection from now on: a run's own may be unusable after a rollback."""
        self.connection = self.entries.connection = connection

    def clear(self) -> None:
        """Remove the entry."""
        with self._own_statements():
            self._see(self.entries.remove())
        self.note = Note.ABSENT

    def _withdraw(self) -> None:
        """Remove the entry that was written ahead, before the revision has done anything."""
        self.clear()
        # the driver's own commit: Alembic's transaction goes on, as if it had just begun
        self.connection.connection.commit()

    def _write(self, entry: Entry) -> None:
        with self._own_statements():
            self._see(self.entries.write(entry, anew=self.note is Note.ABSENT))
        self.note = Note.WRITTEN

    def _see(self, as_written: bool) -> None:
        """Notice that what was written is gone, although SQLAlchemy knows of no rollback."""
        self.progress.undone = self.progress.undone or not (as_written or self.progress.nested)

    @contextmanager
    def _own_statements(self) -> Iterator[None]:
        """Exclude the journal's own statements from the revision's."""
        running, self._running = self._running, False
        try:
            yield
        finally:
            self._running = running
