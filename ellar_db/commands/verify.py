"""Try revisions on scratch databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from ellar_db import options
from ellar_db.hookspecs import hookimpl
from ellar_db.options import Selection


@click.command(short_help="Try pending revisions on a scratch database: up, down and up, with rows.")
@options.environment
@options.databases
@options.package
@click.option("--since", type=options.Revision(), metavar="REV", help="Those that come after this revision.")
@click.option(
    "--since-ref", metavar="GITREF", help="Those whose files were added or changed since this commit or branch of git."
)
@click.option("--all", "every", is_flag=True, help="All revisions.")
@click.option("--keep-going", is_flag=True, help="Go on with the next revision after one that failed.")
@click.option("--no-rows", is_flag=True, help="Leave the tables empty.")
@options.scratch_url
@options.json
def verify(
    directory: Path | None,
    x_arg: tuple[str, ...],
    package: str | None,
    since: str | None,
    since_ref: str | None,
    every: bool,
    keep_going: bool,
    no_rows: bool,
    scratch_urls: tuple[str, ...],
    json: bool,
    chosen: Selection,
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
    from ellar_db.inspection.trials.pending import Wanted
    from ellar_db.inspection.trials.verdicts import verify as verified

    if sum((since is not None, since_ref is not None, every)) > 1:
        raise click.UsageError("--since, --since-ref and --all choose revisions in three ways; use one of them")
    if since_ref is not None and (since_ref.startswith("-") or not since_ref.strip()):
        raise click.BadParameter(f"{since_ref!a} is no name of a commit", param_hint="'--since-ref'")
    with alembic_config(
        directory, x_arg=x_arg, package=package, decides=True, chosen=chosen, stdout=io.StringIO() if json else None
    ) as config:
        wanted = Wanted(since, since_ref, every)
        verified(config, wanted, scratch_urls, keep_going=keep_going, rows=not no_rows, json=json)


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    """Yield the command."""
    yield verify
