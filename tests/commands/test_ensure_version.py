"""`ensure-version`."""

from __future__ import annotations

import pytest

from ellar_db.testing import Project

TABLE = """CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL, 
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

"""  # noqa: W291


@pytest.mark.parametrize("name", ["ensure-version", "ensure_version"])
def test_makes_the_version_table_alone(linear: Project, name: str) -> None:
    linear.db(name)

    assert linear.tables() == {"alembic_version"}
    assert linear.db("current").stdout == ""


def test_leaves_a_table_that_is_there_as_it_is(linear: Project) -> None:
    linear.db("upgrade")

    linear.db("ensure-version")

    assert linear.db("current").output == "third (head)\n"


def test_with_sql_writes_the_statement(linear: Project) -> None:
    assert linear.db("ensure-version", "--sql").stdout == TABLE
    assert linear.tables() == set()


def test_with_sql_writes_to_a_file(linear: Project) -> None:
    linear.db("ensure-version", "--sql", "--output", "version.sql")

    assert (linear.path / "version.sql").read_text() == TABLE


def test_makes_it_in_all_databases(several: Project) -> None:
    several.db("ensure-version")

    assert several.tables() == several.tables("sqlite:///reports.db") == {"alembic_version"}
