"""The confirmation before a downgrade."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ellar_db.config.broken_files import refuse_duplicates
from ellar_db.config.command_line import program
from ellar_db.config.folder import databases_of_folder
from ellar_db.config.invocation import invocation_of
from ellar_db.config.position import Position, explaining
from ellar_db.databases.connections import connected, in_event_loop
from ellar_db.databases.database import Database
from ellar_db.databases.options import MigrationOptions
from ellar_db.revisions.losses import Loss, counted, losses
from ellar_db.util.alembic import downgrade_steps
from ellar_db.util.errors import DbError

if TYPE_CHECKING:
    from alembic.config import Config


ALWAYS = "always"


def confirm_downgrade(config: Config, target: str, *, yes: bool) -> None:
    """Ask before tables or columns are dropped: on a terminal, and everywhere if `confirm = "always"` is set.

    Args:
        config: Alembic's configuration.
        target: The revision to downgrade to.
        yes: Whether it was confirmed in advance (`--yes`).

    Raises:
        DbError: The user declined, or confirmation is required and there is no terminal.
    """
    always = _setting(config) == ALWAYS
    terminal = sys.stdin.isatty()
    if yes or not (terminal or always):
        return
    found = planned(config, target)
    if not found:
        return
    lines = [f"{name}: {', '.join(map(str, lost))}" for name, lost in found.items()]
    if not terminal:
        raise DbError(
            f"the downgrade drops {'; '.join(lines)}; confirm = {ALWAYS!r} is set and there is no terminal to ask on: "
            "say --yes if that is wanted"
        )
    click.echo("The downgrade will drop:", err=True)
    for line in lines:
        click.echo(f"  {line}", err=True)
    if not click.confirm("Go on?", err=True):
        raise DbError("not downgraded")


def planned(config: Config, target: str) -> dict[str, list[Loss]]:
    """Return what a downgrade will drop, by database.

    Args:
        config: Alembic's configuration.
        target: The revision to downgrade to.
    """
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    script = ScriptDirectory.from_config(config)
    refuse_duplicates(script)

    def read(databases: Sequence[Database]) -> dict[str, list[Loss]]:
        found = {}
        for database in databases:
            with connected(database, invocation_of(config).limits_of(database).connect_wait) as connection:
                context = MigrationContext.configure(connection, opts=dict(database.options))
                heads = context.get_current_heads()
                lost: list[Loss] = []
                position = Position(
                    script, heads, f"the database {database.name!r}", database.package, "downgrade", target
                )
                with explaining(position, program()):
                    steps = downgrade_steps(script, target, heads)
                for step in steps:
                    file = Path(script.get_revision(step.revision.revision).path)
                    lost += losses(file, ["downgrade", f"downgrade_{database.token}"])
                lost = counted(lost, connection)
            if lost:
                found[database.name] = lost
        return found

    return in_event_loop(databases_of_folder(config), read)


def _setting(config: Config) -> str | None:
    from ellar_db.project.application import service

    options = service(MigrationOptions)
    said = getattr(options, "confirm", None)
    said = said if said is not None else invocation_of(config).manager.settings.text("confirm")
    if said not in (None, ALWAYS):
        raise DbError(f"confirm is {said!r}; it can be {ALWAYS!r}, or be left out")
    return said
