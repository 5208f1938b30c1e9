"""`check`, `drift`, `lint` and `verify` as functions: a no isn't an error."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ellar_db import DbError
from ellar_db.library import check, drift, lint, migrate, upgrade, verify
from ellar_db.testing import Project
from tests.support.revisions import write_revision
from tests.support.servers import sync_engine

LOSING = "op.drop_column('t_first', 'id')"


@pytest.fixture
def migrated(plain: Project) -> Project:
    plain.db("init")
    migrate("First", rev_id="one")
    upgrade()
    return plain


def test_check(migrated: Project) -> None:
    assert [(each.database, each.package, each.differences) for each in check()] == [("default", None, ())]
    migrated.change_models(
        "class Item(Base):\n    __tablename__ = 'items'\n    id: Mapped[int] = mapped_column(primary_key=True)\n"
    )

    (found,) = check()

    assert [(each.operation, each.table, each.text) for each in found.differences] == [
        ("create_table", "items", "add table items")
    ]
    assert [each.differences for each in check(history=True)] == [found.differences]


def test_check_of_a_database_that_is_behind(linear: Project) -> None:
    with pytest.raises(DbError) as error:
        check()

    assert error.value.exit_code == 1
    assert [len(each.differences) for each in check(history=True)] == [4]


def test_drift(migrated: Project) -> None:
    assert [(each.at, each.differences) for each in drift()] == [(("one",), ())]
    with sync_engine("sqlite:///app.db").begin() as connection:
        connection.exec_driver_sql("CREATE INDEX ix_own ON users (name)")

    (found,) = drift()

    assert [(each.difference, each.kind, each.table, each.name) for each in found.differences] == [
        ("unknown", "index", "users", "ix_own")
    ]


def test_lint(linear: Project) -> None:
    found = lint()
    assert (found.revisions, found.findings, found.is_clean) == (3, (), True)
    write_revision(linear.path / "migrations/versions", "fourth", "third", LOSING, "pass")

    found = lint(since="third")

    assert (found.revisions, found.is_clean) == (1, False)
    assert {each.finding.code for each in found.findings} >= {"DB102"}
    assert {each.revision for each in found.findings} == {"fourth"}
    assert lint(all=True).revisions == 4


def test_verify(linear: Project) -> None:
    found = verify(rows=False)
    assert [(each.revision.revision, each.result) for each in found.databases[0].trials] == [
        ("first", "ok"),
        ("second", "ok"),
        ("third", "ok"),
    ]
    assert (found.databases[0].models, found.is_clean) == ("failed", False)
    write_revision(
        linear.path / "migrations/versions", "fourth", "third", "op.execute('nonsense')", "op.execute('SELECT 1')"
    )
    write_revision(linear.path / "migrations/versions", "fifth", "fourth", "pass", "pass")

    (database,) = verify(since="third").databases

    assert [(each.revision.revision, each.result) for each in database.trials] == [("fourth", "failed")]
    assert "nonsense" in str(database.trials[0].text)
    assert database.untried == ("fifth",)
    assert linear.tables() == set()


def test_verify_of_what_is_in_order(migrated: Project) -> None:
    found = verify(all=True)

    assert found.is_clean
    assert found.databases[0].models == "ok"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: check(scratch_urls=["sqlite://"]), "needs history=True"),
        (
            lambda: check(history=True, scratch_urls="sqlite://"),
            "scratch_urls must be a list of texts, not 'sqlite://'",
        ),
        (lambda: drift(package="audit"), "drift compares whole databases"),
        (lambda: drift(scratch_urls=3), "scratch_urls must be a list of texts, not 3"),
        (lambda: lint(since="third", all=True), "choose revisions in three ways; use one of them"),
        (lambda: lint(since="nowhere"), "nowhere"),
        (lambda: lint(since_ref="--output=x"), "'--output=x' is no name of a commit"),
        (lambda: verify(since=""), "since is '': a revision can't be empty"),
        (lambda: verify(since_ref=3), "since_ref must be a text, not 3"),
        (lambda: verify(since="nowhere"), "nowhere"),
    ],
)
def test_bad_input(linear: Project, call: Callable[[], object], message: str) -> None:
    with pytest.raises(DbError, match=message):
        call()
