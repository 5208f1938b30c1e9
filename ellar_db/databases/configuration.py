"""What an application tells `EllarDBModule` of its databases."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from ellar_db.databases.database import Databases
from ellar_db.databases.factory import make_databases
from ellar_db.databases.options import MigrationOptions


class Configuration:
    """What `EllarDBModule.setup` was given; engines are made when they are first asked for."""

    def __init__(self, databases: Any = None, metadata: Any = None, options: MigrationOptions | None = None) -> None:
        self._databases = databases
        self._metadata = metadata
        self.options = options or MigrationOptions()

    @cached_property
    def databases(self) -> Databases:
        """The databases, empty where another module supplies them."""
        if self._databases is None:
            return Databases()
        return make_databases(self._databases, self._metadata, self.options)
