"""Databases and migrations folder of EllarDBModule."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ellar_db.hookspecs import hookimpl

if TYPE_CHECKING:
    from ellar_db.databases.configuration import Configuration
    from ellar_db.databases.database import Database


@hookimpl
def ellar_db_databases() -> Iterable[Database]:
    """Return the databases of `EllarDBModule.setup(databases=...)`."""
    found = _configuration()
    return [] if found is None else found.databases.values()


@hookimpl
def ellar_db_directory() -> Path | None:
    """Return the directory of `EllarDBModule.setup(migration_options=...)`."""
    found = _configuration()
    return None if found is None or found.options.directory is None else Path(found.options.directory)


def _configuration() -> Configuration | None:
    from ellar_db.project.application import open_injector, service

    # outside of an application, as for most of `ellar-db`, nothing of the databases is imported
    if open_injector() is None:
        return None
    from ellar_db.databases.configuration import Configuration

    found: Configuration | None = service(Configuration)
    return found
