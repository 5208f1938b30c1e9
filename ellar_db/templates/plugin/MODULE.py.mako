"""${package.name}: a plugin of ellar_db."""

from collections.abc import Iterator
from dataclasses import dataclass

import click

from ellar_db import Run, alembic_config, hookimpl, plugin_settings

# the version of the hooks that this plugin was written for
ELLAR_DB_API = "${api}"


@dataclass(frozen=True)
class Settings:
    """`[tool.${package.name}]` of the project's pyproject.toml.

    Args:
        quiet: Print nothing after a run.
    """

    quiet: bool = False


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
def ellar_db_committed(run: Run) -> None:
    """Print how many revisions were applied, once they are committed."""
    if not plugin_settings("${package.name}", Settings).quiet:
        click.echo(f"{run.database.name}: {len(run.steps)} revision(s) ran", err=True)
