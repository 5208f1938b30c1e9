"""`history`."""

from __future__ import annotations

import pytest

from ellar_db.testing import Project

ALL = "second -> third (head), Add third\nfirst -> second, Add second\n<base> -> first, Add first\n"


def test_lists_the_revisions_the_newest_first(linear: Project) -> None:
    assert linear.db("history").output == ALL


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("first:third", "second -> third (head), Add third\nfirst -> second, Add second\n<base> -> first, Add first\n"),
        ("second:", "second -> third (head), Add third\nfirst -> second, Add second\n"),
        (":first", "<base> -> first, Add first\n"),
        ("-1:", "second -> third (head), Add third\nfirst -> second, Add second\n"),
        (":", ALL),
    ],
)
@pytest.mark.parametrize("option", ["-r", "--rev-range"])
def test_lists_a_range(linear: Project, option: str, given: str, shown: str) -> None:
    assert linear.db("history", option, given).output == shown


def test_lists_a_range_that_begins_at_the_database(linear: Project) -> None:
    linear.db("upgrade", "second")

    assert linear.db("history", "-r", "current:").output == (
        "second -> third (head), Add third\nfirst -> second, Add second\n"
    )


@pytest.mark.parametrize("given", ["first", "a:b:c", ""])
def test_refuses_what_is_no_range(linear: Project, given: str) -> None:
    result = linear.db("history", "-r", given, exit_code=2)

    assert result.stderr.splitlines()[-1] == (
        "Error: Invalid value for '-r' / '--rev-range': a range is [start]:[end], [start]: or :[end]"
    )


@pytest.mark.parametrize("option", ["-i", "--indicate-current"])
def test_indicates_the_revision_of_the_database(linear: Project, option: str) -> None:
    linear.db("upgrade", "second")

    assert linear.db("history", option).output == ALL.replace("first -> second,", "first -> second (current),")


def test_verbose_shows_them_in_full(linear: Project) -> None:
    shown = linear.db("history", "-v", "-r", ":first").stdout

    assert shown == (
        f"Rev: first\nParent: <base>\nPath: {linear.path}/migrations/versions/first_.py\n\n"
        "    Add first\n    \n    Revision ID: first\n\n"
    )


def test_needs_no_database_unless_it_shows_what_is_current(linear: Project) -> None:
    linear.configure(url="sqlite:///no/such/folder/app.db")

    assert linear.db("history").output == ALL
    assert "can't be reached" in linear.db("history", "-i", exit_code=3).stderr


def test_indicates_the_revisions_of_several_databases(several: Project) -> None:
    several.db("revision", "--rev-id", "both", "-m", "Both")
    several.db("upgrade")

    assert several.db("history", "-i").stdout == (
        "default:\n<base> -> both (head) (current), Both\nreports:\n<base> -> both (head) (current), Both\n"
    )
