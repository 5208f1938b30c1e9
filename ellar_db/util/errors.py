"""What the program says when it can't go on: one line, and what to do next."""

from __future__ import annotations

import errno
import traceback
from collections.abc import Iterable

import click

from ellar_db.util.masking import masked

FULL = {getattr(errno, name, None) for name in ("ENOSPC", "EDQUOT", "EFBIG")} - {None}
"""What the system says where nothing more can be written."""


class DbError(click.ClickException):
    """Refused, or the answer is no: exit code 1.

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
    """It could not be found out, since an application or a database is out of reach: exit code 3."""

    exit_code = 3


class PluginError(DbError):
    """A plugin failed while one of its hooks ran."""


def in_one_line(text: str) -> str:
    """Give a text with its line breaks as spaces, and spelt out what else would do something to a terminal.

    Example:
        >>> in_one_line("red:\\n\\x1b[31m")
        'red: \\\\x1b[31m'
    """
    return "".join(
        character if character.isprintable() else ascii(character)[1:-1] for character in " ".join(text.split())
    )


def meant(name: str, known: Iterable[str], likeness: float = 0.6) -> str:
    """Give "; did you mean ...?" where a name is like one that is known, or nothing.

    Args:
        name: The name, which isn't known.
        known: Those that are.
        likeness: How much of it must agree, from 0 to 1.

    Example:
        >>> meant("heds", ["heads", "history"])
        '; did you mean heads?'
    """
    from difflib import get_close_matches

    near = get_close_matches(name, known, 1, likeness)
    return f"; did you mean {near[0]}?" if near else ""


def where_hint() -> str:
    """Give what follows an error of somebody's code: how a command shows where it was raised, and else nothing.

    Outside of a command the error's own stack trace shows it.
    """
    return "" if click.get_current_context(silent=True) is None else "; --traceback (before the command) shows where"


def stack_trace(error: BaseException) -> str:
    """Give an exception's whole stack trace, passwords masked."""
    return masked("".join(traceback.format_exception(error)))


def summary(error: BaseException) -> str:
    """Give an exception as `Type: first line of its message`.

    Example:
        >>> summary(ValueError("bad\\nworse"))
        'ValueError: bad'
    """
    try:
        lines = str(error).strip().splitlines()
    except Exception:  # somebody's own exception may fail even in this
        lines = []
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
