"""List the revisions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ellar_db import options
from ellar_db.hookspecs import hookimpl
from ellar_db.options import Selection

if TYPE_CHECKING:
    from alembic.config import Config

    from ellar_db.history.folder import History


@click.command(short_help="List changeset scripts in chronological order.")
@options.environment
@options.databases
@click.option(
    "-r", "--rev-range", type=options.Named(options.REVISION), help="A revision range; format is [start]:[end]."
)
@options.verbose
@click.option("-i", "--indicate-current", is_flag=True, help="Indicate the current revision.")
@options.package
@options.json
def history(
    directory: Path | None,
    x_arg: tuple[str, ...],
    rev_range: str | None,
    verbose: bool,
    indicate_current: bool,
    package: str | None,
    json: bool,
    chosen: Selection,
) -> None:
    """List changeset scripts in chronological order, the newest first.

    With a range, only the application's revisions are listed, or those of --package.
    """
    from ellar_db.config.history import answer

    if rev_range is not None and rev_range.count(":") != 1:
        raise click.BadParameter("a range is [start]:[end], [start]: or :[end]", param_hint="'-r' / '--rev-range'")

    def lines(revisions: History) -> Iterable[str]:
        from ellar_db.history.documents import of_history, written
        from ellar_db.history.text import Text, line

        if json:
            return [written(revisions=of_history(revisions, revisions.newest_first))]
        if verbose:
            text = Text(revisions)
            return [text.entry(place) for place in revisions.newest_first]
        headers = revisions.headers
        return [line(headers[each.place], each, parents=True, doc=True) for each in revisions.listing]

    def ask() -> None:
        from alembic import command

        from ellar_db.config.seam import alembic_config
        from ellar_db.inspection.documents import print_revisions, ranged
        from ellar_db.runtime.packages import in_turn
        from ellar_db.runtime.versions import refuse_unknown
        from ellar_db.util.masking import PrintableStream

        reads_database = indicate_current or "current" in (rev_range or "").split(":")
        with alembic_config(
            directory, x_arg=x_arg, databases=reads_database, labels=True, package=package, chosen=chosen
        ) as config:
            if json:
                print_revisions(ranged(config, rev_range, indicate_current=indicate_current))
                return
            if not verbose:
                config.stdout = PrintableStream(config.stdout, lines=True)  # type: ignore[assignment]  # as in the seam

            def show(part: Config) -> None:
                command.history(part, rev_range, verbose=verbose, indicate_current=indicate_current)
                if indicate_current:
                    # Alembic marks no revision then, as if none were applied
                    refuse_unknown(part)

            if rev_range is None:
                in_turn(config, show)
            else:
                show(config)

    if rev_range is None and not indicate_current:
        answer(directory, lines, ask, package=package, flat=not verbose, document=json)
    else:
        ask()


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    """Yield the command."""
    yield history
