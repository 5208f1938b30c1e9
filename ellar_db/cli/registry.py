"""The commands of the plugins, and which plugin wins if several supply the same name."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Collection, Iterable
from contextlib import redirect_stdout
from typing import Any, NoReturn

import click

from ellar_db.plugins.discovery import OURS, normal_name
from ellar_db.plugins.faults import NotOptionalError
from ellar_db.plugins.manager import PluginManager
from ellar_db.plugins.record import BUILT_IN, INSTALLED, UNUSABLE, Plugin, leaving_out
from ellar_db.util.click import loaded
from ellar_db.util.errors import DbError, PluginError, meant

RANKS = {BUILT_IN: 0, INSTALLED: 1}

RESCUES = ("doctor", "plugins")
"""The commands for diagnostics, which work when a plugin is broken: no plugin may replace, wrap or extend them."""


class Claims:
    """All commands with one name, the winner first.

    Args:
        commands: The plugins and their commands.
        problem: Why the winner can't be used, or an empty string.
    """

    def __init__(self, commands: list[tuple[Plugin, click.Command]], problem: str = "") -> None:
        self.commands = commands
        self.problem = problem

    @property
    def plugin(self) -> Plugin:
        """The plugin that supplies the winner."""
        return self.commands[0][0]

    @property
    def command(self) -> click.Command:
        """The winner."""
        return loaded(self.commands[0][1])

    @property
    def mark(self) -> str:
        """What `--help` adds to the command's line."""
        if self.problem:
            rivals = {plugin.distribution for plugin, _ in self.commands if _rank(plugin) == _rank(self.plugin)}
            return f"[claimed by {' and '.join(sorted(rivals))}]"
        return "" if self.plugin.kind == BUILT_IN else f"[{self.plugin.distribution}]"


class Registry:
    """The commands of the group by name, and the plugins that failed to load, by their short names."""

    def __init__(self) -> None:
        self.claims: dict[str, Claims] = {}
        self.broken: dict[str, Plugin] = {}

    def get(self, name: str) -> click.Command | None:
        """Return the command with a name; an unusable one explains the problem when it runs."""
        command = self.listed(name)
        return None if command is None else loaded(command)

    def listed(self, name: str) -> click.Command | None:
        """Return what a list of commands has of the one with a name, which may not be imported yet."""
        if name in self.claims:
            claims = self.claims[name]
            return _refusing(name, claims.mark, claims.problem) if claims.problem else claims.commands[0][1]
        if name in self.broken:
            plugin = self.broken[name]
            mark = f"[{plugin.distribution} is {plugin.state}]"
            return _refusing(name, mark, f"the plugin {plugin.title} is {plugin.state}: {plugin.error}")
        return None

    def givers(self) -> dict[str, str]:
        """Return the distribution that supplies each command."""
        return {name: claims.plugin.distribution for name, claims in self.claims.items()}

    def owner(self, command: click.Command) -> Plugin | None:
        """Return the plugin that supplies a command, or None."""
        claims = self.claims.get(command.name or "")
        found = (plugin for plugin, claimed in (claims.commands if claims else ()) if _same(claimed, command))
        return next(found, None)

    def replaced_by(self, command: click.Command) -> click.Command | None:
        """Return the command with the same name that a command replaced, or None."""
        claims = self.claims.get(command.name or "")
        commands = [claimed for _, claimed in claims.commands] if claims else []
        position = next((place for place, claimed in enumerate(commands) if _same(claimed, command)), None)
        return loaded(commands[position + 1]) if position is not None and position + 1 < len(commands) else None


def registry_of(ctx: click.Context | None) -> Registry:
    """Return the registry of the `db` group to which a command's context belongs, or an empty one."""
    while ctx is not None:
        found = getattr(ctx.command, "registry", None)
        if isinstance(found, Registry):
            return found
        ctx = ctx.parent
    return Registry()


