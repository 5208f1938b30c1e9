"""Open revision files in an editor."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import click

from ellar_db import options
from ellar_db.hookspecs import hookimpl
from ellar_db.options import Selection
from ellar_db.util.errors import DbError


@click.command(short_help="Edit a revision file using $EDITOR.", context_settings=options.RELATIVE)
@options.environment
@options.databases
@click.argument("revision", type=options.Revision(), default="head")
def edit(directory: Path | None, x_arg: tuple[str, ...], revision: str, chosen: Selection) -> None:
    """Edit a revision file using $EDITOR.

    REVISION is head by default; `current` is the database's revision.
    """
    from alembic import command

    from ellar_db.config.seam import alembic_config
    from ellar_db.revisions.names import check_relative

    check_editor()
    with alembic_config(directory, x_arg=x_arg, databases=revision == "current", chosen=chosen) as config:
        check_relative(config, revision)
        command.edit(config, revision)


def check_editor() -> None:
    """Refuse an editor that doesn't exist; Alembic would start any other instead.

    Raises:
        DbError: $EDITOR, or if unset $VISUAL, names a program that doesn't exist.
    """
    for variable in ("EDITOR", "VISUAL"):
        editor = os.environ.get(variable, "").strip()
        if editor:
            # options may follow the program
            if shutil.which(editor) is None and shutil.which(editor.split()[0]) is None:
                raise DbError(f"${variable} is {editor!r}, and there is no such program; set it to an editor")
            return


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    """Yield the command."""
    yield edit
