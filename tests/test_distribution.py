"""What makes a release: the distribution, its checks, the workflows, and the versions of the documentation."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from tests.support.pages import ROOT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def script(name: str) -> ModuleType:
    """Return a script of .ci/ as a module."""
    spec = spec_from_file_location(f"ci_{name}", ROOT / ".ci" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def workflow(name: str) -> Any:
    return yaml.safe_load((ROOT / ".github" / "workflows" / f"{name}.yml").read_text(encoding="utf-8"))


def steps(document: Any) -> list[str]:
    """Return the commands of a workflow."""
    jobs = document["jobs"].values()
    return [step["run"] for job in jobs for step in job["steps"] if "run" in step]


def test_the_versions_of_python_are_those_that_are_tested() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    said = [each.rpartition(" ")[2] for each in project["classifiers"] if re.search(r"Python :: 3\.\d+$", each)]

    assert workflow("checks")["jobs"]["systems"]["strategy"]["matrix"]["python"] == said
    assert project["requires-python"] == f">={said[0]}"
    assert f"for version in {' '.join(said)};" in (ROOT / "Makefile").read_text(encoding="utf-8")


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_a_workflow_calls_what_is_there(file: Path) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    commands = steps(yaml.safe_load(file.read_text(encoding="utf-8")))

    assert commands
    for command in commands:
        for words in (line.split() for line in command.splitlines()):
            if words[0] == "make":
                assert words[1] in targets
            for word in words:
                if word.startswith(".ci/"):
                    assert (ROOT / word).is_file()


def test_a_workflow_gives_no_more_rights_than_a_job_needs() -> None:
    assert len(WORKFLOWS) == 2
    for document in (yaml.safe_load(file.read_text(encoding="utf-8")) for file in WORKFLOWS):
        assert document["permissions"] == {"contents": "read"}


@pytest.mark.skipif(shutil.which("make") is None, reason="make isn't here")
def test_make_finds_the_programs_of_an_environment_on_windows() -> None:
    def programs(*more: str) -> set[str]:
        command = ["make", "--dry-run", "--always-make", "lint", "demo", "test-core", "PYTHON=python", *more]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True)
        return set(re.findall(r"\.venv(?:-core)?/(\w+)/", done.stdout))

    assert programs("OS=Windows_NT") == {"Scripts"}
    assert programs("OS=") == {"bin"}


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A wheel with all that git has, but for one file."""
    file = tmp_path / "ellar_db-1.0-py3-none-any.whl"
    names = script("distribution").kept("ellar_db")
    with zipfile.ZipFile(file, "w") as archive:
        for name in names - {"ellar_db/py.typed"}:
            archive.write(ROOT / name, name)
        for page in (ROOT / "docs" / "explain").glob("*.md"):
            archive.write(page, f"ellar_db/explain/{page.name}")
        archive.writestr("tests/forgotten.py", "")
        archive.writestr("ellar_db-1.0.dist-info/METADATA", "License-Expression: MIT\n\n## Quick example\n")
        archive.writestr("ellar_db-1.0.dist-info/entry_points.txt", "[console_scripts]\nellar-db = ellar_db.cli:main\n")
    return file


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="what belongs into a wheel is what git has")
def test_what_a_wheel_lacks_or_has_too_much_is_named(wheel: Path) -> None:
    assert list(script("distribution").problems_of_wheel(wheel)) == [
        "the wheel lacks ellar_db/py.typed",
        "the wheel has tests/forgotten.py",
    ]


