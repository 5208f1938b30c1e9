"""Options that plugins add to commands which aren't theirs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ellar_db.testing import Project

TICKET = """
import click
from ellar_db import hookimpl, plugin_option

@hookimpl
def ellar_db_command_options(command):
    if command.name == "upgrade":
        yield click.Option(["--ticket"], help="The change request.")

@hookimpl
def ellar_db_committed(run):
    click.echo(f"{len(run.steps)} for {plugin_option('ticket', 'nothing')}")
"""


def test_ellar_db_command_options_reach_the_plugins_other_hooks(plain: Project, install: Callable[..., Path]) -> None:
    install("tickets", TICKET)
    plain.db("init")
    plain.db("migrate")

    assert plain.db("upgrade", "--ticket", "SHOP-42").stdout == "1 for SHOP-42\n"
    assert plain.db("upgrade").stdout == "0 for None\n"


def test_async_engines_see_them_too(project: Project, install: Callable[..., Path]) -> None:
    install("tickets", TICKET)
    project.configure(url="sqlite+aiosqlite:///app.db")
    project.db("init")
    project.db("migrate")

    assert project.db("upgrade", "--ticket", "SHOP-42").stdout == "1 for SHOP-42\n"


def test_help_shows_them(project: Project, install: Callable[..., Path]) -> None:
    install("tickets", TICKET)

    assert "--ticket TEXT" in project.db("upgrade", "--help").stdout
    assert "--ticket" not in project.db("downgrade", "--help").stdout


def test_bare_alembic_runs_with_the_default(plain: Project, install: Callable[..., Path]) -> None:
    install("tickets", TICKET)
    plain.db("init")
    plain.db("migrate")

    done = plain.run("alembic", "-c", "migrations/alembic.ini", "upgrade", "head", env={"PYTHONPATH": "site"})

    assert done.stdout == "1 for nothing\n"


def test_an_option_that_is_taken_is_left_out_with_a_warning(plain: Project, install: Callable[..., Path]) -> None:
    option = (
        "import click\nfrom ellar_db import hookimpl\n\n@hookimpl\ndef ellar_db_command_options(command):\n"
        "    if command.name == 'heads':\n        return [click.Option([{!r}, {!r}], is_flag=True)]\n"
    )
    install("first", option.format("-v", "--very"))
    install("second", option.format("--many", "many"))
    install("third", option.format("--many", "much"))
    plain.db("init")

    result = plain.db("heads")

    assert result.stderr.splitlines() == [
        "Warning: the plugin second 1.0 adds --many to heads, where --many is taken by third 1.0; it is left out.",
        "Warning: the plugin first 1.0 adds -v to heads, where -v is taken by heads; it is left out.",
    ]


def test_junk_is_left_out_with_a_warning(plain: Project, install: Callable[..., Path]) -> None:
    install(
        "junk",
        "from ellar_db import hookimpl\n\n@hookimpl\ndef ellar_db_command_options(command):\n    return ['--dry']\n",
    )
    plain.db("init")

    assert plain.db("heads").stderr == (
        "Warning: the plugin junk 1.0 adds '--dry' to heads, which is no click.Option; it is left out.\n"
    )


@pytest.mark.parametrize("failing", ["raise ZeroDivisionError('no')", "yield 1 / 0", "raise click.UsageError('no')"])
def test_a_plugin_that_fails_takes_no_command_away(plain: Project, install: Callable[..., Path], failing: str) -> None:
    hook = f"@hookimpl\ndef ellar_db_command_options(command):\n    {failing}\n"
    install("failing", f"import click\nfrom ellar_db import hookimpl\n\n{hook}")
    install("a-fine", TICKET)
    install("z-fine", TICKET.replace("ticket", "change"))
    plain.db("init")
    plain.db("migrate")

    shown = plain.db("upgrade", "--help")
    result = plain.db("upgrade", "--ticket", "1", "--change", "2")

    assert "--ticket" in shown.stdout
    assert "--change" in shown.stdout
    assert "1 for 1\n" in result.stdout
    for each in (shown, result):
        lines = [line for line in each.stderr.splitlines() if "failing" in line]
        assert len(lines) == 1
        assert lines[0].startswith(
            "Warning: the plugin failing 1.0 adds no options, since it failed in ellar_db_command_options: "
        )


def test_an_option_with_a_callback_of_its_own_keeps_what_that_gives(
    plain: Project, install: Callable[..., Path]
) -> None:
    install(
        "loud",
        """
        import click
        from ellar_db import hookimpl, plugin_option

        @hookimpl
        def ellar_db_command_options(command):
            yield click.Option(["--word"], callback=lambda ctx, param, value: (value or "").upper())

        @hookimpl(wrapper=True)
        def ellar_db_invoke(ctx, command):
            click.echo(plugin_option("word"))
            return (yield)
        """,
    )
    plain.db("init")

    assert plain.db("heads", "--word", "hey").stdout == "HEY\n"


CLASHING = """
import click
from ellar_db import OverridingCommand, hookimpl

