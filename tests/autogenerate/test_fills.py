"""`--fill`: values for the rows that are there, in columns that become NOT NULL."""

from __future__ import annotations

import datetime
import sqlite3
import uuid
from collections.abc import Callable
from decimal import Decimal

import pytest
from sqlalchemy import inspect

from tests.support.changes import Changing

USERS = 'Table("users", metadata, Column("id", Integer, primary_key=True), Column("name", String(20)))\n'
ROWS = ("INSERT INTO users (id, name) VALUES (1, 'Ann')", "INSERT INTO users (id, name) VALUES (2, NULL)")


def adding(column: str) -> str:
    """Give the models with one more column."""
    return USERS.replace("))\n", f"), {column})\n")


def nullable(changing: Changing, column: str) -> bool:
    columns = changing.read(lambda connection: inspect(connection).get_columns("users"))
    return bool({each["name"]: each["nullable"] for each in columns}[column])


def test_an_added_column_is_filled(changing: Changing) -> None:
    changing.begin(USERS, *ROWS)
    changing.models(adding('Column("age", Integer, nullable=False, comment="years"), Column("note", Text)'))

    changing.migrate("--fill", "users.age=18")
    changing.apply()

    assert changing.rows("SELECT id, age, note FROM users ORDER BY id") == [(1, 18, None), (2, 18, None)]
    assert not nullable(changing, "age")
    changing.undo(USERS)
    assert changing.rows("SELECT * FROM users ORDER BY id") == [(1, "Ann"), (2, None)]


def test_a_column_that_becomes_not_null_is_filled_where_it_has_no_value(changing: Changing) -> None:
    changing.begin(USERS, *ROWS)
    changing.models(USERS.replace("String(20)", "String(30), nullable=False"))

    changing.migrate("--fill", "users.name=nobody")
    changing.apply()

    assert changing.rows("SELECT name FROM users ORDER BY id") == [("Ann",), ("nobody",)]
    assert not nullable(changing, "name")
    changing.undo(USERS)
    assert changing.rows("SELECT name FROM users ORDER BY id") == [("Ann",), ("nobody",)]


def test_a_column_is_renamed_and_filled(changing: Changing) -> None:
    changing.begin(USERS, *ROWS)
    changing.models(
        USERS.replace('"name", String(20)', '"title", String(20), nullable=False').replace("users", "people")
    )

    changing.migrate("--rename", "users:people", "--rename", "users.name:title", "--fill", "people.title=x")
    changing.apply()

    assert changing.rows("SELECT title FROM people ORDER BY id") == [("Ann",), ("x",)]
    changing.undo(USERS)
    assert changing.rows("SELECT name FROM users ORDER BY id") == [("Ann",), ("x",)]


def test_several_columns_with_a_foreign_key(changing: Changing) -> None:
    before = USERS + 'Table("towns", metadata, Column("id", Integer, primary_key=True))\n'
    changing.begin(before, *ROWS, "INSERT INTO towns (id) VALUES (7)")
    column = 'Column("town", ForeignKey("towns.id", name="fk_town"), nullable=False, index=True)'
    changing.models(before.replace("String(20)))", f"String(20), nullable=False), {column})"))

    changing.migrate("--fill", "users.town=7", "--fill", "users.name=y")
    changing.apply()

    assert changing.rows("SELECT name, town FROM users ORDER BY id") == [("Ann", 7), ("y", 7)]
    changing.undo(before)


VALUES = [
    ("Integer", "-5", -5),
    ("BigInteger", "3000000000", 3000000000),
    ("String(20)", 'it\'s 100% "a:b"\\', 'it\'s 100% "a:b"\\'),
    ("Text", "two\nlines", "two\nlines"),
    ("String(5)", "", ""),
    ("Boolean", "true", True),
    ("Boolean", "no", False),
    ("Numeric(6, 2)", "-1234.5", Decimal("-1234.50")),
    ("Float", "0.5", 0.5),
    ("Date", "2024-01-31", datetime.date(2024, 1, 31)),
    ("DateTime", "2024-01-31 12:30", datetime.datetime(2024, 1, 31, 12, 30)),
    ("Time", "12:30:01", datetime.time(12, 30, 1)),
    ("Uuid", "12345678123456781234567812345678", uuid.UUID("12345678123456781234567812345678")),
    ("Enum('new', 'old', native_enum=False, length=10)", "old", "old"),
    ("JSON", '{"a": [1, null]}', {"a": [1, None]}),
    ("Integer", "sql:id * 2", 2),
    ("Text", "sql:lower('A:B%C')", "a:b%c"),
]


