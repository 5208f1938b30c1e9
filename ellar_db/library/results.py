"""What the functions return: values that never change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ellar_db.autogenerate.words import Difference
from ellar_db.history.documents import of_scripts
from ellar_db.inspection.linting import Located
from ellar_db.inspection.standing import State
from ellar_db.lint.findings import Finding

if TYPE_CHECKING:
    from alembic.script import Script


@dataclass(frozen=True)
class Revision:
    """A revision of the folder.

    Args:
        revision: Its id.
        title: The first paragraph of its message, in one line.
        file: Its file.
        package: The package whose migrations it belongs to; None for the application's own.
        down_revisions: The ids of those before it; none for the first one, several for a merge.
        next_revisions: The ids of those after it; none for a head.
        depends_on: The ids of those that it needs besides.
        branch_labels: Its labels.
        description: Its whole message.
    """

    revision: str
    title: str
    file: Path
    package: str | None = None
    down_revisions: tuple[str, ...] = ()
    next_revisions: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    branch_labels: tuple[str, ...] = ()
    description: str = ""

    @property
    def is_head(self) -> bool:
        """Whether nothing comes after it."""
        return not self.next_revisions

    @property
    def is_branch_point(self) -> bool:
        """Whether several come after it."""
        return len(self.next_revisions) > 1

    @property
    def is_merge_point(self) -> bool:
        """Whether it joins several."""
        return len(self.down_revisions) > 1


@dataclass(frozen=True)
class Migrated:
    """What a run has done on a database.

    Args:
        database: The database's name.
        package: The package whose migrations ran; None for the application's own.
        before: The revisions at which it was; none for base.
        after: The revisions at which it is; of a dry run, at which it would be.
        revisions: The ids of the revisions that were applied, undone or recorded, in order.
    """

    database: str
    package: str | None
    before: tuple[str, ...]
    after: tuple[str, ...]
    revisions: tuple[str, ...] = ()

    @property
    def is_changed(self) -> bool:
        """Whether there was anything to do."""
        return bool(self.revisions)


@dataclass(frozen=True)
class Current:
    """The revisions of a database.

    Args:
        database: The database's name.
        package: The package whose revisions these are; None for the application's own.
        revisions: Those in its version table that the folder has; none for base.
        unknown: The ids of those that the folder doesn't have.
        at_head: Whether it is at the newest revision.
    """

    database: str
    package: str | None
    revisions: tuple[Revision, ...]
    unknown: tuple[str, ...]
    at_head: bool


@dataclass(frozen=True)
class Status:
    """Where a database stands, and what is left to do.

    Args:
        database: The database's name.
        state: In a word or two.
        package: The package whose history it is; None for the application's own.
        url: Its URL without the password; None if env.py doesn't tell.
        revisions: The revisions in its version table that the folder has.
        unknown: The ids of those that the folder doesn't have.
        pending: The revisions that an upgrade would apply, in order.
        holder: Who is migrating it now; None if nobody is.
        interrupted: What the journal says of a run that did not end.
        leftovers: What earlier runs left that no later run removes.
        columns: What plugins say of it, by title.
        error: Why it can't be told, in one line.
    """

    database: str
    state: State
    package: str | None = None
    url: str | None = None
    revisions: tuple[Revision, ...] = ()
    unknown: tuple[str, ...] = ()
    pending: tuple[Revision, ...] = ()
    holder: str | None = None
    interrupted: str | None = None
    leftovers: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict, hash=False)
    error: str | None = None

    @property
    def at_head(self) -> bool:
        """Whether it is at the newest revision, and in order."""
        return self.state == "at head"


@dataclass(frozen=True)
class Rows:
    """How many rows a table has.

    Args:
        table: The table, with its schema if it is named.
        number: The number of its rows.
        is_estimate: Whether that is the server's estimate, since the table is large.
    """

    table: str
    number: int
    is_estimate: bool


@dataclass(frozen=True)
class PlannedStep:
    """A revision that would be applied, or undone.

    Args:
        revision: The revision.
        direction: Which of the two.
        differences: What it would change, one after the other.
        sql: Its SQL, that of the version table included.
        problem: Why not all of it can be told; None if all can.
        findings: What the rules say of it.
    """

    revision: Revision
    direction: Literal["upgrade", "downgrade"]
    differences: tuple[Difference, ...]
    sql: str
    problem: str | None
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Plan:
    """What would run on a database.

    Args:
        database: The database's name.
        package: The package whose migrations these are; None for the application's own.
        before: The revisions at which it is; none for base.
        after: The revisions at which it would be.
        others: Databases of its group that are at the same revisions, for which it stands.
        steps: The revisions, in order.
        rows: How many rows the tables have that are touched.
        sql: The SQL of all steps, as one script.
    """

    database: str
    package: str | None
    before: tuple[str, ...]
    after: tuple[str, ...]
    others: tuple[str, ...]
    steps: tuple[PlannedStep, ...]
    rows: tuple[Rows, ...]
    sql: str


@dataclass(frozen=True)
class Linted:
    """What the rules find in revisions.

    Args:
        findings: The findings, each with its file and line.
        waived: Those for which their lines, or the settings, give a reason.
        unread: The ids of revisions of which not all could be told, each with why.
        revisions: How many revisions were read.
    """

    findings: tuple[Located, ...]
    waived: tuple[Located, ...]
    unread: Mapping[str, str] = field(hash=False)
    revisions: int

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found but notes."""
        return all(each.finding.severity == "note" for each in self.findings)


