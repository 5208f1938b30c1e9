"""`downgrade`."""

from __future__ import annotations

import click
import pytest

from ellar_db.testing import Project
from tests.support.output import timeless


@pytest.fixture
def applied(linear: Project) -> Project:
    linear.db("upgrade")
    return linear


def test_goes_back_one_revision_unless_told_otherwise(applied: Project) -> None:
    result = applied.db("downgrade")

    assert (result.stdout, timeless(result.stderr)) == (
        "",
        "  ok  third Add third  T s\n1 revision undone in T s; now at second.\n",
    )
    assert applied.tables() == {"alembic_version", "t_first", "t_second"}


@pytest.mark.parametrize(
    ("revision", "left"),
    [
        ("-1", {"t_first", "t_second"}),
        ("-2", {"t_first"}),
        ("first", {"t_first"}),
        ("base", set()),
        ("third-2", {"t_first"}),
    ],
)
def test_goes_back_to_the_revision_given(applied: Project, revision: str, left: set[str]) -> None:
    applied.db("downgrade", revision)

    assert applied.tables() == {"alembic_version", *left}


def test_refuses_to_go_back_beyond_the_first_revision(applied: Project) -> None:
    result = applied.db("downgrade", "-4", exit_code=1)

    assert result.stderr == (
        "Error: -4 goes too far: there are 3 revisions up to third; `ellar-db downgrade base` undoes them\n"
    )
    assert len(applied.tables()) == 4


def test_with_sql_writes_the_last_revision_back_unless_told_otherwise(applied: Project) -> None:
    result = applied.db("downgrade", "--sql")

    assert result.stdout == (
        "-- Running downgrade third -> second\n\nDROP TABLE t_third;\n\n"
        "UPDATE alembic_version SET version_num='second' WHERE alembic_version.version_num = 'third';\n\n"
    )
    assert "t_third" in applied.tables()


def test_with_sql_takes_a_range(applied: Project) -> None:
    stdout = applied.db("downgrade", "--sql", "third:base").stdout

    assert [line for line in stdout.splitlines() if line.startswith("DROP")] == [
        "DROP TABLE t_third;",
        "DROP TABLE t_second;",
        "DROP TABLE t_first;",
    ]


def test_with_sql_refuses_a_single_revision(applied: Project) -> None:
    result = applied.db("downgrade", "--sql", "first", exit_code=1)

    assert result.stderr == "Error: downgrade with --sql requires <fromrev>:<torev>\n"


def test_with_sql_writes_to_a_file(applied: Project) -> None:
    result = applied.db("downgrade", "--sql", "-o", "down.sql")

    assert result.stdout == ""
    assert "DROP TABLE t_third;" in (applied.path / "down.sql").read_text()


def test_goes_back_on_all_databases(several: Project) -> None:
    several.db("migrate", "-m", "Both")
    several.db("upgrade")

    several.db("downgrade")

    assert several.tables() == several.tables("sqlite:///reports.db") == {"alembic_version"}


def test_gives_the_tag_to_env_py(linear: Project) -> None:
    linear.write("migrations/env.py", "from alembic import context\nprint('tag', context.get_tag_argument())\n")

    assert linear.db("downgrade", "--tag", "x y", "base").stdout == "tag x y\n"


def test_refuses_an_option_that_it_does_not_know(applied: Project) -> None:
    result = applied.db("downgrade", "--nonsense", exit_code=2)

    assert result.stderr.splitlines()[-1] == f"Error: {click.NoSuchOption('--nonsense').format_message()}"
    assert len(applied.tables()) == 4
