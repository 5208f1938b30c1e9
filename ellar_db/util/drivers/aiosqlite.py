"""Private names of aiosqlite that ellar_db relies on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any


def is_worker(thread: threading.Thread) -> bool:
    """Return whether a thread is the worker of an aiosqlite connection.

    The name of the function `aiosqlite.core._connection_worker_thread` is needed, after which Python names the thread,
    since a connection that failed isn't accessible. Releases before 0.22 have no such function. There is no public
    fallback.
    """
    return "_connection_worker_thread" in thread.name


def interruption(driver: Any) -> Callable[[], None] | None:
    """Return the function that interrupts a connection's statement from any thread, or None if there is none.

    `aiosqlite.Connection._conn`, the connection of sqlite3, is needed since the public `interrupt` is a coroutine,
    which can't be called when the event loop has been stopped. The fallback is to wait for the statement.

    Args:
        driver: The connection of sqlite3, or of aiosqlite.
    """
    found: Callable[[], None] | None = getattr(getattr(driver, "_conn", driver), "interrupt", None)
    return found
