"""What runs the work on many databases at once: processes of this machine, or what a plugin brings."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from inspect import signature
from typing import TYPE_CHECKING

from ellar_db.fleet.worker import begin_for
from ellar_db.history.shortcuts import shortcuts
from ellar_db.plugins.manager import PluginManager

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from multiprocessing.context import BaseContext

MOST = 61 if sys.platform == "win32" else sys.maxsize
"""The most processes of one pool: Windows can't wait for more."""

COPIES = sys.platform == "linux" and sys.version_info >= (3, 11, 1)
"""Whether the processes are copies of one that has imported what all of them need.

In older releases of Python, other users of the machine could let that process run anything (CVE-2022-42919), or it
would import modules of the working directory in place of Python's own. macOS and Windows start processes anew.
"""

NEEDED = ("ellar_db.fleet.worker", "ellar_db.runtime.environment", "alembic.command")
"""What all of them need; nothing of the project's, whose modules may open connections or start threads."""

SAFE = "PYTHONSAFEPATH"
"""The environment variable with which Python doesn't import from the working directory (from 3.11 on)."""

DRIVERS = ("aiomysql", "asyncpg", "psycopg", "psycopg2", "pymysql")
"""What a run needs of these is what this process has imported already."""


@contextmanager
def executor(manager: PluginManager, jobs: int) -> Iterator[tuple[Executor, Callable[[], object]]]:
    """Return what runs the work, and what lets it begin nothing more, as far as it can be told.

    What isn't begun is left undone if the block ends with an error, too.

    Args:
        manager: The plugins, of which one may bring another.
        jobs: How many are to run at the same time.

    Raises:
        PluginError: A plugin brought no executor.
    """
    from concurrent.futures import Executor

    found = manager.first("ellar_db_executor", jobs=jobs)
    with ExitStack() as stack:
        if found is None:
            made, stop = stack.enter_context(_processes(jobs))
        else:
            plugin, answer = found
            if not isinstance(answer, Executor):
                what = f"it gave {answer!r}, which is no concurrent.futures.Executor"
                raise plugin.failure("ellar_db_executor", TypeError(what))
            made, stop = answer, lambda: None
            stack.callback(_shut_down, made)
        yield made, stop


def _shut_down(made: Executor) -> None:
    """Shut down what a plugin brought; Dask's, for one, can't be told to cancel what isn't begun."""
    cancels = "cancel_futures" in signature(made.shutdown).parameters
    made.shutdown(wait=True, **({"cancel_futures": True} if cancels else {}))


@contextmanager
def _processes(jobs: int) -> Iterator[tuple[Executor, Callable[[], object]]]:
    """Return processes that have nothing of this one, which a copy would share: connections, locks, threads."""
    from concurrent.futures import ProcessPoolExecutor

    context = _context()
    # at its end when this process closes it, or is killed
    theirs, ours = context.Pipe(duplex=False)
    # the same, when it is closed because nothing more is to be begun; no lock that a killed process would keep
    going, stopping = context.Pipe(duplex=False)
    # the one that is copied has the environment of the time when it was started
    arguments = theirs, going, dict(os.environ)
    made: Executor = ProcessPoolExecutor(min(jobs, MOST), mp_context=context, initializer=begin_for, initargs=arguments)
    try:
        yield made, stopping.close
    except BaseException:
        ours.close()
        raise
    finally:
        made.shutdown(wait=True, cancel_futures=True)
        for end in (ours, theirs, stopping, going):
            end.close()


def _context() -> BaseContext:
    """Return how processes are started: as copies of one that imports what all need, where that is safe, or anew."""
    from multiprocessing import get_context

    if COPIES and shortcuts():
        from multiprocessing import forkserver, resource_tracker

        copies = get_context("forkserver")
        copies.set_forkserver_preload([*NEEDED, *(name for name in DRIVERS if name in sys.modules)])
        # it needs a folder for temporary files, which may be missing where nothing can be written
        with suppress(OSError):
            # starting this one lets the signals through that are held back below
            with _working_directory_last():
                resource_tracker.ensure_running()
            with starting_processes():
                forkserver.ensure_running()
            return copies
    return get_context("spawn")


@contextmanager
def _working_directory_last() -> Iterator[None]:
    """Let a Python that is started in the block look for modules in the working directory last.

    A project's `logging.py` would else be imported as Python's own. Alembic puts that directory first, as `alembic.ini`
    says, once this process has imported what it needs.
    """
    before, path = os.environ.get(SAFE), list(sys.path)
    os.environ[SAFE] = "1"
    here = os.path.realpath(os.curdir)
    sys.path.sort(key=lambda each: os.path.realpath(each) == here)
    try:
        yield
    finally:
        sys.path[:] = path
        if before is None:
            del os.environ[SAFE]
        else:
            os.environ[SAFE] = before


@contextmanager
def starting_processes() -> Iterator[None]:
    """Let processes be started in the block, to which Ctrl-C of a terminal means nothing: this one tells them to end.

    A signal for this one waits until the block ends, since a process that is half started would tell of it by itself.
    They import nothing from the working directory before they know what the program's Python imports.
    """
    if threading.current_thread() is not threading.main_thread():
        with _working_directory_last():
            yield
        return
    came: list[int] = []
    with ExitStack() as stack:
        stack.enter_context(_working_directory_last())
        for each in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(each) is not None:
                stack.callback(signal.signal, each, signal.signal(each, lambda number, _: came.append(number)))
        if hasattr(signal, "pthread_sigmask"):  # Windows has none
            # what this thread starts inherits it, while other threads of this process go on
            mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
            stack.callback(signal.pthread_sigmask, signal.SIG_SETMASK, mask)
        yield
    for number in came:
        signal.raise_signal(number)
