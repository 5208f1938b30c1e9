"""What other programs call our commands and their options, so that a habit of theirs leads to ours."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import click

from ellar_db.config.command_line import program, quoted
from ellar_db.options import group_options

COMMANDS = {
    # Django
    "makemigration": ("migrate",),
    "showmigration": ("status", "history -i"),
    "squashmigration": ("squash",),
    "sqlmigrate": ("upgrade --sql PARENT:REVISION",),
    "optimizemigration": ("squash",),
    # Flask-Migrate's options, Rails, Laravel, Prisma, goose and others
    "autogenerate": ("migrate",),
    "apply": ("upgrade",),
    "diff": ("check",),
    "down": ("downgrade",),
    "generate": ("migrate", "revision"),
    "log": ("history",),
    "new": ("revision",),
    "reset": ("downgrade base",),
    "rollback": ("downgrade",),
    "up": ("upgrade",),
    "version": ("current",),
}
"""Commands of other programs, as `_plain` writes them, and ours that do what they do."""

WRITING = {
    "--check": ("check", "status --exit-code"),
    "--empty": ("revision",),
    "--fake": ("stamp",),
    "--fake-initial": ("stamp",),
    "--list": ("history",),
    "--merge": ("merge",),
    "--plan": ("plan",),
    "--update": ("edit",),
}
RUNNING = {
    "--check": ("status --exit-code",),
    "--fake": ("stamp REVISION",),
    "--fake-initial": ("stamp REVISION",),
    "--plan": ("plan REVISION",),
}
OPTIONS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "migrate": WRITING,
    "upgrade": RUNNING,
    "downgrade": {**RUNNING, "--dry-run": ("plan REVISION",)},
}
"""By command: options of other programs' commands that are like it, and our commands that do what they do.

REVISION is the one that was typed, or what `TARGETS` has."""

TARGETS = {"upgrade": "head", "downgrade": "base"}
"""Where a command goes for which no revision was typed, or none is known yet."""

ZERO = "zero"
"""Django's word for `base`."""

EXTRA = re.compile(r"Got unexpected extra arguments? \((?P<words>.*)\)")
"""How click refuses arguments that a command doesn't take."""


def instead_of_command(name: str, ctx: click.Context) -> str:
    """Return which command does here what one of another program does; an empty string if it is in none.

    Args:
        name: What was typed.
        ctx: The context of the group.

    Example:
        >>> import click
        >>> instead_of_command("makemigrations", click.Context(click.Group("ellar-db"), info_name="ellar-db"))
        'it is `ellar-db migrate` here'
    """
    ours = COMMANDS.get(_plain(name))
    if ours is None:
        return ""
    with click.Context(click.Command(name), parent=ctx, info_name=name) as typed:
        return f"it is {_commands(ours, typed)} here"


def instead_of_arguments(error: click.UsageError) -> str:
    """Return which command does here what options or arguments of another program's do; or an empty string.

    Args:
        error: What is wrong with the command line.
    """
    ctx = error.ctx
    if ctx is None or ctx.parent is None or ctx.command.name is None:
        return ""
    known = OPTIONS.get(ctx.command.name, {})
    found = EXTRA.fullmatch(error.message)
    words = [error.option_name] if isinstance(error, click.NoSuchOption) else found["words"].split() if found else []
    # a command that takes -1 as its argument takes unknown options as further ones
    option = next((word for word in words if word in known), None)
    with ctx.scope(cleanup=False):
        if option is not None:
            target = ctx.params.get("revision") or TARGETS.get(ctx.command.name, "")
            told = _commands([each.replace("REVISION", quoted(target)) for each in known[option]], ctx)
            return f"that is {told} here" if found is None else f"{option} is {told} here"
        if ctx.command.name == "migrate" and found is not None:
            return f"it writes a revision; {_moving(words[-1], ctx)}"
    return ""


def _moving(target: str, ctx: click.Context) -> str:
    """Return which command moves a database to what Django's `migrate` was given: a migration, or an app alone."""
    if target == ZERO:
        return f"`{_program(ctx)} downgrade base` undoes all"
    if any(character.isdigit() for character in target):
        return f"`{_program(ctx)} upgrade {quoted(target)}` runs one"
    return f"`{_program(ctx)} upgrade` runs them"


def _commands(ours: Iterable[str], ctx: click.Context) -> str:
    return " or ".join(f"`{_program(ctx)} {command}`" for command in ours)


def _program(ctx: click.Context) -> str:
    # the option's value may not have been read yet when another one is refused
    ctx.params.setdefault("directory", group_options().directory)
    return program()


def _plain(name: str) -> str:
    """Return a command's name without what programs write differently: hyphens, underscores, and the plural."""
    return name.replace("-", "").replace("_", "").removesuffix("s")