@click.command("downgrade", cls=OverridingCommand)
@click.pass_context
def downgrade(ctx, **_):
    ctx.command.call_replaced(ctx)

@hookimpl
def ellar_db_register_commands():
    yield downgrade
"""


def test_options_that_a_command_took_over_are_taken(plain: Project, install: Callable[..., Path]) -> None:
    install("over", CLASHING)
    install("tags", TICKET.replace("upgrade", "downgrade").replace("--ticket", "--tag"))
    plain.db("init")
    plain.db("migrate")
    plain.db("upgrade")
    problem = "the plugin tags 1.0 adds --tag to downgrade, where --tag is taken by downgrade; it is left out"

    assert problem in plain.db("plugins", "--check", exit_code=1).stderr
    assert plain.db("downgrade", "--yes", "base").stderr.startswith(f"Warning: {problem}.\n")
    assert plain.db("current").stdout == ""


def test_the_command_that_no_plugin_adds_to_is_no_clash(plain: Project, install: Callable[..., Path]) -> None:
    every = TICKET.replace('    if command.name == "upgrade":\n        yield', "    yield").replace(
        "--ticket", "--timings"
    )
    install("timings", every)

    assert plain.db("plugins", "--check").stderr == ""


def asking(what: str, hook: str = "before_run") -> str:
    asked = TICKET.replace("plugin_option('ticket', 'nothing')", f"plugin_option({what})")
    return asked.replace("ellar_db_committed", f"ellar_db_{hook}")


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ("'tiket'", "'tiket' to any command; did you mean ticket?"),
        ("'tickets', 'nothing'", "'tickets' to any command; did you mean ticket?"),
        ("'--ticket'", "'--ticket' to any command; did you mean ticket?"),
        ("'dry_run'", "'dry_run' to any command"),
    ],
)
@pytest.mark.parametrize("command", ["upgrade", "stamp"])
def test_an_option_that_no_plugin_adds_is_refused(
    plain: Project, install: Callable[..., Path], asked: str, problem: str, command: str
) -> None:
    plain.db("init")
    plain.db("migrate")
    install("tickets", asking(asked))

    error = plain.db(command, exit_code=1).stderr.splitlines()[-1]

    assert error.startswith(
        "Error: the plugin tickets 1.0 failed in ellar_db_before_run: LookupError: no plugin adds an option "
        f"{problem}; mend"
    )
    assert "users" not in plain.tables()


def test_bare_alembic_refuses_it_too(plain: Project) -> None:
    plain.db("init")
    plain.db("migrate")
    plain.write("own.py", asking("'tiket'"))
    plain.configure(extra="plugins = ['own']")

    done = plain.run("alembic", "-c", "migrations/alembic.ini", "upgrade", "head", exit_code=255)

    assert "LookupError: no plugin adds an option 'tiket' to any command" in done.stdout + done.stderr


def test_an_option_of_another_command_or_of_a_plugin_that_is_not_there_has_its_default(
    plain: Project, install: Callable[..., Path]
) -> None:
    plain.db("init")
    plain.db("migrate")
    install("tickets", TICKET)
    install("other", asking("'not_installed', 'default'", "committed").replace("--ticket", "--more"))

    assert plain.db("upgrade").stdout.splitlines() == ["1 for None", "1 for default"]
    assert plain.db("stamp", "head").stdout.splitlines() == ["0 for nothing", "0 for default"]


def test_a_plugin_may_ask_for_options_while_it_is_asked_for_its_own(
    plain: Project, install: Callable[..., Path]
) -> None:
    plain.db("init")
    install(
        "careful",
        TICKET.replace("    if command", "    if plugin_option('quick', False):\n        return\n    if command"),
    )

    assert plain.db("stamp", "head").stdout == "0 for nothing\n"
