"""`current`."""

from __future__ import annotations

from ellar_db.testing import Project


def test_says_that_nothing_is_applied_before_the_first_upgrade(linear: Project) -> None:
    result = linear.db("current")

    assert (result.stdout, result.stderr) == ("", "The database 'default' is at base: no revision has been applied.\n")
    assert linear.db("-q", "current").output == ""


def test_shows_the_revision_of_the_database(linear: Project) -> None:
    linear.db("upgrade", "second")
    assert linear.db("current").output == "second\n"

    linear.db("upgrade")
    assert linear.db("current").output == "third (head)\n"


def test_check_heads_says_no_by_its_exit_code(linear: Project) -> None:
    for option in ("-c", "--check-heads"):
        linear.db("upgrade", "second")
        result = linear.db("current", option, exit_code=1)
        assert (result.stdout, result.stderr) == (
            "",
            "Error: Database is not on all head revisions: the database 'default' is at second; `ellar-db upgrade` "
            "runs the others\n",
        )
        linear.db("upgrade")
        assert linear.db("current", option).output == "third (head)\n"
        linear.db("downgrade", "base")


def test_verbose_shows_where_the_database_is_without_its_password(linear: Project) -> None:
    linear.db("upgrade", "first")

    shown = linear.db("current", "--verbose").stdout

    assert shown.startswith("Current revision(s) for sqlite:///app.db:\nRev: first\nParent: <base>\nPath: ")


def test_labels_several_databases(several: Project) -> None:
    several.db("revision", "--rev-id", "both")
    several.db("upgrade")

    assert several.db("current").stdout == "default:\nboth (head)\nreports:\nboth (head)\n"
