"""Packages for plugin authors to begin with."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from ellar_db.testing import Project
from tests.support.suites import run_pytest


def test_a_package_is_written_whole(project: Project) -> None:
    result = project.db("plugins", "new", "ellar-db-audit")

    assert result.stdout == (
        "Wrote ellar-db-audit: a command `audit`, a hook, a test and a README.\n"
        "Next: `pip install -e ellar-db-audit`, then, in a project with a migrations folder, `ellar-db audit`.\n"
        "Its tests: `pip install -e 'ellar-db-audit[test]'`, then `pytest ellar-db-audit`.\n"
    )
    files = {str(file.relative_to(project.path)) for file in project.path.rglob("*") if file.is_file()}
    assert files == {
        "ellar-db-audit/README.md",
        "ellar-db-audit/ellar_db_audit.py",
        "ellar-db-audit/pyproject.toml",
        "ellar-db-audit/tests/conftest.py",
        "ellar-db-audit/tests/test_ellar_db_audit.py",
    }
    for file in project.path.rglob("*.py"):
        ast.parse(file.read_text())


def test_it_works_once_it_is_on_the_path(plain: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    plain.db("plugins", "new", "ellar-db-audit")
    monkeypatch.syspath_prepend(str(plain.path / "ellar-db-audit"))
    pyproject = plain.path / "pyproject.toml"
    pyproject.write_text(pyproject.read_text() + 'plugins = ["ellar_db_audit"]\n')
    plain.forget("ellar_db_audit")
    plain.db("init")
    plain.db("migrate")

    assert plain.db("audit").stdout == "default: sqlite:///app.db\n"
    assert plain.db("upgrade").stderr.splitlines()[-1] == "default: 1 revision(s) ran"


def test_into_another_folder(project: Project) -> None:
    project.db("plugins", "new", "Shop.Things", "--into", "deep/er")

    assert (project.path / "deep" / "er" / "shop-things" / "shop_things.py").is_file()


@pytest.mark.parametrize("name", ["", "-x", "../x", "a b", "ä", "class", "ellar-db", "1st", "a--", "x" + "/" * 3])
def test_a_name_that_cannot_be_a_package_is_refused(project: Project, name: str) -> None:
    result = project.db("plugins", "new", "--", name, exit_code=2)

    assert "Traceback" not in result.output
    assert list(project.path.iterdir()) == []


def test_a_folder_that_is_there_is_left_alone(project: Project) -> None:
    kept = project.write("ellar-db-audit/kept", "")

    result = project.db("plugins", "new", "ellar-db-audit", exit_code=1)

    assert result.stderr == (
        "Error: ellar-db-audit already exists; choose another name, or another folder with --into\n"
    )
    assert list(kept.parent.iterdir()) == [kept]


@pytest.mark.parametrize("name", ["json", "click", "ellar-cli"])
def test_a_module_that_is_there_is_not_hidden(project: Project, name: str) -> None:
    result = project.db("plugins", "new", name, exit_code=2)

    assert result.stderr.endswith(
        f"Error: Invalid value for NAME: its module would be {name.replace('-', '_')!r}, which there is already; "
        "take another name\n"
    )
    assert not (project.path / name).exists()


@pytest.mark.parametrize("name", ["upgrade", "ellar-db-upgrade"])
def test_a_command_that_is_there_is_not_taken_by_accident(project: Project, name: str) -> None:
    result = project.db("plugins", "new", name, exit_code=2)

    assert result.stderr.endswith(
        "Error: Invalid value for NAME: its command would be 'upgrade', which ellar-db gives; take another name\n"
    )
    assert not (project.path / name).exists()


def test_a_folder_that_cannot_be_made(project: Project) -> None:
    project.write("file", "")

    result = project.db("plugins", "new", "ellar-db-audit", "--into", "file", exit_code=1)

    assert result.stderr.startswith(f"Error: the folder {Path('file/ellar-db-audit')} can't be made: ")


def test_the_tests_that_it_brings_pass(project: Project) -> None:
    project.db("plugins", "new", "ellar-db-audit")

    done = run_pytest(project.path, "ellar-db-audit", env={"PYTHONPATH": str(project.path / "ellar-db-audit")})

    done.assert_outcomes(passed=3)
