"""Python's search for garbage, in a program of which nearly all objects live until its end."""

from __future__ import annotations

import atexit
import gc
from itertools import count

IMPORTING = (1_000_000, 50, 100)
"""Thresholds while modules are imported, which make hardly any garbage."""

RUNNING = (20_000, 50, 100)
"""Thresholds of a run, whose statements and tables make some."""

COMPARING = (400_000, 50, 100)
"""Thresholds of a comparison, which keeps nearly all that it reads: some 450 objects for each table."""


def search_rarely() -> None:
    """Search for garbage rarely from now on; for a process that belongs to one program, and ends soon."""
    gc.set_threshold(*IMPORTING)
    # at exit Python would search all objects once more, to free them one by one
    atexit.register(gc.freeze)


_uses = count(1)


def sweep() -> None:
    """Search, each hundredth time, what has come since `leave_what_is_there`, instead of when there is very much."""
    if next(_uses) % 100 == 0 and gc.get_threshold() == RUNNING:
        gc.collect()


def leave_what_is_there(thresholds: tuple[int, int, int] = RUNNING) -> None:
    """Search only what comes from now on, once all is imported; without `search_rarely` nothing changes.

    Args:
        thresholds: When to search from now on.
    """
    if gc.get_threshold() == IMPORTING:
        gc.freeze()
        gc.set_threshold(*thresholds)
