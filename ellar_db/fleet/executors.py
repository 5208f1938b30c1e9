"""What runs the work on many databases at once: processes of this machine, or what a plugin brings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from inspect import signature
from typing import TYPE_CHECKING

from ellar_db.fleet.worker import end_with
from ellar_db.plugins.manager import PluginManager

if TYPE_CHECKING:
    from concurrent.futures import Executor


@contextmanager
def executor(manager: PluginManager, jobs: int) -> Iterator[Executor]:
    """Return what runs the work; what isn't begun is left undone if the block ends with an error.

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
            made: Executor = stack.enter_context(_processes(jobs))
        else:
            plugin, answer = found
            if not isinstance(answer, Executor):
                what = f"it gave {answer!r}, which is no concurrent.futures.Executor"
                raise plugin.failure("ellar_db_executor", TypeError(what))
            made = answer
            stack.callback(_shut_down, made)
        yield made


def _shut_down(made: Executor) -> None:
    """Shut down what a plugin brought; Dask's, for one, can't be told to cancel what isn't begun."""
    cancels = "cancel_futures" in signature(made.shutdown).parameters
    made.shutdown(wait=True, **({"cancel_futures": True} if cancels else {}))


@contextmanager
def _processes(jobs: int) -> Iterator[Executor]:
    """Return processes that are started anew, and not copied: a copy would share connections and locks."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    context = get_context("spawn")
    # at its end when this process closes it, or is killed
    theirs, ours = context.Pipe(duplex=False)
    made = ProcessPoolExecutor(jobs, mp_context=context, initializer=end_with, initargs=(theirs,))
    try:
        yield made
    except BaseException:
        ours.close()
        raise
    finally:
        made.shutdown(wait=True, cancel_futures=True)
        ours.close()
        theirs.close()
