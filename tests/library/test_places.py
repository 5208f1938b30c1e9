"""`heads`, `history`, `current`, `status`, `plan` and `wait` as functions."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable

import pytest

from ellar_db import DbError
from ellar_db.library import current, heads, history, plan, stamp, status, upgrade, wait
from ellar_db.testing import Project
from tests.support.revisions import add, write_revision


def test_heads(linear: Project) -> None:
    (head,) = heads()

    assert (head.revision, head.title, head.package) == ("third", "Add third", None)
    assert (head.down_revisions, head.next_revisions) == (("second",), ())
    assert head.is_head
    assert head.file.samefile(linear.revisions()[-1])
    assert not (linear.path / "app.db").exists()
    with pytest.raises(dataclasses.FrozenInstanceError):
        head.title = "fourth"  # type: ignore[misc]


def test_several_heads(linear: Project) -> None:
    add(linear, "other", "second")
    write_revision(linear.path / "migrations/versions", "needing", "first", "pass")
    file = next(each for each in linear.revisions() if "needing" in each.read_text())
    file.write_text(file.read_text() + "\ndepends_on = 'third'\n")

    assert {each.revision for each in heads()} == {"third", "other", "needing"}
    assert {each.revision for each in heads(resolve_dependencies=True)} == {"other", "needing"}
    assert [each.revision for each in history() if each.is_branch_point] == ["second", "first"]


def test_history(linear: Project) -> None:
    assert [each.revision for each in history()] == ["third", "second", "first"]
    assert [each.revision for each in history("first:second")] == ["second", "first"]
    upgrade("second")
    assert [each.revision for each in history("current:")] == ["third", "second"]


def test_current(linear: Project) -> None:
    assert [(each.database, each.revisions, each.at_head) for each in current()] == [("default", (), False)]
    upgrade()
    assert [[one.revision for one in each.revisions] for each in current()] == [["third"]]
    assert [each.at_head for each in current()] == [True]


def test_a_revision_that_the_folder_does_not_have(linear: Project) -> None:
    upgrade()
    linear.revisions()[-1].unlink()

    assert [(each.revisions, each.unknown, each.at_head) for each in current()] == [((), ("third",), False)]
    assert [(each.state, each.unknown) for each in status()] == [("unknown here", ("third",))]


def test_status_of_a_database_that_cannot_be_reached(several: Project) -> None:
    several.db("migrate", "--rev-id", "one")
    settings = several.path / "pyproject.toml"
    unreachable = "postgresql+psycopg://ann:pa55word@127.0.0.1:1/x"
    settings.write_text(settings.read_text().replace("sqlite:///reports.db", unreachable))
    several.forget()

    default, reports = status()

    assert (default.state, [each.revision for each in default.pending]) == ("behind", ["one"])
    assert (reports.state, reports.at_head) == ("unavailable", False)
    assert "pa55word" not in f"{reports.url} {reports.error}"
    with pytest.raises(DbError) as error:
        current()
    assert error.value.exit_code == 3


def test_status_has_the_columns_of_plugins(linear: Project, install: Callable[..., object]) -> None:
    install(
        "ellar-db-owner",
        """
        from ellar_db import hookimpl

        @hookimpl
        def ellar_db_status(database, connection):
            return {"Owner": "ann"}
        """,
    )
    upgrade()

    assert [dict(each.columns) for each in status()] == [{"Owner": "ann"}]


def test_plan(linear: Project) -> None:
    (found,) = plan()

    assert (found.before, found.after) == ((), ("third",))
    assert [(each.revision.revision, each.direction) for each in found.steps] == [
        ("first", "upgrade"),
        ("second", "upgrade"),
        ("third", "upgrade"),
    ]
    assert [each.text for each in found.steps[0].differences] == ["add table t_first"]
    assert "CREATE TABLE t_first" in found.steps[0].sql
    assert "CREATE TABLE t_third" in found.sql
    assert linear.tables() == set()


def test_plan_of_a_downgrade(linear: Project) -> None:
    upgrade()

    (found,) = plan("-1")

    assert (found.before, found.after) == (("third",), ("second",))
    assert [each.direction for each in found.steps] == ["downgrade"]
    assert [(each.table, each.number, each.is_estimate) for each in found.rows] == [("t_third", 0, False)]
    assert plan()[0].steps == ()


def test_wait(linear: Project) -> None:
    upgrade()
    wait()
    wait("head", timeout=0)
    stamp("second")

    with pytest.raises(DbError, match="the database 'default' is at second, and the newest in the folder is third"):
        wait("head", timeout=0)


def test_wait_gives_up(linear: Project) -> None:
    linear.configure(url="postgresql+psycopg://ann:pa55word@127.0.0.1:1/x")

    began = time.monotonic()
    with pytest.raises(DbError) as error:
        wait(timeout=0.1, interval=0.05)

    assert error.value.exit_code == 3
    assert "pa55word" not in error.value.message
    assert time.monotonic() >= began + 0.1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: heads(directory="elsewhere"), "there is no migrations folder at elsewhere"),
        (lambda: heads(package="audit"), "no plugin brings migrations of a package 'audit'"),
        (lambda: history("first"), r"rev_range is 'first': a range is \[start\]:\[end\]"),
        (lambda: history(3), "rev_range must be a text, not 3"),
        (lambda: history("nowhere:"), "nowhere"),
        (lambda: current(only=["nobody"]), "no database is called nobody; there is: default"),
        (lambda: current(only="default"), "only must be a list of texts, not 'default'"),
        (lambda: status(groups=["nobody"]), "no group is called nobody"),
        (lambda: status(directory=3), "directory must be a text or a path, not 3"),
        (lambda: plan("nowhere"), "nowhere"),
        (lambda: plan(""), "revision is '': a revision can't be empty"),
        (lambda: wait("ready"), "goal must be 'db' or 'head', not 'ready'"),
        (lambda: wait(timeout=-1), "timeout must be a number of seconds, 0 or more, not -1"),
        (lambda: wait(interval=float("nan")), "interval must be a number of seconds, 0 or more, not nan"),
    ],
)
def test_bad_input(linear: Project, call: Callable[[], object], message: str) -> None:
    with pytest.raises(DbError, match=message):
        call()
