"""`stamp`."""

from __future__ import annotations

import pytest

from ellar_db.testing import Project
from tests.support.output import timeless

AT_BASE = "The database 'default' is at base: no revision has been applied.\n"


def test_sets_the_newest_revision_unless_told_otherwise(linear: Project) -> None:
    result = linear.db("stamp")

    assert (result.stdout, timeless(result.stderr)) == (
        "",
        "  ok  third Add third  T s\nRecorded in T s; now at third (head).\n",
    )
    assert linear.tables() == {"alembic_version"}
    assert linear.db("current").output == "third (head)\n"


def test_sets_a_revision_for_each_branch(branched: Project) -> None:
    branched.db("stamp", "left", "right")

    assert sorted(branched.db("current").stdout.splitlines()) == ["left (head)", "right (head)"]


def test_sets_all_heads(branched: Project) -> None:
    branched.db("stamp", "heads")

    assert sorted(branched.db("current").stdout.splitlines()) == ["left (head)", "right (head)"]


def test_base_says_that_nothing_is_applied(linear: Project) -> None:
    linear.db("stamp", "third")

    linear.db("stamp", "base")

    result = linear.db("current")

    assert (result.stdout, result.stderr) == ("", AT_BASE)


def test_purge_replaces_a_revision_that_is_no_more(linear: Project) -> None:
    linear.db("stamp", "third")
    (linear.path / "migrations/versions/third_.py").unlink()
    linear.forget()

    refused = linear.db("stamp", "second", exit_code=1)
    assert refused.stderr.startswith("Error: the database 'default' is at third, which this folder doesn't have: ")
    assert "`ellar-db stamp --purge REVISION`" in refused.stderr
    linear.db("stamp", "--purge", "second")

    assert linear.db("current").output == "second (head)\n"


def test_refuses_an_unknown_revision(linear: Project) -> None:
    linear.db("stamp", "first")

    assert "Can't locate revision" in linear.db("stamp", "nonsense", exit_code=1).stderr
    assert linear.db("current").output == "first\n"


def test_with_sql_writes_the_statements(linear: Project) -> None:
    stdout = linear.db("stamp", "--sql", "second").stdout

    assert "INSERT INTO alembic_version (version_num) VALUES ('second')" in stdout
    assert linear.tables() == set()


@pytest.mark.parametrize("option", ["-o", "--output"])
def test_with_sql_writes_to_a_file(linear: Project, option: str) -> None:
    assert linear.db("stamp", "--sql", option, "out/stamp.sql").stdout == ""

    assert "VALUES ('third')" in (linear.path / "out/stamp.sql").read_text()


def test_sets_it_in_all_databases(several: Project) -> None:
    several.db("revision", "--rev-id", "both")

    several.db("stamp")

    assert several.db("current").stdout == "default:\nboth (head)\nreports:\nboth (head)\n"
