"""`ellar db` in an application that can't be loaded: one line in place of ellar-cli's traceback."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click

from ellar_db.cli.group import DOCTOR
from ellar_db.cli.program import db
from ellar_db.cli.troubles import with_page
from ellar_db.options import TRACEBACK, tracebacks_wanted
from ellar_db.project.urls import advised_cause
from ellar_db.util.alembic import import_colours_later
from ellar_db.util.errors import UnavailableError, stack_trace, where_hint

ELLAR_CLI = "ellar_cli"


def explain_loading() -> None:
    """Report in one line if the application can't be loaded for `ellar db`; do nothing for any other command.

    ellar-cli imports the application's modules before it knows the commands, and so before any code of a command runs.
    `EllarDBModule` is imported with them. What comes after it can be guarded from there: its context manager is
    attached to click's context of `ellar`, and so ends with this command. Modules that are imported earlier, and the
    path of the root module itself, are beyond its reach.
    """
    ctx = click.get_current_context(silent=True)
    if ctx is None:
        return
    ctx = ctx.find_root()
    # the command's name is known once the application has been loaded
    if ctx.invoked_subcommand is None and type(ctx.command).__module__.startswith(f"{ELLAR_CLI}."):
        words = _typed(ctx, sys.argv[1:])
        if words[:1] == [db.name]:
            # the application's modules may import Alembic, as ellar-sql does
            import_colours_later()
            diagnoses = _typed(click.Context(db, parent=ctx), words[1:])[:1] == [DOCTOR]
            ctx.with_resource(_explained(ctx, traceback=bool(TRACEBACK & set(words)), diagnoses=diagnoses))


def _typed(ctx: click.Context, words: Sequence[str]) -> list[str]:
    """Return a command line from the name of a group's command on."""
    try:
        return ctx.command.make_parser(ctx).parse_args(list(words))[1]
    except click.UsageError:
        return []


@contextmanager
def _explained(ctx: click.Context, *, traceback: bool, diagnoses: bool) -> Iterator[None]:
    try:
        yield
    except (click.ClickException, click.exceptions.Exit, click.Abort, KeyboardInterrupt):
        raise
    except BaseException as error:  # the user's own application: whatever it raises, it can't be loaded
        if ctx.invoked_subcommand is not None:
            # the application was loaded, and a command ran
            raise
        if traceback or tracebacks_wanted():
            click.echo(stack_trace(error), err=True, nl=False)
        # it starts without the application, and looks at all that doesn't need it
        rest = f"; `ellar-db {DOCTOR}` looks at the rest" if diagnoses else ""
        told = f"the application can't be loaded: {advised_cause(error)}{rest}{where_hint()}"
        raise UnavailableError(with_page(told)) from error
