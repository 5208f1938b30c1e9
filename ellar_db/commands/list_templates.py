"""List the templates of migrations folders."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from ellar_db import options
from ellar_db.hookspecs import hookimpl


@click.command("list-templates", short_help="List available templates.")
@options.environment
def list_templates(directory: Path | None, x_arg: tuple[str, ...]) -> None:
    """List available templates: ellar_db's own, the plugins' and Alembic's."""
    from ellar_db.config.command_line import program
    from ellar_db.plugins.manager import get_plugin_manager
    from ellar_db.revisions.scaffold import synopsis, templates
    from ellar_db.util.masking import say

    click.echo("Available templates:\n")
    for name, template in templates(get_plugin_manager()).items():
        say(f"{name} - {synopsis(template)}")
    click.echo(f"\nUse one with `{program()} init --template NAME`.")


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    """Yield the command."""
    yield list_templates
