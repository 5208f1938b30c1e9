"""The plugins of pytest that the suite uses."""

from __future__ import annotations

import gc
import os
import signal
import sys
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
    databases for each test. In the shortest form (`ELLAR_DB_SHORT=2`) all tests count as sampled.
    """
    form = os.environ.get("ELLAR_DB_SHORT", "")
    if not form:
        return
    variants: dict[tuple[str, str], list[pytest.Item]] = {}
    for item in items:
        place = item.parent.nodeid if item.parent else ""
        variants.setdefault((place, getattr(item, "originalname", item.name)), []).append(item)
    kept = set()
    for (_, name), alike in variants.items():
        step = min(SAMPLE, len(alike))
        for number, item in enumerate(alike):
            sampled = form == "2" or item.get_closest_marker("sampled") is not None
            if item.get_closest_marker("long") is None and not (sampled and (number + crc32(name.encode())) % step):
                kept.add(item)
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = [item for item in items if item in kept]


def pytest_collection_finish() -> None:
    """Save what costs the whole suite a tenth of its time, once its own modules are imported.

    What lives until the end, as they and the tests do, isn't scanned for garbage again and again; and the modules of a
    test, which are imported once or twice, aren't kept as bytecode.
    """
    sys.dont_write_bytecode = True
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
