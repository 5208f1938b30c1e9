"""The program as the user typed it, for messages that suggest the next command."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ellar_db.options import GroupOptions, group_options
from ellar_db.plugins.manager import get_plugin_manager

if TYPE_CHECKING:
    from ellar_db.databases.database import Database


def program() -> str:
    """Return the program as typed, such as `ellar db`, for messages that suggest the next command."""
    ctx = click.get_current_context(silent=True)
    if ctx is None or ctx.parent is None:
        return "ellar db" if get_plugin_manager().settings.ellar else "ellar-db"
    root = ctx.find_root().info_name or ""
    # the manage.py of `ellar new --plain` sets a program name that can't be typed
    typed = f"python {Path(sys.argv[0]).name}" if " " in root else root
    return " ".join([ctx.parent.command_path.replace(root, typed, 1), *_options(ctx)])


def provision(database: Database) -> str:
    """Return what to do about a database, or a schema, that isn't there.

    Args:
        database: The database.
    """
    return f"`{program()} create --database {database.name}` makes it"


def _options(ctx: click.Context) -> Iterator[str]:
    """Yield the options that choose the folder, so that the next command finds it too.

    Values of `-x` may be secret, and are left out.
    """
    given = group_options()
    directory = ctx.params.get("directory")
    if directory is not None:
        yield f"-d {quoted(str(directory))}"
    for file in given.config_files:
        yield f"-c {quoted(str(file))}"
    if given.name != GroupOptions().name:
        yield f"-n {quoted(given.name)}"


def quoted(argument: str) -> str:
    """Return an argument as it is typed in a shell.

    Example:
        >>> quoted("migrations")
        'migrations'
    """
    if os.name == "nt":
        from subprocess import list2cmdline

        return list2cmdline([argument])
    from shlex import quote

    return quote(argument)
