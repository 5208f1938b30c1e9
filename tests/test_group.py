"""The group's own options: `-d`, `-x`, `-c`, `-n`, `-q`, `--traceback`, `--version`."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from ellar_db.testing import Project
from tests.support.output import timeless
from tests.support.revisions import REVISION, add

PLAIN_ENV = """
from alembic import context
from sqlalchemy import create_engine

config = context.config
print("x", context.get_x_argument(as_dictionary=True), "section", config.config_ini_section)
engine = create_engine(config.get_main_option("sqlalchemy.url") or "sqlite:///plain.db")
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
TOOLS = """
import click
from ellar_db import hookimpl

@click.group()
def outer():
    "Tools of the shop."

@outer.group()
def inner():
    "More of them."

@inner.command()
def work():
    "Work."

@hookimpl
def ellar_db_register_commands():
    return [outer]
"""
INI = "[{section}]\nscript_location = %(here)s/plain\nsqlalchemy.url = sqlite:///{section}.db\n"


@pytest.fixture
def alembic_project(project: Project) -> Project:
    """A project of plain Alembic with one revision, without any configuration file."""
    project.write("conf/plain/env.py", PLAIN_ENV)
    project.write("conf/plain/script.py.mako", "")
    add(project, "first", None, folder="conf/plain")
    return project


def test_version_names_the_versions_in_use(project: Project) -> None:
    assert project.db("--version").output == (
        f"ellar-db {version('ellar-db')} (alembic {version('alembic')}, sqlalchemy {version('sqlalchemy')})\n"
    )


@pytest.mark.parametrize("arguments", [("-h",), ("--help",)])
def test_help_lists_the_commands(project: Project, arguments: tuple[str, ...]) -> None:
    assert "\n  ensure-version " in project.db(*arguments).stdout


def test_without_arguments_the_help_is_shown(project: Project) -> None:
    shown = project.db(exit_code=2)

    assert shown.stderr == project.db("--help").stdout
    assert shown.stdout == ""


def test_a_group_of_a_plugin_shows_its_help_too(project: Project, install: Callable[..., Path]) -> None:
    install("shop-tools", source=TOOLS)

    for words in (["outer"], ["outer", "inner"]):
        shown = project.db(*words, exit_code=2)
        assert shown.stderr == project.db(*words, "--help").stdout
        assert len(shown.stderr.splitlines()) > 5


@pytest.mark.parametrize("arguments", [("upgrade", "-h"), ("upgrade", "--help")])
def test_help_of_a_command_needs_no_project(project: Project, arguments: tuple[str, ...]) -> None:
    project.write("pyproject.toml", "[tool.ellar-db]\napplication = 'nowhere:at_all'\n")

    assert project.db(*arguments).stdout.startswith("Usage: ellar-db upgrade [OPTIONS] [REVISION]\n")


@pytest.mark.parametrize("option", ["-d", "--directory"])
def test_directory_stands_before_or_after_the_command(plain: Project, option: str) -> None:
    plain.db(option, "one", "init")
    plain.db("init", option, "two")
    add(plain, "first", None, folder="one")
    add(plain, "second", None, folder="two")

    assert plain.db(option, "one", "heads").stdout == "first (head)\n"
    assert plain.db("heads", option, "two").stdout == "second (head)\n"
    # the command's own beats the group's
    assert plain.db(option, "one", "heads", option, "two").stdout == "second (head)\n"


@pytest.mark.parametrize("option", ["-x", "--x-arg"])
def test_x_arguments_of_group_and_command_are_added(plain: Project, option: str) -> None:
    plain.db("init")
    plain.write("migrations/env.py", "from alembic import context\nprint(context.get_x_argument(as_dictionary=True))\n")

    result = plain.db(option, "a=1", option, "b=2", "upgrade", option, "b=3", option, "c=x y=z")

    assert result.stdout == "{'a': '1', 'b': '3', 'c': 'x y=z'}\n"


def test_config_runs_an_alembic_project_with_an_ini(alembic_project: Project) -> None:
    alembic_project.write("conf/my.ini", INI.format(section="alembic"))

    result = alembic_project.db("-c", "conf/my.ini", "-x", "a=1", "upgrade")

    assert result.stdout == "x {'a': '1'} section alembic\n"
    assert alembic_project.tables("sqlite:///alembic.db") == {"alembic_version", "t_first"}
    assert "first (head)" in alembic_project.db("--config", "conf/my.ini", "current").stdout


@pytest.mark.parametrize("option", ["-n", "--name"])
def test_name_chooses_a_section_of_the_ini(alembic_project: Project, option: str) -> None:
    alembic_project.write("conf/my.ini", INI.format(section="alembic") + INI.format(section="other"))

    result = alembic_project.db("-c", "conf/my.ini", option, "other", "upgrade")

    assert result.stdout == "x {} section other\n"
    assert alembic_project.tables("sqlite:///other.db") == {"alembic_version", "t_first"}


