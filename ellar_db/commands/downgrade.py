"""Revert databases to an earlier revision."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from ellar_db import options
from ellar_db.hookspecs import hookimpl
from ellar_db.options import Many, Selection


@click.command(short_help="Revert to a previous version.", context_settings=options.RELATIVE)
@options.environment
@options.sql
@options.limits
@options.databases
@options.many
@options.tag
@options.package
@click.option("-y", "--yes", is_flag=True, help="Do not ask before tables and columns are dropped.")
@click.argument("revision", type=options.Revision(), required=False)
def downgrade(
    directory: Path | None,
    x_arg: tuple[str, ...],
    sql: bool,
    output: str | None,
    tag: str | None,
    package: str | None,
    yes: bool,
    revision: str | None,
    chosen: Selection,
    many: Many,
    **limits: Any,
) -> None:
    """Revert to a previous version.

    REVISION is -1 by default, the previous revision; with --sql it is a range, by default head:-1. On a terminal, this
    lists the tables and columns that will be dropped, and asks for confirmation.
    """
    from ellar_db.config.seam import alembic_config
    from ellar_db.fleet.driver import Fleet
    from ellar_db.library.work import run_downgrade

    if revision is None:
        revision = "head:-1" if sql else "-1"
    output = options.sql_output(sql, output)
    with alembic_config(
        directory, x_arg=x_arg, output=output, limits=limits, package=package, chosen=chosen, each=Fleet(many)
    ) as config:
        run_downgrade(config, revision, yes=yes, sql=sql, tag=tag)


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    """Yield the command."""
    yield downgrade
