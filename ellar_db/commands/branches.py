"""Show revisions that have more than one child."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from ellar_db import options
from ellar_db.hookspecs import hookimpl


@click.command(short_help="Show current branch points.")
@options.environment
@options.verbose
def branches(directory: Path | None, x_arg: tuple[str, ...], verbose: bool) -> None:
    """Show current branch points."""
    from alembic import command

    from ellar_db.config.seam import alembic_config

    with alembic_config(directory, x_arg=x_arg, databases=False) as config:
        command.branches(config, verbose=verbose)


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    """Yield the command."""
    yield branches
