"""`check`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from sqlalchemy import text

from ellar_db.testing import Project
from tests.support.environments import ForeignEnvironment
from tests.support.revisions import add, write_revision
from tests.support.servers import sync_engine

NewDatabase = Callable[[str], str]

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/reference/schemas/check.json").read_text(encoding="utf-8"))


def test_passes_where_the_models_say_what_the_database_has(plain: Project) -> None:
    plain.db("init")
    plain.db("migrate", "-m", "Add users")
    plain.db("upgrade")

    assert plain.db("check").stdout == "No new upgrade operations detected.\n"


def test_fails_and_names_the_changes_that_no_revision_has(plain: Project) -> None:
    plain.db("init")
    plain.db("migrate", "-m", "Add users")
    plain.db("upgrade")
    plain.change_models(
        """
            age: Mapped[int]


        class Team(Base):
            __tablename__ = "teams"
            id: Mapped[int] = mapped_column(primary_key=True)
        """
    )

    result = plain.db("check", exit_code=1)

    assert result.stdout == "add table teams\nadd column users.age INTEGER NOT NULL\n"
    assert result.stderr.splitlines()[-1] == (
        "Error: the models have changes that aren't in any revision; `ellar-db migrate` writes one"
    )
    assert len(plain.revisions()) == 1


def test_names_a_changed_column_and_a_removed_index(plain: Project) -> None:
    plain.change_models("\nfrom sqlalchemy import Index\nIndex('by_name', User.name)\n")
    plain.db("init")
    plain.db("migrate", "-m", "Add users")
    plain.db("upgrade")
    models = (plain.path / "models.py").read_text()
    plain.write("models.py", models.replace("String(128)", "String(64)").replace("Index('by_name', User.name)", ""))
    plain.forget("models")

    result = plain.db("check", exit_code=1)

    assert result.stdout == (
        "change type of users.name from VARCHAR(128) to VARCHAR(64)\ndrop index by_name on users\n"
    )


def test_refuses_a_database_that_is_not_at_the_newest_revision(plain: Project) -> None:
    plain.db("init")
    plain.db("migrate", "-m", "Add users")

    result = plain.db("check", exit_code=1)

    assert (
        result.stderr
        == "Error: Target database is not up to date; run `ellar-db upgrade` first [ellar-db explain E02]\n"
    )


def test_a_database_out_of_reach_is_neither_yes_nor_no(plain: Project) -> None:
    plain.db("init")
    plain.configure(url="sqlite:///no/such/folder/app.db")

    assert "can't be reached" in plain.db("check", exit_code=3).stderr


def test_looks_at_all_databases(several: Project) -> None:
    several.db("migrate", "-m", "Both")
    several.db("upgrade")
    assert several.db("check").stdout == "No new upgrade operations detected.\n"
    several.change_models("Table('rows', reports, Column('id', Integer, primary_key=True))\n")

    assert several.db("check", exit_code=1).stdout == "reports: add table rows\n"


def test_names_the_databases_where_there_are_several(plain: Project) -> None:
    plain.write(
        "pyproject.toml",
        "[tool.ellar-db]\nmetadata = {default = 'models:Base', reports = 'models:Base'}\n[tool.ellar-db.databases]\n"
        "default = 'sqlite:///app.db'\nreports = 'sqlite:///reports.db'\n",
    )
    plain.forget()
    plain.db("init", "--multi")

    assert plain.db("check", exit_code=1).stdout == "default: add table users\nreports: add table users\n"


def test_says_what_is_not_compared(plain: Project) -> None:
    plain.db("init")
    plain.db("migrate")
    plain.db("upgrade")

    result = plain.db("check")

    assert result.stderr.startswith("Not compared: ")
    assert result.stderr.endswith("views, triggers, rows.\n")
    assert plain.db("-q", "check").output == ""


def test_an_option_that_compares_more_is_seen_in_what_is_not_compared(plain: Project) -> None:
    plain.db("init")
    plain.db("migrate")
    plain.db("upgrade")
    plain.configure(extra="[tool.ellar-db.context-configure]\ncompare_server_default = true\ncompare_type = false\n")

    result = plain.db("check")

    assert result.stderr.startswith("Not compared: types of columns, ")
    assert "server defaults" not in result.stderr


class TestJson:
    def test_has_one_document_with_all_databases(self, several: Project) -> None:
        several.db("migrate", "-m", "Both")
        several.db("upgrade")
        several.change_models("Table('rows', reports, Column('id', Integer, primary_key=True))\n")

        result = several.db("check", "--json", exit_code=1)

        document = json.loads(result.stdout)
        jsonschema.validate(document, SCHEMA)
        assert document["schema"] == 1
        assert document["question"] == "database"
        assert [each["database"] for each in document["databases"]] == ["default", "reports"]
        assert document["databases"][0]["differences"] == []
        assert document["databases"][1]["differences"] == [
            {"operation": "create_table", "table": "rows", "schema": None, "name": None, "text": "add table rows"}
        ]
        assert "rows" in document["databases"][0]["not_compared"]
        assert result.stderr.splitlines()[-1] == (
            "Error: the models have changes that aren't in any revision; `ellar-db migrate` writes one"
        )

    def test_of_no_difference(self, plain: Project) -> None:
        plain.db("init")
        plain.db("migrate")
        plain.db("upgrade")

        document = json.loads(plain.db("check", "--json").stdout)

        jsonschema.validate(document, SCHEMA)
        assert [each["differences"] for each in document["databases"]] == [[]]

    def test_is_not_written_where_nothing_could_be_compared(self, plain: Project) -> None:
        plain.db("init")
        plain.db("migrate")

        result = plain.db("check", "--json", exit_code=1)

        assert result.stdout == ""
        assert (
            result.stderr
            == "Error: Target database is not up to date; run `ellar-db upgrade` first [ellar-db explain E02]\n"
        )

    def test_the_schema_refuses_what_it_does_not_describe(self) -> None:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({"schema": 1, "databases": [{"database": "default"}]}, SCHEMA)


FILTERS = """
from ellar_db import hookimpl


