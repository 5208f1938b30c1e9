"""One execution of an env.py, whoever wrote it: each database that it configures is locked and guarded."""

from __future__ import annotations

import logging
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import replace
from functools import partial, wraps
from typing import TYPE_CHECKING, Any

import click

from ellar_db.config.command_line import program
from ellar_db.config.invocation import DATABASES, KEY, Ran, Way, invocation_of
from ellar_db.config.reports.broken_files import refuse_duplicates
from ellar_db.config.reports.position import DATABASE_OPTION
from ellar_db.config.revision_files import no_revisions, refuse_missing
from ellar_db.config.squashed.history import history_for
from ellar_db.databases.connections import apart, connected, naming, patiently
from ellar_db.databases.database import DEFAULT, Database
from ellar_db.databases.limits import limits_of
from ellar_db.guards.entry import EntryTable
from ellar_db.guards.leftovers import Leftovers
from ellar_db.guards.locking import Locks, in_order
from ellar_db.hooktypes import Run
from ellar_db.output.lossy import lossy
from ellar_db.output.steps import STEPS, End, StepLog, told
from ellar_db.plugins.dialects import dialect_of
from ellar_db.plugins.options import OVERRIDING, values
from ellar_db.plugins.wrappers import wrapped
from ellar_db.revisions.comparison import Comparison
from ellar_db.revisions.ownership import own_tables_only
from ellar_db.runtime.context_options import COMPOSED, configuring
from ellar_db.runtime.run import RunState
from ellar_db.runtime.versions import (
    REFUSE_UNKNOWN,
    drop_unused_version_table,
    heads_in,
    is_below,
    is_newest,
    told_of_another,
)
from ellar_db.scratch.databases import is_guarding
from ellar_db.util.alembic import ENSURE_VERSION, around_migrations, command_of
from ellar_db.util.click import replace_message
from ellar_db.util.errors import DbError
from ellar_db.util.garbage import COMPARING, RUNNING, leave_what_is_there

if TYPE_CHECKING:
    from types import TracebackType

    from alembic.runtime.environment import EnvironmentContext
    from alembic.runtime.migration import MigrationContext, MigrationInfo
    from sqlalchemy import Connection

log = logging.getLogger("ellar_db")
steps = logging.getLogger(STEPS)

ATTRIBUTE = "_ellar_db_watch"
"""Where Alembic's environment keeps its watch."""

KEPT = ("version_table", "version_table_schema", "transactional_ddl", "transaction_per_migration")
"""Options of `context.configure` that say how a database is recorded and committed."""

SNAPSHOTS = frozenset({"REPEATABLE READ", "SERIALIZABLE", "SNAPSHOT"})
"""Isolation levels at which a transaction doesn't see what others commit meanwhile."""


