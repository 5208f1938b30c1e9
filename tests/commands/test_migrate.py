"""`migrate`."""

from __future__ import annotations

import pytest

from ellar_db.testing import Project


def test_writes_what_the_models_say_and_the_database_lacks(plain: Project) -> None:
    plain.db("init")

    result = plain.db("migrate", "-m", "Add users", "--rev-id", "first")

    assert result.stdout == "Wrote migrations/versions/first_add_users.py\n"
    assert result.stderr == "  add table users\nReview it before you run `ellar-db upgrade`.\n"
    text = plain.revisions()[0].read_text()
    assert text.startswith('"""Add users\n\nRevision ID: first\nRevises:\nCreate Date: ')
    assert "op.create_table('users'," in text
    assert "op.drop_table('users')" in text


def test_writes_no_file_where_nothing_changed(plain: Project) -> None:
    plain.db("init")
    plain.db("migrate", "-m", "Add users")
    plain.db("upgrade")

    result = plain.db("migrate", "-m", "Again")

    assert (result.stdout, result.stderr) == ("", "No changes in schema detected.\n")
    assert len(plain.revisions()) == 1


def test_refuses_a_database_that_is_not_at_the_newest_revision(linear: Project) -> None:
    linear.db("upgrade", "second")

    result = linear.db("migrate", exit_code=1)

    assert (
        result.stderr
        == "Error: Target database is not up to date; run `ellar-db upgrade` first [ellar-db explain E02]\n"
    )
    assert len(linear.revisions()) == 3


def test_refuses_sql(plain: Project) -> None:
    plain.db("init")

    result = plain.db("migrate", "--sql", exit_code=2)

    assert result.stderr.splitlines()[-1] == (
        "Error: migrate compares the models with a database, which --sql would not touch; "
        "write the revision without it, then use upgrade --sql"
    )
    assert plain.revisions() == []


def test_takes_the_options_of_revision(branched: Project) -> None:
    branched.db("upgrade", "heads")

    branched.db(
        "migrate", "--head", "left", "--rev-id", "mine", "--branch-label", "west", "--depends-on", "right",
        "--version-path", "migrations/versions", "-m", "Mine",
    )  # fmt: skip

    assert branched.db("show", "mine").stdout.startswith(
        "Rev: mine (head)\nParent: left\nAlso depends on: right\nBranch names: west\n"
    )


def test_bases_a_revision_on_one_that_is_no_head_only_with_splice(linear: Project) -> None:
    linear.db("upgrade")

    assert "please specify --splice" in linear.db("migrate", "--head", "second", exit_code=1).stderr
    linear.db("migrate", "--head", "second", "--splice", "--rev-id", "beside")

    assert sorted(linear.db("heads").stdout.splitlines()) == ["beside (head)", "third (head)"]


def test_writes_a_function_for_each_of_several_databases(several: Project) -> None:
    several.db("migrate", "-m", "Both")

    text = several.revisions()[0].read_text()
    first, second = text.index("def upgrade_default()"), text.index("def upgrade_reports()")
    assert first < text.index("op.create_table('users'") < second < text.index("op.create_table('figures'")


def test_of_several_databases_a_folder_for_one_uses_default_and_says_so(several: Project) -> None:
    several.db("init", "-d", "one")

    result = several.db("migrate", "-d", "one")

    assert result.stderr == (
        "2 databases are configured and this folder is for one: running on 'default' alone.\n"
        "  add table users\n"
        "Review it before you run `ellar-db -d one upgrade`.\n"
    )
    assert "figures" not in several.revisions("one")[0].read_text()


@pytest.mark.parametrize("quiet", ["-q", "--quiet"])
def test_quiet_prints_nothing(plain: Project, quiet: str) -> None:
    plain.db("init")

    assert plain.db(quiet, "migrate", "-m", "Add users").output == ""
    assert plain.db(quiet, "upgrade").output == ""
    assert "users" in plain.tables()


def test_says_what_is_lost_and_what_may_be_a_rename(plain: Project) -> None:
    plain.db("init")
    plain.db("migrate")
    plain.db("upgrade")
    models = (plain.path / "models.py").read_text()
    plain.write("models.py", models.replace("name: ", "title: "))
    plain.forget("models")

    hint, *contents, lost = plain.db("migrate").stderr.splitlines()

    assert hint.endswith("if it was renamed, say --rename users.name:title")
    assert contents == [
        "  add column users.title VARCHAR(128) NOT NULL",
        "  drop column users.name",
        "Review it before you run `ellar-db upgrade`.",
    ]
    assert lost.startswith("Warning: DB102 users.name: drops the column with all its values; ")


def test_an_empty_revision_has_nothing_to_review(plain: Project) -> None:
    plain.db("init")

    assert plain.db("revision").stderr == ""
