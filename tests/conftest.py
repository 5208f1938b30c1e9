"""The plugins of pytest that the suite uses."""

from __future__ import annotations

import gc
import signal
import sys
from contextlib import suppress

pytest_plugins = ["ellar_db.testing", "pytester", "tests.support.fixtures"]


# a shell lets what it starts in the background ignore Ctrl-C, and so would all that the tests start
with suppress(ValueError):
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """Save what costs the whole suite a tenth of its time, once its own modules are imported.

    What lives until the end, as they and the tests do, isn't scanned for garbage again and again; and the modules of a
    test, which are imported once or twice, aren't kept as bytecode.
    """
    sys.dont_write_bytecode = True
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
