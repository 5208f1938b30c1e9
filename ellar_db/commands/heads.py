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
@options.package
def heads(
    directory: Path | None, x_arg: tuple[str, ...], verbose: bool, resolve_dependencies: bool, package: str | None
) -> None:
    """Show current available heads in the script directory."""
    from alembic import command

    from ellar_db.config.seam import alembic_config
    from ellar_db.runtime.packages import in_turn

    with alembic_config(directory, x_arg=x_arg, databases=False, package=package) as config:
        in_turn(config, lambda part: command.heads(part, verbose, resolve_dependencies))


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    """Yield the command."""
    yield heads
