"""Show where each database stands in its history."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ellar_db import options
from ellar_db.hookspecs import hookimpl
from ellar_db.options import Selection

if TYPE_CHECKING:
    from ellar_db.inspection.standing import Standing


MOST = 20
"""How many pending revisions are listed, so that the table stays in sight."""


@click.command(short_help="Show where each database stands, and what is left to do.")
@options.environment
@options.databases
@options.package
@click.option(
    "--exit-code", is_flag=True, help="Exit with 1 if a database isn't at head, and with 3 if one can't tell."
)
@options.json
@click.pass_context
def status(
    ctx: click.Context,
    directory: Path | None,
    x_arg: tuple[str, ...],
    package: str | None,
    exit_code: bool,
    json: bool,
    chosen: Selection,
) -> None:
    """Show where each database stands, and what is left to do.

    A row for each database, then the revisions that it doesn't have yet, who is migrating it, and what interrupted
    runs left. Nothing is changed. One that can't be reached doesn't hide the others.

    With --exit-code: 0 if all are at head, 1 if one isn't, 3 if one can't be asked.
    """
    from ellar_db.config.seam import alembic_config
    from ellar_db.inspection import documents
    from ellar_db.inspection.standing import standings
    from ellar_db.runtime.package_checks import warn_of_leftovers
    from ellar_db.runtime.packages import with_packages

    with alembic_config(directory, x_arg=x_arg, package=package, chosen=chosen, decides=exit_code) as config:
        warn_of_leftovers(config)
        found = [standing for part in with_packages(config) for standing in standings(part)]
        if json:
            click.echo(documents.status(found))
        else:
            show(found)
    if exit_code:
        states = {each.state for each in found}
        ctx.exit(3 if "unavailable" in states else 0 if states <= {"at head"} else 1)


def show(found: Sequence[Standing]) -> None:
    """Print where databases stand: a table, and what there is to say of each.

    Args:
        found: The databases.
    """
    from ellar_db.cli.tables import print_table, table_of
    from ellar_db.databases.selection import listed
    from ellar_db.inspection.documents import title
    from ellar_db.output.style import REVISION, show, styled
    from ellar_db.util.masking import printable, say

    packages = any(each.package for each in found)
    columns = list(dict.fromkeys(column for each in found for column in each.columns))
    table = table_of(
        "Database", *(["Package"] if packages else []), "At", "State", "Behind >", *map(printable, columns)
    )
    for each in found:
        behind = "" if each.error else "-" if each.unknown else f"{len(each.pending):,}"
        own = [each.package or "-"] if packages else []
        cells = [
            each.database,
            *own,
            each.at,
            each.state,
            behind,
            *(each.columns.get(column, "") for column in columns),
        ]
        table.add_row(*map(printable, cells), style="" if each.state == "at head" else "bold")
    print_table(table)
    waiting: dict[tuple[str, ...], list[Standing]] = {}
    for each in found:
        waiting.setdefault((each.package, *(revision.revision for revision in each.pending)), []).append(each)
    for same in waiting.values():
        if same[0].pending:
            whose = f" of the package {same[0].package}" if same[0].package else ""
            say(f"\nPending on {listed([each.database for each in same])}{whose}:")
            for revision in same[0].pending[:MOST]:
                named = f"  {title(revision)}".rstrip()
                show("  ", styled(revision.revision, **REVISION), styled(named))
            more = len(same[0].pending) - MOST
            if more > 0:
                say(f"  ... and {more:,} more; --json lists all")
    for each in found:
        said = [f"being migrated by {each.holder}" if each.holder else "", each.interrupted, *each.leftovers]
        for line in filter(None, [*said, each.squash, each.advice, each.error]):
            say(f"\n{each.database}: {line}")


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    """Yield the command."""
    yield status
