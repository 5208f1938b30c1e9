"""Server defaults as they are written in a revision: texts, numbers and expressions, of one line and of several."""

from __future__ import annotations

import pytest

from ellar_db.dialects.sqlite import SQLite
from tests.support.changes import Changing

DEFAULTS = [
    "'a\\nb'",
    "'a'",
    "''",
    "'it''s (\\n'",
    "10",
    "-1.5",
    "('a\\n' || 'b')",
    "('a' || 'b')",
    "(('(') || (')'))",
    "(CASE\\nWHEN 1 THEN 2\\nEND)",
    "(random())",
]


def models(defaults: list[str]) -> str:
    """Return the source of a table for each default."""
    return "".join(
        f'Table("t{number}", metadata, Column("id", Integer, primary_key=True), '
        f'Column("x", String(60), server_default=text("{default}")))\n'
        for number, default in enumerate(defaults)
    )


def test_a_downgrade_gives_each_default_back(on_sqlite: Changing) -> None:
    def found() -> list[tuple[object, ...]]:
        return on_sqlite.rows("SELECT name, sql FROM sqlite_master WHERE sql LIKE 'CREATE TABLE t%' ORDER BY name")

    on_sqlite.begin(models(DEFAULTS))
    first = found()
    on_sqlite.models(models(["'other'"] * len(DEFAULTS)))
    on_sqlite.migrate()
    on_sqlite.apply()
    assert found() != first

    on_sqlite.undo(models(DEFAULTS))
    assert found() == first


def test_a_new_table_has_them_as_they_are(changing: Changing) -> None:
    quoted = [default for default in DEFAULTS if default.startswith("'")]
    changing.begin(models(quoted))
    changing.apply()

    changing.execute(*(f"INSERT INTO t{number} (id) VALUES (1)" for number in range(len(quoted))))
    assert [changing.rows(f"SELECT x FROM t{number}") for number in range(len(quoted))] == [
        [("a\nb",)],
        [("a",)],
        [("",)],
        [("it's (\n",)],
    ]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("(('a\nb'))", "'a\nb'"),
        ("((-1))", "-1"),
        ("('a' || 'b')", "('a' || 'b')"),
        # what Alembic takes for a literal, and for one pair of parentheses
        ("'a' || 'b'", "('a' || 'b')"),
        ("('(') || (')')", "(('(') || (')'))"),
        ("((random()))", "(random())"),
        ("(a", "(a"),
    ],
)
def test_parentheses_are_where_they_are_needed(text: str, written: str) -> None:
    assert SQLite().written_default(text) == written
