"""`edit`."""

from __future__ import annotations

import pytest

from ellar_db.testing import Project


@pytest.fixture
def editing(linear: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A folder, and an editor that appends the names of the files it is given to the file `edited`."""
    editor = linear.write("bin/editor", f'#!/bin/sh\nbasename "$1" >> {linear.path / "edited"}\n')
    editor.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(editor))
    return linear


def edited(project: Project) -> str:
    return (project.path / "edited").read_text()


def test_opens_the_newest_revision_unless_told_otherwise(editing: Project) -> None:
    assert editing.db("edit").output == ""
    assert edited(editing) == "third_.py\n"


@pytest.mark.parametrize(("revision", "file"), [("first", "first_.py"), ("seco", "second_.py"), ("-1", "second_.py")])
def test_opens_the_revision_given(editing: Project, revision: str, file: str) -> None:
    editing.db("edit", revision)

    assert edited(editing) == f"{file}\n"


def test_opens_the_revision_of_the_database(editing: Project) -> None:
    editing.db("upgrade", "second")

    editing.db("edit", "current")

    assert edited(editing) == "second_.py\n"


def test_refuses_current_where_nothing_is_applied(editing: Project) -> None:
    assert editing.db("edit", "current", exit_code=1).stderr == "Error: No current revisions\n"


def test_refuses_a_folder_without_revisions(plain: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDITOR", "true")
    plain.db("init")

    assert plain.db("edit", exit_code=1).stderr == "Error: No revision files indicated by symbol 'head'\n"


def test_refuses_to_go_back_beyond_the_first_revision(editing: Project) -> None:
    assert editing.db("edit", "-4", exit_code=1).stderr == (
        "Error: -4 lies before the first revision; `ellar-db history` lists them\n"
    )


@pytest.mark.parametrize("variable", ["EDITOR", "VISUAL"])
def test_refuses_an_editor_that_is_not_there(linear: Project, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.delenv("EDITOR", raising=False)
    monkeypatch.setenv(variable, "/no/such/editor --wait")

    assert linear.db("edit", exit_code=1).stderr == (
        f"Error: ${variable} is '/no/such/editor --wait', and there is no such program; set it to an editor\n"
    )


def test_says_that_the_editor_failed(linear: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDITOR", "false")

    stderr = linear.db("edit", exit_code=1).stderr

    assert stderr.startswith("Error: Error executing editor (Command '[")
    assert stderr.endswith("third_.py']' returned non-zero exit status 1.)\n")
