"""Put one revision in place of a range of revisions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from ellar_db import options
from ellar_db.hookspecs import hookimpl


@click.command(short_help="Put one revision in place of several, with proof.")
@options.environment
@options.package
@options.message
@click.option("--drop-data-steps", is_flag=True, help="Leave out what changes rows.")
@options.scratch_url
@click.option("--yes", "-y", is_flag=True, help="Don't ask.")
@click.option("--dry-run", is_flag=True, help="Print the squash instead of writing it.")
@click.argument("range_", metavar="BASE:END", type=options.Revision())
def squash(
    directory: Path | None,
    x_arg: tuple[str, ...],
    package: str | None,
    message: str | None,
    drop_data_steps: bool,
    scratch_urls: tuple[str, ...],
    yes: bool,
    dry_run: bool,
    range_: str,
) -> None:
    """Put one revision in place of several, after a proof on scratch databases that it does the same.

    BASE is the revision before the first one that is squashed, or "base"; END is the last one, whose id the squash
    keeps. The old files are kept beside the folder of the revisions, from which `upgrade` runs them on databases that
    stand between the two.

    Nothing is written unless both give the same schema, and the downgrade that of BASE.
    """
    from ellar_db.config.seam import alembic_config
    from ellar_db.inspection.squashing.squash import Squash, confirm, tell
    from ellar_db.revisions.names import check_message
    from ellar_db.util.masking import say

    check_message(message)
    with alembic_config(directory, x_arg=x_arg, package=package, decides=True) as config:
        found = Squash(config, range_, message, scratch_urls)
        made = found.made(drop_data_steps=drop_data_steps)
        if dry_run:
            say(made.text.rstrip("\n"))
            return
        confirm(made, len(found.range.members), yes=yes)
        found.carry_out(made)
        tell(made, len(found.range.members))


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    """Yield the command."""
    yield squash
