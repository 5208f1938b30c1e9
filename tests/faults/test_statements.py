"""A revision that fails at each of its statements in turn."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import text

from tests.conftest import Project, sync_engine
from tests.faults.harness import History, create

STATEMENTS = [
    create("first_1"),
    'op.execute("INSERT INTO first_0 (id) VALUES (1)")',
    create("second_1"),
    'op.execute("INSERT INTO first_0 (id) VALUES (2)")',
]
BROKEN = 'op.execute("INSERT INTO nowhere (id) VALUES (1)")'


@pytest.mark.parametrize("position", range(len(STATEMENTS) + 1))
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_nothing_is_left_where_ddl_is_transactional(
    project: Project, new_database: Callable[[str], str], kind: str, position: int
) -> None:
    body = [*STATEMENTS[:position], BROKEN, *STATEMENTS[position:]]
    history = History(project, new_database(kind), revisions=2, bodies={1: body}).write()

    code, said = history.run()

    assert code == 1
    assert said.splitlines()[-1].startswith(
        "Error: upgrade 0000 -> 0001, Revision 1. failed on the database 'default': "
    )
    assert said.endswith("; the run was rolled back\n")
    assert history.version() is None
    assert history.tables() == set()
    repaired = History(project, history.url, revisions=2, bodies={1: STATEMENTS}).write()
    assert repaired.run()[0] == 0
    assert repaired.agrees()


@pytest.mark.parametrize("position", range(len(STATEMENTS) + 1))
def test_the_journal_lists_what_is_left_elsewhere(
    project: Project, new_database: Callable[[str], str], position: int
) -> None:
    body = [*STATEMENTS[:position], BROKEN, *STATEMENTS[position:]]
    history = History(project, new_database("mariadb"), revisions=2, bodies={1: body}).write()

    code, said = history.run()

    assert code == 1
    error = said.splitlines()[-1]
    left = history.tables() - history.expected()
    assert history.version() == "0000"
    assert left == {table for table in ("first_1", "second_1") if f"CREATE TABLE {table}" in error}
    again = history.run()
    if position == 0:
        # nothing of the revision was applied, so that there is nothing to settle
        assert error.endswith("; nothing of this revision was applied")
        assert "cut short" not in again[1]
    else:
        assert "Failed: INSERT INTO nowhere" in error
        assert again[0] == 1
        assert "an earlier run was cut short: the upgrade of 0001" in again[1]
        with sync_engine(history.url).begin() as connection:
            for table in left:
                connection.execute(text(f"DROP TABLE {table}"))
            connection.execute(text("DELETE FROM first_0"))
        project.db("repair", "0001", "--reverted")
    repaired = History(project, history.url, revisions=2, bodies={1: STATEMENTS}).write()
    assert repaired.run()[0] == 0
    assert repaired.agrees()


def test_a_revision_completed_by_hand_is_recorded(project: Project, new_database: Callable[[str], str]) -> None:
    body = [STATEMENTS[0], BROKEN, create("second_1")]
    history = History(project, new_database("mariadb"), revisions=3, bodies={1: body}).write()
    assert history.run()[0] == 1
    with sync_engine(history.url).begin() as connection:
        connection.execute(text("CREATE TABLE second_1 (id integer primary key)"))

    result = project.db("repair", "0001", "--applied")

    assert result.stdout == "default: 0001 is applied.\n"
    assert history.version() == "0001"
    assert history.run()[0] == 0
    assert history.agrees()


def test_repair_tells_what_happened_and_refuses_what_does_not_fit(
    project: Project, new_database: Callable[[str], str]
) -> None:
    history = History(project, new_database("mariadb"), revisions=2, bodies={1: [STATEMENTS[0], BROKEN]}).write()
    assert project.db("repair", exit_code=1).stderr == "Error: there is nothing to repair: no run was cut short\n"
    assert history.run()[0] == 1

    shown = project.db("repair", exit_code=1)
    other = project.db("repair", "0000", "--applied", exit_code=1)

    assert "Database 'default': the upgrade of 0001" in shown.stderr
    assert "Done: CREATE TABLE first_1" in shown.stderr
    assert "Failed: INSERT INTO nowhere" in shown.stderr
    assert other.stderr == "Error: on the database 'default' it is 0001 that did not end, not 0000\n"


def test_there_is_no_journal_where_ddl_is_transactional(project: Project, new_database: Callable[[str], str]) -> None:
    for kind in ("sqlite", "postgresql"):
        url = new_database(kind)
        history = History(project, url, revisions=2).write()
        assert history.run()[0] == 0
        assert "ellar_db_journal" not in project.tables(url)


def test_autogenerate_does_not_see_the_journal(project: Project, new_database: Callable[[str], str]) -> None:
    url = new_database("mariadb")
    project.configure(url=url)
    project.db("init")
    project.db("migrate")
    project.db("upgrade")
    assert "ellar_db_journal" in project.tables(url)

    assert project.db("check").stdout == "No new upgrade operations detected.\n"
