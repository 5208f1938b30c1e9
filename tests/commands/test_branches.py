"""`branches`."""

from __future__ import annotations

import pytest

from ellar_db.testing import Project


def test_shows_nothing_where_there_is_one_line(linear: Project) -> None:
    assert linear.db("branches").output == ""


def test_shows_what_goes_out_from_a_branch_point(branched: Project) -> None:
    first, *branches = branched.db("branches").stdout.splitlines()

    assert first == "first (branchpoint)"
    assert sorted(map(str.strip, branches)) == ["", "-> left (head)", "-> right (east) (head)"]


@pytest.mark.parametrize("option", ["-v", "--verbose"])
def test_verbose_shows_the_branch_point_in_full(branched: Project, option: str) -> None:
    shown = branched.db("branches", option).stdout

    assert shown.startswith("Rev: first (branchpoint)\nParent: <base>\nBranches into: ")
    assert f"Path: {branched.path}/migrations/versions/first_.py\n\n    Add first\n" in shown
