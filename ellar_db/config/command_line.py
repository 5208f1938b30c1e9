"""The program as the user typed it, for messages that suggest the next command."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ellar_db.plugins.manager import get_plugin_manager


def program() -> str:
    """Return the program as typed, such as `ellar db`, for messages that suggest the next command."""
    ctx = click.get_current_context(silent=True)
    if ctx is None or ctx.parent is None:
        return "ellar db" if get_plugin_manager().settings.ellar else "ellar-db"
    root = ctx.find_root().info_name or ""
    # the manage.py of `ellar new --plain` sets a program name that can't be typed
    typed = f"python {Path(sys.argv[0]).name}" if " " in root else root
    return ctx.parent.command_path.replace(root, typed, 1)
