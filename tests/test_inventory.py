"""`plugins --hooks`, `--timings` and `--check`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ellar_db.testing import Project
from tests.support.output import rows

DIRECTORY = "from ellar_db import hookimpl\n\n@hookimpl\ndef ellar_db_directory():\n    return None\n"
WRAPPER = "from ellar_db import hookimpl\n\n@hookimpl(wrapper=True)\ndef ellar_db_invoke():\n    return (yield)\n"
COMMAND = """
import click
from ellar_db import hookimpl

@hookimpl
def ellar_db_register_commands():
    yield click.Command("greet")
"""


def test_hooks_shows_who_is_asked_in_which_order(project: Project, install: Callable[..., Path]) -> None:
    install("a-folder", DIRECTORY)
    install("b-folder", DIRECTORY)
    install("wrap", WRAPPER)

    shown = json.loads(project.db("plugins", "--hooks", "--json").stdout)["hooks"]
    lines = rows(project.db("plugins", "--hooks").stdout)

    assert shown["ellar_db_directory"][:3] == ["b-folder:b_folder", "a-folder:a_folder", "ellar-db:module"]
    assert shown["ellar_db_invoke"] == ["wrap:wrap (wraps)", "ellar-db:invoking"]
    assert shown["ellar_db_after_run"] == []
    assert any(line.split() == ["ellar_db_after_run", "nobody"] for line in lines)


def test_timings_shows_the_slowest_first(project: Project, install: Callable[..., Path]) -> None:
    install("quick", DIRECTORY)

    lines = [line.split() for line in project.db("plugins", "--timings").stdout.splitlines()]

    assert lines[0] == ["Plugin", "Load"]
    assert {line[0] for line in lines[1:-1]} == {"ellar-db", "quick"}
    times = [float(line[-2]) for line in lines[1:]]
    assert times[:-1] == sorted(times[:-1], reverse=True)
    assert lines[-1][0] == "all"


def test_check_finds_nothing_where_nothing_is_the_matter(project: Project, install: Callable[..., Path]) -> None:
    install("fine", DIRECTORY)

    assert project.db("plugins", "--check").stderr == ""


def test_check_says_what_is_the_matter(
    project: Project, install: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("pyproject.toml", '[tool.ellar-db]\nrequired-plugins = ["absent>=2"]\n')
    install("first", COMMAND)
    install("second", COMMAND)
    install("torn", "1 +")
    install("future", DIRECTORY + "ELLAR_DB_API = '9.0'\n")
    monkeypatch.setenv("ELLAR_DB_LOAD_PLUGINS", "first second torn future unknown")
    project.forget()

    result = project.db("plugins", "--check", exit_code=1)

    error = result.stderr.splitlines()[-1]
    for part in (
        "torn 1.0 is broken: SyntaxError",
        "future 1.0 is incompatible: it was written for version 9.0",
        "absent>=2 is missing: it isn't installed",
        "first 1.0 claims greet, as another plugin does",
        "second 1.0 claims greet, as another plugin does",
        "ELLAR_DB_LOAD_PLUGINS names unknown, and no such plugin is there",
    ):
        assert part in error


BRINGING = """
from pathlib import Path
from ellar_db import PackageMigrations, hookimpl

@hookimpl
def ellar_db_migrations():
    yield PackageMigrations("audit", Path(__file__).parent)
"""


def test_it_says_which_migrations_a_plugin_brings(project: Project, install: Callable[..., Path]) -> None:
    install("brings", BRINGING)

    row = json.loads(project.db("plugins", "--json").stdout)["plugins"][1]
    lines = rows(project.db("plugins").stdout)

    assert (row["distribution"], row["state"], row["migrations"]) == ("brings", "active", ["audit"])
    assert lines[2].endswith("brings migrations of audit; hooks migrations")


def test_a_plugin_that_cannot_say_what_it_brings_is_shown_as_broken(
    project: Project, install: Callable[..., Path]
) -> None:
    install("brings", BRINGING.replace("yield", "1 / 0; yield"))

    result = project.db("plugins", "--check", exit_code=1)

    assert "the plugin brings 1.0 failed in ellar_db_migrations: ZeroDivisionError" in result.stdout
    assert "brings 1.0 is broken: the plugin brings 1.0 failed" in result.stderr


def test_check_finds_packages_that_do_not_go_together(project: Project, install: Callable[..., Path]) -> None:
    install("one", BRINGING)
    install("other", BRINGING)

    result = project.db("plugins", "--check", exit_code=1)

    assert "have one name" in result.stderr
    assert "Traceback" not in result.stderr


FAILING = """
from ellar_db import hookimpl

@hookimpl
def {hook}:
    raise ZeroDivisionError("no")
