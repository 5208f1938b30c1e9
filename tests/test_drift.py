"""`check --drift` where there are packages, groups and schemas."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from ellar_db.testing import Project
from tests.support.fleets import files, history, provide
from tests.support.revisions import add, write_revision
from tests.support.servers import asynchronous, sync_engine

PACKAGE = """
from pathlib import Path

from ellar_db import PackageMigrations, hookimpl


@hookimpl
def ellar_db_migrations():
    yield PackageMigrations("audit", Path({versions!r}))
"""


def change(url: str, *statements: str) -> None:
    with sync_engine(url).begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


class TestPackages:
    @pytest.fixture(autouse=True)
    def _audit(self, linear: Project, install: Callable[..., Path]) -> None:
        """Install a package with two revisions, of which one is applied."""
        versions = linear.path / "brought"
        versions.mkdir()
        install("ellar-db-audit", PACKAGE.format(versions=str(versions)))
        for rev_id, parent in (("a1", None), ("a2", "a1")):
            write_revision(versions, rev_id, parent, f"op.create_table('{rev_id}', sa.Column('id', sa.Integer))")
        linear.db("upgrade", "--package", "audit", "a1")
        linear.db("upgrade", "second")

    def test_are_replayed_up_to_where_they_are(self, linear: Project) -> None:
        assert linear.db("check", "--drift").stdout == "No drift detected.\n"

    def test_are_compared_with_the_application(self, linear: Project) -> None:
        change("sqlite:///app.db", "ALTER TABLE a1 ADD note VARCHAR(10)", "DROP TABLE t_first")

        assert linear.db("check", "--drift", exit_code=1).stdout == (
            "table t_first is missing in the database\n"
            "table a1: column note is in the database and in no applied revision\n"
        )

    def test_that_are_not_installed_are_seen(self, linear: Project, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ELLAR_DB_DISABLE_PLUGINS", "ellar-db-audit")
        linear.forget()

        assert linear.db("check", "--drift", exit_code=1).stdout == (
            "table a1 is in the database and in no applied revision\n"
        )


class TestGroups:
    def test_have_one_that_stands_for_all(self, project: Project) -> None:
        files(project, 3)
        history(project, "one")
        project.db("upgrade")
        change("sqlite:///files/t1.db", "DROP TABLE table_one")

        result = project.db("check", "--drift")

        assert result.stdout == "No drift detected.\n"
        assert "Comparing 't0', which stands for the 3 databases of its group" in result.stderr

    def test_are_compared_where_they_are_chosen(self, project: Project) -> None:
        files(project, 3)
        history(project, "one", "two")
        project.db("upgrade", "one", "--database", "t1")
        project.db("upgrade", "--database", "t[02]")
        change("sqlite:///files/t1.db", "DROP TABLE table_one")
        change("sqlite:///files/t2.db", "CREATE TABLE more (id INTEGER)")

        result = project.db("check", "--drift", "--database", "t*", exit_code=1)

        assert result.stdout == (
            "t1: table table_one is missing in the database\nt2: table more is in the database and in no revision\n"
        )
        assert result.stderr.splitlines()[-1].startswith("Error: the databases 't1', 't2' differ from what the applied")

    @pytest.mark.long
    def test_compare_one_schema_of_a_server(self, project: Project, new_database: Callable[[str], str]) -> None:
        url = new_database("postgresql")
        places = {name: (asynchronous(url), {"schema": name, "group": "tenants"}) for name in ("acme", "Bolt")}
        provide(project, places)
        project.db("init")
        body = (
            "op.create_table('t', sa.Column('id', sa.Integer, primary_key=True)); "
            "op.create_table('u', sa.Column('t', sa.Integer, sa.ForeignKey('t.id'))); "
            "op.execute('CREATE FUNCTION one() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$'); "
            "op.execute('CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION one()')"
        )
        write_revision(project.path / "migrations/versions", "one", None, body)
        project.db("upgrade", "--provision")

        assert project.db("check", "--drift", "--database", "*").stdout == "No drift detected.\n"
        change(url, 'ALTER TABLE "Bolt".u ADD note integer')
        assert project.db("check", "--drift", "--database", "*", exit_code=1).stdout == (
            "Bolt: table u: column note is in the database and in no revision\n"
        )


def test_a_database_that_is_behind_lacks_nothing(branched_twice: Project) -> None:
    branched_twice.db("upgrade", "left")
    branched_twice.db("upgrade", "right")

    assert branched_twice.db("check", "--drift").stdout == "No drift detected.\n"


@pytest.fixture
def branched_twice(plain: Project) -> Project:
    """Two branches, with a revision more on each."""
    plain.db("init")
    for rev_id, parent in (("root", None), ("left", "root"), ("right", "root"), ("left2", "left"), ("right2", "right")):
        add(plain, rev_id, parent)
    return plain
