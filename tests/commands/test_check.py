"""`check`."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from ellar_db.testing import Project

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

    assert result.stderr == "Error: Target database is not up to date; run `ellar-db upgrade` first\n"


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
        assert result.stderr == "Error: Target database is not up to date; run `ellar-db upgrade` first\n"

    def test_the_schema_refuses_what_it_does_not_describe(self) -> None:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({"schema": 1, "databases": [{"database": "default"}]}, SCHEMA)
