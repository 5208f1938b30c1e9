"""Merge branches in a new revision."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from ellar_db import options
from ellar_db.hookspecs import hookimpl


@click.command(short_help="Merge two revisions together, creating a new revision file.")
@options.environment
@options.message
@options.branch_label
@options.rev_id
@options.splice
@options.package
@click.argument("revisions", type=options.Revision(), nargs=-1)
def merge(
    directory: Path | None,
    x_arg: tuple[str, ...],
    message: str | None,
    branch_label: str | None,
    rev_id: str | None,
    splice: bool,
    package: str | None,
    revisions: tuple[str, ...],
) -> None:
    """Merge revisions together, creating a new revision file.

    REVISIONS are all heads by default.
    """
    from ellar_db.config.seam import alembic_config
    from ellar_db.revisions.writer import write_merge

    with alembic_config(directory, x_arg=x_arg, package=package, decides=True) as config:
        write_merge(config, revisions or ("heads",), message, branch_label=branch_label, rev_id=rev_id, splice=splice)


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    """Yield the command."""
    yield merge
