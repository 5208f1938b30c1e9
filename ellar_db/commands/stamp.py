"""Set the revision of databases without running migrations."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from ellar_db import options
from ellar_db.hookspecs import hookimpl
from ellar_db.options import Many, Selection


@click.command(
    short_help="Set the revision in the database without running migrations.", context_settings=options.RELATIVE
)
@options.environment
@options.sql
@options.limits
@options.databases
@options.many
@options.tag
@options.package
@click.option("--purge", is_flag=True, help="Unconditionally erase the version table before stamping.")
@click.argument("revisions", type=options.Revision(), nargs=-1)
def stamp(
    directory: Path | None,
    x_arg: tuple[str, ...],
    sql: bool,
    output: str | None,
    tag: str | None,
    package: str | None,
    purge: bool,
    revisions: tuple[str, ...],
    chosen: Selection,
    many: Many,
    **limits: Any,
) -> None:
    """Set the revision in the database to those given, without running migrations.

    REVISIONS is head by default. Give one for each branch, or base if nothing is applied.
    """
    from alembic import command

    from ellar_db.config.seam import alembic_config
    from ellar_db.fleet.driver import Fleet

    output = options.sql_output(sql, output)
    with alembic_config(
        directory, x_arg=x_arg, output=output, limits=limits, package=package, chosen=chosen, each=Fleet(many)
    ) as config:
        command.stamp(config, list(revisions) or ["head"], sql=sql, tag=tag, purge=purge)


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    """Yield the command."""
    yield stamp
