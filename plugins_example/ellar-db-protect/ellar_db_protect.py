"""Refuse `downgrade` and `stamp` on databases that the project protects."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal

import click

from ellar_db import DbError, OverridingCommand, Run, Setting, hookimpl, plugin_settings

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.operations.ops import MigrationScript

log = logging.getLogger("ellar_db.protect")

SETTINGS = "ellar-db-protect"
ALL = "all"
COMMANDS = ("downgrade", "stamp")


@dataclass(frozen=True)
class Settings:
    """`[tool.ellar-db-protect]`.

    Args:
        databases: The names of the protected databases, or "all".
    """

    databases: Annotated[list[str] | Literal["all"], Setting('a list of names or "all"')] = field(default_factory=list)


_guarded: ContextVar[tuple[str, tuple[str, ...]] | None] = ContextVar("ellar_db_protect", default=None)
"""The running command, with the names of `--unprotect`; None if another command runs."""

unprotect = click.option(
    "--unprotect", multiple=True, metavar="NAME", help="Run on this protected database (may be given several times)."
)


@click.command("downgrade", cls=OverridingCommand, short_help="Revert to a previous version, if not protected.")
@unprotect
@click.pass_context
def downgrade(ctx: click.Context, unprotect: tuple[str, ...], **_: Any) -> Any:
    """Revert to a previous version; refused on protected databases."""
    return guarded(ctx, unprotect)


@click.command("stamp", cls=OverridingCommand, short_help="Set the revision in the database, if not protected.")
@unprotect
@click.pass_context
def stamp(ctx: click.Context, unprotect: tuple[str, ...], **_: Any) -> Any:
    """Set the revision in the database without running migrations; refused on protected databases."""
    return guarded(ctx, unprotect)


def guarded(ctx: click.Context, names: tuple[str, ...]) -> Any:
    """Call the replaced command, and let the hooks below know that it is guarded."""
    protected()
    token = _guarded.set((str(ctx.info_name), names))
    try:
        return ctx.command.call_replaced(ctx)  # type: ignore[attr-defined]  # an OverridingCommand
    finally:
        _guarded.reset(token)


@hookimpl
def ellar_db_configure(config: Config) -> None:
    """Refuse names that match no database: a typing error would protect nothing."""
    running = _guarded.get()
    if running is None:
        return
    known = config.attributes["databases"]
    names = protected()
    for name in [] if names == ALL else names:
        if name not in known:
            raise DbError(f"[tool.{SETTINGS}] protects {name!r}, which isn't among the databases: {', '.join(known)}")
    for name in running[1]:
        if name not in known:
            raise DbError(f"--unprotect names {name!r}, which isn't among the databases: {', '.join(known)}")


@hookimpl
def ellar_db_before_run(run: Run) -> None:
    """Refuse before anything is done, whoever starts the run. --sql and scratch databases have nothing to protect."""
    name = run.database.name
    if run.purpose != "apply" or run.command not in COMMANDS or not (protected() == ALL or name in protected()):
        return
    running = _guarded.get()
    if running is None:
        # bare Alembic and start-up code have no such option
        cure = f"run `ellar-db {run.command} --unprotect {name}`"
    elif name not in running[1]:
        cure = f"add --unprotect {name}"
    else:
        return
    raise DbError(
        f"{run.command} is refused on the database {name!r}, which [tool.{SETTINGS}] protects; if you mean it, {cure}"
    )


@hookimpl
def ellar_db_process_revision_directives(directives: list[MigrationScript]) -> None:
    """Warn if `migrate` is about to write a revision that drops something, for example because a table was renamed."""
    names = protected()
    if not names:
        return
    for script in directives:
        # the operations of the database that was compared last
        for diff in _flat(script.upgrade_ops_list[-1].as_diffs()):
            if diff[0] in ("remove_table", "remove_column"):
                what = f"{diff[2]}.{diff[3].name}" if diff[0] == "remove_column" else diff[1].name
                log.warning("the revision drops %s, and [tool.%s] protects databases", what, SETTINGS)


def _flat(diffs: list[Any]) -> Iterator[tuple[Any, ...]]:
    for diff in diffs:
        if isinstance(diff, list):
            yield from _flat(diff)
        else:
            yield diff


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    """Register the two commands, which replace the built-in ones."""
    yield downgrade
    yield stamp


def protected() -> list[str] | str:
    """Return the names of the protected databases, or "all"."""
    return plugin_settings(SETTINGS, Settings).databases
