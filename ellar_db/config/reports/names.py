"""The revision or the branch that was meant by a name that the folder doesn't have."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ellar_db.util.errors import meant

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory

SYMBOLS = ("head", "heads", "base")
"""What stands for revisions in each folder."""

OTHERS = {"zero": "base"}
"""What other programs call these: Django's `migrate shop zero`."""

LIKENESS = 0.7
"""How similar a name must be: `east` isn't meant for `heads`."""


def meant_revision(error: BaseException) -> str:
    """Return "; did you mean ...?" if an error of Alembic is about a name that is similar to a known one, else "".

    Args:
        error: The error.

    Example:
        >>> meant_revision(ValueError("something else"))
        ''
    """
    from alembic.script import ScriptDirectory
    from alembic.script.revision import ResolutionError, RevisionError

    chain = (error, error.__cause__)
    name = next((each.argument for each in chain if isinstance(each, ResolutionError)), None)
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    folders = (value for frame in frames for value in frame.f_locals.values() if isinstance(value, ScriptDirectory))
    folder = next(folders, None)
    if not isinstance(name, str) or folder is None:
        return ""
    try:
        return meant(OTHERS.get(name, name), _names(folder), LIKENESS)
    except (AssertionError, RevisionError):
        # the folder has a problem of its own
        return ""


def _names(folder: ScriptDirectory) -> Iterator[str]:
    yield from SYMBOLS
    for revision in folder.walk_revisions():
        yield revision.revision
        yield from revision.branch_labels
