"""Show the newest revisions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ellar_db import options
from ellar_db.hookspecs import hookimpl

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory

    from ellar_db.history.folder import History


@click.command(short_help="Show current available heads in the script directory.")
@options.environment
@options.verbose
@click.option("--resolve-dependencies", is_flag=True, help="Treat dependency versions as down revisions.")
@options.package
@click.option("--single", is_flag=True, help="Exit with 1 if there are several, or the file with the head isn't right.")
@click.option("--write", is_flag=True, help="Write the file with the heads (head-file in [tool.ellar-db]).")
@options.json
def heads(
    directory: Path | None,
    x_arg: tuple[str, ...],
    verbose: bool,
    resolve_dependencies: bool,
    package: str | None,
    single: bool,
    write: bool,
    json: bool,
) -> None:
    """Show current available heads in the script directory.

    With `head-file = true` in [tool.ellar-db], a file heads.txt beside the revisions has them too, so that two branches
    of the code that both add a revision conflict in Git.
    """
    from ellar_db.config.history import answer

    def lines(history: History) -> Iterable[str]:
        from ellar_db.history.documents import of_history, written
        from ellar_db.history.text import Text, head_line

        if not verbose and not json and not resolve_dependencies:
            return [head_line(*head) for head in history.heads]
        graph, text = history.graph, Text(history)
        places = graph.real_heads if resolve_dependencies else graph.heads
        if json:
            return [written(revisions=of_history(history, places))]
        return [text.entry(place) if verbose else text.line(place, points=False) for place in places]

    def of(script: ScriptDirectory) -> Sequence[str]:
        return ("heads",) if resolve_dependencies else script.get_heads()

    def ask() -> None:
        from alembic import command

        from ellar_db.config.seam import alembic_config
        from ellar_db.inspection.documents import print_revisions, revisions
        from ellar_db.revisions.rewriting.heads import refuse_several, write_heads
        from ellar_db.runtime.packages import in_turn

        with alembic_config(directory, x_arg=x_arg, databases=False, package=package) as config:
            if write:
                write_heads(config)
            if json:
                print_revisions(revisions(config, lambda script: script.get_revisions(of(script))))
                if single:
                    refuse_several(config)
                return
            in_turn(config, lambda part: command.heads(part, verbose, resolve_dependencies))
            if single:
                refuse_several(config)

    if single or write:
        ask()
        return
    answer(directory, lines, ask, package=package, document=json)


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    """Yield the command."""
    yield heads
