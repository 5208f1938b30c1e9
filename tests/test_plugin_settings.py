"""The settings of a plugin: a dataclass, from pyproject.toml and from the application's config."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest

from ellar_db import DbError, Setting, plugin_settings, read_table
from ellar_db.plugins.manager import active_manager, get_plugin_manager
from ellar_db.testing import Project
from ellar_db.testing.application import PYPROJECT, Application

NAME = "ellar-db-tried"
MOST = 3


@dataclass(frozen=True)
class Tried:
    text: str = "none"
    number: int = 1
    share: float = 0.5
    on: bool = False
    folder: Path = Path("here")
    names: list[str] = field(default_factory=list)
    pair: tuple[int, ...] = ()
    table: dict[str, int] = field(default_factory=dict)
    kind: Literal["a", "b", 3] = "a"
    either: bool | list[str] | None = None
    long_name: str = ""
    raw: Annotated[str, Setting(expand=False)] = ""
    few: Annotated[int, Setting(f"a number from 1 to {MOST}", lambda value: 1 <= value <= MOST)] = 1
    anything: Any = None


def configured(project: Project, lines: str) -> Tried:
    project.configure(extra=f"[tool.{NAME}]\n{lines}\n")
    return plugin_settings(NAME, Tried)


def test_without_a_table_or_a_file_it_has_the_defaults(project: Project) -> None:
    assert plugin_settings(NAME, Tried) == Tried()
    project.configure()
    assert plugin_settings(NAME, Tried) == Tried()
    assert configured(project, "") == Tried()


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("text = 'x'", Tried(text="x")),
        ("number = 2", Tried(number=2)),
        ("share = 2", Tried(share=2.0)),
        ("share = 0.25", Tried(share=0.25)),
        ("on = true", Tried(on=True)),
        ("folder = 'there'", Tried(folder=Path("there"))),
        ("names = ['x', 'y']", Tried(names=["x", "y"])),
        ("pair = [1, 2]", Tried(pair=(1, 2))),
        ("table = {x = 1}", Tried(table={"x": 1})),
        ("kind = 'b'", Tried(kind="b")),
        ("kind = 3", Tried(kind=3)),
        ("either = true", Tried(either=True)),
        ("either = ['x']", Tried(either=["x"])),
        ("long-name = 'x'", Tried(long_name="x")),
        ("long_name = 'x'", Tried(long_name="x")),
        ("few = 3", Tried(few=3)),
        ("anything = {x = [1]}", Tried(anything={"x": [1]})),
    ],
)
def test_each_type_is_read(project: Project, line: str, value: Tried) -> None:
    found = configured(project, line)

    assert found == value
    assert type(found.share) is float


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("text = 5", "text must be a text, not 5"),
        ("number = true", "number must be a whole number, not True"),
        ("number = 1.5", "number must be a whole number, not 1.5"),
        ("number = '1'", "number must be a whole number, not '1'"),
        ("share = true", "share must be a number, not True"),
        ("on = 1", "on must be true or false, not 1"),
        ("folder = ''", "folder must be a path, not ''"),
        ("folder = 1", "folder must be a path, not 1"),
        ("names = 'x'", "names must be a list of texts, not 'x'"),
        ("names = ['x', 1]", "names must be a list of texts, not ['x', 1]"),
        ("pair = ['x']", "pair must be a list of whole numbers, not ['x']"),
        ("table = {x = 'y'}", "table must be a table of whole numbers, not {'x': 'y'}"),
        ("table = [1]", "table must be a table of whole numbers, not [1]"),
        ("kind = 'c'", 'kind must be "a" or "b" or 3, not \'c\''),
        ("kind = 3.0", 'kind must be "a" or "b" or 3, not 3.0'),
        ("either = 'x'", "either must be true or false or a list of texts, not 'x'"),
        ("few = 4", "few must be a number from 1 to 3, not 4"),
        ("few = 'x'", "few must be a number from 1 to 3, not 'x'"),
    ],
)
def test_a_value_of_another_type_is_refused(project: Project, line: str, problem: str) -> None:
    with pytest.raises(DbError) as refused:
        configured(project, line)

    assert refused.value.message == f"[tool.{NAME}] {problem}"


def test_an_unknown_key_is_refused_with_the_one_that_was_meant(project: Project) -> None:
    @dataclass
    class Few:
        lock_name: str = ""
        other: int = 0

    for line, problem in {
        "lock-nam = 1": "has no lock-nam; it takes lock-name, other; did you mean lock-name?",
        "lock_nam = 1": "has no lock_nam; it takes lock_name, other; did you mean lock_name?",
        "zzz = 1": "has no zzz; it takes lock_name, other",
    }.items():
        project.configure(extra=f"[tool.{NAME}]\n{line}\n")
        with pytest.raises(DbError) as refused:
            plugin_settings(NAME, Few)
        assert refused.value.message == f"[tool.{NAME}] {problem}"
    with pytest.raises(DbError, match=r"has no zzz; it takes zzy; did you mean zzy\?"):
        read_table(NAME, ["zzy"])


def test_what_is_no_table_is_refused(project: Project) -> None:
    project.configure(extra=f"[tool]\n{NAME} = 1\n")

    with pytest.raises(DbError, match=rf"^\[tool\.{NAME}\] of .* must be a table"):
        plugin_settings(NAME, Tried)


def test_variables_are_expanded_wherever_they_stand(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP", "shop")

    found = configured(
        project,
        "text = '${SHOP}'\nnames = ['${SHOP}', '${NOT_SET:-other}']\nfolder = '${SHOP}/x'\nraw = '${SHOP}'\n"
        "anything = {x = ['$${SHOP}']}",
    )

    assert (found.text, found.names, found.folder) == ("shop", ["shop", "other"], Path("shop/x"))
    assert found.raw == "${SHOP}"
    assert found.anything == {"x": ["${SHOP}"]}
    with pytest.raises(DbError, match="text names the environment variable NOT_SET, which isn't set"):
        configured(project, "text = '${NOT_SET}'")


def test_a_setting_without_a_default_is_needed(project: Project) -> None:
    @dataclass
    class Needed:
        url: str
        token: str
        made: str = field(init=False, default="x")

    project.configure(extra=f"[tool.{NAME}]\nurl = 'x'\n")

    with pytest.raises(DbError, match=rf"^\[tool\.{NAME}\] needs token$"):
        plugin_settings(NAME, Needed)


def test_what_the_dataclass_itself_refuses_is_told(project: Project) -> None:
    @dataclass
    class Careful:
        low: int = 0
        high: int = 1

        def __post_init__(self) -> None:
            if self.low > self.high:
                raise ValueError("low is above high")

    project.configure(extra=f"[tool.{NAME}]\nlow = 2\n")

    with pytest.raises(DbError, match=rf"^\[tool\.{NAME}\] can't be used: low is above high$"):
        plugin_settings(NAME, Careful)


HOOK = """
import os
from dataclasses import dataclass
import click
from ellar_db import hookimpl, plugin_settings

