"""Revision files with values of any kind: refused when they are loaded, in one line, before anything runs."""
# ruff: noqa: E501  # a table of values and messages reads best with a case a line

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

from ellar_db.testing import Project
from tests.support.output import without_page
from tests.support.processes import run
from tests.support.revisions import add

HEAD = "from alembic import op\nimport sqlalchemy as sa\nrevision = 'second'\ndown_revision = 'first'\n"
FUNCTIONS = "def upgrade(): op.execute('CREATE TABLE t_second (id integer)')\ndef downgrade(): pass\n"

COMMANDS = [
    ("heads", "-v"),
    ("history", "-v"),
    ("show", "heads"),
    ("branches", "-v"),
    ("current",),
    ("upgrade", "--sql", "heads"),
    ("upgrade", "heads"),
    ("upgrade", "+1"),
    ("downgrade", "--sql", "heads:base"),
    ("stamp", "heads"),
    ("check",),
    ("revision", "--head", "heads"),
    ("merge",),
]


RUNNING = [command for command in COMMANDS if command[0] in ("upgrade", "downgrade") and "+1" not in command]
"""The commands that run a revision, and so look at its functions."""

FUNCTION = re.compile(r"\b(?:up|down)grade")


@pytest.fixture
def ready(plain: Project) -> Project:
    """A project with a folder of one revision, first, not applied."""
    plain.db("init")
    add(plain, "first", None)
    return plain


def bad(project: Project, text: str) -> Path:
    return project.write("migrations/versions/bad.py", text)


def refused(project: Project, *command: str) -> str:
    """Return the one line of an error, without its start."""
    result = project.db(*command, exit_code=1)
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    return without_page(line).removeprefix("Error: ")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("revision = ('x',)", "revision is ('x',), where a text belongs; remove the comma behind it"),
        ("revision = 7", "revision is 7, where a text belongs"),
        ("revision = None", "revision is None, where a text belongs"),
        ("revision = ''", "revision is '', where a text belongs"),
        ("revision = '\x1b[31m'", "revision is '\\x1b[31m'; no id has such characters"),
        ("branch_labels = 'a\\nb'", "branch_labels is 'a\\nb'; write None, a text, or a tuple of texts"),
        ("revision = b'second'", "revision is b'second', where a text belongs"),
        ("down_revision = 1", "down_revision is 1; write None, a text, or a tuple of texts"),
        ("down_revision = ('first', 2)", "down_revision is ('first', 2); write None, a text, or a tuple of texts"),
        ("down_revision = {'first': 1}", "down_revision is {'first': 1}; write None, a text, or a tuple of texts"),
        ("branch_labels = [1]", "branch_labels is [1]; write None, a text, or a tuple of texts"),
        ("branch_labels = 1.5", "branch_labels is 1.5; write None, a text, or a tuple of texts"),
        ("depends_on = object", "depends_on is <class 'object'>; write None, a text, or a tuple of texts"),
        ("depends_on = (None,)", "depends_on is (None,); write None, a text, or a tuple of texts"),
        ("__doc__ = 5", "__doc__ is no text"),
        ("upgrade = None", "upgrade is None, where a function belongs"),
        ("upgrade = 'x'", "upgrade is 'x', where a function belongs"),
        ("class upgrade: pass", "upgrade is <class 'bad_py.upgrade'>, where a function belongs"),
        ("downgrade = 3", "downgrade is 3, where a function belongs"),
        ("import functools\nupgrade = functools.partial(print)", "upgrade is functools.partial(<built-in function print>), where a function belongs"),
        ("async def upgrade(): 1", "upgrade() is async, so that nothing in it would be run; write it as a plain function"),
        ("async def downgrade(): 1", "downgrade() is async, so that nothing in it would be run; write it as a plain function"),
        ("async def upgrade_reports(): 1", "upgrade_reports() is async, so that nothing in it would be run; write it as a plain function"),
        ("def upgrade(): yield", "upgrade() is a generator, since it has a yield, so that nothing in it would be run; write it as a plain function"),
        ("async def upgrade(): yield", "upgrade() is a generator, since it has a yield, so that nothing in it would be run; write it as a plain function"),
    ],
)  # fmt: skip
def test_a_value_of_the_wrong_kind(ready: Project, line: str, message: str) -> None:
    bad(ready, f"{HEAD}{FUNCTIONS}{line}\n")

    for command in COMMANDS if not FUNCTION.search(line) else RUNNING:
        assert refused(ready, *command) == f"migrations/versions/bad.py: {message}"
    assert "t_first" not in ready.tables()
    assert len(ready.revisions()) == 2


