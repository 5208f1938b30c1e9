"""Show the plugins: what is installed, what it does, and what is the matter with it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from ellar_db import options
from ellar_db.hookspecs import hookimpl


@click.command(short_help="Show the plugins and their state.")
@options.environment
@click.option("--json", "as_json", is_flag=True, help="Write JSON, for programs.")
@click.pass_context
def plugins(ctx: click.Context, directory: Path | None, x_arg: tuple[str, ...], as_json: bool) -> None:
    """Show the plugins: where they come from, what they do, how long they took to load, and what is broken.

    Alembic's own plugins (the entry points `alembic.plugins`) are listed too.
    """
    rows = [*described(ctx), *alembic_plugins()]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    from ellar_db.tables import show_plugins

    show_plugins(rows)


def described(ctx: click.Context) -> Iterator[dict[str, Any]]:
    """Give what is known of each plugin, the built-ins as one."""
    from ellar_db.cli import group_of
    from ellar_db.plugins import get_plugin_manager
    from ellar_db.records import BUILT_IN, Plugin
    from ellar_db.registry import Registry

    manager = get_plugin_manager()
    group = group_of(ctx)
    registry = group.registry if group else Registry()
    missing = [Plugin(text, "required", text, state="missing", error=problem) for text, problem in manager.unmet()]
    built_in = [record for record in manager.records if record.kind == BUILT_IN]
    together = Plugin(
        "ellar-db",
        BUILT_IN,
        "ellar-db",
        version=built_in[0].version,
        load_ms=sum(record.load_ms for record in built_in),
        hooks=sorted({hook for record in built_in for hook in record.hooks}),
    )
    for record in [together, *(record for record in manager.records if record.kind != BUILT_IN), *missing]:
        added: list[str] = []
        overridden: list[str] = []
        claimed: list[str] = []
        for name, claims in sorted(registry.claims.items()):
            givers = [together if plugin.kind == BUILT_IN else plugin for plugin, _ in claims.commands]
            if record not in givers:
                continue
            if claims.problem and record.kind != BUILT_IN:
                claimed.append(name)
            else:
                (added if givers[-1] is record else overridden).append(name)
        yield {
            "distribution": record.distribution,
            "version": record.version,
            "kind": record.kind,
            "entry_point": record.entry_point,
            "state": record.state,
            "error": record.error,
            "hooks": record.hooks,
            "commands_added": added,
            "commands_overridden": overridden,
            "commands_claimed": claimed,
            "load_ms": round(record.load_ms, 1),
        }


def alembic_plugins() -> Iterator[dict[str, Any]]:
    """Give the entry points of Alembic's own group; a broken one breaks Alembic as a whole."""
    from ellar_db.alembic_plugins import alembic_culprits, alembic_entry_points, title

    entry_points = alembic_entry_points()
    culprits = alembic_culprits() if entry_points else {}
    for entry_point in entry_points:
        name = entry_point.dist.name if entry_point.dist else "?"
        error = culprits.get(title(entry_point), "")
        yield {
            "distribution": name,
            "version": entry_point.dist.version if entry_point.dist else "",
            "kind": "alembic",
            "entry_point": f"{entry_point.name} = {entry_point.value}",
            "state": "broken" if error else "active",
            "error": error,
            "hooks": [],
            "commands_added": [],
            "commands_overridden": [],
            "commands_claimed": [],
            "load_ms": 0.0,
        }


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    """Give the command."""
    yield plugins
