"""Run a command: the innermost implementation of `ellar_db_invoke`, which plugins wrap."""

from __future__ import annotations

from typing import Any

import click

from ellar_db.hookspecs import hookimpl
from ellar_db.util.errors import DbError


@hookimpl(trylast=True)
def ellar_db_invoke(ctx: click.Context, command: click.Command) -> Any:
    """Run the command.

    Raises:
        DbError: A wrapper has removed a parameter of the command.
    """
    lost = sorted(str(param.name) for param in command.params if param.expose_value and param.name not in ctx.params)
    if lost:
        raise DbError(
            f"a plugin's ellar_db_invoke took {', '.join(lost)} out of ctx.params, which {command.name} needs; "
            "`ellar-db plugins --hooks` shows who wraps it"
        )
    return command.invoke(ctx)
