"""What revisions do, as far as it can be told without a database: they run, and their statements are only written."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, nullcontext, redirect_stdout
from dataclasses import dataclass, field
from functools import wraps
from traceback import walk_stack
from typing import TYPE_CHECKING, Any

from ellar_db.autogenerate.words import Difference
from ellar_db.config.invocation import DATABASES, change_invocation, invocation_of
from ellar_db.config.reports.position import DATABASE_OPTION
from ellar_db.config.reports.refusals import reported
from ellar_db.databases.database import Database, Databases
from ellar_db.ddl.catalog import Catalog
from ellar_db.ddl.changes import Table
from ellar_db.ddl.reading import changes_of
from ellar_db.fleet.attempt import warnings_kept
from ellar_db.lint.findings import Finding
from ellar_db.lint.operations import in_sql
from ellar_db.lint.standin import Known, StandIn
from ellar_db.lint.statements import Span, Statement, statements_of
from ellar_db.util.alembic import recording, without_a_database
from ellar_db.util.errors import summary
from ellar_db.util.masking import masked

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.operations.ops import MigrateOperation
    from alembic.runtime.migration import MigrationContext, MigrationStep, RevisionStep
    from alembic.script import Script, ScriptDirectory
    from sqlalchemy import Dialect

RUNNING = "-- Running "
"""How the comment begins that Alembic writes before each revision."""

COPIED = re.compile(r"batch mode with dialect \w+ requires a live database connection.* reflect the table \"([^\"]+)\"")
"""How Alembic says that a batch copies a table."""

COMMIT = re.compile(r"\s*\bCOMMIT;\s*(?:GO\s*)?\Z")
"""The end of Alembic's transaction, behind the last revision."""


@dataclass
class Step:
    """One revision, and what it does.

    Args:
        script: The revision.
        is_upgrade: It is applied, and not undone.
        operations: Its operations, each with the line of the file from which it comes; 0 if that isn't known.
        statements: Its statements, without those that write the version table.
        copied: The tables that SQLite would copy, each with the line.
        asked: The lines on which it asks for a connection.
        sql: Its SQL, that of the version table included.
        problem: Why not all of it can be told.
        differences: What it does, in words.
        findings: What the rules say of it.
    """

    script: Script
    is_upgrade: bool
    operations: list[tuple[MigrateOperation, int]] = field(default_factory=list, repr=False)
    statements: list[Statement] = field(default_factory=list, repr=False)
    copied: list[tuple[Table, int]] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)
    sql: str = ""
    problem: str = ""
    differences: list[Difference] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def everything(self) -> Iterator[tuple[MigrateOperation, int]]:
        """Its operations, and others that do what statements of its own do, each with its line."""
        yield from self.operations
        for statement in self.statements:
            if statement.own:
                for operation in in_sql(statement):
                    yield operation, statement.line


@dataclass
class Recording:
    """What revisions do on one database.

    Args:
        database: The database; None if env.py doesn't tell.
        dialect: SQLAlchemy's dialect.
        steps: The revisions, in order.
        sql: The SQL of all of them, as one script.
    """

    database: Database | None
    dialect: Dialect
    steps: list[Step] = field(default_factory=list)
    sql: str = ""


def recorded(
    config: Config,
    script: ScriptDirectory,
    ahead: Callable[[], Sequence[RevisionStep]],
    at: Sequence[str] = (),
    *,
    databases: Collection[str] = (),
    chosen: Collection[str] | None = None,
    goes_on: bool = False,
) -> list[Recording]:
    """Return what revisions do on each database that env.py configures. No database is connected to.

    Args:
        config: The configuration of the application or of a package.
        script: The folder.
        ahead: Returns the steps, anew for each database.
        at: The revisions with which they begin.
        databases: The names of the databases; empty for all.
        chosen: The revisions that are recorded; the others are taken for applied, and don't run. None for all.
        goes_on: Where a revision asks for a connection, it gets one that finds nothing, and where it copies a table of
            SQLite, that is noted; otherwise both are the step's problem.

    Raises:
        DbError: env.py can't write SQL.
    """
    before, given = invocation_of(config), config.attributes.get(DATABASES)
    recorder = _Recorder(script, ahead, chosen, goes_on=goes_on)
    output, config.output_buffer = config.output_buffer, io.StringIO()
    change_invocation(config, labels=False, looks=True, script=recorder, ahead=None)
    if given and databases:
        config.attributes[DATABASES] = Databases([each for each in given.values() if each.name in databases])
    try:
        recorder.run(config, at)
    finally:
        config.output_buffer = output
        config.attributes[DATABASES] = given
        change_invocation(config, labels=before.labels, looks=before.looks, script=before.script, ahead=before.ahead)
    return recorder.found


