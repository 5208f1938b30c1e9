"""Revisions of one branch that come to follow the head of another one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ellar_db.config.command_line import program
from ellar_db.revisions.files import one_writer
from ellar_db.revisions.rewriting.changes import Change, made, text_of
from ellar_db.revisions.rewriting.parents import following
from ellar_db.revisions.rewriting.sides import sides
from ellar_db.util.alembic import ancestors, version_folders
from ellar_db.util.errors import DbError

if TYPE_CHECKING:
    from alembic.script import Script, ScriptDirectory


@dataclass(frozen=True)
class Rebase:
    """What a rebase would do.

    Args:
        directory: The migrations folder.
        onto: The head that is followed.
        moved: All revisions that come after it then, the first one first.
        below: What the first of them followed.
        changes: The changes of files.
        source: Why these are one's own, in words; empty if the command line says so.
    """

    directory: Path
    onto: str
    moved: Sequence[str]
    below: Sequence[str]
    changes: Sequence[Change]
    source: str = ""

    def carry_out(self) -> None:
        """Make the changes, all or none.

        Raises:
            DbError: A file has changed meanwhile, or can't be written.
        """
        with one_writer(self.directory), made(self.changes):
            pass


def rebase_of(script: ScriptDirectory, revision: str | None, onto: str | None) -> Rebase:
    """Return what moving a branch behind another head would do.

    Args:
        script: The folder.
        revision: The last revision of the branch; None for the one that is one's own.
        onto: The head to follow; None for the other one.

    Raises:
        DbError: It isn't clear which is which, the head needs the branch, or a file can't be changed.
    """
    own, other, source = _chosen(script, revision, onto)
    base = {each.revision for each in _line(script, other)}
    moved = [each for each in _line(script, own) if each.revision not in base]
    ids = {each.revision for each in moved}
    needed = ids & ancestors(script, other.revision)
    if needed or own.revision in base - {other.revision}:
        first = sorted(needed)[0] if needed else own.revision
        raise DbError(f"{other.revision} needs {first} applied before it, and so can't come before it")
    changes = []
    below: list[str] = []
    for each in moved:
        before = _parents(each)
        kept = [parent for parent in before if parent in ids]
        outside = [parent for parent in before if parent not in ids]
        if kept or outside == [other.revision]:
            parents = kept or outside
        else:
            parents = [other.revision]
        if list(parents) == list(before):
            continue
        below += [parent for parent in outside if parent not in below]
        path = _own_file(script, each)
        text = text_of(path)
        what = f"follows {', '.join(parents)} instead of {', '.join(before) or 'nothing'}"
        changes.append(Change(path, text, following(text, path, parents), what, copied=False))
    return Rebase(
        Path(script.dir).absolute(), other.revision, [each.revision for each in moved], below, changes, source
    )


def _chosen(script: ScriptDirectory, revision: str | None, onto: str | None) -> tuple[Script, Script, str]:
    """Return the end of the branch that moves, the head that it will follow, and why these."""
    heads = {head.revision: head for head in script.get_revisions("heads")}
    if revision is not None and onto is not None:
        return _one(script, revision), _one(script, onto), ""
    if len(heads) < 2:
        raise DbError("there is one head, so that nothing is to be rebased")
    if revision is None and onto is None:
        found = sides({head: Path(each.path) for head, each in heads.items()})
        if found is not None:
            return heads[found.own], heads[found.other], f"{found.other} is in {found.source}"
        listed = " and ".join(sorted(heads))
        first, second = sorted(heads)[:2]
        raise DbError(
            f"there are the heads {listed}, and Git doesn't tell which is yours; say it, as in "
            f"`{program()} rebase {first} --onto {second}`"
        )
    given = _one(script, revision or onto or "")
    others = [head for head in heads.values() if given.revision not in ancestors(script, head.revision)]
    if len(others) != 1:
        names = ", ".join(sorted(head.revision for head in others)) or "none"
        option = "--onto HEAD" if revision is not None else "REVISION"
        raise DbError(f"besides {given.revision} there are the heads {names}; name one of them with {option}")
    return (given, others[0], "") if revision is not None else (others[0], given, "")


def _one(script: ScriptDirectory, name: str) -> Script:
    found = script.get_revisions(name)
    if len(found) != 1:
        raise DbError(f"{name} stands for {len(found) or 'no'} revisions; name one")
    return found[0]


def _line(script: ScriptDirectory, end: Script) -> list[Script]:
    """Return a revision and all that it comes from, without what it depends on, the first one first."""
    found: dict[str, Script] = {}
    waiting = [end]
    while waiting:
        each = waiting.pop()
        if each.revision not in found:
            found[each.revision] = each
            waiting += [_one(script, parent) for parent in _parents(each)]
    order = {each.revision: place for place, each in enumerate(reversed(list(script.walk_revisions())))}
    return sorted(found.values(), key=lambda each: order[each.revision])


def _own_file(script: ScriptDirectory, revision: Script) -> Path:
    """Return the file of a revision, which Alembic may have found by a link in the folder.

    Raises:
        DbError: It is elsewhere.
    """
    path = Path(revision.path)
    if not any(path.is_relative_to(os.path.realpath(folder)) for folder in version_folders(script)):
        raise DbError(f"the file of {revision.revision} is a link to {path}, which won't be changed; put a file there")
    return path


def _parents(script: Script) -> Sequence[str]:
    from alembic.util import to_tuple

    return to_tuple(script.down_revision, default=())


def refuse_applied(rebase: Rebase, script: ScriptDirectory, applied: Iterable[tuple[str, str, Sequence[str]]]) -> None:
    """Refuse to move revisions that a database has: it would count what comes before them as applied, too.

    Args:
        rebase: What would be done.
        script: The folder.
        applied: Of each database its name, the option that chooses it, and its revisions.

    Raises:
        DbError: A database has one of them.
    """
    moved = set(rebase.moved)
    there = [(name, choice, found) for name, choice, at in applied if (found := moved & ancestors(script, tuple(at)))]
    if not there:
        return
    target = rebase.below[0] if len(rebase.below) == 1 else "base"
    undo = " and ".join(f"`{program()} downgrade{choice} {target}`" for _, choice, _ in there)
    names = ", ".join(repr(name) for name, *_ in there)
    first = next(each for each in rebase.moved if each in there[0][2])
    raise DbError(
        f"{first} is applied on the database {names}, which would take what then comes before it for applied too; "
        f"{undo} undoes it, then rebase, and upgrade again"
    )