class Watch:
    """One execution of an env.py: a context that guards each database which env.py configures.

    Args:
        environment: Alembic's environment.
    """

    def __init__(self, environment: EnvironmentContext) -> None:
        self.environment = environment
        self.config = environment.config
        self.invocation = invocation_of(self.config)
        self.manager = self.invocation.manager
        self.command: Mapping[str, Any] = dict(environment.context_opts)
        if environment.is_offline_mode():
            # Alembic asks the folder for the revision with which the SQL begins
            environment.script = history_for(environment.script, _listed(self.command.get("starting_rev")))
        self.script = environment.script
        self.plan: Callable[..., Iterable[Any]] = self.command.get("fn", _nothing)
        self.name = "repair" if self.invocation.settling else command_of(self.plan)
        # the commands that change a database; all others only read it
        self.moves = "destination_rev" in self.command
        self.writes = self.moves or self.name == ENSURE_VERSION
        # resolving an interrupted run begins with reading what it left
        self.excludes = self.writes or self.invocation.settling
        self.offline = environment.is_offline_mode()
        # now, since an async run may take place in another thread, where click knows of no command
        ctx = click.get_current_context(silent=True)
        given = {**ctx.meta.get(OVERRIDING, {}), **ctx.params} if ctx else {}
        self._options = {**given, **values.get()}
        # whether env.py calls ellar_db
        self.ours = False
        self.states: list[RunState] = []
        self.locks = Locks(self.manager)
        self.leftovers = Leftovers()
        self.comparison = Comparison(
            self.config,
            self.manager,
            bare=KEY not in self.config.attributes,
            compares="revision_context" in self.command,
            purpose="check" if self.name == "check" or self.invocation.shows else "write",
        )
        self._began = time.monotonic()
        self._next: RunState | None = None
        self._warnings = warnings.catch_warnings()
        self._patience = ExitStack()
        self._streams = ExitStack()
        vars(environment)[ATTRIBUTE] = self

    def __enter__(self) -> Watch:
        self.manager.require(strict=self.decides)
        refuse_duplicates(self.script)
        limits = limits_of(None, self.manager.settings, self.invocation.limits)
        self._warnings.__enter__()
        if self.writes and not self.offline:
            # what a revision prints is never a reason to undo it
            self._streams.enter_context(lossy(sys.stdout, sys.stderr))
        self._patience.enter_context(patiently(limits.connect_wait))
        # of an env.py that rolls back by itself, after the run or its revision has done so
        warnings.filterwarnings("ignore", "transaction already deassociated from connection")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._finish()
        except BaseException as late:
            error = late
            raise
        finally:
            try:
                self._report(error)
                self._end()
                self._tell(error)
            except BaseException as late:
                error = error or late
                raise
            finally:
                self.locks.release(failed=error is not None)

    @contextmanager
    def another(self, way: Way | None = None) -> Iterator[Watch]:
        """Watch one database of many by itself, within this watch over all of them.

        Args:
            way: What the run is for; once the database is locked, nothing is done if that has been done before.
        """
        # what one database is configured with must not reach the next
        self.environment.context_opts = dict(self.command)
        try:
            with Watch(self.environment) as own:
                own.leftovers = self.leftovers
                if way is not None:
                    own.plan = _once(own.plan, way)
                yield own
        finally:
            vars(self.environment)[ATTRIBUTE] = self

    def leave_to_env(self) -> None:
        """Leave to env.py what ellar_db's own does by itself: databases, connections, options and commits."""
        self.ours = True
        self._patience.close()

    @property
    def decides(self) -> bool:
        """Whether the command writes, or its result decides something: all but those that only show."""
        checks = bool(getattr(self.config.cmd_opts, "check_heads", False))
        return self.excludes or "revision_context" in self.command or checks

    @property
    def _needs_revisions(self) -> bool:
        """Whether the command runs revisions, or refuses a database that isn't at the newest one."""
        revision = self.command.get("revision_context")
        return self.name == "upgrade" or (revision is not None and bool(revision.command_args["autogenerate"]))

    def lock(self, databases: Iterable[Database]) -> None:
        """Acquire the locks of databases, before anything is read: that must stay valid until this run changes it.

        Raises:
            DbError: Another run held a lock for longer than the limit.
            UnavailableError: A database can't be reached.
        """
        for database in in_order(list(databases), self.manager):
            self.locks.take(database, self.invocation.limits_of(database))

    def state_of(
        self,
        database: Database,
        connection: Connection | None,
        options: Mapping[str, Any] | None = None,
        *,
        named: bool = False,
    ) -> RunState:
        """Return the state of a run on a database, which is guarded if the command writes.

        Args:
            database: The database.
            connection: The run's connection; None offline.
            options: The options of `context.configure`; by default those of the database.
            named: Whether the database's name is shown, since there are several.

        Raises:
            DbError: An earlier run was interrupted, or the connection can't be made safe.
        """
        if self.moves or getattr(self.config.cmd_opts, "check_heads", False):
            refuse_missing(self.script)
        run = self._run_on(database, connection)
        state = RunState(run, dialect_of(self.manager, database), database.options if options is None else options)
        self.states.append(state)
        if self.moves and connection is not None and self._is_told:
            state.log = StepLog(database.name, named=named)
        if self.writes and connection is not None and self.invocation.rehearses:
            _refuse_rehearsal(state)
            state.rehearses = True
        if self.writes and connection is not None:
            state.protect(self.invocation.limits_of(database), self.leftovers, settling=self.invocation.settling)
            state.before_step = lambda: self.locks.check(database, connection)
        if self.manager.hook.ellar_db_step.get_hookimpls():
            state.around_step = lambda step, work: wrapped(
                self.manager, "ellar_db_step", work, run=state.run, step=step
            )
        return state

    def expect(self, state: RunState) -> None:
        """Name the state that the next `context.configure` is for, since env.py has made it already."""
        self._next = state

    def configure(
        self, environment: EnvironmentContext, original: Callable[..., None], options: dict[str, Any]
    ) -> None:
        """Configure Alembic for one database, in place of Alembic's own `configure`.

        Args:
            environment: Alembic's environment.
            original: Alembic's own.
            options: The arguments that env.py gave, by their names.

        Raises:
            DbError: The database can't be migrated safely.
        """
        # fileConfig, which env.py files call, switches off all loggers that it isn't told of
        log.disabled = steps.disabled = False
        state, self._next = self._next or self._found(options), None
        if state is None:
            original(**options)
            return
        if "revision_context" in self.command and not self.ours:
            self._add_comparison(state.database, options)
        options["fn"] = state.watched(self.plan)
        options[DATABASE_OPTION] = state.database
        callbacks = _listed(options.get("on_version_apply"))
        options["on_version_apply"] = [state.applied, *self._callbacks(state), *callbacks]
        if self.offline and self.invocation.looks:
            # an env.py may write to files of its own
            options["output_buffer"] = self.invocation.script.part(state.database)
        if state.rehearses:
            # one transaction, which ends with a rollback
            options["transaction_per_migration"] = False
        if state.guard is not None and options.get("transactional_ddl") is None:
            options["transactional_ddl"] = state.dialect.transactional_ddl
        original(**options)
        context = state.context = environment.get_context()
        around_migrations(context, lambda work: self._migrate(state, context, work))

    def _found(self, options: Mapping[str, Any]) -> RunState | None:
        """Return the state of a database that an env.py of somebody else's configures, or None if it isn't followed."""
        from sqlalchemy import Connection, TwoPhaseTransaction

        connection = options.get("connection")
        if self.offline:
            return self._found_offline(options)
        if connection is None:
            return None
        if not isinstance(connection, Connection):
            if self.writes:
                log.warning(
                    "env.py gives Alembic %s instead of a SQLAlchemy connection, so that the run has no lock and can't "
                    "be made all or nothing",
                    type(connection).__name__,
                )
            return None
        self._refuse_choice()
        two_phase = isinstance(connection.get_transaction(), TwoPhaseTransaction)
        database = self._database_of(connection.engine, options, two_phase)
        if self.invocation.ahead is not None:
            self.invocation.ahead(self.config, [database], connection)
        if self.excludes:
            self.lock([database])
            _refuse_stale(database, connection)
        state = self.state_of(database, connection)
        self.before([state])
        return state

    def _refuse_choice(self) -> None:
        """Refuse options that choose databases, or say how many of them are migrated, where env.py does that itself."""
        chosen, each = self.invocation.chosen, self.invocation.each
        asked = " ".join(filter(None, (chosen.listed if chosen else "", each.asked if each is not None else "")))
        if asked and not self.ours:
            raise DbError(
                f"this env.py chooses its databases itself, and so {asked} means nothing to it; leave it out, or "
                "let env.py call ellar_db.env.run()"
            )

    def _found_offline(self, options: Mapping[str, Any]) -> RunState | None:
        """Return the state of a database of which only the SQL is wanted, or None if its driver isn't installed."""
        from sqlalchemy import Connection, create_engine
        from sqlalchemy.exc import ArgumentError

        connection = options.get("connection")
        try:
            # never connected; what plugins are given has an engine
            url = options.get("url") or f"{options.get('dialect_name')}://"
            engine = connection.engine if isinstance(connection, Connection) else create_engine(url)
        except ImportError as error:
            if self.writes:
                log.warning(
                    "plugins aren't asked about this SQL, since the database's driver isn't installed: %s", error
                )
            return None
        except ArgumentError:
            # Alembic says so itself
            return None
        state = self.state_of(self._database_of(engine, options), None)
        self.before([state])
        return state

    def _database_of(self, engine: Any, options: Mapping[str, Any], two_phase: bool = False) -> Database:
        """Return the database that env.py configures, under the name that its functions have."""
        if engine.dialect.is_async:
            from sqlalchemy.ext.asyncio import AsyncEngine

            engine = AsyncEngine(engine)
        named = str(options.get("upgrade_token") or "").removesuffix("upgrades").rstrip("_")
        kept = {name: options[name] for name in KEPT if options.get(name) is not None}
        found = Database(named or DEFAULT, engine, options.get("target_metadata"), kept, two_phase)
        return replace(found, limits=self._limits_of(found))

    def _limits_of(self, found: Database) -> Mapping[str, Any]:
        """Return the limits that the project sets for a database, if it knows it."""
        identity = dialect_of(self.manager, found).identity
        known = self.config.attributes.get(DATABASES) or {}
        return next((each.limits for each in known.values() if identity(each) == identity(found)), {})

    def _run_on(self, database: Database, connection: Connection | None) -> Run:
        purpose = "dry-run" if self.offline or self.invocation.rehearses else "scratch" if is_guarding() else "apply"
        return Run(purpose, self.name, database, connection, options=self._options)  # type: ignore[arg-type]  # one of them

    def before(self, states: Iterable[RunState]) -> None:
        """Ask the plugins whether the run may begin, before the first statement on any of the databases.

        Raises:
            click.ClickException: A plugin refuses.
        """
        if not self.writes or not self.manager.hook.ellar_db_before_run.get_hookimpls():
            return
        for state in states:
            run = state.run
            begun = run.connection is None or run.connection.in_transaction()
            # a query would otherwise leave a transaction open, which Alembic wouldn't commit
            with nullcontext() if begun or run.connection is None else run.connection.begin():
                run.plan = self._planned(state)
                self.manager.tell(
                    "ellar_db_before_run", run=run, database=run.database, connection=run.connection, plan=run.plan
                )

    def _planned(self, state: RunState) -> tuple[MigrationInfo, ...]:
        """Return the steps that the command will apply to a database, in order."""
        from alembic import context
        from alembic.runtime.migration import MigrationContext

        if not self.moves:
            # calling the plan of ensure-version would already create the table
            return ()
        with configuring(state.database), _said_once():
            planning = MigrationContext.configure(
                state.connection,
                dialect=state.database.sync_engine.dialect,
                opts={**state.options, **self.command, "script": context.script, DATABASE_OPTION: state.database},
            )
        heads = () if planning.purge else planning.get_current_heads()
        return tuple(step.info for step in self.plan(heads, planning))

    def _callbacks(self, state: RunState) -> list[Callable[..., None]]:
        if not self.manager.hook.ellar_db_step_applied.get_hookimpls():
            return []

        def applied(*, step: MigrationInfo, **_: Any) -> None:
            self.manager.tell("ellar_db_step_applied", database=state.database, step=step)

        return [applied]

    def _add_comparison(self, database: Database, options: dict[str, Any]) -> None:
        """Let plugins take part in the comparison of an env.py of somebody else's, and let imports be written."""
        composed = {name: _listed(options.get(name)) for name in COMPOSED}
        composed["include_object"].append(own_tables_only(self.manager, database))
        self.comparison.add_to(options, composed, database)

    def _migrate(self, state: RunState, context: MigrationContext, work: Callable[[], None]) -> None:
        """Run the migrations of one database, in place of Alembic's own `run_migrations`."""
        leave_what_is_there(COMPARING if "revision_context" in self.command else RUNNING)
        if self.writes:
            work = partial(self._apply, state, context, work)
        if state.connection is None:
            work()
            return
        others = [other for other in self.states if other is not state]
        with state.failing(context, others), naming(state.database, state.connection):
            # it is about what `history` has just shown
            # and a package's own table has the name that the package gives it
            if self.name != REFUSE_UNKNOWN and not state.database.package:
                refused = self._needs_revisions
                told_of_another(context, self.manager, state.database, refused=refused, ours=self.ours)
            work()
            if state.rehearses:
                self._undo(state)

    def _undo(self, state: RunState) -> None:
        """Roll back all that a dry run has done on a database."""
        from sqlalchemy import TwoPhaseTransaction

        assert state.connection is not None
        state.rolled_back()
        begun = state.connection.get_transaction()
        if isinstance(begun, TwoPhaseTransaction):
            begun.rollback()
        elif begun is not None:
            # below SQLAlchemy: an env.py that has begun the transaction by itself commits it, which then keeps nothing
            state.connection.connection.rollback()
        number = len(state.run.steps)
        if number:
            revisions, are = ("1 revision", "is") if number == 1 else (f"{number:,} revisions", "are")
            log.info("Dry run: %s ran on the database %r, and %s rolled back.", revisions, state.database.name, are)

    def _drop_journal(self, state: RunState) -> None:
        """Drop the journal's table, which bare Alembic would propose to drop."""

        def drop(connection: Connection) -> None:
            EntryTable(connection, state.database.options).drop_if_empty(state.dialect)

        self.locks.call(state.database, drop)

    def _apply(self, state: RunState, context: MigrationContext, work: Callable[[], None]) -> None:
        run = state.run
        wrapped(self.manager, "ellar_db_run", work, run=run)
        if self.moves:
            drop_unused_version_table(run.database, run.connection, context)
        self.manager.tell(
            "ellar_db_after_run", database=run.database, connection=run.connection, steps=tuple(run.steps)
        )

    def _finish(self) -> None:
        """Check that what env.py did is done, after it has ended."""
        if "revision_context" in self.command:
            self.comparison.finish(self.command["revision_context"], self.script)
        for state in self.states:
            if state.error is not None:
                # env.py has caught it, and would end as if nothing had happened
                raise state.error
            if self.writes:
                state.refuse_uncommitted()
        if not self.ours:
            for state in self.states:
                if state.journal is not None and state.run.steps:
                    self._drop_journal(state)

    def _end(self) -> None:
        self._patience.close()
        self._streams.close()
        self._warnings.__exit__(None, None, None)
        for state in self.states:
            state.release()
            state.run.connection = None

    def _report(self, error: BaseException | None) -> None:
        """Log where the databases are after a run, or what became of each if it failed on one of several."""
        states = [state for state in self.states if state.connection is not None]
        if not self.moves or not states or not self._is_told:
            return
        if error is not None:
            if len(states) > 1 and any(state.run.steps for state in states):
                for state in states:
                    log.info("%s: %s", state.database.name, state.end)
            return
        if self.invocation.ran is not None:
            for state in states:
                done = Ran(state.database.name, state.run.package, state.before, state.at, state.revisions)
                self.invocation.ran(done)
        is_changed = any(state.run.steps for state in states)
        # a dry run has said so itself; of a package that isn't behind nobody wants to know
        if self.invocation.rehearses if is_changed else self.invocation.package is not None:
            return
        ends = []
        for state in states:
            ends.append(End(state.database.name, state.revisions, state.at, is_newest(self.script, state.at)))
        seconds = time.monotonic() - self._began
        if not is_changed and self._goes_back(states):
            return
        log.info("%s.", told(self.name, ends, seconds) if self.script.get_heads() else no_revisions(self.script)[:-1])

    def _goes_back(self, states: Sequence[RunState]) -> bool:
        """Say so if an upgrade has nothing to do because the databases have gone beyond its target."""
        target = self.command.get("destination_rev")
        if self.name != "upgrade" or not isinstance(target, str):
            return False
        beyond = [state for state in states if is_below(self.script, state.at, target)]
        if len(beyond) < len(states):
            return False
        chosen = f" {self.invocation.chosen.listed}" if self.invocation.chosen else ""
        done = "revisions are" if target == "base" else f"{target} is"
        log.info(
            "Nothing to do: %s applied already; `%s downgrade%s %s` goes back there.",
            done,
            program(),
            chosen,
            target,
        )
        return True

    @property
    def _is_told(self) -> bool:
        """Whether the run is for somebody who waits for it: bare Alembic has a log of its own."""
        bare = KEY not in self.config.attributes
        return not bare and not self.offline and not self.invocation.settling and not is_guarding()

    def _tell(self, error: BaseException | None) -> None:
        """Tell all plugins how the run ended on each database, while it is still locked.

        Raises:
            click.ClickException: A plugin failed after a run that succeeded. After one that failed, it is only logged.
        """
        problems: list[click.ClickException] = []
        for state in self.states if self.writes else ():
            if state.run.purpose != "apply":
                continue
            given: dict[str, Any] = {"run": state.run, "failed": lambda _, problem: problems.append(problem)}
            if error is None:
                self.manager.tell("ellar_db_committed", **given)
            else:
                state.run.steps[:] = state.remaining
                self.manager.tell("ellar_db_failed", error=error, **given)
        for problem in problems if error is not None else problems[1:]:
            log.warning("%s", problem.message)
        if problems and error is None:
            replace_message(problems[0], f"the run is committed, but {problems[0].message}")
            raise problems[0]


