"""The lock of a database, for code that writes to it outside Alembic's commands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from ellar_db.databases.database import Database
from ellar_db.databases.limits import limits_of
from ellar_db.guards.locking import locked
from ellar_db.plugins.manager import get_plugin_manager


@contextmanager
def migration_lock(database: Database, limits: Mapping[str, float | bool | None] | None = None) -> Iterator[None]:
    """Hold the lock that lets one run at a time write to a database.

    Re-entrant: a lock that this process's run holds already isn't acquired again.

    Args:
        database: The database.
        limits: Values of `Limits` by name, such as `lock_timeout` in seconds; the project's values apply to the rest.

    Raises:
        DbError: Another run held the lock for longer than `lock_timeout`, or a plugin that may restrain can't be used.
        UnavailableError: The database can't be reached.

    Example:
        with alembic_config() as config, migration_lock(config.attributes["databases"]["default"]):
            restore()
    """
    manager = get_plugin_manager()
    manager.require(strict=True)
    with locked([database], {database.name: limits_of(database, manager.settings, limits)}, manager):
        yield
