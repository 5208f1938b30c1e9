"""Enum types, native and not, their labels, and what happens to rows that have them."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from benchmarks.corpus.feature import (
    IDS,
    POSTGRESQL,
    Feature,
    added,
    columns,
    others,
    retyped,
    schema,
    things,
    x,
    xs,
    y,
)

GROUP = "Enums"

AUTO = ("a", "b")
PG = {"databases": (POSTGRESQL,)}


class Color(enum.Enum):
    """Colors with values other than their names."""

    RED = "r"
    GREEN = "g"


def colors(*labels: str, name: str = "color", **options: Any) -> Callable[[], sa.Enum]:
    """Return a function that makes an enum."""
    return lambda: sa.Enum(*labels, name=name, **options)


def checked(*labels: str, **options: Any) -> Callable[[], sa.Enum]:
    """Return a function that makes an enum that is a VARCHAR with a CHECK."""
    return colors(*labels, **{"native_enum": False, "create_constraint": True, "length": 20, **options})


FEATURES = [
    added("Enum", colors("a", "b"), "a"),
    added("Enum of a Python enum", lambda: sa.Enum(Color, name="color"), Color.RED),
    added(
        "Enum of a Python enum's values",
        lambda: sa.Enum(Color, name="color", values_callable=lambda each: [one.value for one in each]),
        Color.RED,
    ),
    added("Enum with quotes and percent signs", colors("it's", "100%", "a:b", "a b"), "it's"),
    added("Enum, not native", colors("a", "b", native_enum=False), "a"),
    added("Enum, not native, with a length", colors("a", "b", native_enum=False, length=20), "a"),
    columns(
        "Enum, not native, with a CHECK",
        "a column added",
        lambda: [x(checked("a", "b")())],
        lambda: [x(checked("a", "b")()), y(checked("a", "b", name="shade")())],
        rows=xs("a"),
    ),
    Feature(
        "Enum in a new column",
        "the first one",
        lambda m: things(m),
        lambda m: things(m, x(sa.Enum("a", "b", name="color"))),
        rows=IDS,
    ),
    Feature(
        "Enum in a new column",
        "NOT NULL with a default",
        lambda m: things(m),
        lambda m: things(m, x(sa.Enum("a", "b", name="color"), nullable=False, server_default="b")),
        rows=IDS,
        kept={"things": [{"id": 1, "x": "b"}, {"id": 2, "x": "b"}]},
    ),
    Feature(
        "Enum in a new table",
        "the first one",
        lambda m: things(m),
        lambda m: (things(m), others(m, x(sa.Enum("a", "b", name="color")))),
        rows=IDS,
    ),
    Feature(
        "Enum",
        "its table dropped",
        lambda m: (things(m), others(m, x(sa.Enum("a", "b", name="color")))),
        lambda m: things(m),
        rows=IDS,
    ),
    columns(
        "Enum",
        "its column dropped",
        lambda: [x(sa.Enum("a", "b", name="color"))],
        lambda: [],
        rows=xs("a"),
    ),
    Feature(
        "Enum shared by two tables",
        "a table dropped",
        lambda m: _two(m, True),
        lambda m: _two(m, False),
        rows=xs("a"),
    ),
    Feature(
        "Enum shared by two tables",
        "a label added",
        lambda m: _shared(m, "a", "b"),
        lambda m: _shared(m, "a", "b", "c"),
        rows=xs("a"),
    ),
    retyped("Enum", "a label added at the end", colors("a", "b"), colors("a", "b", "c"), "a", "b"),
    retyped("Enum", "a label added in between", colors("a", "c"), colors("a", "b", "c"), "a", "c"),
    retyped("Enum", "a label added at the start", colors("b", "c"), colors("a", "b", "c"), "b"),
    retyped("Enum", "a label taken away", colors("a", "b", "c"), colors("a", "b"), "a"),
    retyped("Enum", "labels in another order", colors("a", "b", "c"), colors("c", "a", "b"), "a"),
    retyped("Enum, not native, with a CHECK", "a label added", checked("a", "b"), checked("a", "b", "c"), "a"),
    retyped("Enum, not native, with a CHECK", "a label taken away", checked("a", "b", "c"), checked("a", "b"), "a"),
    retyped(
        "Enum, not native",
        "a longer label",
        colors("a", native_enum=False),
        colors("a", "long", native_enum=False),
        "a",
    ),
    columns(
        "Enum with a default",
        "a label added, which is the default",
        lambda: [x(sa.Enum("a", "b", name="color"), server_default="a")],
        lambda: [x(sa.Enum("a", "b", "c", name="color"), server_default="c")],
        rows=xs("a"),
    ),
    columns(
        "Enum with a default",
        "a label taken away",
        lambda: [x(sa.Enum("a", "b", "c", name="color"), server_default="a")],
        lambda: [x(sa.Enum("a", "b", name="color"), server_default="a")],
        rows=xs("a"),
    ),
    columns(
        "Enum with an index and a CHECK",
        "a label taken away",
        lambda: [x(sa.Enum("a", "b", "c", name="color"), index=True), sa.CheckConstraint("x <> 'b'", name="no_b")],
        lambda: [x(sa.Enum("a", "b", name="color"), index=True), sa.CheckConstraint("x <> 'b'", name="no_b")],
        rows=xs("a"),
        **PG,
    ),
    retyped("Enum", "made String", colors("a", "b"), lambda: sa.String(20), "a"),
    retyped("String", "made Enum", lambda: sa.String(20), colors("a", "b"), "a"),
    retyped("Enum", "another name", colors("a", "b"), colors("a", "b", name="shade"), "a", **PG),
    retyped("Enum", "made a VARCHAR with a CHECK", colors("a", "b"), checked("a", "b"), "a"),
    added("Enum in an ARRAY", lambda: sa.ARRAY(sa.Enum("a", "b", name="color")), ["a"], **PG),
    retyped(
        "Enum in an ARRAY",
        "a label added",
        lambda: sa.ARRAY(sa.Enum("a", "b", name="color")),
        lambda: sa.ARRAY(sa.Enum("a", "b", "c", name="color")),
        ["a"],
        **PG,
    ),
    added("PostgreSQL's ENUM", lambda: postgresql.ENUM("a", "b", name="color"), "a", **PG),
    Feature(
        "Enum in a schema of its own",
        "a label added",
        lambda m: things(m, x(sa.Enum("a", "b", name="color", schema=schema("kinds")))),
        lambda m: things(m, x(sa.Enum("a", "b", "c", name="color", schema=schema("kinds")))),
        setup=["CREATE SCHEMA kinds"],
        rows=xs("a"),
        schemas=["kinds"],
        **PG,
    ),
    added("Enum with a name to be quoted", colors("a", "b", name="My Color"), "a"),
    columns(
        "Enum that a view uses",
        "a label added",
        lambda: [x(sa.Enum("a", "b", name="color"))],
        lambda: [x(sa.Enum("a", "b", "c", name="color"))],
        beside=["CREATE VIEW seen AS SELECT x FROM things WHERE x = 'a'"],
        rows=xs("a"),
        **PG,
    ),
]


def _two(metadata: sa.MetaData, both: bool) -> None:
    color = sa.Enum("a", "b", name="color")
    things(metadata, x(color))
    if both:
        others(metadata, x(color))


def _shared(metadata: sa.MetaData, *labels: str) -> None:
    color = sa.Enum(*labels, name="color")
    things(metadata, x(color))
    others(metadata, y(color))
