"""Primary and foreign keys."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Column, ForeignKey, ForeignKeyConstraint, Integer, MetaData, String, Table

from benchmarks.corpus.constraints import CONVENTION
from benchmarks.corpus.feature import POSTGRESQL, SERVERS, SQLITE, Feature, Models, columns, others, things, x, xs, y

GROUP = "Keys"

PG = {"databases": (POSTGRESQL,)}
ROWS = {"others": [{"id": 1}, {"id": 2}], "things": [{"id": 1, "x": 1}, {"id": 2, "x": 2}]}


def refer(**options: Any) -> Models:
    """Return models of a column that refers to another table."""
    return lambda m: (others(m), things(m, x(Integer, ForeignKey("others.id", **options))))


def no_reference(m: MetaData) -> None:
    """Add both tables without the reference."""
    others(m)
    things(m, x(Integer))


def composite(*, reference: bool, name: str | None = "fk_pair", reverse: bool = False) -> Models:
    """Return models of a key of two columns, and a reference to it."""
    names = ["b", "a"] if reverse else ["a", "b"]

    def models(m: MetaData) -> None:
        Table("others", m, Column("a", Integer, primary_key=True), Column("b", Integer, primary_key=True))
        items = [ForeignKeyConstraint(names, [f"others.{each}" for each in names], name=name)] if reference else []
        Table("things", m, Column("id", Integer, primary_key=True), Column("a", Integer), Column("b", Integer), *items)

    return models


PAIRS = {"others": [{"a": 1, "b": 2}], "things": [{"id": 1, "a": 1, "b": 2}]}


def mutual(m: MetaData, *, both: bool, use_alter: bool = False) -> None:
    """Add two tables that refer to each other."""
    first = ForeignKey("things.id", name="fk_others_things", use_alter=use_alter)
    others(m, y(Integer, *[first] if both else []))
    things(m, x(Integer, ForeignKey("others.id", name="fk_things_others", use_alter=use_alter)))


def key(*names: str, name: str | None = None, type_: Any = Integer) -> Models:
    """Return models of a table with two columns, some of which are the primary key."""

    def models(m: MetaData) -> None:
        items = [sa.PrimaryKeyConstraint(*names, name=name)] if name else []
        Table(
            "things",
            m,
            Column("id", type_, primary_key="id" in names and not name, autoincrement=False, nullable=False),
            Column("x", Integer, primary_key="x" in names and not name, autoincrement=False, nullable=False),
            *items,
        )

    return models


KEYS = {"things": [{"id": 1, "x": 5}, {"id": 2, "x": 6}]}

FEATURES = [
    Feature("A foreign key", "added", no_reference, refer(), rows=ROWS),
    Feature("A foreign key", "taken away", refer(), no_reference, rows=ROWS),
    Feature("A foreign key, named", "added", no_reference, refer(name="fk_x"), rows=ROWS),
    Feature("A foreign key, named", "taken away", refer(name="fk_x"), no_reference, rows=ROWS),
    Feature("A foreign key, named", "another name", refer(name="fk_x"), refer(name="fk_y"), rows=ROWS),
    Feature("A foreign key with a naming convention", "added", no_reference, refer(), rows=ROWS, naming=CONVENTION),
    Feature(
        "A foreign key with a naming convention", "taken away", refer(), no_reference, rows=ROWS, naming=CONVENTION
    ),
    Feature("ON DELETE CASCADE", "added", refer(), refer(ondelete="CASCADE"), rows=ROWS),
    Feature("ON DELETE CASCADE", "taken away", refer(ondelete="CASCADE"), refer(), rows=ROWS),
    Feature("ON DELETE CASCADE", "made SET NULL", refer(ondelete="CASCADE"), refer(ondelete="SET NULL"), rows=ROWS),
    Feature("ON DELETE RESTRICT", "made NO ACTION", refer(ondelete="RESTRICT"), refer(ondelete="NO ACTION"), rows=ROWS),
    Feature("ON UPDATE CASCADE", "added", refer(), refer(onupdate="CASCADE"), rows=ROWS),
    Feature(
        "ON DELETE, named",
        "another action",
        refer(name="fk_x", ondelete="CASCADE"),
        refer(name="fk_x", ondelete="SET NULL"),
        rows=ROWS,
    ),
    Feature(
        "ON DELETE SET NULL of some columns",
        "added",
        composite(reference=False),
        lambda m: _set_null(m),
        rows=PAIRS,
        **PG,
    ),
    Feature(
        "A deferrable foreign key",
        "made so",
        refer(),
        refer(deferrable=True, initially="DEFERRED"),
        rows=ROWS,
        databases=(POSTGRESQL, SQLITE),
    ),
    Feature(
        "A deferrable foreign key",
        "no longer",
        refer(name="fk_x", deferrable=True, initially="DEFERRED"),
        refer(name="fk_x"),
        rows=ROWS,
        databases=(POSTGRESQL, SQLITE),
    ),
    Feature(
        "A deferrable foreign key",
        "initially immediate",
        refer(name="fk_x", deferrable=True, initially="DEFERRED"),
        refer(name="fk_x", deferrable=True, initially="IMMEDIATE"),
        rows=ROWS,
        databases=(POSTGRESQL, SQLITE),
    ),
    Feature(
        "A foreign key, NOT VALID",
        "added",
        no_reference,
        refer(name="fk_x", postgresql_not_valid=True),
        rows=ROWS,
        **PG,
    ),
    Feature(
        "A foreign key, MATCH FULL", "made so", refer(name="fk_x"), refer(name="fk_x", match="FULL"), rows=ROWS, **PG
    ),
    Feature("A composite foreign key", "added", composite(reference=False), composite(reference=True), rows=PAIRS),
    Feature("A composite foreign key", "taken away", composite(reference=True), composite(reference=False), rows=PAIRS),
    Feature(
        "A composite foreign key, unnamed",
        "taken away",
        composite(reference=True, name=None),
        composite(reference=False),
        rows=PAIRS,
    ),
    Feature(
        "A foreign key of a new column",
        "nullable",
        lambda m: (others(m), things(m)),
        refer(),
        rows={"others": [{"id": 1}], "things": [{"id": 1}]},
    ),
    Feature(
        "A foreign key to another table",
        "another one",
        lambda m: (_third(m), others(m), things(m, x(Integer, ForeignKey("others.id", name="fk_x")))),
        lambda m: (_third(m), others(m), things(m, x(Integer, ForeignKey("thirds.id", name="fk_x")))),
        rows={**ROWS, "thirds": [{"id": 1}, {"id": 2}]},
    ),
    columns(
        "A reference to the same table",
        "added",
        lambda: [x(Integer)],
        lambda: [x(Integer, ForeignKey("things.id"))],
        rows=xs(None, 1),
    ),
    columns(
        "A reference to the same table",
        "taken away",
        lambda: [x(Integer, ForeignKey("things.id"))],
        lambda: [x(Integer)],
        rows=xs(None, 1),
    ),
    columns(
        "A reference to the same table",
        "in a new column",
        lambda: [x(Integer)],
        lambda: [x(Integer), y(Integer, ForeignKey("things.id", ondelete="SET NULL"))],
        rows=xs(None, 1),
    ),
    Feature(
        "References of two tables to each other",
        "the second one added",
        lambda m: mutual(m, both=False),
        lambda m: mutual(m, both=True),
        rows={"others": [{"id": 1}], "things": [{"id": 1, "x": 1}]},
    ),
    Feature(
        "References of two tables to each other",
        "both tables added",
        lambda m: Table("thirds", m, Column("id", Integer, primary_key=True)),
        lambda m: (_third(m), mutual(m, both=True)),
        rows={"thirds": [{"id": 1}]},
    ),
    Feature(
        "References of two tables to each other",
        "both tables dropped",
        lambda m: (_third(m), mutual(m, both=True)),
        lambda m: _third(m),
        rows={"thirds": [{"id": 1}]},
    ),
    Feature(
        "References of two tables to each other, use_alter",
        "a column added",
        lambda m: mutual(m, both=True, use_alter=True),
        lambda m: (mutual(m, both=True, use_alter=True), m.tables["things"].append_column(Column("z", Integer))),
        rows={"others": [{"id": 1}], "things": [{"id": 1, "x": 1}]},
        databases=SERVERS,
    ),
    Feature(
        "A table to which another refers",
        "both dropped",
        lambda m: (_third(m), others(m), things(m, x(Integer, ForeignKey("others.id")))),
        lambda m: _third(m),
        rows={"thirds": [{"id": 1}]},
    ),
    Feature(
        "A table to which another refers",
        "a column of it changed",
        lambda m: (others(m, y(String(20))), things(m, x(Integer, ForeignKey("others.id", ondelete="CASCADE")))),
        lambda m: (
            others(m, y(String(40), nullable=False)),
            things(m, x(Integer, ForeignKey("others.id", ondelete="CASCADE"))),
        ),
        rows={"others": [{"id": 1, "y": "a"}], "things": [{"id": 1, "x": 1}]},
    ),
    Feature(
        "A table to which another refers",
        "the type of its key widened with the reference",
        lambda m: (others(m), things(m, x(Integer, ForeignKey("others.id", name="fk_x")))),
        lambda m: (
            Table("others", m, Column("id", sa.BigInteger, primary_key=True)),
            things(m, x(sa.BigInteger, ForeignKey("others.id", name="fk_x"))),
        ),
        rows=ROWS,
    ),
    Feature("A primary key", "of another column", key("id"), key("x"), rows=KEYS),
    Feature("A primary key", "a column added to it", key("id"), key("id", "x"), rows=KEYS),
    Feature("A primary key", "a column taken from it", key("id", "x"), key("id"), rows=KEYS),
    Feature("A primary key", "taken away", key("id"), key(), rows=KEYS, databases=SERVERS),
    Feature("A primary key", "added", key(), key("id"), rows=KEYS),
    Feature(
        "A primary key, named",
        "another name",
        key("id", name="pk_a"),
        key("id", name="pk_b"),
        rows=KEYS,
        databases=(POSTGRESQL, SQLITE),
    ),
    Feature(
        "A primary key, named",
        "columns in another order",
        key("id", "x", name="pk_a"),
        key("x", "id", name="pk_a"),
        rows=KEYS,
    ),
    Feature("A primary key", "made BigInteger", key("id"), key("id", type_=sa.BigInteger), rows=KEYS),
    Feature(
        "A primary key with a naming convention",
        "a column added to it",
        key("id"),
        key("id", "x"),
        rows=KEYS,
        naming=CONVENTION,
    ),
    Feature(
        "A many-to-many table",
        "added",
        lambda m: (others(m), things(m)),
        lambda m: _many(m),
        rows={"others": [{"id": 1}], "things": [{"id": 1}]},
    ),
    Feature(
        "A many-to-many table",
        "ON DELETE CASCADE added",
        lambda m: _many(m),
        lambda m: _many(m, ondelete="CASCADE"),
        rows={"others": [{"id": 1}], "things": [{"id": 1}], "links": [{"thing": 1, "other": 1}]},
    ),
    Feature(
        "A many-to-many table",
        "a column added",
        lambda m: _many(m),
        lambda m: (_many(m), m.tables["links"].append_column(Column("since", sa.Date))),
        rows={"others": [{"id": 1}], "things": [{"id": 1}], "links": [{"thing": 1, "other": 1}]},
    ),
]


def _third(m: MetaData) -> None:
    Table("thirds", m, Column("id", Integer, primary_key=True))


def _set_null(m: MetaData) -> None:
    composite(reference=False)(m)
    reference = ForeignKeyConstraint(["a", "b"], ["others.a", "others.b"], name="fk_pair", ondelete="SET NULL (a)")
    m.tables["things"].append_constraint(reference)


def _many(m: MetaData, **options: Any) -> None:
    others(m)
    things(m)
    Table(
        "links",
        m,
        Column("thing", ForeignKey("things.id", **options), primary_key=True),
        Column("other", ForeignKey("others.id", **options), primary_key=True),
    )
