"""The plugins of pytest that the suite uses."""

from __future__ import annotations

import gc

pytest_plugins = ["ellar_db.testing", "pytester", "tests.support.fixtures"]


def pytest_collection_finish() -> None:
    """Spare what lives until the end, all modules and tests, from being scanned for garbage again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