class TestPublishing:
    """The versions of the documentation."""

    @pytest.fixture
    def site(self, tmp_path: Path) -> Path:
        site = tmp_path / "site"
        site.mkdir()
        (site / "index.html").write_text("<p>1</p>")
        return site

    def test_the_newest_version_is_the_latest(self, site: Path, tmp_path: Path) -> None:
        publish, pages = script("publish").publish, tmp_path / "pages"
        for version in ("1.9.0", "1.10.0", "1.2.1", "2.0.0rc1"):
            (site / "index.html").write_text(version)
            publish(site, pages, version)

        assert (pages / "latest" / "index.html").read_text() == "1.10.0"
        assert (pages / "1.2.1" / "index.html").read_text() == "1.2.1"
        assert json.loads((pages / "versions.json").read_text()) == {
            "latest": "1.10.0",
            "versions": ["2.0.0rc1", "1.10.0", "1.9.0", "1.2.1"],
        }
        assert 'href="1.9.0/"' in (pages / "versions.html").read_text()
        assert "url=latest/" in (pages / "index.html").read_text()

    def test_a_version_is_replaced_whole(self, site: Path, tmp_path: Path) -> None:
        publish, pages = script("publish").publish, tmp_path / "pages"
        (site / "old.html").write_text("")
        publish(site, pages, "1.0.0")
        (site / "old.html").unlink()

        publish(site, pages, "1.0.0")

        assert [each.name for each in (pages / "1.0.0").iterdir()] == ["index.html"]
        assert [each.name for each in (pages / "latest").iterdir()] == ["index.html"]

    @pytest.mark.parametrize("version", ["../1.0", "latest", "", "1.0/.."])
    def test_what_is_no_version_becomes_no_folder(self, version: str, site: Path, tmp_path: Path) -> None:
        command = [sys.executable, str(ROOT / ".ci" / "publish.py"), str(site), str(tmp_path / "pages"), version]

        done = subprocess.run(command, capture_output=True, text=True)

        assert done.returncode == 1
        assert done.stderr.startswith("Error: Invalid version")
        assert not (tmp_path / "pages").exists()

    def test_no_link_is_followed(self, site: Path, tmp_path: Path) -> None:
        if os.name == "nt":
            pytest.skip("links need rights of their own on Windows")
        pages, other = tmp_path / "pages", tmp_path / "other"
        pages.mkdir()
        other.mkdir()
        (other / "kept.txt").write_text("kept")
        (pages / "latest").symlink_to(other)
        (pages / "index.html").symlink_to(other / "kept.txt")

        script("publish").publish(site, pages, "1.0.0")

        assert (other / "kept.txt").read_text() == "kept"
        assert [each.name for each in other.iterdir()] == ["kept.txt"]

    def test_without_a_site_nothing_is_done(self, tmp_path: Path) -> None:
        command = [sys.executable, str(ROOT / ".ci" / "publish.py"), str(tmp_path), str(tmp_path / "pages"), "1.0"]

        done = subprocess.run(command, capture_output=True, text=True)

        assert done.returncode == 1
        assert "run make site first" in done.stderr
        assert not (tmp_path / "pages").exists()

    @pytest.mark.parametrize("inside", ["", "1.0.0", "latest", "1.0.0/deeper", "other"])
    def test_a_site_in_the_folder_is_refused_before_anything_is_deleted(
        self, inside: str, site: Path, tmp_path: Path
    ) -> None:
        pages = tmp_path / "pages"
        script("publish").publish(site, pages, "1.0.0")
        (pages / inside).mkdir(exist_ok=True)
        (pages / inside / "index.html").write_text("kept")
        before = sorted(pages.rglob("*"))

        assert "in each other" in self.refused(pages / inside, pages)

        assert sorted(pages.rglob("*")) == before
        assert (pages / inside / "index.html").read_text() == "kept"

    def test_a_folder_in_the_site_is_refused(self, site: Path) -> None:
        assert "in each other" in self.refused(site, site / "pages")
        assert [each.name for each in site.iterdir()] == ["index.html"]

    def test_a_folder_that_is_none_is_refused(self, site: Path, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        assert "is no folder; give one" in self.refused(site, tmp_path / "file")
        assert "is no folder; make it first" in self.refused(site, tmp_path / "missing" / "pages")
        assert "is no folder; make it first" in self.refused(site, tmp_path / "file" / "pages")

    def refused(self, site: Path, folder: Path) -> str:
        """Return the one line with which the program refuses."""
        command = [sys.executable, str(ROOT / ".ci" / "publish.py"), str(site), str(folder), "1.0.0"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        [line] = done.stderr.splitlines()
        assert line.startswith("Error: ")
        return line
