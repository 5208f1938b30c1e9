"""Indexes of all kinds."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Index, Integer, String, func, text
from sqlalchemy.dialects import postgresql

from benchmarks.corpus.constraints import CONVENTION
from benchmarks.corpus.feature import MARIADB, POSTGRESQL, SQLITE, Feature, Models, things, x, y

GROUP = "Indexes"

PG = {"databases": (POSTGRESQL,)}
MY = {"databases": (MARIADB,)}
EXPRESSIONS = {"databases": (SQLITE, POSTGRESQL)}
ROWS = {"things": [{"id": 1, "x": "a", "y": 1}, {"id": 2, "x": "b", "y": 2}]}


def table(*indexes: Any, **options: Any) -> Models:
    """Return models of a table with a text `x` and a number `y`, and indexes."""
    return lambda m: things(m, x(String(50), **options), y(Integer), *[index() for index in indexes])


def index(*items: Any, name: str = "ix", **options: Any) -> Any:
    """Return a function that makes an index."""
    return lambda: Index(name, *[item() if callable(item) else item for item in items], **options)


def change(name: str, what: str, before: Models, after: Models, **options: Any) -> Feature:
    """Return a feature with rows."""
    return Feature(name, what, before, after, **{"rows": ROWS, **options})


def new(name: str, *items: Any, more: Any = None, **options: Any) -> list[Feature]:
    """Return three features of an index: added, taken away, and unchanged in a table that is new."""
    made = index(*items, **(more or {}))
    return [
        change(name, "added", table(), table(made), **options),
        change(name, "taken away", table(made), table(), **options),
    ]


LOWER = lambda: func.lower(sa.column("x"))  # noqa: E731

FEATURES = [
    change("An index in a column", "added", table(), table(index=True)),
    change("An index in a column", "taken away", table(index=True), table()),
    change("An index in a column", "made unique", table(index=True), table(index=True, unique=True)),
    change("An index in a column, with a naming convention", "added", table(), table(index=True), naming=CONVENTION),
    *new("An index of two columns", "x", "y"),
    change("An index of two columns", "in another order", table(index("x", "y")), table(index("y", "x"))),
    change("An index", "a column added", table(index("x")), table(index("x", "y"))),
    change("An index", "another name", table(index("x")), table(index("x", name="ix_other"))),
    *new("A unique index", "x", more={"unique": True}),
    change("A unique index", "no longer unique", table(index("x", unique=True)), table(index("x"))),
    *new("An index of an expression", lambda: text("lower(x)"), **EXPRESSIONS),
    *new("An index of an expression, unique", lambda: text("lower(x)"), more={"unique": True}, **EXPRESSIONS),
    *new("An index of a column and an expression", "y", lambda: text("lower(x)"), **EXPRESSIONS),
    *new("An index of a function of SQLAlchemy", LOWER, **EXPRESSIONS),
    change(
        "An index of an expression",
        "another one",
        table(index(lambda: text("lower(x)"))),
        table(index(lambda: text("upper(x)"))),
        **EXPRESSIONS,
    ),
    change(
        "An index of an expression with a literal",
        "another literal",
        table(index(lambda: text("coalesce(x, 'a')"))),
        table(index(lambda: text("coalesce(x, 'b')"))),
        **EXPRESSIONS,
    ),
    *new("A descending index", lambda: sa.column("x").desc()),
    change("A descending index", "made ascending", table(index(lambda: sa.column("x").desc())), table(index("x"))),
    change(
        "A descending index of two columns",
        "the other one",
        table(index("x", lambda: sa.column("y").desc())),
        table(index(lambda: sa.column("x").desc(), "y")),
    ),
    *new("NULLS LAST", lambda: sa.column("x").desc().nulls_last(), **PG),
    change(
        "NULLS LAST",
        "NULLS FIRST",
        table(index(lambda: sa.column("x").nulls_last())),
        table(index(lambda: sa.column("x").nulls_first())),
        **PG,
    ),
    *new(
        "A partial index", "x", more={"postgresql_where": text("y > 0"), "sqlite_where": text("y > 0")}, **EXPRESSIONS
    ),
    change(
        "A partial index",
        "another condition",
        table(index("x", postgresql_where=text("y > 0"), sqlite_where=text("y > 0"))),
        table(index("x", postgresql_where=text("y > 1"), sqlite_where=text("y > 1"))),
        **EXPRESSIONS,
    ),
    change(
        "A partial index",
        "made whole",
        table(index("x", postgresql_where=text("y > 0"), sqlite_where=text("y > 0"))),
        table(index("x")),
        **EXPRESSIONS,
    ),
    *new(
        "A unique partial index",
        "x",
        more={"unique": True, "postgresql_where": text("y IS NULL"), "sqlite_where": text("y IS NULL")},
        **EXPRESSIONS,
    ),
    *new("A covering index", "x", more={"postgresql_include": ["y"]}, **PG),
    change("A covering index", "made plain", table(index("x", postgresql_include=["y"])), table(index("x")), **PG),
    *new("A hash index", "x", more={"postgresql_using": "hash"}, **PG),
    change("A hash index", "made btree", table(index("x", postgresql_using="hash")), table(index("x")), **PG),
    *new("A BRIN index", "y", more={"postgresql_using": "brin"}, **PG),
    *new("An index with an operator class", "x", more={"postgresql_ops": {"x": "varchar_pattern_ops"}}, **PG),
    change(
        "An index with an operator class",
        "another one",
        table(index("x", postgresql_ops={"x": "varchar_pattern_ops"})),
        table(index("x")),
        **PG,
    ),
    *new("An index with a parameter", "x", more={"postgresql_with": {"fillfactor": 70}}, **PG),
    change(
        "An index with a parameter",
        "another value",
        table(index("x", postgresql_with={"fillfactor": 70})),
        table(index("x", postgresql_with={"fillfactor": 80})),
        **PG,
    ),
    *new("A unique index, NULLS NOT DISTINCT", "x", more={"unique": True, "postgresql_nulls_not_distinct": True}, **PG),
    change(
        "A unique index",
        "NULLS NOT DISTINCT",
        table(index("x", unique=True)),
        table(index("x", unique=True, postgresql_nulls_not_distinct=True)),
        **PG,
    ),
    change("An index, CONCURRENTLY", "added", table(), table(index("x", postgresql_concurrently=True)), **PG),
    *new(
        "A trigram index",
        "x",
        more={"postgresql_using": "gin", "postgresql_ops": {"x": "gin_trgm_ops"}},
        setup=["CREATE EXTENSION pg_trgm"],
        **PG,
    ),
    Feature(
        "A GIN index of JSONB",
        "added",
        lambda m: things(m, x(postgresql.JSONB)),
        lambda m: things(m, x(postgresql.JSONB), Index("ix", "x", postgresql_using="gin")),
        rows={"things": [{"id": 1, "x": {"a": 1}}]},
        **PG,
    ),
    Feature(
        "A GIN index with jsonb_path_ops",
        "made a plain one",
        lambda m: things(
            m, x(postgresql.JSONB), Index("ix", "x", postgresql_using="gin", postgresql_ops={"x": "jsonb_path_ops"})
        ),
        lambda m: things(m, x(postgresql.JSONB), Index("ix", "x", postgresql_using="gin")),
        rows={"things": [{"id": 1, "x": {"a": 1}}]},
        **PG,
    ),
    Feature(
        "An index of a JSON path",
        "added",
        lambda m: things(m, x(postgresql.JSONB)),
        lambda m: things(m, x(postgresql.JSONB), Index("ix", text("(x ->> 'name')"))),
        rows={"things": [{"id": 1, "x": {"name": "a"}}]},
        **PG,
    ),
    Feature(
        "An index of to_tsvector",
        "added",
        lambda m: things(m, x(String(50))),
        lambda m: things(m, x(String(50)), Index("ix", text("to_tsvector('english', x)"), postgresql_using="gin")),
        rows={"things": [{"id": 1, "x": "a"}]},
        **PG,
    ),
    *new("A FULLTEXT index", "x", more={"mysql_prefix": "FULLTEXT"}, **MY),
    *new("An index of a prefix", "x", more={"mysql_length": 10}, **MY),
    change(
        "An index of a prefix",
        "a longer one",
        table(index("x", mysql_length=10)),
        table(index("x", mysql_length=20)),
        **MY,
    ),
    *new("An index, USING HASH", "x", more={"mysql_using": "btree"}, **MY),
    Feature(
        "Indexes of a new table",
        "an expression, unique",
        lambda m: sa.Table("firsts", m, sa.Column("id", Integer, primary_key=True)),
        lambda m: (
            sa.Table("firsts", m, sa.Column("id", Integer, primary_key=True)),
            things(m, x(String(50)), Index("ux_low", text("lower(x)"), unique=True)),
        ),
        rows={"firsts": [{"id": 1}]},
        **EXPRESSIONS,
    ),
    Feature(
        "An index whose column is dropped",
        "with it",
        lambda m: things(m, x(String(50), index=True), y(Integer)),
        lambda m: things(m, y(Integer)),
        rows=ROWS,
    ),
    Feature(
        "An index of an expression",
        "its column changed",
        lambda m: things(m, x(String(50)), Index("ix", text("lower(x)"))),
        lambda m: things(m, x(String(80)), Index("ix", text("lower(x)"))),
        rows={"things": [{"id": 1, "x": "a"}]},
        **EXPRESSIONS,
    ),
    Feature(
        "An index of a new column",
        "unique",
        lambda m: things(m, x(String(50))),
        lambda m: things(m, x(String(50)), y(Integer, index=True, unique=True)),
        rows={"things": [{"id": 1, "x": "a"}]},
    ),
]
