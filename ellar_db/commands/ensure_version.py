"""Create Alembic's version table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from ellar_db import options
from ellar_db.hookspecs import hookimpl
from ellar_db.options import Many, Selection


@click.command("ensure-version", short_help="Create the Alembic version table if it doesn't exist already.")
@options.environment
@options.sql
@options.limits
@options.databases
@options.many
def ensure_version(
    directory: Path | None,
    x_arg: tuple[str, ...],
    sql: bool,
    output: str | None,
    chosen: Selection,
    many: Many,
    **limits: Any,
) -> None:
    """Create the Alembic version table if it doesn't exist already."""
    from alembic import command

    from ellar_db.config.seam import alembic_config
    from ellar_db.fleet.driver import Fleet

    with alembic_config(
        directory, x_arg=x_arg, output=options.sql_output(sql, output), limits=limits, chosen=chosen, each=Fleet(many)
    ) as config:
        command.ensure_version(config, sql=sql)


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    """Yield the command."""
    yield ensure_version
