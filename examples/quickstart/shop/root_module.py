"""The application's modules: ellar-sql for the models, EllarDBModule for `ellar db`."""

from ellar.common import Module
from ellar.core import ModuleBase
from ellar_sql import EllarSQLModule

from ellar_db import EllarDBModule


@Module(
    modules=[
        EllarSQLModule.setup(
            databases="sqlite:///shop.db",
            migration_options={"directory": "migrations"},
            models=["shop.models"],
        ),
        EllarDBModule,
    ]
)
class ApplicationModule(ModuleBase):
    pass
