"""The locks of the databases that SQLAlchemy itself knows."""

from __future__ import annotations

from typing import Any

from ellar_db.databases import Database
from ellar_db.hookspecs import hookimpl
from ellar_db.limits import Limits


@hookimpl
def ellar_db_lock(database: Database, limits: Limits) -> Any:
    """Give the lock of a PostgreSQL, MySQL, MariaDB or SQLite database."""
    from ellar_db.locks import FileLock, MySQLLock, NoLock, PostgreSQLLock, sqlite_file

    kind = database.sync_engine.dialect.name
    if kind == "postgresql":
        return PostgreSQLLock(database, limits)
    if kind in ("mysql", "mariadb"):
        return MySQLLock(database, limits)
    if kind == "sqlite":
        file = sqlite_file(database)
        return NoLock() if file is None else FileLock(file)
    return None
