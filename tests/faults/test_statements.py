"""A revision that fails at each of its statements in turn."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import text

from ellar_db.testing import Project
from tests.support.histories import History, create
from tests.support.output import without_page
from tests.support.servers import asynchronous, sync_engine

STATEMENTS = [
    create("first_1"),
    'op.execute("INSERT INTO first_0 (id) VALUES (1)")',
    create("second_1"),
    'op.execute("INSERT INTO first_0 (id) VALUES (2)")',
]
TWO = [create("first_0"), create("second_0")]
BROKEN = 'op.execute("INSERT INTO nowhere (id) VALUES (1)")'


@pytest.mark.sampled
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


@pytest.mark.sampled
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


PROCEDURE = (
    'op.execute("CREATE PROCEDURE mig() BEGIN CREATE TABLE first_1 (id integer); INSERT INTO nowhere VALUES (1); END")'
)
PARTS = {
    "procedure": ("CALL mig()", {"first_1"}),
    "block": ("BEGIN NOT ATOMIC CREATE TABLE first_1 (id integer); INSERT INTO nowhere VALUES (1); END", {"first_1"}),
    "replacement": (
        "CREATE OR REPLACE TABLE second_0 (id integer primary key) SELECT 1 AS id UNION ALL SELECT 1",
        {"second_0"},
    ),
}


@pytest.mark.parametrize(("statement", "changed"), PARTS.values(), ids=PARTS.keys())
def test_what_fails_in_the_middle_of_a_statement_is_noted(
    project: Project, new_database: Callable[[str], str], statement: str, changed: set[str]
) -> None:
    url = new_database("mariadb") + ("?client_flag=65536" if statement.startswith("SET") else "")
    history = History(
        project, url, revisions=2, bodies={0: [*TWO, PROCEDURE], 1: [f'op.execute("{statement}")']}
    ).write()

    code, said = history.run()

    assert code == 1
    assert history.tables() ^ {"first_0", "second_0"} == changed
    assert f"Done: nothing. Failed, perhaps done in part: {statement}. Complete them by hand" in said.splitlines()[-1]
    assert "an earlier run was cut short: the upgrade of 0001" in history.run()[1]


def test_several_statements_sent_at_once_are_noted(project: Project, new_database: Callable[[str], str]) -> None:
    several = "SET FOREIGN_KEY_CHECKS = 0; CREATE TABLE first_1 (id integer); SET FOREIGN_KEY_CHECKS = 1;"
    url = f"{new_database('mariadb')}?client_flag=65536"
    history = History(project, url, revisions=2, bodies={1: [f'op.execute("{several}")', BROKEN]}).write()

    said = history.run()[1]

    assert f"Done: {several}. Failed: INSERT INTO nowhere" in said
    assert "an earlier run was cut short: the upgrade of 0001" in history.run()[1]


def test_several_statements_that_the_client_cannot_send_leave_nothing(
    project: Project, new_database: Callable[[str], str]
) -> None:
    body = ['op.execute("CREATE TABLE first_1 (id integer); CREATE TABLE second_1 (id integer)")']
    history = History(project, new_database("mariadb"), revisions=2, bodies={1: body}).write()

    assert history.run()[1].endswith("; nothing of this revision was applied\n")
    assert history.tables() == {"first_0", "second_0"}


def test_rows_of_tables_without_transactions_are_told(project: Project, new_database: Callable[[str], str]) -> None:
    first = ['op.execute("CREATE TABLE first_0 (id integer) ENGINE = MyISAM")', create("second_0")]
    bodies = {0: first, 1: ['op.execute("INSERT INTO first_0 VALUES (1)")', BROKEN]}
    history = History(project, new_database("mariadb"), revisions=2, bodies=bodies).write()

    said = history.run()[1]

    assert (
        "Done: nothing. Failed: INSERT INTO nowhere (id) VALUES (1) (rows of tables without transactions, as MyISAM's, "
        "are kept)."
    ) in said
    assert "an earlier run was cut short: the upgrade of 0001" in history.run()[1]


def test_many_long_statements_of_any_script_can_be_noted(project: Project, new_database: Callable[[str], str]) -> None:
    made = "op.execute('CREATE TABLE words (w TEXT) CHARACTER SET utf8mb4')"
    bodies = {
        1: [
            made,
            create("first_1"),
            *(f"op.execute(\"INSERT INTO words VALUES ('{'я😀' * 200}')\")" for _ in range(60)),
        ]
    }
    history = History(project, new_database("mariadb"), revisions=2, bodies=bodies).write()

    code, said = history.run()

    assert (code, history.version()) == (0, "0001"), said


FILL = 'op.execute("CREATE PROCEDURE fill() INSERT INTO first_0 VALUES (1)")'


@pytest.mark.sampled
@pytest.mark.parametrize("made", [str, asynchronous], ids=["sync", "async"])
@pytest.mark.parametrize(
    "statement",
    [
        "CALL fill()",
        "BEGIN NOT ATOMIC INSERT INTO first_0 VALUES (1); END",
        "INSERT INTO first_0 VALUES (1); -- done",
        "INSERT INTO first_0 VALUES (1) # one; two",
        "-- a note; of two\\nINSERT INTO first_0 VALUES (1)",
        "DROP TEMPORARY TABLE IF EXISTS x, y",
    ],
)
def test_rows_that_were_rolled_back_need_no_repair(
    project: Project, new_database: Callable[[str], str], made: Callable[[str], str], statement: str
) -> None:
    bodies = {0: [*TWO, FILL], 1: [f'op.execute("{statement}")', BROKEN]}
    history = History(project, made(new_database("mariadb")), revisions=2, bodies=bodies).write()

    assert history.run()[1].endswith("; nothing of this revision was applied\n")
    assert "cut short" not in history.run()[1]


def test_a_procedure_that_changed_the_schema_is_noted_when_it_comes_first(
    project: Project, new_database: Callable[[str], str]
) -> None:
    make = 'op.execute("CREATE PROCEDURE make() CREATE TABLE first_1 (id integer)")'
    bodies = {0: [*TWO, make], 1: ['op.execute("CALL make()")', BROKEN]}
    history = History(project, new_database("mariadb"), revisions=2, bodies=bodies).write()

    assert "Done: CALL make(). Failed: INSERT INTO nowhere" in history.run()[1]


def test_a_failure_with_locked_tables_is_told(project: Project, new_database: Callable[[str], str]) -> None:
    body = ['op.execute("LOCK TABLES first_0 WRITE")', BROKEN]
    history = History(project, new_database("mariadb"), revisions=2, bodies={1: body}).write()

    assert "Done: LOCK TABLES first_0 WRITE. Failed: INSERT INTO nowhere" in history.run()[1]


DIE = "import os; os._exit(9)"
READ = 'op.get_bind().execute(sa.text("SELECT count(*) FROM first_0")).scalar()'


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("body", "said"),
    [
        ([STATEMENTS[0], DIE], "did not end. Begun, perhaps done: the revision's first statement. "),
        ([DIE], "did not end. Begun, perhaps done: the revision's first statement. "),
        ([*STATEMENTS[:2], DIE], "did not end. Begun, perhaps done: the revision's first statement. "),
        ([*STATEMENTS[:3], DIE], "Done: CREATE TABLE first_1"),
        ([STATEMENTS[1], STATEMENTS[0], DIE], "Begun, perhaps done: CREATE TABLE first_1"),
    ],
    ids=["schema", "nothing", "schema-rows", "schema-rows-schema", "rows-schema"],
)
@pytest.mark.parametrize("two_phase", [False, True], ids=["one-phase", "two-phase"])
def test_a_revision_after_another_is_noted_when_the_process_dies(
    project: Project, new_database: Callable[[str], str], body: list[str], said: str, two_phase: bool
) -> None:
    history = History(project, new_database("mariadb"), revisions=3, bodies={1: body}).write()
    if two_phase:
        with (project.path / "pyproject.toml").open("a") as file:
            file.write("use-two-phase = true\n")
    assert history.run()[0] == 9

    code, refused = history.run()

    if two_phase and body == [DIE]:
        # the transaction that recorded the revision before was not committed yet
        assert "an earlier run was cut short: the upgrade of 0000" in refused
        return
    assert code == 1
    assert history.version() == "0000"
    assert "an earlier run was cut short: the upgrade of 0001" in refused
    if not two_phase:
        assert said in refused
    for table in history.tables() - history.expected():
        with sync_engine(history.url).begin() as connection:
            connection.execute(text(f"DROP TABLE {table}"))
    project.db("repair", "--reverted")
    assert History(project, history.url, revisions=3).write().run()[0] == 0
    assert history.agrees()


@pytest.mark.parametrize(
    "body", [[STATEMENTS[1], DIE], [READ, STATEMENTS[1], DIE], [READ, DIE]], ids=["rows", "read-rows", "read"]
)
def test_a_revision_of_rows_alone_needs_no_repair_when_the_process_dies(
    project: Project, new_database: Callable[[str], str], body: list[str]
) -> None:
    history = History(project, new_database("mariadb"), revisions=3, bodies={1: body}).write()
    assert history.run()[0] == 9
    assert history.version() == "0000"

    assert History(project, history.url, revisions=3).write().run()[0] == 0

    assert history.agrees()
    with sync_engine(history.url).connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM first_0")).scalar() == 0


def test_a_note_that_a_revision_rolled_back_is_written_again(
    project: Project, new_database: Callable[[str], str]
) -> None:
    body = [STATEMENTS[1], "op.execute('ROLLBACK')", STATEMENTS[0], DIE]
    history = History(project, new_database("mariadb"), revisions=2, bodies={1: body}).write()
    assert history.run()[0] == 9

    assert "Begun, perhaps done: CREATE TABLE first_1" in history.run()[1]


def test_a_step_that_a_plugin_refuses_is_noted_with_what_it_did(
    project: Project, new_database: Callable[[str], str]
) -> None:
    from ellar_db import hookimpl
    from ellar_db.plugins.manager import get_plugin_manager

    class Refusing:
        @hookimpl
        def ellar_db_step_applied(self, step):  # type: ignore[no-untyped-def]
            if step.up_revision_id == "0001":
                raise ZeroDivisionError("no step")

    history = History(project, new_database("mariadb"), revisions=3).write()
    get_plugin_manager().register(Refusing())

    project.db("upgrade", exit_code=1)

    assert history.version() == "0000"
    code, refused = history.run()
    assert code == 1
    assert "the upgrade of 0001" in refused
    assert "Done: CREATE TABLE first_1" in refused
    assert "; CREATE TABLE second_1" in refused


def test_what_a_plugin_writes_when_a_step_is_applied_is_no_statement_of_the_revision(
    project: Project, new_database: Callable[[str], str]
) -> None:
    from ellar_db import hookimpl
    from ellar_db.plugins.manager import get_plugin_manager

    class Writing:
        @hookimpl
        def ellar_db_step_applied(self, step):  # type: ignore[no-untyped-def]
            from alembic import op

            op.execute("INSERT INTO first_0 (id) VALUES (NULL)")

    history = History(project, new_database("mariadb"), revisions=3).write()
    get_plugin_manager().register(Writing())

    project.db("upgrade")

    assert project.db("repair", exit_code=1).stderr == "Error: there is nothing to repair: no run was cut short\n"
    with sync_engine(history.url).connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM first_0")).scalar() == 3


def test_a_connection_that_is_lost_is_not_taken_for_nothing_done(
    project: Project, new_database: Callable[[str], str]
) -> None:
    body = [STATEMENTS[0], 'op.execute("KILL CONNECTION_ID()")', create("second_1")]
    history = History(project, new_database("mariadb"), revisions=2, bodies={1: body}).write()

    code, said = history.run()

    assert code == 1
    assert without_page(said).endswith(
        "the connection is lost; `ellar-db repair` says what is left, once the database answers again\n"
    )
    assert "the upgrade of 0001" in project.db("repair", exit_code=1).stderr


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
