"""ellar-db-audit."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import text

from ellar_db import alembic_config
from ellar_db.plugins.manager import get_plugin_manager
from ellar_db.scratch.databases import guarded, scratch_databases
from ellar_db.testing import Project
from ellar_db.testing.project import tables
from tests.support.servers import asynchronous, sync_engine


@pytest.fixture
def audited(plain: Project, use: Callable[..., None]) -> Project:
    """A project with the package and an unapplied revision."""
    plain.db("init")
    plain.db("migrate", "--rev-id", "r1")
    (plain.path / "app.db").unlink()
    use("ellar-db-audit")
    return plain


def rows(url: str = "sqlite:///app.db") -> list[tuple[str, ...]]:
    engine = sync_engine(url)
    with engine.connect() as connection:
        found = connection.execute(text("SELECT package, revision, action FROM audit_log ORDER BY id"))
        return [tuple(row) for row in found]


@pytest.mark.parametrize("made", [str, asynchronous], ids=["sync", "async"])
def test_each_revision_leaves_a_row(audited: Project, any_database: str, made: Callable[[str], str]) -> None:
    audited.configure(url=made(any_database))
    audited.db("upgrade")
    audited.db("downgrade")
    audited.db("stamp", "head")
    audited.db("stamp", "base")

    assert rows(any_database) == [
        ("audit", "0001", "upgrade"),
        ("", "r1", "upgrade"),
        ("", "r1", "downgrade"),
        ("", "r1", "stamp"),
        ("", "r1", "stamp"),
    ]


def test_a_row_says_when_and_by_whom(audited: Project) -> None:
    audited.db("upgrade")

    engine = sync_engine("sqlite:///app.db")
    with engine.connect() as connection:
        query = "SELECT applied_at <= datetime('now', '+1 second'), applied_by FROM audit_log LIMIT 1"
        in_the_past, who = connection.execute(text(query)).one()
    assert in_the_past
    assert "@" in who


def test_a_run_that_is_rolled_back_leaves_none(audited: Project) -> None:
    audited.db("upgrade")
    for rev_id, parent, statement in (("r2", "r1", "CREATE TABLE made (id INTEGER)"), ("r3", "r2", "nonsense")):
        audited.write(
            f"migrations/versions/{rev_id}.py",
            f"from alembic import op\n\nrevision = {rev_id!r}\ndown_revision = {parent!r}\n\n\n"
            f"def upgrade():\n    op.execute({statement!r})\n",
        )

    audited.db("upgrade", exit_code=1)

    assert rows() == [("audit", "0001", "upgrade"), ("", "r1", "upgrade")]
    assert "made" not in audited.tables()


def test_databases_without_the_table_are_left_alone(audited: Project) -> None:
    audited.db("upgrade", "head", "--sql")
    audited.db("upgrade", "r1")

    assert audited.tables() == {"alembic_version", "users"}


def test_scratch_databases_have_no_history(audited: Project) -> None:
    from ellar_db_audit.tables import metadata

    with (
        alembic_config() as config,
        scratch_databases(config.attributes["databases"], {}, audited.path, get_plugin_manager()) as made,
        guarded(),
    ):
        config.attributes["databases"] = made
        made["default"].transaction(metadata.create_all)
        command.upgrade(config, "head")

        assert (
            made["default"].transaction(lambda connection: connection.scalar(text("SELECT 1 FROM audit_log"))) is None
        )


def test_bare_alembic_leaves_a_row_too(audited: Project) -> None:
    audited.db("upgrade")
    site = os.pathsep.join(map(str, (audited.path / "site", Path(__file__).parents[1])))

    audited.run("alembic", "-c", "migrations/alembic.ini", "downgrade", "base", env={"PYTHONPATH": site})

    assert rows()[-1] == ("", "r1", "downgrade")


def test_its_models_are_what_its_revisions_make_and_nothing_of_the_applications(
    audited: Project, any_database: str
) -> None:
    audited.configure(url=any_database)
    audited.db("upgrade")

    audited.db("check")
    assert audited.db("migrate").stderr == "No changes in schema detected.\n"


def test_it_goes_without_a_trace(audited: Project, any_database: str) -> None:
    audited.configure(url=any_database)
    audited.db("upgrade")

    audited.db("downgrade", "--package", "audit", "base")

    assert tables(any_database) - {"ellar_db_journal"} == {"alembic_version", "users"}
