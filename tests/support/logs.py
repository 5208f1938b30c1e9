"""The logging of the process, which an env.py that runs in it may change."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def logging_restored() -> Iterator[None]:
    """Undo what an env.py does to the logging of the process with `fileConfig`."""
    before = {each: (each.handlers[:], each.level, each.disabled, each.propagate) for each in loggers()}
    try:
        yield
    finally:
        for each in loggers():
            # one that is new is as a new one is
            handlers, level, disabled, propagate = before.get(each, ([], logging.NOTSET, False, True))
            each.handlers[:] = handlers
            each.setLevel(level)
            each.disabled, each.propagate = disabled, propagate


def loggers() -> list[logging.Logger]:
    """Return all loggers of the process."""
    known = logging.root.manager.loggerDict.values()
    return [logging.root, *(found for found in known if isinstance(found, logging.Logger))]
