"""Plugins that answer nonsense: named in one line, whatever the hook."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Project

HEAD = "import click\nfrom ellar_db import Database, PackageMigrations, hookimpl\nfrom pathlib import Path\n\n"

LOCK = """
class Lock:
    def acquire(self): {acquire}
    def release(self): {release}
    def holder(self): return ""

@hookimpl
def ellar_db_lock(): return Lock()
"""

WRAPPER = "@hookimpl(wrapper=True)\ndef ellar_db_invoke():\n    {body}\n"

NONSENSE = {
    "directory": ("@hookimpl\ndef ellar_db_directory(): return 42\n", "it gave 42, which is no path"),
    "templates": ("@hookimpl\ndef ellar_db_templates(): return [None]\n", "TypeError"),
    "lock": (
        "@hookimpl\ndef ellar_db_lock(): return 42\n",
        "it gave 42, which has no acquire(), release() and holder()",
    ),
    "lock-acquire": (LOCK.format(acquire="raise ValueError('boom')", release="pass"), "ValueError: boom"),
    "lock-release": (LOCK.format(acquire="return True", release="raise ValueError('boom')"), "ValueError: boom"),
    "engine": (
        "@hookimpl\ndef ellar_db_databases(): yield Database('x', 'sqlite://')\n",
        "the engine of the database 'x' is 'sqlite://'",
    ),
    "metadata": (
        "@hookimpl\ndef ellar_db_migrations(): yield PackageMigrations('x', Path('.'), metadata=42)\n",
        "metadata must be a MetaData",
    ),
    "option": (
        "@hookimpl\ndef ellar_db_context_options(): return {'render_item': 42}\n",
        "its render_item is 42, which can't be called",
    ),
    "callback": (
        "@hookimpl\ndef ellar_db_command_options(command):\n"
        "    yield click.Option(['--odd'], callback=lambda *_: 1 / 0)\n",
        "ZeroDivisionError",
    ),
    "yields-twice": (WRAPPER.format(body="yield; yield"), "RuntimeError"),
    "yields-never": (WRAPPER.format(body="if 0: yield"), "RuntimeError"),
}


@pytest.mark.parametrize(("source", "cause"), NONSENSE.values(), ids=NONSENSE.keys())
def test_the_plugin_is_named(plain: Project, install: Callable[..., Path], source: str, cause: str) -> None:
    plain.db("init", "-d", "migrations")
    plain.db("migrate")
    install("culprit", HEAD + source)

    error = plain.db("init" if "templates" in source else "upgrade", exit_code=1).stderr.splitlines()[-1]

    assert error.startswith("Error: ")
    assert "culprit 1.0" in error
    assert cause in error


@pytest.mark.parametrize("directive", ["directives.append(42)", "directives[0].rev_id = '../x'"])
def test_what_is_left_in_the_directives_is_refused(
    plain: Project, install: Callable[..., Path], directive: str
) -> None:
    plain.db("init")
    install("culprit", f"{HEAD}@hookimpl\ndef ellar_db_process_revision_directives(directives):\n    {directive}\n")

    error = plain.db("migrate", exit_code=1).stderr.splitlines()[-1]

    assert error.startswith("Error: process_revision_directives")
    assert plain.revisions() == []


UNRUNNABLE = {
    "generator": ("def ellar_db_before_run(database):\n    raise click.ClickException('frozen')\n    yield", "yields"),
    "coroutine": ("async def ellar_db_before_run(database):\n    raise click.ClickException('frozen')", "async"),
    "first": ("def ellar_db_directory():\n    yield 'elsewhere'", "yields"),
}


@pytest.mark.parametrize(("function", "what"), UNRUNNABLE.values(), ids=UNRUNNABLE.keys())
def test_a_hook_that_would_never_run_is_left_out(
    plain: Project, install: Callable[..., Path], function: str, what: str
) -> None:
    install("culprit", f"{HEAD}@hookimpl\n{function}\n")

    said = plain.db("--help").stderr

    assert "the plugin culprit 1.0 is left out: its ellar_db_" in said
    assert what in said


def test_an_option_does_not_take_the_help_away(plain: Project, install: Callable[..., Path]) -> None:
    hook = "@hookimpl\ndef ellar_db_command_options(command): yield click.Option(['--help'])\n"
    install("culprit", HEAD + hook)

    shown = plain.db("upgrade", "--help")

    assert "Upgrade to a later version" in shown.stdout
    assert "adds --help to upgrade, where --help is taken by upgrade; it is left out" in shown.stderr


def test_a_file_that_alembic_would_not_read(plain: Project, install: Callable[..., Path]) -> None:
    plain.db("init")
    install("culprit", f"{HEAD}@hookimpl\ndef ellar_db_revision_filename(): return '__init__'\n")

    assert "gives '__init__' as file name, which Alembic doesn't read" in plain.db("revision", exit_code=1).stderr


def test_a_command_whose_help_is_no_text_is_left_out(plain: Project, install: Callable[..., Path]) -> None:
    install(
        "culprit",
        f"{HEAD}@hookimpl\ndef ellar_db_register_commands(): yield click.Command('odd', help=5)\n",
    )

    assert "the plugin culprit 1.0 is left out" in plain.db("--help").stderr
