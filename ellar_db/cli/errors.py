"""Error handling for all commands: an error becomes one line, which names the plugin whose code raised it."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ellar_db.cli.troubles import with_page
from ellar_db.options import tracebacks_wanted
from ellar_db.plugins.blame import code_raised
from ellar_db.util.click import replace_message, suggest
from ellar_db.util.errors import FULL, DbError, in_one_line, stack_trace
from ellar_db.util.masking import masked, say

if TYPE_CHECKING:
    from ellar_db.plugins.manager import PluginManager
    from ellar_db.plugins.record import Plugin


@contextmanager
def one_line() -> Iterator[None]:
    """Reduce an error's message to one line, whatever it quotes from the command line.

    The help of a group that was called without arguments, which click raises as an error too, keeps its lines.
    """
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.ClickException as error:
        if isinstance(error, (click.NoSuchOption, click.NoSuchCommand)):
            suggest(error)
        replace_message(error, masked(in_one_line(error.message)))
        raise


@contextmanager
def explained(manager: Callable[[], PluginManager], owner: Callable[[], Plugin | None]) -> Iterator[None]:
    """Convert uncaught errors into a message if their cause is known.

    With `--traceback`, the traceback is shown too.

    Args:
        manager: Returns the plugins, which are only asked for once there is an error.
        owner: Returns the plugin whose command was about to run, or None.

    Raises:
        click.ClickException: The cause is known.
    """
    try:
        with one_line():
            yield
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # plugins, models and revisions may raise anything
        known = _known(manager, error, owner)
        shown = known or error
        if isinstance(shown, DbError):
            replace_message(shown, with_page(shown.message))
        cause = error if known else error.__cause__
        if cause is not None and isinstance(shown, click.ClickException) and tracebacks_wanted():
            say(stack_trace(cause).rstrip("\n"), err=True)
        if known is None:
            raise
        raise known from error


def left_to_click(error: BaseException) -> bool:
    """Return whether an error is left to click: `sys.exit`, the end of the input, or a closed output pipe."""
    return isinstance(error, (SystemExit, EOFError)) or getattr(error, "errno", None) == errno.EPIPE


def _known(
    manager: Callable[[], PluginManager], error: BaseException, owner: Callable[[], Plugin | None]
) -> click.ClickException | None:
    from ellar_db.plugins.alembic import alembic_broken

    if isinstance(error, OSError) and error.errno in FULL:
        # Python itself would try to write again at exit, and report an error
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")
        return DbError(f"the output can't be written: {error.strerror}")
    # one of Alembic's own plugins, which may raise anything, may have broken `import alembic`
    broken = alembic_broken(error)
    told = (click.ClickException, click.exceptions.Exit, click.Abort)
    if broken is not None or left_to_click(error) or isinstance(error, told):
        return broken
    # e.g. an option's callback
    plugin = code_raised(manager().records, error, owner())
    return None if plugin is None else plugin.failure("its code", error)
