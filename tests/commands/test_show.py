"""`show`."""

from __future__ import annotations

import pytest

from ellar_db.testing import Project


@pytest.mark.parametrize(
    ("arguments", "rev_id", "parent"),
    [
        ([], "third (head)", "second"),
        (["first"], "first", "<base>"),
        (["-1"], "second", "first"),
        (["thir"], "third (head)", "second"),
    ],
)
def test_shows_a_revision_in_full(linear: Project, arguments: list[str], rev_id: str, parent: str) -> None:
    name = rev_id.split()[0]

    assert linear.db("show", *arguments).output == (
        f"Rev: {rev_id}\nParent: {parent}\nPath: {linear.path}/migrations/versions/{name}_.py\n\n"
        f"    Add {name}\n    \n    Revision ID: {name}\n\n"
    )


def test_shows_the_revision_of_the_database(linear: Project) -> None:
    linear.db("upgrade", "second")

    assert linear.db("show", "current").stdout.startswith("Rev: second\n")


def test_refuses_to_go_back_beyond_the_first_revision(linear: Project) -> None:
    assert linear.db("show", "-4", exit_code=1).stderr == (
        "Error: -4 lies before the first revision; `ellar-db history` lists them\n"
    )


def test_refuses_an_unknown_revision(linear: Project) -> None:
    assert linear.db("show", "nonsense", exit_code=1).stderr == (
        "Error: Can't locate revision identified by 'nonsense'; `ellar-db history` lists them [ellar-db explain E03]\n"
    )
