"""Errors that end the program: one line that says what is wrong and what to do next."""

from __future__ import annotations

import errno
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from ellar_db.util.masking import masked, printable

FULL = {getattr(errno, name, None) for name in ("ENOSPC", "EDQUOT", "EFBIG")} - {None}
"""Values of `errno` that mean that nothing more can be written."""


OURS = Path(__file__).parents[1]
"""The folder of ellar_db itself."""

WRAPPERS = {"ellar", "ellar_cli", "injector"}
"""Packages that raise an error of their own about one in the application, which explains it better."""


class DbError(click.ClickException):
    """The command refused, or its answer is no: exit code 1.

    Args:
        message: What is wrong and what to do next. Line breaks become spaces, so that it stays one line; passwords
            are masked.

    Example:
        >>> DbError("no folder at 'migrations';\\nmake one with `ellar db init`").message
        "no folder at 'migrations'; make one with `ellar db init`"
    """

    exit_code = 1

    def __init__(self, message: str) -> None:
        super().__init__(masked(in_one_line(masked(message))))


class UnavailableError(DbError):
    """There is no answer, since an application or a database can't be reached: exit code 3."""

    exit_code = 3


class NotInstalledError(UnavailableError, ImportError):
    """A package that an extra of ellar-db brings is missing. It is an ImportError too, as a failed import is."""


class RefusedError(Exception):
    """What a revision wants to do is refused; the run's error adds which revision it is, and what is left of the run.

    Args:
        message: What is wrong and what to do next.
    """


class PluginError(DbError):
    """A plugin failed while one of its hooks ran."""


@contextmanager
def needing_ellar(what: str) -> Iterator[None]:
    """Say in one line what to install if Ellar, which the block imports, isn't complete.

    Args:
        what: What needs Ellar, as the message's subject.

    Raises:
        NotInstalledError: ellar, ellar-cli or a package that they need isn't installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        missing = (error.name or "Ellar").partition(".")[0].replace("_", "-")
        raise NotInstalledError(
            f'{what} needs {missing}, which isn\'t installed; install it with pip install "ellar-db[ellar]"'
        ) from None


def in_one_line(text: str) -> str:
    """Return a text with whitespace collapsed into single spaces and unprintable characters escaped.

    Example:
        >>> in_one_line("red:\\n\\x1b[31m")
        'red: \\\\x1b[31m'
    """
    return printable(" ".join(text.split()))


def meant(name: str, known: Iterable[str], likeness: float = 0.6) -> str:
    """Return "; did you mean ...?" if a name is similar to a known one, else an empty string.

    Args:
        name: The unknown name.
        known: The known names.
        likeness: How similar the names must be, from 0 to 1.

    Example:
        >>> meant("heds", ["heads", "history"])
        '; did you mean heads?'
    """
    from difflib import get_close_matches

    near = get_close_matches(name, known, 1, likeness)
    return f"; did you mean {near[0]}?" if near else ""


def where_hint() -> str:
    """Return the hint to use `--traceback` for an error in an application or plugin; outside of a command, nothing.

    Outside of a command the error has its own traceback.
    """
    return "" if click.get_current_context(silent=True) is None else "; --traceback (before the command) shows where"


def stack_trace(error: BaseException) -> str:
    """Return an exception's whole traceback, with passwords masked and control characters escaped."""
    return printable(masked("".join(traceback.format_exception(error))))


def summary(error: BaseException) -> str:
    """Return an exception as `Type: first line of its message`.

    Example:
        >>> summary(ValueError("bad\\nworse"))
        'ValueError: bad'
    """
    try:
        lines = str(error).strip().splitlines()
    except Exception:  # str() of another package's exception may fail too
        lines = []
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def cause_of(error: BaseException) -> str:
    """Return the innermost cause of an error as `summary` does, with its place in the project's own code.

    Args:
        error: What the project's code raised, or a framework that ran it.

    Example:
        >>> cause_of(ValueError("elsewhere"))
        'ValueError: elsewhere'
    """
    chain = _chain(error)
    inner = chain[-1]
    if isinstance(inner, click.ClickException):
        said = inner.message
    else:
        said = f"{type(inner).__name__}: {inner.msg}" if isinstance(inner, SyntaxError) else summary(inner)
    place = next((found for each in reversed(chain) if (found := place_of(each))), "")
    return f"{said} ({place})" if place else said


def place_of(error: BaseException) -> str:
    """Return where an error was raised, `file, line n`: the innermost place in the project's own code, or "".

    The project is the working directory, without the packages that are installed there.
    """
    places = [
        (frame.f_code.co_filename, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
        # an env.py, which Alembic names so, isn't to blame for what it calls
        if frame.f_globals.get("__name__") != "env_py"
    ]
    if isinstance(error, SyntaxError) and error.filename:
        places.append((error.filename, error.lineno or 1))
    for name, line in reversed(places):
        file = Path(name)
        if is_of_project(file):
            return f"{(Path.cwd() / file).relative_to(Path.cwd())}, line {line}"
    return ""


def is_of_project(file: Path) -> bool:
    """Return whether a file belongs to the project in the working directory, rather than to an installed package."""
    try:
        folder = Path.cwd()
    except OSError:
        # it has been removed
        return False
    file = folder / file
    if file.suffix != ".py" or not file.is_relative_to(folder):
        return False
    prefix = Path(sys.prefix)
    installed = {"site-packages", "dist-packages"} & set(file.parts)
    return not (
        installed or file.is_relative_to(OURS) or (prefix.is_relative_to(folder) and file.is_relative_to(prefix))
    )


def innermost(error: BaseException) -> BaseException:
    """Return the innermost cause of an error, as long as a framework only wrapped it.

    Example:
        >>> innermost(ValueError("elsewhere"))
        ValueError('elsewhere')
    """
    return _chain(error)[-1]


def _chain(error: BaseException) -> list[BaseException]:
    """Return an error and, as long as a framework only wrapped it, its cause."""
    found = [error]
    while _is_wrapper(found[-1]):
        inner = found[-1].__cause__ or (None if found[-1].__suppress_context__ else found[-1].__context__)
        if inner is None or any(inner is each for each in found):
            break
        found.append(inner)
    return found


def _is_wrapper(error: BaseException) -> bool:
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return bool(frames) and str(frames[-1].f_globals.get("__name__")).partition(".")[0] in WRAPPERS
