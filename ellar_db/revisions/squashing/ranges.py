"""A range of revisions that one revision can replace: nothing enters or leaves it in the middle."""

from __future__ import annotations

import ast
import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ellar_db.config.squashed.history import refuse_gone
from ellar_db.util.alembic import ancestors, version_folders
from ellar_db.util.errors import DbError
from ellar_db.util.files import shown
from ellar_db.util.scripts import own_labels, with_files

if TYPE_CHECKING:
    from alembic.script import Script, ScriptDirectory


BASE = "base"


@dataclass(frozen=True)
class Range:
    """Revisions that follow each other, between one that stays and the last one of them.

    Args:
        script: The folder.
        base: What comes before it; None for the beginning.
        members: The revisions, each behind those that it follows.
        below: All revisions that come before it, in the same order.
    """

    script: ScriptDirectory
    base: Script | None
    members: Sequence[Script]
    below: Sequence[Script]

    @property
    def end(self) -> Script:
        """The last one, whose id the revision in their place has."""
        return self.members[-1]

    @property
    def name(self) -> str:
        """The range as the command line says it."""
        return f"{self.base.revision if self.base else BASE}:{self.end.revision}"

    def history(self, *files: Path) -> ScriptDirectory:
        """Return a folder that has what comes before the range, and some other files."""
        return with_files(self.script, [*(Path(each.path) for each in self.below), *files])


def range_of(script: ScriptDirectory, text: str) -> Range:
    """Return the range that a text names, as in `1a2b:3c4d`.

    Args:
        script: The folder.
        text: The revision before the range or "base", a colon, and its last revision.

    Raises:
        DbError: There is no such range, or one revision can't replace it.
    """
    first, colon, last = text.strip().partition(":")
    if not colon or not first.strip() or not last.strip():
        raise DbError(
            f"{text!r} is no range; say BASE:END, where BASE is the revision before the first one that is squashed, or "
            f"{BASE}, and END the last one"
        )
    base = None if first.strip() == BASE else _one(script, first.strip())
    end = _one(script, last.strip())
    below = ancestors(script, base.revision) if base is not None else set()
    if base is not None and base.revision not in ancestors(script, end.revision):
        raise DbError(f"{base.revision} doesn't come before {end.revision}, so that no range begins there")
    inside = ancestors(script, end.revision) - below
    order = [each for each in script.walk_revisions()][::-1]
    found = Range(
        script,
        base,
        [each for each in order if each.revision in inside],
        [each for each in order if each.revision in below],
    )
    if len(found.members) < 2:
        there = f"only {end.revision} is" if found.members else "nothing is"
        raise DbError(f"{there} in the range {text.strip()}, so that there is nothing to squash")
    _refuse_open(found)
    for each in found.members:
        _refuse_file(script, each)
    return found


def _one(script: ScriptDirectory, name: str) -> Script:
    refuse_gone(script, name)
    found = script.get_revisions(name)
    if len(found) != 1:
        listed = f": {', '.join(sorted(each.revision for each in found))}" if found else ""
        raise DbError(f"{name} stands for {len(found) or 'no'} revisions{listed}; name one")
    return found[0]


def _refuse_open(found: Range) -> None:
    """Refuse a range into which, or out of which, something leads in the middle.

    Raises:
        DbError: It is one.
    """
    from alembic.util import to_tuple

    ids = {each.revision for each in found.members}
    base = found.base.revision if found.base is not None else None
    for each in found.members:
        parents: Collection[str | None] = to_tuple(each.down_revision, default=()) or (None,)
        for parent in parents:
            if parent not in ids and parent != base:
                whence = f"from {parent}, which comes before {base}" if parent else "from a beginning of its own"
                raise DbError(
                    f"the range {found.name} isn't closed: {each.revision} comes {whence}; choose another BASE"
                )
        if each.dependencies:
            for other in found.script.get_revisions(to_tuple(each.dependencies, default=())):
                if other.revision not in ids:
                    raise DbError(
                        f"the range {found.name} isn't closed: {each.revision} depends on {other.revision}, which is "
                        "outside of it"
                    )
        labels = own_labels(each)
        if labels and each is not found.end:
            raise DbError(
                f"{each.revision} has the branch label {labels[0]}, which would be lost; squash what comes before it "
                "or behind it"
            )
    middle = ids - {found.end.revision}
    for other in found.script.walk_revisions():
        if other.revision in ids:
            continue
        for parent in to_tuple(other.down_revision, default=()):
            if parent in middle:
                raise DbError(
                    f"the range {found.name} isn't closed: {other.revision} follows {parent}, which is in the middle "
                    "of it; choose an END below the branch, or one where it is merged again"
                )
        if other.dependencies:
            for needed in found.script.get_revisions(to_tuple(other.dependencies, default=())):
                if needed.revision in middle:
                    raise DbError(
                        f"the range {found.name} isn't closed: {other.revision} depends on {needed.revision}, which is "
                        "in the middle of it"
                    )


def _refuse_file(script: ScriptDirectory, revision: Script) -> None:
    """Refuse a revision whose file can't be kept elsewhere.

    Raises:
        DbError: It is one.
    """
    path = Path(revision.path)
    if not any(path.is_relative_to(os.path.realpath(folder)) for folder in version_folders(script)):
        raise DbError(f"the file of {revision.revision} is a link to {path}, which won't be moved; put a file there")
    if path.suffix != ".py":
        raise DbError(f"{shown(path)} is compiled, so that it can't be squashed; get its source")
    tree = ast.parse(path.read_bytes())
    place = next((node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == "__file__"), None)
    if place is not None:
        raise DbError(
            f"{shown(path)} finds other files by its own place (__file__, line {place.lineno}), and its place changes; "
            "squash what comes before it or behind it"
        )
