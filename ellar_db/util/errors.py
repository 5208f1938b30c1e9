"""Errors that end the program: one line that says what is wrong and what to do next."""

from __future__ import annotations

import errno
import sysconfig
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import click

from ellar_db.util.files import shown
from ellar_db.util.masking import masked

FULL = {getattr(errno, name, None) for name in ("ENOSPC", "EDQUOT", "EFBIG")} - {None}
"""Values of `errno` that mean that nothing more can be written."""


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
    return "".join(
        character if character.isprintable() else ascii(character)[1:-1] for character in " ".join(text.split())
    )


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
    """Return an exception's whole traceback, with passwords masked."""
    return masked("".join(traceback.format_exception(error)))


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


def explanation(error: BaseException) -> str:
    """Return an exception as `summary` does, with the file and line of the project's own code that raised it.

    If a library raised it because of an error in the project's code, that error is the one that is returned.

    Args:
        error: The exception.
    """
    cause = _innermost(error)
    place = raised_at(cause)
    # the message of a syntax error has its file and line already
    if place is None or isinstance(cause, SyntaxError):
        return summary(cause)
    return f"{summary(cause)} ({shown(place[0])}, line {place[1]})"


def raised_at(error: BaseException) -> tuple[Path, int] | None:
    """Return the innermost file and line of the project's own code in an exception's traceback, or None."""
    found = None
    for frame, line in traceback.walk_tb(error.__traceback__):
        if _is_own(frame.f_code.co_filename):
            found = Path(frame.f_code.co_filename), line
    return found


def _innermost(error: BaseException) -> BaseException:
    """Return the cause that the project's own code raised, if a library converted it, else the error itself."""
    while not _raised_itself(error):
        cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if cause is None or (raised_at(cause) is None and not isinstance(cause, SyntaxError)):
            break
        error = cause
    return error


def _raised_itself(error: BaseException) -> bool:
    """Return whether the project's own code raised an exception, rather than a library that it called."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return bool(frames) and _is_own(frames[-1].f_code.co_filename)


@cache
def _is_own(filename: str) -> bool:
    """Return whether a file is the project's own, rather than of Python, of a package or of ellar_db."""
    file = Path(filename)
    libraries = [Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib")]
    return (
        not filename.startswith("<")
        and not {"site-packages", "dist-packages"} & set(file.parts)
        and not any(file.is_relative_to(folder) for folder in (*libraries, Path(__file__).parent.parent))
    )
