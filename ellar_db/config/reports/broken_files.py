"""Find the broken file of a migrations folder when one raises an error that Alembic doesn't expect."""

from __future__ import annotations

import re
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from ellar_db.config.command_line import program
from ellar_db.config.revision_files import run_fully
from ellar_db.dialects.base import Dialect
from ellar_db.dialects.errors import described
from ellar_db.project.origins import origin_of
from ellar_db.project.urls import url_advice
from ellar_db.util.alembic import (
    before_script,
    duplicate_revision,
    incomplete_revision,
    missing_parent,
    running_step,
    unreadable_revision,
)
from ellar_db.util.errors import DbError, cause_of, is_of_project, summary, where_hint
from ellar_db.util.files import shown

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory


PASSED = (run_fully.__module__, before_script.__module__)
"""Modules through which Alembic calls the project's files."""

COMPARISON = ("alembic.autogenerate.compare", "alembic.autogenerate.render")
"""Modules of Alembic in which other packages and the project take part."""

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


def broken_file(error: BaseException, *, environment: bool = True, origin: bool = True) -> DbError | None:
    """Return an error that names the env.py or revision file an exception comes from, or None.

    These files are the project's own code and may raise anything: on import, because something that Alembic looks for
    is missing, or while they run. So may packages that take part in autogenerate, which are named too.

    Args:
        error: The exception.
        environment: Whether to consider env.py too.
        origin: Whether to say what to do about an env.py that needs the program that made it.

    Example:
        >>> broken_file(ValueError("something else")) is None
        True
    """
    failed = _failed_comparison(error)
    if failed:
        return DbError(f"{failed}{where_hint()}")
    each: BaseException | None = error
    while each is not None:
        blamed = _blamed_by(each, environment=environment, origin=origin)
        if blamed is not None:
            return DbError(f"{blamed}{where_hint()}")
        # such as a StopIteration, which Python converts in Alembic's generators
        each = each.__cause__
    return None


def _blamed_by(error: BaseException, *, environment: bool, origin: bool = True) -> str | None:
    blamed = step = None
    foreign = ""
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
            foreign = (_foreign(frame) if origin else "") or foreign
            if module == "env_py" and (advice := url_advice(error)):
                foreign = f"; {advice}"
    if blamed is not None:
        return f"{blamed}{foreign}"
    return None if step is None else f"{step}: {summary(error)}"


@contextmanager
def without_ini(config: Config) -> Iterator[None]:
    """Say that no ini file was found if an env.py fails that needs one.

    Args:
        config: Alembic's configuration, which another program may have made.

    Raises:
        DbError: It fails so.
    """
    from sqlalchemy.exc import ArgumentError

    try:
        yield
    except (KeyError, TypeError, AttributeError, ArgumentError, FileNotFoundError) as error:
        ini = config.config_file_name
        # another file that isn't there is no sign of a missing ini file
        is_other = Path(ini).is_file() if ini else isinstance(error, FileNotFoundError)
        # the program that made this env.py would miss the ini file too
        blamed = None if is_other else _blamed_by(error, environment=True, origin=False)
        if blamed is None or Path(blamed.partition(", line ")[0]).name != "env.py":
            raise
        folder = shown(Path(str(config.get_main_option("script_location"))))
        missing = f"{shown(Path(ini))} isn't there" if ini else f"alembic.ini is neither here nor in {folder}"
        elsewhere = "" if ini else ", or name it with -c (before the command) if it is elsewhere"
        raise DbError(
            f"{blamed}; no ini file was read, since {missing}; get it back from version control{elsewhere}"
        ) from error


def raised_in(package: str, error: BaseException) -> bool:
    """Return whether an exception was raised by a module of a package.

    Example:
        >>> raised_in("alembic", ValueError("elsewhere"))
        False
    """
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return bool(frames) and str(frames[-1].f_globals.get("__name__")).partition(".")[0] == package


def _failed_comparison(error: BaseException) -> str:
    """Return which package, or code of the project, failed while Alembic compared or rendered; or an empty string."""
    blamed = ""
    comparing = in_sqlalchemy = False
    for frame, _ in traceback.walk_tb(error.__traceback__):
        module = str(frame.f_globals.get("__name__"))
        package = module.partition(".")[0]
        if package == "alembic":
            # the rest of autogenerate reads and writes revision files
            comparing = (comparing or module.startswith(COMPARISON)) and not module.startswith("alembic.script.")
            in_sqlalchemy = False
        elif package == "sqlalchemy":
            # what it calls is a driver's
            in_sqlalchemy = True
        elif not comparing or package == "ellar_db" or package in sys.stdlib_module_names:
            continue
        elif is_of_project(Path(frame.f_code.co_filename)):
            blamed = "code of the project"
        elif not blamed and not in_sqlalchemy:
            blamed = f"the package {_distribution(package)}"
    if not blamed:
        return ""
    advice = "; update it, report it to its authors, or do without it" if blamed.startswith("the package") else ""
    return f"{blamed} failed in the comparison with the models: {described(error, Dialect())}{advice}"


def _distribution(package: str) -> str:
    """Return the name and version of the distribution that has a package."""
    from importlib.metadata import PackageNotFoundError, distribution, packages_distributions

    try:
        # by convention they have one name
        found = distribution(next(iter(packages_distributions().get(package, ())), package))
    except PackageNotFoundError:
        return package
    return f"{found.metadata['Name']} {found.version}"


def _foreign(frame: FrameType) -> str:
    """Return what to do about an env.py that needs the program that made it, empty for any other frame."""
    if frame.f_globals.get("__name__") != "env_py":
        return ""
    try:
        origin = origin_of(Path(frame.f_code.co_filename))
    except OSError:
        return ""
    if not origin.needs:
        return ""
    return f"; {origin.name} made this env.py, which needs {origin.needs}: `{program()} adopt` makes it ellar_db's"


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
