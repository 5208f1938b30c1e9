"""Time-outs of statements on the server."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine.default import DefaultDialect

from ellar_db.databases.limits import Limits
from ellar_db.plugins.dialects import dialect_named
from ellar_db.plugins.manager import get_plugin_manager
from ellar_db.testing import Project
from ellar_db.util.errors import DbError
from tests.support.histories import History
from tests.support.servers import sync_engine

WAITS = {
    "postgresql": "SELECT pg_sleep(60)",
    "mariadb": "SELECT sleep(60)",
}


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_a_statement_that_runs_too_long_is_ended(
    project: Project, new_database: Callable[[str], str], kind: str
) -> None:
    history = History(project, new_database(kind), 1, {0: [f"op.execute('{WAITS[kind]}')"]}).write()

    result = project.db("upgrade", "--statement-timeout", "0.2", exit_code=1)

    assert "(it timed out)" in result.stderr
    assert history.version() is None
    assert history.tables() == set()


@pytest.mark.parametrize("kind", ["postgresql", "mariadb", "sqlite"])
def test_a_statement_that_waits_too_long_for_a_lock_is_ended(
    project: Project, new_database: Callable[[str], str], kind: str
) -> None:
    url = new_database(kind)
    history = History(project, url, 2, {1: ["op.execute('ALTER TABLE first_0 ADD COLUMN note integer')"]}).write()
    project.db("upgrade", "0000")
    with sync_engine(url).connect() as connection:
        connection.execute(text("INSERT INTO first_0 (id) VALUES (1)"))

        result = project.db("upgrade", "--db-lock-timeout", "0.2", exit_code=3 if kind == "sqlite" else 1)

    if kind == "sqlite":
        assert "is locked by another program (it timed out)" in result.stderr
    else:
        assert "(it timed out)" in result.stderr
    assert history.version() == "0000"
    assert project.db("upgrade").exit_code == 0


def test_the_settings_and_the_application_say_them_too(project: Project, new_database: Callable[[str], str]) -> None:
    history = History(project, new_database("postgresql"), 1, {0: ["op.execute('SELECT pg_sleep(60)')"]}).write()
    pyproject = project.path / "pyproject.toml"
    pyproject.write_text(pyproject.read_text() + "statement-timeout = 0.2\n")
    project.forget()

    assert "(it timed out)" in project.db("upgrade", exit_code=1).stderr
    assert history.version() is None


def test_a_revision_that_commits_runs_with_them(project: Project, new_database: Callable[[str], str]) -> None:
    url = new_database("postgresql")
    steps = [
        "with op.get_context().autocommit_block(): "
        "op.execute('CREATE TABLE waited AS SELECT setting FROM pg_settings WHERE name = $$lock_timeout$$')"
    ]
    history = History(project, url, 1, {0: steps})
    history.write()

    project.db("upgrade", "--db-lock-timeout", "5", "--statement-timeout", "60")

    with sync_engine(url).connect() as connection:
        assert connection.exec_driver_sql("SELECT setting FROM waited").scalars().all() == ["5000"]


@pytest.mark.usefixtures("application_apart")
def test_the_application_beats_the_settings_and_the_command_line_both(
    project: Project, new_database: Callable[[str], str]
) -> None:
    url = new_database("postgresql")
    History(project, url, 1, {0: ["op.execute('SELECT pg_sleep(0.3)')"]}).write()
    project.write(
        "shop.py",
        f"""
        from ellar.app import AppFactory
        from ellar_db import EllarDBModule
        from sqlalchemy.pool import NullPool

        def application():
            databases = {{"url": {url!r}, "poolclass": NullPool}}
            module = EllarDBModule.setup(databases, migration_options={{"statement_timeout": 0.1}})
            return AppFactory.create_app(modules=[module])
        """,
    )
    project.write("pyproject.toml", "[tool.ellar-db]\napplication = 'shop:application'\nstatement-timeout = 60\n")
    project.forget("shop")

    assert "(it timed out)" in project.db("upgrade", exit_code=1).stderr
    assert project.db("upgrade", "--statement-timeout", "60").exit_code == 0


@pytest.mark.parametrize("line", ["lock-timeout = 'soon'", "statement-timeout = -1", "lock = 1", "connect-wait = nan"])
def test_a_limit_that_is_none_is_refused_in_one_line(project: Project, line: str) -> None:
    History(project, "sqlite:///app.db", 1).write()
    pyproject = project.path / "pyproject.toml"
    pyproject.write_text(f"{pyproject.read_text()}{line}\n")
    project.forget()

    refused = project.db("upgrade", exit_code=1).stderr

    assert refused.startswith(f"Error: [tool.ellar-db] has {line}; it must be ")
    assert len(refused.splitlines()) == 1


@pytest.mark.parametrize(
    ("kind", "query"), [("postgresql", "SHOW statement_timeout"), ("mariadb", "SELECT @@max_statement_time")]
)
def test_they_do_not_come_into_the_applications_pool(
    project: Project, new_database: Callable[[str], str], kind: str, query: str
) -> None:
    url = new_database(kind)
    History(project, url, 1).write()
    project.write(
        "engines.py",
        f"""
        from sqlalchemy import create_engine
        from ellar_db import Database, hookimpl

        engine = create_engine({url!r}, pool_size=1, max_overflow=2)

        @hookimpl
        def ellar_db_databases():
            yield Database("default", engine, None, limits={{"statement_timeout": 20, "db_lock_timeout": 30}})
        """,
    )
    project.write("pyproject.toml", '[tool.ellar-db]\nplugins = ["engines"]\n')
    project.forget("engines")
    from ellar_db import alembic_config

    with alembic_config() as config:
        from alembic import command

        engine = config.attributes["databases"]["default"].engine

        def asked() -> list[str]:
            connections = [engine.connect() for _ in range(3)]
            found = [str(connection.execute(text(query)).scalar()) for connection in connections]
            for connection in connections:
                connection.close()
            return found

        before = asked()
        command.upgrade(config, "head")

        assert asked() == before
        engine.dispose()


def statements(driver: str, limits: Limits) -> list[str]:
    """Return the statements that set limits on a kind of database."""
    name = driver.partition("+")[0]
    known = DefaultDialect() if name == "mssql" else create_engine(f"{driver}://").dialect
    return dialect_named(get_plugin_manager(), name).timeouts(known, limits.bounded)


def test_they_do_not_end_the_wait_for_the_lock() -> None:
    # the lock's session sets none of them; were it to, a long run would end the others' wait
    assert statements("postgresql+psycopg", Limits(lock_timeout=5)) == []


@pytest.mark.parametrize(
    ("kind", "limits", "expected"),
    [
        ("postgresql+psycopg", Limits(db_lock_timeout=1.5), ["SET lock_timeout = 1500"]),
        ("postgresql+psycopg", Limits(statement_timeout=0), ["SET statement_timeout = 0"]),
        ("postgresql+psycopg", Limits(statement_timeout=0.0001), ["SET statement_timeout = 1"]),
        ("postgresql+psycopg", Limits(db_lock_timeout=0), ["SET lock_timeout = 1"]),
        ("postgresql+psycopg", Limits(statement_timeout=float("inf")), ["SET statement_timeout = 2000000000"]),
        ("sqlite", Limits(db_lock_timeout=2, statement_timeout=2), ["PRAGMA busy_timeout = 2000"]),
        (
            "mysql+pymysql",
            Limits(db_lock_timeout=0.2),
            ["SET SESSION lock_wait_timeout = 1", "SET SESSION innodb_lock_wait_timeout = 1"],
        ),
        ("mysql+pymysql", Limits(statement_timeout=2), []),
        ("mssql+unknown", Limits(statement_timeout=2), []),
    ],
)
def test_the_statements_of_each_database(kind: str, limits: Limits, expected: list[str]) -> None:
    assert statements(kind, limits) == expected


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("lock-timeout", "soon", "a number of seconds, 0 or more"),
        ("statement-timeout", -1, "a number of seconds, 0 or more"),
        ("connect-wait", True, "a number of seconds, 0 or more"),
        ("lock", 1, "true or false"),
    ],
)
def test_a_limit_that_is_no_number_is_refused(key: str, value: object, problem: str) -> None:
    with pytest.raises(DbError) as caught:
        Limits().changed({key: value}, "[tool.ellar-db]")

    assert caught.value.message == f"[tool.ellar-db] has {key} = {value!r}; it must be {problem}"
