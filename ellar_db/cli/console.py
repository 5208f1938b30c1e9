"""Alembic's progress on stderr while a command runs, without touching the application's logging."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from traceback import walk_stack
from typing import Any

from ellar_db.util.masking import say


class _Progress(logging.Handler):
    """Prints the parts of Alembic's log that matter to users, unless the application logs them itself."""

    def emit(self, record: logging.LogRecord) -> None:
        # the application has set up its own handlers meanwhile, which show the log
        if logging.root.handlers:
            return
        # what autogenerate detects is shown in words, once it is known what is written
        progress = record.name.startswith("ellar_db") or str(record.msg).startswith("Running")
        # a revision's message may have several lines
        line = " ".join(record.getMessage().splitlines())
        if record.levelno > logging.INFO:
            say(f"{record.levelname.capitalize()}: {line}", err=True)
        elif progress:
            say(line, err=True)


@contextmanager
def messages(quiet: bool = False) -> Iterator[None]:
    """Show the progress of migrations, and warnings of Alembic and SQLAlchemy, on stderr while a command runs.

    Args:
        quiet: Show nothing.
    """
    loggers = [logging.getLogger(name) for name in ("alembic", "ellar_db")]
    levels = [logger.level for logger in loggers]
    handler = _Progress()
    for logger in loggers:
        logger.addHandler(handler)
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.ERROR if quiet else logging.INFO)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = partial(_show_warning, warnings.showwarning)
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.removeHandler(handler)
            logger.setLevel(level)


def _show_warning(
    others: Callable[..., Any], message: Warning | str, category: type[Warning], filename: str, *rest: Any
) -> None:
    """Print a warning of Alembic or SQLAlchemy in one line, without its source line.

    One about deprecated code stays as Python shows it: to developers who ask for it, with its source line.
    """
    message = _twins() or message
    for_developers = issubclass(category, (DeprecationWarning, PendingDeprecationWarning))
    for name in () if for_developers else ("alembic", "sqlalchemy"):
        package = sys.modules.get(name)
        if package is not None and Path(filename).is_relative_to(Path(str(package.__file__)).parent):
            say(f"Warning: {' '.join(str(message).splitlines())}", err=True)
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
