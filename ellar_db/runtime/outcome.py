"""Describe what is left of a run that failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ellar_db.guards.entry import Entry
from ellar_db.output.style import counted


@dataclass(frozen=True)
class Failure:
    """What is known about a database on which a run failed.

    Args:
        rolls_back: Schema changes can be rolled back.
        each_kept: Each revision has its own transaction.
        in_revision: A revision was running.
        kept: A revision has committed; the run can no longer be fully rolled back.
        journaled: A journal is kept.
        lost: The connection was lost before it was known what is left.
        left: The journal entry that is kept, or None if nothing of the revision was applied.
        left_is_current: The entry is of the revision that was running.
        scratch: The database is a scratch database, of which nothing is left at the end.
    """

    rolls_back: bool
    each_kept: bool = False
    in_revision: bool = True
    kept: bool = False
    journaled: bool = False
    lost: bool = False
    left: Entry | None = None
    left_is_current: bool = True
    scratch: bool = False


def left_by(failure: Failure, program: str, choice: str = "") -> str:
    """Describe what is left of a run on the database on which it failed.

    Args:
        failure: What is known.
        program: The program as typed, such as `ellar db`.
        choice: The option that chooses the database from its group, with a space before it.

    Example:
        >>> left_by(Failure(rolls_back=True), "ellar db")
        'the run was rolled back'
    """
    if failure.rolls_back and failure.each_kept:
        before = "this revision was rolled back, and those before it stay"
        return before if failure.in_revision else "its revisions stay"
    if failure.rolls_back:
        kept = ", but for what its revisions committed by themselves" if failure.kept else ""
        return f"the run was rolled back{kept}"
    if not failure.journaled:
        return "this revision was rolled back"
    if not failure.in_revision:
        return "the revisions stay, since this database can't roll back schema changes"
    if failure.lost:
        return f"the connection is lost; `{program} repair{choice}` says what is left, once the database answers again"
    left = failure.left
    if left is None:
        return "nothing of this revision was applied"
    before = "" if failure.left_is_current else f"the {left.direction} of {left.revision} before it isn't recorded. "
    known = f"this database can't roll back schema changes. {before}{left.list}"
    if failure.scratch:
        return known.removesuffix(".")
    return (
        f"{known} Complete them by hand and say "
        f"`{program} repair{choice} {left.revision} --applied`, or undo them and say `... --reverted`"
    )


def became(failure: Failure | None, remaining: Sequence[str], before: str, at: str, *, touched: bool) -> str:
    """Describe in a few words what became of one of several databases in a run that failed.

    Args:
        failure: What is known, if it failed on this one.
        remaining: The ids of the revisions that stay.
        before: Where it was.
        at: Where it would be with all that was applied.
        touched: Whether a revision was applied.

    Example:
        >>> became(None, ["9f2c"], "base", "9f2c", touched=True)
        'stays changed: 1 revision, now at 9f2c'
        >>> became(Failure(rolls_back=True), [], "9f2c", "77aa", touched=True)
        'failed, rolled back to 9f2c'
    """
    failed = "failed, " if failure is not None else ""
    where = f"{counted(len(remaining), 'revision')}, now at {at}" if remaining else f"at {before}"
    if failure is not None and failure.lost:
        return f"{failed}and the connection is lost: it isn't known what is left"
    if failure is not None and failure.left is not None:
        return f"{failed}stays changed: {where}, and a part of {failure.left.revision}"
    if remaining:
        return f"{failed}stays changed: {where}"
    return f"{failed}rolled back to {before}" if touched or failed else "nothing was changed"


def made_otherwise(program: str, option: str, target: str, *, alone: bool = True) -> str:
    """Return what to do if the tables of the first revision are there, but the revision isn't recorded.

    Args:
        program: The program as typed, such as `ellar db`.
        option: The options that select a package and a database of a group, each with a space before it.
        target: The newest revision: `head`, or `heads` if there are several.
        alone: Whether the run has no other database.
    """
    every = "" if alone else ", on every database of the folder"
    return (
        f"if the tables were made without migrations, as by create_all, `{program} stamp{option} {target}` records the "
        f"revisions without running them{every}; then compare: `{program} check{option}` lists what differs from the "
        f"models, and `{program} stamp{option} base` undoes the record"
    )
