"""Columns whose type changes, with data in them."""

from __future__ import annotations

import datetime
import decimal

import sqlalchemy as sa

from benchmarks.corpus.feature import MARIADB, POSTGRESQL, SERVERS, SQLITE, retyped
from benchmarks.corpus.types import DAY, ID, MOMENT, UTC, Lower

GROUP = "Types changed, with data"

D = decimal.Decimal
FILES_AND_MARIADB = (SQLITE, MARIADB)

FEATURES = [
    retyped("String", "longer", lambda: sa.String(20), lambda: sa.String(40), "a"),
    retyped("String", "shorter", lambda: sa.String(40), lambda: sa.String(20), "a"),
    retyped("String", "made Text", lambda: sa.String(20), sa.Text, "a"),
    retyped("Text", "made String", sa.Text, lambda: sa.String(50), "a"),
    retyped("String", "made a TypeDecorator with a length", lambda: sa.String(20), Lower, "a"),
    retyped("CHAR", "made VARCHAR", lambda: sa.CHAR(3), lambda: sa.VARCHAR(3), "abc"),
    retyped("Integer", "made BigInteger", sa.Integer, sa.BigInteger, 7),
    retyped("BigInteger", "made Integer", sa.BigInteger, sa.Integer, 7),
    retyped("Integer", "made SmallInteger", sa.Integer, sa.SmallInteger, 7),
    retyped("Numeric", "wider", lambda: sa.Numeric(10, 2), lambda: sa.Numeric(14, 2), D("1.50"), databases=SERVERS),
    retyped(
        "Numeric", "wider, on SQLite", lambda: sa.Numeric(10, 2), lambda: sa.Numeric(14, 2), 1.5, databases=(SQLITE,)
    ),
    retyped(
        "Numeric",
        "more decimals",
        lambda: sa.Numeric(10, 2),
        lambda: sa.Numeric(12, 4),
        D("1.50"),
        databases=SERVERS,
        to=[D("1.5000")],
    ),
    retyped(
        "Numeric", "precision taken away", lambda: sa.Numeric(10, 2), sa.Numeric, D("1.00"), databases=(POSTGRESQL,)
    ),
    retyped("Integer", "made String", sa.Integer, lambda: sa.String(20), 7, to=["7"]),
    retyped("String", "made Integer", lambda: sa.String(20), sa.Integer, "7", to=[7]),
    retyped(
        "String",
        "made Numeric",
        lambda: sa.String(20),
        lambda: sa.Numeric(10, 2),
        "7.25",
        databases=SERVERS,
        to=[D("7.25")],
    ),
    retyped("String", "made Date", lambda: sa.String(20), sa.Date, "2024-01-02", databases=SERVERS, to=[DAY]),
    retyped("String", "made Date, on SQLite", lambda: sa.String(20), sa.Date, "2024-01-02", databases=(SQLITE,)),
    retyped(
        "String",
        "made DateTime",
        lambda: sa.String(30),
        sa.DateTime,
        "2024-01-02 03:04:05",
        databases=SERVERS,
        to=[MOMENT],
    ),
    retyped("String", "made Boolean", lambda: sa.String(5), sa.Boolean, "true", databases=(POSTGRESQL,), to=[True]),
    retyped("String", "made Uuid", lambda: sa.String(36), sa.Uuid, str(ID), databases=(POSTGRESQL,), to=[ID]),
    retyped("String", "made JSON", lambda: sa.String(50), sa.JSON, '{"a": 1}', databases=(POSTGRESQL,), to=[{"a": 1}]),
    retyped("Text", "made JSON", sa.Text, sa.JSON, '{"a": 1}', databases=FILES_AND_MARIADB),
    retyped("Integer", "made Numeric", sa.Integer, lambda: sa.Numeric(10, 2), 7, databases=SERVERS, to=[D("7.00")]),
    retyped("Integer", "made Float", sa.Integer, sa.Float, 7, to=[7.0]),
    retyped("Float", "made Numeric", sa.Float, lambda: sa.Numeric(10, 2), 1.5, databases=SERVERS, to=[D("1.50")]),
    retyped("Float", "made Double", sa.Float, sa.Double, 1.5),
    retyped("Float", "made String", sa.Float, lambda: sa.String(30), 1.5, to=["1.5"]),
    retyped("Boolean", "made Integer", sa.Boolean, sa.Integer, True, False, to=[1, 0]),
    retyped("Integer", "made Boolean", sa.Integer, sa.Boolean, 1, 0, databases=(POSTGRESQL,), to=[True, False]),
    retyped("Integer", "made Boolean, kept as a number", sa.Integer, sa.Boolean, 1, 0, databases=FILES_AND_MARIADB),
    retyped("Date", "made DateTime", sa.Date, sa.DateTime, DAY, databases=SERVERS, to=[datetime.datetime(2024, 1, 2)]),
    retyped(
        "Date",
        "made DateTime, on SQLite",
        sa.Date,
        sa.DateTime,
        DAY,
        databases=(SQLITE,),
        to=["2024-01-02 00:00:00.000000"],
    ),
    retyped("DateTime", "made Date", sa.DateTime, sa.Date, MOMENT, databases=SERVERS, to=[DAY]),
    retyped(
        "DateTime",
        "given a time zone",
        sa.DateTime,
        lambda: sa.DateTime(timezone=True),
        MOMENT,
        databases=(POSTGRESQL,),
        to=[UTC],
    ),
    retyped(
        "DateTime",
        "time zone taken away",
        lambda: sa.DateTime(timezone=True),
        sa.DateTime,
        UTC,
        databases=(POSTGRESQL,),
        to=[MOMENT],
    ),
    retyped("Date", "made String", sa.Date, lambda: sa.String(20), DAY, to=["2024-01-02"]),
    retyped(
        "LargeBinary",
        "made longer",
        lambda: sa.LargeBinary(16),
        lambda: sa.LargeBinary(70000),
        b"ab",
        databases=(MARIADB,),
    ),
    retyped(
        "Text",
        "made ARRAY by a cast",
        sa.Text,
        lambda: sa.ARRAY(sa.Integer),
        "{1,2}",
        databases=(POSTGRESQL,),
        to=[[1, 2]],
    ),
    retyped("Uuid", "made String", sa.Uuid, lambda: sa.String(36), ID, databases=(POSTGRESQL,), to=[str(ID)]),
    retyped("JSON", "made Text", sa.JSON, sa.Text, {"a": 1}, databases=(POSTGRESQL,), to=['{"a": 1}']),
    retyped(
        "String", "another collation", lambda: sa.String(30), lambda: sa.String(30, "C"), "a", databases=(POSTGRESQL,)
    ),
    retyped(
        "String",
        "another collation, on SQLite",
        lambda: sa.String(30),
        lambda: sa.String(30, "NOCASE"),
        "a",
        databases=(SQLITE,),
    ),
    retyped(
        "String",
        "another collation, on MariaDB",
        lambda: sa.String(30),
        lambda: sa.String(30, "utf8mb4_bin"),
        "a",
        databases=(MARIADB,),
    ),
    retyped("Text", "made LargeBinary", sa.Text, sa.LargeBinary, "ab", databases=(MARIADB,), to=[b"ab"]),
]
