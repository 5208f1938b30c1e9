"""Server defaults: literals, functions and expressions."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import func, text

from benchmarks.corpus.feature import ALL, IDS, MARIADB, POSTGRESQL, SQLITE, columns, defaulted, x, xs

GROUP = "Defaults"


def short() -> sa.String:
    """Return a text type."""
    return sa.String(60)


def literal(name: str, old: str, new: str = "other") -> object:
    """Return a feature of a text default that changes."""
    return defaulted(f"A text default {name}", "another text", short, old, new)


FEATURES = [
    defaulted("No default", "a text", short, None, "a"),
    defaulted("A text default", "taken away", short, "a", None),
    defaulted("A text default", "another text", short, "a", "b"),
    defaulted("A text default", "made empty", short, "a", ""),
    literal("that is empty", ""),
    literal("with a single quote", "it's"),
    literal("with double quotes", 'say "x"'),
    literal("with a colon", "a:b :c"),
    literal("with a percent sign", "100%"),
    literal("with a percent sign and letters", "%s %(x)s"),
    literal("with a backslash", "a\\b"),
    literal("with a line feed", "a\nb"),
    literal("with letters beyond ASCII", "Zürich 東京"),
    literal("with braces", "{}"),
    literal("with parentheses", "now()"),
    literal("that looks like NULL", "NULL"),
    literal("that is a number", "0"),
    defaulted("A text default", "only its case changes", short, "Abc", "abc"),
    defaulted("A text default", "only white space changes", short, "a b", "a  b"),
    defaulted("A text default as SQL", "another text", short, text("'a'"), text("'b'")),
    defaulted("An integer default", "another number", sa.Integer, "0", "1"),
    defaulted("An integer default as SQL", "another number", sa.Integer, text("0"), text("1")),
    defaulted("An integer default as SQL", "made negative", sa.Integer, text("1"), text("-1")),
    defaulted("A numeric default", "another number", lambda: sa.Numeric(10, 2), "0.50", "1.50"),
    defaulted("A numeric default", "of no decimals", lambda: sa.Numeric(10, 2), "0", "1"),
    defaulted("A float default", "another number", sa.Float, text("0.5"), text("1.5")),
    defaulted("sa.false()", "made true", sa.Boolean, sa.false(), sa.true()),
    defaulted("sa.true()", "taken away", sa.Boolean, sa.true(), None),
    defaulted("A boolean default as text", "made true", sa.Boolean, "false", "true", databases=(POSTGRESQL,)),
    defaulted("A boolean default as a number", "made 1", sa.Boolean, text("0"), text("1"), databases=(SQLITE, MARIADB)),
    defaulted("CURRENT_TIMESTAMP", "taken away", sa.DateTime, text("CURRENT_TIMESTAMP"), None),
    defaulted("func.now()", "taken away", sa.DateTime, func.now(), None),
    defaulted("No default", "func.now()", sa.DateTime, None, func.now(), databases=ALL),
    defaulted("func.now()", "made a constant", sa.DateTime, func.now(), text("'2024-01-02 03:04:05'")),
    defaulted("func.current_date()", "taken away", sa.Date, text("(CURRENT_DATE)"), None),
    defaulted("A date default", "another day", sa.Date, "2024-01-02", "2024-01-03"),
    defaulted(
        "func.now() with ON UPDATE",
        "ON UPDATE taken away",
        lambda: sa.TIMESTAMP(),
        text("CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP"),
        text("CURRENT_TIMESTAMP"),
        databases=(MARIADB,),
    ),
    defaulted("gen_random_uuid()", "taken away", sa.Uuid, text("gen_random_uuid()"), None, databases=(POSTGRESQL,)),
    defaulted("No default", "gen_random_uuid()", sa.Uuid, None, func.gen_random_uuid(), databases=(POSTGRESQL,)),
    defaulted("UUID()", "taken away", lambda: sa.String(36), text("(uuid())"), None, databases=(MARIADB,)),
    defaulted("A sum", "another sum", sa.Integer, text("(1 + 2)"), text("(2 + 2)")),
    defaulted("A function of text", "another one", short, text("(lower('A'))"), text("(upper('a'))")),
    defaulted(
        "A cast",
        "another value",
        sa.Integer,
        text("CAST('5' AS INTEGER)"),
        text("CAST('6' AS INTEGER)"),
        databases=(POSTGRESQL,),
    ),
    defaulted(
        "A JSON default", "another document", sa.JSON, text("'{}'"), text("'[]'"), databases=(SQLITE, POSTGRESQL)
    ),
    defaulted(
        "A JSON default as text", "another document", sa.JSON, "{}", '{"a": "b"}', databases=(SQLITE, POSTGRESQL)
    ),
    defaulted(
        "A JSON default, on MariaDB", "another document", sa.JSON, text("('{}')"), text("('[]')"), databases=(MARIADB,)
    ),
    defaulted(
        "An ARRAY default",
        "not empty",
        lambda: sa.ARRAY(sa.Integer),
        text("'{}'"),
        text("'{1,2}'"),
        databases=(POSTGRESQL,),
    ),
    defaulted(
        "An ARRAY default as an expression",
        "another one",
        lambda: sa.ARRAY(sa.Text),
        text("ARRAY[]::text[]"),
        text("ARRAY['a']::text[]"),
        databases=(POSTGRESQL,),
    ),
    defaulted(
        "An interval default", "another one", sa.Interval, text("'1 day'"), text("'2 days'"), databases=(POSTGRESQL,)
    ),
    defaulted(
        "A bytes default", "another one", sa.LargeBinary, text(r"'\x00'"), text(r"'\x01'"), databases=(POSTGRESQL,)
    ),
    defaulted("A default of a Text column", "another text", sa.Text, "a", "b"),
    columns(
        "A default and NOT NULL",
        "both added",
        lambda: [x(sa.Integer)],
        lambda: [x(sa.Integer, server_default="0", nullable=False)],
        rows=xs(5),
    ),
    columns(
        "A default, a type and NOT NULL",
        "all three changed",
        lambda: [x(sa.String(10), server_default="a")],
        lambda: [x(sa.String(20), server_default="b", nullable=False)],
        rows=xs("z"),
    ),
    columns(
        "A new column with a default",
        "NOT NULL",
        lambda: [],
        lambda: [x(sa.String(20), server_default="it's 5%", nullable=False)],
        rows=IDS,
        kept={"things": [{"id": 1, "x": "it's 5%"}, {"id": 2, "x": "it's 5%"}]},
    ),
    columns(
        "A new column with a changing default",
        "NOT NULL",
        lambda: [],
        lambda: [x(sa.DateTime, server_default=func.now(), nullable=False)],
        rows=IDS,
    ),
]