def _refuse_rehearsal(state: RunState) -> None:
    """Refuse a dry run on a database that keeps what it would do.

    Raises:
        DbError: It can't roll back schema changes.
    """
    if not state.dialect.rolls_back_ddl(state.database):
        raise DbError(
            f"what a dry run does would stay in the database {state.database.name!r}, which can't roll back "
            f"schema changes; `{program()} plan{state.database.choice}` shows what an upgrade would do"
        )


def _nothing(*_: Any) -> Iterable[Any]:
    """Plan nothing, for a program that runs an env.py without a plan."""
    return ()


def _once(plan: Callable[..., Iterable[Any]], way: Way) -> Callable[..., Iterable[Any]]:
    """Return a plan that has no steps on a database which has gone its way before."""

    @wraps(plan)
    def steps(heads: tuple[str, ...], *args: Any) -> Iterable[Any]:
        return plan(heads, *args) if way.rest(heads) else ()

    return steps


def watch_of(environment: EnvironmentContext) -> Watch | None:
    """Return the watch of an environment, or None if there is none."""
    return vars(environment).get(ATTRIBUTE)


@contextmanager
def _said_once() -> Iterator[None]:
    """Keep Alembic from saying what it is configured for; it says so when env.py configures it."""
    logger = logging.getLogger("alembic.runtime.migration")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


def _listed(value: Any) -> list[Any]:
    return [] if value is None else list(value) if isinstance(value, (list, tuple)) else [value]


def _refuse_stale(database: Database, connection: Connection) -> None:
    """Refuse a transaction that began before the lock was acquired, if another run has ended meanwhile.

    Raises:
        DbError: The transaction doesn't see the current revision.
    """
    if not connection.in_transaction() or connection.get_isolation_level() not in SNAPSHOTS:
        return
    table = str(database.options.get("version_table", "alembic_version"))
    with connected(apart(database)) as other:
        now = heads_in(database, other, table)
    if set(heads_in(database, connection, table)) != set(now):
        raise DbError(
            f"another run migrated the database {database.name!r} after env.py had begun to read it; run the command "
            "again, and let env.py call context.configure() before it reads"
        )
