"""What the program says when it can't go on: one line, and what to do next."""

from __future__ import annotations

import traceback

import click

from ellar_db.secrets import masked


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
        super().__init__(masked(" ".join(masked(message).split())))


class UnavailableError(DbError):
    """It could not be found out, since an application or a database is out of reach: exit code 3."""

    exit_code = 3


class PluginError(DbError):
    """A plugin failed while one of its hooks ran."""


def stack_trace(error: BaseException) -> str:
    """Give an exception's whole stack trace, passwords masked."""
    return masked("".join(traceback.format_exception(error)))


def summary(error: BaseException) -> str:
    """Give an exception as `Type: first line of its message`.

    Example:
        >>> summary(ValueError("bad\\nworse"))
        'ValueError: bad'
    """
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
