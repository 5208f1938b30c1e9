"""Drop databases for good."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from ellar_db import options
from ellar_db.hookspecs import hookimpl
from ellar_db.options import Selection


@click.command(short_help="Drop the databases, with all that is in them.")
@options.environment
@options.databases
@options.limits
@options.yes
def drop(directory: Path | None, x_arg: tuple[str, ...], yes: bool, chosen: Selection, **limits: Any) -> None:
    """Drop the databases, with all that is in them: databases of a server, schemas, files of SQLite.

    On a terminal this lists them and asks for confirmation; without one it needs --yes. It waits for a run that is
    under way, and refuses what other sessions use.
    """
    from ellar_db.config.collection import databases_of
    from ellar_db.config.invocation import invocation_of
    from ellar_db.config.seam import alembic_config
    from ellar_db.fleet.removal import drop as dropped

    given = click.get_current_context().params
    with alembic_config(directory, x_arg=x_arg, limits=limits, chosen=chosen) as config:
        databases = list(databases_of(config).values())
        for database, is_gone in dropped(databases, invocation_of(config), given, yes=yes):
            config.print_stdout("%s: %s", database.name, "dropped" if is_gone else "isn't there")


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    """Yield the command."""
    yield drop
