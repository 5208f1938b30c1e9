"""The generated pages of the reference leave nothing out, and their examples run."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

import ellar_db
from docs.generators.options import decorators
from docs.generators.values import values
from ellar_db import hookspecs
from ellar_db.testing import Project
from tests.support.pages import ROOT, blocks

REFERENCE = ROOT / "docs" / "reference"


def page(name: str) -> str:
    return (REFERENCE / f"{name}.md").read_text(encoding="utf-8")


def test_all_values_of_hooks_are_described() -> None:
    classes = {value.__name__ for value in values()}
    specs = [spec for name, spec in vars(hookspecs).items() if name.startswith("ellar_db_")]
    named = {
        word for spec in specs for note in spec.__annotations__.values() for word in re.findall(r"\b[A-Z]\w+", note)
    }
    # what is Alembic's, SQLAlchemy's, click's or Python's own
    others = {
        *("Any", "Command", "Config", "Connection", "Context", "Executor", "Iterable", "Literal", "Mapping"),
        *("MigrationContext", "MigrationInfo", "MigrationScript", "None", "Option", "Path", "SchemaItem"),
        *("BaseException", "ScriptDirectory", "Sequence"),
    }
    public = {
        name for name in ellar_db.__all__ if inspect.isclass(getattr(ellar_db, name)) and not name.startswith("_")
    }

    assert named - others <= classes
    # of applications, of commands, and of the library
    assert public - classes == {"EllarDBModule", "OverridingCommand", "UnavailableError"}


@pytest.mark.parametrize("value", values(), ids=lambda value: value.__name__)
def test_each_field_of_a_value_is_explained(value: type) -> None:
    section = page("values").split(f"\n## {value.__name__}\n")[1].split("\n## ")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \|.*\| ([^|]*) \|$", section, re.MULTILINE))

    if dataclasses.is_dataclass(value):
        assert list(rows) == [each.name for each in dataclasses.fields(value) if each.init]
    assert [name for name, text in rows.items() if not text.strip()] == []


def test_each_decorator_for_options_is_listed() -> None:
    listed = set(re.findall(r"^\| `@options\.(\w+)` \|", page("options"), re.MULTILINE))

    assert {"environment", "databases", "limits"} <= listed
    assert listed == {name for name, _ in decorators()}


def test_the_command_of_the_page_about_options_works(plain: Project, install: Callable[..., Path]) -> None:
    install("ellar-db-count", blocks(page("options"), "python")[0])
    plain.db("init")

    assert plain.db("count").stdout == "1 database(s)\n"
    assert plain.db("count", "--database", "none", exit_code=1).stderr == (
        "Error: no database is called none; there is: default\n"
    )


def test_each_document_is_listed_with_its_fields() -> None:
    text = page("json")
    for file in REFERENCE.glob("schemas/*.json"):
        schema = json.loads(file.read_text(encoding="utf-8"))
        section = text.split(f"\n## {schema['title']}\n")[1].split("\n## ")[0]
        assert f"(schemas/{file.name})" in section
        assert [name for name in schema["properties"] if f"| `{name}` |" not in section] == []


def test_each_exit_code_is_that_of_the_error() -> None:
    text = page("exit-codes")

    assert re.findall(r"^\| (\d+) \|", text, re.MULTILINE) == ["0", "1", "2", "3", "143"]
    assert {"check", "doctor", "lint", "status --exit-code", "verify", "wait"} <= set(
        re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)
    )
