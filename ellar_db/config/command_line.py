"""What was typed to get here, for messages that say what to do next."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ellar_db.plugins.manager import get_plugin_manager


def program() -> str:
    """Give what was typed to get here, as `ellar db` or `ellar-db`, for messages that say what to do next."""
    ctx = click.get_current_context(silent=True)
    if ctx is None or ctx.parent is None:
        return "ellar db" if get_plugin_manager().settings.ellar else "ellar-db"
    root = ctx.find_root().info_name or ""
    # manage.py, as `ellar new --plain` makes it, gives its program a name that can't be typed
    typed = f"python {Path(sys.argv[0]).name}" if " " in root else root
    return ctx.parent.command_path.replace(root, typed, 1)
