"""`upgrade`, `downgrade` and `stamp` as functions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ellar_db import DbError
from ellar_db.library import Migrated, check, current, downgrade, stamp, status, upgrade
from ellar_db.testing import Project
from tests.support.fleets import files, folder, history, visits
from tests.support.revisions import add, write_revision
from tests.support.servers import asynchronous


def test_upgrade_says_what_it_did(linear: Project) -> None:
    assert upgrade("second") == [Migrated("default", None, (), ("second",), ("first", "second"))]
    assert upgrade() == [Migrated("default", None, ("second",), ("third",), ("third",))]
    (done,) = upgrade()

    assert done == Migrated("default", None, ("third",), ("third",))
    assert not done.is_changed
    assert linear.db("current").stdout == "third (head)\n"


def test_a_dry_run_changes_nothing(linear: Project) -> None:
    assert upgrade(dry_run=True) == [Migrated("default", None, (), ("third",), ("first", "second", "third"))]

    assert [each.revisions for each in current()] == [()]


def test_downgrade_says_what_it_undid(linear: Project) -> None:
    upgrade()

    assert downgrade() == [Migrated("default", None, ("third",), ("second",), ("third",))]
    assert downgrade("base") == [Migrated("default", None, ("second",), (), ("second", "first"))]
    assert linear.tables() == {"alembic_version"}


def test_downgrade_is_confirmed_by_an_argument(linear: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    linear.configure(extra="confirm = 'always'\n")
    upgrade()

    # nobody is asked, also where there is somebody
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    with pytest.raises(DbError, match=r"the downgrade drops .*; confirm = 'always' is set: pass yes=True"):
        downgrade()
    assert [each.at_head for each in current()] == [True]

    assert [each.after for each in downgrade(yes=True)] == [("second",)]


def test_stamp_says_what_it_recorded(linear: Project) -> None:
    assert stamp("second") == [Migrated("default", None, (), ("second",), ("second",))]
    assert [each.after for each in stamp()] == [("third",)]
    assert linear.tables() == {"alembic_version"}

    assert [each.after for each in stamp("first", purge=True)] == [("first",)]


def test_stamp_takes_one_for_each_branch(linear: Project) -> None:
    add(linear, "other", "first")

    (done,) = stamp("third", "other")

    assert set(done.after) == {"third", "other"}


def test_several_databases(several: Project) -> None:
    several.db("migrate", "--rev-id", "one")

    assert [(each.database, each.after) for each in upgrade()] == [("default", ("one",)), ("reports", ("one",))]
    assert [each.database for each in downgrade("base", only=["rep*"])] == ["reports"]
    assert [(each.database, each.at_head) for each in current()] == [("default", True), ("reports", False)]


def test_a_database_is_made(project: Project) -> None:
    project.configure(url=f"sqlite:///{(project.path / 'deep' / 'app.db').as_posix()}")
    project.db("init")
    add(project, "first", None)
    (project.path / "deep").mkdir()

    assert [each.after for each in upgrade(create=True)] == [("first",)]


def test_each_database_of_a_group(project: Project) -> None:
    names = files(project, 3)
    project.db("init", "--group", "tenants")
    history(project, "one")

    assert sorted((each.database, each.revisions) for each in upgrade()) == [(name, ("one",)) for name in names]
    assert sorted((each.database, each.before, each.revisions) for each in upgrade()) == [
        (name, ("one",), ()) for name in names
    ]
    assert [each.database for each in downgrade("base", only=[names[1]])] == [names[1]]


def test_the_others_of_a_group_go_on(project: Project) -> None:
    names = files(project, 3)
    project.db("init", "--group", "tenants")
    history(project, "one")
    upgrade()
    write_revision(
        folder(project), "two", "one", f"assert '{names[1]}' not in str(op.get_bind().engine.url), 'no room'"
    )

    with pytest.raises(DbError, match=rf"^1 of 3 databases failed: {names[1]}: .*no room"):
        upgrade(keep_going=True)

    assert {each.database for each in current() if each.at_head} == {names[0], names[2]}
    assert visits(project, names[0]) == ["one"]


@pytest.mark.parametrize("driver", ["sync", "async"])
def test_on_each_kind_of_server(plain: Project, any_database: str, driver: str) -> None:
    plain.configure(url=asynchronous(any_database) if driver == "async" else any_database)
    plain.db("init")
    assert [len(each.differences) for each in check()] == [1]
    plain.db("migrate", "--rev-id", "one")
    assert [(each.state, [one.revision for one in each.pending]) for each in status()] == [("behind", ["one"])]
    with pytest.raises(DbError, match="up to date"):
        check()

    assert [each.revisions for each in upgrade()] == [("one",)]

    assert [(each.state, each.pending) for each in status()] == [("at head", ())]
    assert [each.differences for each in check()] == [()]
    assert [each.after for each in downgrade("base")] == [()]


def test_a_failure_tells_what_is_left(linear: Project, any_database: str) -> None:
    linear.configure(url=any_database)
    write_revision(linear.path / "migrations/versions", "fourth", "third", "op.execute('nonsense')")

    with pytest.raises(DbError, match=r"^upgrade third -> fourth failed on the database 'default': ") as error:
        upgrade()

    assert error.value.exit_code == 1
    assert "\n" not in error.value.message


def test_packages_come_first(linear: Project, install: Callable[..., Path]) -> None:
    versions = linear.path / "versions"
    versions.mkdir()
    write_revision(versions, "audit1", None, "op.create_table('audit', sa.Column('id', sa.Integer))")
    install(
        "ellar-db-audit",
        f"""
        from pathlib import Path
        from ellar_db import PackageMigrations, hookimpl

        @hookimpl
        def ellar_db_migrations():
            yield PackageMigrations("audit", Path({str(versions)!r}))
        """,
    )

    assert [(each.package, each.after) for each in upgrade()] == [("audit", ("audit1",)), (None, ("third",))]
    assert [(each.package, each.at_head) for each in current()] == [("audit", True), (None, True)]
    assert [each.after for each in downgrade("base", package="audit")] == [()]


def test_a_limit_holds(linear: Project, held_elsewhere: Callable[[str], object]) -> None:
    held_elsewhere(f"sqlite:///{(linear.path / 'app.db').as_posix()}")

    with pytest.raises(DbError, match="is being migrated"):
        upgrade(lock_timeout=0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: upgrade(3), "revision must be a text, not 3"),
        (lambda: upgrade(" "), "revision is ' ': a revision can't be empty"),
        (lambda: upgrade("nowhere"), "Can't locate revision identified by 'nowhere'"),
        (lambda: upgrade(dry_run=True, create=True), "dry_run runs on one database after the other"),
        (lambda: upgrade(lock_timeout="5"), "lock_timeout must be a number of seconds, 0 or more, not '5'"),
        (lambda: upgrade(lock=0), "lock must be True or False, not 0"),
        (lambda: downgrade(""), "revision is '': a revision can't be empty"),
        (lambda: downgrade("a@"), "in 'a@' a revision must follow the '@'"),
        (lambda: downgrade("nowhere"), "nowhere"),
        (lambda: downgrade(tag=3), "tag must be a text, not 3"),
        (lambda: stamp("first", ""), "a revision is '': a revision can't be empty"),
        (lambda: stamp(["first"]), r"a revision must be a text, not \['first'\]"),
        (lambda: stamp("nowhere"), "nowhere"),
    ],
)
def test_bad_input(linear: Project, call: Callable[[], object], message: str) -> None:
    with pytest.raises(DbError, match=message) as error:
        call()

    assert error.value.exit_code == 1
    assert not (linear.path / "app.db").exists() or linear.tables() == set()
