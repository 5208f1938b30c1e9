"""Write a new revision file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from ellar_db import options
from ellar_db.hookspecs import hookimpl
from ellar_db.options import Selection


@click.command(short_help="Create a new revision file.")
@options.environment
@options.databases
@options.new_revision
@click.option(
    "--autogenerate",
    is_flag=True,
    help="Populate the revision with candidate operations, based on a comparison of database and models.",
)
@options.answers
@options.sql
@options.package
@options.probe_duplicates
def revision(
    directory: Path | None,
    x_arg: tuple[str, ...],
    message: str | None,
    autogenerate: bool,
    sql: bool,
    output: str | None,
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
) -> None:
    """Create a new revision file, to be filled in by hand.

    --sql needs revision_environment = true in alembic.ini.
    """
    from ellar_db.config.invocation import Answers
    from ellar_db.config.seam import alembic_config
    from ellar_db.revisions.writer import NewRevision, write_revision

    if sql and autogenerate:
        raise click.UsageError("--sql can't go with --autogenerate, which must read the database")
    if probe_duplicates and not autogenerate:
        raise click.UsageError("--probe-duplicates is about what --autogenerate finds, and needs it")
    if (rename or fill) and not autogenerate:
        raise click.UsageError("--rename and --fill answer what --autogenerate asks; say that too")
    new = NewRevision(message, head, splice, branch_label, version_path, rev_id, depends_on)
    with alembic_config(
        directory,
        x_arg=x_arg,
        autogenerate=autogenerate,
        output=options.sql_output(sql, output),
        package=package,
        decides=True,
        answers=Answers(rename, fill, ask=not no_input),
        chosen=chosen,
    ) as config:
        write_revision(config, new, autogenerate=autogenerate, sql=sql, duplicates=probe_duplicates)


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    """Yield the command."""
    yield revision
