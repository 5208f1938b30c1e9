"""Who gives which command, and who wins where several give one name."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from ellar_db.cli.registry import collect_commands
from ellar_db.plugins.builtin import TASKS
from ellar_db.plugins.manager import get_plugin_manager
from ellar_db.testing import Project

Install = Callable[..., Path]


def giving(name: str, says: str) -> str:
    return f"""
import click
from ellar_db import hookimpl

@click.command({name!r}, short_help="Say {says}.")
def command():
    click.echo({says!r})

@hookimpl
def ellar_db_register_commands():
    yield command
"""


CLAIMED = (
    "Error: the command report is claimed by ant and bee; leave one out (ELLAR_DB_DISABLE_PLUGINS=ant), "
    'or choose in pyproject.toml: [tool.ellar-db.commands] report = "ant"\n'
)


def test_an_installed_command_beats_a_built_in_one(plain: Project, install: Install) -> None:
    install("ant", giving("heads", "ant"))

    assert plain.db("heads").output == "ant\n"
    assert re.search(r"^  heads +Say ant\. \[ant\]$", plain.db("--help").stdout, re.MULTILINE)


def test_the_projects_own_command_beats_an_installed_one(plain: Project, install: Install) -> None:
    install("ant", giving("heads", "ant"))
    install("bee", giving("heads", "bee"))
    plain.write("own.py", giving("heads", "own"))
    plain.configure(extra="plugins = ['own']")

    assert plain.db("heads").output == "own\n"
    assert re.search(r"^  heads +Say own\. \[own\]$", plain.db("--help").stdout, re.MULTILINE)


def test_of_the_projects_own_modules_the_last_wins(plain: Project) -> None:
    plain.write("one.py", giving("heads", "one"))
    plain.write("two.py", giving("heads", "two"))
    plain.configure(extra="plugins = ['one', 'two']")

    assert plain.db("heads").output == "two\n"


def test_the_help_lists_commands_by_task_and_those_of_plugins_apart(plain: Project, install: Install) -> None:
    install("ant", giving("report", "ant"))
    install("bee", giving("heads", "bee"))
    install("cat", giving("a-name-that-is-longer-than-24", "cat"))

    shown = plain.db("--help").stdout

    assert re.findall(r"^(\w.*):$", shown, re.MULTILINE) == ["Options", *TASKS, "Commands of plugins"]
    look, others = re.search(r"^Look:\n(.*?)\n\n", shown, re.MULTILINE | re.DOTALL), shown.partition("plugins:\n")[2]
    assert look is not None
    assert re.search(r"^  heads +Say bee\. \[bee\]$", look[1], re.MULTILINE)
    assert re.fullmatch(r"  a-name-that-is-longer-than-24\n +Say cat\. \[cat\]\n  report +Say ant\. \[ant\]\n", others)
    assert max(map(len, shown.splitlines())) <= 80
    columns = {line.index("Say") for line in shown.splitlines() if "Say" in line}
    assert len(columns) == 1


@pytest.mark.parametrize("name", ["report", "heads"])
def test_two_installed_plugins_that_claim_one_name_break_nothing_but_the_name(
    plain: Project, install: Install, name: str
) -> None:
    install("bee", giving(name, "bee"))
    install("ant", giving(name, "ant"))

    result = plain.db(name, "--anything", exit_code=1)

    assert result.output == CLAIMED.replace("report", name)
    help_ = plain.db("--help")
    assert re.search(rf"^  {name} +\[claimed by ant and bee\]$", help_.stdout, re.MULTILINE)
    assert help_.stderr == ""
    assert plain.db("init").stderr == ""
    assert plain.db(name, "--help").stdout.startswith(f"Usage: ellar-db {name}")


@pytest.mark.parametrize("gone", ["ant", "bee"])
def test_leaving_one_out_gives_the_name_to_the_other(
    plain: Project, install: Install, monkeypatch: pytest.MonkeyPatch, gone: str
) -> None:
    install("ant", giving("report", "ant"))
    install("bee", giving("report", "bee"))
    monkeypatch.setenv("ELLAR_DB_DISABLE_PLUGINS", gone)

    assert plain.db("report").output == ("bee\n" if gone == "ant" else "ant\n")


@pytest.mark.parametrize("choice", ["ant", "bee.keeper", "Bee_Keeper"])
def test_the_project_may_choose(plain: Project, install: Install, choice: str) -> None:
    install("ant", giving("report", "ant"))
    install("bee.keeper", giving("report", "bee"), module="bee")
    plain.configure(extra=f'[tool.ellar-db.commands]\nreport = "{choice}"')

    assert plain.db("report").output == ("ant\n" if choice == "ant" else "bee\n")


def test_the_project_may_choose_the_built_in_one(plain: Project, install: Install) -> None:
    install("ant", giving("list-templates", "ant"))
    plain.configure(extra='[tool.ellar-db.commands]\nlist-templates = "ellar-db"')

    assert "single" in plain.db("list-templates").stdout


def test_a_choice_that_cant_be_had_says_so_when_it_is_used(plain: Project, install: Install) -> None:
    install("ant", giving("heads", "ant"))
    plain.configure(extra='[tool.ellar-db.commands]\nheads = "wasp"\nno-such = "ant"')

    result = plain.db("heads", exit_code=1)

    assert result.output == (
        "Warning: [tool.ellar-db.commands] has no-such = 'ant', and no plugin gives no-such.\n"
        "Error: [tool.ellar-db.commands] gives heads to 'wasp', and only ant, ellar-db has it\n"
    )
    assert plain.db("init").exit_code == 0


def test_a_command_is_found_by_its_name_with_underscores_too(plain: Project, install: Install) -> None:
    install("ant", giving("say-it", "ant"))

    assert plain.db("say_it").output == "ant\n"
    assert "say-it" in plain.db("--help").stdout
    assert "say_it" not in plain.db("--help").stdout


def test_a_hidden_command_works_and_is_not_listed(plain: Project, install: Install) -> None:
    install("ant", giving("secret", "ant").replace("short_help=", "hidden=True, short_help="))

    assert plain.db("secret").output == "ant\n"
    assert "secret" not in plain.db("--help").stdout


def test_a_group_of_commands_may_be_registered(plain: Project, install: Install) -> None:
    install(
        "ant",
        "import click\nfrom ellar_db import hookimpl\n\n@click.group()\ndef farm():\n    pass\n\n"
        "@farm.command()\ndef feed():\n    click.echo('fed')\n\n"
        "@hookimpl\ndef ellar_db_register_commands():\n    return [farm]",
    )

    assert plain.db("farm", "feed").output == "fed\n"


def test_what_a_command_replaced_is_found_rank_by_rank(plain: Project, install: Install) -> None:
    install("ant", giving("heads", "ant"))
    plain.write("own.py", giving("heads", "own"))
    plain.configure(extra="plugins = ['own']")
    get_plugin_manager.cache_clear()

    registry = collect_commands(get_plugin_manager())

    top = registry.get("heads")
    assert top is not None
    middle = registry.replaced_by(top)
    assert middle is not None
    bottom = registry.replaced_by(middle)
    assert bottom is not None
    assert [command.short_help for command in (top, middle)] == ["Say own.", "Say ant."]
    assert bottom.callback is not None
    assert bottom.callback.__module__ == "ellar_db.commands.heads"
    assert registry.replaced_by(bottom) is None
    assert registry.replaced_by(click.Command("heads")) is None


def test_the_commands_of_plugins_work_in_the_ellar_program_too(project: Project, install: Install) -> None:
    from tests.support.applications import PYPROJECT, SERVER

    install("ant", giving("report", "ant"))
    project.write("pyproject.toml", PYPROJECT)
    project.write("shop/__init__.py", "")
    project.write("shop/server.py", SERVER)
    project.write(
        "shop/config.py",
        "from ellar.core import ConfigDefaultTypesMixin\n\n\n"
        "class DevelopmentConfig(ConfigDefaultTypesMixin):\n    pass\n",
    )
    project.write(
        "shop/root_module.py",
        "from ellar.common import Module\nfrom ellar.core import ModuleBase\n\nfrom ellar_db import EllarDBModule\n\n\n"
        "@Module(modules=[EllarDBModule])\nclass ApplicationModule(ModuleBase):\n    pass\n",
    )

    assert project.ellar("db", "report").output == "ant\n"


@pytest.mark.parametrize("kind", ["installed", "optional", "own"])
def test_the_command_for_diagnostics_is_nobody_elses(plain: Project, install: Install, kind: str) -> None:
    source = giving("plugins", "ant").replace("click.echo('ant')", "raise SystemExit(5)")
    if kind == "own":
        plain.write("ant.py", source)
        plain.configure(extra="plugins = ['ant']")
    else:
        install("ant", source, group="ellar_db" if kind == "installed" else "ellar_db.optional")

    result = plain.db("plugins", "--check", exit_code=1)

    title = "ant" if kind == "own" else "ant 1.0"
    assert result.stderr.splitlines()[-1] == (
        f"Error: {title} is broken: it registered a command named plugins, which is ellar-db's alone"
    )
    assert "built-in" in result.stdout


def test_no_choice_takes_the_command_for_diagnostics_away(plain: Project, install: Install) -> None:
    install("ant", giving("report", "ant"))
    plain.configure(extra='[tool.ellar-db.commands]\nplugins = "ant"')

    result = plain.db("plugins")

    assert "ant 1.0" in result.stdout
    assert result.stderr == "Warning: [tool.ellar-db.commands] has plugins, which is ellar-db's alone.\n"


def test_nor_does_a_group_of_commands(plain: Project, install: Install) -> None:
    install(
        "ant", giving("plugins", "ant").replace("@click.command(", "@click.group(invoke_without_command=True, name=")
    )

    assert (
        "ant 1.0 is broken: it registered a command named plugins" in plain.db("plugins", "--check", exit_code=1).stderr
    )


def test_help_is_there_if_a_plugins_class_of_commands_fails(plain: Project, install: Install) -> None:
    install(
        "ant",
        "import click\nfrom ellar_db import hookimpl\n\nclass Odd(click.Command):\n"
        "    def get_short_help_str(self, limit=45):\n        return 1 / 0\n\n"
        "@hookimpl\ndef ellar_db_register_commands():\n    yield Odd('odd')\n",
    )

    shown = plain.db("--help").stdout

    assert "the plugin ant 1.0 failed in its help: ZeroDivisionError" in " ".join(shown.split())
    assert "Upgrade to a later version." in shown
