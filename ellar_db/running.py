"""One database of a run, while it runs: what has been done, what is being done, and what guards it."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import click

from ellar_db.config import program
from ellar_db.databases import Database
from ellar_db.errors import DbError, PluginError, summary
from ellar_db.foreign_keys import in_transaction
from ellar_db.journal import Entry, Journal, keeps_changes
from ellar_db.limits import Limits
from ellar_db.sqlite import all_or_nothing
from ellar_db.timeouts import set_timeouts, timed_out

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext, MigrationInfo, MigrationStep
    from sqlalchemy import Connection

log = logging.getLogger("ellar_db")

COMMIT = re.compile(r"\s*(?:COMMIT|END)(?:\s+(?:WORK|TRANSACTION))?\s*;?\s*$", re.IGNORECASE)
"""A statement that ends the transaction behind SQLAlchemy's back."""

TRANSACTIONAL = ("sqlite", "postgresql", "mysql", "mariadb")
"""Databases whose runs are promised to be transactions, whatever the application's engine does."""


@dataclass
class Run:
    """One database of a run.

    Args:
        database: The database.
        connection: Its connection; None offline.
        steps: What has been applied.
        current: What is being applied.
        following: What comes after it.
        transactional_ddl: Whether schema changes can be rolled back, where that isn't as Alembic has it.
        journal: What is noted, where they can't be rolled back.
        check: Raises where what was done must not be committed.
        kept: Whether a revision ended the run's transaction by itself, so that a part of the run stays.
        each_kept: Whether each revision is a transaction of its own.
    """

    database: Database
    connection: Connection | None = None
    steps: list[MigrationInfo] = field(default_factory=list)
    current: MigrationStep | None = None
    following: MigrationInfo | None = None
    transactional_ddl: bool | None = None
    journal: Journal | None = None
    check: Callable[[], None] = lambda: None
    kept: bool = False
    each_kept: bool = False

    @contextmanager
    def guarded(self, limits: Limits, *, settling: bool = False) -> Iterator[None]:
        """Make a run that writes safe, each kind of database in its way.

        Args:
            limits: The time-outs of its statements.
            settling: The run ends what an earlier one left, and so isn't refused for it.

        Raises:
            DbError: An earlier run was cut short, and left the database in between.
        """
        assert self.connection is not None
        with ExitStack() as stack:
            _leave_autocommit(self.connection)
            set_timeouts(self.connection, limits)
            stack.enter_context(self._noticing_commits())
            if self.connection.dialect.name == "sqlite":
                self.transactional_ddl = True
                self.check = stack.enter_context(all_or_nothing(self.connection))
            elif keeps_changes(self.database):
                self.journal = Journal(
                    self.connection,
                    self.database.options,
                    self.database.package,
                    ahead=not self.database.use_two_phase,
                )
                stack.enter_context(self.journal.listening())
                if not settling:
                    self.journal.refuse_unfinished(program())
            yield
            if settling and self.journal is not None:
                self.journal.clear()
                self.connection.commit()

    def watched(self, plan: Callable[..., Iterable[Any]]) -> Callable[..., Iterator[Any]]:
        """Wrap Alembic's plan of a command so that it is known which step runs."""

        def steps(*args: Any) -> Iterator[Any]:
            planned = list(plan(*args))
            if self.journal is not None:
                self.journal.refuse_long(str(step.info.up_revision_id) for step in planned if not step.info.is_stamp)
            for step, following in zip_longest(planned, planned[1:]):
                self.current, self.following = step, None if following is None else following.info
                if self.journal is None or step.info.is_stamp:
                    yield step
                else:
                    self.journal.begin(*_named(step.info))
                    step.migration_fn = self.journal.noting(step.migration_fn)
                    yield step
                    self.journal.committed()
            self.current = None

        return steps

    def applied(self, *, ctx: MigrationContext, step: MigrationInfo, **_: Any) -> None:
        """Note that a step was applied, in its own transaction (Alembic's `on_version_apply`)."""
        self.steps.append(step)
        self._take_over(ctx)
        if self._is_out_of_transaction and not self.kept:
            self._warn_of_commit()
        if self.journal is not None and not step.is_stamp:
            self.journal.end(None if self.following is None else _named(self.following))

    def _take_over(self, context: MigrationContext) -> None:
        """Let Alembic commit the transaction that began when a revision ended Alembic's by itself.

        Alembic would commit its own, which is over, and all that came later, the version too, would be lost.
        """
        if self.connection is None or context._in_external_transaction:
            return
        begun, now = context._transaction, self.connection.get_transaction()
        if begun is None or begun.is_active or now is None:
            return
        context._transaction = now
        self._warn_of_commit()

    @contextmanager
    def _noticing_commits(self) -> Iterator[None]:
        """Notice what is committed before the run has ended: from then on a part of the run stays."""
        from sqlalchemy import event

        def committed(_: Connection) -> None:
            # what plugins do before the first revision is committed too
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
        """Say which revision a statement of which failed, and what is left of the run.

        Args:
            context: Alembic's context for the database.
            others: The run's other databases.

        Raises:
            DbError: The database refused a statement of a revision.
        """
        from alembic.util import CommandError
        from sqlalchemy.exc import SQLAlchemyError

        self.each_kept = bool(context.opts.get("transaction_per_migration"))
        try:
            yield
        except BaseException as error:
            # whatever a revision raises, what it did must be known to the next run
            left = self._left(context, error) + "".join(other.stays for other in others)
            plugins = isinstance(error, PluginError) or not isinstance(error, DbError)
            if isinstance(error, click.ClickException) and plugins and (self.current is not None or self.steps):
                # it doesn't know what is left; the message is final to click's own types
                vars(error)["message"] = f"{error.message}; {left}"
                raise
            ours = isinstance(error, (click.ClickException, click.exceptions.Exit, click.Abort, CommandError))
            if self.current is None or ours:
                raise
            if not isinstance(error, Exception):
                log.warning("%s did not end on the database %r; %s", self.current, self.database.name, left)
                raise
            late = isinstance(error, SQLAlchemyError) and timed_out(getattr(error, "orig", None))
            raise DbError(f"{self._where}: {summary(error)}{' (it timed out)' if late else ''}; {left}") from error

    def leave_no_trace(self, context: MigrationContext) -> None:
        """Drop the version table of a package that was taken back whole, so that it can be uninstalled."""
        if not self.database.package or self.connection is None or context.get_current_heads():
            return
        from sqlalchemy import MetaData, Table

        table = Table(context.version_table, MetaData(), schema=context.version_table_schema)
        table.drop(self.connection, checkfirst=True)

    @property
    def _where(self) -> str:
        package = f"package {self.database.package}: " if self.database.package else ""
        return f"{package}{self.current} failed on the database {self.database.name!r}"

    def _left(self, context: MigrationContext, error: BaseException) -> str:
        from sqlalchemy.exc import SQLAlchemyError

        if context.impl.transactional_ddl:
            if self.each_kept:
                if self.current is None:
                    return "its revisions stay"
                return "this revision was rolled back, and those before it stay"
            self.kept = self.kept or self._is_out_of_transaction
            return "the run was rolled back" + (
                ", but for what its revisions committed by themselves" if self.kept else ""
            )
        if self.journal is not None and self.current is None:
            return "the revisions stay, since this database can't roll back schema changes"
        if self.journal is None or self.connection is None:
            return "this revision was rolled back"
        lost = f"the connection is lost; `{program()} repair` says what is left, once the database answers again"
        if self.connection.invalidated and self.journal.entry is not None and self.journal.entry.statements:
            # a new one would know no better whether the server did the statement, or is still at it
            return lost
        try:
            if self.connection.in_transaction():
                self.connection.rollback()
            kept = self.journal.fail(str(getattr(error, "statement", None) or ""))
        except SQLAlchemyError:
            return lost
        if kept is None:
            return "nothing of this revision was applied"
        before = "" if self._is_current(kept) else f"the {kept.direction} of {kept.revision} before it isn't recorded. "
        return (
            f"this database can't roll back schema changes. {before}{kept.list} Complete them by hand and say "
            f"`{program()} repair {kept.revision} --applied`, or undo them and say `... --reverted`"
        )

    @property
    def stays(self) -> str:
        """What to say of this database where another one's revision failed."""
        if self.kept and not self.each_kept and self.journal is None:
            return f"; the database {self.database.name!r} keeps what its revisions committed by themselves"
        if not self.steps or self.database.use_two_phase or not (self.journal is not None or self.each_kept):
            return ""
        return f"; the database {self.database.name!r} stays at {self.steps[-1].up_revision_id}"

    @property
    def _is_out_of_transaction(self) -> bool:
        """Whether the driver's transaction on SQLite was ended behind SQLAlchemy's back, as `executescript` does."""
        if self.connection is None or self.connection.dialect.name != "sqlite" or not self.connection.in_transaction():
            return False
        return not in_transaction(self.connection)

    def _is_current(self, kept: Entry) -> bool:
        current: Any = self.current
        return current is None or _named(current.info) == (kept.revision, kept.direction)


def _leave_autocommit(connection: Connection) -> None:
    """Use transactions, where the application's engine doesn't."""
    dialect = connection.dialect
    level = connection.get_execution_options().get("isolation_level", dialect._on_connect_isolation_level)
    if level == "AUTOCOMMIT" and dialect.name in TRANSACTIONAL:
        connection.execution_options(isolation_level=dialect.default_isolation_level)


def _named(step: MigrationInfo) -> tuple[str, str]:
    """Give a step's revision and direction, as the journal has them."""
    return str(step.up_revision_id), "upgrade" if step.is_upgrade else "downgrade"


@contextmanager
def committing() -> Iterator[None]:
    """Say that it is the commit which failed.

    Raises:
        DbError: It did.
    """
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except SQLAlchemyError as error:
        raise DbError(
            f"the run could not be committed: {summary(error)}; `{program()} current` shows what is kept"
        ) from error
