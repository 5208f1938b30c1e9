"""Upgrades killed at random moments."""

from __future__ import annotations

import random

import pytest
from sqlalchemy import text

from ellar_db.testing import Project
from tests.support.histories import TURNS, History
from tests.support.servers import sync_engine


@pytest.mark.sampled
@pytest.mark.parametrize("form", [None, "generic", "begun"], ids=["ours", "generic", "begun"])
def test_schema_and_version_agree_or_the_journal_says_why_not(
    project: Project, any_database: str, form: str | None
) -> None:
    history = History(project, any_database, revisions=12, form=form).write()
    # so that the last moments lie after the program's end
    seconds = history.seconds() * 1.2
    chance = random.Random(20261123)
    torn = []
    for turn in range(TURNS):
        project.db("downgrade", "base", "--yes")
        history.killed(chance, seconds)

        code, said = history.run()

        if code == 0:
            if not history.agrees():
                torn.append((turn, history.version(), history.tables()))
            continue
        # a schema change is neither done nor undone by a note: a person decides
        assert "an earlier run was cut short" in said, (turn, said)
        assert len(said.splitlines()) == 1
        settle(history)
        assert history.run()[0] == 0
        assert history.agrees()
    assert torn == []


def settle(history: History) -> None:
    """Do what a person does: look what is there, undo it, and say so."""
    engine = sync_engine(history.url)
    with engine.begin() as connection:
        for table in history.tables() - history.expected():
            connection.execute(text(f"DROP TABLE {table}"))
    history.project.db("repair", "--reverted")
