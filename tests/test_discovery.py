"""How installed plugins are found: without Python's metadata, unless a package may have one."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from importlib.metadata import Distribution, DistributionFinder
from pathlib import Path

import pytest

from ellar_db.plugins.discovery import mentioned_on
from ellar_db.testing import Project

ASKING = """
import sys
import click
from ellar_db.plugins.discovery import installed
assert installed() == []
print("importlib.metadata" in sys.modules)
"""


@pytest.mark.parametrize("folder", ["a-1.dist-info", "a.egg-info", "A-1.DIST-INFO", "a.egg/EGG-INFO"])
def test_by_what_is_installed_in_a_folder(tmp_path: Path, folder: str) -> None:
    info = tmp_path / folder
    info.mkdir(parents=True)
    path = [str(tmp_path), str(tmp_path / "a.egg")]
    assert not mentioned_on(path)
    (info / "entry_points.txt").write_text("[console_scripts]\na = b:c\n")
    assert not mentioned_on(path)

    (info / "entry_points.txt").write_text("[console_scripts]\na = b:c\n\n[ellar_db.optional]\na = b\n")

    assert mentioned_on(path)
    assert mentioned_on(["", str(tmp_path / "not there"), *path])


def test_what_is_no_metadata(tmp_path: Path) -> None:
    (tmp_path / "a.egg-info").write_text("Name: a\n")
    (tmp_path / "ellar_db").mkdir()
    (tmp_path / "ellar_db" / "entry_points.txt").write_text("[ellar_db]\n")

    assert not mentioned_on([str(tmp_path)])


def test_an_archive_is_left_to_python(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a-1.dist-info/entry_points.txt", "[ellar_db]\na = b\n")

    assert mentioned_on([str(tmp_path / "a.zip")])


def test_another_finder_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    class Finder(DistributionFinder):
        def find_distributions(context: object = None) -> list[Distribution]:
            return []

    assert not mentioned_on([])

    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder()])

    assert mentioned_on([])


@pytest.mark.skipif(mentioned_on(sys.path), reason="a package with plugins is installed here")
def test_the_program_does_not_import_it_where_nothing_is_installed(plain: Project) -> None:
    found = subprocess.run([sys.executable, "-c", ASKING], cwd=plain.path, capture_output=True, text=True, check=True)

    assert found.stdout == "False\n"
