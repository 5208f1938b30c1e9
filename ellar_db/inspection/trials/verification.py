"""Revisions tried on scratch databases: up, down and up again, with rows in the tables."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ellar_db.autogenerate.words import lines
from ellar_db.config.groups import representatives
from ellar_db.config.invocation import DATABASES, change_invocation, invocation_of
from ellar_db.databases.database import Database
from ellar_db.history.text import title
from ellar_db.inspection.drift import replaying
from ellar_db.inspection.trials.migrations import Migrations, State
from ellar_db.inspection.trials.pending import none_of, revisions_of
from ellar_db.inspection.trials.reversal import NAME, RULE, reversal_of
from ellar_db.inspection.trials.rows import Changes, Rows, Tables, changed, gone, noted
from ellar_db.inspection.trials.stage import Stage, of_folder, reach
from ellar_db.inspection.trials.traces import first_trace
from ellar_db.options import Which
from ellar_db.revisions.losses import losses
from ellar_db.runtime.versions import is_newest
from ellar_db.util.errors import DbError, UnavailableError

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.operations.ops import UpgradeOps
    from alembic.script import Script, ScriptDirectory


T = TypeVar("T")

log = logging.getLogger("ellar_db")


@dataclass(frozen=True)
class Verdict:
    """What was found of one revision on one database.

    Args:
        database: The database's name.
        revision: The revision.
        problem: The first problem; empty if there is none.
        reason: Why it can't be undone, as it says itself; empty if it can.
    """

    database: str
    revision: Script
    problem: str
    reason: str

    @property
    def title(self) -> str:
        """The revision's id and the first line of its message."""
        return f"{self.revision.revision} {title(self.revision.doc)}".strip()


@dataclass
class Verified:
    """What was found of one database.

    Args:
        database: The database's name.
        verdicts: What was found of each revision that was tried.
        untried: The revisions that were wanted and not tried, after one that failed.
        compared: Whether the models were compared with what all revisions make.
        models: In what they differ, the first difference in words; empty if they don't.
    """

    database: str
    verdicts: list[Verdict] = field(default_factory=list)
    untried: list[str] = field(default_factory=list)
    compared: bool = False
    models: str = ""

    @property
    def failed(self) -> bool:
        """Whether there is any problem."""
        return bool(self.models) or any(verdict.problem for verdict in self.verdicts)


class _FailedError(Exception):
    """A revision has a problem, which is the message."""


@dataclass(frozen=True)
class Verification:
    """The revisions of an application, or of a package, tried on scratch databases.

    Args:
        config: The command's configuration.
        which: Which revisions are tried; those before them are only run.
        urls: Where scratch databases are made, each `URL` or `NAME=URL`; by default where the databases are.
        keep_going: Go on with the next revision after one that failed.
        rows: Put rows into the tables.
        tell: Called with each verdict at once, and whether there are several databases.
    """

    config: Config
    which: Which
    urls: Sequence[str] = ()
    keep_going: bool = False
    rows: bool = True
    tell: Callable[[Verdict, bool], object] = lambda *_: None

    def run(self) -> list[Verified]:
        """Try the revisions on each database.

        Raises:
            UnavailableError: Which revisions are wanted can't be found out, or those before them can't be run.
        """
        from alembic.script import ScriptDirectory

        invocation = invocation_of(self.config)
        databases = representatives(self.config, self.config.attributes[DATABASES], invocation.chosen)
        script = ScriptDirectory.from_config(self.config)
        places = of_folder(self.config, script, databases, self.urls)
        wanted = {database.name: revisions_of(self.which, script, database, invocation) for database in places}
        return [
            _Walk(self, script, database, wanted[database.name], several=len(places) > 1).run() for database in places
        ]


