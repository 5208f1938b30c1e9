"""The file with the heads, which lets branches conflict in Git."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ellar_db.testing import Project
from tests.support.revisions import add

ROOT = Path(__file__).parents[2]


@pytest.fixture
def kept(project: Project) -> Project:
    project.configure(extra="head-file = true")
    project.db("init")
    return project


def text(project: Project) -> str:
    return (project.path / "migrations/heads.txt").read_text()


def test_each_command_that_writes_revisions_keeps_it(kept: Project) -> None:
    kept.db("migrate", "--rev-id", "a1")
    assert text(kept) == "a1\n"
    kept.db("revision", "--rev-id", "b2")
    assert text(kept) == "b2\n"
    kept.db("revision", "--rev-id", "c3", "--head", "a1", "--splice")
    assert text(kept) == "b2\nc3\n"
    kept.db("rebase", "c3", "--offline")
    assert text(kept) == "c3\n"
    kept.db("revision", "--rev-id", "d4", "--head", "a1", "--splice")
    kept.db("merge", "--rev-id", "e5")
    assert text(kept) == "e5\n"


def test_without_the_setting_there_is_none(plain: Project) -> None:
    plain.db("init")
    plain.db("revision", "--rev-id", "a1")

    assert not (plain.path / "migrations/heads.txt").exists()
    assert "set head-file = true in [tool.ellar-db]" in plain.db("heads", "--write", exit_code=1).stderr
    plain.db("heads", "--single")


def test_single_says_whether_it_is_right(kept: Project) -> None:
    kept.db("revision", "--rev-id", "a1")
    assert kept.db("heads", "--single").stdout == "a1 (head)\n"
    add(kept, "b2", "a1")

    said = kept.db("heads", "--single", exit_code=1).stderr

    assert said == ("Error: migrations/heads.txt says a1, and the head is b2; `ellar-db heads --write` writes it\n")
    kept.db("heads", "--write")
    kept.db("heads", "--single")
    (kept.path / "migrations/heads.txt").unlink()
    assert "isn't there or is empty" in kept.db("heads", "--single", exit_code=1).stderr
    add(kept, "c3", "a1")
    said = kept.db("heads", "--single", exit_code=1).stderr
    assert (
        "there are the heads b2 and c3; `ellar-db merge` joins them, `ellar-db rebase` lets yours follow the other"
        in said
    )


def test_no_link_is_followed(kept: Project) -> None:
    kept.db("revision", "--rev-id", "a1")
    file = kept.path / "migrations/heads.txt"
    file.unlink()
    (kept.path / "elsewhere").write_text("mine")
    file.symlink_to(kept.path / "elsewhere")

    assert "is a link" in kept.db("heads", "--write", exit_code=1).stderr
    assert (kept.path / "elsewhere").read_text() == "mine"


def test_branches_conflict_and_are_resolved(kept: Project) -> None:
    def git(*arguments: str, exit_code: int = 0) -> str:
        settings = ["-c", "user.name=ann", "-c", "user.email=ann@example.org", "-c", "init.defaultBranch=main"]
        env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
        done = subprocess.run(
            ["git", *settings, *arguments], cwd=kept.path, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == exit_code, done.stderr
        return done.stdout

    kept.db("revision", "--rev-id", "first")
    git("init")
    git("add", ".")
    git("commit", "-m", "first")
    git("checkout", "-b", "topic")
    kept.db("revision", "--rev-id", "mine")
    git("add", ".")
    git("commit", "-m", "mine")
    git("checkout", "main")
    kept.db("revision", "--rev-id", "theirs")
    git("add", ".")
    git("commit", "-m", "theirs")
    git("checkout", "topic")

    assert "CONFLICT" in git("merge", "main", exit_code=1)
    kept.db("rebase")

    assert text(kept) == "mine\n"
    git("add", ".")
    git("commit", "-m", "merged")
    kept.db("heads", "--single")


def test_what_other_programs_call_is_there(kept: Project) -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    action = yaml.safe_load((ROOT / "action.yml").read_text())

    commands = [each["entry"].split() for each in hooks]
    commands.append(["ellar-db", *action["inputs"]["command"]["default"].split()])
    assert [name for name, *_ in commands] == ["ellar-db"] * 4
    for _, *arguments in commands:
        kept.db(*arguments, "--help")


@pytest.mark.skipif(sys.platform == "win32", reason="the action's shell is bash")
def test_the_action_runs(kept: Project) -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    [step] = action["runs"]["steps"]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "ELLAR_DB_COMMAND": "heads --single"}

    subprocess.run(["bash", "-ec", step["run"]], cwd=kept.path, env=env, check=True)
