"""The application's configuration."""

import os
from typing import Any, ClassVar

from ellar.core import ConfigDefaultTypesMixin

DATABASE_URL = os.environ.get("DATABASE_URL") or "sqlite:///shop.db"
REPORTS_URL = os.environ.get("REPORTS_URL") or "sqlite+aiosqlite:///reports.db"


class BaseConfig(ConfigDefaultTypesMixin):
    DEBUG: bool = False

    # what EllarDBModule takes; the databases of the tenants come from the plugin shop/db/tenants.py
    ELLAR_DB: ClassVar[dict[str, Any]] = {
        "databases": {"default": DATABASE_URL, "reports": REPORTS_URL},
        "metadata": {"default": "shop.models.main:Base", "reports": "shop.models.reports:Base"},
        "migration_options": {"directory": "migrations"},
    }


class DevelopmentConfig(BaseConfig):
    DEBUG: bool = True
