"""The history that counts for a database: with the old files, if it stands inside of a range that was squashed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from ellar_db.config.squashed.files import Squash, squashes_of
from ellar_db.util.errors import DbError
from ellar_db.util.files import shown
from ellar_db.util.scripts import with_files

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory


WORD = re.compile(r"\w[\w.]*")
"""An id, or the beginning of one, in what names a revision."""

SHORTEST = 4
"""The least characters of an id that Alembic takes for it."""

_histories: WeakKeyDictionary[ScriptDirectory, dict[frozenset[str], ScriptDirectory]] = WeakKeyDictionary()


def history_for(script: ScriptDirectory, heads: Iterable[str]) -> ScriptDirectory:
    """Return the history of a database: the folder's own, with the old files of the ranges inside of which it stands.

    Args:
        script: The folder.
        heads: The revisions in the version table.

    Raises:
        DbError: An old file is missing.
    """
    entered = inside(script, heads)
    if not entered:
        return script
    known = _histories.setdefault(script, {})
    ends = frozenset(each.end for each in entered)
    if ends not in known:
        known[ends] = _with_old_files(script, entered)
    return known[ends]


def inside(script: ScriptDirectory, heads: Iterable[str]) -> list[Squash]:
    """Return the ranges that were squashed and inside of which a database stands.

    Args:
        script: The folder.
        heads: The revisions in the version table.
    """
    found = squashes_of(script)
    if not found:
        return []
    unknown = set(heads) - {each.revision for each in script.walk_revisions()}
    return [each for each in found if unknown & each.revisions.keys()]


def planned_for(script: ScriptDirectory, target: str, heads: Sequence[str]) -> ScriptDirectory:
    """Return the history in which Alembic plans.

    Args:
        script: The folder.
        target: Where the database is to go.
        heads: The revisions in the version table.

    Raises:
        DbError: The target was squashed, and the database isn't inside of that range.
    """
    found = history_for(script, heads)
    told = gone(script, target, heads)
    if told:
        raise DbError(told)
    return found


def gone(script: ScriptDirectory, name: str, heads: Iterable[str] = ()) -> str:
    """Return that a revision was squashed, and into which one; empty if it wasn't, or counts for a database.

    Args:
        script: The folder.
        name: What names the revision, such as the beginning of its id.
        heads: The database's revisions.
    """
    entered = {each.end for each in inside(script, heads)}
    others = [each for each in squashes_of(script) if each.end not in entered]
    if not others:
        return ""
    from alembic.util import to_tuple

    known = {each.revision for each in script.walk_revisions()}
    for word in WORD.findall(name):
        for squash in others:
            old = [
                each for each in squash.revisions if each == word or (len(word) >= SHORTEST and each.startswith(word))
            ]
            if old and not any(each.startswith(word) for each in known):
                below = to_tuple(script.get_revision(squash.end).down_revision, default=("base",))
                return (
                    f"{old[0]} was squashed into {squash.end}, which a database has as a whole or not at all; name "
                    f"{squash.end} or {below[0]} (its file is {shown(Path(squash.revisions[old[0]].path))})"
                )
    return ""


def refuse_gone(script: ScriptDirectory, name: str) -> None:
    """Refuse a name of a revision that was squashed.

    Args:
        script: The folder.
        name: What names the revision.

    Raises:
        DbError: It was.
    """
    told = gone(script, name)
    if told:
        raise DbError(told)


def _with_old_files(script: ScriptDirectory, entered: Sequence[Squash]) -> ScriptDirectory:
    from alembic.util import to_tuple

    ends = {each.end for each in entered}
    kept = [each for each in script.walk_revisions() if each.revision not in ends]
    old = [each for squash in entered for each in squash.scripts]
    known = {each.revision for each in [*kept, *old]}
    for squash in entered:
        needed = {squash.end, *(name for each in squash.scripts for name in to_tuple(each.down_revision, default=()))}
        missing = sorted(needed - known)
        if missing:
            raise DbError(
                f"the file of {missing[0]} isn't in {shown(squash.folder)}, which databases inside of that range need; "
                "get it back from version control"
            )
    return with_files(script, [Path(each.path) for each in [*kept, *old]])
