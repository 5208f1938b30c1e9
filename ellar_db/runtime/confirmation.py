"""The confirmation before a downgrade."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ellar_db.config.command_line import program
from ellar_db.config.invocation import change_invocation, invocation_of
from ellar_db.config.reports.position import Position, explaining
from ellar_db.databases.connections import connected, in_event_loop
from ellar_db.databases.database import Database
from ellar_db.databases.options import MigrationOptions
from ellar_db.revisions.losses import Loss, counted, losses
from ellar_db.util.alembic import downgrade_steps
from ellar_db.util.errors import DbError
from ellar_db.util.masking import say

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection


ALWAYS = "always"

SHOWN = 20
"""How many of the tables and columns that a downgrade drops are listed."""


@contextmanager
def confirmed(config: Config, target: str, *, yes: bool, asks: bool = True) -> Iterator[None]:
    """Ask before a downgrade drops tables or columns: on a terminal, and everywhere if `confirm = "always"` is set.

    The question comes as soon as the environment has said on which databases it runs. One that isn't ours is asked
    about each database when it is that one's turn.

    Args:
        config: Alembic's configuration.
        target: The revision to downgrade to.
        yes: Whether it was confirmed in advance (`--yes`), or nothing will be run.
        asks: Whether there may be somebody to ask; not for a function that an application calls.

    Raises:
        DbError: The user declined, or confirmation is required and there is no terminal.
    """
    always = _setting(config) == ALWAYS
    if yes or not (always or (asks and sys.stdin.isatty())):
        yield
        return
    change_invocation(config, ahead=partial(_ask_about, target, asks))
    yield


def _ask_about(
    target: str, asks: bool, config: Config, databases: Sequence[Database], connection: Connection | None
) -> None:
    """Ask about the databases of an environment, or about the one to which an env.py of somebody else's connected."""
    if connection is not None:
        begun = connection.in_transaction()
        lost = _lost(config, target, connection, databases[0])
        if not begun:
            lost = counted(lost, connection)
            # what was begun by reading would be taken for a transaction of the file's, which Alembic doesn't commit
            connection.rollback()
        _ask({databases[0].url: lost}, named=True, asks=asks)
        return

    def read(databases: Sequence[Database]) -> dict[str, list[Loss]]:
        found = {}
        for database in databases:
            with connected(database, invocation_of(config).limits_of(database).connect_wait) as own:
                found[database.name] = counted(_lost(config, target, own, database), own)
        return found

    _ask(in_event_loop(databases, read), named=len(databases) > 1, asks=asks)


def _lost(config: Config, target: str, connection: Connection, database: Database) -> list[Loss]:
    """Return what a downgrade will drop from a database."""
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    script = ScriptDirectory.from_config(config)
    heads = MigrationContext.configure(connection, opts=dict(database.options)).get_current_heads()
    lost: list[Loss] = []
    position = Position(script, heads, f"the database {database.name!r}", database.package, "downgrade", target)
    with explaining(position, program()):
        steps = downgrade_steps(script, target, heads)
    for step in steps:
        file = Path(step.revision.path)
        lost += losses(file, ["downgrade", f"downgrade_{database.token}"])
    return lost


def _ask(found: dict[str, list[Loss]], *, named: bool, asks: bool) -> None:
    every = [(name, loss) for name, lost in found.items() for loss in lost]
    if not every:
        return
    said = "; ".join(f"{name}: {', '.join(map(str, lost))}" for name, lost in found.items() if lost)
    if not asks:
        raise DbError(f"the downgrade drops {said}; confirm = {ALWAYS!r} is set: pass yes=True if that is wanted")
    refusal = f"the downgrade drops {said}; confirm = {ALWAYS!r} is set and there is no terminal to ask on"
    # what isn't counted may be large; equally large ones stay in order
    every.sort(key=lambda each: -(each[1].rows if each[1].rows is not None else sys.maxsize))
    lines = [f"{name}: {loss}" if named else str(loss) for name, loss in every]
    more = len(lines) - SHOWN
    shown = [*lines[:SHOWN], f"and {more:,} more"] if more > 0 else lines
    number = f" {len(lines):,} tables and columns" if more > 0 else ""
    ask(f"The downgrade will drop{number}:", shown, refusal, "not downgraded")


def ask(title: str, lines: Sequence[str], refusal: str, denied: str) -> None:
    """Ask whether to go on.

    Args:
        title: What the lines are.
        lines: What will be done, a line for each.
        refusal: What is said where there is no terminal.
        denied: What is said after a no.

    Raises:
        DbError: There is no terminal, or the answer is no.
    """
    if not sys.stdin.isatty():
        raise DbError(f"{refusal}: say --yes if that is wanted")
    click.echo(title, err=True)
    for line in lines:
        say(f"  {line}", err=True)
    if not click.confirm("Go on?", err=True):
        raise DbError(denied)


def _setting(config: Config) -> str | None:
    from ellar_db.project.application import service

    settings = invocation_of(config).manager.settings
    options = None if "confirm" in settings.given else service(MigrationOptions)
    said = getattr(options, "confirm", None)
    said = said if said is not None else settings.text("confirm")
    if said not in (None, ALWAYS):
        raise DbError(f"confirm is {said!r}; it can be {ALWAYS!r}, or be left out")
    return said
