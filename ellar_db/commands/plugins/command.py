"""Show the plugins: what is installed, what it does, and any problems with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from ellar_db import options
from ellar_db.hookspecs import hookimpl
from ellar_db.util.errors import DbError


@click.group(short_help="Show the plugins and their state.", invoke_without_command=True)
@options.environment
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--hooks", is_flag=True, help="Show the plugins that implement each hook, in call order.")
@click.option("--timings", is_flag=True, help="Show how long each plugin took to load, the slowest first.")
@click.option(
    "--check", is_flag=True, help="Exit with 1 if a plugin is broken, missing, unknown or conflicts with another."
)
@click.pass_context
def plugins(
    ctx: click.Context,
    directory: Path | None,
    x_arg: tuple[str, ...],
    as_json: bool,
    hooks: bool,
    timings: bool,
    check: bool,
) -> None:
    """Show the plugins: where they come from, what they do, how long they took to load, and what is broken.

    Alembic's own plugins (entry points in `alembic.plugins`) are listed too. `plugins new NAME` creates a new plugin.
    """
    if ctx.invoked_subcommand is not None:
        return
    from ellar_db.commands.plugins.inventory import answering, inventory, problems
    from ellar_db.project.folder import in_project_folder

    with in_project_folder():
        rows = list(inventory(ctx))
        hooked = answering() if hooks else {}
    if as_json:
        from ellar_db.history.documents import written

        click.echo(written(**({"hooks": hooked} if hooks else {"plugins": rows})))
    else:
        from ellar_db.commands.plugins.tables import show_hooks, show_plugins, show_timings

        if hooks:
            show_hooks(hooked)
        elif timings:
            show_timings(rows)
        else:
            show_plugins(rows)
    if check:
        # a plugin that fails for one command usually fails for all
        with in_project_folder():
            found = list(dict.fromkeys(problems(ctx, rows)))
        if found:
            raise DbError("; ".join(found))


@plugins.command(short_help="Create a new plugin.")
@click.argument("name")
@click.option("--into", type=options.PATH, default=".", help="The folder in which to create the package's folder.")
@click.pass_context
def new(ctx: click.Context, name: str, into: Path) -> None:
    """Create a package that is ready to be installed: a command, a hook, a test and a README.

    NAME is the distribution's name, such as ellar-db-audit.
    """
    from ellar_db.cli.registry import registry_of
    from ellar_db.commands.plugins.package import write_package

    package = write_package(name, into, registry_of(ctx).givers())
    click.echo(f"Wrote {package.folder}: a command `{package.command}`, a hook, a test and a README.")
    click.echo(
        f"Next: `pip install -e {package.folder}`, then, in a project with a migrations folder, "
        f"`{program_of_plugins()} {package.command}`."
    )
    click.echo(f"Its tests: `pip install -e '{package.folder}[test]'`, then `pytest {package.folder}`.")


def program_of_plugins() -> str:
    """Return the program as typed before `plugins`."""
    from ellar_db.config.command_line import program

    return program().rpartition(" plugins")[0] or program()


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    """Yield the command."""
    yield plugins
