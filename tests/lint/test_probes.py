"""Questions about rows are limited in time, and leave nothing behind."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.pool import NullPool, StaticPool

from ellar_db.databases.connections import in_event_loop
from ellar_db.databases.database import Database
from ellar_db.databases.factory import make_databases
from ellar_db.databases.limits import Limits
from ellar_db.lint import probes as module
from ellar_db.lint.probes import Probes
from ellar_db.plugins.dialects import dialect_of
from ellar_db.plugins.manager import get_plugin_manager
from tests.support.servers import asynchronous, sync_engine

T = (None, "t")


def filled(url: str, rows: int = 2) -> None:
    engine = sync_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (id INTEGER, name VARCHAR(10))")
        connection.exec_driver_sql("CREATE TABLE bare (id INTEGER)")
        for number in range(rows):
            connection.execute(text("INSERT INTO t VALUES (:n, NULL)"), {"n": number})


@contextmanager
def probing(database: Database) -> Iterator[tuple[Probes, Connection]]:
    """Questions to a database, and the connection of the comparison."""
    with database.sync_engine.connect() as connection:
        context = MigrationContext.configure(connection)
        with Probes(database, dialect_of(get_plugin_manager(), database), context) as probes:
            yield probes, connection


def database_at(url: str, **options: Any) -> Database:
    return Database("default", create_engine(url, **options))


def sessions(url: str) -> int:
    """The number of other sessions on the database of a server."""
    engine = sync_engine(url)
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            counted = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        else:
            counted = "SELECT count(*) FROM information_schema.processlist WHERE db = DATABASE()"
        return int(connection.exec_driver_sql(counted).scalar_one()) - 1


def test_rows_and_nulls(any_database: str) -> None:
    filled(any_database)
    with probing(database_at(any_database, poolclass=NullPool)) as (probes, _):
        assert probes.has_rows(T) is True
        assert probes.has_rows((None, "bare")) is False
        assert probes.has_nulls(T, "name") is True
        assert probes.has_nulls(T, "id") is False
        assert probes.has_nulls((None, "bare"), "id") is False
        assert probes.has_duplicates(probes.duplicates(T, ["id"])) is False


def test_what_fails_is_unknown_and_later_questions_are_answered(any_database: str) -> None:
    filled(any_database)
    with probing(database_at(any_database, poolclass=NullPool)) as (probes, _):
        assert probes.has_rows((None, "missing")) is None
        assert probes.has_nulls(T, "missing") is None
        assert probes.estimated_rows((None, "missing")) is None
        assert probes.has_rows(T) is True


def test_with_async_drivers(any_database: str) -> None:
    filled(any_database)
    (database,) = make_databases(asynchronous(any_database), pooled=False).values()

    def work(databases: Any) -> list[bool | None]:
        with probing(databases[0]) as (probes, _):
            return [probes.has_rows(T), probes.has_nulls(T, "name"), probes.has_nulls(T, "id")]

    assert in_event_loop([database], work) == [True, True, False]


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_nothing_is_left_on_a_server(new_database: Callable[[str], str], kind: str) -> None:
    url = new_database(kind)
    filled(url)
    database = database_at(url)
    before = sessions(url)
    with probing(database) as (probes, compared):
        compared.exec_driver_sql("SELECT 1")
        assert probes.has_nulls(T, "name") is True
        # its transaction has ended, so that nothing waits for it
        with sync_engine(url).begin() as connection:
            for statement in dialect_of(get_plugin_manager(), database).timeouts(
                connection.dialect, Limits(db_lock_timeout=5)
            ):
                connection.exec_driver_sql(statement)
            connection.exec_driver_sql("ALTER TABLE t ADD COLUMN more INTEGER")
        assert sessions(url) == before + 2
    database.sync_engine.dispose()
    assert sessions(url) == before


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_a_locked_table_is_not_waited_for(
    new_database: Callable[[str], str], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = new_database(kind)
    filled(url)
    lock = "LOCK TABLE t IN ACCESS EXCLUSIVE MODE" if kind == "postgresql" else "LOCK TABLES t WRITE"
    with sync_engine(url).begin() as connection:
        connection.exec_driver_sql(lock)
        with probing(database_at(url, poolclass=NullPool)) as (probes, _):
            assert probes.has_rows(T) is None
            # it isn't asked again
            monkeypatch.setattr(module, "BUDGET", 0)
            assert probes.has_rows(T) is None
            assert probes.has_rows((None, "bare")) is None


def test_a_locked_file_is_not_waited_for(new_database: Callable[[str], str]) -> None:
    url = new_database("sqlite")
    filled(url)
    with sync_engine(url).connect() as connection:
        connection.exec_driver_sql("BEGIN EXCLUSIVE")
        with probing(database_at(url, poolclass=NullPool)) as (probes, _):
            assert probes.has_rows(T) is None


LONG = """
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
SELECT 1 FROM n a, n b, n c WHERE a.i + b.i + c.i < 0
"""


def test_a_long_question_is_ended(any_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(any_database)
    monkeypatch.setattr(module, "LIMITS", Limits(db_lock_timeout=1, statement_timeout=0.2))
    if any_database.startswith("mysql"):
        long = "SELECT 1 FROM seq_1_to_100000 a, seq_1_to_100000 b, seq_1_to_100000 c WHERE a.seq + b.seq + c.seq < 0"
    else:
        long = LONG
    with probing(database_at(any_database, poolclass=NullPool)) as (probes, _):
        assert probes.has_rows(T) is True
        ended = []

        def ask(connection: Connection) -> bool:
            try:
                return connection.exec_driver_sql(long).first() is not None
            except Exception:
                ended.append(True)
                raise

        assert probes.ask(ask) is None
        assert ended == [True]
        assert probes.has_nulls(T, "name") is True


def test_after_the_time_is_used_up_nothing_is_asked(any_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(any_database)
    database = database_at(any_database, poolclass=NullPool)
    monkeypatch.setattr(module, "BUDGET", 0)
    with probing(database) as (probes, _):
        said = listened(database)
        assert probes.has_rows(T) is None
        assert said == []


def listened(database: Database) -> list[str]:
    """The statements that any connection of a database executes from now on."""
    said: list[str] = []

    @event.listens_for(database.sync_engine, "before_cursor_execute")
    def before(_: Any, __: Any, statement: str, *___: Any) -> None:
        said.append(statement)

    return said


def test_each_question_ends_at_the_first_row(any_database: str) -> None:
    filled(any_database)
    database = database_at(any_database, poolclass=NullPool)
    said = listened(database)
    with probing(database) as (probes, _):
        probes.has_rows(T)
        probes.has_nulls(T, "name")
        probes.has_rows(T)

    asked = [statement for statement in said if re.search(r"FROM (\w+\.)?t\b", statement)]
    assert len(asked) == 2
    assert all("LIMIT" in statement for statement in asked)


def test_a_database_in_memory_is_asked_on_its_only_connection() -> None:
    database = database_at("sqlite://", poolclass=StaticPool)
    with probing(database) as (probes, compared):
        compared.exec_driver_sql("CREATE TABLE t (id INTEGER)")
        compared.exec_driver_sql("INSERT INTO t VALUES (1)")
        assert probes.has_rows(T) is True
        assert probes.has_nulls(T, "id") is False
    with database.sync_engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 5000


def test_the_schema_of_a_tenant(new_database: Callable[[str], str]) -> None:
    url = new_database("postgresql")
    filled(url, rows=0)
    database = database_at(url)
    with database.sync_engine.begin() as connection:
        connection.exec_driver_sql("CREATE SCHEMA tenant")
        connection.exec_driver_sql("CREATE TABLE tenant.t (id INTEGER)")
        connection.exec_driver_sql("INSERT INTO tenant.t VALUES (1)")
    dialect = dialect_of(get_plugin_manager(), database)
    with database.sync_engine.connect() as connection:
        with Probes(database, dialect, MigrationContext.configure(connection)) as probes:
            assert probes.has_rows(T) is False
        # as Alembic's documentation says
        connection.dialect.default_schema_name = "tenant"
        with Probes(database, dialect, MigrationContext.configure(connection)) as probes:
            assert probes.has_rows(T) is True
        assert connection.dialect.default_schema_name == "tenant"
        connection.dialect.default_schema_name = "public"
        connection.execution_options(schema_translate_map={None: "tenant"})
        with Probes(database, dialect, MigrationContext.configure(connection)) as probes:
            assert probes.has_rows(T) is True
    database.sync_engine.dispose()
