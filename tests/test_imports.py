"""What is not imported until it is needed, and what is not imported at all."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from ellar_db.plugins.builtin import BUILTINS, LINES, TASKS, built_in
from ellar_db.testing import Project
from ellar_db.util.garbage import COMPARING, RUNNING
from tests.support.applications import Shop, new_shop
from tests.support.pages import ROOT

HEAVY = {"alembic", "sqlalchemy", "ellar", "ellar_cli", "ellar_sql", "rich", "packaging"}


def modules_of(program: str, project: Project | Shop) -> set[str]:
    """Run a program in a Python of its own, and give the packages that it imported."""
    # measured, it would import what the measuring needs
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\nimport json, sys; print(json.dumps(list(sys.modules)))"],
        cwd=project.path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.partition(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}


def imported_by(program: str, project: Project) -> set[str]:
    """Run a program in a Python of its own, and give the heavy packages that it imported."""
    return HEAVY & modules_of(program, project)


def help_of(*arguments: str) -> str:
    return f"from ellar_db.cli import db\ndb.main({arguments!r}, prog_name='ellar-db', standalone_mode=False)"


def test_what_would_be_seen(plain: Project) -> None:
    assert imported_by("import alembic.config, rich", plain) >= {"alembic", "sqlalchemy", "rich"}


def test_the_help_of_the_group_imports_nothing_heavy(plain: Project) -> None:
    assert imported_by(help_of("--help"), plain) == set()


def test_the_help_of_the_group_imports_nothing_of_python_that_it_does_without(plain: Project) -> None:
    (plain.path / "pyproject.toml").write_text("[tool.ellar-db]\nallowed-plugins = []\n", encoding="utf-8")
    found = modules_of(help_of("--help"), plain)

    assert "click" in found
    # each takes some hundredths of the time
    assert found & {"dataclasses", "logging", "tempfile"} == set()


def test_the_program_searches_for_no_garbage_while_it_imports(plain: Project) -> None:
    plain.db("init")
    imports = "import ellar_db.cli, gc, json\nfound = []\ngc.callbacks.append(lambda what, _: found.append(what))"

    done = subprocess.run(
        [sys.executable, "-c", f"{imports}\n{MAIN.replace('current', '--help')}\nprint(json.dumps(found))"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert json.loads(done.stdout.splitlines()[-1]) == []


def test_the_help_of_every_command_imports_nothing_heavy(plain: Project) -> None:
    names = [name.replace("_", "-") for name, module in BUILTINS.items() if ".commands." in module]
    assert len(names) >= 17

    program = "\n".join(help_of(name, "--help") for name in names)

    assert imported_by(program, plain) == set()


def commands_imported_by(program: str, project: Project) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\nimport sys; print(*sys.modules)"],
        cwd=project.path,
        capture_output=True,
        text=True,
        check=True,
    )
    names = done.stdout.splitlines()[-1].split()
    return {name.split(".")[2] for name in names if name.startswith("ellar_db.commands.")}


def test_only_the_command_that_is_asked_for_is_imported(plain: Project) -> None:
    plain.db("init")

    assert commands_imported_by(help_of("--help"), plain) == set()
    assert commands_imported_by(help_of("heads", "--help"), plain) == {"heads"}
    assert commands_imported_by(help_of("ensure_version", "--help"), plain) == {"ensure_version"}
    assert commands_imported_by(help_of("heads"), plain) == {"heads"}


@pytest.mark.parametrize("name", LINES)
def test_what_is_known_of_a_command_before_it_is_imported(name: str) -> None:
    (deferred,) = built_in(name).ellar_db_register_commands()
    (command,) = import_module(BUILTINS[name]).ellar_db_register_commands()

    assert (deferred.name, deferred.short_help, deferred.hidden) == (command.name, command.short_help, command.hidden)


def test_every_command_is_known() -> None:
    assert {name for name, module in BUILTINS.items() if ".commands." in module} == LINES.keys()


def test_each_command_is_listed_with_one_task() -> None:
    listed = sorted(name for names in TASKS.values() for name in names)

    assert listed == sorted(name.replace("_", "-") for name in LINES)


@pytest.mark.parametrize("module", BUILTINS.values())
def test_a_built_in_plugin_imports_nothing_heavy(module: str, plain: Project) -> None:
    assert imported_by(f"import {module}", plain) == set()


def test_the_names_for_plugin_authors_import_nothing_heavy(plain: Project) -> None:
    names = "hookimpl, alembic_config, Database, DbError, OverridingCommand, RevisionRequest"

    assert imported_by(f"from ellar_db import {names}", plain) == set()


MAIN = """
import sys
from pathlib import Path
sys.argv = ["ellar-db", "current"]
from ellar_db.cli import main
try:
    main()
except SystemExit:
    pass
"""


def test_the_program_imports_no_colours_for_pages_that_it_never_shows(plain: Project) -> None:
    plain.db("init")

    found = modules_of(MAIN, plain)

    assert "alembic" in found
    assert "pygments" not in found


def test_no_colours_either_with_the_application_of_ellar(tmp_path: Path) -> None:
    with new_shop(tmp_path) as shop:
        shop.with_plain_sqlalchemy("sqlite:///app.db")
        shop.ellar("db", "init")
        program = MAIN.replace('"ellar-db"', '"ellar", "db"').replace("ellar_db.cli import", "ellar_cli.cli import")
        found = modules_of(program, shop)

    assert {"alembic", "mako"} <= found
    assert "pygments" not in found


def test_the_program_searches_nothing_for_garbage_when_it_ends(plain: Project) -> None:
    plain.db("init")
    last = "import atexit, gc\natexit.register(lambda: print(gc.get_freeze_count()))"

    done = subprocess.run([sys.executable, "-c", f"{last}\n{MAIN}"], capture_output=True, text=True, check=True)

    assert int(done.stdout) > 10_000


@pytest.mark.parametrize(("command", "thresholds"), [("current", RUNNING), ("check", COMPARING)])
def test_the_program_searches_rarely_for_garbage(plain: Project, command: str, thresholds: tuple[int, ...]) -> None:
    plain.db("init")
    plain.db("upgrade")
    last = "import atexit, gc\natexit.register(lambda: print(gc.get_threshold()))"
    main = MAIN.replace('"current"', f'"{command}"')

    done = subprocess.run([sys.executable, "-c", f"{last}\n{main}"], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == str(thresholds)


def test_a_test_module_imports_no_other() -> None:
    found = []
    for file in [*ROOT.glob("tests/**/*.py"), *ROOT.glob("plugins_example/**/*.py")]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += ["." * node.level + (node.module or "")] if isinstance(node, ast.ImportFrom) else []
            found += [
                f"{file.relative_to(ROOT)} imports {name}"
                for name in names
                if name.startswith((".", "tests")) and not name.startswith("tests.support")
            ]

    assert found == [], "what several test modules need goes to tests/support/"
