"""CHECK constraints are seen, in tables and columns, with names and without."""

from __future__ import annotations

import pytest

from tests.support.law import Law


def table(*parts: str) -> str:
    listed = ", ".join(("sa.Column('id', sa.Integer, primary_key=True)", *parts))
    return f"sa.Table('t', metadata, {listed})\n"


INTEGER = "sa.Column('n', sa.Integer)"


@pytest.mark.parametrize("name", [", name='ck_n'", ""])
@pytest.mark.parametrize("condition", ["n > 5", "n <> 3 AND n IN (1, 2)", "n % 2 = 0"])
def test_one_that_is_added(law: Law, name: str, condition: str) -> None:
    law.holds(table(INTEGER), table(INTEGER, f"sa.CheckConstraint('{condition}'{name})"), but="ck_t")


def test_one_that_is_removed_or_changed(law: Law) -> None:
    law.holds(
        table(INTEGER, "sa.CheckConstraint('n > 5', name='a')", "sa.CheckConstraint('n < 9', name='b')"),
        table(INTEGER, "sa.CheckConstraint('n > 6', name='a')"),
    )


@pytest.mark.parametrize("name", [", name='ck_n'", ""])
def test_one_in_a_column(law: Law, name: str) -> None:
    if law.kind == "mariadb" and name:
        pytest.skip("MariaDB has no names for the constraints of a column")
    column = f"sa.Column('m', sa.Integer, sa.CheckConstraint('m > 5'{name}), nullable=True)"
    law.holds(table(INTEGER), table(INTEGER, column))


def test_one_in_a_column_of_a_new_table(law: Law) -> None:
    law.models(table("sa.Column('m', sa.Numeric(10, 2), sa.CheckConstraint('m > 5'), nullable=False)"))
    law.migrated()

    assert law.schema() == law.created()
    assert law.is_quiet()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("sa.Enum('a', 'b', name='kind', native_enum=False, create_constraint=True, length=9)",
         "sa.Enum('a', 'b', 'c', name='kind', native_enum=False, create_constraint=True, length=9)"),
        ("sa.String(9)", "sa.Enum('a', 'b', name='kind', native_enum=False, create_constraint=True, length=9)"),
    ],
)  # fmt: skip
def test_one_of_a_type(law: Law, old: str, new: str) -> None:
    law.holds(
        table(f"sa.Column('k', {old})"),
        table(f"sa.Column('k', {new})"),
        rows=["INSERT INTO t VALUES (1, 'a')"],
        expected={"SELECT * FROM t": [(1, "a")]},
    )


@pytest.mark.parametrize(
    "condition",
    ["s <> ''", "s <> 'it''s'", "s NOT LIKE '50%'", "s <> 'a:b'", "length(s) > 0", "s IS NOT NULL OR n > 0"],
)
def test_odd_conditions(law: Law, condition: str) -> None:
    column = "sa.Column('s', sa.String(9))"
    escaped = condition.replace(":", "\\\\:")
    law.holds(table(INTEGER, column), table(INTEGER, column, f'sa.CheckConstraint("{escaped}", name="c")'))


def test_a_filter_that_leaves_them_out(law: Law) -> None:
    law.models(table(INTEGER))
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
    law.models(table(INTEGER, "sa.CheckConstraint('n > 5', name='a')"))

    assert law.is_quiet()


def test_one_in_a_column_that_is_dropped(law: Law) -> None:
    column = "sa.Column('m', sa.Integer, sa.CheckConstraint('m > 5'), nullable=True)"
    if law.kind == "sqlite":
        column = column.replace("'m > 5'", "'m > 5', name='ck_m'")
    law.models(table(INTEGER, column))
    law.migrated()
    law.models(table(INTEGER))
    law.migrated()

    assert law.schema() == law.created()
    law.project.db("downgrade", "--yes")
    assert law.kind == "mariadb" or any("m > 5" in f"{key} {value}" for key, value in law.schema().items())


def test_one_in_a_column_that_is_added_with_a_constraint(law: Law) -> None:
    column = "sa.Column('m', sa.Integer, sa.CheckConstraint('m > 5'), nullable=True)"
    law.models(table(INTEGER))
    law.migrated()
    law.models(table(INTEGER, column, "sa.UniqueConstraint('n', 'm', name='u')"))
    law.migrated()

    assert law.schema() == law.created()
    assert law.is_quiet()


def test_a_name_by_convention(law: Law) -> None:
    convention = "metadata.naming_convention = {'ck': 'ck_%(table_name)s_%(constraint_name)s'}\n"
    law.holds(
        convention + table(INTEGER, "sa.CheckConstraint('n > 5', name='positive')"),
        convention + table(INTEGER, "sa.CheckConstraint('n > 6', name='positive')"),
    )