def test_config_runs_an_alembic_project_with_a_pyproject_toml(alembic_project: Project) -> None:
    alembic_project.write("conf/pyproject.toml", "[tool.alembic]\nscript_location = '%(here)s/plain'\n")

    alembic_project.db("-c", "conf/pyproject.toml", "upgrade")

    assert alembic_project.tables("sqlite:///plain.db") == {"alembic_version", "t_first"}


def test_config_takes_an_ini_and_a_pyproject_toml_together(alembic_project: Project) -> None:
    alembic_project.write("conf/my.ini", "[alembic]\nsqlalchemy.url = sqlite:///both.db\n")
    alembic_project.write("conf/pyproject.toml", "[tool.alembic]\nscript_location = '%(here)s/plain'\n")

    alembic_project.db("-c", "conf/my.ini", "-c", "conf/pyproject.toml", "upgrade")

    assert alembic_project.tables("sqlite:///both.db") == {"alembic_version", "t_first"}


def test_the_environment_names_the_ini_as_alembic_has_it(
    alembic_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    alembic_project.write("conf/my.ini", INI.format(section="alembic"))
    monkeypatch.setenv("ALEMBIC_CONFIG", "conf/my.ini")

    assert alembic_project.db("heads").stdout == "first (head)\n"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (["nowhere.ini"], "nowhere.ini isn't there"),
        (["."], ". isn't there"),
        (["a.ini", "a.ini"], "give one ini file and one pyproject.toml at most"),
        (["pyproject.toml", "pyproject.toml"], "give one ini file and one pyproject.toml at most"),
        (["a.ini", "b.ini", "pyproject.toml"], "give one ini file and one pyproject.toml at most"),
    ],
)
def test_config_refuses_what_is_no_file_and_two_of_a_kind(plain: Project, files: list[str], message: str) -> None:
    for name in ("a.ini", "b.ini"):
        plain.write(name, "[alembic]\n")

    result = plain.db(*[argument for file in files for argument in ("-c", file)], "heads", exit_code=2)

    assert result.stderr.splitlines()[-1] == f"Error: Invalid value for '-c' / '--config': {message}"


def test_config_refuses_files_that_name_no_folder(project: Project) -> None:
    project.write("a.ini", "[alembic]\n")

    assert project.db("-c", "a.ini", "heads", exit_code=1).stderr == (
        "Error: no script_location is named in a.ini; write it into [alembic], or [tool.alembic]\n"
    )


def test_an_error_is_one_line_unless_the_trace_is_asked_for(plain: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    plain.db("init")
    plain.write(
        "migrations/versions/bad_.py",
        REVISION.format(message="Bad", rev_id="bad", parent=None, label=None, depends_on=None, table="t").replace(
            "op.create_table", "op.no_such_thing"
        ),
    )
    line = "Error: upgrade -> bad, Bad failed on the database 'default': AttributeError: "

    short = plain.db("upgrade", exit_code=1).stderr.splitlines()
    assert timeless(short[0]) == "  failed  bad Bad  T s"
    assert short[1].startswith(line)
    assert len(short) == 2
    for arguments, variable in ((["--traceback"], ""), (["--raiseerr"], "0"), ([], "1")):
        monkeypatch.setenv("ELLAR_DB_TRACEBACK", variable)
        stderr = plain.db(*arguments, "upgrade", exit_code=1).stderr
        assert 'bad_.py", line ' in stderr
        assert "Traceback (most recent call last):" in stderr
        assert stderr.splitlines()[-1].startswith(line)


def test_warnings_of_alembic_are_one_line(plain: Project) -> None:
    plain.db("init")
    add(plain, "first", None)
    (plain.path / "migrations/versions/again.py").write_bytes((plain.revisions()[0]).read_bytes())

    done = plain.run("ellar-db", "heads")

    versions = plain.path / "migrations/versions"
    both = sorted([versions / "again.py", plain.revisions()[-1]])
    assert done.stderr in [
        f"Warning: {one} and {other} have the same revision id first; remove one, or give it another id\n"
        for one, other in (both, both[::-1])
    ]


def test_the_program_and_the_module_are_the_same(plain: Project) -> None:
    plain.db("init")
    add(plain, "first", None)

    program = plain.run("ellar-db", "history")

    assert program.stdout == "<base> -> first (head), Add first\n"
    assert plain.run("python", "-m", "ellar_db", "history").stdout == program.stdout


def test_an_unknown_command_is_wrong_usage(project: Project) -> None:
    result = project.db("upgraid", exit_code=2)

    assert result.stderr.splitlines()[-1].startswith("Error: No such command 'upgraid'")
