"""Wait until the databases are ready."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from ellar_db import options
from ellar_db.hookspecs import hookimpl
from ellar_db.options import Selection


@click.command(short_help="Wait until the databases answer, or are at the newest revision.")
@options.environment
@options.databases
@click.option(
    "--for",
    "goal",
    type=click.Choice(["db", "head"]),
    default="db",
    show_default=True,
    help="Until they answer, or until they are at the newest revision.",
)
@click.option(
    "--timeout",
    type=options.SECONDS,
    metavar="SECONDS",
    default=60,
    show_default=True,
    help="For how long (0: look once).",
)
@click.option(
    "--interval", type=options.SECONDS, metavar="SECONDS", default=1, show_default=True, help="Between two looks."
)
@options.package
def wait(
    directory: Path | None,
    x_arg: tuple[str, ...],
    goal: str,
    timeout: float,
    interval: float,
    package: str | None,
    chosen: Selection,
) -> None:
    """Wait until the databases answer, or are at the newest revision.

    For init containers and start scripts. With --for head, the migrations of installed packages count too. What no wait
    would mend, such as a URL that can't be understood, is an error at once.

    Exit code 0: they are ready. 1: they weren't in time. 3: one of them never answered, or the application is
    unavailable.
    """
    from ellar_db.config.seam import alembic_config
    from ellar_db.inspection.readiness import wait_for

    head = goal == "head"
    with alembic_config(directory, x_arg=x_arg, package=package, decides=head, chosen=chosen) as config:
        wait_for(config, head=head, timeout=timeout, interval=interval)


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    """Yield the command."""
    yield wait
