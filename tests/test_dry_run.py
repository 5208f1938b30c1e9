"""`upgrade --dry-run`: the revisions run for real, and nothing of them stays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from ellar_db.testing import Project
from tests.support.environments import FORMS, ForeignEnvironment
from tests.support.fleets import files, history, visits
from tests.support.revisions import add, write_revision
from tests.support.servers import asynchronous, sync_engine

KINDS = ["sqlite", "postgresql"]


def write(project: Project, rev_id: str, parent: str | None, up: str) -> None:
    write_revision(project.path / "migrations/versions", rev_id, parent, up)


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, new_database: Callable[[str], str]) -> str:
    return new_database(request.param)


@pytest.mark.parametrize("driver", ["sync", "async"])
def test_nothing_stays(plain: Project, url: str, driver: str) -> None:
    plain.configure(url=url if driver == "sync" else asynchronous(url))
    plain.db("init")
    add(plain, "first", None)
    write(plain, "second", "first", "op.execute('INSERT INTO t_first VALUES (7)')")

    said = plain.db("upgrade", "--dry-run").stderr

    assert said.splitlines()[-1] == "Dry run: 2 revisions ran on the database 'default', and are rolled back."
    assert not plain.tables(url)
    plain.db("upgrade", "first")
    assert "Dry run: 1 revision ran on" in plain.db("upgrade", "--dry-run").stderr
    with sync_engine(url).connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM t_first")).scalar() == 0
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == ["first"]


def test_a_revision_that_would_fail_fails(plain: Project, url: str) -> None:
    plain.configure(url=url)
    plain.db("init")
    add(plain, "first", None)
    write(plain, "second", "first", "op.execute('INSERT INTO nowhere VALUES (1)')")

    said = plain.db("upgrade", "--dry-run", exit_code=1).stderr

    assert "upgrade first -> second failed on the database 'default'" in said
    assert "Dry run: " not in said
    assert not plain.tables(url)


COMMITS = {
    "a block": "\n    with op.get_context().autocommit_block():\n        op.execute('CREATE TABLE made (a INTEGER)')",
    "its connection": "op.get_bind().commit(); op.execute('CREATE TABLE made (a INTEGER)')",
    "a statement": "op.execute('COMMIT'); op.execute('CREATE TABLE made (a INTEGER)')",
    "the transaction": "op.get_bind().get_transaction().commit(); op.execute('CREATE TABLE made (a INTEGER)')",
}


@pytest.mark.parametrize("body", COMMITS.values(), ids=COMMITS)
def test_it_stops_before_a_revision_commits(plain: Project, url: str, body: str) -> None:
    plain.configure(url=url)
    plain.db("init")
    add(plain, "first", None)
    write(plain, "second", "first", body)

    said = plain.db("upgrade", "--dry-run", exit_code=1).stderr

    assert "a dry run stops before that" in said
    assert not plain.tables(url)


def test_a_transaction_for_each_revision_is_one_too(plain: Project, url: str) -> None:
    plain.configure(url=url, extra="[tool.ellar-db.context-configure]\ntransaction_per_migration = true\n")
    plain.db("init")
    add(plain, "first", None)
    add(plain, "second", "first")

    assert "Dry run: 2 revisions" in plain.db("upgrade", "--dry-run").stderr
    assert not plain.tables(url)


def test_a_database_that_cannot_roll_back_is_refused(plain: Project, new_database: Callable[[str], str]) -> None:
    url = new_database("mariadb")
    plain.configure(url=url)
    plain.db("init")
    add(plain, "first", None)

    said = plain.db("upgrade", "--dry-run", exit_code=1).stderr

    assert said.startswith("Error: what a dry run does would stay in the database 'default', which can't roll back")
    assert "`ellar-db plan` shows what an upgrade would do" in said
    assert not plain.tables(url)


def test_with_an_env_py_of_somebody_elses(project: Project, url: str) -> None:
    from alembic import command
    from alembic.config import Config

    command.init(Config("alembic.ini"), "theirs")
    ini = project.path / "alembic.ini"
    ini.write_text(ini.read_text().replace("driver://user:pass@localhost/dbname", url.replace("%", "%%")))
    write_revision(project.path / "theirs/versions", "a1", None, "op.create_table('t', sa.Column('a', sa.Integer))")

    assert "Dry run: 1 revision ran" in project.db("-c", "alembic.ini", "upgrade", "--dry-run").stderr
    assert not project.tables(url)


@pytest.mark.parametrize("form", FORMS)
def test_with_each_form_of_env_py(project: Project, url: str, form: str) -> None:
    ForeignEnvironment(project, url, form).write().revision(
        "a1", None, "op.create_table('t', sa.Column('a', sa.Integer))"
    )

    said = project.db("-c", "theirs.ini", "upgrade", "--dry-run").stderr

    assert said.splitlines()[-1].startswith("Dry run: 1 revision ran on the database")
    assert not project.tables(url)


def test_several_databases_and_those_of_a_group(several: Project) -> None:
    several.db("revision", "--rev-id", "a1")

    assert several.db("upgrade", "--dry-run").stderr.count("Dry run: 1 revision ran on the database") == 2
    assert several.db("current").stdout == "default:\nreports:\n"


def test_databases_of_a_group_run_one_after_the_other(project: Project) -> None:
    files(project, 2)
    history(project, "one")

    assert project.db("upgrade", "--dry-run").stderr.count("Dry run: 1 revision") == 2
    assert visits(project, "t0") == []
    assert "means nothing with --jobs 2" in project.db("upgrade", "--dry-run", "--jobs", "2", exit_code=2).stderr
    assert "means nothing with --sql" in project.db("upgrade", "--dry-run", "--sql", exit_code=2).stderr


PLUGIN = """
from ellar_db import hookimpl

told = []

@hookimpl(wrapper=True)
def ellar_db_run(run):
    told.append(f"run {run.purpose} {run.connection is not None}")
    return (yield)

@hookimpl
def ellar_db_committed(run):
    told.append("committed")

@hookimpl
def ellar_db_failed(run):
    told.append("failed")
"""


def test_plugins_know_it(linear: Project, install: Callable[..., Path]) -> None:
    from importlib import import_module

    install("telling", PLUGIN)

    linear.db("upgrade", "--dry-run")

    assert import_module("telling").told == ["run dry-run True"]
