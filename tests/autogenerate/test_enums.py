"""Labels of enums that are added, taken away, or put in another order, with all that uses the type."""

from __future__ import annotations

import pytest

from tests.support.law import Law

pytest.importorskip("alembic_postgresql_enum")

KINDS = ("between", "start", "default", "checked", "viewed", "shared", "listed", "quoted", "ordered", "taken", "moved")


def models(**labels: str) -> str:
    """Return the models, with labels for each type."""
    kinds = "\n".join(f"{kind} = lambda: sa.Enum(*{labels[kind]!r}.split(), name={kind!r})" for kind in KINDS)
    return f"""{kinds}
id = lambda: sa.Column("id", sa.Integer, primary_key=True)
sa.Table("betweens", metadata, id(), sa.Column("c", between()))
sa.Table("starts", metadata, id(), sa.Column("c", start()))
sa.Table("defaults", metadata, id(), sa.Column("c", default(), server_default={labels["chosen"]!r}))
sa.Table(
    "checks", metadata, id(), sa.Column("c", checked(), index=True), sa.CheckConstraint("c <> 'b'", name="no_b"),
    sa.Index("ix_a", "id", postgresql_where=sa.text("c = 'a'")),
)
sa.Table("views", metadata, id(), sa.Column("c", viewed()))
sa.Table("shares", metadata, id(), sa.Column("c", shared(), unique=True), sa.Column("d", shared()))
sa.Table("others", metadata, id(), sa.Column("c", shared(), sa.ForeignKey("shares.c")))
sa.Table("lists", metadata, id(), sa.Column("c", sa.ARRAY(listed()), server_default="{{a}}"))
sa.Table("quotes", metadata, id(), sa.Column("My c", quoted()))
sa.Table("orders", metadata, id(), sa.Column("c", ordered(), nullable=False, server_default="a"))
sa.Table("takes", metadata, id(), sa.Column("c", taken(), server_default={labels["left"]!r}))
sa.Table("moves", metadata, id(), sa.Column("c", moved()), sa.Column("d", sa.Integer))
"""


BEFORE = {
    "between": "a c",
    "start": "c",
    "default": "a b",
    "chosen": "a",
    "checked": "a b c",
    "viewed": "a b",
    "shared": "a b",
    "listed": "a b c",
    "quoted": "it's 100% :b",
    "ordered": "a b c",
    "taken": "a b",
    "left": "b",
    "moved": "a b",
}
AFTER = {
    "between": "a b b2 c d",
    "start": "a b c",
    "default": "a b c",
    "chosen": "c",
    "checked": "a b",
    "viewed": "b",
    "shared": "b",
    "listed": "a c",
    "quoted": ":b x:y it's 100% %(s)s",
    "ordered": "c a b",
    "taken": "a c",
    "left": "c",
    "moved": "a",
}


