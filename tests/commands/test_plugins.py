"""`plugins`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from ellar_db.commands.plugins import tables
from ellar_db.testing import Project
from ellar_db.version import __version__
from tests.support.output import rows

Install = Callable[..., Path]

GOOD = """
import click
from ellar_db import hookimpl

@click.command("report")
def report():
    pass

@click.command("heads")
def heads():
    pass

@hookimpl
def ellar_db_register_commands():
    return [report, heads]

@hookimpl
def ellar_db_revision_id():
    return None
"""


def listed(project: Project) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(project.db("plugins", "--json").stdout)["plugins"]
    return rows


def test_json_has_all_of_each_plugin(plain: Project, install: Install) -> None:
    install("good", GOOD, version="1.2")

    ours, good = listed(plain)

    assert good.pop("load_ms") > 0
    assert good == {
        "distribution": "good",
        "version": "1.2",
        "kind": "installed",
        "entry_point": "good = good",
        "state": "active",
        "error": "",
        "hooks": ["ellar_db_register_commands", "ellar_db_revision_id"],
        "commands_added": ["report"],
        "commands_overridden": ["heads"],
        "commands_claimed": [],
        "migrations": [],
    }
    assert (ours["distribution"], ours["version"], ours["kind"], ours["state"]) == (
        "ellar-db",
        __version__,
        "built-in",
        "active",
    )
    assert {"upgrade", "heads", "plugins"} <= set(ours["commands_added"])
    assert ours["commands_overridden"] == []
    assert {"ellar_db_register_commands", "ellar_db_invoke", "ellar_db_databases"} <= set(ours["hooks"])
    assert ours["load_ms"] > 0


def test_commands_belong_to_the_plugin_and_not_to_its_distribution(plain: Project, install: Install) -> None:
    file = install("pair", GOOD, entry_points={"one": "pair", "two": "pair_two"})
    file.with_name("pair_two.py").write_text(GOOD.replace('"report"', '"other"').replace('"heads"', '"more"'))

    rows = {row["entry_point"]: row for row in listed(plain)}

    assert (rows["one = pair"]["commands_added"], rows["one = pair"]["commands_overridden"]) == (["report"], ["heads"])
    assert rows["two = pair_two"]["commands_added"] == ["more", "other"]


def test_an_overridden_override_is_still_shown(plain: Project, install: Install) -> None:
    install("good", GOOD)
    plain.write("own.py", GOOD)
    plain.configure(extra="plugins = ['own']")

    _, good, own = listed(plain)

    assert (good["commands_added"], good["commands_overridden"]) == (["report"], ["heads"])
    assert (own["commands_added"], own["commands_overridden"]) == ([], ["heads", "report"])


def test_a_claimed_name_is_shown_with_both(plain: Project, install: Install) -> None:
    install("ant", GOOD)
    install("bee", GOOD)

    rows = listed(plain)

    assert [row["commands_claimed"] for row in rows] == [[], ["heads", "report"], ["heads", "report"]]
    assert "claims heads, report, as another plugin does" in plain.db("plugins").stdout


def test_states_are_shown(plain: Project, install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    install("good", GOOD)
    install("off", GOOD)
    install("broken", "import no_such_module")
    monkeypatch.setenv("ELLAR_DB_DISABLE_PLUGINS", "off")
    plain.configure(extra="required-plugins = ['absent>=2']")

    rows = {row["distribution"]: (row["state"], row["error"]) for row in listed(plain)}

    assert rows == {
        "ellar-db": ("active", ""),
        "broken": ("broken", "ModuleNotFoundError: No module named 'no_such_module'"),
        "good": ("active", ""),
        "off": ("disabled", ""),
        "absent>=2": ("missing", "it isn't installed; install it with pip install 'absent>=2'"),
    }


def test_the_table_tells_the_same(plain: Project, install: Install) -> None:
    install("good", GOOD, version="1.2")
    install("broken", "import no_such_module")

    lines = rows(plain.db("plugins").stdout)

    columns = [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in lines]
    assert columns[0] == ["Plugin", "From", "State", "Load", "Does"]
    assert columns[1][:3] == [f"ellar-db {__version__}", "built-in", "active"]
    assert "commands; hooks " in lines[1]
    assert columns[2][:3] == ["broken 1.0", "broken = broken", "broken"]
    assert lines[2].endswith("ModuleNotFoundError: No module named 'no_such_module'")
    assert lines[3].endswith("adds report; overrides heads; hooks revision_id")
    assert len(lines) == 4


def test_it_needs_no_folder_and_no_database(project: Project) -> None:
    assert project.db("plugins").exit_code == 0


@pytest.mark.parametrize("variable", ["", "FORCE_COLOR=1", "TTY_COMPATIBLE=1", "COLUMNS=20"])
def test_redirected_output_has_one_line_for_each_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    if variable:
        # as set where programs run without a terminal, and colours are wanted
        monkeypatch.setenv(*variable.split("="))
    found = [
        {
            "distribution": f"ellar-db-of-{number}",
            "version": "1.0",
            "entry_point": f"plugin{number} = ellar_db_of_{number}.plugin",
            "kind": "installed",
            "state": "broken",
            "load_ms": load_ms,
            "error": f"ImportError: {'no such thing ' * number}",
        }
        for number, load_ms in enumerate([0.04, 9.94, 9.96, 10.0, 99.96, 1234.5])
    ]
    with (tmp_path / "out").open("w+", encoding="utf-8") as file:
        monkeypatch.setattr(sys, "stdout", file)
        tables.show_plugins(found)
        tables.show_timings(found)
        tables.show_hooks({"ellar_db_run": [f"plugin{number}" for number in range(30)]})
        file.seek(0)
        lines = [click.unstyle(line) for line in file]

    starts = [line.split()[0] for line in lines]
    names = [str(row["distribution"]) for row in found]
    assert starts == ["Plugin", *names, "Plugin", *reversed(names), "all", "Hook", "ellar_db_run"]
    assert len({len(line) for line in lines[:7]}) == 1