def collect_commands(manager: PluginManager) -> Registry:
    """Collect the commands of the plugins and choose the winner for each name.

    A plugin that doesn't return a list of valid commands is discarded.
    """
    given: dict[str, list[tuple[Plugin, click.Command]]] = {}
    built_in: set[str] = set()
    for plugin in [record for record in manager.records if record.state == "active"]:
        if "ellar_db_register_commands" not in plugin.hooks:
            continue
        try:
            commands = _commands_of(plugin, manager)
            _refuse_replacing(plugin, commands, built_in)
        except (click.ClickException, click.exceptions.Exit, click.Abort) as error:
            manager.discard(plugin, error, "ellar_db_register_commands" if isinstance(error, PluginError) else "")
            continue
        for command in commands:
            given.setdefault(str(command.name), []).append((plugin, command))
        if plugin.kind == BUILT_IN:
            built_in |= given.keys()
    registry = Registry()
    chosen = {name: str(choice) for name, choice in manager.settings.mapping("commands").items()}
    for name in RESCUES:
        if chosen.pop(name, "") not in ("", OURS):
            click.echo(f"Warning: [tool.ellar-db.commands] has {name}, which is ellar-db's alone.", err=True)
    for name, claimed in given.items():
        registry.claims[name] = _claims(name, claimed, chosen.get(name))
    for name, choice in chosen.items():
        if name not in given:
            near = meant(name, given) or "."
            click.echo(
                f"Warning: [tool.ellar-db.commands] has {name} = {choice!r}, and no plugin gives {name}{near}", err=True
            )
    for plugin in manager.records:
        if plugin.state in UNUSABLE and plugin.kind == INSTALLED and plugin.short_name not in registry.claims:
            registry.broken[plugin.short_name] = plugin
    return registry


def _commands_of(plugin: Plugin, manager: PluginManager) -> list[click.Command]:
    """Return one plugin's commands, checked."""
    with redirect_stdout(sys.stderr):
        commands = [
            command
            for giver, answer in manager.answers("ellar_db_register_commands", only=plugin)
            for command in giver.listed("ellar_db_register_commands", answer)
        ]
    names = [command.name for command in commands if isinstance(command, click.Command)]
    for command in commands:
        if not isinstance(command, click.Command):
            raise DbError(f"it registered {command!r}, which is no click command")
        if command.name in RESCUES and plugin.kind != BUILT_IN:
            raise DbError(f"it registered a command named {command.name}, which is ellar-db's alone")
        if names.count(command.name) > 1:
            raise DbError(f"it registered two commands named {command.name}")
        if not re.fullmatch(r"[^\W_][\w.-]*", command.name or ""):
            raise DbError(f"it registered a command named {command.name!r}, which can't be typed")
        texts = (command.help, command.short_help)
        if not all(text is None or isinstance(text, str) for text in texts):
            raise DbError(f"it registered a command {command.name} of which the help is no text")
        if not all(isinstance(param, click.Parameter) for param in command.params):
            raise DbError(f"it registered a command {command.name} with {command.params!r} as its parameters")
    return commands


def _refuse_replacing(plugin: Plugin, commands: Iterable[click.Command], built_in: Collection[str]) -> None:
    """Refuse a plugin that says that it only adds something, and replaces a built-in command.

    Args:
        plugin: The plugin.
        commands: Its commands.
        built_in: The names of the built-in commands.
    """
    for command in commands:
        if plugin.kind == INSTALLED and not plugin.restrains and command.name in built_in:
            raise NotOptionalError(f"it replaces the command {command.name}")


def _claims(name: str, commands: list[tuple[Plugin, click.Command]], choice: str | None) -> Claims:
    # a later registration takes precedence, so the last one of the highest rank wins
    ordered = sorted(reversed(commands), key=lambda claim: -_rank(claim[0]))
    if choice is not None:
        wanted = [claim for claim in ordered if normal_name(claim[0].distribution) == normal_name(choice)]
        if wanted:
            return Claims(wanted + [claim for claim in ordered if claim not in wanted])
        there = ", ".join(sorted(plugin.distribution for plugin, _ in ordered))
        return Claims(ordered, f"[tool.ellar-db.commands] gives {name} to {choice!r}, and only {there} has it")
    rivals = sorted({plugin.distribution for plugin, _ in ordered if _rank(plugin) == RANKS[INSTALLED]})
    if _rank(ordered[0][0]) == RANKS[INSTALLED] and len(rivals) > 1:
        both = " and ".join(rivals)
        return Claims(
            ordered,
            f"the command {name} is claimed by {both}; leave one out ({leaving_out(rivals[0])}), "
            f'or choose in pyproject.toml: [tool.ellar-db.commands] {name} = "{rivals[0]}"',
        )
    return Claims(ordered)


def _rank(plugin: Plugin) -> int:
    return RANKS.get(plugin.kind, 2)


def _same(claimed: click.Command, command: click.Command) -> bool:
    # the group hands out a copy of the command, which shares its callback
    claimed = loaded(claimed)
    return claimed is command or (command.callback is not None and claimed.callback is command.callback)


def _refusing(name: str, mark: str, problem: str) -> click.Command:
    def refuse(**_: Any) -> NoReturn:
        raise DbError(problem)

    callback: Callable[..., NoReturn] = refuse
    return click.Command(
        name,
        callback=callback,
        params=[click.Argument(["arguments"], nargs=-1, type=click.UNPROCESSED)],
        context_settings={"ignore_unknown_options": True},
        short_help=mark,
        help=problem,
    )
