"""Make a migrations folder of another program ellar_db's own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ellar_db import options
from ellar_db.hookspecs import hookimpl

if TYPE_CHECKING:
    from ellar_db.revisions.rewriting.plan import Plan


@click.command(short_help="Move in a folder of Alembic, Flask-Migrate, advanced-alchemy or ellar-sql.")
@options.environment
@click.option(
    "--app",
    metavar="MODULE[:NAME]",
    help="The Flask application or its factory, found in the module as by `flask`, or the configuration of "
    "advanced-alchemy.",
)
@click.option(
    "--group",
    metavar="NAME",
    help="Make a folder of ellar_db's one for the databases of this group, which have the same tables.",
)
@click.option("--replace-env", is_flag=True, help="Replace env.py although it has code of its own; a copy is kept.")
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask before files are changed.")
@click.argument("folder", type=options.PATH, required=False)
def adopt(
    directory: Path | None,
    x_arg: tuple[str, ...],
    app: str | None,
    group: str | None,
    replace_env: bool,
    dry_run: bool,
    yes: bool,
    folder: Path | None,
) -> None:
    """Make a migrations folder of another program ellar_db's own.

    Shows what would change, and asks. Afterwards `history`, `current` and `upgrade --sql` must answer as before,
    otherwise everything is put back. No database is changed, and copies of changed files are kept as
    *.before-adopt.

    With --group, a folder that init has made for one database, or for several, becomes one for many with the same
    tables. Of several, the functions of a revision must do the same, and become one.

    FOLDER is the same as -d.
    """
    from ellar_db.config.reports.refusals import reported
    from ellar_db.plugins.manager import get_plugin_manager
    from ellar_db.revisions.rewriting.plan import plan_for
    from ellar_db.util.errors import DbError
    from ellar_db.util.files import shown

    if folder is not None and directory is not None and folder != directory:
        raise click.UsageError(f"two folders are given, {folder} and {directory}")
    if group is not None and (app is not None or replace_env):
        raise click.UsageError("--group is for a folder of ellar_db's, and --app and --replace-env for others")
    manager = get_plugin_manager()
    manager.require()
    if group is not None:
        make_group(folder or directory, group, dry_run=dry_run, yes=yes)
        return
    with reported():
        plan = plan_for(manager, folder or directory, app, x_arg)
        if plan is None:
            click.echo("Nothing to adopt: the folder is ellar_db's already.")
            return
        show(plan)
        if dry_run:
            return
        if plan.own and not replace_env:
            raise DbError(
                "env.py has code of its own, listed above, which ellar_db can't take over; move it to where the list "
                "says, and say --replace-env (a copy is kept)"
            )
        confirm(yes=yes)
        copies = plan.carry_out()
    kept = f" Copies: {', '.join(str(shown(copy)) for copy in copies)}." if copies else ""
    click.echo(f"Adopted {shown(plan.request.directory)}; history, current and upgrade --sql answer as before.{kept}")


def make_group(directory: Path | None, group: str, *, dry_run: bool, yes: bool) -> None:
    """Make a folder one for the databases of a group, after showing what would change."""
    from alembic.script import ScriptDirectory

    from ellar_db.config.seam import alembic_config
    from ellar_db.revisions.rewriting.grouping import grouping
    from ellar_db.util.files import shown

    with alembic_config(directory, databases=False) as config:
        plan = grouping(ScriptDirectory.from_config(config), group)
        click.echo("Changes:")
        for change in plan.changes:
            click.echo(f"  {shown(change.path)} {change.what} (copy: {shown(change.copy or change.path)})")
        if dry_run:
            return
        confirm(yes=yes)
        plan.carry_out()
    click.echo(f"{shown(plan.directory)} is for the group {group}: give its databases group={group!r}.")


def confirm(*, yes: bool) -> None:
    """Ask whether files may be changed."""
    from ellar_db.util.errors import DbError

    if not yes and not sys.stdin.isatty():
        raise DbError("not adopted, since there is no terminal to ask on; say --yes if that is wanted")
    if not yes and not click.confirm("Adopt it?", err=True):
        raise DbError("not adopted")


def show(plan: Plan) -> None:
    """Print what a plan would change, and what is to be known of it."""
    from ellar_db.project.origins import ELLAR_SQL
    from ellar_db.util.files import shown

    names = ", ".join(f"{database.name} ({database.url.render_as_string()})" for database in plan.answers.databases)
    click.echo(f"{shown(plan.request.directory)} was made by {plan.origin.name}. Revisions: {plan.revisions}.")
    click.echo(f"Databases: {names}")
    click.echo("Changes:")
    for change in plan.changes:
        copy = "" if change.copy is None else f" (copy: {shown(change.copy)})"
        click.echo(f"  {shown(change.path)} {change.what}{copy}")
        if not change.copied:
            for line in plan.settings.text().splitlines():
                click.echo(f"      {line}".rstrip())
    for name in plan.settings.optional_variables:
        click.echo(f"From now on the URL is that of the settings; set {name} where it is another one, as on a server.")
    for name, url in plan.settings.variables.items():
        click.echo(f"Set the environment variable {name} to the URL with the password: {url.render_as_string()}")
    if plan.own:
        click.echo("Code of env.py that would no longer run, and where it goes:")
        for each in plan.own:
            click.echo(f"  {each}")
    if plan.origin is ELLAR_SQL:
        click.echo("`ellar db` is ellar_db's once EllarDBModule is among the application's modules.")


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    """Yield the command."""
    yield adopt
