"""SQLite: runs are all or nothing, and batch alterations lose no row."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from sqlalchemy import Engine, create_engine, event, text

from ellar_db.databases.database import Database
from ellar_db.dialects.sqlite import all_or_nothing
from ellar_db.testing import Project
from ellar_db.util.errors import DbError

DRIVERS = ["sqlite", "sqlite+aiosqlite"]

PARENT_AND_CHILDREN = """
op.create_table("parents", sa.Column("id", sa.Integer, primary_key=True), sa.Column("note", sa.String(10)))
op.create_table(
    "children",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("parent_id", sa.Integer, sa.ForeignKey("parents.id", ondelete="CASCADE"), nullable=False),
)
for number in range(100):
    op.execute(f"INSERT INTO parents (id) VALUES ({number})")
    op.execute(f"INSERT INTO children (parent_id) VALUES ({number})")
"""


def history(project: Project, driver: str, *bodies: str, extra: str = "") -> None:
    """Write a folder of revisions 0, 1 ... with these bodies, on connections that enforce foreign keys."""
    project.write(
        "engines.py",
        f"""
        from sqlalchemy import create_engine, event
        from sqlalchemy.ext.asyncio import create_async_engine

        from ellar_db import Database, hookimpl

        make = create_async_engine if "aio" in "{driver}" else create_engine
        engine = make("{driver}:///app.db")


        @event.listens_for(getattr(engine, "sync_engine", engine), "connect")
        def enforce(connection, record):
            cursor = connection.cursor()
            cursor.execute("PRAGMA foreign_keys = ON")
            cursor.close()


        @hookimpl
        def ellar_db_databases():
            yield Database("default", engine, None, {{{extra}}})
        """,
    )
    project.write("pyproject.toml", '[tool.ellar-db]\nplugins = ["engines"]\n')
    project.forget("engines")
    project.db("init")
    for number, body in enumerate(bodies):
        lines = "\n    ".join(body.strip().splitlines())
        project.write(
            f"migrations/versions/{number}.py",
            f'"""Revision {number}."""\nfrom alembic import op\nimport sqlalchemy as sa\n\nrevision = "{number}"\n'
            f"down_revision = {str(number - 1) if number else None!r}\n\n\ndef upgrade():\n    {lines}\n\n\n"
            "def downgrade():\n    pass\n",
        )


def count(table: str) -> int:
    with closing(sqlite3.connect("app.db")) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


@pytest.mark.parametrize("driver", DRIVERS)
def test_batch_alterations_keep_the_rows_that_refer_to_the_table(project: Project, driver: str) -> None:
    alter = 'with op.batch_alter_table("parents") as batch:\n    batch.alter_column("note", type_=sa.String(20))'
    history(project, driver, PARENT_AND_CHILDREN, alter)

    project.db("upgrade")

    assert (count("parents"), count("children")) == (100, 100)


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_revision_that_fails_leaves_nothing_of_the_run(project: Project, driver: str) -> None:
    history(project, driver, 'op.create_table("a", sa.Column("id", sa.Integer))', 'op.execute("nonsense")')

    result = project.db("upgrade", exit_code=1)

    assert result.stderr.splitlines()[-1] == (
        "Error: upgrade 0 -> 1, Revision 1. failed on the database 'default': OperationalError: "
        '(sqlite3.OperationalError) near "nonsense": syntax error (migrations/versions/1.py, line 10); '
        "the statement was nonsense; the run was rolled back"
    )
    assert project.tables() == set()


@pytest.mark.parametrize("driver", DRIVERS)
def test_each_revision_is_kept_where_the_options_say_so(project: Project, driver: str) -> None:
    first = 'op.create_table("a", sa.Column("id", sa.Integer))'
    history(project, driver, first, 'op.execute("nonsense")', extra='"transaction_per_migration": True')

    project.db("upgrade", exit_code=1)

    assert project.tables() == {"a", "alembic_version"}


@pytest.mark.parametrize("driver", DRIVERS)
def test_autocommit_blocks_work(project: Project, driver: str) -> None:
    vacuum = 'with op.get_context().autocommit_block():\n    op.execute("VACUUM")'
    history(project, driver, 'op.create_table("a", sa.Column("id", sa.Integer))', vacuum)

    project.db("upgrade")

    assert project.db("current").stdout == "1 (head)\n"


@pytest.mark.parametrize("driver", DRIVERS)
def test_references_that_a_run_breaks_are_listed_and_the_run_is_rolled_back(project: Project, driver: str) -> None:
    history(project, driver, PARENT_AND_CHILDREN, 'op.execute("DELETE FROM parents WHERE id < 3")')
    project.db("upgrade", "0")

    result = project.db("upgrade", exit_code=1)

    assert result.stderr.splitlines()[-1] == (
        "Error: the run would leave rows that refer to nothing: 3 in children without their parents; "
        "all of it was rolled back"
    )
    assert count("parents") == 100
    assert project.db("current").stdout == "0\n"


def test_references_that_were_broken_before_do_not_stop_a_run(project: Project) -> None:
    history(project, "sqlite", PARENT_AND_CHILDREN, 'op.create_table("a", sa.Column("id", sa.Integer))')
    project.db("upgrade", "0")
    with closing(sqlite3.connect("app.db")) as connection:
        connection.execute("DELETE FROM parents WHERE id = 1")
        connection.commit()

    project.db("upgrade")

    assert "a" in project.tables()


@pytest.fixture
def engine() -> Iterator[Engine]:
    made = create_engine("sqlite:///app.db")

    @event.listens_for(made, "connect")
    def enforce(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA foreign_keys = ON")

    yield made
    made.dispose()


@pytest.mark.parametrize("fails", [False, True])
def test_the_connection_is_as_it_was_afterwards(project: Project, engine: Engine, fails: bool) -> None:
    with engine.connect() as connection:
        driver = connection.connection.dbapi_connection
        level = driver.isolation_level
        try:
            with all_or_nothing(connection):
                with connection.begin():
                    assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 0
                    connection.execute(text("CREATE TABLE a (id integer)"))
                    if fails:
                        raise DbError("no")
        except DbError:
            assert fails
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1
        assert driver.isolation_level == level
    assert (project.tables() == set()) is fails


def test_databases_in_memory_are_migrated_too(project: Project) -> None:
    from sqlalchemy.pool import StaticPool

    engine = create_engine("sqlite://", poolclass=StaticPool)
    with engine.connect() as connection, all_or_nothing(connection), connection.begin():
        connection.execute(text("CREATE TABLE a (id integer)"))
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM a")).scalar() == 0
    assert Database("default", engine).url == "sqlite://"
    engine.dispose()


@pytest.mark.parametrize("driver", DRIVERS)
def test_an_engine_that_begins_its_transactions_itself(project: Project, driver: str) -> None:
    history(project, driver, 'op.create_table("made", sa.Column("id", sa.Integer))', "op.execute('nonsense')")
    engines = project.path / "engines.py"
    engines.write_text(
        engines.read_text().replace(
            "def enforce(connection, record):\n",
            "def enforce(connection, record):\n    connection.isolation_level = None\n",
        )
        + "\n\n@event.listens_for(getattr(engine, 'sync_engine', engine), 'begin')\n"
        "def begin(connection):\n    connection.exec_driver_sql('BEGIN')\n"
    )
    project.forget("engines")

    project.db("upgrade", "0")
    project.db("upgrade", exit_code=1)

    assert project.tables() == {"alembic_version", "made"}
    assert project.db("current").stdout == "0\n"


def query(statement: str) -> None:
    with closing(sqlite3.connect("app.db")) as connection, connection:
        connection.execute(statement)


def test_a_reference_that_cannot_be_checked_blocks_no_run(project: Project) -> None:
    history(project, "sqlite", 'op.create_table("made", sa.Column("id", sa.Integer))')
    query("CREATE TABLE parents (id INTEGER PRIMARY KEY, code TEXT)")
    query("CREATE TABLE children (code TEXT REFERENCES parents(code))")
    query("INSERT INTO children VALUES ('a')")

    project.db("upgrade")

    assert "made" in project.tables()


def test_a_run_that_makes_a_reference_that_cannot_be_checked_is_refused(project: Project) -> None:
    history(
        project,
        "sqlite",
        "op.execute('CREATE TABLE parents (id INTEGER PRIMARY KEY, code TEXT)')\n"
        "op.execute('CREATE TABLE children (code TEXT REFERENCES parents(code))')\n"
        "op.execute(\"INSERT INTO children VALUES ('a')\")",
    )

    error = project.db("upgrade", exit_code=1).stderr

    assert "children with a foreign key to columns that aren't unique; all of it was rolled back" in error
    assert "children" not in project.tables()


@pytest.mark.parametrize(
    "rename", ["op.rename_table('children', 'kids')", "op.execute('ALTER TABLE parents RENAME TO elders')"]
)
def test_what_was_broken_before_is_renamed_with_its_table(project: Project, rename: str) -> None:
    history(project, "sqlite", rename)
    query("CREATE TABLE parents (id INTEGER PRIMARY KEY)")
    query("CREATE TABLE children (parent_id INTEGER REFERENCES parents(id))")
    query("INSERT INTO children VALUES (7)")

    project.db("upgrade")

    assert project.db("current").stdout == "0 (head)\n"


def test_a_run_that_waits_too_long_says_so(project: Project) -> None:
    history(project, "sqlite", 'op.create_table("made", sa.Column("id", sa.Integer))')
    with closing(sqlite3.connect("app.db", isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")

        error = project.db("upgrade", "--db-lock-timeout", "0.1", exit_code=3).stderr

    assert "the database 'default' (sqlite:///app.db) is locked by another program (it timed out); try again" in error


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_revision_that_commits_by_itself_loses_nothing(project: Project, driver: str) -> None:
    history(
        project,
        driver,
        'op.create_table("made", sa.Column("id", sa.Integer)); op.get_bind().commit(); '
        "op.execute('INSERT INTO made VALUES (1)')",
        'op.create_table("more", sa.Column("id", sa.Integer))',
    )

    said = project.db("upgrade").stderr

    assert "ended the transaction of the run by itself" in said
    assert project.tables() == {"alembic_version", "made", "more"}
    assert project.db("current").stdout == "1 (head)\n"


BLOCK = "with op.get_context().autocommit_block():\n    "
BEYOND = "; the run was rolled back, but for what its revisions committed by themselves"
COMMITTING = {
    "a block": BLOCK + "op.execute('DELETE FROM parents WHERE id = 1')",
    "COMMIT": "op.execute('COMMIT')",
    "a script": "op.get_bind().connection.executescript('CREATE TABLE made (id integer);')",
}


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("body", COMMITTING.values(), ids=COMMITTING.keys())
def test_what_a_revision_committed_is_not_said_to_be_rolled_back(project: Project, driver: str, body: str) -> None:
    if "script" in body and "aio" in driver:
        body = body.replace(".connection.", ".connection.driver_connection._conn.")
    history(project, driver, PARENT_AND_CHILDREN, body + "\nop.execute('INSERT INTO nowhere VALUES (1)')")
    project.db("upgrade", "0")

    assert project.db("upgrade", exit_code=1).stderr.splitlines()[-1].endswith(BEYOND)


@pytest.mark.parametrize("body", list(COMMITTING.values())[1:], ids=list(COMMITTING)[1:])
def test_a_revision_that_ends_the_transaction_is_warned_of(project: Project, body: str) -> None:
    history(project, "sqlite", PARENT_AND_CHILDREN, body)

    assert "0 -> 1, Revision 1. ended the transaction of the run by itself" in project.db("upgrade").stderr
    assert project.db("current").output == "1 (head)\n"


@pytest.mark.parametrize("driver", DRIVERS)
def test_foreign_keys_are_enforced_in_an_autocommit_block(project: Project, driver: str) -> None:
    history(
        project,
        driver,
        PARENT_AND_CHILDREN,
        COMMITTING["a block"] + "\nop.execute('DELETE FROM children WHERE id = 5')",
    )

    project.db("upgrade")

    with closing(sqlite3.connect(project.path / "app.db")) as connection:
        assert connection.execute("SELECT count(*) FROM children").fetchone() == (98,)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


# Alembic cuts the name of the copy that it makes of the second
@pytest.mark.parametrize("table", ["parents", "parents_with_a_name_that_is_longer_than_most"])
def test_a_batch_in_an_autocommit_block_keeps_rows(project: Project, table: str) -> None:
    batch = BLOCK + "with op.batch_alter_table('parents') as batch: batch.add_column(sa.Column('x', sa.Integer))"
    always = batch.replace("'parents')", "'parents', recreate='always')")
    history(project, "sqlite", *(body.replace("parents", table) for body in (PARENT_AND_CHILDREN, always)))

    project.db("upgrade")

    with closing(sqlite3.connect(project.path / "app.db")) as connection:
        assert connection.execute("SELECT count(*) FROM children").fetchone() == (100,)


def test_a_transaction_for_each_revision_keeps_those_before(project: Project) -> None:
    broken = "op.execute('INSERT INTO nowhere VALUES (1)')"
    history(project, "sqlite", PARENT_AND_CHILDREN, broken, extra="'transaction_per_migration': True")

    assert project.db("upgrade", exit_code=1).stderr.endswith(
        "; this revision was rolled back, and those before it stay\n"
    )
    assert project.db("current").output == "0\n"


@pytest.mark.parametrize(
    "setting", ["isolation_level='AUTOCOMMIT'", "execution_options={'isolation_level': 'AUTOCOMMIT'}"]
)
@pytest.mark.parametrize("driver", DRIVERS)
def test_an_engine_that_commits_at_once_runs_in_a_transaction_here(project: Project, driver: str, setting: str) -> None:
    history(project, driver, PARENT_AND_CHILDREN, "op.execute('DROP TABLE children')\nop.execute('nonsense')")
    engines = project.path / "engines.py"
    engines.write_text(engines.read_text().replace('app.db")', f'app.db", {setting})'))
    project.forget("engines")

    assert project.db("upgrade", exit_code=1).stderr.endswith("; the run was rolled back\n")
    with closing(sqlite3.connect(project.path / "app.db")) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []


BY_HAND = """
with op.get_context().autocommit_block():
    op.execute("PRAGMA foreign_keys = OFF")
    op.execute("CREATE TABLE keep AS SELECT * FROM parents")
    op.execute("DELETE FROM parents")
    op.execute("INSERT INTO parents SELECT * FROM keep")
    op.execute("DROP TABLE keep")
    op.execute("PRAGMA foreign_keys = ON")
