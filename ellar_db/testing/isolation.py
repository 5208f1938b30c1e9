"""Isolation of a test from other tests, and from the machine that it runs on."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest

from ellar_db.testing.plugins import TestPlugins

VARIABLES = ("ELLAR_DB_", "ELLAR_CONFIG", "ALEMBIC_")
KEPT = f"{VARIABLES[0]}TEST_"
"""Prefix of the variables that are kept, which name the servers to test on."""


@contextmanager
def isolated(folder: Path, plugins: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[TestPlugins]:
    """Make a folder the working directory, and undo all that ellar_db keeps in the process.

    Args:
        folder: The folder. Modules that are imported from it are unloaded at the end.
        plugins: The installed plugins that take part.
        monkeypatch: pytest's fixture, which outlasts this context.

    Yields:
        The plugins of the test.
    """
    for name in list(os.environ):
        if name.startswith(VARIABLES) and not name.startswith(KEPT):
            monkeypatch.delenv(name)
    monkeypatch.setenv("ELLAR_DB_LOAD_PLUGINS", ",".join(plugins))
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))
    modules = dict(sys.modules)
    with TestPlugins() as registered:
        yield registered
    os.environ.pop("ELLAR_CONFIG_MODULE", None)
    # a Path for each module of a large application would take longer than many a test
    within = f"{folder}{os.sep}"
    for name in [name for name, module in list(sys.modules.items()) if _place(module).startswith(within)]:
        del sys.modules[name]
    # Alembic puts "." on the path, and Python caches which folder it was, also when it is asked for a package's place
    sys.path_importer_cache.pop(".", None)
    # a module of the test may have replaced one with the same name that others use
    for name in modules.keys() - sys.modules.keys():
        sys.modules[name] = modules[name]


def _place(module: ModuleType) -> str:
    """Return a module's file, or the folder of a package that has none; an empty text without either."""
    file = getattr(module, "__file__", None)
    return str(file or next(iter(getattr(module, "__path__", ())), ""))
