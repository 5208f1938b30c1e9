"""Resolve an interrupted run, on databases that can't roll back schema changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from ellar_db import options
from ellar_db.hookspecs import hookimpl
from ellar_db.options import Selection


@click.command(short_help="Resolve an interrupted run (MySQL, MariaDB).")
@options.environment
@options.limits
@options.databases
@click.option("--applied", is_flag=True, help="Record that the revision is applied now.")
@click.option("--reverted", is_flag=True, help="Record that the revision isn't applied.")
@click.argument("revision", type=options.Revision(), required=False)
def repair(
    directory: Path | None,
    x_arg: tuple[str, ...],
    applied: bool,
    reverted: bool,
    revision: str | None,
    chosen: Selection,
    **limits: Any,
) -> None:
    """Resolve an interrupted run, on databases that can't roll back schema changes (MySQL, MariaDB).

    Such a run leaves a journal entry of what it did, and later runs refuse to start. Complete the revision by hand and
    use --applied, or undo it by hand and use --reverted. Without either, the entry is shown.

    REVISION is the one that the entry names; give it to be sure that you resolve the right one.
    """
    from ellar_db.config.seam import alembic_config
    from ellar_db.runtime.repair import settle

    if applied and reverted:
        raise click.UsageError("--applied and --reverted exclude each other")
    with alembic_config(directory, x_arg=x_arg, limits=limits, chosen=chosen) as config:
        settle(config, revision, applied if applied or reverted else None)


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    """Yield the command."""
    yield repair
