"""Alembic's progress on stderr while a command runs, without touching the application's logging."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from traceback import walk_stack
from typing import TYPE_CHECKING, Any

import click

from ellar_db.options import JSON, TEXT, GroupOptions
from ellar_db.output.line_starts import watched
from ellar_db.output.screen import Screen
from ellar_db.output.steps import Step, watchers
from ellar_db.output.style import BAD, WARNING, styled
from ellar_db.util.masking import masked_statement

if TYPE_CHECKING:
    from ellar_db.output.json_lines import JsonLines


class _Progress(logging.Handler):
    """Prints the parts of the log that matter to users, unless the application logs them itself.

    Args:
        options: The options of the command line.
    """

    def __init__(self, options: GroupOptions) -> None:
        super().__init__()
        self._verbose, self._quiet = options.verbose, options.quiet
        self.screen = Screen(every=bool(options.verbose))

    def emit(self, record: logging.LogRecord) -> None:
        # the application has set up its own handlers meanwhile, which show the log
        if logging.root.handlers:
            return
        step = getattr(record, "step", None)
        if isinstance(step, Step):
            if not self._quiet:
                self.screen.step(step)
            return
        is_problem = record.levelno > logging.INFO
        # what autogenerate detects is shown in words, once it is known what is written
        if not is_problem and not self._verbose and not record.name.startswith("ellar_db"):
            return
        # a revision's message may have several lines
        line = styled(masked_statement(" ".join(record.getMessage().splitlines())))
        if is_problem:
            style = WARNING if record.levelno == logging.WARNING else BAD
            self.screen.line(styled(f"{record.levelname.capitalize()}:", **style), " ", line)
        else:
            self.screen.line(line)

    def begin(self, step: Step) -> None:
        """Show that a step begins, unless the log is shown elsewhere or not at all."""
        if not logging.root.handlers and self in logging.getLogger("ellar_db").handlers:
            self.screen.step(step)

    def warn(self, text: str) -> None:
        """Show a warning of Python's."""
        self.screen.line(styled("Warning:", **WARNING), " ", styled(text))


@contextmanager
def messages(options: GroupOptions, log_format: str = TEXT) -> Iterator[None]:
    """Show the progress of migrations, and warnings of Alembic and SQLAlchemy, on stderr while a command runs.

    Args:
        options: The options of the command line, which say how much is shown.
        log_format: One of `FORMATS`.
    """
    lowest = logging.ERROR if options.quiet else logging.INFO
    # as text, Alembic's log is chosen line by line; the steps say the same
    alembic = lowest if options.verbose or log_format == TEXT else max(lowest, logging.WARNING)
    levels = {"alembic": alembic, "ellar_db": lowest}
    # what it says when it is imported, which bare `alembic` never shows
    levels["alembic.runtime.plugins"] = logging.WARNING
    if options.verbose > 1:
        levels["sqlalchemy.engine"] = logging.INFO
    handler = _json_lines() if log_format == JSON else _Progress(options)
    with ExitStack() as stack:
        # on a terminal the screen sees to it
        if not isinstance(handler, _Progress) or not sys.stderr.isatty():
            stack.enter_context(watched(sys.stderr))
        if isinstance(handler, _Progress):
            stack.callback(handler.screen.clear)
            if handler.screen.is_live and not options.quiet:
                watchers.append(handler.begin)
                stack.callback(watchers.remove, handler.begin)
        for name, level in levels.items():
            stack.enter_context(_logging(logging.getLogger(name), handler, level, alone=log_format == JSON))
        stack.enter_context(warnings.catch_warnings())
        warnings.showwarning = partial(_show_warning, warnings.showwarning, handler.warn)
        yield


def _json_lines() -> JsonLines:
    from ellar_db.output.json_lines import JsonLines

    return JsonLines()


@contextmanager
def errors_as_records() -> Iterator[None]:
    """Log errors, which click would print.

    Raises:
        click.exceptions.Exit: There was an error; with its exit code.
    """
    try:
        yield
    except click.ClickException as error:
        logging.getLogger("ellar_db").error("%s", error.format_message())
        raise click.exceptions.Exit(error.exit_code) from error


@contextmanager
def _logging(logger: logging.Logger, handler: logging.Handler, level: int, *, alone: bool) -> Iterator[None]:
    """Let a handler see the records of a logger from a level on, unless the application has set another.

    Args:
        logger: The logger.
        handler: The handler.
        level: The level.
        alone: Whether the application's handlers see them no more: they would write lines of another form between them.
    """
    before, propagates = logger.level, logger.propagate
    # a child's records come to the handler of its parent
    if not logger.name.startswith(("alembic.", "ellar_db.")):
        logger.addHandler(handler)
        if alone:
            logger.propagate = False
    if before == logging.NOTSET:
        logger.setLevel(level)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
        logger.propagate = propagates


def _show_warning(
    others: Callable[..., Any],
    warn: Callable[[str], None],
    message: Warning | str,
    category: type[Warning],
    filename: str,
    *rest: Any,
) -> None:
    """Print a warning of Alembic or SQLAlchemy in one line, without its source line.

    One about deprecated code stays as Python shows it: to developers who ask for it, with its source line.
    """
    message = _twins() or message
    for_developers = issubclass(category, (DeprecationWarning, PendingDeprecationWarning))
    for name in () if for_developers else ("alembic", "sqlalchemy"):
        package = sys.modules.get(name)
        if package is not None and Path(filename).is_relative_to(Path(str(package.__file__)).parent):
            warn(" ".join(str(message).splitlines()))
            return
    others(message, category, filename, *rest)


def _twins() -> str:
    """Return the warning about two files with one revision id with their names, if it is being shown."""
    if "alembic.script.revision" not in sys.modules:
        return ""
    # only such a folder needs them
    from ellar_db.config.reports.broken_files import twins
    from ellar_db.util.alembic import duplicate_revision

    stack = (frame for frame, _ in walk_stack(None))
    found = next(filter(None, map(duplicate_revision, stack)), None)
    return "" if found is None else twins(*found)
