"""The built-in dialects, and the lock of each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ellar_db.hookspecs import hookimpl

if TYPE_CHECKING:
    from ellar_db.databases.database import Database
    from ellar_db.databases.limits import Limits
    from ellar_db.dialects.base import Dialect
    from ellar_db.hooktypes import Lock


@hookimpl
def ellar_db_dialects() -> Iterable[Dialect]:
    """Return the dialects for PostgreSQL, SQLite, and MySQL and MariaDB."""
    from ellar_db.dialects.mysql import MySQL
    from ellar_db.dialects.postgresql import PostgreSQL
    from ellar_db.dialects.sqlite import SQLite

    return [PostgreSQL(), SQLite(), MySQL()]


@hookimpl
def ellar_db_lock(database: Database, limits: Limits) -> Lock | None:
    """Return the lock of the database's dialect."""
    from ellar_db.plugins.dialects import dialect_of
    from ellar_db.plugins.manager import get_plugin_manager

    return dialect_of(get_plugin_manager(), database).lock(database, limits)