class _Recorder:
    """Records the steps of one execution of an env.py, in place of the `Script` that prints their SQL."""

    def __init__(
        self,
        script: ScriptDirectory,
        ahead: Callable[[], Sequence[RevisionStep]],
        chosen: Collection[str] | None,
        *,
        goes_on: bool,
    ) -> None:
        self.found: list[Recording] = []
        self._script = script
        self._ahead = ahead
        self._chosen = chosen
        self._goes_on = goes_on
        self._contexts: list[MigrationContext] = []
        self._marks: list[list[int]] = []
        self._running: Step | None = None
        self._spans: dict[int, list[Span]] = {}
        self._catalog = Catalog()
        self._followed = 0

    def part(self, _: Database) -> io.StringIO:
        """Return the stream to which Alembic writes the SQL of one database."""
        return io.StringIO()

    def end(self, _: Config) -> None:
        """Print nothing."""

    def run(self, config: Config, at: Sequence[str]) -> None:
        """Run env.py offline."""
        from alembic.runtime.environment import EnvironmentContext

        environment = EnvironmentContext(
            config, self._script, fn=self._steps, as_sql=True, starting_rev=list(at) or None
        )
        stand_in = StandIn(self._execute, lambda: self._contexts[-1].dialect, self._known)
        goes_on = without_a_database(stand_in, Known, self._copied) if self._goes_on else nullcontext()
        # what a revision prints isn't part of an answer
        aside = redirect_stdout(sys.stderr)
        with reported(), warnings_kept(), aside, recording(self._around), goes_on, environment:
            self._script.run_env()
        for recording_, context, marks in zip(self.found, self._contexts, self._marks, strict=True):
            recording_.sql = _text(context)
            for step, begin, end in zip(recording_.steps, marks, [*marks[1:], len(recording_.sql)], strict=False):
                step.sql = COMMIT.sub("", recording_.sql[begin:end]).strip()
                step.statements = list(
                    statements_of(recording_.sql, begin, end, self._spans.get(id(step), []), context.version_table)
                )

    def _steps(self, _: tuple[str, ...], context: MigrationContext) -> list[MigrationStep]:
        database = context.opts.get(DATABASE_OPTION)
        made = Recording(database if isinstance(database, Database) else None, context.dialect)
        self.found.append(made)
        self._contexts.append(context)
        self._catalog, self._followed = Catalog(), 0
        marks: list[int] = []
        self._marks.append(marks)
        # behind the beginning of the transaction; what comes before the first revision, such as the version table, is
        # the first one's
        begin = len(_text(context))
        steps = list(self._ahead())
        for step in steps:
            script: Any = step.revision
            if self._chosen is None or script.revision in self._chosen:
                made.steps.append(Step(script, step.is_upgrade))
                first = begin if step is steps[0] else None
                step.migration_fn = self._wrapped(step.migration_fn, made.steps[-1], context, marks, first)
            else:
                step.migration_fn = _skipped(step.migration_fn)
        return list(steps)

    def _wrapped(
        self, work: Any, step: Step, context: MigrationContext, marks: list[int], begin: int | None
    ) -> Callable[..., None]:
        """Return the function of a step that is recorded, whose SQL begins at a mark, or with its comment."""

        @wraps(work)
        def run(**arguments: Any) -> None:
            marks.append(_text(context).rfind(RUNNING) if begin is None else begin)
            self._running = step
            try:
                work(**arguments)
            except Exception as error:  # a revision that reads the database raises anything where there is none
                step.problem = masked(f"not all can be told without running it: {_reason(error)}")
            finally:
                self._running = None

        return run

    @contextmanager
    def _around(self, operation: MigrateOperation) -> Iterator[None]:
        if self._running is None:
            yield
            return
        line = _line(self._running.script.path)
        self._running.operations.append((operation, line))
        with self._noted(line, operation):
            yield

    @contextmanager
    def _noted(self, line: int, operation: MigrateOperation | None) -> Iterator[None]:
        """Note which part of the SQL comes from a line."""
        context, step = self._contexts[-1], self._running
        begin = len(_text(context))
        try:
            yield
        finally:
            self._spans.setdefault(id(step), []).append(Span(begin, len(_text(context)), line, operation))

    def _copied(self, schema: str | None, table: str) -> None:
        if self._running is not None:
            self._running.copied.append(((schema, table), _line(self._running.script.path)))

    def _known(self) -> Catalog:
        """Return what has been made so far."""
        if self._running is not None:
            self._running.asked.append(_line(self._running.script.path))
        text = _text(self._contexts[-1])
        self._catalog.follow(changes_of(text[self._followed :]))
        self._followed = len(text)
        return self._catalog

    def _execute(self, sql: str) -> None:
        """Write what a revision executes on a connection, and note that it does."""
        if self._running is None:
            return
        line = _line(self._running.script.path)
        self._running.asked.append(line)
        if sql:
            with self._noted(line, None):
                self._contexts[-1].impl.static_output(f"{sql};")


def _skipped(work: Any) -> Callable[..., None]:
    """Return the function of a step that is taken for applied."""

    @wraps(work)
    def run(**_: Any) -> None:
        pass

    return run


def _line(path: str) -> int:
    """Return the line of a file that is being executed; 0 if none is."""
    return next((line for frame, line in walk_stack(None) if frame.f_code.co_filename == path), 0)


def _reason(error: Exception) -> str:
    """Return why a revision can't be recorded to its end, in one line."""
    copied = COPIED.search(str(error))
    return f"it copies the table {copied[1]}, and looks at it first" if copied else summary(error)


def _text(context: MigrationContext) -> str:
    """Return what has been written."""
    stream: Any = context.output_buffer
    return str(stream.getvalue()) if isinstance(stream, io.StringIO) else ""
