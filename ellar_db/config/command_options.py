"""`config.cmd_opts` as Alembic's own command line sets it, for what an env.py reads there."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from ellar_db.options import group_options

RENAMED = {"migrate": "revision"}
"""Commands of ours that are one of Alembic's under another name."""

ARGUMENTS = ("revision", "revisions", "folder", "directory")
"""What our commands call the argument of Alembic's, in this order."""

NOT_GIVEN = {"stamp": ("head",), "merge": ("heads",)}
"""What commands take if they are given no argument, which Alembic's insist on."""


def command_options(*, x_arg: Sequence[str] = (), autogenerate: bool = False) -> Namespace:
    """Return the options of the command that runs, with the names and the values that Alembic's own parser gives.

    An env.py may read all of them, above all `cmd`: the command's function, and the names of its arguments. For a
    command that Alembic doesn't have, `cmd` has that command's function. Outside of a command there is none.

    Args:
        x_arg: Values of `-x`.
        autogenerate: A revision is generated from the models.

    Example:
        >>> command_options(x_arg=["tenant=a"]).x
        ['tenant=a']
    """
    ctx = click.get_current_context(silent=True)
    found = Namespace() if ctx is None else _of_command(ctx)
    if autogenerate:
        found.autogenerate = True
    given = group_options()
    found.config = [str(file) for file in given.config_files] or None
    found.name = given.name
    found.x = list(x_arg) or None
    found.raiseerr = given.traceback
    found.quiet = given.quiet
    return found


def _of_command(ctx: click.Context) -> Namespace:
    name = str(ctx.command.name).replace("-", "_")
    found = _defaults(RENAMED.get(name, name)) if ctx.parent is not None else None
    if found is None:
        return Namespace(cmd=(ctx.command.callback, [], []))
    for param, value in ctx.params.items():
        # Alembic's parser has defaults of its own
        if param in vars(found) and ctx.get_parameter_source(param) is not ParameterSource.DEFAULT:
            setattr(found, param, _as_parsed(value))
    for argument in found.cmd[1]:
        setattr(found, argument, _argument(ctx, name))
    return found


def _defaults(name: str) -> Namespace | None:
    """Return what Alembic's parser makes of a command without options, or None if Alembic has no such command."""
    from inspect import Parameter, signature

    from alembic import command

    function: Any = getattr(command, name, None)
    if getattr(function, "__module__", None) != command.__name__:
        return None
    _, *parameters = signature(function).parameters.values()
    # arguments without a default are positional, and the parser insists on them
    needed = ["head" for each in parameters if each.default is Parameter.empty]
    return _parser().parse_args([name, *needed])


@cache
def _parser() -> ArgumentParser:
    from alembic.config import CommandLine

    return CommandLine().parser


def _argument(ctx: click.Context, name: str) -> Any:
    """Return a command's argument; if it wasn't given, what the command takes instead."""
    given = next((ctx.params[param] for param in ARGUMENTS if ctx.params.get(param)), None)
    if given is None and name == "downgrade":
        given = "head:-1" if ctx.params.get("sql") else "-1"
    return _as_parsed(given or NOT_GIVEN.get(name))


def _as_parsed(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    return list(value) or None if isinstance(value, tuple) else value
