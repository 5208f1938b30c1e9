"""What the kit shows of a command: exactly what the program prints."""

from __future__ import annotations

import os
import shutil

import pytest

from ellar_db.testing import Project
from tests.support.output import timeless
from tests.support.pages import ROOT
from tests.support.suites import run_pytest

NOISY = """
import logging
import warnings

import click
import sqlalchemy
from sqlalchemy.exc import SADeprecationWarning, SAWarning
from sqlalchemy.util import warn

from ellar_db import DbError, hookimpl

ours, theirs = logging.getLogger("ellar_db.noisy"), logging.getLogger("shop.models")

@click.command()
def leave():
    raise SystemExit("left")

@hookimpl
def ellar_db_register_commands():
    yield leave

@hookimpl
def ellar_db_before_run(run):
    for log in (ours, theirs):
        log.debug("debug of %s", log.name)
        log.info("info of %s", log.name)
        log.warning("warning of %s", log.name)
        log.error("error of %s", log.name)
    warn("a warning of SQLAlchemy")
    warnings.warn("a warning of the application")
    warnings.warn("what is deprecated", DeprecationWarning)
    warnings.warn_explicit("a warning from within SQLAlchemy", SAWarning, sqlalchemy.__file__, 1)
    warnings.warn_explicit("what SQLAlchemy deprecates", SADeprecationWarning, sqlalchemy.__file__, 1)
"""

COMMANDS = [
    ["migrate", "-m", "second", "--rev-id", "r2"],
    ["upgrade"],
    ["-q", "upgrade"],
    ["check"],
    ["upgrade", "--no-such-option"],
    ["leave"],
    ["--help"],
]
"""Commands that succeed, that fail, and that are silent."""


@pytest.fixture
def noisy(plain: Project) -> Project:
    """A project whose plugin logs and warns, at the first of two revisions; the second fails."""
    plain.db("init")
    plain.db("migrate", "-m", "first", "--rev-id", "r1")
    plain.write("noisy.py", NOISY)
    plain.configure(extra='plugins = ["noisy"]\n')
    plain.write(
        "migrations/versions/broken.py",
        """
        from alembic import op

        revision = "broken"
        down_revision = "r1"


        def upgrade():
            op.execute("nonsense")


        def downgrade():
            pass
        """,
    )
    return plain


def as_program(project: Project, *arguments: str) -> tuple[int, str, str]:
    """Run the program on a copy of the project; return its exit code, stdout and stderr."""
    copy = project.path.with_name(f"{project.path.name}-copy")
    shutil.copytree(project.path, copy)
    try:
        done = Project(copy).run("ellar-db", *arguments, exit_code=None)
    finally:
        shutil.rmtree(copy)
    said = done.stderr.replace(str(copy), str(project.path)).replace(f"{os.sep}.{os.sep}", os.sep)
    return done.returncode, done.stdout, said


def compared(project: Project, *arguments: str) -> None:
    """Compare what the kit shows with what the program prints."""
    code, stdout, said = as_program(project, *arguments)

    shown = project.db(*arguments, exit_code=None)

    # before Python 3.11, a module that is found by the "." which Alembic puts on the path has that in its file's name
    stderr = shown.stderr.replace(f"{os.sep}.{os.sep}", os.sep)
    assert (shown.exit_code, shown.stdout, timeless(stderr)) == (code, stdout, timeless(said))


IN_PROJECT = """
import sys
import pytest

from tests.testing.test_terminal import COMMANDS, compared, noisy

@pytest.fixture
def plain(ellar_db_project):
    return ellar_db_project

def test_the_kit_shows_what_the_program_prints(noisy, caplog):
    for arguments in COMMANDS:
        compared(noisy, *arguments)
    assert "warning of ellar_db.noisy" in caplog.messages
    assert "warning of shop.models" in caplog.messages
"""


def run_inside(pytester: pytest.Pytester, source: str, *options: str) -> None:
    """Run a test in a pytest with the plugins that authors have; this suite has no logging plugin."""
    pytester.makeconftest('pytest_plugins = ["ellar_db.testing"]')
    pytester.makepyfile(source)
    run_pytest(pytester.path, *options, env={"PYTHONPATH": str(ROOT)}).assert_outcomes(passed=1)


@pytest.mark.long
def test_the_kit_shows_what_the_program_prints(pytester: pytest.Pytester) -> None:
    run_inside(pytester, IN_PROJECT)


@pytest.mark.long
def test_the_kit_shows_it_without_pytests_plugins_too(pytester: pytest.Pytester) -> None:
    source = IN_PROJECT.replace("in COMMANDS", "in COMMANDS[1:3]").replace(", caplog", "").partition("    assert")[0]
    run_inside(pytester, source, "-p", "no:logging", "-p", "no:warnings")


LOGGING = """
import logging

from tests.support.output import timeless

def test_it(ellar_db_project, caplog):
    before = (list(logging.root.handlers), logging.root.parent)
    ellar_db_project.db("init", "-t", "generic")
    ini = ellar_db_project.path / "migrations" / "alembic.ini"
    ini.write_text(ini.read_text().replace("driver://user:pass@localhost/dbname", "sqlite:///app.db"))
    ellar_db_project.db("revision", "--rev-id", "r1")
    # env.py of Alembic's sets up logging by its ini file, in each process again
    first = ellar_db_project.db("upgrade").stderr
    ellar_db_project.db("downgrade", "--yes", "base")
    assert "Running upgrade" in first
    assert timeless(ellar_db_project.db("upgrade").stderr) == timeless(first)
    assert (logging.root.handlers, logging.root.parent) == before
    assert "Running upgrade  -> r1" in caplog.text
"""


def test_an_env_py_that_sets_up_logging_does_so_in_each_command(pytester: pytest.Pytester) -> None:
    run_inside(pytester, LOGGING)
