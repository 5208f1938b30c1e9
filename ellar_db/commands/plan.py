"""Show what an upgrade or a downgrade would do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ellar_db import options
from ellar_db.hookspecs import hookimpl
from ellar_db.options import Selection

if TYPE_CHECKING:
    from alembic.config import Config

    from ellar_db.inspection.plan import Plan


@click.command(short_help="Show what an upgrade or a downgrade would do.", context_settings=options.RELATIVE)
@options.environment
@options.databases
@options.package
@options.sql
@options.json
@click.argument("revision", type=options.Revision(), default="head")
def plan(
    directory: Path | None,
    x_arg: tuple[str, ...],
    package: str | None,
    sql: bool,
    output: str | None,
    json: bool,
    revision: str,
    chosen: Selection,
) -> None:
    """Show what an upgrade or a downgrade would do, from where each database is.

    REVISION is head by default; it may be below where a database is, as `-1` and base are. For each revision, in order:
    what it does, and what the rules say of it; then how many rows the tables have. Nothing is changed.

    With --sql, the SQL of exactly these revisions. With -o and a folder, a file for each of them.
    """
    from ellar_db.config.seam import alembic_config
    from ellar_db.inspection import documents
    from ellar_db.inspection.plan import plans_of
    from ellar_db.runtime.packages import to_upgrade

    output = options.sql_output(sql, output)
    if sql and json:
        raise click.UsageError("--json has the SQL of each revision already; leave out --sql")
    with alembic_config(directory, x_arg=x_arg, package=package, chosen=chosen, decides=True) as config:
        found = [each for part, target in to_upgrade(config, revision, sql=False) for each in plans_of(part, target)]
        if json:
            click.echo(documents.plans(found))
        elif sql:
            _write(config, found, output)
        else:
            _show(found)


def _write(config: Config, found: Sequence[Plan], output: str | None) -> None:
    """Write the SQL: all of it, or a file for each revision."""
    import os
    import re

    from ellar_db.runtime.offline import write_sql
    from ellar_db.util.errors import DbError

    for plan in found:
        for step in plan.steps:
            if step.problem:
                where = f"{step.script.revision} on the database {plan.standing.database!r}"
                raise DbError(f"of {where} {step.problem}; write its SQL by hand, or leave out --sql")
    if output is not None and (output.endswith(("/", os.sep)) or Path(output).is_dir()):
        for plan in found:
            own = [plan.standing.database] if len(found) > 1 else []
            for number, step in enumerate(plan.steps, 1):
                name = re.sub(r"[^\w.-]", "_", f"{number:04}_{step.script.revision}.sql")
                write_sql(config, Path(output, *own, name), f"{step.sql}\n")
        return
    several = len(found) > 1
    text = "".join(
        f"{f'-- Database: {each.standing.database}' if several else ''}\n{each.sql}".lstrip("\n") for each in found
    )
    if output is None:
        click.echo(text, nl=False)
    else:
        write_sql(config, Path(output), text)


def _show(found: Sequence[Plan]) -> None:
    from ellar_db.util.masking import say

    for number, each in enumerate(found):
        if number:
            say("")
        _show_one(each)


def _show_one(plan: Plan) -> None:
    from ellar_db.databases.selection import listed
    from ellar_db.inspection.documents import title
    from ellar_db.output.style import REVISION, WARNING, show, styled
    from ellar_db.util.masking import say

    standing = plan.standing
    name = listed([standing.database, *plan.others]) + (f", package {standing.package}" if standing.package else "")
    if not plan.steps:
        say(f"{name}: nothing to do, it is at {standing.at}.")
        return
    number = len(plan.steps)
    revisions = "1 revision" if number == 1 else f"{number:,} revisions"
    say(f"{name}: {revisions}, {standing.at} -> {', '.join(plan.after) or 'base'}")
    for step in plan.steps:
        verb = "" if step.is_upgrade else "undo "
        named = f"  {title(step.script)}".rstrip()
        show(f"\n  {verb}", styled(step.script.revision, **REVISION), styled(named))
        for difference in step.differences:
            say(f"    {difference.text}")
        for line in filter(None, [step.problem, *(finding.line() for finding in step.findings)]):
            show("    ", styled("!", **WARNING), " ", styled(line))
    if plan.rows:
        counted = [f"{table} {'about ' if about else ''}{number:,}" for table, (number, about) in plan.rows.items()]
        say(f"\n  rows: {', '.join(counted)}")


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    """Yield the command."""
    yield plan
