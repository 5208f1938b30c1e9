"""The application."""

import os

from ellar.app import App, AppFactory
from ellar.common.constants import ELLAR_CONFIG_MODULE
from ellar.core import LazyModuleImport as lazyLoad


def bootstrap() -> App:
    return AppFactory.create_from_app_module(
        lazyLoad("shop.root_module:ApplicationModule"),  # type: ignore[arg-type]  # Ellar takes it, and does not say so
        config_module=os.environ.get(ELLAR_CONFIG_MODULE, "shop.config:DevelopmentConfig"),
    )
