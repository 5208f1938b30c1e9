"""`--json` of the commands that read: the documents have the form that their schemas say, however they were read."""

from __future__ import annotations

import json

import pytest

from ellar_db.history.shortcuts import SLOWLY
from ellar_db.testing import Project
from tests.support.documents import document
from tests.support.revisions import add

COMMANDS = {
    "heads": ["heads"],
    "heads --resolve-dependencies": ["heads", "--resolve-dependencies"],
    "history": ["history"],
    "show": ["show", "heads"],
    "show a label": ["show", "shop"],
    "branches": ["branches"],
}


@pytest.fixture
def branchy(plain: Project) -> Project:
    """A folder whose revisions part and join."""
    plain.db("init")
    add(plain, "first", None)
    add(plain, "left", "first", label="shop")
    add(plain, "right", "first")
    add(plain, "more", "right", depends_on="left")
    add(plain, "joined", ("left", "right"))
    return plain


@pytest.mark.parametrize("arguments", COMMANDS.values(), ids=COMMANDS)
def test_revisions_are_the_same_whoever_reads_them(
    branchy: Project, arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = document(branchy, *arguments)

    assert found["revisions"]
    monkeypatch.setenv(SLOWLY, "1")
    expected = document(branchy, *arguments)
    # the order of heads is that of a set in Alembic
    assert sorted(found["revisions"], key=str) == sorted(expected["revisions"], key=str)


def test_a_revision_says_what_it_follows_and_where_it_is(branchy: Project) -> None:
    [found] = document(branchy, "show", "more")["revisions"]

    assert found.pop("file").endswith("more_.py")
    assert found.pop("description").startswith("Add more\n")
    assert found == {
        "revision": "more",
        "title": "Add more",
        "package": None,
        "down_revisions": ["right"],
        "next_revisions": [],
        "depends_on": ["left"],
        "branch_labels": [],
        "is_head": True,
        "is_branch_point": False,
        "is_merge_point": False,
    }


def test_any_text_is_a_document_for_any_terminal(plain: Project) -> None:
    plain.db("init")
    plain.db("-q", "revision", "-m", 'Größe "x" 🚲', "--rev-id", "a1")

    result = plain.db("-q", "history", "--json")

    assert result.stdout.isascii()
    assert json.loads(result.stdout)["revisions"][0]["title"].startswith("Größe")


class TestHistory:
    def test_of_a_range(self, branchy: Project) -> None:
        found = document(branchy, "history", "-r", "right:more")["revisions"]

        assert [each["revision"] for each in found] == ["more", "right"]

    def test_of_a_range_from_the_database(self, linear: Project) -> None:
        linear.db("upgrade", "second")

        after = document(linear, "history", "-r", "current:")["revisions"]
        before = document(linear, "history", "-r", ":current")["revisions"]

        assert [(each["revision"], each["database"]) for each in after] == [("third", "default"), ("second", "default")]
        assert [each["revision"] for each in before] == ["second", "first"]

    def test_up_to_a_database_that_has_nothing(self, linear: Project) -> None:
        assert document(linear, "history", "-r", ":current")["revisions"] == []

    def test_says_where_databases_are(self, several: Project) -> None:
        several.db("revision", "--rev-id", "a1")
        several.db("revision", "--rev-id", "b2")
        several.db("upgrade")
        several.db("downgrade", "-1", "--yes", "--database", "reports")

        found = document(several, "history", "-i")["revisions"]

        assert [(each["revision"], each["current_in"]) for each in found] == [("b2", ["default"]), ("a1", ["reports"])]

    def test_a_database_out_of_reach_is_no_answer(self, plain: Project) -> None:
        plain.configure(url="postgresql+psycopg://nobody@127.0.0.1:9/none")
        plain.db("init")

        for arguments in (("history", "-i"), ("history", "-r", "current:"), ("show", "current")):
            result = plain.db(*arguments, "--json", exit_code=3)
            assert result.stdout == ""
            assert result.stderr.startswith("Error: the database 'default' (postgresql+psycopg://nobody@127.0.0.1:9")


class TestCurrent:
    def test_of_several_databases(self, several: Project) -> None:
        several.db("revision", "--rev-id", "a1")
        several.db("revision", "--rev-id", "b2")
        several.db("upgrade", "--database", "default")

        found = document(several, "current", schema="current")["databases"]

        assert [(each["database"], [one["revision"] for one in each["revisions"]]) for each in found] == [
            ("default", ["b2"]),
            ("reports", []),
        ]
        assert [each["at_head"] for each in found] == [True, False]
        result = several.db("current", "--json", "--check-heads", exit_code=1)
        assert result.stderr == "Error: reports isn't on all head revisions; `ellar-db upgrade` runs the others\n"

    def test_of_a_revision_that_the_folder_does_not_have(self, linear: Project) -> None:
        linear.db("upgrade")
        (linear.path / "migrations/versions/third_.py").unlink()

        [found] = document(linear, "current", schema="current", exit_code=1)["databases"]

        assert (found["revisions"], found["unknown"], found["at_head"]) == ([], ["third"], False)

    def test_of_one_that_is_shown(self, linear: Project) -> None:
        linear.db("upgrade", "second")

        [found] = document(linear, "show", "current")["revisions"]

        assert (found["revision"], found["database"]) == ("second", "default")


def test_plugins(plain: Project) -> None:
    assert document(plain, "plugins", schema="plugins")["plugins"][0]["distribution"] == "ellar-db"
    assert "ellar_db_run" in document(plain, "plugins", "--hooks", schema="plugins")["hooks"]
