"""The application's modules, controllers and services; EllarDBModule has the databases, of which services are given."""

from ellar.common import Module
from ellar.core import ModuleBase

from ellar_db import EllarDBModule
from shop.controllers import OrdersController, ProductsController, ReportsController
from shop.services import Catalog, Orders, Reports


@Module(
    modules=[EllarDBModule.register_setup()],
    controllers=[ProductsController, OrdersController, ReportsController],
    providers=[Catalog, Orders, Reports],
)
class ApplicationModule(ModuleBase):
    pass
