"""${package.name}: a plugin of ellar_db."""

from collections.abc import Iterator, Sequence
from typing import Any

import click

from ellar_db import Database, alembic_config, hookimpl

# the version of the hooks that this plugin was written for
ELLAR_DB_API = "${api}"


@click.command("${package.command}", short_help="Show the databases.")
def databases() -> None:
    """Show the databases, by name."""
    with alembic_config() as config:
        for name, database in config.attributes["databases"].items():
            click.echo(f"{name}: {database.url}")


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    """Yield the command."""
    yield databases


@hookimpl
def ellar_db_after_run(database: "Database", steps: Sequence[Any]) -> None:
    """Print how many revisions ran; they are committed once all databases are done."""
    click.echo(f"{database.name}: {len(steps)} revision(s) ran", err=True)
