"""Test ${package.name} in a temporary project."""

from __future__ import annotations

import ${package.module}
from ellar_db.testing import Project, TestPlugins


def test_the_command_shows_the_databases(ellar_db_project: Project, plugin_manager: TestPlugins) -> None:
    plugin_manager.register(${package.module})
    ellar_db_project.db("init")

    assert ellar_db_project.db("${package.command}").stdout == "default: sqlite:///app.db\n"


def test_a_run_says_how_many_revisions_were_applied(ellar_db_project: Project, plugin_manager: TestPlugins) -> None:
    plugin_manager.register(${package.module})
    ellar_db_project.db("init")
    ellar_db_project.db("migrate", "-m", "Add users")

    assert ellar_db_project.db("upgrade").stderr.splitlines()[-1] == "default: 1 revision(s) ran"


def test_a_run_says_nothing_where_the_project_wants_it_quiet(
    ellar_db_project: Project, plugin_manager: TestPlugins
) -> None:
    plugin_manager.register(${package.module})
    ellar_db_project.db("init")
    ellar_db_project.configure(extra="[tool.${package.name}]\nquiet = true")

    assert "revision(s) ran" not in ellar_db_project.db("upgrade").stderr
