"""Let the revisions of one's own branch follow another head."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from ellar_db import options
from ellar_db.hookspecs import hookimpl


@click.command(short_help="Let revisions of a branch follow another head.")
@options.environment
@options.package
@click.option("--onto", metavar="HEAD", type=options.Revision(), help="The head to follow, by default the other one.")
@click.option("--offline", is_flag=True, help="Don't look whether databases have the revisions.")
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@click.argument("revision", type=options.Revision(), required=False)
def rebase(
    directory: Path | None,
    x_arg: tuple[str, ...],
    package: str | None,
    onto: str | None,
    offline: bool,
    dry_run: bool,
    revision: str | None,
) -> None:
    """Let the revisions of a branch follow another head, so that the history stays one line without a merge.

    REVISION is the last one of the branch. Without it, Git tells which of two heads is yours: during a merge or a
    rebase, and else by comparison with the upstream branch. All files are rewritten, or none.

    It is refused where a configured database has one of the revisions, since that database would then count as having
    those of the other branch, too.
    """
    from alembic.script import ScriptDirectory

    from ellar_db.config.seam import alembic_config
    from ellar_db.inspection.standing import standings
    from ellar_db.revisions.rewriting.heads import keep_heads
    from ellar_db.revisions.rewriting.rebase import rebase_of, refuse_applied
    from ellar_db.util.errors import UnavailableError
    from ellar_db.util.files import shown

    with alembic_config(directory, x_arg=x_arg, package=package, databases=not offline, decides=True) as config:
        script = ScriptDirectory.from_config(config)
        found = rebase_of(script, revision, onto)
        if found.source:
            click.echo(f"{found.moved[-1]} is yours: {found.source}.", err=True)
        if not found.changes:
            click.echo(f"Nothing to do: the revisions follow {found.onto} already.", err=True)
            return
        if not offline:
            there = standings(config, whole=False)
            failed = next((each.error for each in there if each.error), None)
            if failed is not None:
                raise UnavailableError(f"{failed}; or say --offline if no database has these revisions")
            refuse_applied(
                found,
                script,
                [
                    (each.database, each.origin.choice if each.origin else "", [one.revision for one in each.current])
                    for each in there
                ],
            )
        for change in found.changes:
            click.echo(f"{shown(change.path)} {change.what}")
        if not dry_run:
            found.carry_out()
            keep_heads(config)


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    """Yield the command."""
    yield rebase
