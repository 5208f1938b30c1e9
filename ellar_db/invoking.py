"""Running a command: the innermost answer to `ellar_db_invoke`, round which plugins wrap theirs."""

from __future__ import annotations

from typing import Any

import click

from ellar_db.hookspecs import hookimpl


@hookimpl(trylast=True)
def ellar_db_invoke(ctx: click.Context, command: click.Command) -> Any:
    """Run the command."""
    return command.invoke(ctx)
