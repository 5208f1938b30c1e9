"""Which file of a migrations folder is broken, where one raises what Alembic doesn't expect."""

from __future__ import annotations

import re
import traceback
from pathlib import Path
from types import FrameType

from ellar_db.util.errors import DbError, summary, where_hint


def broken_file(error: BaseException, *, environment: bool = True) -> DbError | None:
    """Say which env.py or revision file an exception comes from, or None where it comes from elsewhere.

    These files are the project's own code and may raise anything: at import, since they lack what Alembic looks for,
    or while they run.

    Args:
        error: The exception.
        environment: Look at env.py too.

    Example:
        >>> broken_file(ValueError("something else")) is None
        True
    """
    blamed = None
    for frame, line in traceback.walk_tb(error.__traceback__):
        if str(frame.f_globals.get("__name__")).startswith("ellar_db."):
            # an env.py that only calls ours is not to blame for what happens there
            blamed = None
        elif environment or frame.f_globals.get("__name__") != "env_py":
            blamed = _blamed(frame, line, error) or blamed
    return None if blamed is None else DbError(f"{blamed}{where_hint()}")


def raised_in(package: str, error: BaseException) -> bool:
    """Tell whether an exception was raised by a module of a package.

    Example:
        >>> raised_in("alembic", ValueError("of nobody"))
        False
    """
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return bool(frames) and str(frames[-1].f_globals.get("__name__")).partition(".")[0] == package


def _blamed(frame: FrameType, line: int, error: BaseException) -> str | None:
    module, function, local = frame.f_globals.get("__name__"), frame.f_code.co_name, frame.f_locals
    file = Path(frame.f_code.co_filename)
    # Alembic names a module that it loads after its file: `a1_add_users_py`
    if file.suffix == ".py" and module == re.sub(r"\W", "_", file.name):
        return f"{file}, line {line}: {summary(error)}"
    # `_from_path`, and `_from_filename` in older releases
    if module == "alembic.script.base" and function.startswith("_from_") and "filename" in local:
        return f"{Path(local['dir_'], local['filename'])} is no revision that can be read: {summary(error)}"
    if (module, function) == ("alembic.script.revision", "_revision_map") and isinstance(error, KeyError):
        return f"a revision file is based on {error.args[0]!r}, and there is no file of that revision"
    if (module, function) == ("alembic.runtime.migration", "__init__") and isinstance(error, AttributeError):
        return f"{local['revision'].path}: {summary(error)}"
    return None
