"""The application's configuration."""

from ellar.core import ConfigDefaultTypesMixin


class BaseConfig(ConfigDefaultTypesMixin):
    DEBUG: bool = False


class DevelopmentConfig(BaseConfig):
    DEBUG: bool = True