@dataclass
class Settings:
    greeting: str = "none"

@click.command()
def greet():
    os.chdir("elsewhere")
    click.echo(plugin_settings("ellar-db-tried", Settings).greeting)

@hookimpl
def ellar_db_register_commands():
    yield greet

@hookimpl
def ellar_db_configure(config):
    os.chdir("elsewhere")
    click.echo(plugin_settings("ellar-db-tried", Settings).greeting)
    os.chdir("..")
"""


def test_the_project_is_that_of_the_command_wherever_it_goes(plain: Project, install: Callable[..., Path]) -> None:
    install(NAME, HOOK)
    plain.write("elsewhere/pyproject.toml", "[tool.ellar-db-tried]\ngreeting = 'theirs'\n")
    plain.configure(extra=f"[tool.{NAME}]\ngreeting = 'ours'\n")
    plain.db("init")

    assert plain.db("heads").stdout == "ours\n"
    assert plain.db("greet").stdout == "ours\n"
    # that is where the command went
    assert Path(os.getcwd()).name == "elsewhere"
    assert active_manager() is get_plugin_manager()


FILE = f"{PYPROJECT}\n[tool.{NAME}]\ngreeting = 'from the file'\n"


@pytest.mark.parametrize(
    ("config", "greeting"),
    [
        ("", "from the file"),
        ("ELLAR_DB_TRIED = {'greeting': 'from the config'}", "from the config"),
        ("ELLAR_DB_TRIED = {}", "from the file"),
        ("ELLAR_DB_TRIED = None", "from the file"),
        ("ELLAR_DB_TRIED = {'greeting': '${AS_IT_IS}'}", "${AS_IT_IS}"),
    ],
)
def test_the_applications_config_comes_first(
    ellar_db_application: Application, install: Callable[..., Path], config: str, greeting: str
) -> None:
    install(NAME, HOOK.replace("    os.chdir", "    #"))
    ellar_db_application.with_plain_sqlalchemy("sqlite:///app.db", config=config, pyproject=FILE)
    ellar_db_application.db("init")

    assert ellar_db_application.db("heads").stdout == f"{greeting}\n"
    # outside of the application there is no config
    assert ellar_db_application.db("greet").stdout == "from the file\n"


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        ("5", "ELLAR_DB_TRIED of the application's config must be a dict, not 5"),
        (
            "{'greting': 'x'}",
            "ELLAR_DB_TRIED of the application's config has no greting; it takes greeting; did you mean greeting?",
        ),
        ("{'greeting': 5}", "ELLAR_DB_TRIED of the application's config greeting must be a text, not 5"),
    ],
)
def test_what_the_config_cannot_have_is_refused(
    ellar_db_application: Application, install: Callable[..., Path], config: str, problem: str
) -> None:
    ellar_db_application.with_plain_sqlalchemy("sqlite:///app.db", config=f"ELLAR_DB_TRIED = {config}")
    ellar_db_application.db("init")
    install(NAME, HOOK.replace("    os.chdir", "    #"))

    assert ellar_db_application.db("heads", exit_code=1).stderr == f"Error: {problem}\n"
