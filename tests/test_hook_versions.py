"""Plugins written for other versions of the hooks, and what goes away."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pluggy
import pytest

from ellar_db import hookspecs
from ellar_db.plugins.manager import create_plugin_manager, get_plugin_manager
from ellar_db.plugins.record import INSTALLED, Plugin
from ellar_db.testing import Project

PLUGIN = """
from ellar_db import hookimpl

ELLAR_DB_API = {}

@hookimpl
def ellar_db_directory():
    return "elsewhere"
"""


@pytest.mark.parametrize("written_for", ["1.0"])
def test_a_plugin_for_these_hooks_is_used(project: Project, install: Callable[..., Path], written_for: str) -> None:
    install("fits", PLUGIN.format(repr(written_for)))

    assert "elsewhere" in project.db("init").stdout


@pytest.mark.parametrize(
    ("written_for", "cure"),
    [("1.7", "update ellar-db"), ("2.0", "update ellar-db"), ("0.9", "update the plugin")],
)
def test_a_plugin_for_other_hooks_is_left_out_with_a_line(
    project: Project, install: Callable[..., Path], written_for: str, cure: str
) -> None:
    install("misfit", PLUGIN.format(repr(written_for)))

    result = project.db("init")

    assert result.stdout.startswith("Made migrations.")
    assert result.stderr == (
        f"Warning: the plugin misfit 1.0 is left out: it was written for version {written_for} of the hooks, and "
        f"ellar-db 0.1.0 has {hookspecs.API}; {cure}. Until then, say "
        "ELLAR_DB_DISABLE_PLUGINS=misfit to hear no more of it.\n"
    )
    assert [record.state for record in get_plugin_manager().records if record.kind == INSTALLED] == ["incompatible"]


@pytest.mark.parametrize("written_for", [1, "1", "one.two", None])
def test_what_is_no_version_is_broken(project: Project, install: Callable[..., Path], written_for: object) -> None:
    install("odd", PLUGIN.format(repr(written_for)))

    result = project.db("list-templates")

    broken = f"its ELLAR_DB_API is {written_for!r}; write it as in" in result.stderr
    assert broken is (written_for is not None)


def test_deprecated_hooks_and_arguments_are_named_once_with_the_plugin(capsys: pytest.CaptureFixture[str]) -> None:
    hookspec, hookimpl = pluggy.HookspecMarker("ellar_db"), pluggy.HookimplMarker("ellar_db")

    class Specs:
        @hookspec(warn_on_impl=DeprecationWarning("use ellar_db_directory"))
        def ellar_db_folder(self) -> None: ...

        @hookspec(warn_on_impl_args={"path": DeprecationWarning("path is now called directory")})
        def ellar_db_moved(self, path: str, directory: str) -> None: ...

    plugin = ModuleType("old")
    vars(plugin)["ellar_db_folder"] = hookimpl(lambda: None, specname="ellar_db_folder")
    vars(plugin)["ellar_db_moved"] = hookimpl(lambda path: None, specname="ellar_db_moved")
    manager = create_plugin_manager()
    manager.add_hookspecs(Specs)

    manager.load(Plugin("old:old", INSTALLED, "old", version="1.0"), lambda: plugin)

    assert capsys.readouterr().err.splitlines() == [
        "Warning: the plugin old 1.0 uses what will go away: use ellar_db_directory",
        "Warning: the plugin old 1.0 uses what will go away: path is now called directory",
    ]
    assert manager.records[-1].state == "active"
