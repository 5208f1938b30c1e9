"""Whose turn it is: one call runs at a time in a process, and none of those that run an env.py inside of a run."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from ellar_db.databases.limits import Limits
from ellar_db.util.alembic import running_environment
from ellar_db.util.errors import DbError

SHORTEST = 10.0
"""Seconds that every call waits for another one: `lock_timeout=0` is about other processes."""


class Turn:
    """The time of one call, and of those that it makes itself, as a plugin's hook may.

    Args:
        function: The name of the function.
    """

    def __init__(self, function: str) -> None:
        self.function = function


class _Process:
    """The calls of this process; a child that is forked begins with a new one."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.turn: Turn | None = None
        # what a thread ran in the parent at the time of the fork; the child doesn't have that thread
        self.abandoned: object = None


_process = _Process()

_own: ContextVar[Turn | None] = ContextVar("ellar_db_library", default=None)
"""The turn in which a function calls another one: perhaps in another thread, if that has a copy of the context."""


@contextmanager
def turn(function: str, patience: float | None = None, *, runs_env: bool = True) -> Iterator[None]:
    """Let one call run, once those of other threads have ended.

    Args:
        function: The name of the function.
        patience: How many seconds to wait for them; by default as long as for the lock of a run.
        runs_env: Whether it runs an env.py; Alembic can run only one at a time.

    Raises:
        DbError: A run is under way, and this call is a part of it; or another call hasn't ended in time.
    """
    process, own = _process, _own.get()
    # a task that was made in a turn may live longer
    if own is not None and own is process.turn:
        _refuse_inside(function, runs_env)
        yield
        return
    # the lock of this time: a child that is forked meanwhile has another one
    lock = process.lock
    _wait(process, function, Limits().lock_timeout if patience is None else patience)
    mine = process.turn = Turn(function)
    token = _own.set(mine)
    try:
        _refuse_inside(function, runs_env)
        yield
    finally:
        _own.reset(token)
        process.turn = None
        lock.release()


def _wait(process: _Process, function: str, patience: float) -> None:
    seconds = min(max(patience, SHORTEST), threading.TIMEOUT_MAX)
    if not process.lock.acquire(timeout=seconds):
        other = "another call" if process.turn is None else f"{process.turn.function}()"
        raise DbError(
            f"{function}() has waited {seconds:g} s for {other}, which runs in another thread of this process; if that "
            "thread waits for this one, as a hook may that starts threads, call it when the run has ended"
        )


def _refuse_inside(function: str, runs_env: bool) -> None:
    running = running_environment()
    if runs_env and running is not None and running is not _process.abandoned:
        raise DbError(
            f"{function}() can't be called while a run is under way, as from a hook or a revision; heads() and "
            "history() can"
        )


def _begin_anew() -> None:
    global _process
    own, former = _own.get(), _process
    if own is not None and own is former.turn:
        # the thread that is left goes on with its own call
        return
    _process = _Process()
    if former.turn is not None:
        _process.abandoned = running_environment()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
