"""`heads`."""

from __future__ import annotations

from ellar_db.testing import Project
from tests.support.revisions import add


def test_shows_nothing_without_revisions(plain: Project) -> None:
    plain.db("init")

    assert plain.db("heads").output == ""


def test_shows_the_newest_revisions(branched: Project) -> None:
    assert sorted(branched.db("heads").stdout.splitlines()) == ["left (head)", "right (east) (head)"]


def test_verbose_shows_them_in_full(linear: Project) -> None:
    assert linear.db("heads", "--verbose").stdout.startswith("Rev: third (head)\nParent: second\nPath: ")


def test_resolve_dependencies_leaves_out_what_another_depends_on(linear: Project) -> None:
    add(linear, "other", None, depends_on="third")

    assert sorted(linear.db("heads").stdout.splitlines()) == ["other (head)", "third (effective head)"]
    assert linear.db("heads", "--resolve-dependencies").stdout == "other (head)\n"


def test_needs_no_database(linear: Project) -> None:
    linear.configure(url="sqlite:///no/such/folder/app.db")

    assert linear.db("heads").stdout == "third (head)\n"
