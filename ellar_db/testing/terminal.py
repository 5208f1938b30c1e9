"""A command in the test's process, with logging and warnings as a program of its own has them."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import StringIO
from typing import IO, TYPE_CHECKING, Any, TypedDict

import click
from click.testing import CliRunner

if TYPE_CHECKING:
    from click.testing import Result

WIDTH = 78
"""What click uses of 80 columns; its runner would have it use all of them."""

PYTEST = "_pytest."
"""The beginning of the names of pytest's modules."""

HIDDEN = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)
"""Warnings that Python doesn't show unless it is told to; pytest always shows some of them."""


class Invoking(TypedDict, total=False):
    """Options of click's `CliRunner.invoke`.

    Args:
        input: What the program reads from the terminal.
        env: Variables of its environment; None removes one.
        catch_exceptions: Keep an exception in the result instead of raising it.
        color: Keep colours.
        terminal_width: How many columns the help has.
        standalone_mode: Whether the program exits by itself.
    """

    input: str | bytes | IO[bytes] | IO[str] | None
    env: Mapping[str, str | None] | None
    catch_exceptions: bool
    color: bool
    terminal_width: int
    standalone_mode: bool


def invoked(program: click.Command, name: str, arguments: tuple[str, ...], options: Invoking) -> Result:
    """Run a program in this process; what it prints is what a terminal would show.

    Args:
        program: The program.
        name: Its name.
        arguments: The command line.
        options: Options of click's `CliRunner.invoke`.
    """
    runner: Any = CliRunner()
    with logging_as_in_a_program():
        result: Result = runner.invoke(
            _Program(program),
            arguments,
            prog_name=name,
            # what compares output wants no colours, as in a pipe, whatever is set for pytest's own
            env={"FORCE_COLOR": None, "ELLAR_DB_LOG_FORMAT": None, **(options.pop("env", None) or {})},
            **{"catch_exceptions": False, "terminal_width": WIDTH, **options},
        )
    return result


class _Program:
    """A program whose output is the same as in a process of its own."""

    def __init__(self, program: click.Command) -> None:
        self.program = program
        self.name = program.name

    def main(self, **options: Any) -> Any:
        """Run the program, within the streams that click's runner keeps."""
        try:
            with _warnings_as_in_a_program():
                return self.program.main(**options)
        except SystemExit as error:
            if not isinstance(error.code, str):
                raise
            # as Python does; click's runner would print it on stdout
            click.echo(error.code, err=True)
            raise SystemExit(1) from error


@contextmanager
def logging_as_in_a_program() -> Iterator[None]:
    """Let a command find the logging of a new process, and undo what it does to the loggers.

    pytest's handlers still get each record, but don't count as handlers that the application has set up: these replace
    the program's own output. Those of the application, and levels, are left as they are.
    """
    root = logging.root
    above = logging.Logger("ellar_db.testing")
    above.handlers = [handler for handler in root.handlers if type(handler).__module__.startswith(PYTEST)]
    if above.handlers:
        above.addHandler(_LastResort(logging.WARNING))
    parent = root.parent
    with logging_restored():
        root.handlers = [handler for handler in root.handlers if handler not in above.handlers]
        # what reaches the root goes on to pytest
        root.parent = above
        try:
            yield
        finally:
            root.parent = parent


@contextmanager
def logging_restored() -> Iterator[None]:
    """Undo what is done to the logging of the process, as an env.py does with `fileConfig`."""
    before = {each: (each.handlers[:], each.level, each.disabled, each.propagate) for each in loggers()}
    try:
        yield
    finally:
        for each in loggers():
            # one that is new is as a new one is
            handlers, level, disabled, propagate = before.get(each, ([], logging.NOTSET, False, True))
            each.handlers[:] = handlers
            if each.level != level:
                # which empties the caches of all loggers
                each.setLevel(level)
            each.disabled, each.propagate = disabled, propagate


def loggers() -> list[logging.Logger]:
    """Return all loggers of the process."""
    known = list(logging.root.manager.loggerDict.values())
    return [logging.root, *(found for found in known if isinstance(found, logging.Logger))]


class _LastResort(logging.Handler):
    """Prints on stderr what no handler but pytest's gets, as Python does where there is none at all."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print a record."""
        logger: logging.Logger | None = logging.getLogger(record.name)
        while logger is not None and logger is not logging.root.parent:
            if logger.handlers:
                return
            logger = logger.parent if logger.propagate else None
        if logging.lastResort is not None:
            logging.lastResort.handle(record)


@contextmanager
def _warnings_as_in_a_program() -> Iterator[None]:
    """Show the warnings that a terminal would show; the test's filters and pytest's summary get all of them."""
    recorded = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], filename: str, lineno: int, *_: Any) -> None:
        # where pytest records no warnings, this would print it
        recorded(message, category, filename, lineno, StringIO())
        if not issubclass(category, HIDDEN):
            sys.stderr.write(warnings.formatwarning(message, category, filename, lineno))

    with warnings.catch_warnings():
        warnings.showwarning = show  # type: ignore[assignment]  # the rest is not needed
        yield
