"""Errors that end the program: one line that says what is wrong and what to do next."""

from __future__ import annotations

import errno
import traceback
from collections.abc import Iterable

import click

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


class PluginError(DbError):
    """A plugin failed while one of its hooks ran."""


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
