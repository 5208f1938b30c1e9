"""Open revision files in an editor."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from ellar_db import options
from ellar_db.hookspecs import hookimpl


@click.command(short_help="Edit a revision file using $EDITOR.", context_settings=options.RELATIVE)
@options.environment
@click.argument("revision", type=options.Revision(), default="head")
def edit(directory: Path | None, x_arg: tuple[str, ...], revision: str) -> None:
    """Edit a revision file using $EDITOR.

    REVISION is head unless it is given; `current` is what the database has.
    """
    from alembic import command

    from ellar_db.config import alembic_config

    with alembic_config(directory, x_arg=x_arg, databases=revision == "current") as config:
        command.edit(config, revision)


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    """Give the command."""
    yield edit
