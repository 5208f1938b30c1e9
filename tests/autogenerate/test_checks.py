"""CHECK constraints are seen, in tables and columns, with names and without."""

from __future__ import annotations

import pytest

from tests.support.changes import Changing
from tests.support.law import Law, tables

INTEGER = "sa.Integer"


def test_those_that_are_added(law: Law) -> None:
    conditions = ["c > 5", "c <> 3 AND c IN (1, 2)", "c % 2 = 0"]
    names = [", name='ck_{number}'", ""]
    added = [
        [INTEGER, f"sa.CheckConstraint('{condition}'{name.format(number=number)})"]
        for number, (condition, name) in enumerate((condition, name) for condition in conditions for name in names)
    ]

    law.holds(tables(*([INTEGER] for _ in added)), tables(*added), but="ck_t")


def test_one_that_is_removed_or_changed(law: Law) -> None:
    law.holds(
        tables([INTEGER, "sa.CheckConstraint('c > 5', name='a')", "sa.CheckConstraint('c < 9', name='b')"]),
        tables([INTEGER, "sa.CheckConstraint('c > 6', name='a')"]),
    )


def test_those_in_a_column(law: Law) -> None:
    # MariaDB has no names for the constraints of a column
    names = [""] if law.kind == "mariadb" else ["", ", name='ck_m'"]
    columns = [f"sa.Column('m', sa.Integer, sa.CheckConstraint('m > 5'{name}), nullable=True)" for name in names]

    law.holds(tables(*([INTEGER] for _ in columns)), tables(*([INTEGER, column] for column in columns)))


def test_one_in_a_column_of_a_new_table(law: Law) -> None:
    law.models(tables(["sa.Numeric(10, 2), sa.CheckConstraint('c > 5'), nullable=False"]))
    law.migrated()

    assert law.schema() == law.created()
    assert law.is_quiet()


def test_those_of_a_type(law: Law) -> None:
    enum = "sa.Enum('a', 'b'{more}, name='kind{number}', native_enum=False, create_constraint=True, length=9)"
    law.holds(
        tables([enum.format(more="", number=0)], ["sa.String(9)"]),
        tables([enum.format(more=", 'c'", number=0)], [enum.format(more="", number=1)]),
        rows=["INSERT INTO t0 VALUES (1, 'a')", "INSERT INTO t1 VALUES (1, 'a')"],
        expected={"SELECT * FROM t0": [(1, "a")], "SELECT * FROM t1": [(1, "a")]},
    )


def test_odd_conditions(law: Law) -> None:
    texts = ["s <> ''", "s <> 'it''s'", "s NOT LIKE '50%'", "s <> 'a:b'", "length(s) > 0"]
    conditions = [*texts, "s IS NOT NULL OR c > 0"]
    column = "sa.Column('s', sa.String(9))"
    checks = [
        'sa.CheckConstraint("{}", name="c{}")'.format(condition.replace(":", "\\\\:"), number)
        for number, condition in enumerate(conditions)
    ]

    law.holds(tables(*([INTEGER, column] for _ in checks)), tables(*([INTEGER, column, check] for check in checks)))


def test_a_filter_that_leaves_them_out(law: Law) -> None:
    law.models(tables([INTEGER]))
    law.migrated()
    law.project.write(
        "plugin.py",
        """
        from ellar_db import hookimpl

        @hookimpl
        def ellar_db_include_object(type_):
            return type_ != "check_constraint"
        """,
    )
    settings = (law.project.path / "pyproject.toml").read_text()
    law.project.write("pyproject.toml", f"{settings}plugins = ['plugin']\n")
    law.models(tables([INTEGER, "sa.CheckConstraint('c > 5', name='a')"]))

    assert law.is_quiet()


def test_one_in_a_column_that_is_dropped(law: Law) -> None:
    column = "sa.Column('m', sa.Integer, sa.CheckConstraint('m > 5'), nullable=True)"
    if law.kind == "sqlite":
        column = column.replace("'m > 5'", "'m > 5', name='ck_m'")
    law.models(tables([INTEGER, column]))
    law.migrated()
    law.models(tables([INTEGER]))
    law.migrated()

    assert law.schema() == law.created()
    law.project.db("downgrade", "--yes")
    assert law.kind == "mariadb" or any("m > 5" in f"{key} {value}" for key, value in law.schema().items())


def test_one_in_a_column_that_is_added_with_a_constraint(law: Law) -> None:
    column = "sa.Column('m', sa.Integer, sa.CheckConstraint('m > 5'), nullable=True)"
    law.models(tables([INTEGER]))
    law.migrated()
    law.models(tables([INTEGER, column, "sa.UniqueConstraint('c', 'm', name='u')"]))
    law.migrated()

    assert law.schema() == law.created()
    assert law.is_quiet()


def test_a_name_by_convention(law: Law) -> None:
    convention = "metadata.naming_convention = {'ck': 'ck_%(table_name)s_%(constraint_name)s'}\n"
    law.holds(
        convention + tables([INTEGER, "sa.CheckConstraint('c > 5', name='positive')"]),
        convention + tables([INTEGER, "sa.CheckConstraint('c > 6', name='positive')"]),
    )


@pytest.mark.parametrize("law", ["postgresql", "mariadb"], indirect=True)
def test_another_condition_without_a_name(law: Law) -> None:
    law.holds(tables([INTEGER, "sa.CheckConstraint('c > 5')"]), tables([INTEGER, "sa.CheckConstraint('c > 6')"]))


def test_sqlite_cannot_drop_one_without_a_name(on_sqlite: Changing) -> None:
    table = "Table('things', metadata, Column('id', Integer, primary_key=True){})\n"
    on_sqlite.begin(table.format(", CheckConstraint('id > 5')"))
    on_sqlite.models(table.format(""))

    said = on_sqlite.project.db("migrate").stderr

    assert "Warning: CHECK (id > 5) of things isn't in the models, and stays: it has no name by which" in said
    assert len(on_sqlite.project.revisions()) == 1
