"""Try revisions on scratch databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from ellar_db import options
from ellar_db.hookspecs import hookimpl
from ellar_db.options import Selection, Which


@click.command(short_help="Try pending revisions on a scratch database: up, down and up, with rows.")
@options.environment
@options.databases
@options.package
@options.which
@click.option("--keep-going", is_flag=True, help="Go on with the next revision after one that failed.")
@click.option("--no-rows", is_flag=True, help="Leave the tables empty.")
@options.scratch_url
@options.json
def verify(
    directory: Path | None,
    x_arg: tuple[str, ...],
    package: str | None,
    keep_going: bool,
    no_rows: bool,
    scratch_urls: tuple[str, ...],
    json: bool,
    chosen: Selection,
    which: Which,
) -> None:
    """Try revisions on a scratch database: up, down and up again, with rows in the tables.

    Those that the database doesn't have yet, or all if it can't be asked. The downgrade must leave the schema as it
    was, rows must survive, the models must match the newest revision, and there must be one head. The application's
    databases are only asked which revisions they have.

    Exit code 0: no problem. 1: a problem, which standard output names. 3: the application is unavailable, or the
    revisions can't be run on a scratch database.
    """
    import io

    from ellar_db.config.seam import alembic_config
    from ellar_db.inspection.trials.verdicts import verify as verified

    with alembic_config(
        directory, x_arg=x_arg, package=package, decides=True, chosen=chosen, stdout=io.StringIO() if json else None
    ) as config:
        verified(config, which, scratch_urls, keep_going=keep_going, rows=not no_rows, json=json)


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    """Yield the command."""
    yield verify
