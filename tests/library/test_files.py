"""`migrate`, `revision` and `merge` as functions."""

from __future__ import annotations

import ast
from collections.abc import Callable

import pytest

from ellar_db import DbError
from ellar_db.library import heads, merge, migrate, revision, upgrade
from ellar_db.testing import Project
from ellar_db.testing.project import MODELS
from tests.support.revisions import add


def test_a_revision_from_the_models(plain: Project) -> None:
    plain.db("init")

    (written,) = migrate("Add users", rev_id="one")

    assert written.revision == "one"
    assert written.file == plain.revisions()[0]
    assert written.source == written.file.read_text(encoding="utf-8")
    assert "create_table" in written.source
    upgrade()
    assert migrate("Nothing") == []
    assert len(plain.revisions()) == 1


def test_a_dry_run_writes_no_file(plain: Project) -> None:
    plain.db("init")

    (written,) = migrate("Add users", rev_id="one", dry_run=True)

    ast.parse(written.source)
    assert not written.is_written
    assert not written.file.exists()
    assert plain.revisions() == []


def test_answers_are_given_beforehand(plain: Project) -> None:
    plain.db("init")
    migrate(rev_id="one")
    upgrade()
    plain.configure(models=MODELS.replace("    name:", "    full_name:"))

    with pytest.raises(DbError, match="full_name isn't a column that becomes NOT NULL"):
        migrate(rename=["users.name:full_name"], fill=["users.full_name=Ann"], dry_run=True)

    (written,) = migrate(rename=["users.name:full_name"], rev_id="two")

    assert "new_column_name='full_name'" in written.source


def test_a_scratch_database_stands_for_the_application_s(linear: Project) -> None:
    (written,) = migrate("Add users", scratch=True)

    assert "Revises: third\n" in written.source
    assert not (linear.path / "app.db").exists()


def test_an_empty_revision(linear: Project) -> None:
    (written,) = revision("Größe", rev_id="four", depends_on=["first"], branch_label="sizes")

    assert written.revision == "four"
    assert written.source == written.file.read_text(encoding="utf-8")
    (head,) = heads()
    assert (head.revision, head.title, head.down_revisions) == ("four", "Größe", ("third",))
    assert (head.depends_on, head.branch_labels) == (("first",), ("sizes",))


def test_an_encoding_of_its_own(linear: Project) -> None:
    ini = linear.path / "migrations/alembic.ini"
    ini.write_text(ini.read_text(encoding="utf-8").replace("[alembic]", "[alembic]\noutput_encoding = latin-1", 1))
    template = linear.path / "migrations/script.py.mako"
    template.write_text("${'# -*- coding: latin-1 -*-'}\n" + template.read_text(encoding="utf-8"), encoding="utf-8")

    (written,) = revision("Größe")

    assert "Größe" in written.source
    assert written.source == written.file.read_text(encoding="latin-1")


def test_heads_are_joined(linear: Project) -> None:
    add(linear, "other", "second")

    (written,) = merge(message="Join", rev_id="joined")

    (head,) = heads()
    assert head.revision == written.revision == "joined"
    assert head.is_merge_point
    assert set(head.down_revisions) == {"third", "other"}


def test_plugins_name_revisions(linear: Project, install: Callable[..., object]) -> None:
    install(
        "ellar-db-named",
        """
        from ellar_db import hookimpl

        @hookimpl
        def ellar_db_revision_id(request):
            return request.slug
        """,
    )

    assert [each.revision for each in revision("Fourth one")] == ["fourth_one"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: migrate(3), "message must be a text, not 3"),
        (lambda: migrate("a\x07"), r"the character '\\x07' can't stand in a revision's message"),
        (lambda: migrate(rename="users:people"), "rename must be a list of texts, not 'users:people'"),
        (lambda: migrate(rename=["users"]), "'users' isn't OLD:NEW"),
        (lambda: migrate(fill=["age"]), "'age' isn't TABLE.COLUMN=VALUE"),
        (lambda: migrate(scratch=["nonsense"]), "can't be understood"),
        (lambda: migrate(), "up to date"),
        (lambda: revision("x", head=""), "head is '': a revision can't be empty"),
        (lambda: revision("x", head="nowhere"), "nowhere"),
        (lambda: revision("x", rev_id=3), "rev_id must be a text, not 3"),
        (lambda: revision("x", rev_id="first"), "first"),
        (lambda: revision("x", depends_on="first"), "depends_on must be a list of texts, not 'first'"),
        (lambda: revision("x", version_path="elsewhere"), "isn't among the version locations"),
        (lambda: merge(), "there is nothing to merge: the revisions have one head"),
        (lambda: merge(3), "a revision must be a text, not 3"),
        (lambda: merge("nowhere", "first"), "nowhere"),
        (lambda: merge(message=3), "message must be a text, not 3"),
    ],
)
def test_bad_input(linear: Project, call: Callable[[], object], message: str) -> None:
    with pytest.raises(DbError, match=message):
        call()

    assert len(linear.revisions()) == 3
