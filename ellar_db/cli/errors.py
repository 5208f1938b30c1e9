"""The one door for errors: what a command raises becomes one line, and names the plugin whose code raised it."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ellar_db.options import tracebacks_wanted
from ellar_db.plugins.blame import code_raised
from ellar_db.util.click import replace_message
from ellar_db.util.errors import FULL, DbError, in_one_line, stack_trace
from ellar_db.util.masking import masked

if TYPE_CHECKING:
    from ellar_db.plugins.manager import PluginManager


@contextmanager
def one_line() -> Iterator[None]:
    """Let an error's message be one line, whatever of the command line it quotes."""
    try:
        yield
    except click.ClickException as error:
        replace_message(error, masked(in_one_line(error.message)))
        raise


@contextmanager
def explained(manager: PluginManager) -> Iterator[None]:
    """Turn what nothing else has caught into a message, where it is known whose fault it is.

    With `--traceback`, what is behind a message is shown too.

    Args:
        manager: The plugins.

    Raises:
        click.ClickException: It is known.
    """
    try:
        with one_line():
            yield
    except (Exception, SystemExit) as error:
        known = _known(manager, error)
        shown = known or error
        cause = error if known else error.__cause__
        if cause is not None and isinstance(shown, click.ClickException) and tracebacks_wanted():
            click.echo(stack_trace(cause), err=True, nl=False)
        if known is None:
            raise
        raise known from error


def left_to_click(error: BaseException) -> bool:
    """Return whether a program may end so: by `sys.exit`, at the end of its input, or where nobody reads its output."""
    return isinstance(error, (SystemExit, EOFError)) or getattr(error, "errno", None) == errno.EPIPE


def _known(manager: PluginManager, error: Exception | SystemExit) -> click.ClickException | None:
    from ellar_db.plugins.alembic import alembic_broken

    if isinstance(error, OSError) and error.errno in FULL:
        # Python itself would try once more at its end, and complain
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")
        return DbError(f"the output can't be written: {error.strerror}")
    # one of Alembic's own plugins, which may raise anything, may have broken `import alembic`
    broken = alembic_broken(error)
    told = (click.ClickException, click.exceptions.Exit, click.Abort)
    if broken is not None or left_to_click(error) or isinstance(error, told):
        return broken
    # as an option's callback may
    plugin = code_raised(manager, error)
    return None if plugin is None else plugin.failure("its code", error)
