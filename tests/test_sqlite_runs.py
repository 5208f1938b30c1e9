"""SQLite: copies are complete in each kind of run, on any folder and with any driver."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import pytest
import sqlalchemy as sa

from ellar_db.dialects.sqlite import SQLite
from ellar_db.testing import Project
from tests.support.batches import database
from tests.support.output import timeless
from tests.support.processes import run

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")

MODELS = """
from sqlalchemy import {types}
from sqlalchemy.orm import DeclarativeBase, mapped_column


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "u"
    id = mapped_column({id}, primary_key=True)
    j = mapped_column(Text, server_default='{{"version":1}}', nullable=False)
    x = mapped_column({x})
"""

TABLE = [
    "CREATE TABLE u (id INTEGER PRIMARY KEY, n INT, note TEXT COLLATE NOCASE DEFAULT 'a:b')",
    "CREATE TABLE child (u_id REFERENCES u (id) ON DELETE CASCADE)",
    "CREATE INDEX i ON u (lower(note))",
    "CREATE VIEW v AS SELECT note FROM u",
    "CREATE TRIGGER tr AFTER INSERT ON u BEGIN DELETE FROM child; END",
    "INSERT INTO u VALUES (1, 2, 'x')",
    "INSERT INTO child VALUES (1)",
]

BATCH = 'with op.batch_alter_table("u") as batch:\n    batch.alter_column("n", type_=sa.String(5))'
DROP = 'with op.batch_alter_table("u") as batch:\n    batch.drop_column("note")'
BLOCK = 'with op.get_context().autocommit_block():\n    op.execute("PRAGMA foreign_keys = ON")\n    '


LOSS = (
    "the batch operation on 'u' drops the column note, which the index i names; drop the index before, with "
    "op.drop_index('i', 'u'); the run was rolled back"
)


def query(*statements: str) -> list[Any]:
    with closing(sqlite3.connect("app.db")) as connection, connection:
        return [connection.execute(statement).fetchall() for statement in statements][-1]


def master() -> set[Any]:
    return set(query("SELECT type, name, sql FROM sqlite_master WHERE tbl_name <> 'alembic_version'"))


def revision(body: str) -> str:
    lines = "\n    ".join(body.splitlines())
    return (
        '"""One."""\nfrom alembic import op\nimport sqlalchemy as sa\n\nrevision = "1"\ndown_revision = None\n\n\n'
        f"def upgrade():\n    {lines}\n\n\ndef downgrade():\n    pass\n"
    )


def configured(project: Project, url: str = "sqlite:///app.db") -> None:
    """Write a folder of ours with the revision."""
    project.write("pyproject.toml", f'[tool.ellar-db]\ndatabase = "{url}"\n')
    project.db("init")
    query(*TABLE)


@pytest.mark.parametrize("url", ["sqlite:///app.db", "sqlite+aiosqlite:///app.db"])
@pytest.mark.parametrize("block", ["", BLOCK], ids=["in a transaction", "in an autocommit block"])
def test_everything_stays(project: Project, url: str, block: str) -> None:
    configured(project, url)
    before = master()
    project.write("migrations/versions/1.py", revision(block + BATCH.replace("\n", "\n    ") if block else BATCH))

    project.db("upgrade")

    assert master() == {(kind, name, sql.replace("n INT", "n VARCHAR(5)")) for kind, name, sql in before}
    assert query("SELECT id, n, note FROM u") == [(1, "2", "x")]
    assert query("SELECT * FROM child") == [(1,)]


@pytest.mark.parametrize("block", ["", BLOCK], ids=["in a transaction", "in an autocommit block"])
def test_what_is_refused_leaves_everything(project: Project, block: str) -> None:
    configured(project)
    before = master()
    project.write("migrations/versions/1.py", revision(block + DROP.replace("\n", "\n    ") if block else DROP))

    error = project.db("upgrade", exit_code=1).stderr.splitlines()[-1]

    assert error.startswith(f"Error: upgrade -> 1, One. failed on the database 'default': {LOSS}")
    assert master() == before
    assert query("SELECT id, n, note FROM u") == [(1, 2, "x")]
    assert query("SELECT * FROM child") == [(1,)]


@pytest.fixture
def foreign(project: Project) -> Project:
    """A folder made by `alembic init`, on the same database."""
    from alembic import command
    from alembic.config import Config

    command.init(Config("alembic.ini"), "migrations")
    ini = project.path / "alembic.ini"
    ini.write_text(ini.read_text().replace("driver://user:pass@localhost/dbname", "sqlite:///app.db"))
    query(*TABLE)
    return project


def test_everything_stays_on_a_folder_of_alembic(foreign: Project) -> None:
    before = master()
    foreign.write("migrations/versions/1.py", revision(BATCH))

    foreign.db("-c", "alembic.ini", "upgrade")

    assert master() == {(kind, name, sql.replace("n INT", "n VARCHAR(5)")) for kind, name, sql in before}


def test_what_is_refused_on_a_folder_of_alembic_leaves_everything(foreign: Project) -> None:
    before = master()
    foreign.write("migrations/versions/1.py", revision(DROP))

    error = foreign.db("-c", "alembic.ini", "upgrade", exit_code=1).stderr.splitlines()[-1]

    assert LOSS in error
    assert master() == before


def test_everything_stays_with_bare_alembic(project: Project) -> None:
    from alembic import command
    from alembic.config import Config

    configured(project)
    before = master()
    project.write("migrations/versions/1.py", revision(BATCH))

    command.upgrade(Config("migrations/alembic.ini"), "head")

    assert master() == {(kind, name, sql.replace("n INT", "n VARCHAR(5)")) for kind, name, sql in before}


def test_rows_that_refer_to_nothing_are_found_in_an_autocommit_block(project: Project) -> None:
    configured(project)
    before = master()
    body = 'with op.batch_alter_table("child") as batch:\n    batch.alter_column("u_id", nullable=False)'
    orphan = "op.execute('PRAGMA foreign_keys = OFF')\nop.execute('INSERT INTO child VALUES (7)')\n"
    lines = (orphan + "op.execute('PRAGMA foreign_keys = ON')\n" + body).replace("\n", "\n    ")
    project.write("migrations/versions/1.py", revision("with op.get_context().autocommit_block():\n    " + lines))

    error = project.db("upgrade", exit_code=1).stderr.splitlines()[-1]

    assert "rows that refer to nothing: 1 in child" in error
    assert master() == before


def test_a_changed_column_keeps_the_others(project: Project) -> None:
    project.write("pyproject.toml", '[tool.ellar-db]\ndatabase = "sqlite:///app.db"\nmetadata = "models:Base"\n')
    project.write("models.py", MODELS.format(types="Date, Integer, Text", id="Integer", x="Date"))
    project.db("init")
    project.db("migrate", "-m", "one")
    project.db("upgrade")
    query("INSERT INTO u (x) VALUES ('2024-01-02')")
    project.write("models.py", MODELS.format(types="BigInteger, DateTime, Text", id="BigInteger", x="DateTime"))
    project.forget("models")

    said = project.db("migrate", "-m", "two").stderr
    project.db("upgrade")

    assert "u.id stays INTEGER, which has 64 bits on SQLite" in said
    assert query("SELECT id, j, x FROM u") == [(1, '{"version":1}', "2024-01-02 00:00:00.000000")]
    query("INSERT INTO u DEFAULT VALUES")
    assert query("SELECT id, j FROM u") == [(1, '{"version":1}'), (2, '{"version":1}')]
    models = MODELS.format(types="BigInteger, DateTime, Integer, Text", id=VARIANT, x="DateTime")
    project.write("models.py", models)
    project.forget("models")
    assert "INTEGER" not in project.db("check").stderr


VARIANT = 'BigInteger().with_variant(Integer, "sqlite")'


def test_a_run_reads_the_tables_as_they_are_now() -> None:
    with database(["CREATE TABLE a (x INT)"]) as (connection, _):
        # as a comparison leaves it that fails
        SQLite().read_at_once(connection)
        connection.exec_driver_sql("ALTER TABLE a ADD COLUMN y INT")
        assert [each["name"] for each in sa.inspect(connection).get_columns("a")] == ["x"]
        connection.commit()

        with SQLite().guard(connection):
            assert [each["name"] for each in sa.inspect(connection).get_columns("a")] == ["x", "y"]


BASE = """import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    pass
"""

VIRTUAL = [
    "CREATE VIRTUAL TABLE docs USING fts5(body)",
    "CREATE VIRTUAL TABLE places USING rtree(id, low, high)",
    "CREATE TABLE docs_notes (x)",
]


def test_virtual_tables_are_left_alone(project: Project) -> None:
    project.write("pyproject.toml", '[tool.ellar-db]\ndatabase = "sqlite:///app.db"\nmetadata = "models:Base"\n')
    project.write("models.py", f"{BASE}\n\nsa.Table('places', Base.metadata, sa.Column('id', sa.BigInteger))\n")
    project.db("init")
    query(*VIRTUAL)

    project.db("migrate", "-m", "one")

    (file,) = (project.path / "migrations/versions").glob("*.py")
    operations = [line.strip() for line in file.read_text().splitlines() if line.strip().startswith("op.")]
    assert operations[0].startswith("op.drop_table('docs_notes'") or operations[0].startswith(
        'op.drop_table("docs_notes"'
    )
    assert not [line for line in operations if "places" in line or "docs_d" in line or "docs_c" in line]


def test_virtual_tables_whose_module_is_not_here_are_left_alone(project: Project) -> None:
    project.write("pyproject.toml", '[tool.ellar-db]\ndatabase = "sqlite:///app.db"\nmetadata = "models:Base"\n')
    project.write(
        "models.py", "from sqlalchemy.orm import DeclarativeBase\n\n\nclass Base(DeclarativeBase):\n    pass\n"
    )
    project.db("init")
    query("CREATE TABLE vectors_chunks (x)")
    words = "'CREATE VIRTUAL TABLE vectors USING vec0(a)'"
    query(
        "PRAGMA writable_schema = ON", f"INSERT INTO sqlite_master VALUES ('table', 'vectors', 'vectors', 0, {words})"
    )

    project.db("migrate", "-m", "one")

    assert list((project.path / "migrations/versions").glob("*.py")) == []


def test_a_copy_says_nothing_of_an_index_that_it_keeps(plain: Project) -> None:
    plain.db("init")
    plain.write(
        "migrations/versions/one.py",
        """
        import sqlalchemy as sa
        from alembic import op

        revision = "one"
        down_revision = None

        def upgrade():
            op.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, s TEXT)")
            op.execute("CREATE INDEX low ON t (lower(s))")
            with op.batch_alter_table("t") as batch_op:
                batch_op.alter_column("n", type_=sa.String())
        """,
    )

    assert timeless(run(plain, "ellar-db", "upgrade").stderr) == (
        "  ok  one  T s\n1 revision applied in T s; now at one (head).\n"
    )
