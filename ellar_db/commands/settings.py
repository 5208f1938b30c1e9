"""Show the settings, and where each value comes from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from ellar_db import options
from ellar_db.hookspecs import hookimpl

if TYPE_CHECKING:
    from ellar_db.project.listing import Listed
    from ellar_db.project.settings import Settings


@click.command(short_help="Show the settings, and where each value comes from.")
@options.json
def settings(json: bool) -> None:
    """Show the settings, and where each value comes from.

    A row for each key of [tool.ellar-db] in pyproject.toml, or of ellar-db.toml, with the file and line, or the
    environment variable, that has its value. Secrets are masked. What the command line or the application says besides
    isn't shown.

    Exit code 1 if a key is unknown, or a value can't be used.
    """
    from ellar_db.history.documents import written
    from ellar_db.plugins.manager import active_manager
    from ellar_db.project.listing import listed_settings, variables_of
    from ellar_db.util.errors import DbError

    found = active_manager().settings
    rows = list(listed_settings(found))
    unknown, misspelt = found.unknown_keys(), found.unknown_variables()
    if json:
        files = [
            {"file": str(file), "is_there": file.exists(), "variables": variables_of(found, file)}
            for file in found.env_files
        ]
        click.echo(
            written(
                file=None if found.path is None else str(found.path),
                settings=[row.document() for row in rows],
                unknown=sorted(found.table.keys() - {row.key for row in rows}),
                env_files=files,
            )
        )
    else:
        _show(found, rows)
    problems = [row.problem for row in rows if row.problem]
    problems += [f"{found.title} has {', '.join(unknown)}, which nothing reads"] if unknown else []
    problems += [f"nothing reads the environment variable {name}" for name in misspelt]
    if problems:
        raise DbError("; ".join(problems))


def _show(found: Settings, rows: Sequence[Listed]) -> None:
    from ellar_db.cli.tables import print_table, table_of
    from ellar_db.project.listing import variables_of
    from ellar_db.util.files import shown
    from ellar_db.util.masking import printable, say

    table = table_of("Setting", "Value", "Source")
    for row in rows:
        style = "" if row.source.kind == "default" else "bold"
        table.add_row(row.key, printable(row.text), printable(str(row.source)), style=style)
    print_table(table)
    places = [f"The database {name!r} is at {url}." for row in rows for name, url in row.urls.items() if url]
    places += [f"{unset[0].upper()}{unset[1:]}." for row in rows for unset in row.unset]
    if places:
        say("\n" + "\n".join(places))
    for file in found.env_files:
        names = variables_of(found, file)
        # the values are secrets
        said = f"gives {', '.join(names)}" if names else "gives no variable" if file.exists() else "isn't there"
        say(f"\n{shown(file)} {said}.")


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    """Yield the command."""
    yield settings
