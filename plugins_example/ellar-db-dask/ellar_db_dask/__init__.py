"""Migrate many databases on the workers of a Dask cluster."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import click

from ellar_db import Setting, hookimpl, plugin_option, plugin_settings

if TYPE_CHECKING:
    from concurrent.futures import Executor

SETTINGS = "ellar-db-dask"
COMMANDS = ("upgrade", "downgrade", "stamp", "ensure-version")
"""The commands that have `--jobs`."""


@dataclass(frozen=True)
class Settings:
    """`[tool.ellar-db-dask]`.

    Args:
        scheduler: The scheduler's address; if it is empty, processes of this machine do the work.
        timeout: Seconds to wait for the scheduler, and for its first worker.
    """

    scheduler: str = ""
    timeout: Annotated[float, Setting("a number of seconds above 0", lambda value: value > 0)] = 5.0


@hookimpl
def ellar_db_command_options(command: click.Command) -> Iterator[click.Option]:
    """Add `--dask`."""
    if command.name in COMMANDS:
        yield click.Option(["--dask"], metavar="ADDRESS", help="With --jobs: work on the workers of a Dask scheduler.")


@hookimpl(wrapper=True)
def ellar_db_invoke(ctx: click.Context, command: click.Command) -> Iterator[Any]:
    """Refuse an address that would not be used."""
    if command.name in COMMANDS and plugin_option("dask") and ctx.params.get("jobs", 1) < 2:
        raise click.UsageError("--dask needs --jobs N, the number of workers, from 2 on", ctx)
    return (yield)


@hookimpl
def ellar_db_executor() -> Executor | None:
    """Return an executor of the cluster, if there is an address."""
    settings = plugin_settings(SETTINGS, Settings)
    address = plugin_option("dask") or settings.scheduler
    if not address:
        return None
    # Dask takes a second to be imported, which other commands don't need
    from ellar_db_dask.executor import connected

    ctx = click.get_current_context(silent=True)
    meta = ctx.meta if ctx else {}
    begun = meta.get(SETTINGS, False)
    meta[SETTINGS] = True
    try:
        return connected(address, settings.timeout)
    except click.ClickException as error:
        # a connection that is lost is made again
        left = "what is done stays, and --resume goes on with the rest" if begun else "nothing was begun"
        raise click.ClickException(f"{error.message}; {left}") from error
