"""Whether databases answer, or are at the newest revision, and the wait until they do."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import click

from ellar_db.config.command_line import program, provision
from ellar_db.config.invocation import DATABASES, change_invocation, invocation_of
from ellar_db.config.reports.position import Position as FolderPosition
from ellar_db.config.reports.position import position_in, unknown_here
from ellar_db.config.reports.refusals import reported
from ellar_db.databases.connections import MISTAKES, UnreachableError, bounded, close_idle
from ellar_db.databases.database import Database
from ellar_db.databases.selection import listed
from ellar_db.fleet.positions import Position, read_each
from ellar_db.fleet.targets import run_or_name
from ellar_db.inspection.deadline import Call, pause
from ellar_db.plugins.dialects import dialect_of
from ellar_db.runtime.packages import with_packages
from ellar_db.runtime.versions import is_newest, refuse_odd
from ellar_db.util.errors import DbError, UnavailableError

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory


log = logging.getLogger("ellar_db")

SHORTEST = 5.0
"""Minimum seconds that a look gets, so that a time-out of 0 is one look, also at thousands of revisions."""

TOLD = 3
"""The number of databases of which a message says why they aren't ready."""


class Answer(NamedTuple):
    """What a look found out about a database that isn't ready.

    Args:
        why: Why it isn't, and what to do.
        reached: Whether it, or its server, answered.
    """

    why: str
    reached: bool = True


def wait_for(config: Config, *, head: bool, timeout: float, interval: float) -> None:
    """Wait until the databases of a command are ready.

    Nothing is connected between two looks, and a look that hasn't ended at the time-out is given up.

    Args:
        config: The command's configuration.
        head: Wait until they are at the newest revision, not only until they answer.
        timeout: For how many seconds; 0 looks once.
        interval: How many seconds are between two looks.

    Raises:
        DbError: They weren't ready in time, or never will be.
        UnavailableError: They weren't ready in time, and one of them never answered.
    """
    until = time.monotonic() + max(timeout, SHORTEST)
    # the project's own time to wait is for commands that don't look again
    change_invocation(config, limits={"connect_wait": 0.0})
    readiness = Readiness(config, head=head, until=until)
    log.info("Waiting up to %g s until %s ...", timeout, readiness.wanted)
    over = time.monotonic() + timeout
    while True:
        look = Call(readiness.look)
        if not look.ends_before(until):
            break
        if look.result():
            return
        if time.monotonic() >= over:
            break
        pause(interval, over)
    raise readiness.error(timeout)


@dataclass
class _Part:
    """The migrations of a package, or of the application.

    Args:
        config: Alembic's configuration.
        script: The folder; None if it isn't asked about.
        waiting: The databases that weren't ready at the last look, by name; None if only env.py knows them.
        answers: What the last look at each of them found.
    """

    config: Config
    script: ScriptDirectory | None = None
    waiting: dict[str, Database] | None = None
    answers: dict[str, Answer] = field(default_factory=dict)


