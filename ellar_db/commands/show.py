"""Show revisions in full."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ellar_db import options
from ellar_db.hookspecs import hookimpl
from ellar_db.options import Selection

if TYPE_CHECKING:
    from ellar_db.history.folder import History


@click.command(short_help="Show the revision denoted by the given symbol.", context_settings=options.RELATIVE)
@options.environment
@options.databases
@options.package
@options.json
@click.argument("revision", type=options.Revision(), default="head")
def show(
    directory: Path | None,
    x_arg: tuple[str, ...],
    package: str | None,
    json: bool,
    revision: str,
    chosen: Selection,
) -> None:
    """Show the revision denoted by the given symbol.

    REVISION is head by default; `current` is the database's revision.
    """
    from ellar_db.config.history import answer

    def lines(history: History) -> Iterable[str]:
        from ellar_db.history.documents import of_history, written
        from ellar_db.history.text import Text

        places = history.graph.named(revision)
        if json:
            return [written(revisions=of_history(history, places))]
        text = Text(history)
        return [text.entry(place) for place in places]

    def ask() -> None:
        from alembic import command
        from alembic.script import ScriptDirectory

        from ellar_db.config.seam import alembic_config
        from ellar_db.config.squashed.history import refuse_gone
        from ellar_db.inspection.documents import print_revisions, revisions_at, revisions_of
        from ellar_db.revisions.names import check_relative

        reads_database = revision == "current"
        with alembic_config(
            directory, x_arg=x_arg, databases=reads_database, labels=True, package=package, chosen=chosen
        ) as config:
            refuse_gone(ScriptDirectory.from_config(config), revision)
            check_relative(config, revision)
            if json:
                of_database = revisions_at(config) if reads_database else None
                print_revisions(of_database or revisions_of(config, lambda script: script.get_revisions(revision)))
                return
            command.show(config, revision)

    answer(directory, lines, ask, package=package, document=json)


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    """Yield the command."""
    yield show
