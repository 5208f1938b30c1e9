"""What a user may do on PostgreSQL."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ellar_db.databases.database import Database
from ellar_db.hooktypes import MissingRight

if TYPE_CHECKING:
    from sqlalchemy import Connection

WAIT = "SET LOCAL lock_timeout = '2s'"

USER = "SELECT current_user, current_schema(), pg_is_in_recovery(), current_setting('transaction_read_only')"

TABLE_RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE")

SESSION = """
SELECT pid, extract(epoch FROM clock_timestamp() - backend_start)
FROM pg_stat_activity WHERE pid = pg_backend_pid()
"""


def missing_rights(connection: Connection, database: Database) -> Iterator[MissingRight]:
    """Yield the rights that a user doesn't have.

    Args:
        connection: A connection of the user's. Its transaction is rolled back.
        database: The database.
    """
    from sqlalchemy import inspect, text

    preparer = connection.dialect.identifier_preparer
    try:
        user, current, standby, read_only = connection.execute(text(USER)).one()
        role = preparer.quote(user)
        if standby:
            yield MissingRight("write, since the server is a standby", "use the URL of the primary server")
            return
        if read_only == "on":
            yield MissingRight(
                "write, since its transactions are read-only",
                f"ALTER ROLE {role} SET default_transaction_read_only = off",
            )
            return
        if current is None:
            yield MissingRight(
                "make tables, since its search_path names no schema that is there",
                f"CREATE SCHEMA AUTHORIZATION {role}",
            )
            return
        schema = str(database.options.get("version_table_schema") or database.schema or current)
        for each in dict.fromkeys((database.schema or current, schema)):
            if not may_create(connection, each):
                name = preparer.quote(each)
                yield MissingRight(f"make tables in the schema {each}", f"GRANT CREATE ON SCHEMA {name} TO {role}")
        table = str(database.options.get("version_table", "alembic_version"))
        if inspect(connection).has_table(table, schema=schema):
            name = f"{preparer.quote(schema)}.{preparer.quote(table)}"
            asked = text("SELECT has_table_privilege(:table, :right)")
            lost = [
                right
                for right in TABLE_RIGHTS
                if not connection.execute(asked, {"table": name, "right": right}).scalar()
            ]
            if lost:
                yield MissingRight(
                    f"{', '.join(lost)} on the version table {schema}.{table}",
                    f"GRANT {', '.join(lost)} ON {name} TO {role}",
                )
        function = "pg_try_advisory_lock(bigint)"
        if not connection.execute(text(f"SELECT has_function_privilege('{function}', 'EXECUTE')")).scalar():
            yield MissingRight("take the lock", f"GRANT EXECUTE ON FUNCTION {function} TO {role}")
    finally:
        connection.rollback()


def may_create(connection: Connection, schema: str) -> bool:
    """Return whether a user can make a table in a schema, by making one in a savepoint that is rolled back.

    Args:
        connection: A connection of the user's.
        schema: The schema.
    """
    from sqlalchemy.exc import ProgrammingError

    preparer = connection.dialect.identifier_preparer
    connection.exec_driver_sql(WAIT)
    savepoint = connection.begin_nested()
    try:
        connection.exec_driver_sql(f"CREATE TABLE {preparer.quote(schema)}.ellar_db_doctor_{uuid.uuid4().hex} ()")
    except ProgrammingError:
        # the right is missing, or the schema
        return False
    finally:
        savepoint.rollback()
    return True


def session(connection: Connection) -> tuple[int, float] | None:
    """Return which session a connection uses; None if the server doesn't tell.

    Args:
        connection: The connection.
    """
    from sqlalchemy import text

    found = connection.execute(text(SESSION)).one_or_none()
    return None if found is None or found[1] is None else (found[0], float(found[1]))