def test_values_of_all_types(changing: Changing) -> None:
    import sqlalchemy

    changing.begin(USERS, *ROWS)
    columns = [f'Column("c{number}", {type_}, nullable=False)' for number, (type_, _, _) in enumerate(VALUES)]
    changing.models(adding(", ".join(columns)))

    given = [word for number, (_, text, _) in enumerate(VALUES) for word in ("--fill", f"users.c{number}={text}")]
    source = changing.migrate(*given)
    changing.project.db("upgrade")

    assert source.count("op.execute(") == len(VALUES)
    kinds = [eval(f"sqlalchemy.{type_}", {"sqlalchemy": sqlalchemy}) for type_, _, _ in VALUES]
    read = sqlalchemy.select(*(sqlalchemy.column(f"c{number}", kind) for number, kind in enumerate(kinds)))
    query = read.select_from(sqlalchemy.table("users")).where(sqlalchemy.column("id") == 1)
    found = changing.read(lambda connection: connection.execute(query).one())
    assert list(found) == [value for _, _, value in VALUES]


def test_the_sql_of_a_value_is_written_too(changing: Changing) -> None:
    changing.begin(USERS, *ROWS)
    changing.models(adding('Column("born", Date, nullable=False), Column("note", Text, nullable=False)'))
    changing.migrate("--fill", "users.born=2024-01-31", "--fill", "users.note=a:b 100% 'c'")

    sql = changing.project.db("upgrade", "--sql", "r1:r2", exit_code=None).stdout

    if changing.engine.dialect.name != "sqlite":
        assert "SET born='2024-01-31' WHERE born IS NULL" in sql
        assert "SET note='a:b 100" in sql


def test_a_type_of_the_application_s_is_filled_with_what_the_database_keeps(changing: Changing) -> None:
    kind = """
class Cents(TypeDecorator):
    impl = Integer
    cache_ok = True

    def process_bind_param(self, value, dialect):
        return None if value is None else round(value * 100)

"""
    changing.begin(USERS, *ROWS)
    changing.models(kind + adding('Column("price", Cents, nullable=False)'))

    source = changing.migrate("--fill", "users.price=250")
    changing.apply()

    assert "sa.column('price', sa.Integer())" in source
    assert changing.rows("SELECT price FROM users ORDER BY id") == [(250,), (250,)]


def test_enums_of_postgresql(on: Callable[[str], Changing]) -> None:
    changing = on("postgresql")
    column = 'Column("state", Enum("new", "old", name="state"){})'
    changing.begin(adding(column.format("")), *ROWS)
    changing.models(adding(column.format(", nullable=False")))

    changing.migrate("--fill", "users.state=old")
    changing.apply()

    assert changing.rows("SELECT state FROM users ORDER BY id") == [("old",), ("old",)]


def test_a_table_of_a_schema(on: Callable[[str], Changing]) -> None:
    changing = on("postgresql")
    changing.settings = "[tool.ellar-db.context-configure]\ninclude_schemas = true\n"
    changing.execute("CREATE SCHEMA sales")
    before = USERS.replace("))\n", '), schema="sales")\n')
    changing.begin(before, "INSERT INTO sales.users VALUES (1, NULL)")
    changing.models(before.replace("String(20)", "String(20), nullable=False"))

    changing.migrate("--fill", "sales.users.name=x")
    changing.apply()

    assert changing.rows("SELECT name FROM sales.users") == [("x",)]


@pytest.mark.parametrize(
    "column",
    [
        'Column("age", Integer)',
        'Column("age", Integer, nullable=False, server_default="1")',
        'Column("age", Integer, Computed("id + 1"), nullable=False)',
    ],
)
def test_a_column_that_needs_no_value_takes_none(on_sqlite: Changing, column: str) -> None:
    on_sqlite.begin(USERS, *ROWS)
    on_sqlite.models(adding(column))

    refused = on_sqlite.project.db("migrate", "--fill", "users.age=1", exit_code=1).stderr

    assert refused.splitlines()[-1] == (
        "Error: --fill users.age=1: users.age isn't a column that becomes NOT NULL and needs a value; those that do: "
        "nothing"
    )
    assert len(on_sqlite.project.revisions()) == 1


