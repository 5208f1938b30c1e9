"""Control characters of files and databases never reach the terminal, and SQL is exact."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing

import pytest

from ellar_db.testing import Project
from ellar_db.util.masking import printable
from tests.support.output import timeless
from tests.support.processes import run
from tests.support.revisions import add

RED, BELL, SCREEN = "\x1b[31m", "\x07", "\x1b]0;title\x07"


@pytest.fixture
def ready(plain: Project) -> Project:
    """A folder with a revision whose message has control characters, and several lines."""
    plain.db("init")
    plain.write(
        "migrations/versions/first.py",
        f'"""Add {RED}users{BELL}\nfake -> second (head), {SCREEN}\r\x9b31m\u202e"""\n'
        "from alembic import op\nimport sqlalchemy as sa\n"
        "revision = 'first'\ndown_revision = None\nbranch_labels = None\n"
        "def upgrade(): op.create_table('users', sa.Column('id', sa.Integer, primary_key=True), "
        "sa.Column('name', sa.String(128), nullable=False))\n"
        "def downgrade(): op.drop_table('users')\n",
    )
    return plain


def shown(text: str) -> list[str]:
    """Return the lines of an output, once it is sure that nothing in it moves the cursor."""
    assert printable(text) == text
    return text.splitlines()


@pytest.mark.parametrize(
    "command",
    [
        "history", "history -v", "history -i", "show first", "heads -v", "current", "current -v", "branches -v",
        "graph", "graph --offline", "graph --mermaid", "graph --dot",
        "upgrade", "downgrade base", "stamp first", "check", "list-templates", "plugins", "merge", "revision",
        "--traceback show nothing",
    ],
)  # fmt: skip
def test_messages_of_revisions_are_escaped(ready: Project, command: str) -> None:
    if command.split()[0] not in ("upgrade",):
        ready.db("upgrade")

    result = ready.db(*command.split(), exit_code=None)

    shown(result.stdout)
    shown(result.stderr)
    assert result.exit_code == (1 if command in ("merge", "--traceback show nothing") else 0)


def test_each_revision_of_the_history_is_one_line(ready: Project) -> None:
    assert shown(ready.db("history").stdout) == [
        "<base> -> first (head), Add \\x1b[31musers\\x07 fake -> second (head), \\x1b]0;title\\x07 \\x9b31m\\u202e"
    ]
    assert len(shown(ready.db("history", "-v").stdout)) > 3


def test_progress_is_one_line_a_revision(ready: Project) -> None:
    assert shown(timeless(ready.db("upgrade").stderr)) == [
        "  ok  first Add \\x1b[31musers\\x07  T s",
        "1 revision applied in T s; now at first (head).",
    ]


def test_names_of_files_are_escaped(plain: Project) -> None:
    if sys.platform == "win32":
        pytest.skip("Windows allows no such names")
    folder = f"migra{RED}tions"
    plain.db("init", folder)
    for command in (["init", folder], ["-d", folder, "revision"], ["-d", folder, "show", "heads"]):
        result = plain.db(*command, exit_code=None)
        shown(result.stdout)
        shown(result.stderr)
    plain.write(f"{folder}/env.py", "raise ValueError('\\x1b[2J')")
    assert "\\x1b[2J" in shown(plain.db("-d", folder, "current", exit_code=1).stderr)[-1]


def test_values_of_a_database_are_escaped(ready: Project) -> None:
    ready.db("upgrade")
    with closing(sqlite3.connect(ready.path / "app.db")) as database:
        database.execute("UPDATE alembic_version SET version_num = ?", (f"{RED}first\nfirst (head)",))
        database.commit()

    for command in (["current"], ["upgrade"], ["history", "-i"], ["check"]):
        result = ready.db(*command, exit_code=None)
        assert "first (head)" not in shown(result.stdout)
        assert len(shown(result.stderr)) == result.exit_code


@pytest.mark.parametrize("program", ["ellar-db", "alembic"])
def test_sql_is_exact(plain: Project, program: str) -> None:
    plain.db("init")
    add(plain, "first", None)
    file = plain.revisions()[0]
    odd = "op.execute(\"INSERT INTO t_first VALUES ('\\x1b\\t\\u2028')\")"
    file.write_text(file.read_text().replace("def downgrade", f"    {odd}\n\n\ndef downgrade"))
    options = ["-c", "migrations/alembic.ini"] if program == "alembic" else []

    sql = run(plain, program, *options, "upgrade", "head", "--sql").stdout

    assert "INSERT INTO t_first VALUES ('\x1b\t\u2028')" in sql.replace("    \u2028", "\t\u2028")
    plain.db("upgrade", "--sql", "-o", "up.sql")
    assert "\x1b" in (plain.path / "up.sql").read_text()


def test_sql_of_an_env_py_of_somebody_else_s_is_exact(project: Project) -> None:
    project.db("init", "-t", "generic")
    ini = project.path / "migrations/alembic.ini"
    ini.write_text(ini.read_text().replace("driver://user:pass@localhost/dbname", "sqlite:///app.db"))
    add(project, "first", None)
    file = project.revisions()[0]
    file.write_text(file.read_text().replace("op.drop_table('t_first')", "op.execute(\"SELECT '\\x1b'\")"))

    assert "SELECT '\x1b'" in run(project, "ellar-db", "downgrade", "--sql", "first:base").stdout


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("a\nb\tc", "a\nb\tc"),
        (RED, "\\x1b[31m"),
        ("\x85\x9b\x7f\r\x00", "\\x85\\x9b\\x7f\\r\\x00"),
        ("\u2028\u202e\u2066\ud800", "\\u2028\\u202e\\u2066\\ud800"),
        ("Größe 日本 a\xa0b 👩\u200d👩\u200d👧", "Größe 日本 a\xa0b 👩\u200d👩\u200d👧"),
    ],
)
def test_what_is_shown_of_a_text(text: str, expected: str) -> None:
    assert printable(text) == expected
