"""A downgrade that drops something asks before."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import pytest
from sqlalchemy import text

from ellar_db.testing import Project
from tests.support.output import timeless
from tests.support.processes import TIMEOUT, python
from tests.support.servers import sync_engine

BOTH = """
[tool.ellar-db.databases]
default = "sqlite:///app.db"
reports = "sqlite:///reports.db"
"""

terminal = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")


def add(project: Project, rev_id: str, parent: str | None, upgrade: str, downgrade: str) -> None:
    """Write a revision."""
    project.write(
        f"migrations/versions/{rev_id}.py",
        f'"""Revision {rev_id}."""\nfrom alembic import op\nimport sqlalchemy as sa\n'
        f"revision = {rev_id!r}\ndown_revision = {parent!r}\n"
        f"def upgrade():\n    {upgrade}\n\ndef downgrade():\n    {downgrade}\n",
    )


@pytest.fixture
def users(plain: Project) -> Project:
    """A database with a table of two users, one of them with a note, and a third revision that drops nothing."""
    plain.db("init")
    table = 'op.create_table("users", sa.Column("id", sa.Integer, primary_key=True))'
    add(plain, "first", None, table, 'op.drop_table("users")')
    note = 'op.add_column("users", sa.Column("note", sa.Text))'
    add(plain, "second", "first", note, 'op.drop_column("users", "note")')
    add(plain, "third", "second", 'op.execute("SELECT 1")', "pass")
    plain.db("upgrade")
    with sync_engine("sqlite:///app.db").begin() as connection:
        connection.execute(text("INSERT INTO users VALUES (1, 'a'), (2, NULL)"))
    return plain


def type_in(project: Project, answer: str, *arguments: str, command: str = "downgrade") -> tuple[int, str, str]:
    """Run a command whose standard input is a terminal; give the exit code and what it wrote to the two outputs."""
    import pty

    ours, theirs = pty.openpty()
    try:
        env = {**os.environ, "ELLAR_DB_LOAD_PLUGINS": ""}
        process = python("-m", "ellar_db", command, *arguments, cwd=project.path, env=env, stdin=theirs)
        os.write(ours, answer.encode())
        said, warned = process.communicate(timeout=TIMEOUT)
    finally:
        os.close(ours)
        os.close(theirs)
    return process.returncode, said, warned


def revision(project: Project) -> str:
    """Give the revision that the database has."""
    return project.db("current").stdout.split()[0]


@terminal
def test_no_refuses_and_changes_nothing(users: Project) -> None:
    code, said, warned = type_in(users, "n\n", "base")

    assert (code, said) == (1, "")
    assert warned.splitlines()[:3] == [
        "The downgrade will drop:",
        "  table users (2 rows)",
        "  column users.note (1 value)",
    ]
    assert "Go on? [y/N]: " in warned
    assert warned.splitlines()[-1].endswith("Error: not downgraded")
    assert revision(users) == "third"
    assert "users" in users.tables()


@terminal
def test_return_is_no(users: Project) -> None:
    assert type_in(users, "\n", "base")[0] == 1
    assert revision(users) == "third"


@terminal
def test_yes_goes_ahead(users: Project) -> None:
    code, _, warned = type_in(users, "y\n", "base")

    assert code == 0
    assert "ok  [3/3] first Revision first." in warned
    assert users.tables() == {"alembic_version"}


@terminal
def test_only_what_this_downgrade_drops_is_listed(users: Project) -> None:
    _, _, warned = type_in(users, "n\n", "first")

    assert "  column users.note (1 value)\n" in warned


@terminal
@pytest.mark.parametrize("arguments", [["base", "--yes"], ["base", "-y"], ["-1"]])
def test_an_answer_given_beforehand_and_a_revision_that_drops_nothing_are_not_asked_about(
    users: Project, arguments: list[str]
) -> None:
    code, _, warned = type_in(users, "", *arguments)

    assert code == 0
    assert "will drop" not in warned


@terminal
def test_sql_is_not_asked_about(users: Project) -> None:
    code, said, warned = type_in(users, "", "--sql", "third:base")

    assert (code, "will drop" in warned) == (0, False)
    assert "DROP TABLE users" in said


@terminal
def test_upgrade_never_asks(users: Project) -> None:
    add(users, "fourth", "third", 'op.drop_table("users")', "pass")
    users.write("pyproject.toml", (users.path / "pyproject.toml").read_text() + 'confirm = "always"\n')

    code, _, warned = type_in(users, "", command="upgrade")

    assert (code, timeless(warned)) == (
        0,
        "  ok  fourth Revision fourth.  T s\n1 revision applied in T s; now at fourth (head).\n",
    )
    assert users.tables() == {"alembic_version"}


@terminal
def test_each_database_is_listed(project: Project) -> None:
    project.write("pyproject.toml", BOTH)
    project.db("init", "--multi")
    project.write(
        "migrations/versions/first.py",
        "from alembic import op\nimport sqlalchemy as sa\nrevision = 'first'\ndown_revision = None\n"
        "def upgrade(engine_name): globals()[f'upgrade_{engine_name}']()\n"
        "def downgrade(engine_name): globals()[f'downgrade_{engine_name}']()\n"
        "def upgrade_default(): op.execute('CREATE TABLE users (id integer)')\n"
        "def downgrade_default(): op.execute('DROP TABLE users')\n"
        "def upgrade_reports(): op.execute('CREATE TABLE figures (id integer)')\n"
        "def downgrade_reports(): op.drop_table('figures')\n",
    )
    project.db("upgrade")

    code, _, warned = type_in(project, "n\n", "base")

    assert code == 1
    assert warned.splitlines()[:3] == [
        "The downgrade will drop:",
        "  default: table users (0 rows)",
        "  reports: table figures (0 rows)",
    ]
    assert "figures" in project.tables("sqlite:///reports.db")


def test_without_a_terminal_it_goes_ahead(users: Project) -> None:
    assert users.db("downgrade", "base").exit_code == 0
    assert users.tables() == {"alembic_version"}


REFUSED = (
    "Error: the downgrade drops default: column users.note (1 value), table users (2 rows); confirm = 'always' is set "
    "and there is no terminal to ask on: say --yes if that is wanted\n"
)


@pytest.fixture(params=["pyproject.toml", "migration_options"])
def always(request: pytest.FixtureRequest, users: Project, application_apart: None) -> Project:
    """The users in a project where `confirm = "always"` is set, in one place or the other."""
    if request.param == "pyproject.toml":
        pyproject = users.path / "pyproject.toml"
        pyproject.write_text(pyproject.read_text() + 'confirm = "always"\n')
    else:
        users.write(
            "shop.py",
            """
            from ellar.app import AppFactory
            from ellar_db import EllarDBModule
            from sqlalchemy.pool import NullPool

            def application():
                databases = {"url": "sqlite:///app.db", "poolclass": NullPool}
                module = EllarDBModule.setup(databases, migration_options={"confirm": "always"})
                return AppFactory.create_app(modules=[module])
            """,
        )
        users.write("pyproject.toml", "[tool.ellar-db]\napplication = 'shop:application'\n")
    users.forget()
    return users


def test_confirm_always_refuses_without_a_terminal(always: Project) -> None:
    assert always.db("downgrade", "base", exit_code=1).stderr == REFUSED
    assert revision(always) == "third"
    assert always.db("downgrade", "base", "--yes").exit_code == 0
    assert always.tables() == {"alembic_version"}


def test_confirm_always_lets_a_revision_through_that_drops_nothing(always: Project) -> None:
    assert always.db("downgrade").exit_code == 0


@terminal
def test_confirm_always_asks_on_a_terminal(always: Project) -> None:
    assert type_in(always, "n\n", "base")[0] == 1
    assert type_in(always, "y\n", "base")[0] == 0
    assert always.tables() == {"alembic_version"}


def test_another_confirm_is_refused(users: Project) -> None:
    pyproject = users.path / "pyproject.toml"
    pyproject.write_text(pyproject.read_text() + 'confirm = "allways"\n')
    users.forget()

    result = users.db("downgrade", exit_code=1)

    assert result.stderr == "Error: confirm is 'allways'; it can be 'always', or be left out\n"


@terminal
def test_an_unreachable_database_is_said(users: Project) -> None:
    (users.path / "app.db").write_text("no database")

    code, _, warned = type_in(users, "y\n", "base")

    assert code == 3
    assert warned.startswith("Error: ")
    assert len(warned.splitlines()) == 1


@terminal
@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_asks_on_a_server_too(project: Project, new_database: Callable[[str], str], kind: str) -> None:
    url = new_database(kind)
    project.configure(url=url)
    project.db("init")
    project.db("migrate", "--rev-id", "first")
    project.db("upgrade")

    code, _, warned = type_in(project, "n\n", "base")

    assert code == 1
    assert "  table users (0 rows)\n" in warned
    assert "users" in project.tables(url)


EACH = (
    "from alembic import op\nimport sqlalchemy as sa\nrevision = 'first'\ndown_revision = None\n"
    "def upgrade(engine_name): globals()[f'upgrade_{engine_name}']()\n"
    "def downgrade(engine_name): globals()[f'downgrade_{engine_name}']()\n"
    "def upgrade_default(): op.execute('CREATE TABLE users (id integer)')\n"
    "def downgrade_default(): op.drop_table('users')\n"
    "def upgrade_reports(): op.execute('CREATE TABLE figures (id integer)')\n"
    "def downgrade_reports(): op.drop_table('figures')\n"
)

SEVERAL = {
    "variable": "from ellar_db.env import run\nSEVERAL = True\nrun(multiple=SEVERAL)\n",
    "module": "from ellar_db import env\nenv.run(multiple = 1 == 1)\n",
    "imported by name": (
        "import importlib\nimportlib.import_module('ellar_db' + '.env').run(**{'multi' + 'ple': True})\n"
    ),
    "another file": "import sys, os\nsys.path.insert(0, os.getcwd())\nfrom theirs import go\ngo()\n",
}


@pytest.mark.parametrize("env", SEVERAL.values(), ids=SEVERAL.keys())
def test_the_environment_says_that_it_is_for_several_databases(
    project: Project, env: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("pyproject.toml", "[tool.ellar-db]\nconfirm = 'always'\n" + BOTH)
    project.write("theirs.py", "from ellar_db.env import run\ndef go(): run(multiple=True)\n")
    project.db("init", "--multi")
    project.write("migrations/env.py", env)
    project.write("migrations/versions/first.py", EACH)
    project.db("upgrade")

    refused = project.db("downgrade", "base", exit_code=1).stderr

    assert refused.startswith(
        "Error: the downgrade drops default: table users (0 rows); reports: table figures (0 rows); confirm = "
    )
    assert "figures" in project.tables("sqlite:///reports.db")
    project.db("downgrade", "base", "--yes")
    assert "figures" not in project.tables("sqlite:///reports.db")


def test_a_word_in_a_comment_changes_nothing(project: Project) -> None:
    project.write("pyproject.toml", "[tool.ellar-db]\nconfirm = 'always'\n" + BOTH)
    project.db("init")
    project.write("migrations/env.py", "from ellar_db.env import run\n# once it was run(multiple=True)\nrun()\n")
    project.write(
        "migrations/versions/first.py",
        "from alembic import op\nrevision = 'first'\ndown_revision = None\n"
        "def upgrade(): op.execute('CREATE TABLE users (id integer)')\ndef downgrade(): op.drop_table('users')\n",
    )
    project.db("upgrade")

    refused = project.db("downgrade", "base", exit_code=1).stderr

    assert "the downgrade drops default: table users (0 rows); confirm = " in refused
    # nobody asked the other database
    assert not (project.path / "reports.db").exists()


FOREIGN = """
# not with ellar_db.env, and not with multiple=True
from pathlib import Path
from alembic import context
from sqlalchemy import create_engine

