"""`check`."""

from __future__ import annotations

from ellar_db.testing import Project


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

    assert result.stdout == ""
    assert result.stderr.splitlines()[-1] == (
        "Error: the models have changes that no revision has: add table teams; add column users.age; "
        "`ellar-db migrate` writes one"
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

    assert "modify type of users.name; remove index by_name on users;" in result.stderr


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

    assert "no revision has: reports: add table rows;" in several.db("check", exit_code=1).stderr


def test_names_the_databases_where_there_are_several(plain: Project) -> None:
    plain.write(
        "pyproject.toml",
        "[tool.ellar-db]\nmetadata = {default = 'models:Base', reports = 'models:Base'}\n[tool.ellar-db.databases]\n"
        "default = 'sqlite:///app.db'\nreports = 'sqlite:///reports.db'\n",
    )
    plain.forget()
    plain.db("init", "--multi")

    assert plain.db("check", exit_code=1).stderr.splitlines()[-1] == (
        "Error: the models have changes that no revision has: default: add table users; reports: add table users; "
        "`ellar-db migrate` writes one"
    )
