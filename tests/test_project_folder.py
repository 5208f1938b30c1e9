"""The program finds the project's folder from any folder below it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from ellar_db.project.folder import project_folder
from ellar_db.testing import Project
from tests.support.processes import run
from tests.support.revisions import add


@pytest.fixture
def below(plain: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with a folder of one revision, in whose folder shop/api the program is started."""
    plain.db("init")
    add(plain, "first", None)
    plain.write("shop/api/__init__.py", "")
    monkeypatch.chdir(plain.path / "shop/api")
    return plain


def sub(project: Project) -> list[str]:
    """Return what is in the folder in which the program was started."""
    return sorted(file.name for file in (project.path / "shop/api").iterdir() if file.name != "__pycache__")


def test_every_command_is_the_project_s(below: Project) -> None:
    before = os.getcwd()

    upgraded = below.db("upgrade")
    below.db("migrate", "-m", "Add users", "--rev-id", "second")
    below.db("upgrade")

    assert upgraded.stderr.splitlines()[0] == f"Running in {below.path}, which has the project's settings."
    assert below.tables(f"sqlite:///{below.path}/app.db") >= {"users"}
    assert below.db("current").stdout == "second (head)\n"
    assert len(below.revisions()) == 2
    assert sub(below) == ["__init__.py"]
    assert os.getcwd() == before


def test_the_program_itself(below: Project) -> None:
    done = run(Project(below.path / "shop/api"), "ellar-db", "upgrade")

    assert "t_first" in below.tables(f"sqlite:///{below.path}/app.db")
    assert "  ok  first" in done.stderr


def test_init_makes_no_second_folder(below: Project) -> None:
    assert below.db("init", exit_code=1).stderr.splitlines()[-1] == (
        "Error: migrations already exists and isn't empty; name another folder with -d, or remove it first"
    )
    assert sub(below) == ["__init__.py"]


def test_paths_that_are_typed_start_where_they_were_typed(below: Project) -> None:
    below.db("init", "own")
    below.db("upgrade", "--sql", "-o", "up.sql")
    below.db("upgrade", "--sql", "-o", "sql/")
    below.db("-d", "own", "revision")
    below.db("revision", "-d", "../../migrations", "--rev-id", "second")
    below.db("init", "-t", "own", "copied", exit_code=None)
    below.db("plugins", "new", "ellar-db-mine", "--into", "made")

    assert sub(below) == ["__init__.py", "made", "own", "sql", "up.sql"]
    assert len(list((below.path / "shop/api/own/versions").glob("*.py"))) == 1
    assert len(below.revisions()) == 2


def test_an_ini_file_that_is_typed(below: Project) -> None:
    below.write("shop/api/conf/other.ini", f"[alembic]\nscript_location = {below.path}/migrations\n")

    assert below.db("-c", "conf/other.ini", "heads").stdout == "first (head)\n"


def test_plugins_of_the_project(below: Project) -> None:
    below.configure(extra="plugins = ['guard']")
    below.write("guard.py", "from ellar_db import hookimpl\n@hookimpl\ndef ellar_db_directory(): return 'nowhere'\n")
    below.forget("guard")

    assert "guard" in below.db("plugins").stdout
    assert "there is no migrations folder at nowhere" in below.db("heads", exit_code=1).stderr
    below.forget("guard")


def make(tmp_path: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)


OURS = "[tool.ellar-db]\n"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"pyproject.toml": OURS}, "."),
        ({"pyproject.toml": "[tool.ellar]\n"}, "."),
        ({"pyproject.toml": "[tool.alembic]\n"}, "."),
        ({"alembic.ini": ""}, "."),
        ({"pyproject.toml": OURS, "a/pyproject.toml": OURS}, "a"),
        # as ruff does: without settings of ours it isn't the project's
        ({"pyproject.toml": OURS, "a/pyproject.toml": "[project]\n"}, "."),
        ({"pyproject.toml": OURS, "a/b/pyproject.toml": "[tool.ruff]\n"}, "."),
        ({"pyproject.toml": OURS, "a/alembic.ini": ""}, "a"),
        # a migrations folder has an alembic.ini and is no project
        ({"pyproject.toml": OURS, "a/b/alembic.ini": "", "a/b/env.py": ""}, "."),
        ({"pyproject.toml": OURS, "a/.git/HEAD": ""}, "a/b"),
        ({"pyproject.toml": OURS, ".git/HEAD": ""}, "."),
        ({"pyproject.toml": OURS, "a/.git": "gitdir: elsewhere"}, "a/b"),
        ({"pyproject.toml": "[project]\n"}, "a/b"),
        ({}, "a/b"),
    ],
)
def test_which_folder_is_the_project_s(tmp_path: Path, files: dict[str, str], expected: str) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    make(tmp_path, files)

    assert project_folder(tmp_path / "a/b") == tmp_path / expected


def test_the_home_directory_is_no_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    make(tmp_path, {"pyproject.toml": OURS})
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))

    assert project_folder(tmp_path / "a/b") == tmp_path / "a/b"
    assert project_folder(tmp_path) == tmp_path


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
def test_settings_of_another_user_are_not_used(plain: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    (plain.path / "below").mkdir()
    os.chown(plain.path / "pyproject.toml", 12345, 12345)
    assert project_folder(plain.path / "below") == plain.path / "below"

    # of the same user as the folder
    os.chown(plain.path / "below", 12345, 12345)
    assert project_folder(plain.path / "below") == plain.path
    os.chown(plain.path / "below", 0, 0)
    monkeypatch.chdir(plain.path / "below")
    assert "belongs to another user" in plain.db("heads", exit_code=1).stderr


def test_a_broken_file_above_is_told(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write("pyproject.toml", "[tool")
    (project.path / "below").mkdir()
    monkeypatch.chdir(project.path / "below")

    assert f"Error: {project.path}/pyproject.toml can't be read: " in project.db("heads", exit_code=1).stderr


@pytest.mark.parametrize("name", ["pyproject.toml", "alembic.ini"])
def test_init_below_a_project_without_settings_is_refused(
    project: Project, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    project.write(name, "[project]\n")
    if name == "alembic.ini":
        (project.path / "env.py").touch()
    (project.path / "below").mkdir()
    monkeypatch.chdir(project.path / "below")

    assert project.db("init", exit_code=1).stderr == (
        f"Error: this is a folder of the project in {project.path}, which has no settings for it: run this there, or "
        "name the new folder: `ellar-db init migrations`\n"
    )
    project.db("init", "migrations")
    assert (project.path / "below/migrations/env.py").exists()


def test_two_projects_in_one_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "two"):
        project = Project(tmp_path / name)
        project.write(
            "pyproject.toml",
            f"[tool.ellar-db]\ndatabase = 'sqlite:///{name}.db'\ndirectory = 'm_{name}'\nlock-timeout = {len(name)}\n",
        )
        (project.path / "sub").mkdir()
        monkeypatch.chdir(project.path / "sub")
        project.db("init")
        project.db("revision", "--rev-id", name)
        project.db("upgrade")

    for name in ("one", "two"):
        monkeypatch.chdir(tmp_path / name / "sub")
        assert Project(tmp_path / name).db("current").stdout == f"{name} (head)\n"
        assert (tmp_path / name / f"{name}.db").exists()
        assert os.listdir(tmp_path / name / "sub") == []


def test_code_is_not_moved(below: Project) -> None:
    from ellar_db import alembic_config
    from ellar_db.util.errors import DbError

    # an application's own code says itself where it is
    with pytest.raises(DbError, match="no migrations folder at migrations"), alembic_config():
        pass


pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the paths in these tests are written for POSIX")
