"""PostgreSQL's databases that tests are done with, emptied for the next ones: to make one takes ten times as long."""

from __future__ import annotations

import atexit
import functools
import uuid

from sqlalchemy import URL, Engine, create_engine, pool, text
from sqlalchemy.exc import DBAPIError

SINCE = 150000
"""The first version whose schema `public` is as `EMPTY` makes it."""

NAMESPACES = "nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'"

EMPTY = (
    f"""
    DO $$ DECLARE each text; BEGIN
        FOR each IN SELECT extname FROM pg_extension WHERE extname <> 'plpgsql' LOOP
            EXECUTE format('DROP EXTENSION %I CASCADE', each);
        END LOOP;
        FOR each IN SELECT nspname FROM pg_namespace WHERE {NAMESPACES} LOOP
            EXECUTE format('DROP SCHEMA %I CASCADE', each);
        END LOOP;
    END $$
    """,
    "CREATE SCHEMA public AUTHORIZATION pg_database_owner",
    "GRANT USAGE ON SCHEMA public TO PUBLIC",
    "COMMENT ON SCHEMA public IS 'standard public schema'",
)

CATALOGS = (
    "pg_class",
    "pg_proc",
    "pg_type",
    "pg_operator",
    "pg_cast",
    "pg_collation",
    "pg_conversion",
    "pg_default_acl",
    "pg_event_trigger",
    "pg_extension",
    "pg_foreign_data_wrapper",
    "pg_language",
    "pg_largeobject_metadata",
    "pg_publication",
    "pg_ts_config",
)

LEFT = " UNION ALL ".join(
    (
        *(f"SELECT '{catalog}' FROM {catalog} WHERE oid >= 16384" for catalog in CATALOGS),
        f"SELECT nspname FROM pg_namespace WHERE {NAMESPACES} AND nspname <> 'public'",
        "SELECT 'rights' FROM pg_database WHERE datname = current_database() "
        "AND (datacl IS NOT NULL OR datdba <> (SELECT oid FROM pg_roles WHERE rolname = current_user))",
        "SELECT 'settings' FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase "
        "WHERE d.datname = current_database()",
        "SELECT 'transactions' FROM pg_prepared_xacts WHERE database = current_database()",
    )
)
"""What a database has that a new one hasn't."""


class Spares:
    """The emptied databases of this process; they are dropped at its end.

    Args:
        url: A database of the server that is there.
    """

    def __init__(self, url: URL) -> None:
        self.engine = _engine(url)
        self._names: list[str] = []
        atexit.register(self._drop_all)

    def take(self) -> str:
        """Return the name of an empty database."""
        if self._names:
            return self._names.pop()
        name = new_name()
        execute(self.engine, f"CREATE DATABASE {name}")
        return name

    def give_back(self, name: str) -> None:
        """Empty a database for the next test, or drop it if that leaves anything in it."""
        if self._emptied(name):
            self._names.append(name)
        else:
            self._drop(name)

    def _emptied(self, name: str) -> bool:
        try:
            with _engine(self.engine.url.set(database=name)).connect() as connection:
                connection.execute(
                    text(
                        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    )
                )
                if int(connection.execute(text("SHOW server_version_num")).scalar_one()) < SINCE:
                    return False
                for statement in EMPTY:
                    connection.execute(text(statement))
                return connection.execute(text(LEFT)).first() is None
        except DBAPIError:
            return False

    def _drop(self, name: str) -> None:
        execute(self.engine, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _drop_all(self) -> None:
        while self._names:
            self._drop(self._names.pop())


@functools.cache
def spare_databases(url: URL) -> Spares:
    """Return the emptied databases of a server."""
    return Spares(url)


def new_name() -> str:
    """Return a name for a database, which no other has."""
    return f"ellar_db_test_{uuid.uuid4().hex[:12]}"


def execute(engine: Engine, statement: str) -> None:
    """Execute a statement on a server."""
    with engine.connect() as connection:
        connection.execute(text(statement))


@functools.lru_cache(maxsize=8)
def _engine(url: URL) -> Engine:
    return create_engine(url, isolation_level="AUTOCOMMIT", poolclass=pool.NullPool)
