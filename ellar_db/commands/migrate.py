"""Write a revision with the differences between the models and the database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from ellar_db import options
from ellar_db.hookspecs import hookimpl
from ellar_db.options import Selection


@click.command(short_help="Autogenerate a new revision file (alias for 'revision --autogenerate').")
@options.environment
@options.databases
@options.new_revision
@options.answers
@options.package
@options.probe_duplicates
@click.option("--dry-run", is_flag=True, help="Print the revision instead of writing it.")
@click.option(
    "--scratch",
    is_flag=True,
    help="Compare with a scratch database on which all revisions are run, and not with the application's database.",
)
@options.scratch_url
@click.option("--sql", is_flag=True, help="Not supported: autogenerate must read the database.")
def migrate(
    directory: Path | None,
    x_arg: tuple[str, ...],
    message: str | None,
    sql: bool,
    head: str,
    splice: bool,
    branch_label: str | None,
    version_path: Path | None,
    rev_id: str | None,
    depends_on: tuple[str, ...],
    rename: tuple[str, ...],
    fill: tuple[str, ...],
    no_input: bool,
    package: str | None,
    probe_duplicates: bool,
    chosen: Selection,
    dry_run: bool,
    scratch: bool,
    scratch_urls: tuple[str, ...],
) -> None:
    """Compare the models with the databases and write a revision of the differences.

    Review it before you apply it: what may be lost, or may fail, is told on standard error, with the code of the rule.
    On a terminal, migrate asks what it can't know: whether a table or column that looks like a dropped one was renamed,
    and which value the rows that are there get in a column that becomes NOT NULL. If nothing changed, no file is
    written.

    Without --scratch, the database must be at the newest revision. --dry-run leaves out the post-write hooks.
    """
    from ellar_db.config.invocation import Answers
    from ellar_db.config.seam import alembic_config
    from ellar_db.revisions.writer import NewRevision, write_revision

    if sql:
        raise click.UsageError(
            "migrate compares the models with a database, which --sql would not touch; "
            "write the revision without it, then use upgrade --sql"
        )
    new = NewRevision(message, head, splice, branch_label, version_path, rev_id, depends_on)
    answers = Answers(rename, fill, ask=not no_input)
    with alembic_config(
        directory, x_arg=x_arg, autogenerate=True, package=package, decides=True, answers=answers, chosen=chosen
    ) as config:
        write_revision(
            config,
            new,
            autogenerate=True,
            duplicates=probe_duplicates,
            dry_run=dry_run,
            scratch=scratch_urls if scratch or scratch_urls else None,
        )


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    """Yield the command."""
    yield migrate
