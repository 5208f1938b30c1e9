"""`status`: where each database stands, and what is left to do."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from ellar_db.testing import Project
from tests.support.documents import document
from tests.support.revisions import add
from tests.support.servers import asynchronous, sync_engine


def stand(project: Project, *arguments: str, exit_code: int = 0) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = document(project, "status", *arguments, schema="status", exit_code=exit_code)[
        "databases"
    ]
    return found


def revisions(project: Project) -> None:
    project.db("init")
    add(project, "first", None)
    add(project, "second", "first")
    add(project, "third", "second")


@pytest.mark.parametrize("driver", ["sync", "async"])
def test_on_each_kind_of_database(project: Project, any_database: str, driver: str) -> None:
    project.configure(url=any_database if driver == "sync" else asynchronous(any_database))
    revisions(project)
    project.db("upgrade", "first")

    shown = project.db("status").stdout

    assert shown.splitlines() == [
        "Database  At     State   Behind",
        "default   first  behind       2",
        "",
        "Pending on default:",
        "  second  Add second",
        "  third  Add third",
    ]
    [found] = stand(project)
    assert found["state"] == "behind"
    assert [each["revision"] for each in found["pending"]] == ["second", "third"]
    project.db("upgrade")
    assert stand(project, "--exit-code")[0]["state"] == "at_head"


def test_says_by_its_exit_code_whether_all_are_at_head(several: Project) -> None:
    several.db("revision", "--rev-id", "a1")

    several.db("status", "--exit-code", exit_code=1)
    several.db("upgrade", "--database", "default")
    several.db("status", "--exit-code", exit_code=1)
    several.db("status", "--exit-code", "--database", "default")
    several.db("upgrade")
    several.db("status", "--exit-code")


def test_one_out_of_reach_does_not_hide_the_others(project: Project) -> None:
    project.configure()
    project.write(
        "pyproject.toml",
        "[tool.ellar-db]\nmetadata = 'models:Base'\n[tool.ellar-db.databases]\n"
        "default = 'sqlite:///a.db'\ngone = 'postgresql+psycopg://ann:geheimnis@127.0.0.1:9/none'\n"
        "last = 'sqlite:///b.db'\n",
    )
    project.db("init", "--multi")
    project.db("revision", "--rev-id", "a1")

    result = project.db("status", "--exit-code", exit_code=3)

    lines = result.stdout.splitlines()
    assert [line.split() for line in lines[1:4]] == [
        ["default", "base", "behind", "1"],
        ["gone", "unavailable"],
        ["last", "base", "behind", "1"],
    ]
    assert "Pending on default, last:" in lines
    assert lines[-1].startswith("gone: the database 'gone' (postgresql+psycopg://ann:***@127.0.0.1:9/none) can't be")
    assert "geheimnis" not in result.output
    assert [each["state"] for each in stand(project)] == ["behind", "unavailable", "behind"]


def test_no_file_is_made_of_a_database_that_is_not_there(project: Project) -> None:
    project.configure()
    revisions(project)

    assert [(each["state"], each["revisions"]) for each in stand(project)] == [("behind", [])]
    assert not (project.path / "app.db").exists()


def test_all_schemas_of_a_server_are_asked_at_once(project: Project, new_database: Callable[[str], str]) -> None:
    from tests.support.fleets import history, provide

    url = new_database("postgresql")
    names = [f"t{number}" for number in range(4)]
    with sync_engine(url).begin() as connection:
        for name in names[:3]:
            connection.execute(text(f"CREATE SCHEMA {name}"))
    provide(project, {name: (url, {"group": "tenants", "schema": name}) for name in names})
    history(project, "one", "two")
    project.db("upgrade", "one", "--database", "t0", "--database", "t1")
    project.db("upgrade", "--database", "t1")

    found = stand(project)

    assert [each["state"] for each in found] == ["behind", "at_head", "behind", "unavailable"]
    assert [[each["revision"] for each in one["pending"]] for one in found] == [["two"], [], ["one", "two"], []]
    assert found[3]["error"].startswith("the schema 't3' of the database 't3'")


def test_a_revision_that_the_folder_does_not_have(linear: Project) -> None:
    linear.db("upgrade")
    (linear.path / "migrations/versions/third_.py").unlink()

    shown = linear.db("status", "--exit-code", exit_code=1).stdout

    assert "third  unknown here       -" in shown
    assert "Pending" not in shown
    assert "default: the database 'default' is at third, which this folder doesn't have: " in shown
    assert stand(linear)[0]["unknown"] == ["third"]
    assert stand(linear)[0]["pending"] == []


def test_branches_and_what_depends_on_them(plain: Project) -> None:
    revisions(plain)
    add(plain, "other", "first")
    add(plain, "needing", "other", depends_on="third")
    plain.db("upgrade", "third")

    [found] = stand(plain)

    assert [each["revision"] for each in found["pending"]] == ["other", "needing"]
    plain.db("upgrade", "heads")
    assert stand(plain, "--exit-code")[0]["state"] == "at_head"


def test_who_holds_the_lock(
    project: Project, any_database: str, held_elsewhere: Callable[[str], subprocess.Popen[str]]
) -> None:
    project.configure(url=any_database)
    revisions(project)
    assert stand(project)[0]["holder"] is None
    process = held_elsewhere(any_database)

    [found] = stand(project)

    assert found["holder"].startswith(("connection ", f"process {process.pid} on "))
    # when is reckoned anew each time, from how long the session has done nothing
    who, _, when = found["holder"].rpartition(" since ")
    assert re.fullmatch(r"\d\d:\d\d:\d\d", when)
    assert f"default: being migrated by {who} since " in project.db("status").stdout


def test_a_lock_file_that_a_killed_run_left_is_nobodys(linear: Project) -> None:
    linear.db("upgrade", "first")
    left = linear.path / "app.db.migrating"
    left.touch()
    (linear.path / "app.db.migrating-by").write_text("process 1 on web-1 since 10:00:00")

    assert stand(linear)[0]["holder"] is None
    assert left.exists()


def test_a_run_that_did_not_end(project: Project, new_database: Callable[[str], str]) -> None:
    url = new_database("mariadb")
    project.configure(url=url)
    revisions(project)
    project.db("upgrade", "first")
    with sync_engine(url).begin() as connection:
        connection.execute(
            text(
                "INSERT INTO ellar_db_journal (version_table, revision, direction, host, pid, started, statements, "
                "done, failed, package) VALUES ('alembic_version', '\"second\"', 'upgrade', 'web-1', 7, "
                "'2026-01-01 10:00:00', '[\"CREATE TABLE second\"]', 0, '\"\"', '')"
            )
        )

    shown = project.db("status", "--exit-code", exit_code=1).stdout

    assert "default: the upgrade of second (process 7 on web-1, 2026-01-01 10:00:00 UTC) did not end." in shown
    assert shown.endswith("`ellar-db repair` says what to do\n")
    assert stand(project)[0]["state"] == "interrupted"


def test_what_earlier_runs_left(linear: Project) -> None:
    linear.db("upgrade")
    with sync_engine("sqlite:///app.db").begin() as connection:
        connection.execute(text("CREATE TABLE _alembic_tmp_first_table (id INTEGER)"))

    assert "default: the table _alembic_tmp_first_table is what a batch operation left" in linear.db("status").stdout


def test_packages_are_rows_of_their_own(project: Project, install: Callable[..., Path]) -> None:
    project.configure()
    revisions(project)
    versions = project.path / "audit_versions"
    versions.mkdir()
    shutil.copy(project.path / "migrations/versions/first_.py", versions / "logged_.py")
    file = versions / "logged_.py"
    file.write_text(file.read_text().replace("first", "logged"))
    install(
        "audit",
        f"""