class _Walk:
    """The revisions tried on one database, one after the other.

    Args:
        verification: What is asked for.
        script: The folder.
        database: The application's database.
        wanted: The ids of the revisions that are tried.
        several: Whether there are other databases.
    """

    def __init__(
        self,
        verification: Verification,
        script: ScriptDirectory,
        database: Database,
        wanted: set[str],
        *,
        several: bool,
    ) -> None:
        self.several = several
        self.verification = verification
        self.script = script
        self.database = database
        self.order: list[Script] = list(script.walk_revisions())[::-1]
        self.left = [each for each in self.order if each.revision in wanted]
        self.verified = Verified(database.name)
        self.stage = Stage(verification.config, script, database, verification.urls)

    def run(self) -> Verified:
        """Try all of them; after one that failed, those after it on another scratch database."""
        if not self.left:
            log.info("%s", none_of(self.verification.which, self.name))
        done = 0
        while self.left:
            with self.stage.opened() as migrations:
                if not self._reach(migrations, self.order[:done], verified=bool(done)):
                    break
                try:
                    done = self._try_from(migrations, done)
                except _FailedError:
                    done = self.order.index(self.verified.verdicts[-1].revision) + 1
                    if not self.verification.keep_going:
                        break
        self.verified.untried = [each.revision for each in self.left]
        return self.verified

    @property
    def name(self) -> str:
        """The database's name."""
        return self.database.name

    def _reach(self, migrations: Migrations, revisions: Sequence[Script], *, verified: bool = False) -> bool:
        """Run revisions that aren't tried, without rows; return False if one fails that failed before.

        Raises:
            UnavailableError: One fails.
        """
        try:
            reach(migrations, revisions)
        except UnavailableError as error:
            if not verified:
                raise
            log.warning("what comes after %s can't be reached: %s", revisions[-1].revision, error.message)
            return False
        return True

    def _try_from(self, migrations: Migrations, start: int) -> int:
        """Try the revisions that are left; return how many of all were run.

        Raises:
            _FailedError: One failed.
        """
        before: State | None = None
        while self.left:
            revision = self.left.pop(0)
            number = self.order.index(revision)
            if number > start:
                self._reach(migrations, self.order[start:number])
                before = None
            before = before or self._look(migrations)
            trial = _Trial(self, migrations, revision, before)
            try:
                before = trial.run()
            except _FailedError as error:
                self._add(Verdict(self.name, revision, str(error), trial.reason))
                raise
            self._add(Verdict(self.name, revision, "", trial.reason))
            start = number + 1
        if before is not None and is_newest(self.script, before.heads):
            self._compare_models(migrations)
        return start

    def _add(self, verdict: Verdict) -> None:
        self.verified.verdicts.append(verdict)
        self.verification.tell(verdict, self.several)

    def _look(self, migrations: Migrations) -> State:
        with replaying():
            return migrations.look()[self.name]

    def _compare_models(self, migrations: Migrations) -> None:
        """Compare the models with what all revisions make, if there are models."""
        from alembic import command
        from alembic.util import AutogenerateDiffsDetected

        if self.database.metadata is None:
            return
        compared: list[UpgradeOps] = []
        config = self.verification.config
        change_invocation(config, found=compared.extend)
        # Alembic prints that there is no difference
        stdout, config.stdout = config.stdout, StringIO()
        try:
            with migrations.configured():
                command.check(config)
        except DbError as error:
            if not isinstance(error.__cause__, AutogenerateDiffsDetected):
                raise
            self.verified.models = next(iter(lines(compared)))
        finally:
            config.stdout = stdout
            change_invocation(config, found=None)
        self.verified.compared = True


