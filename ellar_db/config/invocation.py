"""What one command, or one block of an application's code, has been told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ellar_db.databases.database import Database
from ellar_db.databases.limits import Limits, limits_of
from ellar_db.hooktypes import PackageMigrations
from ellar_db.plugins.manager import PluginManager, get_plugin_manager

if TYPE_CHECKING:
    from alembic.config import Config

DATABASES = "databases"
"""Where `Config.attributes` has the databases. Plugins read it."""

KEY = "ellar_db"
"""Where `Config.attributes` has the invocation."""


@dataclass(frozen=True)
class Invocation:
    """What the seam was told, handed on to whoever takes part in the command.

    Args:
        manager: The plugins.
        package: The package whose migrations these are, or None for the application's own.
        labels: Print the database's name before what belongs to it, where there are several.
        output: Where the SQL of offline mode goes: a file, a folder, or None for standard output.
        limits: Values of `Limits` by name, as the command line sets them.
        settling: The run ends what an earlier one left, and so isn't refused for it.
        script: What collects the SQL of several runs, of packages and the application.
    """

    manager: PluginManager
    package: PackageMigrations | None = None
    labels: bool = False
    output: Path | str | None = None
    limits: Mapping[str, Any] = field(default_factory=dict)
    settling: bool = False
    script: Any = None

    def limits_of(self, database: Database) -> Limits:
        """Return the limits of a database in this invocation.

        Raises:
            DbError: A value is no number of seconds.
        """
        return limits_of(database, self.manager.settings, self.limits)


def invocation_of(config: Config) -> Invocation:
    """Return the invocation of a configuration; one that bare Alembic made has been told nothing.

    Args:
        config: Alembic's configuration.
    """
    found = config.attributes.get(KEY)
    return found if isinstance(found, Invocation) else Invocation(get_plugin_manager())


def change_invocation(config: Config, **changes: Any) -> None:
    """Replace the invocation of a configuration by one with other values.

    Args:
        config: Alembic's configuration.
        changes: The values by name, as `Invocation` takes them.
    """
    config.attributes[KEY] = replace(invocation_of(config), **changes)
