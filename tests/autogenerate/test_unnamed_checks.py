"""CHECK constraints that a revision can't change: those without a name on SQLite, those in columns on MariaDB."""

from __future__ import annotations

import pytest

from tests.support.changes import Changing
from tests.support.law import Law, tables

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


def test_those_in_columns_are_told_on_mariadb(on_mariadb: Law) -> None:
    table = "sa.Table('{}', metadata, sa.Column('c', sa.Integer{}), sa.Column('d', sa.JSON){})\n"
    check = ", sa.CheckConstraint('c > {}')".format
    on_mariadb.models(table.format("a", check(0), "") + table.format("b", "", "") + table.format("same", check(2), ""))
    on_mariadb.migrated()
    assert "isn't written" not in on_mariadb.project.db("check").stderr
    new = ", sa.Column('e', sa.Integer, sa.CheckConstraint('e > 4'))"
    on_mariadb.models(table.format("a", "", new) + table.format("b", check(3), "") + table.format("same", check(2), ""))

    said = on_mariadb.migrated()[1]

    assert "CHECK (`c` > 0) in a column of a is only in the database, and isn't written: change it with" in said
    assert "CHECK (`c` > 3) in a column of b is only in the models, and isn't written: change it with" in said
    assert said.count("isn't written") == 2


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_another_condition_takes_the_name_that_it_would_have_in_a_new_table(
    kind: str, request: pytest.FixtureRequest
) -> None:
    on_server: Law = request.getfixturevalue(f"on_{kind}")

    on_server.holds(
        tables(["sa.Integer", "sa.CheckConstraint('c > 0')"]), tables(["sa.Integer", "sa.CheckConstraint('c > 1')"])
    )
