"""Objects imported by name, with items and calls."""

from __future__ import annotations

import pytest

from ellar_db.project.importing import imported
from ellar_db.testing import Project
from ellar_db.util.errors import DbError, UnavailableError

SOURCE = """
class Thing:
    items = {"log": "the log", None: "the main one", 3: ["a", "b"]}

    def __init__(self, *arguments, **keywords):
        self.arguments = (*arguments, *sorted(keywords.items()))

    def __call__(self):
        return self


thing = Thing()
made = []


def factory(*arguments, **keywords):
    made.append(arguments)
    return Thing(*arguments, **keywords)


def broken():
    raise AttributeError("inside")


def leaving():
    raise SystemExit(3)
"""


@pytest.fixture(autouse=True)
def _module(project: Project) -> None:
    project.write("things.py", SOURCE)
    project.forget("things")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ('things:thing.items["log"]', "the log"),
        ("things:thing.items[None]", "the main one"),
        ("things:thing.items[3][-1]", "b"),
        ("things:factory().arguments", ()),
        ("things:factory('test', 1, flag=True).arguments", ("test", 1, ("flag", True))),
        ("things:factory(['a'], {'b': (1, 2)}).arguments", (["a"], {"b": (1, 2)})),
        ("things:thing()().items['log']", "the log"),
        ("things: thing.items['log'] ", "the log"),
    ],
)
def test_attributes_items_and_calls(name: str, value: object) -> None:
    assert imported(name, "it") == value


@pytest.mark.parametrize(
    "attribute",
    [
        "thing + thing",
        "factory(thing)",
        "factory(*[1])",
        "factory(**{'a': 1})",
        "thing.items[made]",
        "thing.items[0:1]",
        "thing.items[factory()]",
        "[made.append(1) for _ in 'a'][0]",
        "(lambda: made.append(1))()",
        "factory(__import__('os'))",
        "thing; made",
        "thing if made else thing",
        "'text'",
        "f'{made}'",
        "thing.",
        "thing[",
        "(thing := 1)",
        "(" * 5000,
        "thing\0",
    ],
)
def test_anything_else_is_refused_before_the_module_is_imported(project: Project, attribute: str) -> None:
    project.write("never.py", "raise RuntimeError('it was imported')")

    with pytest.raises(DbError, match="must be written as 'module:attribute'") as error:
        imported(f"never:{attribute}", "it")

    assert error.value.exit_code == 1


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        ("things:thing.items['gone']", 1, "and things has no \"thing.items['gone']\": KeyError: 'gone'"),
        ("things:thing.items.gone", 1, "and things has no 'thing.items.gone'"),
        ("things:thing[0]", 1, "and things has no 'thing[0]': TypeError"),
        ("things:made()", 3, "which failed: TypeError: 'list' object is not callable"),
        ("things:broken()", 3, "which failed: AttributeError: inside"),
        ("things:leaving()", 3, "which failed: SystemExit: 3"),
    ],
)
def test_what_fails_is_told_apart(name: str, code: int, message: str) -> None:
    with pytest.raises(DbError) as error:
        imported(name, "it")

    assert message in error.value.message
    assert error.value.exit_code == code
    assert isinstance(error.value, UnavailableError) is (code == 3)


METADATA = """
from sqlalchemy import Column, Integer, MetaData, Table

one = MetaData()
Table("a", one, Column("id", Integer))
by_name = {"log": one}


def get_metadata():
    return one


def get_broken():
    raise ValueError("no models")
"""


@pytest.mark.parametrize(
    "name",
    ["'models:by_name[\"log\"]'", "'models:get_metadata'", "'models:get_metadata()'", "['models:one', 'again:one']"],
)
def test_metadata_of_a_project(project: Project, name: str) -> None:
    project.write("again.py", "from models import one\n")
    project.configure(models=METADATA)
    settings = project.path / "pyproject.toml"
    settings.write_text(settings.read_text().replace("'models:Base'", name))
    project.forget("again")
    project.db("init")

    project.db("migrate", "-m", "First")
    project.db("upgrade")

    assert project.tables() == {"a", "alembic_version"}


def test_a_function_of_metadata_that_fails(project: Project) -> None:
    project.configure(models=METADATA)
    settings = project.path / "pyproject.toml"
    project.db("init")
    settings.write_text(settings.read_text().replace("models:Base", "models:get_broken"))
    project.forget("models")

    assert "is 'models:get_broken', which failed: ValueError: no models" in project.db("current", exit_code=3).stderr
