"""Complete commands, options, revisions and names in a shell."""

from __future__ import annotations

from collections.abc import Iterator

import click

from ellar_db.hookspecs import hookimpl


@click.command(short_help="Complete command lines in bash, zsh or fish.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.option("--install", is_flag=True, help="Write the script to where the shell looks for it.")
@click.pass_context
def completion(ctx: click.Context, shell: str, install: bool) -> None:
    """Print the script that makes a shell complete commands, options, revisions, databases and other names.

    --install writes it to a file that the shell reads, and says what is left to do.
    """
    from ellar_db.cli.shells.places import install as write
    from ellar_db.cli.shells.places import place_for
    from ellar_db.cli.shells.scripts import PROGRAM, script_for

    root = ctx.find_root()
    program = root.info_name or PROGRAM
    if not program.replace("-", "").replace("_", "").isalnum():
        raise click.UsageError(f"a shell completes a program by its name, and {program!r} is none; use ellar-db")
    script = script_for(shell, root.command, program)
    if not install:
        click.echo(script, nl=False)
        return
    place = place_for(shell, program)
    wrote = write(place, script, program)
    click.echo(f"Wrote {place.file}" if wrote else f"{place.file} is up to date.")
    click.echo(place.next)


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    """Yield the command."""
    yield completion
