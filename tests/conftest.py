"""The plugins of pytest that the suite uses."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections import Counter
from contextlib import suppress
from zlib import crc32

import pytest

pytest_plugins = ["ellar_db.testing", "pytester", "tests.support.fixtures"]


# a shell lets what it starts in the background ignore Ctrl-C, and so would all that the tests start
with suppress(ValueError):
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


SAMPLE = 3
"""Of how many variants of a test that is marked as sampled the short form of the suite runs one."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what takes long for what it tells of a change, if the short form is asked for.

    Those are tests marked as long, and of those marked as sampled two variants in three, which aren't the same kinds of
    databases for each test.
    """
    if not os.environ.get("ELLAR_DB_SHORT"):
        return
    seen: Counter[tuple[str, str]] = Counter()
    kept, left = [], []
    for item in items:
        name = getattr(item, "originalname", item.name)
        number = seen[item.parent.nodeid if item.parent else "", name]
        seen[item.parent.nodeid if item.parent else "", name] += 1
        sampled = item.get_closest_marker("sampled") is not None and (number + crc32(name.encode())) % SAMPLE
        (left if sampled or item.get_closest_marker("long") else kept).append(item)
    config.hook.pytest_deselected(items=left)
    items[:] = kept


def pytest_collection_finish() -> None:
    """Save what costs the whole suite a tenth of its time, once its own modules are imported.

    What lives until the end, as they and the tests do, isn't scanned for garbage again and again; and the modules of a
    test, which are imported once or twice, aren't kept as bytecode.
    """
    sys.dont_write_bytecode = True
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