with Path("runs.txt").open("a") as runs:
    runs.write("run\\n")

for name in {names}:
    engine = create_engine(f"sqlite:///{{name}}.db")
    with engine.connect() as connection:
        context.configure(
            connection=connection, downgrade_token=f"{{name}}_downgrades", upgrade_token=f"{{name}}_upgrades"
        )
        with context.begin_transaction():
            context.run_migrations(**{arguments})
"""


@pytest.fixture
def foreign(project: Project) -> Project:
    """A folder with an env.py of its own, on a database that isn't configured."""
    project.write("pyproject.toml", "[tool.ellar-db]\nconfirm = 'always'\ndatabase = 'sqlite:///other.db'\n")
    project.db("init")
    project.write("migrations/env.py", FOREIGN.format(names=["theirs"], arguments="{}"))
    add(project, "first", None, "op.execute('CREATE TABLE users (id integer)')", "op.drop_table('users')")
    project.db("upgrade")
    project.write("runs.txt", "")
    return project


def test_an_environment_of_somebody_else_s_is_asked_about_the_database_that_it_uses(foreign: Project) -> None:
    refused = foreign.db("downgrade", "base", exit_code=1).stderr

    assert "Error: the downgrade drops sqlite:///theirs.db: table users (0 rows); confirm = 'always'" in refused
    assert "users" in foreign.tables("sqlite:///theirs.db")
    assert not (foreign.path / "other.db").exists()
    # no more often than the command itself runs it
    assert (foreign.path / "runs.txt").read_text() == "run\n"


