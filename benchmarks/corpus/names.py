"""Names that must be quoted, that are long, or that aren't ASCII; naming conventions; other schemas."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table

from benchmarks.corpus.constraints import CONVENTION
from benchmarks.corpus.feature import POSTGRESQL, SERVERS, Feature, others, schema, things, x, y

GROUP = "Names and schemas"

PG = {"databases": (POSTGRESQL,)}
EXTENSIONS = ["sqlalchemy-declarative-extensions"]


def named(label: str, table: str, column: str, **options: Any) -> list[Feature]:
    """Return features of a table and a column with such names: added, changed, and renamed."""

    def before(m: MetaData) -> None:
        Table(table, m, Column("id", Integer, primary_key=True), Column(column, String(20), index=True))

    def after(m: MetaData) -> None:
        Table(
            table,
            m,
            Column("id", Integer, primary_key=True),
            Column(column, String(40), index=True, nullable=False),
            Column(f"{column}2"[-60:], Integer, unique=True),
        )

    def renamed(m: MetaData) -> None:
        Table(table, m, Column("id", Integer, primary_key=True), Column("plain", String(20)))

    def unindexed(m: MetaData) -> None:
        Table(table, m, Column("id", Integer, primary_key=True), Column(column, String(20)))

    rows = {table: [{"id": 1, column: "a"}]}
    return [
        Feature(f"Names, {label}", "changed", before, after, rows=rows, **options),
        Feature(
            f"Names, {label}",
            "a column renamed",
            unindexed,
            renamed,
            rows=rows,
            kept={table: [{"id": 1, "plain": "a"}]},
            arguments=["--rename", f'{table}."{column}":plain' if ":" in column else f"{table}.{column}:plain"],
            **options,
        ),
    ]


def shop(m: MetaData, *items: Any, name: str = "goods", **options: Any) -> Table:
    """Add a table in the schema `shop`."""
    return Table(name, m, Column("id", Integer, primary_key=True), *items, schema=schema("shop"), **options)


SHOPS: dict[str, Any] = {"databases": SERVERS, "schemas": ["shop"], "claimed": EXTENSIONS}
GOODS = {"goods": [{"id": 1, "x": "a"}]}


def conventional(m: MetaData, *, more: bool) -> None:
    """Add tables with a constraint of each kind, whose names come from a convention, or from the server."""
    others(m)
    items: list[Any] = []
    if more:
        items = [
            Column("a", Integer, unique=True),
            Column("b", Integer, ForeignKey("others.id")),
            Column("c", Integer, index=True),
            sa.CheckConstraint("c > 0", name="positive"),
        ]
    things(m, x(Integer), *items)


ROWS = {"others": [{"id": 1}], "things": [{"id": 1, "x": 1}]}

FEATURES = [
    *named("reserved", "order", "select"),
    *named("mixed case", "OrderItems", "unitPrice"),
    *named("not ASCII", "größen", "straße"),
    *named("with a space", "my things", "the value"),
    *named("with a percent sign", "rates", "share%"),
    *named("with a colon and parentheses", "times", "at:(x)"),
    *named("with quotes", "texts", 'say"so'),
    *named("with a dot", "v1.texts", "a.b"),
    *named("long", "a_table_with_quite_a_long_name_for_a_table_indeed", "a_column_with_quite_a_long_name_too"),
    *named("of Python's keywords", "class", "def"),
    Feature(
        "A column key other than its name",
        "changed",
        lambda m: things(m, Column("x", String(20), key="ecks")),
        lambda m: things(m, Column("x", String(40), key="ecks", nullable=False)),
        rows={"things": [{"id": 1, "ecks": "a"}]},
    ),
    Feature(
        "A naming convention",
        "constraints added",
        lambda m: conventional(m, more=False),
        lambda m: conventional(m, more=True),
        rows=ROWS,
        naming=CONVENTION,
    ),
    Feature(
        "A naming convention",
        "constraints taken away",
        lambda m: conventional(m, more=True),
        lambda m: conventional(m, more=False),
        rows=ROWS,
        naming=CONVENTION,
    ),
    Feature(
        "No naming convention",
        "constraints added",
        lambda m: conventional(m, more=False),
        lambda m: conventional(m, more=True),
        rows=ROWS,
    ),
    Feature(
        "No naming convention",
        "constraints taken away",
        lambda m: conventional(m, more=True),
        lambda m: conventional(m, more=False),
        rows=ROWS,
    ),
    Feature(
        "A table in another schema",
        "a column added",
        lambda m: shop(m, x(String(20))),
        lambda m: shop(m, x(String(20)), y(Integer)),
        rows=GOODS,
        **SHOPS,
    ),
    Feature(
        "A table in another schema",
        "a column changed",
        lambda m: shop(m, x(String(20))),
        lambda m: shop(m, x(String(40), nullable=False)),
        rows=GOODS,
        **SHOPS,
    ),
    Feature(
        "A table in another schema",
        "dropped",
        lambda m: (shop(m, x(String(20))), shop(m, name="prices")),
        lambda m: shop(m, x(String(20))),
        rows=GOODS,
        **SHOPS,
    ),
    Feature(
        "A table in a schema that doesn't exist",
        "added",
        things,
        lambda m: (things(m), shop(m, x(String(20)))),
        rows={"things": [{"id": 1}]},
        **SHOPS,
    ),
    Feature(
        "A table in another schema",
        "an index, UNIQUE and a CHECK added",
        lambda m: shop(m, x(String(20))),
        lambda m: shop(m, x(String(20), index=True), y(Integer, unique=True), sa.CheckConstraint("y > 0", name="pos")),
        rows=GOODS,
        **SHOPS,
    ),
    Feature(
        "A table in another schema",
        "renamed",
        lambda m: shop(m, x(String(20))),
        lambda m: shop(m, x(String(20)), name="wares"),
        rows=GOODS,
        kept={"wares": [{"id": 1, "x": "a"}]},
        arguments=["--rename", "@shop.goods:wares"],
        **SHOPS,
    ),
    Feature(
        "A reference to another schema",
        "added",
        lambda m: (shop(m, x(String(20))), things(m, y(Integer))),
        lambda m: (shop(m, x(String(20))), things(m, y(Integer, ForeignKey(f"{schema('shop')}.goods.id")))),
        rows={**GOODS, "things": [{"id": 1, "y": 1}]},
        **SHOPS,
    ),
    Feature(
        "A reference from another schema",
        "a column added",
        lambda m: (things(m), shop(m, x(String(20)), y(Integer, ForeignKey("things.id", name="fk_y")))),
        lambda m: (
            things(m),
            shop(m, x(String(20)), y(Integer, ForeignKey("things.id", name="fk_y")), Column("z", Integer)),
        ),
        rows={"things": [{"id": 1}], "goods": [{"id": 1, "x": "a", "y": 1}]},
        **{**SHOPS, "databases": (POSTGRESQL,)},
    ),
    Feature(
        "Tables of one name in two schemas",
        "a column of one changed",
        lambda m: (others(m, x(String(20))), shop(m, x(String(20)), name="others")),
        lambda m: (others(m, x(String(20))), shop(m, x(String(40)), name="others")),
        rows={"others": [{"id": 1, "x": "a"}]},
        **SHOPS,
    ),
    Feature(
        "The default schema by its name",
        "a column changed",
        lambda m: things(m, x(String(20)), schema="public"),
        lambda m: things(m, x(String(40)), schema="public"),
        rows={"things": [{"id": 1, "x": "a"}]},
        **PG,
    ),
    Feature(
        "A reference to the default schema by its name",
        "a column added",
        lambda m: (others(m, schema="public"), things(m, y(Integer, ForeignKey("public.others.id")))),
        lambda m: (others(m, schema="public"), things(m, x(Integer), y(Integer, ForeignKey("public.others.id")))),
        rows={"others": [{"id": 1}], "things": [{"id": 1, "y": 1}]},
        **PG,
    ),
    Feature(
        "An Enum type of another schema's table",
        "a column added",
        lambda m: shop(m, x(sa.Enum("a", "b", name="color", schema=schema("shop")))),
        lambda m: shop(m, x(sa.Enum("a", "b", name="color", schema=schema("shop"))), y(Integer)),
        rows=GOODS,
        **{**SHOPS, "databases": (POSTGRESQL,)},
    ),
    Feature(
        "MetaData with a schema",
        "a column added",
        lambda m: _with_schema(m, more=False),
        lambda m: _with_schema(m, more=True),
        rows=GOODS,
        **SHOPS,
    ),
]


def _with_schema(m: MetaData, *, more: bool) -> None:
    m.schema = schema("shop")
    Table("goods", m, Column("id", Integer, primary_key=True), x(String(20)), *[y(Integer)] if more else [])
