"""Changes to click's objects that click doesn't intend to be changed."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import click


class DeferredCommand(click.Command):
    """A command of which only the name and the line in the help are known yet.

    Args:
        name: Its name.
        line: Its line in the help.
        make: Returns the command itself.
    """

    def __init__(self, name: str, line: str, make: Callable[[], click.Command]) -> None:
        super().__init__(name, short_help=line)
        self._make = make
        self._made: click.Command | None = None

    def __repr__(self) -> str:
        return f"<Command {self.name}>"

    def load(self) -> click.Command:
        """Return the command itself, which is made on first use."""
        if self._made is None:
            self._made = self._make()
        return self._made


def loaded(command: click.Command) -> click.Command:
    """Return a command itself, if it is a deferred one, or else as it is."""
    return command.load() if isinstance(command, DeferredCommand) else command


def replace_message(error: click.ClickException, message: str) -> None:
    """Replace the message of a click exception.

    `ClickException.message` is public, but typed as final. It is replaced since a new error would have another type,
    and with it another exit code and output. There is no public fallback.
    """
    vars(error)["message"] = message


def suggest(error: click.UsageError, instead: str = "") -> None:
    """Have an error about the command line suggest one thing, as all messages of ellar_db do.

    `possibilities` is public, but typed as final; click would add up to three of them in words of its own. The fallback
    is click's words.

    Args:
        error: The error.
        instead: What is suggested; by default the most similar name, of an option or a command that isn't there.
    """
    possible = error.possibilities if isinstance(error, (click.NoSuchOption, click.NoSuchCommand)) else None
    if not instead and possible:
        instead = f"did you mean {possible[0]}?"
    if instead:
        replace_message(error, f"{error.message.rstrip('.')}; {instead}")
        vars(error)["possibilities"] = None


def replace_exit_code(error: click.ClickException, code: int) -> None:
    """Replace the exit code of one click exception.

    `ClickException.exit_code` is public, but typed as the same for all errors of a class. It is replaced since the code
    is only known when the error is made. The fallback is a class for each code.
    """
    vars(error)["exit_code"] = code


def replace_show(error: click.ClickException, show: Callable[..., None]) -> None:
    """Replace how one click exception is shown.

    `ClickException.show` is public, but a method of a class. The outermost group calls it, which is Ellar's under
    `ellar db`. The fallback is click's own text, without colour.

    Args:
        error: The exception.
        show: Called as `show` is, with a stream or without one.
    """
    vars(error)["show"] = show


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
