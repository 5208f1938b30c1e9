"""What is left of a run that failed, in words: a function of facts, tried without a database."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ellar_db.guards.entry import Entry
from ellar_db.runtime.outcome import Failure, left_by

ROLLED_BACK = Failure(rolls_back=True)
KEPT = Failure(rolls_back=False, journaled=True)
ENTRY = Entry("0002", "upgrade", statements=["CREATE TABLE a (id integer)"])


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (ROLLED_BACK, "the run was rolled back"),
        (
            replace(ROLLED_BACK, kept=True),
            "the run was rolled back, but for what its revisions committed by themselves",
        ),
        (replace(ROLLED_BACK, each_kept=True), "this revision was rolled back, and those before it stay"),
        (replace(ROLLED_BACK, each_kept=True, in_revision=False), "its revisions stay"),
        (Failure(rolls_back=False), "this revision was rolled back"),
        (replace(KEPT, in_revision=False), "the revisions stay, since this database can't roll back schema changes"),
        (
            replace(KEPT, lost=True),
            "the connection is lost; `ellar db repair` says what is left, once the database answers again",
        ),
        (KEPT, "nothing of this revision was applied"),
        (
            replace(KEPT, left=ENTRY),
            "this database can't roll back schema changes. Done: CREATE TABLE a (id integer). Complete them by hand "
            "and say `ellar db repair 0002 --applied`, or undo them and say `... --reverted`",
        ),
        (
            replace(KEPT, left=ENTRY, left_is_current=False),
            "this database can't roll back schema changes. the upgrade of 0002 before it isn't recorded. Done: CREATE "
            "TABLE a (id integer). Complete them by hand and say `ellar db repair 0002 --applied`, or undo them and "
            "say `... --reverted`",
        ),
    ],
)
def test_each_kind_of_failure_says_what_is_left(failure: Failure, expected: str) -> None:
    assert left_by(failure, "ellar db") == expected
