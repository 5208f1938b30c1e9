"""Changes to click's objects that click doesn't intend to be changed."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import click


def replace_message(error: click.ClickException, message: str) -> None:
    """Replace the message of a click exception.

    `ClickException.message` is public, but typed as final. It is replaced since a new error would have another type,
    and with it another exit code and output. There is no public fallback.
    """
    vars(error)["message"] = message


def replace_exit_code(error: click.ClickException, code: int) -> None:
    """Replace the exit code of one click exception.

    `ClickException.exit_code` is public, but typed as the same for all errors of a class. It is replaced since the code
    is only known when the error is made. The fallback is a class for each code.
    """
    vars(error)["exit_code"] = code


def command_invoking(command: click.Command, invoke: Callable[[click.Context], Any]) -> click.Command:
    """Return a copy of a command that calls a function in place of its `invoke`.

    `Command.invoke` is public, but a method; it is replaced on this one object since the command may be of any class.
    The fallback is a subclass of the command's class, made for each command.

    Args:
        command: The command, which isn't changed.
        invoke: The function, called with the context.
    """
    copied = copy.copy(command)
    vars(copied)["invoke"] = invoke
    return copied
