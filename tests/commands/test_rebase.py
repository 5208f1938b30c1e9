"""`rebase`: one's own revisions follow another head."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from ellar_db.revisions.rewriting.parents import following
from ellar_db.testing import Project
from ellar_db.util.errors import DbError
from tests.support.revisions import add


@pytest.fixture
def forked(plain: Project) -> Project:
    """A folder in which mine and mine2, and theirs, come after first."""
    plain.db("init")
    add(plain, "first", None)
    add(plain, "mine", "first")
    add(plain, "mine2", "mine")
    add(plain, "theirs", "first")
    return plain


def versions(project: Project) -> Path:
    return project.path / "migrations/versions"


def heads(project: Project) -> list[str]:
    return [line.split()[0] for line in project.db("heads").stdout.splitlines()]


def git(project: Project, *arguments: str, exit_code: int | None = 0) -> None:
    settings = ["-c", "user.name=ann", "-c", "user.email=ann@example.org", "-c", "init.defaultBranch=main"]
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_EDITOR": "true"}
    done = subprocess.run(["git", *settings, *arguments], cwd=project.path, env=env, capture_output=True, check=False)
    assert exit_code in (None, done.returncode), done.stderr


def test_a_branch_follows_another_head(forked: Project) -> None:
    forked.db("upgrade", "theirs")
    before = (versions(forked) / "mine2_.py").read_text()

    said = forked.db("rebase", "mine2", "--onto", "theirs").stdout

    assert said == "migrations/versions/mine_.py follows theirs instead of first\n"
    text = (versions(forked) / "mine_.py").read_text()
    assert 'down_revision = "theirs"\n' in text
    assert (versions(forked) / "mine2_.py").read_text() == before
    assert heads(forked) == ["mine2"]
    forked.db("upgrade")
    assert forked.tables() == {"alembic_version", "t_first", "t_mine", "t_mine2", "t_theirs"}
    assert not list(versions(forked).glob("*.before*"))
    assert forked.db("rebase", "mine2", "--onto", "theirs").stderr == (
        "Nothing to do: the revisions follow theirs already.\n"
    )


def test_the_other_head_need_not_be_named(forked: Project) -> None:
    assert "mine_.py follows theirs" in forked.db("rebase", "mine2", "--dry-run").stdout
    assert "mine_.py follows theirs" in forked.db("rebase", "--onto", "theirs", "--dry-run").stdout
    assert heads(forked) == ["mine2", "theirs"]


def test_without_git_it_asks_which_is_whose(forked: Project) -> None:
    said = forked.db("rebase", exit_code=1).stderr

    assert said == (
        "Error: there are the heads mine2 and theirs, and Git doesn't tell which is yours; say it, as in "
        "`ellar-db rebase mine2 --onto theirs`\n"
    )


class TestGit:
    @pytest.fixture
    def tracked(self, plain: Project) -> Project:
        """A repository whose main branch has theirs, and whose branch topic has mine; topic is checked out."""
        plain.db("init")
        add(plain, "first", None)
        git(plain, "init")
        git(plain, "add", ".")
        git(plain, "commit", "-m", "first")
        git(plain, "checkout", "-b", "topic")
        add(plain, "mine", "first")
        plain.write("notes", "mine")
        git(plain, "add", ".")
        git(plain, "commit", "-m", "mine")
        git(plain, "checkout", "main")
        add(plain, "theirs", "first")
        plain.write("notes", "theirs")
        git(plain, "add", ".")
        git(plain, "commit", "-m", "theirs")
        git(plain, "checkout", "topic")
        return plain

    def test_during_a_merge(self, tracked: Project) -> None:
        git(tracked, "merge", "main", exit_code=1)

        result = tracked.db("rebase")

        assert result.stderr == "mine is yours: theirs is in the branch that is being merged.\n"
        assert heads(tracked) == ["mine"]

    def test_during_a_merge_of_ones_own_branch_the_merged_one_stays(self, tracked: Project) -> None:
        git(tracked, "checkout", "main")
        git(tracked, "merge", "topic", exit_code=1)

        tracked.db("rebase")

        assert heads(tracked) == ["theirs"]

    def test_during_a_rebase(self, tracked: Project) -> None:
        git(tracked, "rebase", "main", exit_code=1)

        result = tracked.db("rebase")

        assert result.stderr == "mine is yours: theirs is in the branch that is rebased onto.\n"
        assert heads(tracked) == ["mine"]

    def test_after_a_merge_by_the_main_branch(self, tracked: Project) -> None:
        git(tracked, "merge", "main", "-X", "ours", "-m", "merged")

        result = tracked.db("rebase")

        assert result.stderr == "mine is yours: theirs is in main.\n"
        assert heads(tracked) == ["mine"]


class TestApplied:
    def test_is_refused_with_what_to_do(self, project: Project, any_database: str) -> None:
        project.configure(url=any_database)
        project.db("init")
        add(project, "first", None)
        add(project, "mine", "first")
        add(project, "theirs", "first")
        project.db("upgrade", "mine")
        before = (versions(project) / "mine_.py").read_text()

        said = project.db("rebase", "mine", "--onto", "theirs", exit_code=1).stderr

        assert said.startswith("Error: mine is applied on the database 'default', which would take")
        assert "`ellar-db downgrade first` undoes it" in said
        assert (versions(project) / "mine_.py").read_text() == before
        project.db("downgrade", "first", "--yes")
        project.db("rebase", "mine", "--onto", "theirs")
        project.db("upgrade")
        assert project.tables(any_database) >= {"t_mine", "t_theirs"}

    def test_a_database_that_cannot_be_asked_is_no_leave(self, forked: Project) -> None:
        forked.configure(url="postgresql+psycopg://nobody@127.0.0.1:9/none")

        said = forked.db("rebase", "mine2", exit_code=3).stderr

        assert said.endswith("; or say --offline if no database has these revisions [ellar-db explain E07]\n")
        assert heads(forked) == ["mine2", "theirs"]
        forked.db("rebase", "mine2", "--offline")
        assert heads(forked) == ["mine2"]

    def test_what_is_applied_of_the_other_branch_is_no_hindrance(self, forked: Project) -> None:
        forked.db("upgrade", "theirs")

        forked.db("rebase", "mine2")

        forked.db("upgrade")


class TestShapes:
    def test_of_a_first_revision(self, plain: Project) -> None:
        plain.db("init")
        add(plain, "theirs", None)
        add(plain, "mine", None)

        assert "mine_.py follows theirs instead of nothing" in plain.db("rebase", "mine").stdout
        assert heads(plain) == ["mine"]

    def test_of_a_branch_that_parts_and_joins(self, forked: Project) -> None:
        add(forked, "mine3", "first")
        add(forked, "joined", ("mine2", "mine3"))

        forked.db("rebase", "joined", "--onto", "theirs")

        assert heads(forked) == ["joined"]
        forked.db("upgrade")
        assert "t_joined" in forked.tables()

    def test_of_a_branch_that_was_merged_before(self, forked: Project) -> None:
        add(forked, "merged", ("mine2", "theirs"))
        add(forked, "later", "theirs")

        forked.db("rebase", "merged", "--onto", "later")

        assert heads(forked) == ["merged"]
        assert 'down_revision = "mine2"\n' in (versions(forked) / "merged_.py").read_text()
        forked.db("upgrade")

    def test_one_on_which_the_other_depends_cannot_follow_it(self, forked: Project) -> None:
        add(forked, "needing", "theirs", depends_on="mine2")

        said = forked.db("rebase", "mine2", "--onto", "needing", exit_code=1).stderr

        assert said == "Error: needing needs mine applied before it, and so can't come before it\n"
        assert "needs mine applied before it" in forked.db("rebase", "mine", "--onto", "mine2", exit_code=1).stderr

    def test_of_one_head_there_is_nothing_to_rebase(self, linear: Project) -> None:
        assert linear.db("rebase", exit_code=1).stderr == (
            "Error: there is one head, so that nothing is to be rebased\n"
        )

    def test_of_three_heads_one_has_to_be_named(self, forked: Project) -> None:
        add(forked, "others", "first")

        assert "there are the heads others, theirs; name one of them with --onto HEAD" in (
            forked.db("rebase", "mine2", exit_code=1).stderr
        )
        forked.db("rebase", "mine2", "--onto", "others")
        assert heads(forked) == ["mine2", "theirs"]

    def test_nothing_is_changed_where_one_file_cannot_be(self, forked: Project) -> None:
        add(forked, "mine3", "first")
        add(forked, "joined", ("mine2", "mine3"))
        file = versions(forked) / "mine3_.py"
        file.write_text(file.read_text().replace("down_revision = 'first'", "down_revision = 'fir' + 'st'"))
        before = (versions(forked) / "mine_.py").read_text()

        said = forked.db("rebase", "joined", "--onto", "theirs", exit_code=1).stderr

        assert "mine3_.py doesn't set down_revision once, to a text or to None; write it so" in said
        assert (versions(forked) / "mine_.py").read_text() == before

    def test_a_link_is_left(self, forked: Project) -> None:
        file = versions(forked) / "mine_.py"
        file.rename(forked.path / "elsewhere.py")
        file.symlink_to(forked.path / "elsewhere.py")

        assert "is a link" in forked.db("rebase", "mine2", exit_code=1).stderr


HEAD = '''"""Größe

