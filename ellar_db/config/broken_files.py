"""Find the broken file of a migrations folder when one raises an error that Alembic doesn't expect."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from ellar_db.config.revision_files import run_fully
from ellar_db.util.alembic import (
    before_script,
    incomplete_revision,
    missing_parent,
    running_step,
    unreadable_revision,
)
from ellar_db.util.errors import DbError, cause_of, summary, where_hint
from ellar_db.util.files import shown

if TYPE_CHECKING:
    from alembic.config import Config


PASSED = (run_fully.__module__, before_script.__module__)
"""Modules through which Alembic calls the project's files."""


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
    each: BaseException | None = error
    while each is not None:
        blamed = _blamed_by(each, environment=environment)
        if blamed is not None:
            return DbError(f"{blamed}{where_hint()}")
        # such as a StopIteration, which Python converts in Alembic's generators
        each = each.__cause__
    return None


def _blamed_by(error: BaseException, *, environment: bool) -> str | None:
    blamed = step = None
    for frame, line in traceback.walk_tb(error.__traceback__):
        step = step or running_step(frame, error)
        module = str(frame.f_globals.get("__name__"))
        if module in PASSED:
            continue
        if module.startswith("ellar_db."):
            # env.py isn't to blame for errors in the ellar_db code that it calls
            blamed = None
        elif environment or module != "env_py":
            blamed = _blamed(frame, line, error) or blamed
    return blamed or (None if step is None else f"{step}: {summary(error)}")


@contextmanager
def without_ini(config: Config) -> Iterator[None]:
    """Say that no ini file was found if an env.py fails that needs one.

    Args:
        config: Alembic's configuration.
    """
    from sqlalchemy.exc import ArgumentError

    try:
        yield
    except (KeyError, TypeError, AttributeError, ArgumentError) as error:
        blamed = None if config.config_file_name else _blamed_by(error, environment=True)
        if blamed is None or Path(blamed.partition(", line ")[0]).name != "env.py":
            raise
        folder = config.get_main_option("script_location")
        raise DbError(
            f"{blamed}; no ini file was read, since alembic.ini is neither here nor in {folder}; name it with -c "
            "(before the command) if it is elsewhere"
        ) from error


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
        return f"{file}, line {line}: {cause_of(error).removesuffix(f' ({shown(file)}, line {line})')}"
    unreadable = unreadable_revision(frame)
    if unreadable is not None:
        return f"{unreadable} is no revision that can be read: {summary(error)}"
    parent = missing_parent(frame, error)
    if parent is not None:
        return f"a revision file is based on {parent!r}, and there is no file of that revision"
    incomplete = incomplete_revision(frame, error)
    return None if incomplete is None else f"{incomplete}: {summary(error)}"
