"""Private names of aiosqlite that ellar_db relies on."""

from __future__ import annotations

import threading


def is_worker(thread: threading.Thread) -> bool:
    """Return whether a thread is the worker of an aiosqlite connection.

    The name of the function `aiosqlite.core._connection_worker_thread` is needed, after which Python names the thread,
    since a connection that failed isn't accessible. Releases before 0.22 have no such function. There is no public
    fallback.
    """
    return "_connection_worker_thread" in thread.name
