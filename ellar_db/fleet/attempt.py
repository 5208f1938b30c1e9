"""Run something on one database of many, whatever it raises."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from ellar_db.config.invocation import Way, Work
from ellar_db.config.reports.refusals import reported
from ellar_db.databases.database import Database
from ellar_db.fleet.outcome import Outcome
from ellar_db.options import tracebacks_wanted
from ellar_db.util.errors import in_one_line, stack_trace, summary
from ellar_db.util.masking import masked, say
from ellar_db.util.termination import end_if_terminated, interruption_behind

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationInfo

LOGGERS = ("alembic", "ellar_db")


def attempt(database: Database, work: Work, way: Way | None = None) -> Outcome:
    """Run a command on a database, and return what became of it.

    Args:
        database: The database.
        work: What the command does.
        way: What it is for; None if it comes to the same however often it is run.
    """
    end_if_terminated()
    began = time.monotonic()
    with warnings_kept() as said:
        try:
            with reported():
                steps = work.run(database, way)
        except (click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:  # a revision may raise anything; the other databases must not suffer
            interruption = interruption_behind(error)
            if interruption is not None:
                raise interruption from error
            told = error.message if isinstance(error, click.ClickException) else summary(error)
            if tracebacks_wanted():
                say(stack_trace(error).rstrip("\n"), err=True)
        else:
            seconds, emptied = time.monotonic() - began, bool(work.options.get("purge"))
            return _succeeded(database, steps, seconds, said, emptied=emptied)
    error_line = masked(in_one_line(told))
    return Outcome(database.name, "failed", seconds=time.monotonic() - began, error=error_line, warnings=tuple(said))


def _succeeded(
    database: Database, steps: Sequence[MigrationInfo], seconds: float, said: Sequence[str], *, emptied: bool
) -> Outcome:
    if not steps and emptied:
        # which leads to base, wherever it was
        return Outcome(database.name, "migrated", after=(), seconds=seconds, warnings=tuple(said))
    if not steps:
        return Outcome(database.name, "unchanged", seconds=seconds, warnings=tuple(said))
    before, after = steps[0].source_revision_ids, steps[-1].destination_revision_ids
    return Outcome(database.name, "migrated", before, after, len(steps), seconds, warnings=tuple(said))


@contextmanager
def warnings_kept() -> Iterator[list[str]]:
    """Keep the warnings of a run, and leave out what it says of each step."""
    keeping = _Keeping()
    loggers = [logging.getLogger(name) for name in LOGGERS]
    before = [(logger, logger.handlers, logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.handlers, logger.propagate = [keeping], False
    try:
        yield keeping.said
    finally:
        for logger, handlers, propagates in before:
            logger.handlers, logger.propagate = handlers, propagates


class _Keeping(logging.Handler):
    """Keeps warnings, each in one line."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if hasattr(record, "step"):
            # the outcome says so
            return
        self.said.append(masked(in_one_line(record.getMessage())))
