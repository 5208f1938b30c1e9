"""EllarDBModule: the group `db` in an Ellar application, and its databases if ellar-sql doesn't supply them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ellar_db.cli import db
from ellar_db.cli.loading import explain_loading
from ellar_db.databases.configuration import Configuration
from ellar_db.databases.database import Databases
from ellar_db.databases.factory import DatabasesLike, ModelsLike
from ellar_db.databases.options import MigrationOptions
from ellar_db.util.errors import DbError, meant, needing_ellar

with needing_ellar("EllarDBModule"):
    from ellar.common import IModuleSetup, Module
    from ellar.common.constants import MODULE_METADATA
    from ellar.core import Config, DynamicModule, ModuleBase, ModuleSetup
    from ellar.core.modules import ModuleRefBase
    from ellar.di import EllarInjector, ProviderConfig
    from ellar.reflect import reflect
    from injector import inject

CONFIG_KEY = "ELLAR_DB"


class _Commands(list[Any]):
    """The module's commands; iterating over them removes ellar-sql's, so that `db` is this module's.

    ellar-cli resolves the whole tree of modules before it reads the commands of the first one. Only at that time has
    ellar-sql been imported, if it is at all, while none of its commands has been added.
    """

    def __iter__(self) -> Iterator[Any]:
        ellar_sql = sys.modules.get("ellar_sql.module")
        if ellar_sql is not None:
            reflect.delete_metadata(MODULE_METADATA.COMMANDS, ellar_sql.EllarSQLModule)
        return super().__iter__()


def _of_application(injector: EllarInjector) -> EllarInjector:
    """Return the application's injector; a provider gets that of its own module, which sees no other module."""
    found: EllarInjector = injector.tree_manager.get_app_module().container.injector
    return found


@inject  # type: ignore[untyped-decorator,unused-ignore]  # injector's types aren't followed
def _all_databases(injector: EllarInjector) -> Databases:
    """Collect the databases; the injector may be used before, or outside of, any context."""
    from ellar_db.config.collection import collect_databases
    from ellar_db.plugins.manager import get_plugin_manager
    from ellar_db.project.application import injector_opened

    with injector_opened(_of_application(injector)):
        return collect_databases(get_plugin_manager())


@inject  # type: ignore[untyped-decorator,unused-ignore]  # injector's types aren't followed
def _migration_options(injector: EllarInjector) -> MigrationOptions:
    """Return the options of `setup`, which override those of ellar-sql if that is used too."""
    from ellar_db.project.application import injector_opened, service

    own: MigrationOptions = injector.get(Configuration).options
    if "ellar_sql.services" not in sys.modules:
        return own
    from ellar_sql.services import EllarSQLService

    with injector_opened(_of_application(injector)):
        found = service(EllarSQLService)
    if found is None:
        return own
    theirs = found.migration_options
    return replace(
        own,
        directory=own.directory or theirs.directory,
        use_two_phase=own.use_two_phase or theirs.use_two_phase,
        context_configure={**theirs.context_configure, **own.context_configure},
    )


def _providers(configuration: Configuration) -> list[Any]:
    return [
        ProviderConfig(Configuration, use_value=lambda: configuration),
        ProviderConfig(Databases, use_value=_all_databases),
        ProviderConfig(MigrationOptions, use_value=_migration_options),
    ]


@Module(
    name="EllarDB",
    providers=_providers(Configuration()),
    exports=[Configuration, Databases, MigrationOptions],
)
class EllarDBModule(ModuleBase, IModuleSetup):  # type: ignore[misc]  # ellar's types aren't followed
    """The module that adds `ellar db` to an application.

    Without `setup`, beside ellar-sql's `EllarSQLModule.setup(...)`, it uses that module's databases and migration
    options. With `setup` or `register_setup` it has its own. `Databases` and `MigrationOptions` can always be injected.

    Example:
        @Module(modules=[EllarSQLModule.setup(databases="sqlite:///app.db", migration_options={}), EllarDBModule])
        class ApplicationModule(ModuleBase):
            pass
    """

    @classmethod
    def setup(
        cls,
        databases: DatabasesLike | None = None,
        metadata: ModelsLike | None = None,
        migration_options: MigrationOptions | Mapping[str, object] | None = None,
    ) -> DynamicModule:
        """Configure the module: with plain SQLAlchemy, or beside ellar-sql with options that only this module has.

        Args:
            databases: A URL, an `sqlalchemy.URL`, a dict of engine options with `url`, an Engine, an AsyncEngine, or
                a dict of these by name. None if ellar-sql supplies them.
            metadata: The models' metadata: MetaData, a class that has it, `"module:attribute"`, a list of these, or a
                dict of these by name.
            migration_options: What `MigrationOptions` takes. Beside ellar-sql they override those of its module.

        Raises:
            DbError: A migration option is unknown. The databases are checked on first use.

        Example:
            EllarDBModule.setup(databases={"default": "sqlite:///app.db"}, metadata="shop.models:Base")
        """
        options = MigrationOptions.parse(migration_options)
        return DynamicModule(cls, providers=_providers(Configuration(databases, metadata, options)))

    @classmethod
    def register_setup(cls, **override: object) -> ModuleSetup:
        """Configure the module from `ELLAR_DB` in the application's config.

        Args:
            override: Arguments of `setup` that override those of the config.

        Raises:
            DbError: When the application starts, if the config has no `ELLAR_DB`, or it isn't what `setup` takes.

        Example:
            class DevelopmentConfig(ConfigDefaultTypesMixin):
                ELLAR_DB = {"databases": "sqlite:///app.db", "metadata": "shop.models:Base"}
        """

        def configured(module_ref: ModuleRefBase, config: Config) -> DynamicModule:
            values = config.get(CONFIG_KEY)
            if values is None:
                raise DbError(
                    f"the application's config has no {CONFIG_KEY}; give it a dict of EllarDBModule.setup's arguments"
                )
            if not isinstance(values, Mapping):
                raise DbError(
                    f"{CONFIG_KEY} of the application's config must be a dict of EllarDBModule.setup's arguments, "
                    f"not a {type(values).__name__}"
                )
            arguments = {**values, **override}
            unknown = sorted(set(arguments) - {"databases", "metadata", "migration_options"})
            if unknown or not {"databases", "migration_options"} & set(arguments):
                problem = f"has {', '.join(unknown)}" if unknown else "lacks databases"
                near = meant(unknown[0], ("databases", "metadata", "migration_options")) if unknown else ""
                raise DbError(
                    f"{CONFIG_KEY} of the application's config {problem}; "
                    f"it takes databases, metadata and migration_options{near}"
                )
            return cls.setup(**arguments)

        return ModuleSetup(cls, inject=[Config], factory=configured)


# the decorator copies a list of commands into a plain one
reflect.delete_metadata(MODULE_METADATA.COMMANDS, EllarDBModule)
reflect.define_metadata(MODULE_METADATA.COMMANDS, _Commands([db]), EllarDBModule)

explain_loading()
