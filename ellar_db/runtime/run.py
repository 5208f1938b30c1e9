"""The state of one database during a run: what has been done, and what is being done."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial, wraps
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import click

from ellar_db.config.command_line import program
from ellar_db.config.reports.position import unambiguous
from ellar_db.config.revision_files import run_fully
from ellar_db.databases.connections import apart, briefly, connected
from ellar_db.databases.database import Database
from ellar_db.databases.limits import Limits
from ellar_db.dialects.base import Dialect
from ellar_db.dialects.errors import described, original_of
from ellar_db.dialects.server_session import ServerSession
from ellar_db.guards.guard import Guard, guarded
from ellar_db.guards.journal import RolledBackError
from ellar_db.guards.leftovers import Leftovers
from ellar_db.guards.locking import LostLockError
from ellar_db.guards.marks import TransactionMark, may_end_transaction
from ellar_db.guards.statements import UnfinishedError, checked_statements
from ellar_db.guards.waiting import waits_told
from ellar_db.hooktypes import Canceller, Run
from ellar_db.output.steps import StepLog
from ellar_db.runtime.outcome import Failure, became, left_by, made_otherwise
from ellar_db.runtime.versions import refuse_odd
from ellar_db.util.alembic import is_in_external_transaction, replace_transaction, transaction
from ellar_db.util.click import replace_message
from ellar_db.util.errors import DbError, PluginError, RefusedError, summary
from ellar_db.util.termination import cancelled_by, is_interruption

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext, MigrationInfo, MigrationStep
    from sqlalchemy import Connection

    from ellar_db.guards.entry import Entry
    from ellar_db.guards.journal import Journal

log = logging.getLogger("ellar_db")

COMMIT = re.compile(r"\s*(?:COMMIT|END)(?:\s+(?:WORK|TRANSACTION))?\s*;?\s*$", re.IGNORECASE)
"""A statement that ends the transaction without SQLAlchemy's knowledge."""

ROLLBACK = re.compile(r"\s*(?:ROLLBACK|ABORT)(?:\s+(?:WORK|TRANSACTION))?(?:\s+AND\s+CHAIN)?\s*;?\s*$", re.IGNORECASE)
"""A statement that undoes the transaction without SQLAlchemy's knowledge."""

StepWrapper = Callable[["MigrationInfo", Callable[[], None]], None]


class UncommittedError(DbError):
    """env.py ended without committing a run."""


