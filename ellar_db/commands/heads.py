"""Show the newest revisions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ellar_db import options
from ellar_db.hookspecs import hookimpl

if TYPE_CHECKING:
    from ellar_db.history.folder import History


@click.command(short_help="Show current available heads in the script directory.")
@options.environment
@options.verbose
@click.option("--resolve-dependencies", is_flag=True, help="Treat dependency versions as down revisions.")
@options.package
def heads(
    directory: Path | None, x_arg: tuple[str, ...], verbose: bool, resolve_dependencies: bool, package: str | None
) -> None:
    """Show current available heads in the script directory."""
    from ellar_db.config.history import answer

    def lines(history: History) -> Iterable[str]:
        from ellar_db.history.text import Text, head_line

        if not verbose and not resolve_dependencies:
            return [head_line(*head) for head in history.heads]
        graph, text = history.graph, Text(history)
        places = graph.real_heads if resolve_dependencies else graph.heads
        return [text.entry(place) if verbose else text.line(place, points=False) for place in places]

    def ask() -> None:
        from alembic import command

        from ellar_db.config.seam import alembic_config
        from ellar_db.runtime.packages import in_turn

        with alembic_config(directory, x_arg=x_arg, databases=False, package=package) as config:
            in_turn(config, lambda part: command.heads(part, verbose, resolve_dependencies))

    answer(directory, lines, ask, package=package)


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    """Yield the command."""
    yield heads