from pathlib import Path
from ellar_db import PackageMigrations, hookimpl

@hookimpl
def ellar_db_migrations():
    yield PackageMigrations("audit", Path({str(versions)!r}))
""",
    )
    project.db("upgrade", "--package", "audit")

    found = stand(project)

    assert [(each["package"], each["state"]) for each in found] == [("audit", "at_head"), (None, "behind")]
    assert project.db("status").stdout.splitlines()[1:3] == [
        "default   audit    logged  at head       0",
        "default   -        base    behind        3",
    ]
    assert [each["package"] for each in stand(project, "--package", "audit")] == ["audit"]


def test_a_folder_of_somebody_elses(project: Project, any_database: str) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config("alembic.ini")
    command.init(config, "theirs")
    ini = project.path / "alembic.ini"
    ini.write_text(ini.read_text().replace("driver://user:pass@localhost/dbname", any_database.replace("%", "%%")))
    project.db("-c", "alembic.ini", "revision", "--rev-id", "a1", "-m", "theirs")
    project.db("-c", "alembic.ini", "upgrade")
    project.db("-c", "alembic.ini", "revision", "--rev-id", "b2", "-m", "later")

    [found] = [each for each in document(project, "-c", "alembic.ini", "status", schema="status")["databases"]]

    assert (found["state"], [each["title"] for each in found["pending"]]) == ("behind", ["later"])


def test_of_many_pending_revisions_some_are_listed(plain: Project) -> None:
    plain.db("init")
    for number in range(25):
        add(plain, f"r{number}", f"r{number - 1}" if number else None)

    shown = plain.db("status").stdout.splitlines()

    assert shown[-2:] == ["  r19  Add r19", "  ... and 5 more; --json lists all"]
    assert len(stand(plain)[0]["pending"]) == 25


def test_many_of_a_group_are_told_together(project: Project) -> None:
    from tests.support.fleets import files, history

    files(project, 12)
    history(project, "one")
    project.db("upgrade", "--database", "t0")

    shown = project.db("status").stdout

    assert "Pending on t1, t2, t3, t4, t5, t6, t7, t8, t9, t10 and 1 more:\n  one\n" in shown


COLUMNS = """
from sqlalchemy import text
from ellar_db import hookimpl

@hookimpl
def ellar_db_status(database, connection, script):
    connection.execute(text("INSERT INTO t_first VALUES (7)"))
    return {"rows": connection.scalar(text("SELECT count(*) FROM t_first")), "head": script.get_current_head()}
"""


def test_ellar_db_status_adds_columns(linear: Project, install: Callable[..., Path]) -> None:
    install("columns", COLUMNS)
    linear.db("upgrade", "second")

    assert [line.rstrip() for line in linear.db("status").stdout.splitlines()[:2]] == [
        "Database  At      State   Behind  rows  head",
        "default   second  behind       1  1     third",
    ]
    assert stand(linear)[0]["columns"] == {"rows": "1", "head": "third"}


def test_ellar_db_status_that_gives_no_mapping_is_named(linear: Project, install: Callable[..., Path]) -> None:
    install("columns", COLUMNS.partition("    return")[0] + "    return 7\n")
    linear.db("upgrade")

    said = linear.db("status", exit_code=1).stderr

    assert said.startswith("Error: the plugin columns")
    assert "ellar_db_status" in said
