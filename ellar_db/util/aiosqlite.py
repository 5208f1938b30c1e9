"""What ellar_db needs of aiosqlite and aiosqlite has no public name for."""

from __future__ import annotations

import threading


def is_worker(thread: threading.Thread) -> bool:
    """Return whether a thread is that of an aiosqlite connection.

    The name of the function `aiosqlite.core._connection_worker_thread` is needed, after which Python names the thread,
    since a connection that failed is shown to nobody. Releases before 0.22 have no such function. There is no public
    fallback.
    """
    return "_connection_worker_thread" in thread.name
