"""SQLAlchemy's own types, each with a second column added."""

from __future__ import annotations

import datetime
import decimal
import json
import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator, TypeEngine

from benchmarks.corpus.feature import MARIADB, POSTGRESQL, added, columns, x, xs, y

GROUP = "Types"

DAY = datetime.date(2024, 1, 2)
MOMENT = datetime.datetime(2024, 1, 2, 3, 4, 5)
UTC = datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
ID = uuid.UUID("12345678-1234-5678-1234-567812345678")


class Lower(TypeDecorator[str]):
    """Text in small letters."""

    impl = sa.String(30)
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        """Return what is stored."""
        return None if value is None else value.lower()


class Document(TypeDecorator[Any]):
    """JSON as text, of the server's own type where there is one."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> TypeEngine[Any]:
        """Return the type on a kind of database."""
        if dialect.name == "postgresql":
            from sqlalchemy.dialects.postgresql import JSONB

            return dialect.type_descriptor(JSONB())
        return dialect.type_descriptor(sa.Text())

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> Any:
        """Return what is stored."""
        return value if dialect.name == "postgresql" or value is None else json.dumps(value)


class Money(TypeDecorator[Any]):
    """A number with arguments of its own, which its repr doesn't have."""

    impl = sa.Numeric
    cache_ok = True

    def __init__(self, currency: str, digits: int = 2) -> None:
        self.currency = currency
        super().__init__(precision=12, scale=digits)

    def __repr__(self) -> str:
        return f"Money({self.currency!r})"


FEATURES = [
    added("Integer", sa.Integer, 7, -1),
    added("SmallInteger", sa.SmallInteger, 7),
    added("BigInteger", sa.BigInteger, 2**60),
    added("Boolean", sa.Boolean, True, False),
    columns(
        "Boolean with a CHECK",
        "a column added",
        lambda: [x(sa.Boolean(create_constraint=True, name="x_is_boolean"))],
        lambda: [
            x(sa.Boolean(create_constraint=True, name="x_is_boolean")),
            y(sa.Boolean(create_constraint=True, name="y_is_boolean")),
        ],
        rows=xs(True, False),
    ),
    added("Boolean with a CHECK, unnamed", lambda: sa.Boolean(create_constraint=True), True),
    added("String, without a length", sa.String, "a", databases=("sqlite", POSTGRESQL)),
    added("String", lambda: sa.String(30), "a'b", "100%", "ä:x"),
    added("Unicode", lambda: sa.Unicode(30), "ä"),
    added("Text", sa.Text, "a\nb"),
    added("UnicodeText", sa.UnicodeText, "ä"),
    added("Text, with a length", lambda: sa.Text(70000), "a", databases=("sqlite", MARIADB)),
    added("LargeBinary", sa.LargeBinary, b"\x00\xff"),
    added("LargeBinary, with a length", lambda: sa.LargeBinary(16), b"\x00\xff"),
    added("Numeric", sa.Numeric, decimal.Decimal(5)),
    added("Numeric, precision and scale", lambda: sa.Numeric(12, 4), decimal.Decimal("1.2500")),
    added("Numeric, precision only", lambda: sa.Numeric(8), decimal.Decimal(5)),
    added("Float", sa.Float, 1.5),
    added("Float, with a precision", lambda: sa.Float(53), 1.5),
    added("Double", sa.Double, 1.1),
    added("REAL", sa.REAL, 1.5),
    added("DECIMAL", lambda: sa.DECIMAL(6, 3), decimal.Decimal("1.250")),
    added("Date", sa.Date, DAY),
    added("Time", sa.Time, datetime.time(3, 4, 5)),
    added("DateTime", sa.DateTime, MOMENT),
    added("DateTime, with time zone", lambda: sa.DateTime(timezone=True), UTC),
    added("Time, with time zone", lambda: sa.Time(timezone=True), databases=(POSTGRESQL,)),
    added("TIMESTAMP", lambda: sa.TIMESTAMP(), MOMENT),
    added("Interval", sa.Interval, datetime.timedelta(days=1, seconds=2)),
    added(
        "Interval, with precision",
        lambda: sa.Interval(second_precision=3, native=True),
        datetime.timedelta(hours=1),
        databases=(POSTGRESQL,),
    ),
    added("JSON", sa.JSON, {"a": [1, "ä"]}),
    added("JSON, None as null", lambda: sa.JSON(none_as_null=True), {"a": 1}),
    added("Uuid", sa.Uuid, ID),
    added("Uuid, not native", lambda: sa.Uuid(native_uuid=False), ID),
    added("UUID", sa.UUID, ID),
    added("CHAR", lambda: sa.CHAR(3), "abc"),
    added("VARCHAR", lambda: sa.VARCHAR(30), "abc"),
    added("NCHAR", lambda: sa.NCHAR(3), "abc", databases=("sqlite", MARIADB)),
    added("BINARY", lambda: sa.BINARY(2), b"ab", databases=("sqlite", MARIADB)),
    added("VARBINARY", lambda: sa.VARBINARY(20), b"ab", databases=("sqlite", MARIADB)),
    added("BLOB", sa.BLOB, b"ab", databases=("sqlite", MARIADB)),
    added("PickleType", sa.PickleType, [1, 2]),
    added("String with a collation, C", lambda: sa.String(30, "C"), "a", databases=(POSTGRESQL,)),
    added("String with a collation, NOCASE", lambda: sa.String(30, "NOCASE"), "a", databases=("sqlite",)),
    added("String with a collation, utf8mb4_bin", lambda: sa.String(30, "utf8mb4_bin"), "a", databases=(MARIADB,)),
    added("TypeDecorator of String", Lower, "ABC"),
    added("TypeDecorator with a type by dialect", Document, {"a": 1}),
    added("TypeDecorator with arguments", lambda: Money("EUR"), decimal.Decimal("1.50")),
    added(
        "with_variant",
        lambda: sa.String(40).with_variant(sa.Text(), "postgresql").with_variant(sa.VARCHAR(50), "mysql", "mariadb"),
        "a",
    ),
    added("ARRAY", lambda: sa.ARRAY(sa.Integer), [1, 2], databases=(POSTGRESQL,)),
    added(
        "ARRAY of text, two dimensions", lambda: sa.ARRAY(sa.String(5), dimensions=2), [["a"]], databases=(POSTGRESQL,)
    ),
    added("Double, with a precision", lambda: sa.Double(53), 1.1, databases=(POSTGRESQL,)),
]
