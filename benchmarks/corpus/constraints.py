"""CHECK and UNIQUE constraints."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Integer, String, UniqueConstraint
from sqlalchemy.dialects import postgresql

from benchmarks.corpus.feature import (
    POSTGRESQL,
    SQLITE,
    Feature,
    Models,
    columns,
    others,
    things,
    x,
    xs,
    y,
)

GROUP = "CHECK and UNIQUE"

CONVENTION = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
PG = {"databases": (POSTGRESQL,)}
ROWS = {"things": [{"id": 1, "x": 5, "y": 6}, {"id": 2, "x": 7, "y": 8}]}


def pair(*items: Any) -> Models:
    """Return models of a table with two numbers and more."""
    return lambda m: things(m, x(Integer), y(Integer), *[item() for item in items])


def check(sql: str, name: str | None = None) -> Any:
    """Return a function that makes a CHECK."""
    return lambda: CheckConstraint(sql, name=name)


def unique(*names: str, **options: Any) -> Any:
    """Return a function that makes a UNIQUE constraint."""
    return lambda: UniqueConstraint(*names, **options)


def change(name: str, what: str, before: Models, after: Models, **options: Any) -> Feature:
    """Return a feature with rows in both columns."""
    return Feature(name, what, before, after, **{"rows": ROWS, **options})


FEATURES = [
    change("CHECK, named", "added", pair(), pair(check("x > 0", "positive"))),
    change("CHECK, named", "taken away", pair(check("x > 0", "positive")), pair()),
    change("CHECK, named", "another condition", pair(check("x > 0", "positive")), pair(check("x > 1", "positive"))),
    change("CHECK, named", "another name", pair(check("x > 0", "positive")), pair(check("x > 0", "above_zero"))),
    change("CHECK, unnamed", "added", pair(), pair(check("x > 0"))),
    change("CHECK, unnamed", "taken away", pair(check("x > 0")), pair()),
    change("CHECK, unnamed", "another condition", pair(check("x > 0")), pair(check("x > 1"))),
    change("CHECK, unnamed", "given a name", pair(check("x > 0")), pair(check("x > 0", "positive"))),
    change(
        "CHECK of two columns", "the other way round", pair(check("x < y", "ordered")), pair(check("y > x", "ordered"))
    ),
    change(
        "CHECK with a naming convention",
        "another condition",
        pair(check("x > 0", "positive")),
        pair(check("x > 1", "positive")),
        naming=CONVENTION,
    ),
    change("CHECK with a naming convention", "added", pair(), pair(check("x > 0", "positive")), naming=CONVENTION),
    columns(
        "CHECK in a column",
        "added",
        lambda: [x(Integer)],
        lambda: [x(Integer, CheckConstraint("x > 0"))],
        rows=xs(5),
    ),
    columns(
        "CHECK in a column",
        "taken away",
        lambda: [x(Integer, CheckConstraint("x > 0"))],
        lambda: [x(Integer)],
        rows=xs(5),
    ),
    columns(
        "CHECK in a column, named",
        "another condition",
        lambda: [x(Integer, CheckConstraint("x > 0", name="positive"))],
        lambda: [x(Integer, CheckConstraint("x > 1", name="positive"))],
        rows=xs(5),
        databases=(SQLITE, POSTGRESQL),
    ),
    columns(
        "CHECK in a new column",
        "named",
        lambda: [x(Integer)],
        lambda: [x(Integer), y(Integer, CheckConstraint("y > 0", name="positive"))],
        rows=xs(5),
        databases=(SQLITE, POSTGRESQL),
    ),
    columns(
        "CHECK in a new column",
        "unnamed",
        lambda: [x(Integer)],
        lambda: [x(Integer), y(Integer, CheckConstraint("y > 0"))],
        rows=xs(5),
    ),
    columns(
        "CHECK with IN and quotes",
        "a value added",
        lambda: [x(String(20)), CheckConstraint("x IN ('a', 'it''s', '50%')", name="known")],
        lambda: [x(String(20)), CheckConstraint("x IN ('a', 'it''s', '50%', 'b:c')", name="known")],
        rows=xs("a", "it's"),
    ),
    columns(
        "CHECK with LIKE",
        "another pattern",
        lambda: [x(String(20)), CheckConstraint("x LIKE 'a%'", name="like_a")],
        lambda: [x(String(20)), CheckConstraint("x LIKE '%a%'", name="like_a")],
        rows=xs("ab"),
    ),
    columns(
        "CHECK as an expression of SQLAlchemy",
        "another number",
        lambda: [x(Integer), CheckConstraint(sa.column("x") > 0, name="positive")],
        lambda: [x(Integer), CheckConstraint(sa.column("x") > 1, name="positive")],
        rows=xs(5),
    ),
    columns(
        "CHECK with BETWEEN",
        "unchanged, and a column added",
        lambda: [x(Integer), CheckConstraint("x BETWEEN 1 AND 10", name="between")],
        lambda: [x(Integer), y(Integer), CheckConstraint("x BETWEEN 1 AND 10", name="between")],
        rows=xs(5),
    ),
    columns(
        "CHECK with a function",
        "unchanged, and a column added",
        lambda: [x(String(20)), CheckConstraint("length(x) > 0 AND lower(x) = x", name="lower")],
        lambda: [x(String(20)), y(Integer), CheckConstraint("length(x) > 0 AND lower(x) = x", name="lower")],
        rows=xs("a"),
    ),
    change(
        "CHECK, NOT VALID",
        "added",
        pair(),
        pair(lambda: CheckConstraint("x > 0", name="positive", postgresql_not_valid=True)),
        **PG,
    ),
    change("UNIQUE in a column", "added", pair(), lambda m: things(m, x(Integer, unique=True), y(Integer))),
    change("UNIQUE in a column", "taken away", lambda m: things(m, x(Integer, unique=True), y(Integer)), pair()),
    change("UNIQUE, named", "added", pair(), pair(unique("x", "y", name="pairs"))),
    change("UNIQUE, named", "taken away", pair(unique("x", "y", name="pairs")), pair()),
    change("UNIQUE, named", "other columns", pair(unique("x", name="only")), pair(unique("x", "y", name="only"))),
    change(
        "UNIQUE, named",
        "columns in another order",
        pair(unique("x", "y", name="only")),
        pair(unique("y", "x", name="only")),
    ),
    change("UNIQUE, named", "another name", pair(unique("x", name="only")), pair(unique("x", name="once"))),
    change("UNIQUE, unnamed", "added", pair(), pair(unique("x", "y"))),
    change("UNIQUE, unnamed", "taken away", pair(unique("x", "y")), pair()),
    change("UNIQUE with a naming convention", "added", pair(), pair(unique("x")), naming=CONVENTION),
    change("UNIQUE with a naming convention", "taken away", pair(unique("x")), pair(), naming=CONVENTION),
    change(
        "UNIQUE, deferrable",
        "made so",
        pair(unique("x", name="once")),
        pair(unique("x", name="once", deferrable=True, initially="DEFERRED")),
        **PG,
    ),
    change(
        "UNIQUE, NULLS NOT DISTINCT",
        "made so",
        pair(unique("x", name="once")),
        pair(unique("x", name="once", postgresql_nulls_not_distinct=True)),
        **PG,
    ),
    change(
        "UNIQUE with INCLUDE",
        "added",
        pair(unique("x", name="once")),
        pair(unique("x", name="once", postgresql_include=["y"])),
        **PG,
    ),
    change(
        "UNIQUE with ON CONFLICT",
        "made so",
        pair(unique("x", name="once")),
        pair(unique("x", name="once", sqlite_on_conflict="REPLACE")),
        databases=(SQLITE,),
    ),
    columns(
        "UNIQUE in a new column",
        "nullable",
        lambda: [x(Integer)],
        lambda: [x(Integer), y(Integer, unique=True)],
        rows=xs(5),
    ),
    columns(
        "EXCLUDE",
        "added",
        lambda: [x(postgresql.INT4RANGE)],
        lambda: [x(postgresql.INT4RANGE), postgresql.ExcludeConstraint(("x", "&&"), name="apart", using="gist")],
        rows={"things": [{"id": 1}]},
        **PG,
    ),
    columns(
        "EXCLUDE",
        "taken away",
        lambda: [x(postgresql.INT4RANGE), postgresql.ExcludeConstraint(("x", "&&"), name="apart", using="gist")],
        lambda: [x(postgresql.INT4RANGE)],
        rows={"things": [{"id": 1}]},
        **PG,
    ),
    Feature(
        "UNIQUE that a foreign key needs",
        "both added",
        lambda m: (things(m, x(Integer)), others(m, y(Integer))),
        lambda m: (
            things(m, x(Integer, unique=True)),
            others(m, y(Integer, sa.ForeignKey("things.x"))),
        ),
        rows={"things": [{"id": 1, "x": 5}], "others": [{"id": 1, "y": 5}]},
    ),
]
