"""What runs the work on many databases at once: processes of this machine, or what a plugin brings."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from inspect import signature
from typing import TYPE_CHECKING

from ellar_db.fleet.worker import end_with
from ellar_db.plugins.manager import PluginManager

if TYPE_CHECKING:
    from concurrent.futures import Executor

MOST = 61 if sys.platform == "win32" else sys.maxsize
"""The most processes of one pool: Windows can't wait for more."""


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
    """Return processes that are started anew, and not copied: a copy would share connections and locks."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    context = get_context("spawn")
    # at its end when this process closes it, or is killed
    theirs, ours = context.Pipe(duplex=False)
    # the same, when it is closed because nothing more is to be begun; no lock that a killed process would keep
    going, stopping = context.Pipe(duplex=False)
    made: Executor = ProcessPoolExecutor(
        min(jobs, MOST), mp_context=context, initializer=end_with, initargs=(theirs, going)
    )
    try:
        yield made, stopping.close
    except BaseException:
        ours.close()
        raise
    finally:
        made.shutdown(wait=True, cancel_futures=True)
        for end in (ours, theirs, stopping, going):
            end.close()


@contextmanager
def undisturbed() -> Iterator[None]:
    """Start processes in the block, to which Ctrl-C of a terminal means nothing: this process tells them to end.

    A signal for this one waits until the block ends, since a process that is half started would tell of it by itself.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    with ExitStack() as stack:
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
