"""The databases on which an env.py runs, before anything happens to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ellar_db.config.invocation import change_invocation, invocation_of
from ellar_db.databases.database import Database

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory
    from sqlalchemy import Connection


class _KnownError(Exception):
    """The databases on which an env.py runs are known, and it needn't go on."""

    def __init__(self, databases: Sequence[Database]) -> None:
        self.databases = databases


def run_or_name(
    config: Config, script: ScriptDirectory, look: Callable[[tuple[str, ...], MigrationContext], list[Any]]
) -> list[Database] | None:
    """Return the databases on which an env.py of ellar_db's runs; let another's run, which connects by itself.

    Args:
        config: Alembic's configuration.
        script: The folder.
        look: Called with the revisions of each database to which an env.py of somebody else's connects.

    Returns:
        The databases; None if env.py has run.
    """
    from alembic.runtime.environment import EnvironmentContext

    before = invocation_of(config).ahead

    def stop(config: Config, databases: Sequence[Database], connection: Connection | None) -> None:
        if before is not None:
            before(config, databases, connection)
        if connection is None:
            raise _KnownError(databases)

    change_invocation(config, ahead=stop)
    try:
        with EnvironmentContext(config, script, fn=look, dont_mutate=True):
            script.run_env()
    except _KnownError as known:
        return list(known.databases)
    finally:
        change_invocation(config, ahead=before)
    return None