def test_a_confirmed_downgrade_of_somebody_else_s_environment_is_done(foreign: Project) -> None:
    foreign.db("downgrade", "base", "--yes")

    assert foreign.tables("sqlite:///theirs.db") == {"alembic_version"}
    assert (foreign.path / "runs.txt").read_text() == "run\n"


@terminal
def test_what_was_read_for_the_question_does_not_undo_the_downgrade(foreign: Project) -> None:
    code, _, warned = type_in(foreign, "y\n", "base")

    assert code == 0
    assert "  sqlite:///theirs.db: table users (0 rows)\n" in warned
    assert foreign.tables("sqlite:///theirs.db") == {"alembic_version"}
    assert foreign.db("current").stdout == ""


@terminal
def test_each_database_of_somebody_else_s_environment_is_asked_about(project: Project) -> None:
    project.write("pyproject.toml", "[tool.ellar-db]\n")
    project.db("init")
    project.write("migrations/env.py", FOREIGN.format(names=["default", "reports"], arguments="{'engine_name': name}"))
    project.write("migrations/versions/first.py", EACH)
    project.db("upgrade")

    code, _, warned = type_in(project, "y\nn\n", "base")

    assert code == 1
    assert "  sqlite:///default.db: table users (0 rows)\n" in warned
    assert "  sqlite:///reports.db: table figures (0 rows)\n" in warned
    assert "figures" in project.tables("sqlite:///reports.db")
