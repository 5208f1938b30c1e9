"""Show the current revisions of the databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from ellar_db import options
from ellar_db.hookspecs import hookimpl
from ellar_db.options import Selection


@click.command(short_help="Display the current revision for each database.")
@options.environment
@options.databases
@click.option(
    "-c",
    "--check-heads",
    is_flag=True,
    help="Check if all head revisions are applied; exit with 1 if this is not the case.",
)
@options.verbose
@options.package
@options.json
def current(
    directory: Path | None,
    x_arg: tuple[str, ...],
    check_heads: bool,
    verbose: bool,
    package: str | None,
    json: bool,
    chosen: Selection,
) -> None:
    """Display the current revision for each database.

    A revision that the folder doesn't have is marked as unknown here, and the exit code is 1.
    """
    from ellar_db.config.seam import alembic_config
    from ellar_db.inspection.documents import print_current
    from ellar_db.runtime.package_checks import warn_of_leftovers
    from ellar_db.runtime.packages import in_turn
    from ellar_db.runtime.versions import show_current

    with alembic_config(
        directory, x_arg=x_arg, labels=True, package=package, decides=check_heads, chosen=chosen
    ) as config:
        warn_of_leftovers(config)
        if json:
            print_current(config, check_heads=check_heads)
            return
        in_turn(config, lambda part: show_current(part, check_heads=check_heads, verbose=verbose))


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    """Yield the command."""
    yield current
