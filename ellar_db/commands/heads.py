"""Show the newest revisions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from ellar_db import options
from ellar_db.hookspecs import hookimpl


@click.command(short_help="Show current available heads in the script directory.")
@options.environment
@options.verbose
@click.option("--resolve-dependencies", is_flag=True, help="Treat dependency versions as down revisions.")
def heads(directory: Path | None, x_arg: tuple[str, ...], verbose: bool, resolve_dependencies: bool) -> None:
    """Show current available heads in the script directory."""
    from alembic import command

    from ellar_db.config import alembic_config

    with alembic_config(directory, x_arg=x_arg, databases=False) as config:
        command.heads(config, verbose=verbose, resolve_dependencies=resolve_dependencies)


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    """Give the command."""
    yield heads
