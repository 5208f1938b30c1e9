"""The databases that an application configures with `EllarDBModule`."""

from __future__ import annotations

from functools import cached_property

from ellar_db.databases.database import Databases
from ellar_db.databases.factory import DatabasesLike, ModelsLike, make_databases
from ellar_db.databases.options import MigrationOptions


class Configuration:
    """The arguments of `EllarDBModule.setup`; engines are made on first use."""

    def __init__(
        self,
        databases: DatabasesLike | None = None,
        metadata: ModelsLike | None = None,
        options: MigrationOptions | None = None,
    ) -> None:
        self._databases = databases
        self._metadata = metadata
        self.options = options or MigrationOptions()

    @cached_property
    def databases(self) -> Databases:
        """The databases, empty if another module supplies them."""
        if self._databases is None:
            return Databases()
        return make_databases(self._databases, self._metadata, self.options)
