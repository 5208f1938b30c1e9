"""Upgrade databases to a later revision."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from ellar_db import options
from ellar_db.hookspecs import hookimpl
from ellar_db.options import Many, Selection


@click.command(short_help="Upgrade to a later version.", context_settings=options.RELATIVE)
@options.environment
@options.sql
@options.limits
@options.databases
@options.create
@options.many
@options.tag
@options.package
@click.option("--dry-run", is_flag=True, help="Run the revisions in a transaction, and roll it back.")
@click.argument("revision", type=options.Revision(), default="head")
def upgrade(
    directory: Path | None,
    x_arg: tuple[str, ...],
    sql: bool,
    output: str | None,
    tag: str | None,
    package: str | None,
    revision: str,
    dry_run: bool,
    chosen: Selection,
    many: Many,
    **limits: Any,
) -> None:
    """Upgrade to a later version.

    REVISION is head by default, the newest; with --sql it may be a range, such as base:head. An upgrade to the newest
    runs the migrations of installed packages first.

    --dry-run runs the revisions and rolls them back, where the database can roll back schema changes. It stops before
    a revision that commits.
    """
    from ellar_db.config.seam import alembic_config
    from ellar_db.fleet.driver import Fleet
    from ellar_db.library.work import run_upgrade

    output = options.sql_output(sql, output)
    if sql and many.create:
        raise click.UsageError("--create makes databases, and --sql only writes SQL; leave one of them out")
    if dry_run and (sql or many.asked or many.create):
        other = "--sql" if sql else many.asked or "--create"
        raise click.UsageError(f"--dry-run runs on one database after the other, and means nothing with {other}")
    with alembic_config(
        directory,
        x_arg=x_arg,
        output=output,
        limits=limits,
        package=package,
        chosen=chosen,
        each=None if dry_run else Fleet(many),
        rehearses=dry_run,
    ) as config:
        run_upgrade(config, revision, sql=sql, tag=tag, create=many.create)


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    """Yield the command."""
    yield upgrade
