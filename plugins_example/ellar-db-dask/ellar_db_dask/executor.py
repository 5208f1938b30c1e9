"""The executor: a connection to a Dask scheduler whose workers can do the work."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future
from concurrent.futures import wait as wait_for
from typing import Any

import click
from distributed import Client, Security
from distributed.core import rpc

WATCHED = 0.5
"""Seconds between two looks at the connection."""

LOST = "the connection to the Dask scheduler was lost"


def connected(address: str, timeout: float) -> Executor:
    """Return an executor, once its workers are known to be there.

    Args:
        address: The scheduler's address.
        timeout: Seconds to wait for it, and for its first worker.

    Raises:
        click.ClickException: It can't be reached, or has no workers that can do the work.
    """
    # a lost connection is an error of the command's, and told once
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] in ("distributed", "tornado"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
    scheduler = f"the Dask scheduler at {address}"
    try:
        # a client that can't connect would go on trying after its error
        kind = asyncio.run(asyncio.wait_for(kind_of(address), timeout))
    except (asyncio.TimeoutError, TimeoutError):
        raise click.ClickException(f"{scheduler} doesn't answer within {timeout:g} seconds") from None
    except Exception as error:  # by the kind of address, of many types
        raise click.ClickException(f"{scheduler} can't be reached: {said(error)}") from error
    if kind != "Scheduler":
        raise click.ClickException(f"{address} is no Dask scheduler; it is a {kind}")
    client = Client(address, timeout=timeout, set_as_default=False)
    client.loop.asyncio_loop.set_exception_handler(lambda *_: None)
    try:
        try:
            client.wait_for_workers(1, timeout=timeout)
        except Exception as error:
            raise click.ClickException(f"{scheduler} has no workers: {said(error)}") from error
        for worker, answer in client.run(problem, os.getcwd(), on_error="return").items():
            # one that has just ended takes no part
            if answer and not isinstance(answer, OSError):
                told = said(answer) if isinstance(answer, Exception) else answer
                raise click.ClickException(f"the Dask worker at {worker} can't do the work: {told}")
    except BaseException:
        client.close()
        raise
    return DaskExecutor(client)


async def kind_of(address: str) -> str:
    """Return what a program of Dask's is that listens at an address: a scheduler, a worker."""
    async with rpc(address, connection_args=Security().get_connection_args("client")) as program:
        return str((await program.identity())["type"])


def problem(folder: str) -> str:
    """Return why a worker, in whose process this runs, can't do the work; an empty string if nothing is known.

    Args:
        folder: The project's folder.
    """
    # without ellar_db, and this package, this wouldn't run
    return "" if os.path.isdir(folder) else f"there is no folder {folder} on its machine"


def said(error: Exception) -> str:
    """Return an error in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


class DaskExecutor(Executor):
    """Dask's own executor; but the connection is closed with it, and if it is lost, that is an error callers know.

    Args:
        client: The connection.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        # not pure: what is submitted again is to be run again. What raises an error isn't tried again, since ellar_db
        # reports errors in another way, and this one would be raised by any worker
        self._executor = client.get_executor(pure=False, retries=0)
        # another one takes its place when the client has lost it and reached a scheduler again, which knows nothing of
        # what was sent in between
        self._connection = client.scheduler_comm
        self._waiting: set[Future[Any]] = set()
        self._ended = threading.Event()
        threading.Thread(target=self._watch, name="ellar-db-dask", daemon=True).start()

    def _watch(self) -> None:
        """Break off what is waited for once the client has given up: it doesn't tell of every call that it has lost."""
        while not self._ended.wait(WATCHED):
            if self._client.status in ("closing", "closed", "failed") or not self._is_the_same:
                for each in list(self._waiting):
                    settle(each, lambda told: told.set_exception(BrokenExecutor(LOST)))

    @property
    def _is_the_same(self) -> bool:
        """Whether the client has had one connection from the beginning."""
        return self._client.scheduler_comm is self._connection

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Submit a call.

        Raises:
            BrokenExecutor: The connection was lost.
        """
        if self._client.status != "running" or not self._is_the_same:
            # the call would wait for a scheduler that may never come back
            raise BrokenExecutor(LOST)
        asked = self._executor.submit(fn, *args, **kwargs)
        told: Future[Any] = Future()
        self._waiting.add(told)
        told.add_done_callback(self._waiting.discard)
        told.add_done_callback(lambda told: told.cancelled() and asked.cancel())
        asked.add_done_callback(lambda asked: pass_on(asked, told))
        return told

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Close the connection, after what was submitted has ended, if that is wanted.

        What a worker has begun it goes on with, whether or not that is cancelled.
        """
        if cancel_futures:
            for each in list(self._waiting):
                each.cancel()
        if wait:
            wait_for(list(self._waiting))
        self._ended.set()
        self._client.close()


def pass_on(asked: Future[Any], told: Future[Any]) -> None:
    """Pass on what became of a call."""

    def end(told: Future[Any]) -> None:
        if asked.cancelled():
            # Dask does this to calls when the scheduler is gone
            told.set_exception(BrokenExecutor(LOST))
        elif error := asked.exception():
            told.set_exception(error)
        else:
            told.set_result(asked.result())

    settle(told, end)


_settling = threading.Lock()


def settle(told: Future[Any], how: Callable[[Future[Any]], None]) -> None:
    """Give a call its end, unless it has one: the cluster, its loss and the command may all bring it."""
    with _settling:
        if not told.done() and told.set_running_or_notify_cancel():
            how(told)
