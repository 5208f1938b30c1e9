"""`upgrade`."""

from __future__ import annotations

from tests.conftest import Project


def test_brings_a_database_to_the_newest_revision(plain: Project) -> None:
    plain.db("init")
    plain.db("migrate", "-m", "Add users")

    result = plain.db("upgrade")

    assert result.stdout == ""
    assert result.stderr.startswith("Running upgrade  -> ")
    assert plain.tables() == {"alembic_version", "users"}
