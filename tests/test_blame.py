"""Which plugin an error names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ellar_db.testing import Project

Install = Callable[..., Path]

SHARED = """
import click
from ellar_db import hookimpl


class Watcher:
    def __init__(self, name, fails):
        self.name, self.fails = name, fails

    @hookimpl(wrapper=True)
    def ellar_db_invoke(self, ctx, command):
        if self.fails == "before":
            raise ValueError(self.name)
        result = yield
        if self.fails == "after":
            raise ValueError(self.name)
        if self.fails == "twice":
            yield
        return result

    @hookimpl(wrapper=True)
    def ellar_db_before_run(self, database):
        result = yield
        if self.fails == "run":
            raise ValueError(self.name)
        return result

    @hookimpl
    def ellar_db_register_commands(self):
        def check(ctx, param, value):
            if self.fails == "callback" and value:
                raise ValueError(self.name)

        yield click.Command(f"do-{self.name}", params=[click.Option(["--now"], is_flag=True, callback=check)])


one = Watcher("one", "FAILS".partition(" ")[0] if "FAILS".endswith("one") else "")
duo = Watcher("duo", "FAILS".partition(" ")[0] if "FAILS".endswith("duo") else "")
"""

QUIET = "from ellar_db import hookimpl\n\n@hookimpl\ndef ellar_db_before_run(database):\n    pass\n"


def shared(install: Install, fails: str) -> None:
    """Install two distributions that name instances of one class, of which one fails."""
    for name in ("one", "duo"):
        install(name, SHARED.replace("FAILS", fails), module="shared", entry_points={name: f"shared:{name}"})


@pytest.mark.parametrize("culprit", ["one", "duo"])
@pytest.mark.parametrize("when", ["before", "after", "twice", "callback", "run"])
def test_of_two_instances_of_one_class_the_one_that_failed_is_named(
    plain: Project, install: Install, when: str, culprit: str
) -> None:
    plain.db("init")
    shared(install, f"{when} {culprit}")
    install("quiet", QUIET)

    arguments = [f"do-{culprit}", "--now"] if when == "callback" else ["upgrade"]
    error = plain.db(*arguments, exit_code=1).stderr.splitlines()[-1]

    hook = {"callback": "its code", "run": "ellar_db_before_run"}.get(when, "ellar_db_invoke")
    cause = "RuntimeError: it must yield once, and did again" if when == "twice" else f"ValueError: {culprit}"
    assert error.startswith(f"Error: the plugin {culprit} 1.0 failed in {hook}: {cause}; mend it")


def test_an_error_of_the_command_is_not_the_wrappers(plain: Project, install: Install) -> None:
    shared(install, "never")
    install(
        "broken-command",
        "import click\nfrom ellar_db import hookimpl\n\n@hookimpl\ndef ellar_db_register_commands():\n"
        "    yield click.Command('fail', callback=lambda: 1 / 0)\n",
    )

    assert "the plugin broken-command 1.0 failed in its command fail: ZeroDivisionError" in (
        plain.db("fail", exit_code=1).stderr
    )
    # of Alembic or of ellar_db
    assert "there is no migrations folder" in plain.db("upgrade", exit_code=1).stderr


@pytest.mark.filterwarnings("ignore::pluggy.PluggyTeardownRaisedWarning")
def test_an_old_style_wrapper_is_named_for_its_own_errors_alone(plain: Project, install: Install) -> None:
    plain.db("init")
    install("quiet", QUIET.replace("pass", "raise ValueError('quiet')"))
    install(
        "old",
        "from ellar_db import hookimpl\n\n@hookimpl(hookwrapper=True)\ndef ellar_db_before_run(database):\n"
        "    outcome = yield\n    outcome.get_result()\n",
    )

    error = plain.db("upgrade", exit_code=1).stderr

    assert "the plugin quiet 1.0 failed in ellar_db_before_run: ValueError: quiet" in error


def test_a_wrapper_may_turn_an_error_into_an_answer(plain: Project, install: Install) -> None:
    plain.db("init")
    plain.db("migrate")
    install("quiet", QUIET.replace("pass", "raise ValueError('quiet')"))
    install(
        "kind",
        "from ellar_db import hookimpl\n\n@hookimpl(wrapper=True)\ndef ellar_db_before_run(database):\n"
        "    try:\n        return (yield)\n    except Exception:\n        return []\n",
    )

    plain.db("upgrade")

    assert "users" in plain.tables()


PACKAGE = """
import click
from ellar_db import hookimpl
from pkg.cmds import look

@hookimpl
def ellar_db_register_commands():
    yield click.Command("look", params=[click.Option(["--at"], callback=look)])
"""


@pytest.mark.parametrize("module", ["pkg", "pkg.plugin"])
def test_a_plugin_that_is_a_package_is_named_for_all_its_modules(plain: Project, install: Install, module: str) -> None:
    site = install("pkg-plugin", "", module="unused", entry_points={"look": module}).parent
    (site / "pkg").mkdir()
    (site / "pkg" / "__init__.py").write_text(PACKAGE if module == "pkg" else "")
    (site / "pkg" / "plugin.py").write_text(PACKAGE)
    (site / "pkg" / "cmds.py").write_text("def look(ctx, param, value):\n    return 1 / len(value)\n")
    plain.forget("pkg")

    result = plain.db("look", "--at", "", exit_code=1)

    assert result.stderr.startswith(
        "Error: the plugin pkg-plugin 1.0 failed in its code: ZeroDivisionError: division by zero; mend it"
    )
    assert "cmds.py" in plain.db("--traceback", "look", "--at", "", exit_code=1).stderr
