"""Questions on a terminal, which are never answered by guessing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from ellar_db.config.invocation import Answers
from ellar_db.util.errors import DbError
from ellar_db.util.masking import say


def may_ask(answers: Answers) -> bool:
    """Return whether someone can answer: input and talk are on a terminal, and `--no-input` isn't given."""
    return answers.ask and sys.stdin.isatty() and sys.stderr.isatty()


def was_renamed(kind: str, old: str, new: str) -> bool:
    """Ask whether something was renamed; the default is no.

    Args:
        kind: "table" or "column".
        old: The name of what is dropped.
        new: The name of what is added.

    Raises:
        DbError: There was no answer.
    """
    with _answered():
        return click.confirm(_shown(f"Was the {kind} {old} renamed to {new}?"), err=True)


def value_for(column: str, kind: str, parse: Callable[[str], Any]) -> Any:
    """Ask for the value that the rows which are there get in a column, until there is one that fits.

    Args:
        column: The column, with its table.
        kind: What its values are, such as "an integer".
        parse: Returns what a text means; raises ValueError if it doesn't fit.

    Returns:
        What `parse` returned, or None to leave the column as it is.

    Raises:
        DbError: There was no answer.
    """
    say(f"The column {column} is NOT NULL without a default, so that rows which are there need a value:", err=True)
    say(" 1) give them a value now", err=True)
    say(" 2) leave it: the upgrade fails if there are rows", err=True)
    with _answered():
        if click.prompt("Choose", type=click.Choice(["1", "2"]), err=True) == "2":
            return None
        while True:
            text = click.prompt(f"Value ({kind}, or sql: and an SQL expression)", err=True)
            try:
                return parse(text)
            except ValueError as error:
                say(f"{error}.", err=True)


@contextmanager
def _answered() -> Iterator[None]:
    try:
        yield
    except click.Abort:
        # the cursor is still behind the question
        click.echo(err=True)
        raise DbError(
            "not answered, so nothing is written; answer with --rename and --fill, or say --no-input"
        ) from None


def _shown(text: str) -> str:
    from ellar_db.util.masking import printable

    return printable(" ".join(text.split()))
