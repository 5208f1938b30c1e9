"""`merge`."""

from __future__ import annotations

from ellar_db.testing import Project
from tests.support.revisions import add


def test_joins_all_heads_unless_told_otherwise(branched: Project) -> None:
    result = branched.db("merge", "-m", "Join", "--rev-id", "joined")

    assert result.output == "Wrote migrations/versions/joined_join.py\n"
    assert branched.db("heads").stdout == "joined (east) (head)\n"
    assert branched.db("history", "-r", "joined:").stdout in (
        "left, right -> joined (east) (head) (mergepoint), Join\n",
        "right, left -> joined (east) (head) (mergepoint), Join\n",
    )


def test_joins_the_revisions_given(branched: Project) -> None:
    add(branched, "third", "first")

    branched.db("merge", "left", "right", "--rev-id", "joined")

    assert sorted(branched.db("heads").stdout.splitlines()) == ["joined (east) (head)", "third (head)"]


def test_labels_the_new_revision(branched: Project) -> None:
    branched.db("merge", "--branch-label", "trunk", "--message", "Join", "--rev-id", "joined")

    branched.db("upgrade", "trunk@head")

    assert branched.db("current").stdout == "joined (head) (mergepoint)\n"


def test_joins_revisions_that_are_no_heads_only_with_splice(branched: Project) -> None:
    add(branched, "tip", "left")

    refused = branched.db("merge", "left", "right", exit_code=1)
    assert refused.stderr == (
        "Error: Revision left is not a head revision; please specify --splice to create a new branch from this "
        "revision\n"
    )
    assert len(branched.revisions()) == 4

    branched.db("merge", "--splice", "left", "right", "--rev-id", "joined")
    assert sorted(branched.db("heads").stdout.splitlines()) == ["joined (east) (head)", "tip (head)"]


def test_refuses_where_there_is_nothing_to_join(linear: Project) -> None:
    result = linear.db("merge", exit_code=1)

    assert result.stderr == "Error: there is nothing to merge: the revisions have one head\n"
    assert len(linear.revisions()) == 3