def test_labels_and_all_that_uses_them(on_postgresql: Law) -> None:
    on_postgresql.models(models(**BEFORE))
    on_postgresql.migrated()
    on_postgresql.execute(
        "INSERT INTO betweens VALUES (1, 'a'), (2, 'c')",
        "INSERT INTO checks VALUES (1, 'a')",
        "INSERT INTO views VALUES (1, 'b')",
        "INSERT INTO shares VALUES (1, 'b', 'b')",
        "INSERT INTO others VALUES (1, 'b')",
        "INSERT INTO lists VALUES (1, '{a,c}')",
        "INSERT INTO orders VALUES (1, 'b'), (2, 'c')",
        "INSERT INTO takes VALUES (1, 'a')",
        "CREATE VIEW seen AS SELECT c, 'line' || chr(10) AS d FROM views WHERE c = 'b'",
        "CREATE MATERIALIZED VIEW stored AS SELECT c::text AS c FROM seen",
        "CREATE UNIQUE INDEX ix_stored ON stored (c)",
        "GRANT SELECT ON seen TO PUBLIC",
    )
    first = on_postgresql.schema()
    on_postgresql.models(models(**AFTER))

    written, said = on_postgresql.migrated()

    assert on_postgresql.is_quiet()
    assert "DB103 checks.c: the enum checked loses 'c': the upgrade fails while a row has it; give such rows" in said
    assert "DB103 takes.c: the enum taken loses 'b'" in said
    assert "DB103 betweens" not in said
    found = {key: value for key, value in on_postgresql.schema().items() if "seen" not in key and "stored" not in key}
    assert found == on_postgresql.created()
    assert on_postgresql.rows("SELECT c::text FROM betweens ORDER BY betweens.c") == [("a",), ("c",)]
    assert on_postgresql.rows("SELECT c::text FROM orders ORDER BY orders.c") == [("c",), ("b",)]
    assert on_postgresql.rows("SELECT c FROM stored") == [("b",)]
    assert on_postgresql.rows("SELECT has_table_privilege('public', 'seen', 'SELECT')") == [(True,)]
    assert "alembic_postgresql_enum" not in written
    # a label is added without making the type anew, where the revision doesn't use it
    assert "CREATE TYPE \"between\" AS ENUM ('a', 'b'" not in written.split("def downgrade")[0]
    on_postgresql.project.db("downgrade", "-1", "--yes")
    assert on_postgresql.schema() == first


def test_what_cannot_be_made_anew_is_told(on_postgresql: Law) -> None:
    on_postgresql.models("sa.Table('t', metadata, sa.Column('c', sa.Enum('a', 'b', name='kind')))")
    on_postgresql.migrated()
    on_postgresql.execute("CREATE FUNCTION first(kind) RETURNS integer LANGUAGE sql AS 'SELECT 1'")
    on_postgresql.models("sa.Table('t', metadata, sa.Column('c', sa.Enum('a', name='kind')))")

    said = on_postgresql.project.db("migrate").stderr

    assert (
        "the enum kind is used by what the revision doesn't make anew, so that its upgrade fails: "
        "function first(kind); drop it before, and make it again after" in said
    )


def test_a_type_in_a_schema_whose_tables_are_not_compared(on_postgresql: Law) -> None:
    column = "sa.Table('t', metadata, sa.Column('c', sa.Enum({}, name='kind', schema='kinds')))"
    on_postgresql.execute("CREATE SCHEMA kinds", "CREATE TYPE kinds.another AS ENUM ('a')")
    on_postgresql.models(column.format("'a', 'c'"))
    on_postgresql.migrated()
    assert on_postgresql.is_quiet()
    on_postgresql.models(column.format("'a', 'b', 'c'"))

    written, _ = on_postgresql.migrated()

    assert "ALTER TYPE kinds.kind ADD VALUE 'b' AFTER 'a'" in written
    assert on_postgresql.is_quiet()
    assert "another" not in written


def test_other_types_and_an_enum_that_is_a_text_with_a_check(law: Law) -> None:
    named = "name='kind'" if law.kind != "postgresql" else "name='other'"
    law.holds(
        "sa.Table('t', metadata, sa.Column('c', sa.Enum('a', 'b', name='kind')), sa.Column('d', sa.Integer))",
        f"sa.Table('t', metadata, sa.Column('c', sa.Enum('a', 'b', {named}, native_enum=False, create_constraint=True, "
        "length=20)), sa.Column('d', sa.Enum('x', name='e')))",
        rows=["INSERT INTO t (c) VALUES ('a')"],
        expected={"SELECT c FROM t": [("a",)]},
    )


def test_another_name_of_the_type(on_postgresql: Law) -> None:
    column = "sa.Table('t', metadata, sa.Column('my c', sa.Enum('a', 'b', name='{}'), server_default='a'))"
    on_postgresql.holds(column.format("Old Kind"), column.format("New Kind"), rows=["INSERT INTO t VALUES ('b')"])
