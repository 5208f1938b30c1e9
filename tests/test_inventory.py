"""`plugins --hooks`, `--timings` and `--check`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Project

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

    shown = json.loads(project.db("plugins", "--hooks", "--json").stdout)
    lines = project.db("plugins", "--hooks").stdout.splitlines()

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

    row = json.loads(project.db("plugins", "--json").stdout)[1]
    lines = project.db("plugins").stdout.splitlines()

    assert (row["distribution"], row["state"], row["migrations"]) == ("brings", "active", ["audit"])
    assert lines[2].rstrip().endswith("brings migrations of audit; hooks migrations")


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
