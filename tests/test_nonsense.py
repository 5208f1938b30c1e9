"""Plugins that answer nonsense: named in one line, whatever the hook."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ellar_db.testing import Project

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
        "@hookimpl\ndef ellar_db_databases(): yield Database('x', 42)\n",
        "the engine of the database 'x' is 42",
    ),
    "metadata": (
        "@hookimpl\ndef ellar_db_migrations(): yield PackageMigrations('x', Path('.'), metadata=42)\n",
        "metadata must be a MetaData",
    ),
    "option": (
        "@hookimpl\ndef ellar_db_context_options(): return {'render_item': 42}\n",
        "render_item is 42, which can't be called",
    ),
    "callback": (
        "@hookimpl\ndef ellar_db_command_options(command):\n"
        "    yield click.Option(['--odd'], callback=lambda *_: 1 / 0)\n",
        "failed in its option --odd: ZeroDivisionError",
    ),
    "lock-leaves": (LOCK.format(acquire="raise SystemExit(3)", release="pass"), "acquire() of its lock: SystemExit: 3"),
    "lock-release-leaves": (
        LOCK.format(acquire="return True", release="raise SystemExit(3)"),
        "release() of its lock: SystemExit: 3",
    ),
    "option-key": (
        "@hookimpl\ndef ellar_db_context_options(): return {1: 2}\n",
        "1 stands where the name of an option belongs",
    ),
    "option-text": (
        "@hookimpl\ndef ellar_db_context_options(): return {'version_table': 42}\n",
        "version_table is 42, which is no text",
    ),
    "option-empty": (
        "@hookimpl\ndef ellar_db_context_options(): return {'version_table': ''}\n",
        "version_table is '', which names no table",
    ),
    "option-list": (
        "@hookimpl\ndef ellar_db_context_options(): return {'autogenerate_plugins': 42}\n",
        "autogenerate_plugins is 42, which is no list of names",
    ),
    "option-metadata": (
        "@hookimpl\ndef ellar_db_context_options(): return {'target_metadata': 42}\n",
        "target_metadata is 42, which is neither a MetaData nor a list of these",
    ),
    "option-sql": (
        "@hookimpl\ndef ellar_db_context_options(): return {'as_sql': True}\n",
        "as_sql is the command's to say, by --sql",
    ),
    "packages-as-text": (
        "@hookimpl\ndef ellar_db_migrations(): return 'text'\n",
        "it gave 'text', where a list belongs",
    ),
    "databases-as-text": (
        "@hookimpl\ndef ellar_db_databases(): return 'text'\n",
        "it gave 'text', where a list belongs",
    ),
    "error-without-text": (
        "class Odd(Exception):\n    def __str__(self): raise ValueError('haha')\n\n"
        "@hookimpl\ndef ellar_db_databases(): raise Odd\n",
        "failed in ellar_db_databases: Odd; mend it",
    ),
    "empty-directory": ("@hookimpl\ndef ellar_db_directory(): return ''\n", "it gave '', which is no path"),
    "lock-fails-twice": (
        LOCK.format(acquire="raise ValueError('first')", release="raise ValueError('second')"),
        "acquire() of its lock: ValueError: first",
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


@pytest.mark.parametrize("hook", ["include_object", "include_name"])
@pytest.mark.parametrize("answer", ["42", "'no'", "[]"])
def test_a_filter_says_yes_or_no(plain: Project, install: Callable[..., Path], hook: str, answer: str) -> None:
    plain.db("init")
    install("culprit", f"{HEAD}@hookimpl\ndef ellar_db_{hook}(): return {answer}\n")

    assert plain.db("migrate", exit_code=1).stderr.splitlines()[-1] == (
        f"Error: the plugin culprit 1.0 failed in ellar_db_{hook}: TypeError: it gave {answer}; give True, False or "
        "None; mend it (--traceback shows where), or leave it out with ELLAR_DB_DISABLE_PLUGINS=culprit"
    )
    assert plain.revisions() == []


def test_what_a_wrapper_takes_from_a_command_is_told(plain: Project, install: Callable[..., Path]) -> None:
    plain.db("init")
    install(
        "culprit",
        f"{HEAD}@hookimpl(wrapper=True)\ndef ellar_db_invoke(ctx):\n    ctx.params.clear()\n    return (yield)\n",
    )

    assert plain.db("heads", exit_code=1).stderr == (
        "Error: a plugin's ellar_db_invoke took directory, json, package, resolve_dependencies, single, verbose, "
        "write, x_arg out of ctx.params, which heads needs; `ellar-db plugins --hooks` shows who wraps it\n"
    )


def test_an_option_that_looks_like_one_of_alembics_is_told_once(plain: Project, install: Callable[..., Path]) -> None:
    plain.db("init")
    plain.db("migrate")
    options = "{'compare_typ': True, 'something_else': 1}"
    install("culprit", f"{HEAD}@hookimpl\ndef ellar_db_context_options(): return {options}\n")

    said = plain.db("upgrade").stderr.splitlines()

    assert [line for line in said if line.startswith("Warning: ")] == [
        "Warning: the plugin culprit 1.0 gives the option compare_typ, which Alembic doesn't know; "
        "did you mean compare_type?"
    ]


def test_options_that_alembic_cannot_be_configured_with(plain: Project, install: Callable[..., Path]) -> None:
    plain.db("init")
    install("culprit", f"{HEAD}@hookimpl\ndef ellar_db_context_options(): return {{'template_args': 42}}\n")

    error = plain.db("migrate", exit_code=1).stderr

    assert error.startswith("Error: Alembic can't be configured for the database 'default' with its options: ")


def test_options_of_the_application_are_looked_at_too(plain: Project) -> None:
    plain.db("init")
    plain.write("pyproject.toml", "[tool.ellar-db]\nplugins = ['own']\n")
    plain.write(
        "own.py",
        "from sqlalchemy import create_engine\n" + HEAD + "@hookimpl\ndef ellar_db_databases():\n"
        "    yield Database('default', create_engine('sqlite://'), options={'version_table': 42})\n",
    )
    plain.forget("own")

    assert plain.db("current", exit_code=1).stderr == (
        "Error: in the options of the database 'default', version_table is 42, which is no text\n"
    )


def test_a_plugin_whose_error_has_no_text_is_left_out(plain: Project, install: Callable[..., Path]) -> None:
    install("culprit", "class Odd(Exception):\n    def __str__(self): raise ValueError('haha')\n\nraise Odd\n")

    said = plain.db("plugins").stderr

    assert said.startswith("Warning: the plugin culprit 1.0 is left out: Odd. Mend or uninstall it, or say ")


def test_nothing_in_a_message_reaches_the_terminal(plain: Project, install: Callable[..., Path]) -> None:
    install("culprit", "raise ValueError('red: \\x1b[31m')\n")

    result = plain.db("plugins")

    assert "\\x1b[31m" in result.stderr
    assert "\x1b" not in result.output + result.stderr
