"""In production nothing is undone: a mistake there is mended by another revision."""

from __future__ import annotations

from ellar_db import DbError, Run, hookimpl


@hookimpl
def ellar_db_before_run(run: Run) -> None:
    """Refuse a downgrade in production, and a drop."""
    from shop.db.settings import settings

    if run.command in ("downgrade", "drop") and run.purpose == "apply" and settings().environment == "production":
        raise DbError(f"{run.command} is refused in production (SHOP_ENVIRONMENT); write a revision that mends it")
