"""A database for each tenant: a schema of the shop's server, or a file of its own beside the shop's SQLite file."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from ellar_db import Database, hookimpl

GROUP = "tenants"


@hookimpl
def ellar_db_databases(wanted: Sequence[str]) -> Iterator[Database]:
    """Supply the tenants' databases."""
    from sqlalchemy import make_url

    from shop.db.settings import settings
    from shop.models.tenants import Base

    server = make_url(os.environ.get("DATABASE_URL") or "sqlite:///shop.db")
    for name in settings().tenants:
        if server.get_backend_name() == "sqlite":
            url = server.set(drivername="sqlite", database=f"tenants/{name}.db")
            yield Database(name, url, Base.metadata, group=GROUP)
        else:
            yield Database(name, server, Base.metadata, schema=f"tenant_{name}", group=GROUP)
