"""The values that hooks exchange."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from ellar_db.databases.database import DEFAULT, Database

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationInfo
    from sqlalchemy import Connection, MetaData


@dataclass(frozen=True)
class RevisionRequest:
    """A revision that is about to be written.

    Args:
        message: The message as given, or None.
        parents: The ids of its parent revisions; empty for the first revision.
        branch_label: `--branch-label`, if given.
        autogenerate: Whether its content comes from a comparison with the models.
        directory: The migrations folder.
        create_date: The current time, in the time zone that Alembic's `timezone` names.
        taken: The ids of all existing revisions.
    """

    message: str | None
    parents: tuple[str, ...]
    branch_label: str | None
    autogenerate: bool
    directory: Path
    create_date: datetime.datetime
    taken: frozenset[str] = frozenset()

    @property
    def slug(self) -> str:
        """The message as part of a file name: its words, lower-case, joined by underscores."""
        return "_".join(re.findall(r"\w+", self.message or "")).lower()[:40].strip("_")


@dataclass
class Run:
    """A command's run on one database.

    Args:
        purpose: "apply"; "scratch" if the database is a scratch database; "dry-run" if nothing is changed in the
            database: with `--sql` there is no connection, with `--dry-run` all is rolled back.
        command: "upgrade", "downgrade", "stamp", "ensure-version", "repair" or "drop"; for a plan that a program
            passed to Alembic itself, the name of its function.
        database: The database.
        connection: The run's own connection, for as long as it lasts; None offline and afterwards.
        plan: What will be applied, in order, as Alembic's `MigrationInfo`; None until that is known.
        steps: What has been applied, in order.
        options: The values of the command's options by name, those that plugins added included; empty if a program runs
            migrations by itself.
        state: Values that a plugin keeps from one hook of the run to another, by a key of its own, such as the name of
            its distribution.

    Example:
        >>> from sqlalchemy import create_engine
        >>> from ellar_db import Database
        >>> Run("apply", "upgrade", Database("default", create_engine("sqlite://"))).direction
        'up'
    """

    purpose: Literal["apply", "scratch", "dry-run"]
    command: str
    database: Database
    connection: Connection | None = None
    plan: tuple[MigrationInfo, ...] | None = None
    steps: list[MigrationInfo] = field(default_factory=list)
    options: Mapping[str, object] = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=dict)

    @property
    def direction(self) -> Literal["up", "down"] | None:
        """The direction of an upgrade or a downgrade; None for other commands."""
        return {"upgrade": "up", "downgrade": "down"}.get(self.command)  # type: ignore[return-value]  # one of these

    @property
    def package(self) -> str:
        """The package whose migrations run; empty for the application's own."""
        return self.database.package


PREFIX = "alembic_version_"
"""Prefix of the names of the packages' version tables."""

LENGTH = 63
"""Maximum length of a table's name on every server, in characters."""


@dataclass(frozen=True)
class PackageMigrations:
    """The migrations of one package that has its own tables.

    Args:
        name: Letters, digits and underscores; commands select the package by it (`--package`).
        versions: The folder of the revisions inside the installed package.
        version_table: Where its revisions are recorded, by default `alembic_version_<name>`.
        metadata: Its tables. Autogenerate for the package compares them; the application's ignores them.
        after: The names of packages whose migrations run first.
        databases: The names of the databases on which it runs; the project may name others.
        source: The distribution and its version; set by ellar_db.

    Raises:
        TypeError: `after` or `databases` isn't a list, or `metadata` isn't MetaData.
        ValueError: The name is invalid, or the version table's name is too long.

    Example:
        >>> PackageMigrations("audit", Path("versions")).version_table
        'alembic_version_audit'
    """

    name: str
    versions: Path
    version_table: str = ""
    metadata: MetaData | Sequence[MetaData] | None = field(default=None, repr=False)
    after: Sequence[str] = ()
    databases: Sequence[str] = (DEFAULT,)
    source: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", self.name):
            raise ValueError(f"a package can't be named {self.name!r}: use letters, digits and underscores")
        for name in ("after", "databases"):
            given = getattr(self, name)
            if isinstance(given, str) or not isinstance(given, Sequence):
                raise TypeError(f"{name} must be a list of names, not {given!r}")
        if not all(hasattr(one, "tables") for one in self.metadatas):
            raise TypeError(f"metadata must be a MetaData or a list of these, not {self.metadata!r}")
        object.__setattr__(self, "versions", Path(self.versions))
        object.__setattr__(self, "version_table", self.version_table or f"{PREFIX}{self.name}")
        if len(self.version_table) > LENGTH:
            raise ValueError(f"the version table's name {self.version_table!r} has more than {LENGTH} characters")

    @property
    def title(self) -> str:
        """The package's name in headings and messages.

        Example:
            >>> PackageMigrations("audit", Path("versions"), source="ellar-db-audit 1.0").title
            'audit (ellar-db-audit 1.0)'
        """
        return f"{self.name} ({self.source})" if self.source else self.name

    @property
    def metadatas(self) -> Sequence[MetaData]:
        """Its metadata as a list."""
        if self.metadata is None:
            return []
        return self.metadata if isinstance(self.metadata, Sequence) else [self.metadata]


