"""Run a command on all databases of a group, each by itself, some at the same time."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from ellar_db.config.command_line import program, provision, quoted
from ellar_db.config.invocation import Invocation, Way, Work, invocation_of
from ellar_db.databases.database import Database
from ellar_db.databases.selection import SHOWN, listed
from ellar_db.fleet.attempt import attempt
from ellar_db.fleet.outcome import Outcome
from ellar_db.fleet.parallel import Parallel
from ellar_db.fleet.positions import Position, read_positions
from ellar_db.fleet.progress import Progress, failures
from ellar_db.fleet.provisioning import make
from ellar_db.fleet.record import Earlier, Record
from ellar_db.fleet.worker import Task
from ellar_db.options import Many, Selection
from ellar_db.util.errors import DbError

if TYPE_CHECKING:
    from alembic.config import Config


RELATIVE = re.compile(r"[+-]\d+$")
"""The end of a target that depends on where a database is; an id may have a hyphen too."""


class Fleet:
    """Does what a folder is for on each database of a group.

    Args:
        many: The options of the command line.

    Attributes:
        outcomes: What became of each database, with the package whose migrations ran; empty for the application's own.

    Example:
        with alembic_config(each=Fleet(Many(jobs=4, keep_going=True))) as config:
            command.upgrade(config, "head")
    """

    def __init__(self, many: Many) -> None:
        self.many = many
        self.outcomes: list[tuple[str, Outcome]] = []
        self._goes_on = False

    @property
    def asked(self) -> str:
        """The options, as on the command line."""
        return self.many.asked

    def __call__(self, config: Config, databases: Sequence[Database], work: Work) -> None:
        """Do it.

        Raises:
            DbError: It failed on a database.
        """
        from pathlib import Path

        shard = self.many.shard
        members = [each for each in databases if shard is None or in_shard(each.name, *shard)]
        package = invocation_of(config).package
        part = f"-{package.name}" if package is not None else ""
        part += f"-{shard[0]}-{shard[1]}" if shard else ""
        ctx = click.get_current_context(silent=True)
        asked = ctx.params.get("package") if ctx is not None else package and package.name
        one_of_several = package is not None and asked != package.name
        # --resume goes on with the package that failed, and then with those after it, and the application
        self._goes_on = self._goes_on or one_of_several
        with Record(invocation_of(config).home or Path(work.script.dir), part) as record:
            run = Run(config, work, self.many, record, package=asked or "", anew=self._goes_on)
            try:
                run.of(members)
            finally:
                self.outcomes += [(run.package, outcome) for outcome in run.outcomes]


def in_shard(name: str, number: int, of: int) -> bool:
    """Return whether a database is in a part of all; it stays in it, whatever databases come or go.

    Args:
        name: Its name.
        number: The part, from 0.
        of: How many parts there are.

    Example:
        >>> sum(in_shard("acme", number, 3) for number in range(3))
        1
    """
    return zlib.crc32(name.encode()) % of == number


class Run:
    """One run over many databases.

    Args:
        config: The command's configuration.
        work: What is done on each.
        many: The options of the command line.
        record: The file that says what is done.
        package: The package that the command is for; empty if it is for all and the application.
        anew: Do all of it if `--resume` finds nothing to go on with: it goes on with another part of the command.
    """

    def __init__(
        self, config: Config, work: Work, many: Many, record: Record, *, package: str = "", anew: bool = False
    ) -> None:
        self.work = work
        self.many = many
        self.record = record
        self.invocation: Invocation = invocation_of(config)
        self.package = self.invocation.package.name if self.invocation.package is not None else ""
        self._asked_for = package
        self._anew = anew
        # a second time, +1 would lead elsewhere
        self._ways: Mapping[str, Way] = {}
        # what the last run left undone, and this one isn't for
        self._others: Sequence[str] = ()
        self._plans: dict[tuple[str, ...], tuple[int, tuple[str, ...]] | None] = {}
        self.outcomes: list[Outcome] = []

    def of(self, databases: Sequence[Database]) -> None:
        """Bring databases where the command says.

        Args:
            databases: The databases.

        Raises:
            DbError: It failed on one.
        """
        positions = read_positions(databases, self.invocation)
        if self.many.create:
            positions.update(self._created(databases, positions))
        earlier = self._earlier()
        ways = {name: self._way(position) for name, position in positions.items()}
        if earlier is not None:
            databases = self._left(databases, earlier)
        settled = [self._settled(each, positions.get(each.name), earlier) for each in databases]
        waiting = [each for each, outcome in zip(databases, settled, strict=True) if outcome is None]
        undone = [
            each.name for each, outcome in zip(databases, settled, strict=True) if not (outcome and outcome.is_done)
        ]
        if self._is_relative:
            known = ways if earlier is None else earlier.ways
            self._ways = {name: way for name, way in known.items() if way is not None}
        progress = Progress(len(databases), json=self.many.json)
        if earlier is not None:
            self.record.resume()
        elif undone and not self._leads_nowhere(positions):
            self.record.begin(self._typed, {name: ways.get(name) for name in undone})
        try:
            for outcome in filter(None, settled):
                self._add(progress, outcome)
            stopped = any(each is not None and each.state == "failed" for each in settled) and not self.many.keep_going
            for stage in [] if stopped else self._stages(waiting):
                self._run_stage(stage, progress)
                if self._stops(progress, canary=len(stage) < len(waiting)):
                    break
        except BaseException:
            progress.finish(interrupted=True)
            raise
        progress.finish()
        self._end(progress)

    def _left(self, databases: Sequence[Database], earlier: Earlier) -> list[Database]:
        """Return those of some databases that the last run left undone.

        Raises:
            DbError: It left others undone, and the command chooses none of them.
        """
        names = earlier.undone
        found = [each for each in databases if each.name in names]
        if self.invocation.chosen:
            self._others = [name for name in names if name not in {each.name for each in found}]
            if not found:
                chosen = self.invocation.chosen.listed
                raise DbError(f"the last run left undone {listed(names)}, and {chosen} chooses none of them")
        return found

    def _end(self, progress: Progress) -> None:
        undone = progress.total - sum(outcome.is_done for outcome in progress.outcomes)
        if not undone:
            if not self._others:
                self.record.end()
            return
        failed = sum(outcome.state == "failed" for outcome in progress.outcomes)
        resumed = f"; `{self._typed_again}` goes on with what is left" if self.record.is_begun else ""
        told = f": {failures(progress.outcomes)}" if progress.is_quiet or progress.logs else ""
        of = f"{failed:,} of {progress.total:,} databases failed{told}"
        raise DbError(f"{of}{resumed}" if failed else f"{undone:,} not begun{resumed}")

    # What is to be done

    def _settled(self, database: Database, position: Position | None, earlier: Earlier | None) -> Outcome | None:
        """Return what became of a database on which nothing has to be run; None if it has to."""
        name = database.name
        if position is None and self._is_relative and self.many.jobs > 1:
            # what runs elsewhere may be run again, after a crash
            told = (
                f"it can't be reached from here, and {self.work.options.get('destination_rev')} depends on where it is"
            )
            return Outcome(name, "failed", error=f"{told}; name a revision instead")
        if position is None:
            return None
        if not position.exists:
            what = f"its schema {database.schema!r}" if database.schema else database.url
            return Outcome(name, "failed", error=f"{what} isn't there; {provision(database)}")
        at = position.revisions
        if earlier is not None and self._is_relative:
            way = earlier.ways[name]
            if way is None:
                told = "it couldn't be reached when the last run began, so that it isn't known how far it was to go"
                where = ", ".join(at) or "base"
                return Outcome(name, "failed", at, at, error=f"{told}; it is at {where}: name a revision")
            try:
                if not way.rest(at):
                    return Outcome(name, "unchanged", at, at)
            except DbError as error:
                target = " ".join(map(quoted, way.after)) or "base"
                there = f"`{program()} {self.work.name}{database.choice} {target}` brings it there"
                return Outcome(name, "failed", at, at, error=f"{error.message}; {there}")
        planned = self._planned(at)
        return Outcome(name, "unchanged", at, at) if position.settled and planned and not planned[0] else None

    def _way(self, position: Position) -> Way | None:
        if not all(isinstance(revision, str) for revision in position.revisions):
            # the run itself says that these are no revisions
            return None
        planned = self._planned(position.revisions)
        return Way(position.revisions, planned[1] if planned else position.revisions)

    def _planned(self, revisions: tuple[str, ...]) -> tuple[int, tuple[str, ...]] | None:
        """Return how many steps there are from some revisions to the target, and where they lead; None if unclear."""
        if revisions not in self._plans:
            self._plans[revisions] = None
            # the run itself says what is wrong
            with suppress(Exception):
                self._plans[revisions] = self._plan(revisions)
        return self._plans[revisions]

    def _plan(self, revisions: tuple[str, ...]) -> tuple[int, tuple[str, ...]] | None:
        if self.work.plan is None or self.work.options.get("purge"):
            return None
        steps: list[Any] = list(self.work.plan(revisions))
        return (len(steps), tuple(steps[-1].info.destination_revision_ids)) if steps else (0, revisions)

    def _leads_nowhere(self, positions: Mapping[str, Position]) -> bool:
        """Return whether the target is nothing that any database could reach, as if mistyped.

        What an earlier run has left undone must not be lost by that.
        """
        if self.work.plan is None or self.work.options.get("purge"):
            return False
        there = {position.revisions for position in positions.values() if position.exists}
        return bool(there) and not any(self._planned(revisions) for revisions in there)

    @property
    def _is_relative(self) -> bool:
        """Whether the target depends on where a database is."""
        target = str(self.work.options.get("destination_rev"))
        return self.work.name in ("upgrade", "downgrade") and RELATIVE.search(target) is not None

    def _created(
        self, databases: Sequence[Database], positions: Mapping[str, Position]
    ) -> Iterator[tuple[str, Position]]:
        """Make the databases that aren't there, and yield where they are now."""
        for database in databases:
            known = positions.get(database.name)
            if known is not None and not known.exists and make(database, self.invocation):
                yield database.name, Position()

    def _earlier(self) -> Earlier | None:
        """Return what `--resume` goes on with.

        Raises:
            DbError: There is nothing, or it was something else.
        """
        if not self.many.resume:
            return None
        if not self.record.is_kept:
            raise DbError(f"another run of this group is under way, or {self.record.path} can't be written")
        found = self.record.read()
        if found is None and self._anew:
            return None
        if found is None:
            raise DbError("there is no run to go on with: the last one left nothing undone; leave out --resume")
        if found.command != self._typed:
            raise DbError(f"the last run was `{found.command}`; go on with it by `{found.command} --resume`")
        return found

    @property
    def _typed(self) -> str:
        """The command with its target, as typed."""
        target = self.work.options.get("destination_rev")
        words = [target] if isinstance(target, str) else list(target or ())
        ctx = click.get_current_context(silent=True)
        if self.package != self._asked_for and ctx is not None:
            # one of several, all of them to their newest, as the application
            words = [str(ctx.params.get("revision") or "head")]
        package = ["--package", self._asked_for] if self._asked_for else []
        return " ".join([program(), self.work.name, *package, *(quoted(str(word)) for word in words)])

    @property
    def _typed_again(self) -> str:
        shard = f" --shard {self.many.shard[0]}/{self.many.shard[1]}" if self.many.shard else ""
        # a folder for several groups has to be told, and others of the group need not be there
        chosen = self.invocation.chosen or Selection()
        choice = "".join(f" --group {quoted(group)}" for group in chosen.groups)
        if len(chosen.names) <= SHOWN:
            choice += "".join(f" --database {quoted(name)}" for name in chosen.names)
        return f"{self._typed}{choice}{shard} --resume"

    # Doing it

    def _stages(self, databases: Sequence[Database]) -> list[Sequence[Database]]:
        canary = self.many.canary
        return [stage for stage in (databases[:canary], databases[canary:]) if stage]

    def _stops(self, progress: Progress, *, canary: bool) -> bool:
        failed = any(outcome.state == "failed" for outcome in progress.outcomes)
        return failed and (canary or not self.many.keep_going)

    def _run_stage(self, databases: Sequence[Database], progress: Progress) -> None:
        if self.many.jobs > 1 and len(databases) > 1:
            going = self.many.keep_going
            task = Task.of(self.work, self.package, self.invocation.limits, self._ways, keep_going=going)
            parallel = Parallel(task, self.invocation.manager, self.many, lambda outcome: self._add(progress, outcome))
            parallel.run([database.name for database in databases])
            return
        for database in databases:
            outcome = attempt(database, self.work, self._ways.get(database.name))
            self._add(progress, outcome)
            if outcome.state == "failed" and not self.many.keep_going:
                return

    def _add(self, progress: Progress, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        self.record.add(outcome)
        progress.add(outcome)
