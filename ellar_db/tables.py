"""Tables on the terminal, drawn by rich."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any


def show_plugins(rows: Sequence[dict[str, Any]]) -> None:
    """Print what is known of the plugins.

    Args:
        rows: A dict a plugin, as `ellar db plugins --json` writes them.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, show_edge=False, header_style="bold")
    for title in ("Plugin", "From", "State", "Load", "Does"):
        table.add_column(title, overflow="fold", justify="right" if title == "Load" else "left")
    for row in rows:
        state = row["state"]
        style = "red" if state in ("broken", "missing") else "dim" if state == "disabled" else ""
        table.add_row(
            Text(f"{row['distribution']} {row['version']}".strip(), style=style),
            Text(row["entry_point"] or row["kind"]),
            Text(state, style=style),
            Text(f"{row['load_ms']:.1f} ms"),
            Text(_does(row), style=style),
        )
    console = Console(file=sys.stdout, highlight=False, soft_wrap=False)
    if not console.is_terminal:
        console.width = 160
    console.print(table)


def _does(row: dict[str, Any]) -> str:
    if row["error"]:
        return str(row["error"])
    parts = []
    if row["kind"] == "built-in":
        parts.append(f"{len(row['commands_added'])} commands")
    elif row["commands_added"]:
        parts.append("adds " + ", ".join(row["commands_added"]))
    if row["commands_overridden"]:
        parts.append("overrides " + ", ".join(row["commands_overridden"]))
    if row["commands_claimed"]:
        parts.append("claims " + ", ".join(row["commands_claimed"]) + ", as another plugin does")
    hooks = [hook.removeprefix("ellar_db_") for hook in row["hooks"] if hook != "ellar_db_register_commands"]
    if hooks:
        parts.append("hooks " + ", ".join(hooks))
    return "; ".join(parts)
