"""What is said of a statement that fails: the statement, its place, the server's details, and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from ellar_db import Dialect
from ellar_db.dialects.errors import LENGTH, described, shown
from ellar_db.dialects.mysql import MySQL
from ellar_db.dialects.postgresql import PostgreSQL
from ellar_db.dialects.sqlite import SQLite
from ellar_db.testing import Project
from tests.support.revisions import add
from tests.support.servers import asynchronous, sync_engine

REVISION = """
import sqlalchemy as sa
from alembic import op

revision = {revision!r}
down_revision = {parent!r}


def upgrade():
    op.create_table("kept", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(9)))
    op.execute("insert into kept (id) values (1)")
    {body}


def downgrade():
    op.drop_table("kept")
"""


def failing(project: Project, url: str, body: str) -> str:
    """Run a revision whose third statement fails, and return the error."""
    project.configure(
        url=url, models="from sqlalchemy.orm import DeclarativeBase\n\n\nclass Base(DeclarativeBase):\n    pass\n"
    )
    project.db("init")
    project.write("migrations/versions/broken.py", REVISION.format(revision="broken", parent=None, body=body))
    return project.db("upgrade", exit_code=1).stderr.splitlines()[-1].removeprefix("Error: ")


class TestStatement:
    """The error names the statement that failed."""

    def test_it_is_named_with_its_place(self, project: Project, any_database: str) -> None:
        told = failing(project, any_database, 'op.execute("update kept\\n  set nope = 1")')

        assert told.startswith("upgrade -> broken failed on the database 'default': ")
        assert " (migrations/versions/broken.py, line 11); the statement was update kept set nope = 1; " in told

    def test_passwords_in_it_are_masked(self, project: Project) -> None:
        told = failing(project, "sqlite:///app.db", """op.execute("create role ann login password 'open-sesame'")""")

        assert "the statement was create role ann login password '***'" in told
        assert "sesame" not in told

    @pytest.mark.parametrize(
        "statement",
        [
            "CREATE ROLE ann PASSWORD 'x''y'",
            "ALTER USER ann WITH ENCRYPTED PASSWORD 'xy'",
            "CREATE USER ann IDENTIFIED BY 'xy'",
            "CREATE USER ann IDENTIFIED WITH mysql_native_password BY 'xy'",
            "SET PASSWORD FOR ann = PASSWORD('xy')",
            "SET PASSWORD = 'xy'",
        ],
    )
    def test_each_way_to_write_one(self, statement: str) -> None:
        assert shown(statement) == re.sub(r"'.+'", "'***'", statement)

    def test_other_texts_stay(self) -> None:
        assert (
            shown("UPDATE users SET password_hint = 'pet', name = 'x'")
            == "UPDATE users SET password_hint = 'pet', name = 'x'"
        )

    def test_a_long_one_is_cut(self) -> None:
        statement = f"SELECT {'x' * 500}"

        assert shown(statement) == f"{statement[:LENGTH]} ..."

    def test_python_errors_have_none(self, project: Project) -> None:
        told = failing(project, "sqlite:///app.db", "undefined")

        assert told == (
            "upgrade -> broken failed on the database 'default': NameError: name 'undefined' is not "
            "defined (migrations/versions/broken.py, line 11); the run was rolled back"
        )

    @pytest.mark.parametrize("driver", ["sync", "async"])
    def test_what_no_handler_of_exceptions_catches(self, project: Project, any_database: str, driver: str) -> None:
        url = asynchronous(any_database) if driver == "async" else any_database
        raising = [
            ("import asyncio; raise asyncio.CancelledError('\x1b[2J')", "CancelledError: \\x1b[2J"),
            ("import pytest; pytest.skip('not now')", "Skipped: not now"),
            ("raise GeneratorExit", "GeneratorExit"),
        ]
        told = [failing(project, url, body) for body, _ in raising[:1]]
        for body, _ in raising[1:]:
            if any_database.startswith("mysql"):
                with sync_engine(any_database).begin() as connection:
                    connection.execute(text("DROP TABLE kept"))
                project.db("repair", "broken", "--reverted")
            project.write("migrations/versions/broken.py", REVISION.format(revision="broken", parent=None, body=body))
            told.append(project.db("upgrade", exit_code=1).stderr.splitlines()[-1].removeprefix("Error: "))

        for error, (_, cause) in zip(told, raising, strict=True):
            place = "(migrations/versions/broken.py, line 11)"
            assert error.startswith(f"upgrade -> broken failed on the database 'default': {cause} {place}; ")
            rolls_back = not any_database.startswith("mysql")
            assert error.endswith("; the run was rolled back") == rolls_back
            assert ("repair broken --applied" in error) != rolls_back

    def test_an_error_of_a_module_that_a_revision_imports(self, project: Project) -> None:
        project.write("helpers.py", "def work():\n    raise ValueError('no')\n")
        project.forget("helpers")

        told = failing(project, "sqlite:///app.db", "import helpers; helpers.work()")

        assert "ValueError: no (helpers.py, line 2); " in told


class TestDetails:
    """What PostgreSQL says besides its message."""

    @pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
    @pytest.mark.parametrize(
        ("body", "told"),
        [
            ("select nam from kept", 'HINT: Perhaps you meant to reference the column "kept.name".'),
            ("insert into kept (id) values (1)", "DETAIL: Key (id)=(1) already exists."),
            ("drop table alembic_version, nowhere", ""),
        ],
    )
    def test_of_each_driver(
        self, project: Project, new_database: Callable[[str], str], driver: str, body: str, told: str
    ) -> None:
        url = new_database("postgresql")
        found = failing(project, url if driver == "psycopg" else asynchronous(url), f'op.execute("{body}")')

        assert f"the statement was {body}" in found
        assert (f"; {told}; " in found) if told else ("HINT" not in found and "DETAIL" not in found)

    def test_of_drivers_that_are_not_here(self) -> None:
        psycopg2 = Exception("message\n")
        vars(psycopg2)["diag"] = SimpleNamespace(message_detail="more", message_hint=None)
        pg8000 = Exception({"M": "message", "D": "more", "H": "help", "C": "42P07"})

        assert PostgreSQL().details(psycopg2) == ["DETAIL: more"]
        assert PostgreSQL().details(pg8000) == ["DETAIL: more", "HINT: help"]
        assert PostgreSQL().already_there(pg8000)
        assert PostgreSQL().details(ValueError()) == []

    def test_other_kinds_have_none(self) -> None:
        assert [Dialect().details(ValueError()), MySQL().details(ValueError())] == [[], []]
        assert described(ValueError("x"), SQLite()) == "ValueError: x"


class TestTablesMadeOtherwise:
    """A database whose tables were made without migrations, as by create_all."""

    def advice(self, told: str) -> list[str]:
        return re.findall(r"`ellar-db ([^`]+)`", told.partition("as by create_all")[2])

    @pytest.fixture
    def made(self, plain: Project, any_database: str) -> Project:
        plain.configure(url=any_database)
        plain.db("init")
        plain.db("migrate", "--rev-id", "first")
        make(any_database, "create table users (id integer not null primary key, name varchar(128) not null)")
        return plain

    def test_the_advice_works(self, made: Project) -> None:
        told = made.db("upgrade", exit_code=1).stderr
        stamp, check, undo = self.advice(told)
        assert [stamp, check, undo] == ["stamp head", "check", "stamp base"]

        if "repair" in told:
            # the journal of a database that can't roll back has a question first
            made.db("repair", "--reverted")
        made.db(*stamp.split())
        made.db("upgrade")
        made.db(*undo.split())
        assert self.advice(made.db("upgrade", exit_code=1).stderr)

    def test_a_check_shows_what_differs(self, made: Project) -> None:
        made.db("stamp", "head")
        made.change_models(
            "class Item(Base):\n    __tablename__ = 'item'\n    id: Mapped[int] = mapped_column(primary_key=True)\n"
        )

        assert "add table item" in made.db("check", exit_code=1).stdout

    @pytest.mark.parametrize(
        "statement", ["create index by_id on other (id)", "create view seen as select 1"], ids=["index", "view"]
    )
    def test_other_objects_that_exist(self, project: Project, any_database: str, statement: str) -> None:
        make(any_database, "create table other (id integer)")
        make(any_database, statement)

        assert "as by create_all" in failing(project, any_database, f'op.execute("{statement}")')

    def test_types_come_first_on_postgresql(self, project: Project, new_database: Callable[[str], str]) -> None:
        url = new_database("postgresql")
        make(url, "create type mood as enum ('sad')")

        assert "as by create_all" in failing(project, url, """op.execute("create type mood as enum ('sad')")""")

    def test_not_where_revisions_are_recorded(self, plain: Project) -> None:
        plain.db("init")
        add(plain, "first", None)
        plain.db("upgrade")
        add(plain, "second", "first")
        make("sqlite:///app.db", "create table t_second (id integer)")

        assert "create_all" not in plain.db("upgrade", exit_code=1).stderr

    def test_not_for_other_errors(self, project: Project, any_database: str) -> None:
        assert "create_all" not in failing(project, any_database, 'op.execute("drop table nowhere")')

    def test_two_heads(self, plain: Project) -> None:
        plain.db("init")
        add(plain, "left", None)
        add(plain, "right", None)
        make("sqlite:///app.db", "create table t_left (id integer)")
        make("sqlite:///app.db", "create table t_right (id integer)")

        assert self.advice(plain.db("upgrade", "heads", exit_code=1).stderr)[0] == "stamp heads"
        plain.db("stamp", "heads")


def make(url: str, statement: str) -> None:
    engine = sync_engine(url)
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()
