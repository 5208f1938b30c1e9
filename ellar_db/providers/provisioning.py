"""Making databases that aren't there yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ellar_db.hookspecs import hookimpl

if TYPE_CHECKING:
    from ellar_db.databases.database import Database


@hookimpl
def ellar_db_provision(database: Database) -> bool | None:
    """Make a schema, a database of a server, or a file with its folder."""
    import os
    from pathlib import Path

    from ellar_db.databases.connections import connected, in_event_loop
    from ellar_db.plugins.dialects import dialect_of
    from ellar_db.plugins.manager import get_plugin_manager
    from ellar_db.scratch.databases import administered, initialize
    from ellar_db.util.sqlalchemy import plain_text, quoted

    whole = database.without_schema
    dialect = dialect_of(get_plugin_manager(), whole)
    if whole is not database:

        def make(databases: Sequence[Database]) -> None:
            with connected(databases[0]) as connection, connection.begin():
                name = quoted(connection.dialect, database.schema)
                connection.execute(plain_text(dialect.create_schema(name)))

        in_event_loop([whole], make)
        return True
    files = dialect.files(database)
    if files:
        # of a link, it is the file behind it that is the database
        file = Path(os.path.realpath(files[0]))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        return True
    url = database.sync_engine.url
    if not dialect.maintenance_databases(url):
        return None
    administered(
        database,
        dialect,
        lambda connection: dialect.create_database(connection, url, url),
        f"the database {database.name!r} ({database.url}) can't be made",
        "let its user make databases",
    )
    # the engine's first connection was to another database of the server
    in_event_loop([database], initialize)
    return True
