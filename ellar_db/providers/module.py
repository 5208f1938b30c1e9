"""Databases and migrations folder of EllarDBModule."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ellar_db.application import service
from ellar_db.databases import Database
from ellar_db.hookspecs import hookimpl


@hookimpl
def ellar_db_databases() -> Iterable[Database]:
    """Give the databases of `EllarDBModule.setup(databases=...)`."""
    found = _configuration()
    return [] if found is None else found.databases.values()


@hookimpl
def ellar_db_directory() -> Path | None:
    """Give the directory of `EllarDBModule.setup(migration_options=...)`."""
    found = _configuration()
    return None if found is None or found.options.directory is None else Path(found.options.directory)


def _configuration() -> Any:
    # an application that uses EllarDBModule has imported it
    if "ellar_db.module" not in sys.modules:
        return None
    from ellar_db.module import Configuration

    return service(Configuration)
