"""Private names of ellar-sql that ellar_db relies on."""

from __future__ import annotations


def forget_models() -> None:
    """Make ellar-sql forget the models of all databases, so that an application can be imported again.

    `ellar_sql.model.database_binds.__model_database_metadata__` is needed since the public `get_all_metadata` returns a
    copy. There is no public fallback.
    """
    from ellar_sql.model import database_binds

    database_binds.__model_database_metadata__.clear()
