"""What is known about the plugins, as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ellar_db.cli.tables import print_table, table_of
from ellar_db.util.masking import printable


def show_plugins(rows: Sequence[dict[str, Any]]) -> None:
    """Print what is known about the plugins.

    Args:
        rows: One dict per plugin, as printed by `ellar db plugins --json`.
    """
    table = table_of("Plugin", "From", "State", "Load >", "Does")
    for row in rows:
        state = row["state"]
        style = "dim" if state in ("disabled", "not allowed") else "" if state == "active" else "red"
        cells = (_title(row), row["entry_point"] or row["kind"], state, f"{row['load_ms']:.1f} ms", _does(row))
        table.add_row(*map(printable, cells), style=style)
    print_table(table)


def show_timings(rows: Sequence[dict[str, Any]]) -> None:
    """Print how long the plugins took to load, the slowest first.

    Args:
        rows: One dict per plugin, as printed by `ellar db plugins --json`.
    """
    table = table_of("Plugin", "Load >")
    loaded = sorted((row for row in rows if row["kind"] != "alembic"), key=lambda row: -row["load_ms"])
    for row in loaded:
        table.add_row(printable(_title(row)), f"{row['load_ms']:.1f} ms")
    table.add_row("all", f"{sum(row['load_ms'] for row in loaded):.1f} ms", style="bold")
    print_table(table)


def show_hooks(hooks: Mapping[str, Sequence[str]]) -> None:
    """Print the plugins that implement each hook.

    Args:
        hooks: The plugins by hook, in call order.
    """
    table = table_of("Hook", "Asked, in this order")
    for name, plugins in hooks.items():
        table.add_row(name, printable(", ".join(plugins)) or "nobody", style="" if plugins else "dim")
    print_table(table)


def _title(row: dict[str, Any]) -> str:
    return f"{row['distribution']} {row['version']}".strip()


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
    if row["migrations"]:
        parts.append("brings migrations of " + ", ".join(row["migrations"]))
    hooks = [hook.removeprefix("ellar_db_") for hook in row["hooks"] if hook != "ellar_db_register_commands"]
    if hooks:
        parts.append("hooks " + ", ".join(hooks))
    return "; ".join(parts)
