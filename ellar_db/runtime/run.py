"""The state of one database during a run: what has been done, and what is being done."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import click

from ellar_db.config.command_line import program
from ellar_db.databases.database import Database
from ellar_db.databases.limits import Limits
from ellar_db.dialects.base import Dialect
from ellar_db.guards.guard import Guard, guarded
from ellar_db.runtime.outcome import Failure, left_by
from ellar_db.util.alembic import is_in_external_transaction, replace_transaction, transaction
from ellar_db.util.click import replace_message
from ellar_db.util.errors import DbError, PluginError, summary

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext, MigrationInfo, MigrationStep
    from sqlalchemy import Connection

    from ellar_db.guards.entry import Entry
    from ellar_db.guards.journal import Journal

log = logging.getLogger("ellar_db")

COMMIT = re.compile(r"\s*(?:COMMIT|END)(?:\s+(?:WORK|TRANSACTION))?\s*;?\s*$", re.IGNORECASE)
"""A statement that ends the transaction without SQLAlchemy's knowledge."""


@dataclass
class Run:
    """One database of a run.

    Args:
        database: The database.
        dialect: Its dialect.
        connection: Its connection; None offline.
        guard: The guard of a run that writes.
        steps: The steps that have been applied.
        current: The step that is being applied.
        following: The step after it.
        kept: True once a revision has committed by itself; the run can no longer be fully rolled back.
        each_kept: Whether each revision has its own transaction.
    """

    database: Database
    dialect: Dialect
    connection: Connection | None = None
    guard: Guard | None = None
    steps: list[MigrationInfo] = field(default_factory=list)
    current: MigrationStep | None = None
    following: MigrationInfo | None = None
    kept: bool = False
    each_kept: bool = False

    @contextmanager
    def guarded(self, limits: Limits, *, settling: bool = False) -> Iterator[None]:
        """Guard the run as the database's dialect requires.

        Args:
            limits: The timeouts of its statements.
            settling: The run resolves an interrupted one, and so isn't refused because of it.

        Raises:
            DbError: An earlier run was interrupted, and left the database between two revisions.
        """
        assert self.connection is not None
        guarding = guarded(self.database, self.connection, self.dialect, limits, program(), settling=settling)
        with self._noticing_commits(), guarding as self.guard:
            yield

    @property
    def journal(self) -> Journal | None:
        """The journal, if schema changes can't be rolled back."""
        return None if self.guard is None else self.guard.journal

    def check(self) -> None:
        """Refuse to commit if the guard finds a problem.

        Raises:
            DbError: The changes must not be committed.
        """
        if self.guard is not None:
            self.guard.check()

    def watched(self, plan: Callable[..., Iterable[Any]]) -> Callable[..., Iterator[Any]]:
        """Wrap Alembic's plan of a command to track which step is running."""

        def steps(*args: Any) -> Iterator[Any]:
            planned = list(plan(*args))
            journal = self.journal
            if journal is not None:
                journal.refuse_long(str(step.info.up_revision_id) for step in planned if not step.info.is_stamp)
            for step, following in zip_longest(planned, planned[1:]):
                self.current, self.following = step, None if following is None else following.info
                if journal is None or step.info.is_stamp:
                    yield step
                else:
                    journal.begin(*_named(step.info))
                    step.migration_fn = journal.noting(step.migration_fn)
                    yield step
                    journal.committed()
            self.current = None

        return steps

    def applied(self, *, ctx: MigrationContext, step: MigrationInfo, **_: Any) -> None:
        """Record that a step was applied, in its own transaction (Alembic's `on_version_apply`)."""
        self.steps.append(step)
        self._take_over(ctx)
        if self._is_out_of_transaction and not self.kept:
            self._warn_of_commit()
        if self.journal is not None and not step.is_stamp:
            self.journal.end(None if self.following is None else _named(self.following))

    def _take_over(self, context: MigrationContext) -> None:
        """Let Alembic commit the transaction that began after a revision ended Alembic's own.

        Alembic would commit its own, which is over, and all later changes, including the version, would be lost.
        """
        if self.connection is None or is_in_external_transaction(context):
            return
        begun, now = transaction(context), self.connection.get_transaction()
        if begun is None or begun.is_active or now is None:
            return
        replace_transaction(context, now)
        self._warn_of_commit()

    @contextmanager
    def _noticing_commits(self) -> Iterator[None]:
        """Detect commits before the run has ended; from then on it can no longer be fully rolled back."""
        from sqlalchemy import event

        def committed(_: Connection) -> None:
            # commits of plugins before the first revision don't count
            self.kept = self.kept or self.current is not None

        def before(_: Connection, __: Any, statement: str, *___: Any) -> None:
            if self.journal is None and COMMIT.match(statement):
                self._warn_of_commit()

        event.listen(self.connection, "commit", committed)
        event.listen(self.connection, "before_cursor_execute", before)
        try:
            yield
        finally:
            event.remove(self.connection, "commit", committed)
            event.remove(self.connection, "before_cursor_execute", before)

    def _warn_of_commit(self) -> None:
        self.kept = True
        log.warning(
            "%s ended the transaction of the run by itself, so that what was done before is kept if the rest fails; "
            "op.get_context().autocommit_block() is the way to do without a transaction",
            self.current,
        )

    @contextmanager
    def failing(self, context: MigrationContext, others: Iterable[Run] = ()) -> Iterator[None]:
        """Name the failed revision in the error, and describe what is left of the run.

        Args:
            context: Alembic's context for the database.
            others: The run's other databases.

        Raises:
            DbError: A revision failed.
        """
        from alembic.util import CommandError
        from sqlalchemy.exc import SQLAlchemyError

        self.each_kept = bool(context.opts.get("transaction_per_migration"))
        try:
            yield
        except BaseException as error:
            # whatever a revision raises, the next run must know what it did
            left = left_by(self._failure(context, error), program()) + "".join(other.stays for other in others)
            plugins = isinstance(error, PluginError) or not isinstance(error, DbError)
            if isinstance(error, click.ClickException) and plugins and (self.current is not None or self.steps):
                # the plugin's error doesn't say what is left
                replace_message(error, f"{error.message}; {left}")
                raise
            ours = isinstance(error, (click.ClickException, click.exceptions.Exit, click.Abort, CommandError))
            if self.current is None or ours:
                raise
            if not isinstance(error, Exception):
                log.warning("%s did not end on the database %r; %s", self.current, self.database.name, left)
                raise
            late = isinstance(error, SQLAlchemyError) and self.dialect.timed_out(getattr(error, "orig", None))
            raise DbError(f"{self._where}: {summary(error)}{' (it timed out)' if late else ''}; {left}") from error

    @property
    def _where(self) -> str:
        package = f"package {self.database.package}: " if self.database.package else ""
        return f"{package}{self.current} failed on the database {self.database.name!r}"

    def _failure(self, context: MigrationContext, error: BaseException) -> Failure:
        """Return what is left of the run, and bring the journal up to date."""
        rolls_back = bool(context.impl.transactional_ddl)
        if rolls_back and not self.each_kept:
            self.kept = self.kept or self._is_out_of_transaction
        known = Failure(rolls_back, self.each_kept, self.current is not None, self.kept, self.journal is not None)
        if rolls_back or self.journal is None or self.current is None or self.connection is None:
            return known
        return self._journaled(self.journal, self.connection, known, error)

    def _journaled(self, journal: Journal, connection: Connection, known: Failure, error: BaseException) -> Failure:
        from sqlalchemy.exc import SQLAlchemyError

        lost = replace(known, lost=True)
        if connection.invalidated and journal.entry is not None and journal.entry.statements:
            # a new connection couldn't tell either whether the server ran the statement, or is still running it
            return lost
        try:
            if connection.in_transaction():
                connection.rollback()
            left = journal.fail(str(getattr(error, "statement", None) or ""))
        except SQLAlchemyError:
            return lost
        return replace(known, left=left, left_is_current=left is None or self._is_current(left))

    @property
    def stays(self) -> str:
        """What to report about this database if a revision on another one failed."""
        if self.kept and not self.each_kept and self.journal is None:
            return f"; the database {self.database.name!r} keeps what its revisions committed by themselves"
        if not self.steps or self.database.use_two_phase or not (self.journal is not None or self.each_kept):
            return ""
        return f"; the database {self.database.name!r} stays at {self.steps[-1].up_revision_id}"

    @property
    def _is_out_of_transaction(self) -> bool:
        """Whether the driver's transaction was ended without SQLAlchemy's knowledge."""
        return self.connection is not None and self.dialect.is_out_of_transaction(self.connection)

    def _is_current(self, left: Entry) -> bool:
        current: Any = self.current
        return _named(current.info) == (left.revision, left.direction)


def _named(step: MigrationInfo) -> tuple[str, str]:
    """Return a step's revision and direction, as in the journal."""
    return str(step.up_revision_id), "upgrade" if step.is_upgrade else "downgrade"


@contextmanager
def committing() -> Iterator[None]:
    """Convert errors of the commit into an error that says so.

    Raises:
        DbError: The commit failed.
    """
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except SQLAlchemyError as error:
        raise DbError(
            f"the run could not be committed: {summary(error)}; `{program()} current` shows what is kept"
        ) from error
