"""Say what is in order with all that a command needs, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ellar_db import options
from ellar_db.hookspecs import hookimpl
from ellar_db.options import Selection

if TYPE_CHECKING:
    from ellar_db.inspection.diagnosis.finding import Finding


@click.command(short_help="Say what is in order, and what is wrong.")
@options.environment
@options.databases
@click.option(
    "--timeout",
    type=options.SECONDS,
    metavar="SECONDS",
    default=10,
    show_default=True,
    help="How long a look at a database may take.",
)
@options.json
@click.pass_context
def doctor(
    ctx: click.Context,
    directory: Path | None,
    x_arg: tuple[str, ...],
    chosen: Selection,
    timeout: float,
    json: bool,
) -> None:
    """Say what is in order with all that a command needs, and what is wrong.

    Python and the packages, the settings, the plugins, the application, the migrations folder, and each database:
    whether it answers, what its user may do, and where it stands. A line for each, with the next step. Nothing is
    changed, and what is broken doesn't hide the rest.

    Exit code 0 if nothing is broken, 1 otherwise.
    """
    from ellar_db.history.documents import written
    from ellar_db.inspection.diagnosis.report import Request, diagnose
    from ellar_db.util.errors import DbError

    request = Request(directory, x_arg, chosen, timeout, lambda: _plugins(ctx))
    found = []
    for each in diagnose(request):
        found.append(each)
        if not json:
            _show(each)
    broken = [each.subject for each in found if each.state == "broken"]
    if json:
        click.echo(written(findings=[each.document() for each in found], broken=len(broken)))
    if broken:
        raise DbError(f"broken: {', '.join(dict.fromkeys(broken))}")
    if not json:
        looks = sum(each.state == "look" for each in found)
        click.echo(f"Nothing is broken, {looks or 'nothing'} to look at.")


def _show(finding: Finding) -> None:
    import sys

    from ellar_db.output.style import BAD, GOOD, WARNING, folded, show, styled

    mark = {"ok": GOOD, "look": WARNING, "broken": BAD}[finding.state]
    show(
        styled(f"{finding.state:<7}", **mark),
        " ",
        folded(styled(f"{finding.subject}: {finding.message}"), sys.stdout, 8),
    )
    if finding.fix:
        show(" " * 8, folded(styled(f"next: {finding.fix}"), sys.stdout, 8))


def _plugins(ctx: click.Context) -> tuple[Sequence[str], Sequence[str]]:
    """Return which plugins take part, and what is wrong with plugins."""
    from ellar_db.commands.plugins.inventory import inventory, problems
    from ellar_db.plugins.record import BUILT_IN

    rows = list(inventory(ctx))
    taking_part = [
        f"{row['distribution']} {row['version']}".strip()
        for row in rows
        if row["state"] == "active" and row["kind"] != BUILT_IN
    ]
    return taking_part, list(dict.fromkeys(problems(ctx, rows)))


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    """Yield the command."""
    yield doctor