"""
BEGUN = """
with op.get_context().autocommit_block():
    op.execute("BEGIN")
    with op.batch_alter_table("parents", recreate="always") as batch:
        batch.add_column(sa.Column("x", sa.Integer))
    op.execute("COMMIT")
"""


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("body", [BY_HAND, BEGUN], ids=["a pragma of its own", "a transaction of its own"])
def test_an_autocommit_block_that_does_it_by_hand_keeps_rows(project: Project, driver: str, body: str) -> None:
    history(project, driver, PARENT_AND_CHILDREN, body)

    project.db("upgrade")

    assert count("children") == 100


@pytest.mark.parametrize(
    "statement", ["DROP TABLE parents", "BEGIN; DELETE FROM parents; COMMIT"], ids=["drop", "begin"]
)
def test_rows_that_refer_to_nothing_are_told_of_in_an_autocommit_block_too(project: Project, statement: str) -> None:
    restricted = PARENT_AND_CHILDREN.replace(', ondelete="CASCADE"', "")
    body = "\n    ".join(f"op.execute('{part}')" for part in statement.split("; "))
    history(project, "sqlite", restricted, f"with op.get_context().autocommit_block():\n    {body}")

    error = project.db("upgrade", exit_code=1).stderr.splitlines()[-1]

    reason = "FOREIGN KEY constraint failed" if "DROP" in statement else "rows that refer to nothing: 100 in children"
    assert reason in error
    assert count("parents") == 100
