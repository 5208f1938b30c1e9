"""How installed plugins are found: without Python's metadata, unless a package may have one."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Callable
from importlib.metadata import Distribution, DistributionFinder, distributions
from pathlib import Path

import pytest

from ellar_db.plugins.discovery import installed, packages_on
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
    assert packages_on(path) == []
    (info / "entry_points.txt").write_text("[console_scripts]\na = b:c\n")
    assert packages_on(path) == []

    (info / "entry_points.txt").write_text("[console_scripts]\na = b:c\n\n[ellar_db.optional]\na = b\n")

    assert packages_on(path)
    assert packages_on(["", str(tmp_path / "not there"), *path])


def test_what_is_no_metadata(tmp_path: Path) -> None:
    (tmp_path / "a.egg-info").write_text("Name: a\n")
    (tmp_path / "ellar_db").mkdir()
    (tmp_path / "ellar_db" / "entry_points.txt").write_text("[ellar_db]\n")

    assert packages_on([str(tmp_path)]) == []


def test_an_archive_is_left_to_python(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a-1.dist-info/entry_points.txt", "[ellar_db]\na = b\n")

    assert packages_on([str(tmp_path / "a.zip")]) is None


def test_another_finder_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    class Finder(DistributionFinder):
        def find_distributions(context: object = None) -> list[Distribution]:
            return []

    assert packages_on([]) == []

    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder()])

    assert packages_on([]) is None


@pytest.mark.skipif(packages_on(sys.path) != [], reason="a package with plugins is installed here")
def test_the_program_does_not_import_it_where_nothing_is_installed(plain: Project) -> None:
    found = subprocess.run([sys.executable, "-c", ASKING], cwd=plain.path, capture_output=True, text=True, check=True)

    assert found.stdout == "False\n"


PACKAGES = {
    "one/a_b-1.0.dist-info": (
        "Name: A.b\nVersion: 1.0\n",
        "[ellar_db]\nx = os.path : join [extra]\n# y = no\n\n y=os\n",
    ),
    "one/c-2.egg-info": ("Name: c\nVersion: 2\n", "[other]\nx = no\n[ ellar_db.optional ]\nz = os.path:sep.join\n"),
    "two/A_B-0.9.dist-info": ("Name: a-b\nVersion: 0.9\n", "[ellar_db]\nold = os\n"),
    "two/d-3.dist-info": ("Name: d\nVersion: 3\n\nName: no\n", "[ellar_db]\nw = json:dumps\n"),
    "two/e-3.dist-info": ("Name: e\nVersion: 3\n", ""),
}


def test_what_is_found_is_what_python_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place, (metadata, entry_points) in PACKAGES.items():
        info = tmp_path / place
        info.mkdir(parents=True)
        (info / ("PKG-INFO" if "egg" in place else "METADATA")).write_text(metadata)
        if entry_points:
            (info / "entry_points.txt").write_text(entry_points)
    path = [str(tmp_path / "one"), str(tmp_path / "two")]
    monkeypatch.setattr(sys, "path", [*path, *sys.path])
    monkeypatch.delenv("ELLAR_DB_LOAD_PLUGINS", raising=False)

    found = [
        (plugin, each.load())
        for plugin, each in installed()
        if path[0] in str(vars(each)) or path[1] in str(vars(each))
    ]

    theirs = {
        (dist.name, dist.version, each.name, each.value, each.group == "ellar_db")
        for dist in distributions(path=path)
        for each in dist.entry_points
        if each.group in ("ellar_db", "ellar_db.optional") and dist.version != "0.9"
    }
    assert {
        (
            each.distribution,
            each.version,
            each.name.partition(":")[2],
            each.entry_point.partition(" = ")[2],
            each.restrains,
        )
        for each, _ in found
    } == theirs
    assert [type(loaded).__name__ for _, loaded in found] == ["function", "module", "function"]


def test_the_program_does_not_import_it_where_a_plugin_is_installed(
    plain: Project, install: Callable[..., Path]
) -> None:
    install(
        "ellar_db_mine", "from ellar_db import hookimpl\n\n\n@hookimpl\ndef ellar_db_directory():\n    return None\n"
    )
    asking = ASKING.replace("installed() == []", "len(installed()) > 0")

    found = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(plain.path / 'site')!r})\n{asking}"],
        cwd=plain.path,
        capture_output=True,
        text=True,
        check=True,
    )

    assert found.stdout == "False\n"
