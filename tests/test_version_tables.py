"""A version table of another name that has the folder's revisions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from ellar_db.testing import Project
from tests.support.applications import new_shop
from tests.support.environments import ForeignEnvironment
from tests.support.revisions import add
from tests.support.servers import sync_engine

READING = [("current",), ("history", "-i"), ("revision", "-m", "m")]
NEEDING = [("check",), ("migrate", "-m", "m"), ("revision", "--autogenerate")]


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

    said = "Warning: The version table alembic_version is empty, and alembic_versions has first"
    assert done.stderr.count(said) == (command[0] != "revision")


@pytest.mark.parametrize("found", ["first", "second"])
def test_commands_that_need_all_revisions_are_refused_with_what_works(project: Project, found: str) -> None:
    set_up(project, "sqlite:///app.db", "alembic_versions", found)
    told = (
        f"Error: the version table alembic_version is empty, and alembic_versions has {found}, which this folder has; "
        'name that table with version_table = "alembic_versions" in [tool.ellar-db.context-configure], or say '
        f"`ellar-db stamp {found}` to go on with alembic_version\n"
    )

    for command in NEEDING:
        assert project.db(*command, exit_code=1).stderr == told
    project.db("stamp", found)
    project.db("upgrade")
    project.db("migrate", "-m", "m")


@pytest.mark.parametrize("command", ["check", "upgrade", "current"])
def test_in_a_folder_of_somebody_else_the_advice_is_about_its_env_py(
    project: Project, new_database: Callable[[str], str], command: str
) -> None:
    folder = ForeignEnvironment(project, new_database("sqlite"), "generic").write()
    folder.revision("r1", None, "pass")
    engine = sync_engine(folder.url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE shop_version (version_num VARCHAR(32) NOT NULL)"))
        connection.execute(text("INSERT INTO shop_version VALUES ('r1')"))
    engine.dispose()

    said = project.db("-c", "theirs.ini", command, exit_code=None).stderr
    advice = 'name that table with version_table="shop_version" in the calls of context.configure in env.py'
    assert said.count(advice) == 1

    env = folder.versions.parent / "env.py"
    env.write_text(env.read_text().replace("context.configure(", "context.configure(version_table='shop_version', "))
    assert "version table" not in project.db("-c", "theirs.ini", "current").stderr


def test_in_an_application_the_advice_is_about_its_module(tmp_path: Path) -> None:
    with new_shop(tmp_path) as shop:
        shop.with_plain_sqlalchemy("sqlite:///app.db")
        shop.db("init")
        shop.db("migrate", "-m", "m")
        shop.db("upgrade")
        with sync_engine("sqlite:///app.db").begin() as connection:
            connection.execute(text("ALTER TABLE alembic_version RENAME TO shop_version"))

        assert (
            'name that table with {"context_configure": {"version_table": "shop_version"}} in the migration_options of '
            "the application, or say "
        ) in shop.db("check", exit_code=1).stderr


@pytest.mark.parametrize("cure", ["stamp", "setting"])
def test_what_is_advised_works(project: Project, cure: str) -> None:
    set_up(project, "sqlite:///app.db", "alembic_versions", "first")
    if cure == "stamp":
        assert "Warning: The version table" in project.db("stamp", "first").stderr
    else:
        project.configure(extra='[tool.ellar-db.context-configure]\nversion_table = "alembic_versions"\n')

    done = project.db("upgrade")

    assert "  ok  second Add second" in done.stderr
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
