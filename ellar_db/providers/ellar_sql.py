"""Databases and migrations folder of ellar-sql's EllarSQLModule."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ellar_db.hookspecs import hookimpl

if TYPE_CHECKING:
    from ellar_db.databases.database import Database


@hookimpl
def ellar_db_databases() -> Iterable[Database]:
    """Return the engines of EllarSQLService with the metadata of its models."""
    found = _service()
    if found is None:
        return []
    from ellar_sql.model.database_binds import get_all_metadata

    from ellar_db.databases.database import Database
    from ellar_db.databases.options import MigrationOptions
    from ellar_db.project.application import service

    metadata = get_all_metadata()
    # EllarDBModule, if the application has it, may add to ellar-sql's options
    theirs = found.migration_options
    options = service(MigrationOptions) or MigrationOptions(
        use_two_phase=theirs.use_two_phase, context_configure=theirs.context_configure
    )
    return [
        Database(
            name,
            engine,
            metadata[name].metadata if name in metadata else None,
            dict(options.context_configure),
            options.use_two_phase,
            options.limits,
        )
        for name, engine in found.engines.items()
    ]


@hookimpl
def ellar_db_directory() -> Path | None:
    """Return the directory of ellar-sql's MigrationOption."""
    found = _service()
    return None if found is None else Path(found.migration_options.directory)


def _service() -> Any:
    # an application that uses ellar-sql has already imported it
    if "ellar_sql.services" not in sys.modules:
        return None
    from ellar_sql.services import EllarSQLService

    from ellar_db.project.application import service

    return service(EllarSQLService)
