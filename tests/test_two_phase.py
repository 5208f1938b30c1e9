"""Two-phase commit of several databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import text

from ellar_db.testing import Project
from ellar_db.testing.project import tables
from tests.support.servers import OwnPostgres, sync_engine

MODELS = """
from sqlalchemy import Column, Integer, MetaData, Table

first, second = MetaData(), MetaData()
Table("a", first, Column("id", Integer, primary_key=True))
Table("b", second, Column("id", Integer, primary_key=True))
"""


def configure(project: Project, first: str, second: str) -> None:
    project.write("models.py", MODELS)
    project.write(
        "pyproject.toml",
        f"""
        [tool.ellar-db]
        use-two-phase = true
        [tool.ellar-db.databases]
        default = "{first}"
        other = "{second}"
        [tool.ellar-db.metadata]
        default = "models:first"
        other = "models:second"
        """,
    )
    project.db("init", "--multi")
    project.db("migrate", "-m", "Make a and b")


@pytest.fixture(scope="module")
def prepared_server() -> Iterator[OwnPostgres]:
    with OwnPostgres(max_prepared_transactions=10) as server:
        with sync_engine(server.url).connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for name in ("one", "two", "three", "four"):
                connection.execute(text(f"CREATE DATABASE {name}"))
        yield server


def test_postgresql_commits_all(project: Project, prepared_server: OwnPostgres) -> None:
    one, two = (f"{prepared_server.url.rpartition('/')[0]}/{name}" for name in ("one", "two"))
    configure(project, one, two)

    project.db("upgrade")

    assert tables(one) == {"alembic_version", "a"}
    assert tables(two) == {"alembic_version", "b"}
    assert prepared(prepared_server.url) == 0


def test_postgresql_commits_none_where_one_fails(project: Project, prepared_server: OwnPostgres) -> None:
    three, four = (f"{prepared_server.url.rpartition('/')[0]}/{name}" for name in ("three", "four"))
    configure(project, three, four)
    with sync_engine(four).begin() as connection:
        connection.execute(text("CREATE TABLE b (id integer)"))

    result = project.db("upgrade", exit_code=1)

    assert 'relation "b" already exists' in result.stderr
    assert tables(three) == {"alembic_version"}
    assert prepared(prepared_server.url) == 0


def test_a_server_that_does_not_allow_it_says_so(project: Project, new_database: Callable[[str], str]) -> None:
    first, second = new_database("postgresql"), new_database("postgresql")
    with sync_engine(first).connect() as connection:
        if int(connection.execute(text("SHOW max_prepared_transactions")).scalar_one()):
            pytest.skip("this server allows prepared transactions")
    configure(project, first, second)

    result = project.db("upgrade", exit_code=1)

    assert result.stderr.splitlines()[-1].startswith("Error: the run could not be committed: ")
    assert "prepared transactions are disabled" in result.stderr
    assert "Traceback" not in result.output
    assert tables(first) == {"alembic_version"}


def test_mariadb_commits_all(project: Project, new_database: Callable[[str], str]) -> None:
    first, second = new_database("mariadb"), new_database("mariadb")
    configure(project, first, second)

    project.db("upgrade")

    assert tables(first) == {"alembic_version", "ellar_db_journal", "a"}
    assert tables(second) == {"alembic_version", "ellar_db_journal", "b"}
    with sync_engine(first).connect() as connection:
        assert connection.execute(text("XA RECOVER")).all() == []


def test_sqlite_says_that_it_knows_none(project: Project) -> None:
    project.write("models.py", MODELS)
    project.write(
        "pyproject.toml",
        """
        [tool.ellar-db]
        use-two-phase = true
        database = "sqlite:///app.db"
        metadata = "models:first"
        """,
    )
    project.db("init")
    project.db("migrate")

    result = project.db("upgrade", exit_code=1)

    assert result.stderr == (
        "Error: the driver of the database 'default' (sqlite:///app.db) knows no two-phase commit; "
        "set use_two_phase to False\n"
    )


def prepared(url: str) -> int:
    """Count the transactions left prepared on a server."""
    with sync_engine(url).connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM pg_prepared_xacts")).scalar_one())
