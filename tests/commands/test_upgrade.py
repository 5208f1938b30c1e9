"""`upgrade`."""

from __future__ import annotations

import re

import pytest

from ellar_db.testing import Project
from tests.support.output import timeless


def test_brings_a_database_to_the_newest_revision(plain: Project) -> None:
    plain.db("init")
    plain.db("migrate", "-m", "Add users")

    result = plain.db("upgrade")

    assert result.stdout == ""
    assert re.fullmatch(
        r"  ok  (\w+) Add users  T s\n1 revision applied in T s; now at \1 \(head\)\.\n", timeless(result.stderr)
    )
    assert plain.tables() == {"alembic_version", "users"}


@pytest.mark.parametrize(
    ("revision", "made"),
    [
        ("+1", {"t_first"}),
        ("+2", {"t_first", "t_second"}),
        ("second", {"t_first", "t_second"}),
        ("first+1", {"t_first", "t_second"}),
        ("head-2", {"t_first"}),
        ("firs", {"t_first"}),
    ],
)
def test_goes_to_the_revision_given(linear: Project, revision: str, made: set[str]) -> None:
    linear.db("upgrade", revision)

    assert linear.tables() == {"alembic_version", *made}


def test_does_nothing_where_nothing_is_to_be_done(linear: Project) -> None:
    linear.db("upgrade")

    assert linear.db("upgrade").output == "Already up to date (third).\n"


@pytest.mark.parametrize("revision", ["first", "firs", "base"])
def test_says_what_goes_back_to_a_revision_below(linear: Project, revision: str) -> None:
    linear.db("upgrade")

    said = linear.db("upgrade", revision).output

    assert said.startswith("Nothing to do: ")
    assert said.endswith(f" applied already; `ellar-db downgrade {revision}` goes back there.\n")
    linear.db("downgrade", "--yes", revision)
    assert (
        linear.db("upgrade", revision).output
        == f"Nothing to do: already at {'base' if revision == 'base' else 'first'}.\n"
    )


def test_refuses_two_heads_and_says_what_to_do(branched: Project) -> None:
    result = branched.db("upgrade", exit_code=1)

    assert result.stderr == (
        "Error: Multiple head revisions are present for given argument 'head'; please specify a specific target "
        "revision, '<branchname>@head' to narrow to a specific head, or 'heads' for all heads; "
        "`ellar-db heads` lists them, `ellar-db merge` joins them [ellar-db explain E01]\n"
    )
    assert branched.tables() == set()


def test_goes_to_all_heads_or_to_that_of_a_branch(branched: Project) -> None:
    branched.db("upgrade", "east@head")
    assert branched.tables() == {"alembic_version", "t_first", "t_right"}

    branched.db("upgrade", "heads")
    assert branched.tables() == {"alembic_version", "t_first", "t_right", "t_left"}


def test_with_sql_writes_a_range_and_touches_no_database(linear: Project) -> None:
    stdout = linear.db("upgrade", "--sql", "first:second").stdout

    assert stdout == (
        "-- Running upgrade first -> second\n\n"
        "CREATE TABLE t_second (\n    id INTEGER NOT NULL, \n    PRIMARY KEY (id)\n);\n\n"
        "UPDATE alembic_version SET version_num='second' WHERE alembic_version.version_num = 'first';\n\n"
    )
    assert linear.tables() == set()


def test_with_sql_writes_to_a_file_whole(linear: Project) -> None:
    stdout = linear.db("upgrade", "--sql").stdout

    assert linear.db("upgrade", "--sql", "-o", "up.sql").stdout == ""

    assert (linear.path / "up.sql").read_text() == stdout
    assert [file.name for file in linear.path.glob("*.sql*")] == ["up.sql"]


@pytest.mark.parametrize("folder", ["new/folder/", "there"])
def test_with_sql_writes_a_file_for_each_database_to_a_folder(linear: Project, folder: str) -> None:
    (linear.path / "there").mkdir()

    linear.db("upgrade", "--sql", "-o", folder)

    assert [file.name for file in (linear.path / folder).iterdir()] == ["default.sql"]


def test_output_needs_sql(linear: Project) -> None:
    result = linear.db("upgrade", "-o", "up.sql", exit_code=2)

    assert result.stderr.splitlines()[-1] == "Error: -o/--output says where SQL goes, and needs --sql"
    assert linear.tables() == set()


def test_brings_all_databases_to_the_newest_revision(several: Project) -> None:
    several.db("migrate", "-m", "Both")

    several.db("upgrade")

    assert several.tables() == {"alembic_version", "users"}
    assert several.tables("sqlite:///reports.db") == {"alembic_version", "figures"}


def test_with_sql_separates_several_databases(several: Project) -> None:
    several.db("migrate", "-m", "Both")

    stdout = several.db("upgrade", "--sql").stdout

    assert stdout.startswith("-- Database: default (sqlite)\n\nCREATE TABLE alembic_version")
    first, second = stdout.split("-- Database: reports (sqlite)\n\n")
    assert "CREATE TABLE users" in first
    assert "figures" not in first
    assert "CREATE TABLE figures" in second


def test_with_sql_writes_several_databases_to_a_file_or_to_a_folder(several: Project) -> None:
    several.db("migrate", "-m", "Both")
    stdout = several.db("upgrade", "--sql").stdout

    several.db("upgrade", "--sql", "-o", "all.sql")
    several.db("upgrade", "--sql", "-o", "each/")

    assert (several.path / "all.sql").read_text() == stdout
    assert sorted(file.name for file in (several.path / "each").iterdir()) == ["default.sql", "reports.sql"]
    assert "CREATE TABLE users" in (several.path / "each/default.sql").read_text()
    assert "CREATE TABLE figures" in (several.path / "each/reports.sql").read_text()


def test_gives_the_tag_to_env_py(linear: Project) -> None:
    linear.write("migrations/env.py", "from alembic import context\nprint('tag', context.get_tag_argument())\n")

    assert linear.db("upgrade", "--tag", "nightly").stdout == "tag nightly\n"
