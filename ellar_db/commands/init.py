"""Create a migrations folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from ellar_db import options
from ellar_db.hookspecs import hookimpl


@click.command(short_help="Create a new migrations folder.")
@options.environment
@click.option(
    "-m", "--multi", "--multiple", "--multidb", "multi", is_flag=True, help="Use the template for several databases."
)
@click.option(
    "-t",
    "--template",
    type=options.Named(options.TEMPLATE),
    help="A template's name (see list-templates) or the path of its folder.",
)
@click.option(
    "--group",
    type=options.Named(options.GROUP),
    metavar="NAME",
    help="Make it for the databases of a group, which have the same tables.",
)
@click.option("--package", is_flag=True, help="Write empty __init__.py files to the environment and version locations.")
@click.argument("folder", type=options.PATH, required=False)
def init(
    directory: Path | None,
    x_arg: tuple[str, ...],
    multi: bool,
    template: str | None,
    group: str | None,
    package: bool,
    folder: Path | None,
) -> None:
    """Create a new migrations folder.

    FOLDER is the same as -d. By default it is the folder that the application names, or "migrations".
    """
    from ellar_db.config.command_line import program
    from ellar_db.config.folder import DIRECTORY, migrations_directory
    from ellar_db.config.reports.refusals import reported
    from ellar_db.plugins.manager import get_plugin_manager
    from ellar_db.project.application import application_context, open_injector
    from ellar_db.project.folder import folder_without_settings
    from ellar_db.revisions.scaffold import find_template, make_folder, unset_ini
    from ellar_db.util.errors import DbError
    from ellar_db.util.files import shown

    if folder is not None and directory is not None and folder != directory:
        raise click.UsageError(f"two folders are given, {folder} and {directory}")
    if multi and template is not None:
        raise click.UsageError("--multi is a template, and --template names one; give one of them")
    if multi and group is not None:
        raise click.UsageError(
            "--multi is for databases that differ, and --group for those with the same tables; give one of them"
        )
    manager = get_plugin_manager()
    manager.require()
    with reported(), application_context(manager.settings):
        target = migrations_directory(manager, folder or directory)
        if target is None and manager.settings.path is None and open_injector() is None:
            above = folder_without_settings(Path.cwd())
            if above is not None:
                raise DbError(
                    f"this is a folder of the project in {above}, which has no settings for it: run this there, or "
                    f"name the new folder: `{program()} init {DIRECTORY}`"
                )
        target = target or Path(DIRECTORY)
        found = find_template(template or ("multi" if multi else "single"), manager)
        make_folder(target, found, package=package, group=group)
    whose = " for several databases" if multi else "" if group is None else f" for the databases of the group {group}"
    click.echo(f"Made {shown(target)}{whose}. Keep it under version control.")
    ini = unset_ini(target)
    if ini is not None:
        click.echo(f"First set sqlalchemy.url in {shown(ini)}, and target_metadata in {shown(target / 'env.py')}.")
    click.echo(f'Next: `{program()} migrate -m "Initial migration."`, then `{program()} upgrade`.')


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    """Yield the command."""
    yield init