@dataclass
class RunState:
    """One database of a run, as ellar_db follows it.

    Args:
        run: The run, as plugins see it.
        dialect: The database's dialect.
        options: The options of `context.configure`.
        around_step: Called with each step and the function that applies it.
        before_step: Called before each step; it may refuse to go on.
        check_statements: Raises UnfinishedError if a statement left something incomplete, although it succeeded.
        context: Alembic's context, once it is configured.
        guard: The guard of a run that writes.
        current: The step that is being applied.
        following: The step after it.
        kept: True once a revision has committed by itself; the run can no longer be fully rolled back.
        each_kept: Whether each revision has its own transaction.
        committed: Whether everything that was applied is committed.
        error: The error with which the run failed.
        rehearses: Everything is rolled back in the end, and nothing may be committed before.
        log: Logs the steps, if they are for somebody who waits for them.
        at: The revisions at which the database is, by what was applied so far.
    """

    run: Run
    dialect: Dialect
    options: Mapping[str, Any]
    around_step: StepWrapper = field(default=lambda _, work: work())
    before_step: Callable[[], None] = field(default=lambda: None)
    check_statements: Callable[[], None] = field(default=lambda: None)
    context: MigrationContext | None = None
    guard: Guard | None = None
    current: MigrationStep | None = None
    following: MigrationInfo | None = None
    kept: bool = False
    each_kept: bool = False
    committed: bool = True
    error: BaseException | None = None
    rehearses: bool = False
    log: StepLog | None = None
    at: tuple[str, ...] = ()
    _mark: TransactionMark | None = None
    _begun: bool = False
    _in_revision: bool = False
    _undone: bool = False
    _is_unasked: bool = False
    before: tuple[str, ...] = ()
    _failed: Failure | None = None
    _cancel: Canceller | None = None
    _guards: ExitStack = field(default_factory=ExitStack)
    _pool: ExitStack = field(default_factory=ExitStack)

    @property
    def database(self) -> Database:
        """The database."""
        return self.run.database

    @property
    def connection(self) -> Connection | None:
        """Its connection; None offline."""
        return self.run.connection

    @property
    def is_external(self) -> bool:
        """Whether env.py, and not Alembic, ends the run's transaction."""
        return self.context is not None and is_in_external_transaction(self.context)

    @property
    def journal(self) -> Journal | None:
        """The journal, if schema changes can't be rolled back."""
        return None if self.guard is None else self.guard.journal

    def protect(self, limits: Limits, leftovers: Leftovers, *, settling: bool = False) -> None:
        """Guard the run as the database's dialect requires, until `release`.

        Args:
            limits: The timeouts of its statements.
            leftovers: What earlier runs left behind, as far as the command has asked.
            settling: The run resolves an interrupted one, and so isn't refused because of it.

        Raises:
            DbError: An earlier run was interrupted, and left the database between two revisions.
        """
        from sqlalchemy import event

        connection = self.connection
        assert connection is not None
        # env.py may give the connection back to the application's pool, in which it must be as it was
        raw, pool = connection.connection.dbapi_connection, connection.engine.pool

        def given_back(returned: Any, _: Any) -> None:
            if returned is raw:
                self._guards.close()

        event.listen(pool, "checkin", given_back)
        # an event's listener can't be removed while the event is handled
        self._pool.callback(event.remove, pool, "checkin", given_back)
        self._guards.enter_context(self._following_transactions(connection))
        self.check_statements = self._guards.enter_context(checked_statements(connection, self.dialect))
        guarding = guarded(self.database, connection, self.dialect, limits, program(), leftovers, settling=settling)
        self.guard = self._guards.enter_context(guarding)
        with briefly(connection):
            self._cancel = self.dialect.canceller(self.database, connection)
        self._mark = TransactionMark(self.database, connection, self.dialect)
        self._guards.callback(self._mark.remove)
        if self._cancel is not None:
            self._guards.enter_context(cancelled_by(partial(self._cancel, session=False)))
        if isinstance(self._cancel, ServerSession):
            asked = partial(self.dialect.blockers, session=self._cancel.number)
            self._guards.enter_context(waits_told(self.database, connection, asked))

    def release(self) -> None:
        """End the guard, so that the connection is as it was. May be called again."""
        self._guards.close()
        self._pool.close()

    def check(self) -> None:
        """Refuse to commit if the guard finds a problem.

        Raises:
            DbError: The changes must not be committed.
        """
        if self.guard is not None:
            self.guard.check()

    def check_before_commit(self) -> None:
        """Check what would otherwise fail at the commit, when other databases are committed already.

        Raises:
            DBAPIError: The commit would fail.
        """
        if self.connection is not None and self.connection.in_transaction() and self.run.steps:
            self.dialect.check_before_commit(self.connection)

    def watched(self, plan: Callable[..., Iterable[Any]]) -> Callable[..., Iterator[Any]]:
        """Wrap Alembic's plan of a command to track which step is running."""

        @wraps(plan)
        def steps(*args: Any) -> Iterator[Any]:
            refuse_odd(args[0], self.database)
            with unambiguous(program()):
                planned: list[Any] = list(plan(*args))
            self.at = self.before = tuple(args[0])
            journal = self.journal
            if journal is not None:
                journal.refuse_long(str(step.info.up_revision_id) for step in planned if not step.info.is_stamp)
            for number, (step, following) in enumerate(zip_longest(planned, planned[1:]), 1):
                self.current, self.following = step, None if following is None else following.info
                self._begun = False
                self.before_step()
                self._begun = True
                is_noted = journal is not None and not step.info.is_stamp
                self._wrap(step)
                if journal is not None and is_noted:
                    journal.begin(*_named(step.info))
                if self.log is not None:
                    self.log.begin(step.info, number, len(planned))
                yield step
                if journal is not None and is_noted:
                    journal.committed()
            if self._is_unasked and self._mark is not None and self._mark.is_rolled_back:
                raise RolledBackError
            self.current = None

        return steps

    def _wrap(self, step: Any) -> None:
        """Let a step's function be followed, by the journal too, and wrapped by the plugins."""
        function = step.migration_fn
        # a server is asked once for all revisions that name nothing by which they could end the transaction
        kept_apart = self.context is None or bool(self.context.opts.get("transaction_per_migration"))
        asks = kept_apart or self.dialect.embedded or may_end_transaction(function)
        if not step.info.is_stamp:
            function = step.migration_fn = run_fully(function)
        if self.journal is not None and not step.info.is_stamp:
            function = self.journal.noting(function)

        def followed(**options: Any) -> None:
            self._in_revision, self._undone = True, False
            if self._mark is not None:
                self._mark.set()
            try:
                function(**options)
            finally:
                self._in_revision = False
            self._is_unasked = not asks
            if self._undone or (asks and self._mark is not None and self._mark.is_rolled_back):
                raise RolledBackError
            self.check_statements()

        # Alembic names the step by the function's name
        @wraps(step.migration_fn)
        def run(**options: Any) -> None:
            self.around_step(step.info, partial(followed, **options))

        step.migration_fn = run

    def applied(self, *, ctx: MigrationContext, step: MigrationInfo, heads: Iterable[str], **_: Any) -> None:
        """Record that a step was applied, in its own transaction (Alembic's `on_version_apply`)."""
        self.run.steps.append(step)
        self.at = tuple(heads)
        if self.log is not None:
            self.log.end("ok")
        # a commit is still to come, but for a connection that commits each statement
        self.committed = self.connection is None or not self.connection.in_transaction()
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
    def _following_transactions(self, connection: Connection) -> Iterator[None]:
        """Notice commits and rollbacks, those of revisions too."""
        from sqlalchemy import event

        def commit(_: Connection) -> None:
            if self.error is not None:
                raise DbError(
                    f"env.py was about to commit a run that failed on the database {self.database.name!r}; it must let "
                    "the error pass"
                ) from self.error
            self._refuse_commit()
            # commits of plugins before the first revision don't count
            self.kept = self.kept or self.current is not None
            self.committed = True

        def rollback(_: Connection) -> None:
            self._undone = self._undone or self._in_revision

        def before(_: Connection, __: Any, statement: str, *___: Any) -> None:
            if COMMIT.match(statement):
                self._refuse_commit()
            if self._in_revision and ROLLBACK.match(statement):
                self._undone = True
            elif self.journal is None and COMMIT.match(statement):
                self._warn_of_commit()

        listeners: dict[str, Any] = {
            "commit": commit,
            "commit_twophase": lambda connection, *_: commit(connection),
            "rollback": rollback,
            "rollback_twophase": lambda connection, *_: rollback(connection),
            "before_cursor_execute": before,
        }
        for name, function in listeners.items():
            event.listen(connection, name, function)
        try:
            yield
        finally:
            for name, function in listeners.items():
                event.remove(connection, name, function)

    def rolled_back(self) -> None:
        """Note that a dry run is over, and all of it about to be rolled back."""
        self.rehearses = False
        self.committed = True

    def _refuse_commit(self) -> None:
        """Stop a dry run before something is committed.

        Raises:
            RefusedError: This is one.
        """
        if self.rehearses:
            raise RefusedError(
                "it commits here, by autocommit_block() or by itself, and a dry run stops before that; all before it "
                "ran without an error, and is rolled back"
            )

    def _warn_of_commit(self) -> None:
        self.kept = True
        log.warning(
            "%s ended the transaction of the run by itself, so that what was done before is kept if the rest fails; "
            "op.get_context().autocommit_block() is the way to do without a transaction",
            self.current,
        )

    def refuse_uncommitted(self) -> None:
        """Refuse to call a run done that env.py didn't commit.

        Raises:
            UncommittedError: Steps were applied, and the transaction ended without a commit.
        """
        if self.run.steps and not self.committed:
            ids = ", ".join(str(step.up_revision_id) for step in self.run.steps)
            raise UncommittedError(
                f"env.py did not commit the run on the database {self.database.name!r}, so that {ids} is not applied; "
                "it uses the connection before context.configure(), and then must commit by itself"
            )

    @contextmanager
    def failing(self, context: MigrationContext, others: Iterable[RunState] = ()) -> Iterator[None]:
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
            if self.log is not None:
                self.log.end("failed")
            if not isinstance(error, Exception):
                self._end_statement()
            # whatever a revision raises, the next run must know what it did
            others = list(others)
            failure = self._failure(context, error)
            left = left_by(failure, program(), self.database.choice) + "".join(other.stays for other in others)
            undone = [repr(other.database.name) for other in others if other.is_undone]
            left += f"; rolled back too: {', '.join(undone)}" if undone else ""
            self.error, self._failed = error, failure
            others_said = isinstance(error, (PluginError, LostLockError)) or not isinstance(error, DbError)
            if isinstance(error, click.ClickException) and others_said and (failure.in_revision or self.run.steps):
                # the error says neither what is left nor where
                at = self._position if failure.left_is_current and not failure.lost else ""
                replace_message(error, f"{error.message}; {left}{at}")
                raise
            ours = isinstance(error, (click.ClickException, click.exceptions.Exit, click.Abort, CommandError))
            if self.current is None or (ours and not isinstance(error, UnfinishedError)):
                raise
            if is_interruption(error):
                log.warning("%s did not end on the database %r; %s", self.current, self.database.name, left)
                raise
            late = isinstance(error, SQLAlchemyError) and self.dialect.timed_out(getattr(error, "orig", None))
            in_full = isinstance(error, (RolledBackError, RefusedError))
            said = str(error) if in_full else described(error, self.dialect, self.connection)
            told = f"{said}{' (it timed out)' if late else ''}; {left}{self._advice(context, error, others)}"
            raise DbError(f"{self._where}: {told}") from error

    def _advice(self, context: MigrationContext, error: BaseException, others: Iterable[RunState]) -> str:
        """Return what to do if the tables were made without migrations, or an empty string."""
        original = original_of(error)
        current: Any = self.current
        first = self.run.steps[0] if self.run.steps else current.info
        if original is None or first.down_revision_ids or not first.is_upgrade:
            return ""
        if not self.dialect.already_there(original):
            return ""
        script: Any = context.script
        target = "heads" if len(script.get_heads()) > 1 else "head"
        package = f" --package {self.database.package}" if self.database.package else ""
        return f"; {made_otherwise(program(), package + self.database.choice, target, alone=not list(others))}"

    def _end_statement(self) -> None:
        """End what the server still executes for a connection that was interrupted."""
        interrupted = self.connection is not None and (self.connection.invalidated or self.dialect.embedded)
        if self._cancel is not None and interrupted:
            # the server may be gone, or not allow it; the interruption itself is what counts
            with suppress(Exception):
                self._cancel(session=True)

    @property
    def _where(self) -> str:
        package = f"package {self.database.package}: " if self.database.package else ""
        return f"{package}{self.current} failed on the database {self.database.name!r}"

    def _failure(self, context: MigrationContext, error: BaseException) -> Failure:
        """Return what is left of the run, and bring the journal up to date."""
        rolls_back = bool(context.impl.transactional_ddl)
        if rolls_back and not self.each_kept:
            committed = self._mark is not None and self._mark.is_committed
            self.kept = self.kept or self._is_out_of_transaction or committed
        in_revision = self.current is not None and self._begun
        scratch = self.run.purpose == "scratch"
        known = Failure(rolls_back, self.each_kept, in_revision, self.kept, self.journal is not None, scratch=scratch)
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
            left = self._kept_entry(journal, connection, str(getattr(error, "statement", None) or ""))
        except SQLAlchemyError:
            return lost
        return replace(known, left=left, left_is_current=left is None or self._is_current(left))

    def _kept_entry(self, journal: Journal, connection: Connection, failed: str) -> Entry | None:
        from sqlalchemy.exc import InvalidRequestError

        entry = journal.entry
        try:
            return journal.fail(failed)
        except InvalidRequestError:
            # env.py began the transaction with a context manager, which refuses statements after the rollback
            with connected(apart(self.database)) as other:
                journal.go_on_with(other)
                journal.entry = entry
                return journal.fail(failed, lasting=False)

    @property
    def remaining(self) -> list[MigrationInfo]:
        """The steps that stay after a run that failed."""
        return list(self.run.steps) if self.committed or self.kept else []

    @property
    def revisions(self) -> list[str]:
        """The ids of the revisions that were applied, undone or recorded, in order."""
        return [str(step.up_revision_id) for step in self.run.steps]

    @property
    def is_undone(self) -> bool:
        """Whether the steps that were applied here are rolled back if a revision on another database failed."""
        return bool(self.run.steps) and not self.remaining

    @property
    def end(self) -> str:
        """What became of this database in a run that failed on one of several."""
        before, at = (" and ".join(sorted(each)) or "base" for each in (self.before, self.at))
        remaining = [str(step.up_revision_id) for step in self.remaining]
        return became(self._failed, remaining, before, at, touched=bool(self.run.steps))

    @property
    def stays(self) -> str:
        """What to report about this database if a revision on another one failed."""
        if self.kept and not self.each_kept and self.journal is None:
            return f"; the database {self.database.name!r} keeps what its revisions committed by themselves"
        return "" if self.database.use_two_phase else self._position

    @property
    def _position(self) -> str:
        """The last revision that stays, if each one commits; else an empty string."""
        if not self.run.steps or not (self.journal is not None or self.each_kept):
            return ""
        at = ", ".join(self.run.steps[-1].destination_revision_ids) or "base"
        return f"; the database {self.database.name!r} stays at {at}"

    @property
    def _is_out_of_transaction(self) -> bool:
        """Whether the driver's transaction was ended without SQLAlchemy's knowledge."""
        if self.connection is None or self.connection.invalidated:
            return False
        return self.dialect.is_out_of_transaction(self.connection)

    def _is_current(self, left: Entry) -> bool:
        current: Any = self.current
        return _named(current.info) == (left.revision, left.direction)


def _named(step: MigrationInfo) -> tuple[str, str]:
    """Return a step's revision and direction, as in the journal."""
    return str(step.up_revision_id), "upgrade" if step.is_upgrade else "downgrade"


@contextmanager
def committing(states: Sequence[RunState]) -> Iterator[None]:
    """Convert errors of the commit into an error that says what is committed.

    Args:
        states: The databases, in the order in which they are committed.

    Raises:
        DbError: The commit failed.
    """
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except SQLAlchemyError as error:
        moved = [each for each in states if each.run.steps]
        done = ", ".join(repr(each.database.name) for each in moved if each.committed)
        rest = ", ".join(repr(each.database.name) for each in moved if not each.committed)
        outcome = f"; committed: {done}; not committed: {rest}" if done else ""
        raise DbError(
            f"the run could not be committed: {summary(error)}{outcome}; `{program()} current` shows what is kept"
        ) from error
