"""A command that takes the place of another and still calls it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
import pytest

from ellar_db.testing import Project

Install = Callable[..., Path]


def overriding(name: str, mark: str, option: str, *, call: bool = True) -> str:
    return f"""
import click
from ellar_db import OverridingCommand, hookimpl

SHOWN = {{"loud", "slow", "sql", "revision", "tag"}}

@click.command({name!r}, cls=OverridingCommand, short_help="Mind {mark}.")
@click.option("--{option}", is_flag=True, help="Say {option}.")
@click.pass_context
def command(ctx, {option}, **others):
    click.echo(f"{mark}: {{{option}}} {{sorted(set(others) & SHOWN)}}")
    if {call}:
        return ctx.command.call_replaced(ctx)

@hookimpl
def ellar_db_register_commands():
    yield command
"""


@pytest.fixture
def two(plain: Project) -> Project:
    """A project with two revisions, both applied."""
    plain.db("init")
    plain.db("migrate", "-m", "one", "--rev-id", "r1")
    plain.db("upgrade")
    plain.db("revision", "-m", "two", "--rev-id", "r2")
    plain.db("upgrade")
    return plain


def test_the_replaced_command_is_called_with_its_options(two: Project, install: Install) -> None:
    install("ant", overriding("downgrade", "ant", "loud"))

    result = two.db("downgrade", "--loud", "--sql", "r2:r1", "--tag", "x")

    assert result.stdout.startswith("ant: True ['revision', 'sql', 'tag']\n-- Running downgrade r2 -> r1")
    assert two.db("current").stdout == "r2 (head)\n"


@pytest.mark.parametrize(("arguments", "left"), [(["-1"], "r1"), ([], "r1"), (["base"], ""), (["--loud", "-2"], "")])
def test_a_relative_revision_is_still_an_argument(
    two: Project, install: Install, arguments: list[str], left: str
) -> None:
    install("ant", overriding("downgrade", "ant", "loud"))

    two.db("downgrade", *arguments)

    assert two.db("current").stdout == (f"{left}\n" if left else "")


def test_an_unknown_option_is_still_refused(two: Project, install: Install) -> None:
    install("ant", overriding("downgrade", "ant", "loud"))

    assert "--lud" in two.db("downgrade", "--lud", exit_code=2).stderr


def test_help_shows_the_options_of_both(two: Project, install: Install) -> None:
    install("ant", overriding("downgrade", "ant", "loud"))

    shown = two.db("downgrade", "--help").stdout

    assert shown.startswith("Usage: ellar-db downgrade [OPTIONS] [REVISION]\n")
    for option in ("--directory", "--sql", "--tag", "--loud", "--help"):
        assert shown.count(f"{option} ") == 1
    assert shown.splitlines()[-1].split() == ["-h,", "--help", "Show", "this", "message", "and", "exit."]


def test_a_chain_calls_each_in_turn(two: Project, install: Install) -> None:
    install("ant", overriding("downgrade", "ant", "loud"))
    two.write("own.py", overriding("downgrade", "own", "slow"))
    two.configure(extra="plugins = ['own']")

    result = two.db("downgrade", "--loud", "--slow", "-1")

    assert result.stdout == ("own: True ['loud', 'revision', 'sql', 'tag']\nant: True ['revision', 'sql', 'tag']\n")
    assert two.db("current").stdout == "r1\n"
    shown = two.db("downgrade", "--help").stdout
    for option in ("--sql", "--loud", "--slow"):
        assert shown.count(f"{option} ") == 1


def test_the_chosen_one_of_two_installed_calls_the_other(two: Project, install: Install) -> None:
    install("ant", overriding("downgrade", "ant", "loud"))
    install("bee", overriding("downgrade", "bee", "slow"))
    two.configure(extra='[tool.ellar-db.commands]\ndowngrade = "ant"')

    result = two.db("downgrade", "--loud", "--slow")

    assert [line.partition(":")[0] for line in result.stdout.splitlines()] == ["ant", "bee"]
    assert two.db("current").stdout == "r1\n"


def test_the_replaced_command_need_not_be_called(two: Project, install: Install) -> None:
    install("ant", overriding("downgrade", "ant", "loud", call=False))

    two.db("downgrade")

    assert two.db("current").stdout == "r2 (head)\n"


def test_a_parameter_that_was_changed_is_passed_on_changed(two: Project, install: Install) -> None:
    source = overriding("downgrade", "ant", "loud")
    install("ant", source.replace("    if True:", "    ctx.params['revision'] = 'base'\n    if True:"))

    two.db("downgrade", "-1")

    assert two.db("current").stdout == ""


def test_the_own_parameter_beats_one_of_the_same_name(two: Project, install: Install) -> None:
    source = overriding("downgrade", "ant", "tag").replace("Say tag.", "Ours.")
    install("ant", source)

    shown = two.db("downgrade", "--help").stdout

    assert shown.count("--tag") == 1
    assert "Ours." in shown


def test_messages_name_the_program_as_the_replaced_command_would(plain: Project, install: Install) -> None:
    install("ant", overriding("downgrade", "ant", "loud"))

    assert "make one with `ellar-db init`" in plain.db("downgrade", exit_code=1).stderr


def test_a_command_that_replaced_nothing_has_nothing_to_call(plain: Project, install: Install) -> None:
    install("ant", overriding("lonely", "ant", "loud"))

    result = plain.db("lonely", "--loud", exit_code=2)

    assert result.stdout == "ant: True []\n"
    assert result.stderr.splitlines()[-1] == "Error: lonely replaced no command"


def test_wrappers_stand_round_the_whole_once(two: Project, install: Install) -> None:
    install(
        "ant",
        overriding("downgrade", "ant", "loud")
        + "\n@hookimpl(wrapper=True)\ndef ellar_db_invoke(command):\n    click.echo('begin')\n    yield\n"
        "    click.echo('end')\n",
    )

    assert [line.split(":")[0] for line in two.db("downgrade").stdout.splitlines()] == ["begin", "ant", "end"]


def test_it_works_outside_of_the_group_as_a_command_of_its_own() -> None:
    from click.testing import CliRunner

    from ellar_db import OverridingCommand

    command = OverridingCommand("alone", callback=lambda loud: click.echo(loud), params=[click.Option(["--loud"])])

    assert CliRunner().invoke(command, ["--loud", "x"]).output == "x\n"


def test_hooks_of_the_run_get_the_options_of_all(two: Project, install: Install) -> None:
    install("ant", overriding("downgrade", "ant", "loud"))
    (two.path / "telling.py").write_text(
        "from ellar_db import hookimpl\n\n\n@hookimpl\ndef ellar_db_before_run(run):\n"
        "    print({name: run.options.get(name) for name in ('loud', 'tag', 'revision')})\n"
    )
    two.configure(extra='plugins = ["telling"]\n')

    result = two.db("downgrade", "--loud", "--tag", "x", "-1")

    assert "{'loud': True, 'tag': 'x', 'revision': '-1'}" in result.stdout + result.stderr