@dataclass(frozen=True)
class Trial:
    """A revision that was tried on a scratch database.

    Args:
        revision: The revision.
        result: "irreversible" if it says itself that it can't be undone.
        text: The problem, or why it can't be undone; None if it is in order.
    """

    revision: Revision
    result: Literal["ok", "irreversible", "failed"]
    text: str | None = None


@dataclass(frozen=True)
class VerifiedDatabase:
    """What trials have shown on a scratch database that stands for one of the application's.

    Args:
        database: The database's name.
        trials: The revisions that were tried, in order.
        untried: The ids of those that weren't, after one that failed.
        models: Whether the models match what all revisions make.
        models_text: In what they differ; None if they don't.
    """

    database: str
    trials: tuple[Trial, ...]
    untried: tuple[str, ...]
    models: Literal["ok", "failed", "not compared"]
    models_text: str | None = None


@dataclass(frozen=True)
class Verified:
    """What the trials of revisions have shown.

    Args:
        databases: What they have shown on each database.
        heads_to_join: The ids of heads that must be joined; none if there is one head.
    """

    databases: tuple[VerifiedDatabase, ...]
    heads_to_join: tuple[str, ...]

    @property
    def is_clean(self) -> bool:
        """Whether there was no problem."""
        failed = any(
            each.models == "failed" or any(trial.result == "failed" for trial in each.trials) for each in self.databases
        )
        return not failed and not self.heads_to_join


def of_document(document: Mapping[str, Any]) -> Revision:
    """Return a revision that a document describes.

    Args:
        document: What `history/documents` made of it.
    """
    lists = {
        name: tuple(document[name]) for name in ("down_revisions", "next_revisions", "depends_on", "branch_labels")
    }
    return Revision(
        revision=document["revision"],
        title=document["title"],
        file=Path(document["file"]),
        package=document["package"],
        description=document["description"],
        **lists,
    )


def of_documents(documents: Iterable[Mapping[str, Any]]) -> tuple[Revision, ...]:
    """Return the revisions that documents describe, each of them once.

    Args:
        documents: What `history/documents` made of them.
    """
    # the same revision may be told of several databases
    return tuple(dict.fromkeys(of_document(each) for each in documents))


def of_alembic(scripts: Sequence[Script], package: str) -> tuple[Revision, ...]:
    """Return revisions that Alembic has read.

    Args:
        scripts: The revisions.
        package: The package; empty for the application's own.
    """
    return of_documents(of_scripts(scripts, package=package or None))
