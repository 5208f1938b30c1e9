"""Version tables of other programs, where the folder's own version table is empty."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ellar_db.config.command_line import program
from ellar_db.util.errors import DbError

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy import Connection


log = logging.getLogger("ellar_db")

USUAL = ("alembic_version", "alembic_versions")
"""The version tables of Alembic, Flask-Migrate and ellar-sql, and of advanced-alchemy."""

COLUMN = "version_num"
"""The only column of a version table."""


def told_of_another(context: MigrationContext, *, refused: bool) -> None:
    """Say that another version table has the revisions which the folder's own one lacks.

    This is so when a folder came from a program that calls the table something else.

    Args:
        context: Alembic's context of a database, which isn't offline.
        refused: The command runs revisions, and would run again what is applied.

    Raises:
        DbError: There is such a table, and `refused` is set.
    """
    if context.connection is None or context.script is None or context.get_current_heads():
        return
    known = {revision.revision for revision in context.script.walk_revisions()}
    own = context.version_table
    for table, found in _others(context.connection, context.version_table_schema, own):
        if found and found <= known:
            listed = ", ".join(sorted(found))
            message = (
                f"the version table {own} is empty, and {table} has {listed}, which this folder has; name that table "
                f'with version_table = "{table}" in [tool.ellar-db.context-configure], or say '
                f"`{program()} stamp {' '.join(sorted(found))}` to go on with {own}"
            )
            if refused:
                raise DbError(message)
            log.warning("%s", message[0].upper() + message[1:])


def _others(connection: Connection, schema: str | None, own: str) -> Iterable[tuple[str, set[str]]]:
    """Yield other version tables of a database, with the revisions in them."""
    from sqlalchemy import column, inspect, select
    from sqlalchemy import table as named

    inspector = inspect(connection)
    for name in inspector.get_table_names(schema=schema):
        likely = name in USUAL or "version" in name or "alembic" in name
        if name == own or not likely:
            continue
        if [each["name"] for each in inspector.get_columns(name, schema=schema)] == [COLUMN]:
            rows: Iterable[Any] = connection.execute(select(column(COLUMN)).select_from(named(name, schema=schema)))
            yield name, {str(row[0]) for row in rows}
