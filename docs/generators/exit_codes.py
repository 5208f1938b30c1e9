"""The page of exit codes: the codes from the errors that have them, and what commands say of theirs in `--help`."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import click

from docs.generators.docstrings import cell, flowed

SAYS = re.compile(r"exit code|exit with", re.IGNORECASE)


def exit_codes_page() -> str:
    """Return the page."""
    from ellar_db.cli import db
    from ellar_db.util.errors import DbError, UnavailableError
    from ellar_db.util.termination import EXIT_CODE

    codes = {
        0: "done, or the answer is yes",
        DbError.exit_code: "refused, or the answer is no; of a group, one of its databases failed",
        click.UsageError.exit_code: "wrong usage: an option, an argument or a command that doesn't exist",
        UnavailableError.exit_code: "no answer: the application can't be started, a package is missing, or a database "
        "can't be reached",
        EXIT_CODE: "ended by SIGTERM; what was begun is rolled back, or noted",
    }
    ctx = click.Context(db, info_name="db")
    rows = []
    for name in db.list_commands(ctx):
        command = db.get_command(ctx, name)
        assert command is not None
        rows += [f"| `{name}{option}` | {cell(text)} |" for option, text in answers(command)]
    parts = [
        "# Exit codes",
        "Made from the program's errors, and from its `--help`, by `make docs`.",
        "\n".join(["| code | |", "|---|---|", *(f"| {code} | {text} |" for code, text in sorted(codes.items()))]),
        "`sys.exit` in an `env.py` or a revision ends with its own code, as in Alembic; in a revision 0 becomes 1, "
        "since the revision isn't applied.",
        "In Python, code 1 is an `ellar_db.DbError`, and code 3 an `UnavailableError`, a subclass. A plugin refuses "
        "with a `DbError`; any `click.ClickException` keeps the code that it has.",
        "## Commands that answer by their exit code",
        "\n".join(["| command | |", "|---|---|", *rows]),
    ]
    return "\n\n".join(parts) + "\n"


def answers(command: click.Command) -> Iterator[tuple[str, str]]:
    """Yield what a command's help says of exit codes: its own paragraphs, then those of options.

    Args:
        command: The command.
    """
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        if SAYS.search(paragraph):
            # where the paragraph is about something else too, the sentences from the one that names the code
            sentences = re.split(r"(?<=\.) (?=[A-Z])", flowed(paragraph.replace("\b", "")))
            first = next(place for place, each in enumerate(sentences) if SAYS.search(each))
            yield "", " ".join(sentences[first:])
    for option in command.params:
        if isinstance(option, click.Option) and SAYS.search(option.help or ""):
            yield f" {option.opts[-1]}", option.help or ""
