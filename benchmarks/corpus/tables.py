"""Tables: added, dropped, renamed, their options and comments; inheritance, views, tables that are left out."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column, relationship

from benchmarks.corpus.constraints import CONVENTION
from benchmarks.corpus.feature import (
    IDS,
    MARIADB,
    POSTGRESQL,
    SERVERS,
    SQLITE,
    Feature,
    columns,
    others,
    things,
    x,
    xs,
    y,
)

GROUP = "Tables"

PG = {"databases": (POSTGRESQL,)}
MY = {"databases": (MARIADB,)}
LITE = {"databases": (SQLITE,)}


def items(m: MetaData, *columns_: Any, **options: Any) -> Table:
    """Add the table `items`, which `things` becomes."""
    return Table("items", m, Column("id", Integer, primary_key=True), *columns_, **options)


def joined(m: MetaData, *, more: bool) -> None:
    """Add classes with joined inheritance."""

    class Base(DeclarativeBase):
        metadata = m

    class Vehicle(Base):
        __tablename__ = "vehicles"
        id: Mapped[int] = mapped_column(primary_key=True)
        kind: Mapped[str] = mapped_column(String(20))
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "vehicle"}  # noqa: RUF012

    class Car(Vehicle):
        __tablename__ = "cars"
        id: Mapped[int] = mapped_column(ForeignKey("vehicles.id"), primary_key=True)
        doors: Mapped[int]
        if more:
            wheels: Mapped[int | None]
        __mapper_args__ = {"polymorphic_identity": "car"}  # noqa: RUF012


def single(m: MetaData, *, more: bool) -> None:
    """Add classes with single-table inheritance."""

    class Base(DeclarativeBase):
        metadata = m

    class Vehicle(Base):
        __tablename__ = "vehicles"
        id: Mapped[int] = mapped_column(primary_key=True)
        kind: Mapped[str] = mapped_column(String(20))
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "vehicle"}  # noqa: RUF012

    if more:

        class Car(Vehicle):
            doors: Mapped[int | None]
            __mapper_args__ = {"polymorphic_identity": "car"}  # noqa: RUF012


def mixed(m: MetaData, *, more: bool) -> None:
    """Add classes with a mixin and a relationship."""

    class Base(DeclarativeBase):
        metadata = m

    class Stamped:
        created: Mapped[str | None] = mapped_column(String(30), server_default="it's")

        @declared_attr.directive
        def __tablename__(cls) -> str:
            return cls.__name__.lower()

    class Author(Stamped, Base):
        id: Mapped[int] = mapped_column(primary_key=True)
        books = relationship(lambda: Book)

    class Book(Stamped, Base):
        id: Mapped[int] = mapped_column(primary_key=True)
        author_id: Mapped[int] = mapped_column(ForeignKey("author.id", ondelete="CASCADE"), index=True)
        if more:
            title: Mapped[str | None] = mapped_column(String(100))


FEATURES = [
    Feature("A table", "added", things, lambda m: (things(m), others(m, x(Integer))), rows=IDS),
    Feature("A table", "dropped", lambda m: (things(m), others(m, x(Integer))), things, rows=IDS),
    Feature(
        "A table with everything",
        "added",
        things,
        lambda m: (
            things(m),
            others(
                m,
                x(String(20), server_default="it's", nullable=False, unique=True),
                y(Integer, ForeignKey("things.id", ondelete="CASCADE"), index=True),
                Column("z", sa.Numeric(8, 2), server_default="0"),
                sa.CheckConstraint("z >= 0", name="not_negative"),
                comment="all of it",
            ),
        ),
        rows=IDS,
    ),
    Feature(
        "A table with everything",
        "dropped",
        lambda m: (
            things(m),
            others(
                m,
                x(String(20), server_default="it's", nullable=False, unique=True),
                y(Integer, ForeignKey("things.id", ondelete="CASCADE"), index=True),
                sa.CheckConstraint("y >= 0", name="not_negative"),
                comment="all of it",
            ),
        ),
        things,
        rows=IDS,
    ),
    Feature(
        "A table",
        "renamed",
        lambda m: things(m, x(String(20))),
        lambda m: items(m, x(String(20))),
        rows=xs("a", "b"),
        kept={"items": [{"id": 1, "x": "a"}, {"id": 2, "x": "b"}]},
        arguments=["--rename", "things:items"],
    ),
    Feature(
        "A table",
        "renamed, and a column added",
        lambda m: things(m, x(String(20))),
        lambda m: items(m, x(String(20)), y(Integer)),
        rows=xs("a"),
        kept={"items": [{"id": 1, "x": "a", "y": None}]},
        arguments=["--rename", "things:items"],
    ),
    Feature(
        "A table",
        "renamed, and a column of it",
        lambda m: things(m, x(String(20))),
        lambda m: items(m, y(String(20))),
        rows=xs("a"),
        kept={"items": [{"id": 1, "y": "a"}]},
        arguments=["--rename", "things:items", "--rename", "items.x:y"],
    ),
    Feature(
        "A table with an index and UNIQUE",
        "renamed",
        lambda m: things(m, x(String(20), index=True), y(Integer, unique=True)),
        lambda m: items(m, x(String(20), index=True), y(Integer, unique=True)),
        rows=xs("a"),
        kept={"items": [{"id": 1, "x": "a"}]},
        arguments=["--rename", "things:items"],
    ),
    Feature(
        "A table with a naming convention",
        "renamed",
        lambda m: things(m, x(String(20), index=True), y(Integer, unique=True)),
        lambda m: items(m, x(String(20), index=True), y(Integer, unique=True)),
        rows=xs("a"),
        kept={"items": [{"id": 1, "x": "a"}]},
        naming=CONVENTION,
        arguments=["--rename", "things:items"],
    ),
    Feature(
        "A table to which another refers",
        "renamed",
        lambda m: (things(m), others(m, y(Integer, ForeignKey("things.id")))),
        lambda m: (items(m), others(m, y(Integer, ForeignKey("items.id")))),
        rows={**IDS, "others": [{"id": 1, "y": 2}]},
        kept={"items": IDS["things"], "others": [{"id": 1, "y": 2}]},
        arguments=["--rename", "things:items"],
    ),
    Feature(
        "A table that refers to another",
        "renamed",
        lambda m: (others(m), things(m, x(Integer, ForeignKey("others.id", name="fk_x")))),
        lambda m: (others(m), items(m, x(Integer, ForeignKey("others.id", name="fk_x")))),
        rows={"others": [{"id": 1}], "things": [{"id": 1, "x": 1}]},
        kept={"items": [{"id": 1, "x": 1}], "others": [{"id": 1}]},
        arguments=["--rename", "things:items"],
    ),
    Feature(
        "A table",
        "replaced by another one",
        lambda m: things(m, x(String(20))),
        lambda m: others(m, y(sa.Date)),
        rows=xs("a"),
    ),
    Feature(
        "A table comment",
        "added",
        things,
        lambda m: things(m, comment="it's 5%: ä"),
        rows=IDS,
        databases=SERVERS,
    ),
    Feature(
        "A table comment",
        "another one",
        lambda m: things(m, comment="a"),
        lambda m: things(m, comment="b"),
        rows=IDS,
        databases=SERVERS,
    ),
    Feature("A table comment", "taken away", lambda m: things(m, comment="a"), things, rows=IDS, databases=SERVERS),
    Feature(
        "A comment of a UNIQUE constraint",
        "another one",
        lambda m: things(m, x(Integer), sa.UniqueConstraint("x", name="once", comment="a")),
        lambda m: things(m, x(Integer), sa.UniqueConstraint("x", name="once", comment="b")),
        rows=xs(5),
        **PG,
    ),
    Feature(
        "A comment of a CHECK constraint",
        "given",
        lambda m: things(m, x(Integer), sa.CheckConstraint("x > 0", name="positive")),
        lambda m: things(m, x(Integer), sa.CheckConstraint("x > 0", name="positive", comment="it's 5%: ä")),
        rows=xs(5),
        **PG,
    ),
    Feature(
        "A comment of a primary key",
        "taken away",
        lambda m: Table("things", m, Column("id", Integer), sa.PrimaryKeyConstraint("id", name="key", comment="a")),
        lambda m: Table("things", m, Column("id", Integer), sa.PrimaryKeyConstraint("id", name="key")),
        rows=IDS,
        **PG,
    ),
    Feature(
        "WITHOUT ROWID",
        "a column added",
        lambda m: things(m, sqlite_with_rowid=False),
        lambda m: things(m, x(Integer), sqlite_with_rowid=False),
        rows=IDS,
        **LITE,
    ),
    Feature(
        "WITHOUT ROWID",
        "a column changed",
        lambda m: things(m, x(String(20)), sqlite_with_rowid=False),
        lambda m: things(m, x(String(40)), sqlite_with_rowid=False),
        rows=xs("a"),
        **LITE,
    ),
    Feature("WITHOUT ROWID", "added", things, lambda m: things(m, sqlite_with_rowid=False), rows=IDS, **LITE),
    Feature(
        "STRICT",
        "a column changed",
        lambda m: things(m, x(sa.Text), sqlite_strict=True),
        lambda m: things(m, x(sa.Text, nullable=False), sqlite_strict=True),
        rows=xs("a"),
        **LITE,
    ),
    Feature(
        "AUTOINCREMENT",
        "a column changed",
        lambda m: things(m, x(String(20)), sqlite_autoincrement=True),
        lambda m: things(m, x(String(40)), sqlite_autoincrement=True),
        rows=xs("a"),
        **LITE,
    ),
    Feature("AUTOINCREMENT", "added", things, lambda m: things(m, sqlite_autoincrement=True), rows=IDS, **LITE),
    Feature("A table's engine", "another one", things, lambda m: things(m, mysql_engine="Aria"), rows=IDS, **MY),
    Feature(
        "A table with an engine and a character set",
        "a column added",
        lambda m: things(m, mysql_engine="InnoDB", mysql_charset="latin1"),
        lambda m: things(m, x(String(20)), mysql_engine="InnoDB", mysql_charset="latin1"),
        rows=IDS,
        **MY,
    ),
    Feature(
        "A table's character set",
        "another one",
        lambda m: things(m, x(String(20)), mysql_charset="latin1"),
        lambda m: things(m, x(String(20)), mysql_charset="utf8mb4"),
        rows=xs("a"),
        **MY,
    ),
    Feature(
        "A table's row format",
        "another one",
        things,
        lambda m: things(m, mysql_row_format="COMPRESSED"),
        rows=IDS,
        **MY,
    ),
    Feature(
        "A table with PARTITION BY",
        "a column added",
        lambda m: things(m, mysql_partition_by="HASH(id)", mysql_partitions="4"),
        lambda m: things(m, x(Integer), mysql_partition_by="HASH(id)", mysql_partitions="4"),
        rows=IDS,
        **MY,
    ),
    Feature(
        "A partitioned table",
        "a column added",
        lambda m: Table("things", m, Column("id", Integer), postgresql_partition_by="RANGE (id)"),
        lambda m: Table("things", m, Column("id", Integer), x(Integer), postgresql_partition_by="RANGE (id)"),
        beside=["CREATE TABLE things_1 PARTITION OF things FOR VALUES FROM (0) TO (100)"],
        rows=IDS,
        **PG,
    ),
    Feature(
        "An unlogged table",
        "a column added",
        lambda m: things(m, prefixes=["UNLOGGED"]),
        lambda m: things(m, x(Integer), prefixes=["UNLOGGED"]),
        rows=IDS,
        **PG,
    ),
    Feature(
        "A table with a storage parameter",
        "a column added",
        lambda m: things(m, postgresql_with={"fillfactor": 70}),
        lambda m: things(m, x(Integer), postgresql_with={"fillfactor": 70}),
        rows=IDS,
        **PG,
    ),
    Feature(
        "A table that inherits",
        "a column added",
        lambda m: (things(m, x(Integer)), Table("kinds", m, y(Integer), postgresql_inherits="things")),
        lambda m: (
            things(m, x(Integer)),
            Table("kinds", m, y(Integer), Column("z", Integer), postgresql_inherits="things"),
        ),
        rows=xs(5),
        **PG,
    ),
    Feature(
        "Joined inheritance",
        "a column of a subclass added",
        lambda m: joined(m, more=False),
        lambda m: joined(m, more=True),
        rows={"vehicles": [{"id": 1, "kind": "car"}], "cars": [{"id": 1, "doors": 4}]},
    ),
    Feature(
        "Single-table inheritance",
        "a subclass added",
        lambda m: single(m, more=False),
        lambda m: single(m, more=True),
        rows={"vehicles": [{"id": 1, "kind": "vehicle"}]},
    ),
    Feature(
        "A mixin and a relationship",
        "a column added",
        lambda m: mixed(m, more=False),
        lambda m: mixed(m, more=True),
        rows={"author": [{"id": 1}], "book": [{"id": 1, "author_id": 1}]},
    ),
    columns(
        "A view beside the models",
        "a column added",
        lambda: [x(Integer)],
        lambda: [x(Integer), y(Integer)],
        beside=["CREATE VIEW seen AS SELECT x FROM things"],
        rows=xs(5),
    ),
    columns(
        "A view of a column",
        "the column longer",
        lambda: [x(String(20))],
        lambda: [x(String(40))],
        beside=["CREATE VIEW seen AS SELECT x FROM things"],
        rows=xs("a"),
        databases=(SQLITE, MARIADB),
    ),
    columns(
        "A trigger beside the models",
        "a column changed",
        lambda: [x(String(20))],
        lambda: [x(String(20), nullable=False)],
        beside=["CREATE TRIGGER watch AFTER INSERT ON things BEGIN DELETE FROM things WHERE id < 0; END"],
        rows=xs("a"),
        **LITE,
    ),
    Feature(
        "A mapped view",
        "a column of a table added",
        lambda m: (things(m, x(Integer)), Table("seen", m, Column("id", Integer, primary_key=True))),
        lambda m: (things(m, x(Integer), y(Integer)), Table("seen", m, Column("id", Integer, primary_key=True))),
        setup=["CREATE VIEW seen AS SELECT 1 AS id"],
        rows=xs(5),
    ),
    Feature(
        "A materialized view beside the models",
        "a column added",
        lambda m: things(m, x(Integer)),
        lambda m: things(m, x(Integer), y(Integer)),
        beside=["CREATE MATERIALIZED VIEW seen AS SELECT x FROM things"],
        rows=xs(5),
        **PG,
    ),
    Feature(
        "A version table of another program",
        "a column added",
        things,
        lambda m: things(m, x(Integer)),
        beside=["CREATE TABLE alembic_version_other (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"],
        rows=IDS,
    ),
    Feature(
        "A table without columns but the key",
        "a table of keys added",
        things,
        lambda m: (things(m), others(m)),
        rows=IDS,
    ),
    Feature(
        "A table without a primary key",
        "a column added",
        lambda m: Table("things", m, Column("id", Integer)),
        lambda m: Table("things", m, Column("id", Integer), x(Integer)),
        rows=IDS,
    ),
]
