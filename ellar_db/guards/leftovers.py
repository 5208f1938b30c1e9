"""What earlier runs left behind in databases, of which a server with thousands of schemas is asked once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ellar_db.databases.database import Database
from ellar_db.dialects.base import Dialect

if TYPE_CHECKING:
    from sqlalchemy import Connection


class Leftovers:
    """What earlier runs left behind, as long as one command runs.

    Example:
        leftovers = Leftovers()
        for database, connection in connections:
            for line in leftovers.of(database, dialect, connection):
                print(database.name, line)
    """

    def __init__(self) -> None:
        self._of_servers: dict[object, dict[str, list[str]]] = {}

    def of(self, database: Database, dialect: Dialect, connection: Connection) -> list[str]:
        """Return what is left in a database; of a schema that is one, also what is left on the server, once.

        Args:
            database: The database.
            dialect: Its kind.
            connection: A connection to it, outside of a transaction or in one that may be rolled back.

        Returns:
            Each with what to do about it.

        Raises:
            DBAPIError: The server refuses to answer.
        """
        if not database.schema:
            return dialect.leftovers(database, connection)
        server = database.without_schema.address
        if server not in self._of_servers:
            self._of_servers[server] = dialect.leftovers_of_schemas(database, connection)
        found = self._of_servers[server]
        return [*found.pop("", []), *found.get(database.schema, [])]
