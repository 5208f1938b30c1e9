"""Where a database is in a folder's history: what Alembic's errors about revisions mean there, and what to do."""

from __future__ import annotations

import re
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ellar_db.config.squashed.history import history_for, inside
from ellar_db.databases.database import Database
from ellar_db.util.alembic import ancestors, planning
from ellar_db.util.errors import DbError

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext
    from alembic.script import Script, ScriptDirectory


DATABASE_OPTION = "ellar_db_database"
"""Keyword of `context.configure` with the `Database` that it is for."""

RELATIVE = re.compile(r"(?:(?P<branch>.+?)@)?(?P<start>\w+)?(?P<steps>[+-]\d+)")
"""A relative revision, as Alembic reads it."""


@dataclass(frozen=True)
class Position:
    """The revisions of a database, and where a command wants to take it.

    Args:
        script: The migrations folder.
        heads: The revisions in the database's version table; offline, those with which the range begins.
        database: The database, as messages name it; offline, an empty string.
        package: The package whose folder it is; empty for the application's own.
        command: What Alembic plans: "upgrade", "downgrade", or another command.
        target: The revision that the command was given.
        choice: The option that chooses the database from its group, with a space before it; empty if it is in none.
        squash: The revision that has replaced those among which the database is; empty if it isn't among such.
    """

    script: ScriptDirectory
    heads: tuple[str, ...]
    database: str = ""
    package: str = ""
    command: str = ""
    target: str = ""
    choice: str = ""
    squash: str = ""

    @cached_property
    def unknown(self) -> list[str]:
        """The database's revisions that the folder doesn't have."""
        try:
            known = {each.revision for each in self.script.walk_revisions()} if self.heads else set()
        except AssertionError:
            # a file has an id that Alembic can't find again; its own error is about that
            return []
        return [head for head in self.heads if head not in known]

    @property
    def at(self) -> str:
        """The database's revisions, for messages."""
        return " and ".join(sorted(self.heads)) or "base"

    @property
    def option(self) -> str:
        """The options that select the folder's package and the database, each with a space before it."""
        return (f" --package {self.package}" if self.package else "") + self.choice

    @property
    def newest(self) -> str:
        """The target of an upgrade to the newest revision: `head`, or `heads` if there are several."""
        return "heads" if len(self.script.get_heads()) > 1 else "head"


AMBIGUOUS = "downgrade -1 from multiple heads is ambiguous"
"""Alembic's warning before it takes the head that the server happens to return first."""

NOT_THERE = ("Can't locate revision", "No such revision")
"""How Alembic's errors about a revision begin that the folder doesn't have."""

NOWHERE = ("Ambiguous", AMBIGUOUS, "Relative revision", "Walked too far")
"""How Alembic's errors about relative revisions begin."""


def position_of(error: BaseException) -> Position | None:
    """Return where the database was on which a command of Alembic raised an error, or None if none was asked.

    Args:
        error: The error.
    """
    found = None
    for frame, _ in traceback.walk_tb(error.__traceback__):
        found = planning(frame) or found
    if found is None or found[1].script is None:
        return None
    command, context, heads = found
    return position_in(context, heads, command)


def position_in(context: MigrationContext, heads: tuple[str, ...], command: str) -> Position:
    """Return where a database is for which Alembic is configured.

    Args:
        context: Alembic's context, with a folder.
        heads: The revisions in the version table.
        command: The command.
    """
    database = context.opts.get(DATABASE_OPTION)
    target = context.opts.get("destination_rev") or ""
    script: Any = context.script  # set for all commands
    return Position(
        history_for(script, heads),
        heads,
        _name(context, database),
        database.package if isinstance(database, Database) else "",
        command,
        target if isinstance(target, str) else " ".join(target),
        # offline, no database is asked
        "" if context.as_sql or not isinstance(database, Database) else database.choice,
        " and ".join(each.end for each in inside(script, heads)),
    )


def _name(context: MigrationContext, database: Any) -> str:
    """Return how messages name the database of a context."""
    if context.as_sql:
        return ""
    if isinstance(database, Database):
        return f"the database {database.name!r}"
    # an env.py that isn't ours knows no names
    url = context.connection.engine.url.render_as_string() if context.connection is not None else ""
    return f"the database {url}"


