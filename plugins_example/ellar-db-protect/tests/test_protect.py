"""ellar-db-protect."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic import command

from ellar_db import DbError, alembic_config
from ellar_db.plugins.manager import get_plugin_manager
from ellar_db.scratch.databases import guarded as as_scratch
from ellar_db.scratch.databases import scratch_databases
from ellar_db.testing import Project
from tests.support.servers import ASYNC_DRIVERS

TWO = """
[tool.ellar-db]
metadata = {default = "models:Base"}

[tool.ellar-db.databases]
default = "sqlite:///app.db"
reports = "sqlite:///reports.db"

[tool.ellar-db-protect]
databases = ["reports"]
"""


def refusal(command: str, name: str = "default") -> str:
    return (
        f"Error: {command} is refused on the database {name!r}, which [tool.ellar-db-protect] protects; "
        f"if you mean it, add --unprotect {name}\n"
    )


@pytest.fixture
def guarded(plain: Project, use: Callable[..., None]) -> Project:
    """A project with the package, at its first revision, with a protected database."""
    use("ellar-db-protect")
    plain.db("init")
    plain.db("migrate", "--rev-id", "r1")
    plain.db("upgrade")
    plain.configure(extra="[tool.ellar-db-protect]\ndatabases = ['default']")
    return plain


@pytest.mark.parametrize("arguments", [["downgrade"], ["downgrade", "-1"], ["downgrade", "base"], ["stamp", "base"]])
def test_a_protected_database_is_left_alone(guarded: Project, arguments: list[str]) -> None:
    assert guarded.db(*arguments, exit_code=1).output == refusal(arguments[0])
    assert guarded.db("current").stdout == "r1 (head)\n"
    assert guarded.tables() == {"alembic_version", "users"}


@pytest.mark.parametrize(
    "arguments", [["downgrade"], ["downgrade", "-1"], ["stamp", "base"], ["stamp", "--purge", "base"]]
)
def test_unprotect_does_it(guarded: Project, arguments: list[str]) -> None:
    guarded.db(*arguments, "--unprotect", "default")

    assert guarded.db("current").stdout == ""
    assert ("users" in guarded.tables()) == (arguments[0] == "stamp")


def test_other_databases_and_projects_are_as_ever(guarded: Project) -> None:
    guarded.configure()

    guarded.db("downgrade")

    assert guarded.db("current").stdout == ""


def test_other_commands_are_as_ever(guarded: Project) -> None:
    guarded.db("revision", "--rev-id", "r2")
    guarded.db("upgrade")

    assert guarded.db("current").stdout == "r2 (head)\n"


def test_sql_touches_nothing_and_is_allowed(guarded: Project) -> None:
    assert "DROP TABLE users" in guarded.db("downgrade", "--sql", "r1:base").stdout
    assert "DELETE FROM alembic_version" in guarded.db("stamp", "--sql", "r1:base").stdout


def test_bare_alembic_is_refused_too(guarded: Project) -> None:
    site = os.pathsep.join(map(str, (guarded.path / "site", Path(__file__).parents[1])))

    refused = guarded.run(
        "alembic", "-c", "migrations/alembic.ini", "downgrade", "base", exit_code=None, env={"PYTHONPATH": site}
    )

    assert refused.returncode != 0
    assert "downgrade is refused on the database 'default'" in refused.stderr + refused.stdout
    assert guarded.tables() == {"alembic_version", "users"}


@pytest.mark.parametrize("name", ["downgrade", "stamp"])
def test_start_up_code_is_refused_too(guarded: Project, name: str) -> None:
    with (
        pytest.raises(DbError, match=f"if you mean it, run `ellar-db {name} --unprotect default`$"),
        alembic_config() as config,
    ):
        getattr(command, name)(config, "base")

    assert guarded.db("current").stdout == "r1 (head)\n"
    with alembic_config() as config:
        command.upgrade(config, "head")


def test_scratch_databases_have_nothing_to_protect(guarded: Project) -> None:
    with (
        alembic_config() as config,
        scratch_databases(config.attributes["databases"], {}, guarded.path, get_plugin_manager()) as made,
        as_scratch(),
    ):
        config.attributes["databases"] = made
        command.upgrade(config, "head")
        command.downgrade(config, "base")

    assert guarded.db("current").stdout == "r1 (head)\n"


def test_all_protects_each(guarded: Project) -> None:
    guarded.configure(extra="[tool.ellar-db-protect]\ndatabases = 'all'")

    assert guarded.db("downgrade", exit_code=1).output == refusal("downgrade")
    guarded.db("downgrade", "--unprotect", "default")


def test_async_engines_are_protected_too(guarded: Project) -> None:
    url = f"{ASYNC_DRIVERS['sqlite']}:///app.db"
    guarded.configure(url=url, extra="[tool.ellar-db-protect]\ndatabases = 'all'")

    assert guarded.db("downgrade", exit_code=1).output == refusal("downgrade")
    guarded.db("downgrade", "--unprotect", "default")
    assert guarded.db("current").stdout == ""


def test_one_protected_database_of_two_stops_the_run_on_both(plain: Project, use: Callable[..., None]) -> None:
    use("ellar-db-protect")
    plain.write("pyproject.toml", TWO)
    plain.db("init", "--multi")
    plain.db("revision", "--rev-id", "r1")
    plain.db("upgrade")

    assert plain.db("downgrade", exit_code=1).stderr.endswith(refusal("downgrade", "reports"))
    assert plain.db("current").stdout.count("r1 (head)") == 2
    plain.db("downgrade", "--unprotect", "reports", "--unprotect", "default")
    assert "r1" not in plain.db("current").stdout


def test_a_folder_for_one_database_needs_only_that_ones_leave(plain: Project, use: Callable[..., None]) -> None:
    use("ellar-db-protect")
    plain.write("pyproject.toml", TWO)
    plain.db("init")
    plain.db("revision", "--rev-id", "r1")
    plain.db("upgrade")

    plain.db("downgrade")

    assert plain.db("current").stdout == ""


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            "database = ['default']",
            "[tool.ellar-db-protect] has no database; it takes databases; did you mean databases?",
        ),
        ("databases = 5", """[tool.ellar-db-protect] databases must be a list of names or "all", not 5"""),
        (
            "databases = ['prodution']",
            "[tool.ellar-db-protect] protects 'prodution', which isn't among the databases: default",
        ),
    ],
)
def test_settings_that_protect_nothing_are_refused(guarded: Project, settings: str, message: str) -> None:
    guarded.configure(extra=f"[tool.ellar-db-protect]\n{settings}")

    assert guarded.db("downgrade", exit_code=1).output == f"Error: {message}\n"
    assert guarded.db("current").stdout == "r1 (head)\n"


def test_a_slip_in_unprotect_is_named(guarded: Project) -> None:
    assert guarded.db("downgrade", "--unprotect", "defualt", exit_code=1).output == (
        "Error: --unprotect names 'defualt', which isn't among the databases: default\n"
    )


def test_help_shows_the_options_of_both(guarded: Project) -> None:
    for name in ("downgrade", "stamp"):
        shown = guarded.db(name, "--help").stdout
        assert "--sql" in shown
        assert "--unprotect NAME" in shown


def test_a_revision_that_drops_something_is_warned_of(guarded: Project) -> None:
    guarded.configure(
        models="from sqlalchemy import MetaData\nBase = MetaData()\n",
        extra="[tool.ellar-db-protect]\ndatabases = ['default']",
    )

    said = guarded.db("migrate").stderr

    assert "Warning: the revision drops users, and [tool.ellar-db-protect] protects databases\n" in said


def test_columns_too_and_nothing_where_nothing_is_protected(guarded: Project) -> None:
    models = (
        "from sqlalchemy import *\nBase = MetaData()\nTable('users', Base, Column('id', Integer, primary_key=True))\n"
    )
    guarded.configure(models=models, extra="[tool.ellar-db-protect]\ndatabases = 'all'")
    warned = guarded.db("migrate", "--rev-id", "r2").stderr
    (guarded.path / "migrations/versions/r2_.py").unlink()
    guarded.configure(models=models)

    assert "the revision drops users.name" in warned
    assert "the revision drops" not in guarded.db("migrate").stderr
