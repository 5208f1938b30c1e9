"""CHECK constraints without a name, which only SQLite has."""

from __future__ import annotations

from tests.support.changes import Changing

TABLE = "Table('{}', metadata, Column('c', Integer{}){})\n"


def test_one_that_stays_is_told(on_sqlite: Changing) -> None:
    unnamed, in_column = "CheckConstraint('c > 0')", "CheckConstraint('c > 1')"
    on_sqlite.begin(TABLE.format("a", "", f", {unnamed}") + TABLE.format("b", f", {in_column}", ""))
    assert "stays" not in on_sqlite.project.db("check").stderr
    named = "CheckConstraint('c > 1', name='n')"
    on_sqlite.models(TABLE.format("a", "", "") + TABLE.format("b", f", {named}", ""))

    said = on_sqlite.project.db("migrate").stderr

    for table, condition in (("a", "c > 0"), ("b", "c > 1")):
        assert f"CHECK ({condition}) of {table} isn't in the models, and stays: it has no name" in said