@pytest.mark.parametrize(
    ("type_", "text", "message"),
    [
        ("Integer", "x", "'x' isn't an integer"),
        ("Integer", "", "'' isn't an integer"),
        ("Integer", "1.5", "'1.5' isn't an integer"),
        ("Integer", "3000000000", "'3000000000' isn't an integer: it doesn't fit into 32 bits"),
        ("SmallInteger", "40000", "'40000' isn't an integer: it doesn't fit into 16 bits"),
        ("Boolean", "maybe", "'maybe' isn't true or false"),
        ("Numeric(6, 2)", "12345.6", "'12345.6' isn't a number: it doesn't fit into 6 digits with 2 after the point"),
        ("Numeric(6, 2)", "1.234", "'1.234' isn't a number: it doesn't fit into 6 digits with 2 after the point"),
        ("Float", "nan", "'nan' isn't a number: it must be finite"),
        ("String(3)", "four", "'four' isn't a text: it has 4 characters, and the column holds 3"),
        ("Date", "31.1.2024", "'31.1.2024' isn't a date, as in 2024-01-31"),
        ("Date", "2024-02-30", "'2024-02-30' isn't a date, as in 2024-01-31"),
        ("DateTime", "now", "'now' isn't a date and time, as in 2024-01-31T12:00:00"),
        ("Uuid", "1", "'1' isn't a UUID"),
        ("JSON", "{", "'{' isn't JSON"),
        ("Enum('a', 'b')", "c", "'c' isn't one of a, b"),
        ("LargeBinary", "a", "a value of the type LargeBinary() can't be typed; write it as SQL, as in sql:now()"),
        ("Text", "NULL", "NULL is no value for a column that is NOT NULL"),
        ("Text", "sql: null", "NULL is no value for a column that is NOT NULL"),
        ("Text", "sql:", "sql: needs an expression, as in sql:now()"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(on_sqlite: Changing, type_: str, text: str, message: str) -> None:
    on_sqlite.begin(USERS, *ROWS)
    on_sqlite.models(adding(f'Column("more", {type_}, nullable=False)'))

    refused = on_sqlite.project.db("migrate", "--fill", f"users.more={text}", exit_code=1).stderr

    assert refused.splitlines()[-1] == f"Error: --fill {' '.join(f'users.more={text}'.split())}: {message}"
    assert len(on_sqlite.project.revisions()) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["users.ages=1"],
            "--fill users.ages=1: users.ages isn't a column that becomes NOT NULL and needs a value; did you mean "
            "users.age?; those that do: users.age",
        ),
        (
            ["users.age=1", "users.age=2"],
            "--fill users.age=1 and --fill users.age=2 contradict each other; a column gets one value",
        ),
    ],
)
def test_values_for_other_columns_and_contradictions_are_refused(
    on_sqlite: Changing, options: list[str], message: str
) -> None:
    on_sqlite.begin(USERS, *ROWS)
    on_sqlite.models(adding('Column("age", Integer, nullable=False)'))

    given = [word for option in options for word in ("--fill", option)]
    refused = on_sqlite.project.db("migrate", *given, exit_code=1).stderr

    assert refused.splitlines()[-1] == f"Error: {message}"
    assert len(on_sqlite.project.revisions()) == 1


@pytest.mark.parametrize("value", ["users", "age=1", ".age=1", "users.=1", "=1", ""])
def test_a_value_that_cannot_be_read_is_refused(on_sqlite: Changing, value: str) -> None:
    on_sqlite.begin(USERS)

    refused = on_sqlite.project.db("migrate", "--fill", value, exit_code=2).stderr

    assert f"{value!a} isn't TABLE.COLUMN=VALUE, as in users.age=18" in refused


def test_the_models_stay_as_they_are(on_sqlite: Changing) -> None:
    """What is written as nullable for a moment must not change the application's own table."""
    on_sqlite.begin(USERS, *ROWS)
    on_sqlite.models(adding('Column("age", Integer, nullable=False)'))

    on_sqlite.migrate("--fill", "users.age=18")

    import models  # type: ignore[import-not-found]

    assert models.metadata.tables["users"].c.age.nullable is False
    on_sqlite.project.db("upgrade")
    with pytest.raises(Exception, match="NOT NULL"), sqlite3.connect("app.db") as connection:
        connection.execute("INSERT INTO users (id) VALUES (3)")


@pytest.mark.parametrize(("value", "shown"), [("3", "3"), ("sql:1 + 2", "1 + 2")])
def test_what_is_filled_is_told_and_no_reason_to_warn(changing: Changing, value: str, shown: str) -> None:
    changing.begin(USERS, *ROWS)
    changing.models(adding('Column("age", Integer, nullable=False)'))

    said = changing.project.db("migrate", "--fill", f"users.age={value}").stderr

    assert f"  fill users.age with {shown} where it has no value\n" in said
    assert "DB20" not in said
