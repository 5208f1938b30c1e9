"""Make the databases that aren't there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from ellar_db import options
from ellar_db.hookspecs import hookimpl
from ellar_db.options import Selection


@click.command(short_help="Make the databases that aren't there.")
@options.environment
@options.databases
@options.connect_wait
def create(directory: Path | None, x_arg: tuple[str, ...], chosen: Selection, **limits: Any) -> None:
    """Make the databases that aren't there, without tables: databases of a server, schemas, files of SQLite.

    `upgrade --create` does so before it upgrades.
    """
    from ellar_db.config.collection import databases_of
    from ellar_db.config.invocation import invocation_of
    from ellar_db.config.seam import alembic_config
    from ellar_db.fleet.provisioning import make_missing

    with alembic_config(directory, x_arg=x_arg, limits=limits, chosen=chosen) as config:
        for database, is_new in make_missing(databases_of(config).values(), invocation_of(config)):
            config.print_stdout("%s: %s", database.name, "created" if is_new else "already exists")


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    """Yield the command."""
    yield create
