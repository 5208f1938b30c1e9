"""Tables that packages add to the models late, as SQLAlchemy-Continuum adds the tables of its history."""

from __future__ import annotations

import sys

from ellar_db.util.errors import DbError, summary


def complete_models() -> None:
    """Configure SQLAlchemy's mappers, as their first use would, so that all tables are in the metadata.

    Raises:
        DbError: A mapper can't be configured, so that tables of the models may be missing.
    """
    if "sqlalchemy.orm" not in sys.modules:
        return
    from sqlalchemy.exc import SQLAlchemyError
    from sqlalchemy.orm import configure_mappers

    try:
        configure_mappers()
    except SQLAlchemyError as error:
        raise DbError(
            f"the models can't be compared, since their mappers can't be configured: {summary(error)}; mend the models"
        ) from error
