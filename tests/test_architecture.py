"""The layout of the package, and the page that describes it."""

from __future__ import annotations

import re
from pathlib import Path

import ellar_db
from ellar_db import Dialect
from ellar_db.project.toml import read_toml

PACKAGE = Path(ellar_db.__file__).parent
ROOT = PACKAGE.parent
FOLDERS = sorted(folder for folder in PACKAGE.iterdir() if folder.is_dir() and folder.name != "__pycache__")


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def test_each_package_has_a_row_in_the_architecture_and_each_row_a_package() -> None:
    rows = set(re.findall(r"^\| `([\w./]+)`", page("architecture.md"), re.MULTILINE))

    assert {f"{folder.name}/" for folder in FOLDERS} <= rows
    assert {row for row in rows if not (PACKAGE / row).exists()} == set()


def test_the_floors_in_the_architecture_are_those_that_the_linter_holds() -> None:
    contract = read_toml(ROOT / "pyproject.toml")["tool"]["importlinter"]["contracts"][0]
    names = [name for layer in contract["layers"] for name in re.findall(r"\w+", layer)]
    picture = page("pictures/floors.svg")
    shown = re.findall(r'y="(\d+)" text-anchor="middle">(\w+)<', picture)
    heights = [int(height) for height, _ in shown]

    assert "(pictures/floors.svg)" in page("architecture.md")
    assert [name for _, name in shown] == names
    # from top to bottom
    assert heights == sorted(heights)
    assert len(set(heights)) == len(contract["layers"])


def test_the_contracts_have_no_exceptions() -> None:
    linter = read_toml(ROOT / "pyproject.toml")["tool"]["importlinter"]

    assert [contract for contract in linter["contracts"] if "ignore_imports" in contract] == []
    assert linter["exclude_type_checking_imports"] is False


def test_no_package_has_more_modules_than_a_reader_can_survey() -> None:
    counts = {folder.name: len([file for file in folder.glob("*.py") if file.stem != "__init__"]) for folder in FOLDERS}
    # one module a command
    del counts["commands"]

    assert {name: count for name, count in counts.items() if count > 12} == {}
    assert len(list(PACKAGE.glob("*.py"))) <= 10


def test_each_question_about_a_kind_of_database_is_on_the_page_for_authors() -> None:
    named = set(re.findall(r"`(\w+)`", page("how-to/kinds-of-databases.md")))
    questions = {name for kind in Dialect.__mro__[:-1] for name in vars(kind) if not name.startswith("_")}

    assert questions - named == set()


def test_package_faces_import_nothing_but_former_names() -> None:
    faces = {folder.name: folder / "__init__.py" for folder in FOLDERS if folder.name not in ("templates", "testing")}
    imports = {
        name: re.findall(r"^(?:from|import) (ellar_db[\w.]*)", face.read_text(encoding="utf-8"), re.MULTILINE)
        for name, face in faces.items()
    }

    assert {name: found for name, found in imports.items() if set(found) - {"ellar_db.util.moved"}} == {}
