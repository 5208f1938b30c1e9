"""Check whether the databases match the models."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import click

from ellar_db import options
from ellar_db.hookspecs import hookimpl
from ellar_db.options import Selection


@click.command(short_help="Check if there are any new operations to migrate.")
@options.environment
@options.databases
@options.package
@click.option("--history", is_flag=True, help="Compare the models with the revisions, run on a scratch database.")
@click.option("--drift", is_flag=True, help="Compare the database with the revisions, run on a scratch database.")
@options.scratch_url
@options.json
def check(
    directory: Path | None,
    x_arg: tuple[str, ...],
    package: str | None,
    history: bool,
    drift: bool,
    scratch_urls: tuple[str, ...],
    json: bool,
    chosen: Selection,
) -> None:
    """Check if there are any new operations to migrate.

    Three questions, of which each has an answer of its own: do the models say what the database has (without an
    option)? Do they say what the revisions make (--history; no database of the application is used)? Does the database
    have what the revisions make that were run on it (--drift)?

    Each difference is one line on standard output; --json writes one document instead.

    Exit code 0: none. 1: there are differences; or without an option, a database isn't at the newest revision. 3: the
    application or a database is unavailable, or the revisions can't be run on a scratch database.
    """
    import io

    from ellar_db.config.seam import alembic_config
    from ellar_db.inspection.answers import Report, compare, compare_history, search
    from ellar_db.runtime.package_checks import warn_of_leftovers
    from ellar_db.runtime.packages import in_turn

    _refuse_contradictions(history, drift, scratch_urls, package)
    report = Report(json, "drift" if drift else "history" if history else "database")
    with alembic_config(
        directory, x_arg=x_arg, package=package, decides=True, chosen=chosen, stdout=io.StringIO() if json else None
    ) as config:
        try:
            if drift:
                search(config, scratch_urls, report)
            elif history:
                compare_history(config, scratch_urls, report)
            else:
                warn_of_leftovers(config)
                in_turn(config, partial(compare, report=report))
        finally:
            report.finish()


def _refuse_contradictions(history: bool, drift: bool, urls: tuple[str, ...], package: str | None) -> None:
    if history and drift:
        raise click.UsageError("--history and --drift are two questions; ask one after the other")
    if urls and not (history or drift):
        raise click.UsageError("--scratch-url says where a scratch database is made, and needs --history or --drift")
    if drift and package is not None:
        raise click.UsageError("--drift compares whole databases, with the tables of all packages; leave --package out")


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    """Yield the command."""
    yield check
