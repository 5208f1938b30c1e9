"""Columns: added, dropped, renamed, nullable or not; identity, sequences, computed columns, comments."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Column, Computed, Identity, Integer, MetaData, Sequence, String, Table

from benchmarks.corpus.feature import (
    IDS,
    MARIADB,
    POSTGRESQL,
    SERVERS,
    SQLITE,
    Feature,
    columns,
    things,
    x,
    xs,
    y,
)

GROUP = "Columns"

PG = {"databases": (POSTGRESQL,)}
MY = {"databases": (MARIADB,)}


def computed(sql: str, **options: Any) -> list[Column[Any]]:
    """Return a number and a column computed from it."""
    return [x(Integer), y(Integer, Computed(sql, **options))]


def identity(**options: Any) -> list[Column[Any]]:
    """Return an identity column that isn't the key."""
    return [x(Integer, Identity(**options))]


def numbered(sequence: Sequence | None, **options: Any) -> Any:
    """Return models of a column and a sequence beside it."""

    def models(m: MetaData) -> None:
        if sequence is not None:
            m_sequence = Sequence(sequence.name, **options, metadata=m)
            things(m, x(Integer, server_default=m_sequence.next_value()))
        else:
            things(m, x(Integer))

    return models


FEATURES = [
    columns("A column", "added", lambda: [], lambda: [x(Integer)], rows=IDS),
    columns(
        "A column",
        "dropped",
        lambda: [x(Integer), y(Integer)],
        lambda: [y(Integer)],
        rows={"things": [{"id": 1, "x": 1, "y": 2}]},
    ),
    columns(
        "A column",
        "two added, two dropped",
        lambda: [Column("a", Integer), Column("b", String(5))],
        lambda: [Column("c", Integer), Column("d", sa.Date)],
        rows=IDS,
    ),
    columns(
        "A nullable column", "made NOT NULL", lambda: [x(Integer)], lambda: [x(Integer, nullable=False)], rows=xs(5)
    ),
    columns(
        "A NOT NULL column", "made nullable", lambda: [x(Integer, nullable=False)], lambda: [x(Integer)], rows=xs(5)
    ),
    columns(
        "A nullable column with NULLs",
        "made NOT NULL, filled",
        lambda: [x(Integer)],
        lambda: [x(Integer, nullable=False)],
        rows=xs(5, None),
        kept=xs(5, 0),
        arguments=["--fill", "things.x=0"],
    ),
    columns(
        "A NOT NULL column without a default",
        "added, filled with a number",
        lambda: [],
        lambda: [x(Integer, nullable=False)],
        rows=IDS,
        kept=xs(7, 7),
        arguments=["--fill", "things.x=7"],
    ),
    columns(
        "A NOT NULL column without a default",
        "added, filled with a text",
        lambda: [],
        lambda: [x(String(30), nullable=False)],
        rows=IDS,
        kept=xs("it's 5%:a", "it's 5%:a"),
        arguments=["--fill", "things.x=it's 5%:a"],
    ),
    columns(
        "A NOT NULL column without a default",
        "added to an empty table",
        lambda: [],
        lambda: [x(Integer, nullable=False)],
    ),
    columns(
        "A column",
        "renamed",
        lambda: [x(String(20))],
        lambda: [y(String(20))],
        rows=xs("a", "b"),
        kept={"things": [{"id": 1, "y": "a"}, {"id": 2, "y": "b"}]},
        arguments=["--rename", "things.x:y"],
    ),
    columns(
        "A column",
        "renamed, and longer",
        lambda: [x(String(20))],
        lambda: [y(String(40))],
        rows=xs("a"),
        kept={"things": [{"id": 1, "y": "a"}]},
        arguments=["--rename", "things.x:y"],
    ),
    columns(
        "A column with a default and NOT NULL",
        "renamed",
        lambda: [x(String(20), server_default="it's", nullable=False)],
        lambda: [y(String(20), server_default="it's", nullable=False)],
        rows=xs("a"),
        kept={"things": [{"id": 1, "y": "a"}]},
        arguments=["--rename", "things.x:y"],
    ),
    columns(
        "A column with an index",
        "renamed, and the index with it",
        lambda: [x(String(20), index=True)],
        lambda: [y(String(20), index=True)],
        rows=xs("a"),
        kept={"things": [{"id": 1, "y": "a"}]},
        arguments=["--rename", "things.x:y"],
    ),
    columns(
        "A column with UNIQUE",
        "renamed",
        lambda: [x(String(20), unique=True)],
        lambda: [y(String(20), unique=True)],
        rows=xs("a"),
        kept={"things": [{"id": 1, "y": "a"}]},
        arguments=["--rename", "things.x:y"],
    ),
    columns(
        "A column with a foreign key",
        "renamed",
        lambda: [x(Integer, sa.ForeignKey("things.id"))],
        lambda: [y(Integer, sa.ForeignKey("things.id"))],
        rows=xs(None, 1),
        kept={"things": [{"id": 1, "y": None}, {"id": 2, "y": 1}]},
        arguments=["--rename", "things.x:y"],
    ),
    columns(
        "A column in a CHECK",
        "renamed",
        lambda: [x(Integer), sa.CheckConstraint("x > 0", name="positive")],
        lambda: [y(Integer), sa.CheckConstraint("y > 0", name="positive")],
        rows=xs(5),
        kept={"things": [{"id": 1, "y": 5}]},
        arguments=["--rename", "things.x:y"],
    ),
    columns(
        "A column of an Enum type",
        "renamed",
        lambda: [x(sa.Enum("a", "b", name="color"))],
        lambda: [y(sa.Enum("a", "b", name="color"))],
        rows=xs("a"),
        kept={"things": [{"id": 1, "y": "a"}]},
        arguments=["--rename", "things.x:y"],
    ),
    Feature(
        "A primary key column",
        "renamed",
        lambda m: Table("things", m, Column("id", Integer, primary_key=True), x(Integer)),
        lambda m: Table("things", m, Column("number", Integer, primary_key=True), x(Integer)),
        rows=xs(5),
        kept={"things": [{"number": 1, "x": 5}]},
        arguments=["--rename", "things.id:number"],
    ),
    columns(
        "Two columns",
        "renamed",
        lambda: [x(Integer), y(Integer)],
        lambda: [Column("a", Integer), Column("b", Integer)],
        rows={"things": [{"id": 1, "x": 1, "y": 2}]},
        kept={"things": [{"id": 1, "a": 1, "b": 2}]},
        arguments=["--rename", "things.x:a", "--rename", "things.y:b"],
    ),
    columns(
        "Two columns",
        "names exchanged, as types are",
        lambda: [x(Integer), y(String(5))],
        lambda: [x(Integer), y(String(5)), Column("z", Integer)],
        rows={"things": [{"id": 1, "x": 1, "y": "a"}]},
    ),
    columns(
        "Identity, by default", "taken away", lambda: identity(), lambda: [x(Integer, nullable=False)], rows=xs(5), **PG
    ),
    columns("Identity, by default", "made always", lambda: identity(), lambda: identity(always=True), rows=xs(5), **PG),
    columns(
        "Identity",
        "options changed",
        lambda: identity(start=1),
        lambda: identity(start=100, increment=10),
        rows=xs(5),
        **PG,
    ),
    columns(
        "Identity", "a limit added", lambda: identity(), lambda: identity(maxvalue=1000, cycle=True), rows=xs(5), **PG
    ),
    columns("Identity", "added", lambda: [x(Integer, nullable=False)], lambda: identity(), rows=xs(5), **PG),
    columns("Identity in a new column", "added", lambda: [], lambda: identity(always=True), rows=IDS, **PG),
    Feature(
        "A serial key",
        "made an identity",
        lambda m: things(m),
        lambda m: Table("things", m, Column("id", Integer, Identity(), primary_key=True)),
        rows=IDS,
        **PG,
    ),
    Feature(
        "An identity key",
        "a column added",
        lambda m: Table("things", m, Column("id", Integer, Identity(start=5), primary_key=True)),
        lambda m: Table("things", m, Column("id", Integer, Identity(start=5), primary_key=True), x(Integer)),
        rows=IDS,
    ),
    Feature(
        "A key, not counted",
        "counted",
        lambda m: Table("things", m, Column("id", Integer, primary_key=True, autoincrement=False)),
        lambda m: things(m),
        rows=IDS,
        databases=SERVERS,
    ),
    Feature(
        "A counted key",
        "not counted",
        lambda m: things(m),
        lambda m: Table("things", m, Column("id", Integer, primary_key=True, autoincrement=False)),
        rows=IDS,
        databases=SERVERS,
    ),
    Feature(
        "A serial key",
        "made BigInteger",
        lambda m: things(m),
        lambda m: Table("things", m, Column("id", sa.BigInteger, primary_key=True)),
        rows=IDS,
        databases=SERVERS,
    ),
    Feature("A sequence as default", "added", numbered(None), numbered(Sequence("counter")), rows=xs(5), **PG),
    Feature("A sequence as default", "taken away", numbered(Sequence("counter")), numbered(None), rows=xs(5), **PG),
    Feature(
        "A sequence",
        "other options",
        numbered(Sequence("counter"), start=1),
        numbered(Sequence("counter"), start=1, increment=5),
        rows=xs(5),
        **PG,
    ),
    Feature(
        "A sequence without a column",
        "added",
        lambda m: things(m, x(Integer)),
        lambda m: (things(m, x(Integer)), Sequence("counter", metadata=m)),
        rows=xs(5),
        databases=SERVERS,
    ),
    columns(
        "A computed column, stored",
        "added",
        lambda: [x(Integer)],
        lambda: computed("x * 2", persisted=True),
        rows=xs(5),
        databases=SERVERS,
    ),
    columns(
        "A computed column, stored",
        "dropped",
        lambda: computed("x * 2", persisted=True),
        lambda: [x(Integer)],
        rows=xs(5),
    ),
    columns(
        "A computed column, stored",
        "another expression",
        lambda: computed("x * 2", persisted=True),
        lambda: computed("x * 3", persisted=True),
        rows=xs(5),
        kept=xs(5),
    ),
    columns(
        "A computed column, stored",
        "made a plain one",
        lambda: computed("x * 2", persisted=True),
        lambda: [x(Integer), y(Integer)],
        rows=xs(5),
    ),
    columns(
        "A column",
        "made a computed one",
        lambda: [x(Integer), y(Integer)],
        lambda: computed("x * 2", persisted=True),
        rows=xs(5),
        kept=xs(5),
    ),
    columns(
        "A computed column, not stored",
        "added",
        lambda: [x(Integer)],
        lambda: computed("x * 2", persisted=False),
        rows=xs(5),
        databases=(SQLITE, MARIADB),
    ),
    columns(
        "A computed column, not stored",
        "a column beside it added",
        lambda: computed("x * 2", persisted=False),
        lambda: [*computed("x * 2", persisted=False), Column("z", Integer)],
        rows=xs(5),
        databases=(SQLITE, MARIADB),
    ),
    columns(
        "A computed column, not stored",
        "made stored",
        lambda: computed("x * 2", persisted=False),
        lambda: computed("x * 2", persisted=True),
        rows=xs(5),
        databases=(SQLITE, MARIADB),
    ),
    columns(
        "A computed column of texts",
        "another separator",
        lambda: [x(String(20)), y(String(50), Computed("x || ' it''s'", persisted=True))],
        lambda: [x(String(20)), y(String(50), Computed("x || ' 100%'", persisted=True))],
        rows=xs("a"),
        kept=xs("a"),
        databases=(SQLITE, POSTGRESQL),
    ),
    columns(
        "A computed column",
        "the column that it needs is longer",
        lambda: [x(String(20)), y(String(50), Computed("lower(x)", persisted=True))],
        lambda: [x(String(30)), y(String(50), Computed("lower(x)", persisted=True))],
        rows=xs("a"),
    ),
    columns(
        "A comment of a column",
        "added",
        lambda: [x(Integer)],
        lambda: [x(Integer, comment="it's 5%:\nä")],
        rows=xs(5),
        databases=SERVERS,
    ),
    columns(
        "A comment of a column",
        "another one",
        lambda: [x(Integer, comment="a")],
        lambda: [x(Integer, comment="b")],
        rows=xs(5),
        databases=SERVERS,
    ),
    columns(
        "A comment of a column",
        "taken away",
        lambda: [x(Integer, comment="a")],
        lambda: [x(Integer)],
        rows=xs(5),
        databases=SERVERS,
    ),
    columns(
        "A comment of a column with a default and NOT NULL",
        "another one",
        lambda: [x(String(20), comment="a", server_default="b", nullable=False)],
        lambda: [x(String(20), comment="c", server_default="b", nullable=False)],
        rows=xs("z"),
        databases=SERVERS,
    ),
    columns(
        "A column with a comment",
        "added",
        lambda: [],
        lambda: [x(Integer, comment="it's")],
        rows=IDS,
        databases=SERVERS,
    ),
    columns(
        "A column with everything",
        "longer",
        lambda: [x(String(20), server_default="a", nullable=False, unique=True, comment="c")],
        lambda: [x(String(40), server_default="a", nullable=False, unique=True, comment="c")],
        rows=xs("z"),
    ),
    columns(
        "AUTOINCREMENT of SQLite", "a column added", lambda: [], lambda: [x(Integer)], rows=IDS, databases=(SQLITE,)
    ),
]