class Readiness:
    """What is known about the databases for which a command waits.

    Args:
        config: The command's configuration.
        head: They are to be at the newest revision.
        until: When the wait is over, by `time.monotonic`.

    Raises:
        DbError: A database can't be used whatever is waited for, or a folder can't be read.
    """

    def __init__(self, config: Config, *, head: bool, until: float) -> None:
        from alembic.script import ScriptDirectory

        self.config = config
        self.until = until
        self.head = head
        self._reached: set[str] = set()
        configured: Mapping[str, Database] = config.attributes[DATABASES]
        for database in configured.values():
            # it makes the engine, which needs its driver
            dialect_of(invocation_of(config).manager, database)
        self._parts = [_Part(config)]
        if head:
            self._parts = [_Part(part, ScriptDirectory.from_config(part)) for part in with_packages(config)]
        for part in self._parts:
            if not head or invocation_of(part.config).package is not None:
                # which of several an application's folder is for, only env.py says
                part.waiting = dict(part.config.attributes[DATABASES]) or None
            if part.script is not None:
                # a folder that can't be read won't be better later
                part.script.get_heads()

    @property
    def wanted(self) -> str:
        """What is waited for, in words."""
        names = [repr(name) for name in self.config.attributes[DATABASES]]
        goal = "at the newest revision" if self.head else ""
        if not names:
            return f"the databases of env.py {f'are {goal}' if goal else 'answer'}"
        verb = ("is" if len(names) == 1 else "are") if goal else ("answers" if len(names) == 1 else "answer")
        subject = f"the database {names[0]}" if len(names) == 1 else f"the databases {listed(names)}"
        return f"{subject} {verb} {goal}".rstrip()

    def look(self) -> bool:
        """Look at each database that wasn't ready at the last look.

        Returns:
            Whether all are ready.

        Raises:
            DbError: One never will be.
        """
        with bounded(self.until - time.monotonic()):
            for part in self._parts:
                if part.waiting is None:
                    self._run(part)
                if part.waiting:
                    self._read(part, part.waiting)
        return all(part.waiting == {} for part in self._parts)

    def error(self, timeout: float) -> DbError:
        """Return the error that says which databases weren't ready in time, and why.

        Args:
            timeout: For how many seconds they were waited for.
        """
        lines: list[str] = []
        never = False
        for part in self._parts:
            package = invocation_of(part.config).package
            title = f"package {package.name}: " if package is not None else ""
            silent = {
                name: Answer(f"the database {name!r} ({database.url}) doesn't answer", reached=False)
                for name, database in list((part.waiting or {}).items())
            }
            if part.waiting is None:
                silent = {} if part.answers else {"": Answer("the database of env.py doesn't answer", reached=False)}
            for name, answer in {**silent, **part.answers}.items():
                lines.append(f"{title}{answer.why}")
                never |= not answer.reached and name not in self._reached
        told = list(dict.fromkeys(lines))
        more = f"; and {len(told) - TOLD:,} more" if len(told) > TOLD else ""
        kind = UnavailableError if never else DbError
        return kind(f"waited {timeout:g} s: {'; '.join(told[:TOLD])}{more} (--timeout waits longer)")

    def _read(self, part: _Part, waiting: dict[str, Database]) -> None:
        """Ask databases that are known."""
        for database, found in read_each(list(waiting.values()), invocation_of(part.config), revisions=self.head):
            close_idle(database.without_schema)
            answer = self._why_not(part, database, found)
            if answer is None:
                part.answers.pop(database.name, None)
                del waiting[database.name]
                continue
            part.answers[database.name] = answer
            if answer.reached:
                self._reached.add(database.name)

    def _why_not(self, part: _Part, database: Database, found: Position | Exception) -> Answer | None:
        """Return why a database isn't ready; None if it is.

        Raises:
            DbError: It never will be.
        """
        if isinstance(found, Exception):
            return self._of_error(database, found)
        if not found.exists:
            return Answer(f"the database {database.name!r} ({database.url}) isn't there; {provision(database)}")
        if part.script is None:
            return None
        refuse_odd(found.revisions, database)
        if not found.settled:
            return Answer(
                f"an earlier run on the database {database.name!r} was interrupted; `{program()} repair"
                f"{database.choice}` says what it left"
            )
        name = f"the database {database.name!r}"
        position = FolderPosition(part.script, found.revisions, name, database.package, choice=database.choice)
        return _behind(position)

    def _of_error(self, database: Database, error: Exception) -> Answer:
        """Return what an error means for the wait.

        Raises:
            DbError: It can't get better.
        """
        from sqlalchemy.exc import DBAPIError, ProgrammingError

        dialect = dialect_of(invocation_of(self.config).manager, database)
        lost = isinstance(error, (UnreachableError, OSError)) or getattr(error, "connection_invalidated", False)
        hopeless = isinstance(error, UnreachableError) and (
            isinstance(error.__cause__, (*MISTAKES, ProgrammingError)) or dialect.misplaced(database)
        )
        if hopeless or not isinstance(error, (UnavailableError, DBAPIError, OSError)):
            raise error
        return Answer(_in_one_line(error), reached=not lost)

    def _run(self, part: _Part) -> None:
        """Run env.py: one of ellar_db's names its databases, another's connects to them by itself."""
        from alembic.script import ScriptDirectory

        script = part.script or ScriptDirectory.from_config(part.config)
        found: dict[str, Answer] = {}

        def look(heads: tuple[str, ...], context: MigrationContext) -> list[None]:
            position = position_in(context, heads, "wait")
            self._reached.add("")
            answer = _behind(position) if self.head else None
            if answer is not None:
                found[position.database] = answer
            return []

        try:
            with reported():
                known = run_or_name(part.config, script, look)
        except UnavailableError as error:
            part.answers = {"": Answer(error.message, reached=False)}
            return
        if known is not None:
            part.waiting = {database.name: database for database in known}
        else:
            part.answers, part.waiting = found, None if found else {}


def _behind(position: FolderPosition) -> Answer | None:
    """Return that a database isn't at the newest revision; None if it is."""
    if is_newest(position.script, position.heads):
        return None
    if position.unknown:
        return Answer(unknown_here(position, program()))
    heads = " and ".join(sorted(position.script.get_heads()))
    newest = " heads" if position.newest == "heads" else ""
    return Answer(
        f"{position.database} is at {position.at}, and the newest in the folder is {heads}; "
        f"`{program()} upgrade{position.option}{newest}` runs what is missing"
    )


def _in_one_line(error: Exception) -> str:
    """Return how a command would report an error."""
    try:
        with reported():
            raise error
    except click.ClickException as told:
        return told.message