@pytest.mark.parametrize("line", ["async def upgrade(): pass", "revision = ('second',)", "upgrade = None"])
def test_bare_alembic_refuses_it_too(ready: Project, line: str) -> None:
    bad(ready, f"{HEAD}{FUNCTIONS}{line}\n")

    done = run(ready, "alembic", "-c", "migrations/alembic.ini", "upgrade", "head", exit_code=255)

    assert "migrations/versions/bad.py: " in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert "t_first" not in ready.tables()


@pytest.mark.parametrize(
    "upgrade",
    ["upgrade = lambda: later()", "def upgrade(): return later()", "def upgrade(): return (x for x in [1])"],
)
@pytest.mark.parametrize("sql", [[], ["--sql"]])
def test_a_function_that_only_makes_what_should_run(ready: Project, upgrade: str, sql: list[str]) -> None:
    bad(ready, f"{HEAD}{FUNCTIONS}async def later(): pass\n{upgrade}\n")

    error = ready.db("upgrade", *sql, exit_code=1).stderr.splitlines()[-1]

    assert error.startswith("Error: ")
    assert ", which nobody runs; run it in the function itself" in error
    assert ready.tables() <= {"alembic_version"}


def test_what_cannot_be_undone_can_be_applied(ready: Project) -> None:
    bad(ready, f"{HEAD}{FUNCTIONS}downgrade = None\n")

    ready.db("upgrade")

    assert "t_second" in ready.tables()
    assert "downgrade second -> first" in ready.db("downgrade", exit_code=1).stderr.splitlines()[-1]
    assert ready.db("current").stdout == "second (head)\n"


@pytest.mark.parametrize(
    "upgrade", ["def upgrade(x): pass", "def upgrade(*, engine_name): pass", "def upgrade(): op.nothing()"]
)
@pytest.mark.parametrize("sql", [[], ["--sql"]])
def test_a_function_that_cannot_be_called(ready: Project, upgrade: str, sql: list[str]) -> None:
    bad(ready, f"{HEAD}{FUNCTIONS}{upgrade}\n")

    lines = ready.db("upgrade", *sql, exit_code=1).stderr.splitlines()

    assert lines[-1].startswith("Error: ")
    assert "bad.py" in lines[-1] if sql else "first -> second" in lines[-1]
    assert "Traceback" not in "".join(lines)
    assert ready.tables() <= {"alembic_version"}


@pytest.mark.parametrize(
    "line",
    [
        "raise StopIteration",
        "raise StopIteration(3)",
        "next(iter([]))",
        "raise StopAsyncIteration",
    ],
)
def test_an_exception_that_means_something_to_python(ready: Project, line: str) -> None:
    bad(ready, f"x = 1\n{line}\n")

    for command in COMMANDS:
        assert refused(ready, *command).startswith(f"{ready.path}/migrations/versions/bad.py, line 2: ")


def test_an_error_in_a_module_of_the_project_is_told_with_its_place(ready: Project) -> None:
    ready.write("helpers.py", "def broken():\n    return undefined\n")
    bad(ready, "import helpers\n\nhelpers.broken()\n")

    assert refused(ready, "heads") == (
        f"{ready.path}/migrations/versions/bad.py, line 3: NameError: name 'undefined' is not defined "
        "(helpers.py, line 2); --traceback (before the command) shows where"
    )


VALUES = ["None", "0", "1.5", "True", "b'x'", "''", "'a b'", "'x@y'", "'head'", "'base'", "'first'", "'second'", "()",
          "[]", "('x',)", "[1]", "{}", "{'x'}", "object()", "lambda: 0", "print", "'\\x1b[31m'", "'\\n'", "'\\ud800'",
          "'x' * 300", "float('nan')", "...", "NotImplemented"]  # fmt: skip
NAMES = ["revision", "down_revision", "branch_labels", "depends_on", "upgrade", "downgrade", "__doc__"]


@pytest.mark.sampled
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", NAMES)
def test_any_value_of_any_name_is_answered(ready: Project, name: str) -> None:
    for value, command in zip(VALUES, itertools.cycle(COMMANDS), strict=False):
        bad(ready, f"{HEAD}{FUNCTIONS}{name} = {value}\n")
        result = ready.db(*command, exit_code=None)

        said = f"{name} = {value}: {command}: {result.output}"
        assert result.exit_code in (0, 1, 2), said
        assert "Traceback" not in result.output, said
        assert "\x1b" not in result.output, said
        errors = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
        assert len(errors) == min(result.exit_code, 1), said
        for file in ready.revisions():
            if file.name not in ("first_.py", "bad.py"):
                file.unlink()
