"""The arguments of one command, or of one block of an application's code."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ellar_db.databases.database import Database
from ellar_db.databases.limits import Limits, limits_of
from ellar_db.hooktypes import PackageMigrations
from ellar_db.plugins.manager import PluginManager, get_plugin_manager

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.operations.ops import UpgradeOps
    from sqlalchemy import Connection

DATABASES = "databases"
"""Key of the databases in `Config.attributes`. Plugins read it."""

KEY = "ellar_db"
"""Key of the invocation in `Config.attributes`."""


@dataclass(frozen=True)
class Invocation:
    """The arguments of `alembic_config`, for all code that takes part in the command.

    Args:
        manager: The plugins.
        package: The package whose migrations these are, or None for the application's own.
        labels: Print each database's name before its output, if there are several.
        output: Where the SQL of offline mode goes: a file, a folder, or None for standard output.
        limits: Values of `Limits` by name, as set on the command line.
        settling: The run resolves an interrupted one, and so isn't refused because of it.
        script: The `Script` that collects the SQL of several runs, of packages and the application.
        ahead: Called with the configuration and the databases on which the folder runs, before anything happens to
            them; for an env.py that isn't ours, with one database after the other and the connection to it.
        found: Called with Alembic's `UpgradeOps` of each database that was compared, once env.py has ended.
        shows: A revision is only shown, and not written.
    """

    manager: PluginManager
    package: PackageMigrations | None = None
    labels: bool = False
    output: Path | str | None = None
    limits: Mapping[str, Any] = field(default_factory=dict)
    settling: bool = False
    script: Any = None
    ahead: Callable[[Config, Sequence[Database], Connection | None], None] | None = None
    found: Callable[[Sequence[UpgradeOps]], object] | None = None
    shows: bool = False

    def limits_of(self, database: Database) -> Limits:
        """Return the limits of a database in this invocation.

        Raises:
            DbError: A value isn't a number of seconds.
        """
        return limits_of(database, self.manager.settings, self.limits)


def invocation_of(config: Config) -> Invocation:
    """Return the invocation of a configuration; a default one if bare Alembic created it.

    Args:
        config: Alembic's configuration.
    """
    found = config.attributes.get(KEY)
    return found if isinstance(found, Invocation) else Invocation(get_plugin_manager())


def change_invocation(config: Config, **changes: Any) -> None:
    """Change values of a configuration's invocation.

    Args:
        config: Alembic's configuration.
        changes: The new values, by the names of `Invocation`.
    """
    config.attributes[KEY] = replace(invocation_of(config), **changes)
