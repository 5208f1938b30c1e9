"""The built-in plugins, which the plugin manager registers by module name."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING

from ellar_db.hookspecs import hookimpl
from ellar_db.util.click import DeferredCommand

if TYPE_CHECKING:
    import click

BUILTINS = {
    "pyproject": "ellar_db.providers.pyproject",
    "ellar_sql": "ellar_db.providers.ellar_sql",
    "module": "ellar_db.providers.module",
    "dialects": "ellar_db.providers.dialects",
    "guard": "ellar_db.providers.guard",
    "objects": "ellar_db.providers.objects",
    "provisioning": "ellar_db.providers.provisioning",
    "templates": "ellar_db.providers.templates",
    "types": "ellar_db.providers.types",
    "invoking": "ellar_db.cli.invoking",
    "adopt": "ellar_db.commands.adopt",
    "branches": "ellar_db.commands.branches",
    "check": "ellar_db.commands.check",
    "completion": "ellar_db.commands.completion",
    "create": "ellar_db.commands.create",
    "current": "ellar_db.commands.current",
    "doctor": "ellar_db.commands.doctor",
    "downgrade": "ellar_db.commands.downgrade",
    "drop": "ellar_db.commands.drop",
    "edit": "ellar_db.commands.edit",
    "ensure_version": "ellar_db.commands.ensure_version",
    "explain": "ellar_db.commands.explain",
    "graph": "ellar_db.commands.graph.command",
    "heads": "ellar_db.commands.heads",
    "history": "ellar_db.commands.history",
    "init": "ellar_db.commands.init",
    "lint": "ellar_db.commands.lint",
    "list_templates": "ellar_db.commands.list_templates",
    "merge": "ellar_db.commands.merge",
    "migrate": "ellar_db.commands.migrate",
    "plan": "ellar_db.commands.plan",
    "plugins": "ellar_db.commands.plugins.command",
    "rebase": "ellar_db.commands.rebase",
    "repair": "ellar_db.commands.repair",
    "revision": "ellar_db.commands.revision",
    "settings": "ellar_db.commands.settings",
    "show": "ellar_db.commands.show",
    "squash": "ellar_db.commands.squash",
    "stamp": "ellar_db.commands.stamp",
    "status": "ellar_db.commands.status",
    "upgrade": "ellar_db.commands.upgrade",
    "verify": "ellar_db.commands.verify",
    "wait": "ellar_db.commands.wait",
}
"""Modules by the name under which they are registered, in order; the last of the providers is called first."""

LINES = {
    "adopt": "Move in a folder of Alembic, Flask-Migrate, advanced-alchemy or ellar-sql.",
    "branches": "Show current branch points.",
    "check": "Check if there are any new operations to migrate.",
    "completion": "Complete command lines in bash, zsh or fish.",
    "create": "Make the databases that aren't there.",
    "current": "Display the current revision for each database.",
    "doctor": "Say what is in order, and what is wrong.",
    "downgrade": "Revert to a previous version.",
    "drop": "Drop the databases, with all that is in them.",
    "edit": "Edit a revision file using $EDITOR.",
    "ensure_version": "Create the Alembic version table if it doesn't exist already.",
    "explain": "Explain an error by its code.",
    "graph": "Draw the history of revisions.",
    "heads": "Show current available heads in the script directory.",
    "history": "List changeset scripts in chronological order.",
    "init": "Create a new migrations folder.",
    "lint": "Apply the rules to revisions, from their files.",
    "list_templates": "List available templates.",
    "merge": "Merge two revisions together, creating a new revision file.",
    "migrate": "Autogenerate a new revision file (alias for 'revision --autogenerate').",
    "plan": "Show what an upgrade or a downgrade would do.",
    "plugins": "Show the plugins and their state.",
    "rebase": "Let revisions of a branch follow another head.",
    "repair": "Resolve an interrupted run (MySQL, MariaDB).",
    "revision": "Create a new revision file.",
    "settings": "Show the settings, and where each value comes from.",
    "show": "Show the revision denoted by the given symbol.",
    "squash": "Put one revision in place of several, with proof.",
    "stamp": "Set the revision in the database without running migrations.",
    "status": "Show where each database stands, and what is left to do.",
    "upgrade": "Upgrade to a later version.",
    "verify": "Try pending revisions on a scratch database: up, down and up, with rows.",
    "wait": "Wait until the databases answer, or are at the newest revision.",
}
"""The line in the help of each built-in plugin that gives a command, which a test holds to the command's own."""

TASKS = {
    "Write revisions": (
        *("init", "migrate", "revision", "edit", "merge", "rebase", "squash"),
        *("adopt", "list-templates"),
    ),
    "Run revisions": ("upgrade", "downgrade", "stamp"),
    "Look": ("status", "current", "plan", "history", "heads", "branches", "show", "graph"),
    "Check": ("check", "lint", "verify"),
    "Operate": ("create", "drop", "wait", "repair", "ensure-version"),
    "Plugins": ("plugins",),
    "Help": ("doctor", "settings", "explain", "completion"),
}
"""The built-in commands by what they are for, in the order of the help of the group."""


class CommandModule:
    """A built-in plugin that gives one command, whose module is imported when the command is used.

    Args:
        name: The plugin's name in `BUILTINS`.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    @hookimpl
    def ellar_db_register_commands(self) -> Iterator[click.Command]:
        """Yield the command that the module's own hook yields, before it is imported."""
        yield DeferredCommand(self.name.replace("_", "-"), LINES[self.name], self._command)

    def _command(self) -> click.Command:
        return command_of(self.name)


def command_of(name: str) -> click.Command:
    """Return the command that a built-in plugin gives.

    Args:
        name: The plugin's name in `BUILTINS`.
    """
    (command,) = import_module(BUILTINS[name]).ellar_db_register_commands()
    return command  # type: ignore[no-any-return]


def built_in(name: str) -> object:
    """Return a built-in plugin: a module, or what stands for one that gives a command.

    Args:
        name: Its name in `BUILTINS`.
    """
    return CommandModule(name) if name in LINES else import_module(BUILTINS[name])