@hookimpl
def ellar_db_include_name(name, type_):
    return False if (type_, name) == ("table", "others") else None


@hookimpl
def ellar_db_include_object(object, name, type_):
    return False if type_ == "column" and name.startswith("legacy_") or name == "ix_ours" else None
"""

UNDER_WAY = ("Replaying the revisions on a scratch database ...", "Not compared: order of columns, privileges, rows.")


def change(url: str, *statements: str) -> None:
    with sync_engine(url).begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


class TestHistory:
    @pytest.mark.sampled
    def test_compares_the_models_with_the_revisions_and_no_database(self, plain: Project, any_database: str) -> None:
        plain.configure(url=any_database)
        plain.db("init")
        plain.db("migrate", "--scratch", "--rev-id", "one")
        # another one than the revisions make, which must make no difference
        change(any_database, "CREATE TABLE others (id INTEGER)")

        assert plain.db("check", "--history").stdout == "No new upgrade operations detected.\n"
        plain.change_models("    age: Mapped[int | None]\n\n\nMORE = 1\n")
        result = plain.db("check", "--history", exit_code=1)

        assert result.stdout == "add column users.age INTEGER\n"
        assert result.stderr.splitlines()[0] == UNDER_WAY[0]
        assert result.stderr.splitlines()[-1] == (
            "Error: the models have changes that aren't in any revision; `ellar-db migrate --scratch` writes one"
        )
        assert plain.tables(any_database) == {"others"}

    def test_needs_no_database_that_can_be_reached(self, plain: Project) -> None:
        plain.configure(url="sqlite:///no/such/folder/app.db")
        plain.db("init")

        result = plain.db("check", "--history", "--json", exit_code=1)

        document = json.loads(result.stdout)
        jsonschema.validate(document, SCHEMA)
        assert document["question"] == "history"
        assert [each["text"] for each in document["databases"][0]["differences"]] == ["add table users"]

    def test_of_several_databases(self, several: Project) -> None:
        several.db("migrate", "--scratch")
        several.change_models("Table('rows', reports, Column('id', Integer, primary_key=True))\n")

        assert several.db("check", "--history", exit_code=1).stdout == "reports: add table rows\n"
        assert several.db("check", "--history", "--database", "default").exit_code == 0
        assert not (several.path / "reports.db").exists()

    def test_that_fails_is_no_answer(self, plain: Project) -> None:
        plain.db("init")
        write_revision(plain.path / "migrations/versions", "one", None, "op.drop_table('nobodys')")

        result = plain.db("check", "--history", "--json", exit_code=3)

        assert result.stdout == ""
        assert "no such table: nobodys" in result.stderr


class TestDrift:
    @pytest.fixture
    def shop(self, plain: Project, any_database: str) -> str:
        """A database at the second of three revisions."""
        plain.configure(url=any_database)
        plain.db("init")
        folder = plain.path / "migrations/versions"
        add(plain, "one", None)
        column = "op.add_column('t_one', sa.Column('name', sa.String(64)))"
        write_revision(folder, "two", "one", f"{column}; op.create_index('ix_name', 't_one', ['name'])")
        add(plain, "three", "two")
        plain.db("upgrade", "two")
        return any_database

    def test_compares_with_the_revisions_that_were_run(self, plain: Project, shop: str) -> None:
        result = plain.db("check", "--drift")

        assert result.stdout == "No drift detected.\n"
        assert tuple(result.stderr.splitlines()) == UNDER_WAY

    def test_says_each_difference_in_words(self, plain: Project, shop: str) -> None:
        drop = "DROP INDEX ix_name ON t_one" if "mysql" in shop else "DROP INDEX ix_name"
        change(shop, "ALTER TABLE t_one ADD note VARCHAR(10)", drop, "CREATE TABLE t_three (id INTEGER)")

        result = plain.db("check", "--drift", exit_code=1)

        assert result.stdout == (
            "table t_three is in the database and in no applied revision\n"
            "table t_one: column note is in the database and in no applied revision\n"
            "table t_one: index ix_name is missing in the database\n"
        )
        assert result.stderr.splitlines()[-1] == (
            "Error: the database 'default' differs from what the applied revisions make; undo the differences there, "
            "or write a revision for them"
        )

    def test_tells_programs_both_definitions(self, plain: Project, shop: str) -> None:
        change(shop, "DROP TABLE t_one", "CREATE TABLE t_one (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(32))")

        document = json.loads(plain.db("check", "--drift", "--json", exit_code=1).stdout)

        jsonschema.validate(document, SCHEMA)
        assert document["question"] == "drift"
        (database,) = document["databases"]
        assert (database["database"], database["at"]) == ("default", ["two"])
        (name,) = [each for each in database["differences"] if each["name"] == "name"]
        assert (name["difference"], name["kind"], name["table"]) == ("changed", "column", "t_one")
        assert name["database"].startswith("VARCHAR(32)")
        assert name["revisions"].startswith("VARCHAR(64)")
        assert name["text"] == (
            f"table t_one: column name is {name['database']} in the database and {name['revisions']} in the revisions"
        )

    def test_leaves_out_what_plugins_leave_out(self, plain: Project) -> None:
        plain.write("shop_plugin.py", FILTERS)
        plain.configure(extra="plugins = ['shop_plugin']\n")
        plain.db("init")
        add(plain, "one", None)
        plain.db("upgrade")
        change(
            "sqlite:///app.db",
            "CREATE TABLE others (id INTEGER)",
            "CREATE INDEX ix_others ON others (id)",
            "ALTER TABLE t_one ADD legacy_id INTEGER",
            "CREATE INDEX ix_ours ON t_one (id)",
        )

        assert plain.db("check", "--drift").stdout == "No drift detected.\n"
        change("sqlite:///app.db", "ALTER TABLE t_one ADD other_id INTEGER")
        assert plain.db("check", "--drift", exit_code=1).stdout == (
            "table t_one: column other_id is in the database and in no revision\n"
        )

    def test_names_a_view_that_was_changed(self, plain: Project) -> None:
        plain.db("init")
        write_revision(plain.path / "migrations/versions", "one", None, "op.execute('CREATE VIEW v AS SELECT 1 AS x')")
        plain.db("upgrade")
        change("sqlite:///app.db", "DROP VIEW v", "CREATE VIEW v AS SELECT 2 AS x")

        assert plain.db("check", "--drift", exit_code=1).stdout == "view v isn't the one of the revisions\n"

    def test_of_a_schema_that_no_revision_makes_is_not_counted(self, plain: Project, new_database: NewDatabase) -> None:
        url = new_database("postgresql")
        plain.configure(url=url)
        plain.db("init")
        write_revision(plain.path / "migrations/versions", "one", None, "op.execute('CREATE SCHEMA app')")
        plain.db("upgrade")
        change(
            url,
            "CREATE SCHEMA theirs",
            "CREATE TABLE theirs.notes (id INTEGER)",
            "CREATE FUNCTION theirs.one() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
            "CREATE TABLE app.notes (id INTEGER)",
        )

        assert plain.db("check", "--drift", exit_code=1).stdout == (
            "table app.notes is in the database and in no revision\n"
        )

    def test_of_several_databases_is_told_with_their_names(self, several: Project) -> None:
        several.db("migrate", "--scratch", "--rev-id", "one")
        several.db("upgrade")
        change("sqlite:///reports.db", "DROP TABLE figures")

        assert (
            several.db("check", "--drift", exit_code=1).stdout == "reports: table figures is missing in the database\n"
        )
        assert several.db("check", "--drift", "--database", "default").stdout == "No drift detected.\n"

    def test_of_an_interrupted_run_is_told(self, plain: Project, new_database: NewDatabase) -> None:
        plain.configure(url=new_database("mariadb"))
        plain.db("init")
        body = "op.create_table('t', sa.Column('id', sa.Integer)); op.execute('nonsense')"
        write_revision(plain.path / "migrations/versions", "one", None, body)
        plain.db("upgrade", exit_code=1)

        result = plain.db("check", "--drift", exit_code=1)

        assert result.stdout == "table t is in the database and in no applied revision\n"
        assert "a run on the database 'default' was interrupted" in result.stderr

    def test_of_a_revision_that_is_not_known_is_no_answer(self, plain: Project, shop: str) -> None:
        change(shop, "UPDATE alembic_version SET version_num = 'gone'")

        assert "is at gone, which this folder doesn't have" in plain.db("check", "--drift", exit_code=3).stderr

    def test_of_an_env_py_of_somebody_else_is_no_answer(self, plain: Project) -> None:
        theirs = ForeignEnvironment(plain, "sqlite:///app.db", "generic").write()
        theirs.revision("one", None, "pass")

        said = plain.db("-c", "theirs.ini", "check", "--drift", exit_code=3).stderr

        assert "env.py connects to databases by itself, and so can't be given scratch databases" in said

    def test_of_a_database_out_of_reach_is_no_answer(self, plain: Project) -> None:
        plain.db("init")
        plain.configure(url="sqlite:///no/such/folder/app.db")

        assert "can't be reached" in plain.db("check", "--drift", exit_code=3).stderr


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--history", "--drift"], "are two questions"),
        (["--scratch-url", "sqlite://"], "needs --history or --drift"),
        (["--drift", "--package", "audit"], "leave --package out"),
    ],
)
def test_options_that_contradict_each_other_are_refused(plain: Project, options: list[str], told: str) -> None:
    assert told in plain.db("check", *options, exit_code=2).stderr