"""


@pytest.mark.parametrize("hook", ["ellar_db_command_options(command)", "ellar_db_invoke(ctx)"])
def test_the_list_is_there_whatever_is_the_matter(project: Project, install: Callable[..., Path], hook: str) -> None:
    marker = "@hookimpl" if "options" in hook else "@hookimpl(wrapper=True)"
    install("failing", FAILING.replace("@hookimpl", marker).format(hook=hook) + "    yield\n")
    project.write("pyproject.toml", '[tool.ellar-db]\nrequired-plugins = ["absent"]\n')
    project.forget()

    lines = rows(project.db("plugins").stdout)

    assert any(line.startswith("failing 1.0 ") for line in lines)
    assert any(line.startswith("absent ") for line in lines)


OPTION = """
import click
from ellar_db import hookimpl

@hookimpl
def ellar_db_command_options(command):
    if command.name == "upgrade":
        yield click.Option(["--ticket"])
"""


def test_check_finds_options_that_are_left_out(project: Project, install: Callable[..., Path]) -> None:
    install("one", OPTION)
    install("other", OPTION)
    install("failing", FAILING.format(hook="ellar_db_command_options(command)"))

    error = project.db("plugins", "--check", exit_code=1).stderr

    assert "the plugin one 1.0 adds --ticket to upgrade, where --ticket is taken by other 1.0" in error
    assert (
        error.count("failing 1.0 adds no options, since it failed in ellar_db_command_options: ZeroDivisionError: no")
        == 1
    )


def test_check_finds_a_plugin_that_needs_another_release(project: Project, install: Callable[..., Path]) -> None:
    needs = ["ellar-db>=99", "ellar_db>=98 ; extra == 'later'", "click", "what is this"]
    file = install("needy", OPTION)
    metadata = file.with_name("needy-1.0.dist-info") / "METADATA"
    metadata.write_text(metadata.read_text() + "".join(f"Requires-Dist: {need}\n" for need in needs))

    error = project.db("plugins", "--check", exit_code=1).stderr

    assert error == "Error: needy 1.0 requires ellar-db>=99, and ellar-db 0.1.0 is installed\n"


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        (
            "def ellar_db_databases(): raise ValueError('no such vault')",
            "the plugin odd 1.0 failed in ellar_db_databases: ValueError: no such vault",
        ),
        ("def ellar_db_databases(): return [42]", "odd 1.0 supplied 42 as a database"),
        (
            "def ellar_db_context_options(): return {'version_table': 42}",
            "the plugin odd 1.0 failed in ellar_db_context_options: TypeError: version_table is 42, which is no text",
        ),
        (
            "def ellar_db_migrations(): yield PackageMigrations('odd', Path('.'), databases=['nowhere'])",
            "the package odd (odd 1.0) runs on the database 'nowhere', which isn't configured; there is: default.",
        ),
        (
            "def ellar_db_migrations():\n    from models import Base\n"
            "    yield PackageMigrations('odd', Path('.'), metadata=Base.metadata)",
            "the package odd (odd 1.0) gives as its own the metadata of the database 'default'",
        ),
    ],
    ids=["fails", "no-database", "no-option", "elsewhere", "shared"],
)
def test_check_finds_what_does_not_go_with_the_databases(
    plain: Project, install: Callable[..., Path], source: str, problem: str
) -> None:
    head = "from pathlib import Path\nfrom ellar_db import PackageMigrations, hookimpl\n\n@hookimpl\n"
    install("odd", f"{head}{source}\n")

    assert problem in plain.db("plugins", "--check", exit_code=1).stderr
    # no database is made on the way
    assert not (plain.path / "app.db").exists()


def test_an_application_that_does_not_start_is_no_plugins_fault(project: Project, install: Callable[..., Path]) -> None:
    project.write("pyproject.toml", "[tool.ellar-db]\napplication = 'shop:make'\n")
    project.write("shop.py", "def make():\n    1 / 0\n")
    project.forget("shop")
    install("good", OPTION)

    assert project.db("plugins", "--check").stderr == ""


def test_check_finds_a_choice_of_a_plugin_that_lacks_the_command(
    project: Project, install: Callable[..., Path]
) -> None:
    install("good", OPTION)
    project.configure(extra="[tool.ellar-db.commands]\nheads = 'good'\n")

    assert project.db("plugins", "--check", exit_code=1).stderr == (
        "Error: [tool.ellar-db.commands] gives heads to 'good', and only ellar-db has it\n"
    )


def test_check_says_a_thing_once(project: Project, install: Callable[..., Path]) -> None:
    install("good", OPTION)
    project.configure(extra="required-plugins = ['ellar-db>=99']\n")

    assert project.db("plugins", "--check", exit_code=1).stderr.count("install it with") == 1
