"""What `migrate` asks on a terminal."""

from __future__ import annotations

import signal
from collections.abc import Callable

import click
import pytest

from tests.support.changes import Changing
from tests.support.terminals import END_OF_INPUT, on_terminal, terminal

pytestmark = terminal

USERS = """
Table("users", metadata, Column("id", Integer, primary_key=True), Column("name", String(40)))
"""
RENAMED = USERS.replace('"name"', '"full_name"')
AGED = USERS.replace("))\n", '), Column("age", Integer, nullable=False))\n')
ROWS = ("INSERT INTO users (id, name) VALUES (1, 'Ann')",)

COLUMN = "Was the column users.name renamed to users.full_name? [y/N]: "
TABLE = "Was the table users renamed to people? [y/N]: "
VALUE = "Value (an integer, or sql: and an SQL expression): "


def test_yes_to_a_column(changing: Changing) -> None:
    changing.begin(USERS, *ROWS)
    changing.models(RENAMED)

    with on_terminal(changing.project, "migrate", "--rev-id", "r2") as screen:
        screen.answer(COLUMN, "y\n")
        code, said, shown = screen.end()

    assert code == 0
    assert said == "Wrote migrations/versions/r2_.py\n"
    assert "Warning" not in shown
    changing.apply()
    assert changing.rows("SELECT full_name FROM users") == [("Ann",)]


@pytest.mark.parametrize("keys", ["n\n", "\n"])
def test_no_to_a_column(on_sqlite: Changing, keys: str) -> None:
    on_sqlite.begin(USERS, *ROWS)
    on_sqlite.models(RENAMED)

    with on_terminal(on_sqlite.project, "migrate", "--rev-id", "r2") as screen:
        screen.answer(COLUMN, keys)
        code, _, shown = screen.end()

    assert code == 0
    assert "say --rename" not in shown
    assert "drop_column('name')" in on_sqlite.source("r2")


def test_a_table_and_its_column(changing: Changing) -> None:
    changing.begin(USERS.replace("))\n", '), Column("born", Date))\n'), *ROWS)
    changing.models(RENAMED.replace("))\n", '), Column("born", Date))\n').replace('"users"', '"people"'))

    with on_terminal(changing.project, "migrate", "--rev-id", "r2") as screen:
        screen.answer(TABLE, "y\n")
        screen.answer("Was the column people.name renamed to people.full_name? [y/N]: ", "y\n")
        code, _, _ = screen.end()

    assert code == 0
    changing.apply()
    assert changing.rows("SELECT full_name FROM people") == [("Ann",)]


def test_the_likeliest_is_asked_first_and_no_name_twice(on_sqlite: Changing) -> None:
    before = USERS.replace("))\n", '), Column("town", Text))\n')
    on_sqlite.begin(before, *ROWS)
    on_sqlite.models(before.replace('"name"', '"names"').replace('"town"', '"city"'))

    with on_terminal(on_sqlite.project, "migrate", "--rev-id", "r2") as screen:
        screen.answer("Was the column users.name renamed to users.names? [y/N]: ", "y\n")
        screen.answer("Was the column users.town renamed to users.city? [y/N]: ", "y\n")
        code, _, shown = screen.end()

    assert code == 0
    assert shown.count("renamed to") == 2


def test_what_was_answered_before_is_not_asked(on_sqlite: Changing) -> None:
    on_sqlite.begin(USERS, *ROWS)
    on_sqlite.models(RENAMED.replace("))\n", '), Column("age", Integer, nullable=False))\n'))

    options = ["--rename", "users.name:full_name", "--fill", "users.age=3"]
    with on_terminal(on_sqlite.project, "migrate", "--rev-id", "r2", *options) as screen:
        code, _, shown = screen.end()

    assert code == 0
    assert "?" not in shown
    on_sqlite.apply()
    assert on_sqlite.rows("SELECT full_name, age FROM users") == [("Ann", 3)]


def test_no_input_asks_nothing(on_sqlite: Changing) -> None:
    on_sqlite.begin(USERS, *ROWS)
    on_sqlite.models(RENAMED)

    with on_terminal(on_sqlite.project, "migrate", "--no-input") as screen:
        code, _, shown = screen.end()

    assert code == 0
    assert "if it was renamed, say --rename users.name:full_name\n" in shown
    assert "[y/N]" not in shown


