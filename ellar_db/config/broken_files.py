"""Find the broken file of a migrations folder when one raises an error that Alembic doesn't expect."""

from __future__ import annotations

import re
import traceback
import warnings
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from ellar_db.util.alembic import duplicate_revision, incomplete_revision, missing_parent, unreadable_revision
from ellar_db.util.errors import DbError, summary, where_hint

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory

TWICE = "Revision .* is present more than once"
"""Alembic's warning about two files with one revision id."""


def refuse_duplicates(script: ScriptDirectory) -> None:
    """Refuse a folder in which two files have the same revision id; Alembic would use either of them.

    Args:
        script: The folder, before its revisions are read.

    Raises:
        DbError: Two files have one revision id.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("error", TWICE, UserWarning)
        try:
            script.get_heads()
        except UserWarning as error:
            frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
            found = next(filter(None, map(duplicate_revision, frames)), None)
            if found is None:
                raise
            raise DbError(twins(*found)) from error


def twins(revision: str, first: Path, second: Path) -> str:
    """Describe two files with one revision id.

    Example:
        >>> twins("b1", Path("versions/b1.py"), Path("versions/b1_copy.py"))
        'versions/b1.py and versions/b1_copy.py have the same revision id b1; remove one, or give it another id'
    """
    return f"{first} and {second} have the same revision id {revision}; remove one, or give it another id"


def broken_file(error: BaseException, *, environment: bool = True) -> DbError | None:
    """Return an error that names the env.py or revision file an exception comes from, or None.

    These files are the project's own code and may raise anything: on import, because something that Alembic looks for
    is missing, or while they run.

    Args:
        error: The exception.
        environment: Whether to consider env.py too.

    Example:
        >>> broken_file(ValueError("something else")) is None
        True
    """
    blamed = None
    for frame, line in traceback.walk_tb(error.__traceback__):
        if str(frame.f_globals.get("__name__")).startswith("ellar_db."):
            # env.py isn't to blame for errors in the ellar_db code that it calls
            blamed = None
        elif environment or frame.f_globals.get("__name__") != "env_py":
            blamed = _blamed(frame, line, error) or blamed
    return None if blamed is None else DbError(f"{blamed}{where_hint()}")


def raised_in(package: str, error: BaseException) -> bool:
    """Return whether an exception was raised by a module of a package.

    Example:
        >>> raised_in("alembic", ValueError("elsewhere"))
        False
    """
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return bool(frames) and str(frames[-1].f_globals.get("__name__")).partition(".")[0] == package


def _blamed(frame: FrameType, line: int, error: BaseException) -> str | None:
    module = frame.f_globals.get("__name__")
    file = Path(frame.f_code.co_filename)
    # Alembic derives a module's name from its file: `a1_add_users_py`
    if file.suffix == ".py" and module == re.sub(r"\W", "_", file.name):
        return f"{file}, line {line}: {summary(error)}"
    unreadable = unreadable_revision(frame)
    if unreadable is not None:
        return f"{unreadable} is no revision that can be read: {summary(error)}"
    parent = missing_parent(frame, error)
    if parent is not None:
        return f"a revision file is based on {parent!r}, and there is no file of that revision"
    incomplete = incomplete_revision(frame, error)
    return None if incomplete is None else f"{incomplete}: {summary(error)}"