@contextmanager
def unambiguous(program: str) -> Iterator[None]:
    """Refuse a relative downgrade from several heads, for which Alembic would choose one of them.

    Args:
        program: The program as typed.

    Raises:
        DbError: The block plans such a downgrade.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("error", AMBIGUOUS, UserWarning)
        try:
            yield
        except UserWarning as error:
            position = position_of(error)
            told = "" if position is None else explained(error, position, program)
            if told:
                raise DbError(told) from error
            raise


@contextmanager
def explaining(position: Position, program: str) -> Iterator[None]:
    """Explain Alembic's errors about revisions where it isn't one of its commands that raises them.

    Args:
        position: Where the database is.
        program: The program as typed.

    Raises:
        DbError: Alembic raised an error that the position explains.
    """
    from alembic.script.revision import RevisionError
    from alembic.util import CommandError

    with warnings.catch_warnings():
        warnings.filterwarnings("error", AMBIGUOUS, UserWarning)
        try:
            yield
        except (AssertionError, CommandError, RevisionError, UserWarning) as error:
            told = explained(error, position, program)
            if told:
                raise DbError(told) from error
            raise


def explained(error: BaseException, position: Position, program: str) -> str:
    """Return what an error of Alembic means for a database, and what to do; or an empty string.

    Args:
        error: The error.
        position: Where the database is.
        program: The program as typed, such as `ellar db`.
    """
    if position.unknown:
        return unknown_here(position, program)
    if position.squash and str(error).startswith(NOT_THERE):
        return f"{inside_here(position)}; `{program} status{position.choice}` shows what is left of it"
    if str(error).startswith("Target database is not up to date"):
        newest = " heads" if position.newest == "heads" else ""
        return f"Target database is not up to date; run `{program} upgrade{position.option}{newest}` first"
    match = RELATIVE.fullmatch(position.target)
    nowhere = isinstance(error, AssertionError) or str(error).startswith(NOWHERE)
    if match is not None and nowhere and position.command in ("upgrade", "downgrade"):
        return _Relative(position, program, match).problem()
    return ""


def unknown_here(position: Position, program: str) -> str:
    """Describe a database at a revision that the folder doesn't have, and what to do.

    Args:
        position: Where the database is.
        program: The program as typed.
    """
    revisions = " and ".join(position.unknown)
    stamp = f"`{program} stamp{position.option} --purge REVISION`"
    if position.package:
        return (
            f"{position.database} is at {revisions} of the package {position.package}, which the installed release "
            f"doesn't have. Install the release that has it; if it was removed on purpose, {stamp} records the "
            "revision that the tables match"
        )
    return (
        f"{position.database} is at {revisions}, which this folder doesn't have: it comes from another branch or a "
        f"newer release of the code. Check that out, or deploy it; if the revision was removed on purpose, {stamp} "
        "records the one that the tables match"
    )


def inside_here(position: Position) -> str:
    """Describe a database among revisions that another one has replaced.

    Args:
        position: Where the database is.
    """
    return f"{position.database} is at {position.at}, inside the range that was squashed into {position.squash}"


class _Relative:
    """A relative target that leads nowhere.

    Args:
        position: Where the database is.
        program: The program as typed.
        match: The target, as `RELATIVE` reads it.
    """

    def __init__(self, position: Position, program: str, match: re.Match[str]) -> None:
        self.position = position
        self.script = position.script
        self.program = program
        self.branch: str | None = match["branch"]
        self.start: str | None = match["start"]
        self.steps = int(match["steps"])

    def problem(self) -> str:
        """Return what is wrong with the target, and what to do."""
        position = self.position
        if self.start is None and (self.steps > 0) != (position.command == "upgrade"):
            other = "downgrade" if position.command == "upgrade" else "upgrade"
            way = "forward" if position.command == "upgrade" else "back"
            return (
                f"`{position.command}` goes {way}, and {position.target} doesn't; "
                f"`{self.program} {other}{position.option} {position.target}` goes there"
            )
        return self._fork() or self._too_far()

    def _fork(self) -> str:
        """Return that there are several ways to go, or an empty string."""
        position = self.position
        starts = [self.start] if self.start else sorted(position.heads)
        if len(starts) > 1:
            ahead = [each for each in starts if self._next(each)]
            if self.branch or not ahead:
                return ""
            return self._choose(f"{position.database or 'the range'} is at {position.at}", f"{ahead[0]}@{self._sign}")
        at: str | None = self._resolved(starts[0]) if starts else None
        for _ in range(abs(self.steps)):
            found = self._next(at)
            if len(found) > 1:
                where = "after" if self.steps > 0 else "before"
                choices = " and ".join(found)
                return self._choose(f"{choices} come {where} {at or 'base'}", found[0])
            if not found:
                return ""
            at = found[0]
        return ""

    def _choose(self, why: str, target: str) -> str:
        position = self.position
        return (
            f"{position.target} could mean several revisions, since {why}; name the one to go to, as in "
            f"`{self.program} {position.command}{position.option} {target}`"
        )

    def _too_far(self) -> str:
        position = self.position
        forward = self.steps > 0
        if self.start:
            count = len(self._related(self.start))
            where = "after" if forward else "before"
            return (
                f"{position.target} goes too far: {_counted(count)} {where} {self.start}; "
                f"`{self.program} history{position.option}` lists {'it' if count == 1 else 'them'}"
            )
        count = len(self._ahead() if forward else self._applied())
        whose = f"{position.database or 'the range'} is at {position.at}"
        if not count:
            branch = f" of {self.branch}" if self.branch else ""
            if forward:
                return f"there is nothing to run: {whose}, and no revision{branch} comes after it"
            return f"there is nothing to undo: {whose}{f', without a revision{branch}' if branch else ''}"
        target = position.newest if forward else "base"
        if self.branch:
            target = f"{self.branch}@{'head' if forward else 'base'}"
        them = "it" if count == 1 else "them"
        there = f"{_counted(count)} {'after' if forward else 'up to'} {position.at}"
        if not position.database:
            return f"{position.target} goes too far: {there}; `{self.program} history{position.option}` lists {them}"
        return (
            f"{position.target} goes too far: {there}; "
            f"`{self.program} {position.command}{position.option} {target}` {'runs' if forward else 'undoes'} {them}"
        )

    @property
    def _sign(self) -> str:
        return f"{self.steps:+d}"

    def _resolved(self, revision: str) -> str:
        return self.script.get_revision(revision).revision

    def _next(self, at: str | None) -> list[str]:
        """Return the revisions that are one step away."""
        from alembic.util import to_tuple

        if self.steps < 0:
            return [] if at is None else list(to_tuple(self.script.get_revision(at).down_revision, default=()))
        found = self.script.get_bases() if at is None else self.script.get_revision(at).nextrev
        return sorted(each for each in found if self._is_of_branch(self.script.get_revision(each)))

    def _ahead(self) -> list[str]:
        """Return the revisions that the database doesn't have yet."""
        done = ancestors(self.script, self.position.heads)
        return [
            each.revision
            for each in self.script.walk_revisions()
            if each.revision not in done and self._is_of_branch(each)
        ]

    def _applied(self) -> list[str]:
        done = ancestors(self.script, self.position.heads)
        return [each for each in done if self._is_of_branch(self.script.get_revision(each))]

    def _related(self, start: str) -> Sequence[str]:
        """Return the revisions after a revision, or before it."""
        revision = self._resolved(start)
        if self.steps < 0:
            return sorted(ancestors(self.script, revision) - {revision})
        found = [each.revision for each in self.script.walk_revisions(revision, "heads")]
        return [each for each in found if each != revision]

    def _is_of_branch(self, revision: Script) -> bool:
        """Return whether a revision belongs to the branch of the target, if that names one."""
        if self.branch is None or self.branch in revision.branch_labels:
            return True
        if any(self.branch in each.branch_labels for each in self.script.walk_revisions()):
            return False
        # a revision's id stands for its branch
        named = self._resolved(self.branch)
        return named in ancestors(self.script, revision.revision) or revision.revision in ancestors(self.script, named)


def _counted(count: int) -> str:
    """Return a number of revisions, with its verb.

    Example:
        >>> _counted(1), _counted(2)
        ('there is 1 revision', 'there are 2 revisions')
    """
    if count == 1:
        return "there is 1 revision"
    return f"there are {count or 'no'} revisions"
