"""Show revisions that have more than one child."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ellar_db import options
from ellar_db.hookspecs import hookimpl

if TYPE_CHECKING:
    from ellar_db.history.folder import History


@click.command(short_help="Show current branch points.")
@options.environment
@options.verbose
def branches(directory: Path | None, x_arg: tuple[str, ...], verbose: bool) -> None:
    """Show current branch points."""
    from ellar_db.config.history import answer

    def lines(history: History) -> Iterable[str]:
        from ellar_db.history.text import Text

        text = Text(history)
        parting = [place for place in history.newest_first if len(history.graph.next[place]) > 1]
        return [text.branches(place, verbose=verbose) for place in parting]

    def ask() -> None:
        from alembic import command

        from ellar_db.config.seam import alembic_config

        with alembic_config(directory, x_arg=x_arg, databases=False) as config:
            command.branches(config, verbose=verbose)

    answer(directory, lines, ask)


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    """Yield the command."""
    yield branches