class _Trial:
    """One revision, tried on one database.

    Args:
        walk: The walk through the revisions.
        migrations: The migrations on the scratch database.
        revision: The revision.
        before: The state of the database.
    """

    def __init__(self, walk: _Walk, migrations: Migrations, revision: Script, before: State) -> None:
        self.walk = walk
        self.migrations = migrations
        self.revision = revision
        self.before = before
        self.reason = ""
        self.rows: dict[str, Rows] = {}
        lost = losses(Path(revision.path), [f"{way}{end}" for way in ("upgrade", "downgrade") for end in self._ends])
        # a name that is computed may be that of any table
        self.loses_any = any(not loss.table for loss in lost)
        self.lost_tables = {loss.table.lower() for loss in lost if loss.column is None}
        self.lost_columns = {(loss.table.lower(), loss.column) for loss in lost if loss.column is not None}

    @property
    def _ends(self) -> tuple[str, str]:
        return "", f"_{self.walk.database.token}"

    def run(self) -> State:
        """Run the revision up, down and up, and return the state after it.

        Raises:
            _FailedError: There is a problem.
        """
        found = reversal_of(self.revision, self.walk.database.token)
        if found.problem:
            raise _FailedError(
                f'{found.problem}; write it, say why there is none ({NAME} = "the reason"), or why it has nothing '
                f"to do (# ellar-db: {RULE} the reason)"
            )
        self.reason = found.reason
        if self.walk.verification.rows:
            self.rows = self.walk.stage.tables(self.migrations, self._planted)
        with noted(self.migrations.databases[self.walk.name].sync_engine) as changes:
            self._step(self.migrations.apply, "the upgrade fails")
            after = self._look()
            self._check_rows("after the upgrade", changes)
            if self.reason or not self._undo():
                return after
            self._check_schema("after the downgrade", self.before, self._look())
            self._check_rows("after the downgrade", changes, values=True)
            self._step(self.migrations.apply, "it can't be applied again after its downgrade")
        again = self._look()
        self._check_schema("after the second upgrade", after, again)
        return again

    def _planted(self, tables: Tables) -> dict[str, Rows]:
        self.walk.stage.tell_unplanted(tables.plant())
        return {key: tables.read(key) for key in tables.all}

    def _step(self, work: Callable[[Script], None], problem: str) -> None:
        try:
            work(self.revision)
        except UnavailableError:
            raise
        except DbError as error:
            rows = " (the tables had rows that `verify` put there; --no-rows leaves them empty)"
            there = any(rows.count for rows in self.rows.values())
            raise _FailedError(f"{problem}: {error.message}{rows if there else ''}") from error

    def _undo(self) -> bool:
        """Undo the revision; return False if it says that it can't be undone."""
        try:
            self._step(self.migrations.revert, "the downgrade fails")
        except _FailedError as error:
            raised = error.__cause__.__cause__ if error.__cause__ is not None else None
            if isinstance(raised, NotImplementedError) and str(raised):
                self.reason = str(raised)
                return False
            raise
        return True

    def _look(self) -> State:
        return self.migrations.look()[self.walk.name]

    def _check_schema(self, when: str, expected: State, actual: State) -> None:
        trace = first_trace(expected.schema, actual.schema)
        if trace:
            raise _FailedError(f"{when} {trace}")
        if expected.heads != actual.heads:
            at = " and ".join(actual.heads) or "base"
            raise _FailedError(f"{when} the database is at {at} instead of {' and '.join(expected.heads) or 'base'}")

    def _check_rows(self, when: str, changes: Changes, *, values: bool = False) -> None:
        if not any(rows.count for rows in self.rows.values()) or self.loses_any:
            return
        problem = self.walk.stage.tables(self.migrations, lambda tables: self._problem(tables, changes, values=values))
        if problem:
            raise _FailedError(f"{when} {problem}")

    def _problem(self, tables: Tables, changes: Changes, *, values: bool) -> str:
        deleted = tables.referring(self.lost_tables | changes.deleted)

        def name(key: str) -> str:
            return key.rpartition(".")[2].lower()

        problem = gone(self.rows, tables, lambda key: name(key) in deleted)
        if problem or not values:
            return problem
        touched = deleted | changes.updated

        def excused(key: str, column: str) -> bool:
            return name(key) in touched or (name(key), column) in self.lost_columns

        return changed(self.rows, tables, excused)
