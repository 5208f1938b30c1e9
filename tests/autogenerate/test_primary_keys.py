"""Primary keys are compared: their columns, the order of these, and their names."""

from __future__ import annotations

import pytest

from tests.support.law import Law


def table(name: str, key: str, *, more: str = "", nullable: str = "") -> str:
    """Return a table with a named key; the columns of `nullable` are."""
    columns = "".join(
        f"sa.Column('{column}', sa.Integer, nullable={column in nullable}, autoincrement=False), " for column in "abc"
    )
    made = f"sa.PrimaryKeyConstraint({', '.join(map(repr, key))}, name='pk_{name}'), " if key else ""
    return f"sa.Table('{name}', metadata, {columns}{made}{more})\n"


CASES = {
    "another": ("a", "b"),
    "longer": ("a", "ab"),
    "shorter": ("ab", "a"),
    "turned": ("ab", "ba"),
    "added": ("", "a"),
    "removed": ("a", ""),
    # reserved, and to be quoted
    "Order s": ("a", "bc"),
}


@pytest.mark.sampled
def test_every_change_of_a_key(law: Law) -> None:
    law.holds(
        "".join(table(name, key) for name, (key, _) in CASES.items()),
        "".join(table(name, key) for name, (_, key) in CASES.items()),
        rows=["INSERT INTO another VALUES (1, 2, 3), (2, 3, 4)", "INSERT INTO longer VALUES (1, 2, 3)"],
        expected={"SELECT * FROM another ORDER BY a": [(1, 2, 3), (2, 3, 4)], "SELECT * FROM longer": [(1, 2, 3)]},
    )


@pytest.mark.sampled
def test_columns_that_come_leave_and_are_nullable_without_the_key(law: Law) -> None:
    law.holds(
        table("t", "a", nullable="b") + table("u", "ab", nullable="c"),
        table("t", "b", nullable="a") + table("u", "ac", nullable="b"),
        rows=["INSERT INTO t VALUES (1, 2, 3)"],
        expected={"SELECT * FROM t": [(1, 2, 3)]},
    )


def test_foreign_keys_that_refer_to_it(law: Law) -> None:
    def other(column: str) -> str:
        return (
            "sa.Table('other', metadata, sa.Column('id', sa.Integer, primary_key=True), sa.Column('t', sa.Integer, "
            f"sa.ForeignKey('t.{column}', name='fk_{column}')))\n"
        )

    def itself(column: str) -> str:
        return f"sa.ForeignKeyConstraint(['c'], ['t.{column}'], name='fk_own_{column}')"

    if law.kind == "mariadb":
        pytest.skip("MariaDB keeps the index of a foreign key whose name is another one")
    law.holds(
        table("t", "a", more=itself("a"), nullable="c") + other("a"),
        table("t", "b", more=itself("b"), nullable="c") + other("b"),
    )


def test_another_name_is_compared_where_there_is_one(law: Law) -> None:
    def models(name: str) -> str:
        return f"sa.Table('t', metadata, sa.Column('a', sa.Integer), sa.PrimaryKeyConstraint('a'{name}))\n"

    law.models(models(", name='one'"))
    law.migrated()
    law.models(models(""))
    assert law.is_quiet()

    law.models(models(", name='two'"))
    assert law.is_quiet() == (law.kind == "mariadb")
    if law.kind != "mariadb":
        law.migrated()
        assert law.schema() == law.created()


def test_keys_without_a_name_and_named_by_a_convention(law: Law) -> None:
    def models(key: str) -> str:
        columns = "".join(f"sa.Column({name!r}, sa.Integer, primary_key={name in key}), " for name in "ab")
        return (
            f"sa.Table('t', metadata, {columns})\n"
            f"named = sa.MetaData(naming_convention={{'pk': 'key_of_%(table_name)s'}})\nsa.Table('n', named, {columns})"
            "\nnamed.tables['n'].to_metadata(metadata)\n"
        )

    law.models(models("a"))
    law.migrated()
    law.execute("INSERT INTO t VALUES (1, 2)", "INSERT INTO n VALUES (1, 2)")
    before = law.schema()
    law.models(models("ab"))
    written, _ = law.migrated()

    assert law.is_quiet()
    assert law.rows("SELECT * FROM t") == law.rows("SELECT * FROM n") == [(1, 2)]
    assert ("key_of_n" in law.schema()["primary key n"]) == (law.kind != "mariadb"), written
    law.project.db("downgrade", "--yes")
    assert _nameless(law.schema()) == _nameless(before)


def _nameless(schema: dict[str, str]) -> dict[str, str]:
    # SQLite's catalog has no name for a key that isn't given one, and a downgrade needs one
    return {key: text.removeprefix("pk_t") if key == "primary key t" else text for key, text in schema.items()}


def test_a_filter_that_leaves_them_out(law: Law) -> None:
    law.models(table("t", "a"))
    law.migrated()
    law.project.write(
        "plugin.py",
        """
        from ellar_db import hookimpl


        @hookimpl
        def ellar_db_include_object(object, name, type_, reflected, compare_to):
            return False if type_ == "primary_key_constraint" else None
        """,
    )
    law.project.write(
        "pyproject.toml",
        f"[tool.ellar-db]\ndatabase = '{law.url}'\nmetadata = 'models:metadata'\nplugins = ['plugin']\n",
    )
    law.models(table("t", "ab"))

    assert law.is_quiet()
