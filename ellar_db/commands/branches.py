"""Show revisions that have more than one child."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ellar_db import options
from ellar_db.hookspecs import hookimpl

if TYPE_CHECKING:
    from alembic.script import Script, ScriptDirectory

    from ellar_db.history.folder import History


@click.command(short_help="Show current branch points.")
@options.environment
@options.verbose
@options.json
def branches(directory: Path | None, x_arg: tuple[str, ...], verbose: bool, json: bool) -> None:
    """Show current branch points."""
    from ellar_db.config.history import answer

    def lines(history: History) -> Iterable[str]:
        from ellar_db.history.documents import of_history, written
        from ellar_db.history.text import Text

        text = Text(history)
        parting = [place for place in history.newest_first if len(history.graph.next[place]) > 1]
        if json:
            return [written(revisions=of_history(history, parting))]
        return [text.branches(place, verbose=verbose) for place in parting]

    def ask() -> None:
        from alembic import command

        from ellar_db.config.seam import alembic_config
        from ellar_db.inspection.documents import print_revisions, revisions_of

        with alembic_config(directory, x_arg=x_arg, databases=False) as config:
            if json:
                print_revisions(revisions_of(config, _parting))
                return
            command.branches(config, verbose=verbose)

    answer(directory, lines, ask, document=json)


def _parting(script: ScriptDirectory) -> Iterable[Script]:
    return (each for each in script.walk_revisions() if each.is_branch_point)


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    """Yield the command."""
    yield branches