def test_check_asks_nothing(on_sqlite: Changing) -> None:
    on_sqlite.begin(USERS, *ROWS)
    on_sqlite.models(RENAMED)

    with on_terminal(on_sqlite.project, "check") as screen:
        code, _, shown = screen.end()

    assert code == 1
    assert "[y/N]" not in shown


def test_revision_asks_with_autogenerate_alone(on_sqlite: Changing) -> None:
    on_sqlite.begin(USERS, *ROWS)
    on_sqlite.models(RENAMED)

    with on_terminal(on_sqlite.project, "revision", "--autogenerate", "--rev-id", "r2") as screen:
        screen.answer(COLUMN, "y\n")
        assert screen.end()[0] == 0
    assert "new_column_name='full_name'" in on_sqlite.source("r2")
    on_sqlite.project.db("upgrade")
    on_sqlite.models(USERS)
    with on_terminal(on_sqlite.project, "revision") as screen:
        code, _, shown = screen.end()
    assert (code, "[y/N]" in shown) == (0, False)


def test_a_value_for_the_rows_that_are_there(changing: Changing) -> None:
    changing.begin(USERS, *ROWS)
    changing.models(AGED)

    with on_terminal(changing.project, "migrate", "--rev-id", "r2") as screen:
        screen.answer("Choose (1, 2): ", "3\n")
        screen.answer("Choose (1, 2): ", "1\n")
        screen.answer(VALUE, "old\n")
        screen.answer(VALUE, "NULL\n")
        screen.answer(VALUE, "sql:id + 10\n")
        code, _, shown = screen.end()

    assert code == 0
    assert (
        "The column users.age is NOT NULL without a default, so that rows which are there need a value:\n"
        " 1) give them a value now\n"
        " 2) leave it: the upgrade fails if there are rows\n"
    ) in shown
    assert "'old' isn't an integer.\n" in shown
    changing.apply()
    assert changing.rows("SELECT age FROM users") == [(11,)]


def test_a_column_is_left_as_it_is(on_sqlite: Changing) -> None:
    on_sqlite.begin(USERS, *ROWS)
    on_sqlite.models(AGED)

    with on_terminal(on_sqlite.project, "migrate", "--rev-id", "r2") as screen:
        screen.answer("Choose (1, 2): ", "2\n")
        assert screen.end()[0] == 0

    assert "sa.Column('age', sa.Integer(), nullable=False)" in on_sqlite.source("r2")


@pytest.mark.parametrize(("models", "question"), [(RENAMED, COLUMN), (AGED, "Choose (1, 2): ")])
def test_the_end_of_input_writes_nothing(on_sqlite: Changing, models: str, question: str) -> None:
    on_sqlite.begin(USERS, *ROWS)
    on_sqlite.models(models)

    with on_terminal(on_sqlite.project, "migrate") as screen:
        screen.answer(question, END_OF_INPUT)
        code, said, shown = screen.end()

    assert (code, said) == (1, "")
    # the line is broken at a space, where the terminal ends
    assert click.unstyle(shown).splitlines()[-2:] == [
        "Error: not answered, so nothing is written; answer with --rename and --fill, or",
        "say --no-input",
    ]
    assert len(on_sqlite.project.revisions()) == 1


@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])
def test_an_interruption_writes_nothing(on: Callable[[str], Changing], kind: str) -> None:
    changing = on(kind)
    changing.begin(USERS, *ROWS)
    changing.models(RENAMED)

    with on_terminal(changing.project, "migrate") as screen:
        screen.answer(COLUMN, "")
        screen.program.send_signal(signal.SIGINT)
        # if the program had not begun to read yet, it notices the signal once it has read something
        screen.answer("", "\n")
        code, said, shown = screen.end()

    assert (code, said) == (1, "")
    assert click.unstyle(shown).splitlines()[-2].startswith("Error: not answered, so nothing is written;")
    assert len(changing.project.revisions()) == 1
    assert changing.project.db("migrate", "--rename", "users.name:full_name").exit_code == 0
