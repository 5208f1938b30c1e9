"""Options that plugins add to other commands."""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import click

from ellar_db.util.errors import meant, summary

if TYPE_CHECKING:
    from ellar_db.plugins.manager import PluginManager
    from ellar_db.plugins.record import Plugin


META = "ellar_db.plugin_options"

OVERRIDING = "ellar_db.overriding"
"""Key in a context's `meta` of the parameters of commands that have called the one that they replaced."""

# a context variable, since hooks may run in a different thread from the command
values: ContextVar[dict[str, Any]] = ContextVar("ellar_db_plugin_options", default={})  # noqa: B039  # never changed

NONE = object()
"""No value for a parameter whose value may be None."""

LIKENESS = 0.8
"""Similarity, from 0 to 1, at which an unknown name counts as a typo although it has a default."""

# whether the plugins are being asked for their options, and may themselves ask for one
_asking: ContextVar[bool] = ContextVar("ellar_db_asking_for_options", default=False)


def plugin_option(name: str, default: Any = NONE) -> Any:
    """Return the value of an option that a plugin added with `ellar_db_command_options`.

    Args:
        name: The option's name, as click derives it from its spelling: `dry_run` for `--dry-run`.
        default: The value if the command has no such option, or if bare Alembic runs; None by default. Give it for the
            option of another plugin, which may not be installed.

    Raises:
        LookupError: No plugin adds such an option to any command, and the name is misspelt or `default` isn't given.

    Example:
        @hookimpl
        def ellar_db_after_run(database, steps):
            log.info("%s: %s", plugin_option("ticket", "no ticket"), len(steps))
    """
    from ellar_db.plugins.manager import active_manager

    given = values.get()
    if name in given:
        return given[name]
    if not _asking.get():
        known = active_manager().once("option names", _option_names)
        spelt = name.replace("-", "_")
        near = meant(spelt, known) if default is NONE else meant(spelt, known, LIKENESS)
        if name not in known and (near or default is NONE):
            # no click error: whoever calls the plugin names it in the message
            raise LookupError(f"no plugin adds an option {name!r} to any command{near}")
    return None if default is NONE else default


def _option_names(manager: PluginManager) -> list[str]:
    """Return the names of the options that plugins add to all commands."""
    hook = "ellar_db_register_commands"
    names: set[str] = set()
    token = _asking.set(True)
    try:
        # stdout is reserved for the output of commands
        with redirect_stdout(sys.stderr):
            for plugin, answer in manager.answers(hook, failed=lambda *_: None):
                with suppress(click.ClickException):
                    for command in plugin.listed(hook, answer):
                        names.update(str(option.name) for _, option in _given(command, manager, []))
    finally:
        _asking.reset(token)
    return sorted(names)


def added_options(
    command: click.Command, params: Sequence[click.Parameter], manager: PluginManager
) -> list[click.Parameter]:
    """Return the options that plugins add to a command; warn about those that are left out.

    Args:
        command: The command.
        params: Its own parameters.
        manager: The plugins.
    """
    added, problems = offered_options(command, params, manager)
    for problem in problems:
        click.echo(f"Warning: {problem}.", err=True)
    return added


def offered_options(
    command: click.Command, params: Sequence[click.Parameter], manager: PluginManager
) -> tuple[list[click.Parameter], list[str]]:
    """Return the options that plugins add to a command, and the problems with others.

    Each stores its value for `plugin_option`. A plugin that fails must not break the command, nor its `--help`.

    Args:
        command: The command.
        params: Its own parameters.
        manager: The plugins.
    """
    problems: list[str] = []
    if not manager.hook.ellar_db_command_options.get_hookimpls():
        return [], problems
    # the group's help options, which its commands have too
    taken: dict[str, str] = dict.fromkeys(("-h", "--help"), str(command.name))
    for param in params:
        taken |= dict.fromkeys((*param.opts, *param.secondary_opts, str(param.name)), str(command.name))
    added: list[click.Parameter] = []
    for plugin, option in _given(command, manager, problems):
        spellings = [*option.opts, *option.secondary_opts, str(option.name)]
        rival = next((spelling for spelling in spellings if spelling in taken), None)
        if rival is not None:
            problems.append(
                f"the plugin {plugin.title} adds {option.opts[0]} to {command.name}, where {rival} is taken by "
                f"{taken[rival]}; it is left out"
            )
            continue
        taken |= dict.fromkeys(spellings, plugin.title)
        added.append(_keeping(option, plugin))
    return added, problems


def _given(
    command: click.Command, manager: PluginManager, problems: list[str]
) -> Iterator[tuple[Plugin, click.Option]]:
    hook = "ellar_db_command_options"

    def failed(plugin: Plugin, error: click.ClickException) -> None:
        what = summary(error.__cause__ or error)
        problems.append(f"the plugin {plugin.title} adds no options, since it failed in {hook}: {what}")

    for plugin, answer in manager.answers(hook, failed=failed, command=command):
        try:
            options = plugin.listed(hook, answer)
        except click.ClickException as error:
            failed(plugin, error)
            continue
        for option in options:
            if isinstance(option, click.Option):
                yield plugin, option
            else:
                what = f"adds {option!r} to {command.name}, which is no click.Option"
                problems.append(f"the plugin {plugin.title} {what}; it is left out")


def _keeping(option: click.Option, plugin: Plugin) -> click.Option:
    """Return a copy of an option whose value goes to `plugin_option`, and not to the command."""
    kept = copy.copy(option)
    own = option.callback

    def keep(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
        value = plugin.guarded(f"its option {param.opts[0]}", own, ctx, param, value) if own else value
        ctx.meta.setdefault(META, {})[param.name] = value
        return value

    kept.expose_value = False
    kept.callback = keep
    return kept
