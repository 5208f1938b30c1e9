"""Error handling for all commands: an error becomes one line, which names the plugin whose code raised it."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from io import StringIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from ellar_db.cli.troubles import with_page
from ellar_db.options import tracebacks_wanted
from ellar_db.output.absent import Absent, all_streams
from ellar_db.output.lossy import lossy
from ellar_db.output.style import BAD, colour, folded, styled
from ellar_db.plugins.blame import code_raised
from ellar_db.util.click import replace_message, replace_show, suggest
from ellar_db.util.errors import FULL, DbError, in_one_line, stack_trace
from ellar_db.util.masking import masked, say

if TYPE_CHECKING:
    from ellar_db.plugins.manager import PluginManager
    from ellar_db.plugins.record import Plugin


@contextmanager
def one_line() -> Iterator[None]:
    """Reduce an error's message to one line, whatever it quotes from the command line, and colour how it begins.

    The help of a group that was called without arguments, which click raises as an error too, keeps its lines.

    Raises:
        DbError: The output can't be written.
    """
    try:
        yield
    except OSError as error:
        lost = _lost(error)
        if lost is None:
            raise
        if not isinstance(sys.stdout, Absent):
            # Python itself would try to write again at exit, and report an error
            sys.stdout = Path(os.devnull).open("w", encoding="utf-8")
        raise lost from error
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.ClickException as error:
        if isinstance(error, click.UsageError):
            from ellar_db.cli.habits import instead_of_arguments

            suggest(error, instead_of_arguments(error))
        replace_message(error, masked(in_one_line(error.message)))
        _colour(error)
        raise


def _colour(error: click.ClickException) -> None:
    """Have the word with which an error's last line begins in a colour, where there are colours."""
    replace_show(error, partial(_show, error))


def _show(error: click.ClickException, file: IO[Any] | None = None) -> None:
    """Print an error as its own class does, after its usage if that is wrong."""
    with all_streams():
        _show_on(error, file)


def _show_on(error: click.ClickException, file: IO[Any] | None) -> None:
    lines = StringIO()
    type(error).show(error, lines)
    before, told = lines.getvalue(), f"{error.format_message()}\n"
    usage, end, word = before.removesuffix(told).rstrip(" ").rpartition("\n")
    # a help that is shown as an error has no such word
    if before.endswith(told) and word:
        before = f"{usage}{end}" + folded(f"{styled(word, **BAD)} {told[:-1]}", file or sys.stderr) + "\n"
    with lossy(sys.stderr):
        click.echo(before, file=file, err=True, color=colour(), nl=False)


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
        if isinstance(shown, click.ClickException):
            _colour(shown)
        cause = error if known else error.__cause__
        if cause is not None and isinstance(shown, click.ClickException) and tracebacks_wanted():
            say(stack_trace(cause).rstrip("\n"), err=True)
        if known is None:
            raise
        raise known from error


def left_to_click(error: BaseException) -> bool:
    """Return whether an error is left to click: `sys.exit`, the end of the input, or a closed output pipe."""
    return isinstance(error, (SystemExit, EOFError)) or getattr(error, "errno", None) == errno.EPIPE


def _lost(error: OSError) -> DbError | None:
    """Return what to say of an error if it is that the output can't be written."""
    return DbError(f"the output can't be written: {error.strerror}") if error.errno in FULL else None


def _known(
    manager: Callable[[], PluginManager], error: BaseException, owner: Callable[[], Plugin | None]
) -> click.ClickException | None:
    from ellar_db.plugins.alembic import alembic_broken

    # one of Alembic's own plugins, which may raise anything, may have broken `import alembic`
    broken = alembic_broken(error)
    told = (click.ClickException, click.exceptions.Exit, click.Abort)
    if broken is not None or left_to_click(error) or isinstance(error, told):
        return broken
    # e.g. an option's callback
    plugin = code_raised(manager().records, error, owner())
    return None if plugin is None else plugin.failure("its code", error)