@dataclass(frozen=True)
class MissingRight:
    """A right that a run needs and a database's user doesn't have.

    Args:
        what: What the user can't do, after "its user can't".
        remedy: What gives it the right: a statement or a command to be typed, or what to change.
    """

    what: str
    remedy: str


class Canceller(Protocol):
    """Ends the statement that a connection executes; called in any thread, when the program is asked to end."""

    def __call__(self, *, session: bool) -> None:
        """End the statement; with `session` the whole session, since nobody waits for it any more."""


class Lock(Protocol):
    """What `ellar_db_lock` returns: a lock that a process holds until it releases it, or dies.

    It may also have a method `is_held(connection) -> bool`, which is called before each revision with the run's
    connection. False means that the lock was lost, as a server's is with its session; the run then stops. Another
    method `held_by(connection) -> str` says for `status` who holds it, asked on a connection of that command; it
    acquires nothing, and returns "" if nobody does.
    """

    def acquire(self) -> bool:
        """Try to acquire the lock without waiting; return whether it is held now."""

    def release(self) -> None:
        """Release the lock; also called if it was never held."""

    def holder(self) -> str:
        """Return who holds the lock, as in "process 123 on web-1 since 12:00:03", or "" if that isn't known."""


Severity = Literal["error", "warning", "note"]
"""An error is known to fail, a warning may fail or lose something, a note is worth knowing."""


@dataclass(frozen=True)
class Problem:
    """What a rule says of an operation.

    Args:
        table: The table, with its schema if it is named.
        column: The column, or None if it concerns the whole table.
        message: What will happen.
        fix: What to do.
        severity: How bad it is.
        line: The line of the revision, if the rule knows it better than by what it looks at.
    """

    table: str
    column: str | None
    message: str
    fix: str
    severity: Severity = "warning"
    line: int = 0


About = Literal["operation", "statement", "revision"]
"""What a rule looks at, one after the other."""


def anywhere(_: object) -> bool:
    """Return that a rule applies to a kind of database."""
    return True


@dataclass(frozen=True)
class Rule:
    """A rule about what a revision does.

    An installed package adds rules with the hook `ellar_db_lint_rules`.

    Args:
        code: The code, in capitals and with a number at its end; it never changes its meaning.
        title: What it finds, in a few words.
        why: Why that is a problem: what locks whom for how long, what is lost, what fails.
        fix: What to do.
        check: Yields the problems of what it looks at, and gets the operations of the whole revision besides:
            `check(operation, operations)` or `check(statement, operations)`; of a rule about the revision,
            `check(operations)`.
        applies: Returns whether it applies to a kind of database, which it gets as an `ellar_db.Dialect`.
        about: What it looks at: each Alembic operation, each `Statement` of the SQL (known by `lint` and `plan`, and
            for operations on tables that exist by `migrate` too), or the revision as a whole.
        bad: Part of a revision in which it finds something.
        good: The same without a problem.

    Example:
        def check(statement, operations):
            for change in statement.changes:
                if change.kind == "truncate":
                    yield Problem(change.table[1], None, "removes all rows", "delete what is meant")

        Rule("ACME1", "Truncated", "The rows are lost.", "Delete what is meant.", check, about="statement")
    """

    code: str
    title: str
    why: str
    fix: str
    check: Callable[..., Iterator[Problem]]
    applies: Callable[[Any], bool] = anywhere
    about: About = "operation"
    bad: str = ""
    good: str = ""

    def problems(self, operations: object, subject: object) -> Iterator[Problem]:
        """Yield the problems of what the rule looks at.

        Args:
            operations: The operations of the revision.
            subject: The operation, or the statement; not used if it is about the revision.
        """
        yield from self.check(operations) if self.about == "revision" else self.check(subject, operations)
