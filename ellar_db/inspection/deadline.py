"""Calls that are given up at a deadline, whatever they wait for."""

from __future__ import annotations

import contextvars
import time
from collections.abc import Callable
from contextlib import nullcontext
from threading import Thread
from typing import Generic, TypeVar

import click

from ellar_db.databases.limits import LONGEST

T = TypeVar("T")

PIECE = 0.2
"""Seconds after which a wait is begun again: on Windows, Ctrl-C doesn't end one for another thread."""


class Call(Generic[T]):
    """A function that runs in a thread, so that no driver that waits for a server can delay the end of the program.

    Args:
        work: The function. It sees the same context as the code around it.
    """

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._results: list[T] = []
        self._error: BaseException | None = None
        self._command = click.get_current_context(silent=True)
        # what still runs at the end of the program ends with it
        self._thread = Thread(target=contextvars.copy_context().run, args=(self._run,), daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            # click keeps its contexts by thread
            with nullcontext() if self._command is None else self._command.scope(cleanup=False):
                self._results.append(self._work())
        except BaseException as error:  # it is raised again where the result is asked for
            self._error = error

    def ends_before(self, moment: float) -> bool:
        """Wait for the end of the function.

        Args:
            moment: Until when, by `time.monotonic`.

        Returns:
            Whether it has ended.
        """
        while self._thread.is_alive() and (left := moment - time.monotonic()) > 0:
            self._thread.join(min(PIECE, left))
        return not self._thread.is_alive()

    def result(self) -> T:
        """Return what the function returned, once it has ended.

        Raises:
            BaseException: What it raised.
        """
        if self._error is not None:
            raise self._error
        return self._results[0]


def pause(seconds: float, moment: float) -> None:
    """Sleep for some seconds, or until a moment if that is sooner.

    Args:
        seconds: The seconds.
        moment: The moment, by `time.monotonic`.
    """
    time.sleep(max(0.0, min(seconds, moment - time.monotonic(), LONGEST)))
