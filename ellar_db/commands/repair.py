"""Settle a run that was cut short where schema changes can't be rolled back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from ellar_db import options
from ellar_db.hookspecs import hookimpl


@click.command(short_help="Settle a run that was cut short (MySQL, MariaDB).")
@options.environment
@options.limits
@click.option("--applied", is_flag=True, help="The revision is applied now: record it.")
@click.option("--reverted", is_flag=True, help="The revision isn't applied: record that.")
@click.argument("revision", type=options.Revision(), required=False)
def repair(
    directory: Path | None,
    x_arg: tuple[str, ...],
    applied: bool,
    reverted: bool,
    revision: str | None,
    **limits: Any,
) -> None:
    """Settle a run that was cut short where schema changes can't be rolled back (MySQL, MariaDB).

    Such a run leaves a note of what it did, and later ones refuse to go on. Complete the revision by hand and say
    --applied, or undo it by hand and say --reverted. Without either, the note is shown.

    REVISION is the one that the note names; give it to be sure that you settle what you mean.
    """
    from ellar_db.config.seam import alembic_config
    from ellar_db.runtime.repair import settle

    if applied and reverted:
        raise click.UsageError("--applied and --reverted exclude each other")
    with alembic_config(directory, x_arg=x_arg, limits=limits) as config:
        settle(config, revision, applied if applied or reverted else None)


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    """Give the command."""
    yield repair