Revision ID: b2
Revises: a1
Create Date: 2026-01-01
"""
revision: str = "b2"
'''


@pytest.mark.parametrize(
    ("value", "parents", "new"),
    [
        ("down_revision: str | None = 'a1'  # ö", ["c3"], 'down_revision: str | None = "c3"  # ö'),
        ("down_revision = None", ["c3"], 'down_revision = "c3"'),
        ("down_revision = (\n    'a1',\n    'z9',\n)", ["c3", "z9"], 'down_revision = ("c3", "z9")'),
        ("x = 'ö'; down_revision = ['a1']", ["c3"], "x = 'ö'; down_revision = \"c3\""),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_rest_of_a_file_stays(value: str, parents: list[str], new: str, end: str) -> None:
    text = f"{HEAD}{value}\n\n\ndef upgrade():\n    'Revises: a1'\n".replace("\n", end)

    found = following(text, Path("b2.py"), parents)

    expected = HEAD.replace("Revises: a1", f"Revises: {', '.join(parents)}") + new
    assert found == f"{expected}\n\n\ndef upgrade():\n    'Revises: a1'\n".replace("\n", end)


@pytest.mark.parametrize(
    "text", ["down_revision = f()", "", "down_revision = 'a'\ndown_revision = 'b'", "def f(:", "down_revision = 1"]
)
def test_a_file_that_leaves_a_doubt_is_refused(text: str) -> None:
    with pytest.raises(DbError):
        following(text, Path("b2.py"), ["c3"])


def test_a_plugin_may_bring_its_own(forked: Project, install: Callable[..., Path]) -> None:
    install(
        "other",
        """
import click
from ellar_db import hookimpl

@click.command()
def rebase():
    click.echo("other")

@hookimpl
def ellar_db_register_commands():
    return [rebase]
""",
    )
    assert forked.db("rebase").stdout == "other\n"
