"""A version table of another name that has the folder's revisions."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from ellar_db.testing import Project
from tests.support.revisions import add
from tests.support.servers import sync_engine

READING = [("current",), ("history", "-i"), ("check",), ("migrate", "-m", "m")]


def set_up(project: Project, url: str, table: str, *found: str) -> None:
    """Write a project with two revisions, and a version table of another name."""
    project.configure(url=url)
    project.db("init")
    add(project, "first", None)
    add(project, "second", "first")
    engine = sync_engine(url)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE TABLE {table} (version_num VARCHAR(32) NOT NULL)"))
        for revision in found:
            connection.execute(text(f"INSERT INTO {table} VALUES ('{revision}')"))
    engine.dispose()


@pytest.mark.parametrize("table", ["alembic_versions", "shop_version", "alembic_history"])
def test_an_upgrade_is_refused(project: Project, any_database: str, table: str) -> None:
    set_up(project, any_database, table, "first")

    done = project.db("upgrade", exit_code=1)

    assert done.stderr.splitlines()[-1].startswith(
        f"Error: the version table alembic_version is empty, and {table} has first, which this folder has; name that "
        f'table with version_table = "{table}" in [tool.ellar-db.context-configure], or say `ellar-db stamp first`'
    )
    assert project.tables(any_database) - {"alembic_version", "ellar_db_journal"} == {table}


@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_commands_that_only_read_say_so(project: Project, command: tuple[str, ...]) -> None:
    set_up(project, "sqlite:///app.db", "alembic_versions", "first")

    done = project.db(*command, exit_code=None)

    assert "Warning: The version table alembic_version is empty, and alembic_versions has first" in done.stderr


@pytest.mark.parametrize("cure", ["stamp", "setting"])
def test_what_is_advised_works(project: Project, cure: str) -> None:
    set_up(project, "sqlite:///app.db", "alembic_versions", "first")
    if cure == "stamp":
        assert "Warning: The version table" in project.db("stamp", "first").stderr
    else:
        project.configure(extra='[tool.ellar-db.context-configure]\nversion_table = "alembic_versions"\n')

    done = project.db("upgrade")

    assert "Running upgrade first -> second" in done.stderr
    assert "version table" not in done.stderr
    assert project.tables() - {"alembic_version"} == {"alembic_versions", "t_second"}


@pytest.mark.parametrize(
    ("table", "found"),
    [("alembic_versions", ()), ("alembic_versions", ("other",)), ("alembic_version_audit", ("aud1",))],
)
def test_revisions_of_others_are_none_of_its_business(project: Project, table: str, found: tuple[str, ...]) -> None:
    set_up(project, "sqlite:///app.db", table, *found)

    assert "version table" not in project.db("upgrade").stderr
    assert project.db("current").stdout == "second (head)\n"


def test_a_table_of_the_application_is_not_read_as_one(project: Project) -> None:
    set_up(project, "sqlite:///app.db", "app_version")
    engine = sync_engine("sqlite:///app.db")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE version (id INTEGER, version_num TEXT)"))
        connection.execute(text("INSERT INTO version VALUES (1, 'first')"))
    engine.dispose()

    project.db("upgrade")
