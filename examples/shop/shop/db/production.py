"""In production nothing is undone: a mistake there is mended by another revision."""

from __future__ import annotations

from ellar_db import DbError, Run, hookimpl


@hookimpl
def ellar_db_before_run(run: Run) -> None:
    """Refuse a downgrade in production, and a drop; refuse any run if nobody can tell whether this is production."""
    from shop.db.settings import ENVIRONMENTS, settings

    if run.purpose != "apply":
        return
    environment = settings().environment
    if environment.lower() not in ENVIRONMENTS:
        raise DbError(f"SHOP_ENVIRONMENT is {environment!r}; set it to {' or '.join(ENVIRONMENTS)}")
    if run.command in ("downgrade", "drop") and environment.lower() == "production":
        raise DbError(f"{run.command} is refused in production (SHOP_ENVIRONMENT); write a revision that mends it")
