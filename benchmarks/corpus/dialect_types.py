"""Types that only one kind of database has."""

from __future__ import annotations

import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite

from benchmarks.corpus.feature import MARIADB, POSTGRESQL, SQLITE, added, retyped

GROUP = "Types of one kind of database"

PG = {"databases": (POSTGRESQL,)}
MY = {"databases": (MARIADB,)}
LITE = {"databases": (SQLITE,)}
MOMENT = datetime.datetime(2024, 1, 2, 3, 4, 5)

FEATURES = [
    added("JSONB", postgresql.JSONB, {"a": 1}, **PG),
    added("PostgreSQL's ARRAY of enums' texts", lambda: postgresql.ARRAY(sa.Text), ["a"], **PG),
    added("INET", postgresql.INET, "127.0.0.1", **PG),
    added("CIDR", postgresql.CIDR, "10.0.0.0/8", **PG),
    added("MACADDR", postgresql.MACADDR, "08:00:2b:01:02:03", **PG),
    added("MACADDR8", postgresql.MACADDR8, "08:00:2b:01:02:03:04:05", **PG),
    added("MONEY", postgresql.MONEY, **PG),
    added("OID", postgresql.OID, 5, **PG),
    added("REGCLASS", postgresql.REGCLASS, **PG),
    added("BYTEA", postgresql.BYTEA, b"ab", **PG),
    added("BIT", lambda: postgresql.BIT(4), **PG),
    added("BIT VARYING", lambda: postgresql.BIT(4, varying=True), **PG),
    added("TSVECTOR", postgresql.TSVECTOR, "a b", **PG),
    added("TSQUERY", postgresql.TSQUERY, **PG),
    added("HSTORE", postgresql.HSTORE, {"a": "b"}, setup=["CREATE EXTENSION hstore"], **PG),
    added("CITEXT", postgresql.CITEXT, "Ab", setup=["CREATE EXTENSION citext"], **PG),
    added("INT4RANGE", postgresql.INT4RANGE, **PG),
    added("TSTZRANGE", postgresql.TSTZRANGE, **PG),
    added("INT8MULTIRANGE", postgresql.INT8MULTIRANGE, **PG),
    added("DOMAIN", lambda: postgresql.DOMAIN("positive", sa.Integer, check="VALUE > 0"), 3, **PG),
    added("INTERVAL with fields", lambda: postgresql.INTERVAL(fields="DAY TO SECOND", precision=2), **PG),
    added("TIMESTAMP with a precision", lambda: postgresql.TIMESTAMP(precision=3, timezone=True), **PG),
    added("TIME with a precision", lambda: postgresql.TIME(precision=0), **PG),
    added("DOUBLE_PRECISION", postgresql.DOUBLE_PRECISION, 1.5, **PG),
    added("TINYINT", mysql.TINYINT, 5, **MY),
    added("TINYINT(1)", lambda: mysql.TINYINT(1), 1, **MY),
    added("MEDIUMINT", mysql.MEDIUMINT, 5, **MY),
    added("INTEGER UNSIGNED", lambda: mysql.INTEGER(unsigned=True), 5, **MY),
    added("BIGINT UNSIGNED", lambda: mysql.BIGINT(unsigned=True), 2**63, **MY),
    added("INTEGER ZEROFILL", lambda: mysql.INTEGER(8, zerofill=True), 5, **MY),
    added("DECIMAL UNSIGNED", lambda: mysql.DECIMAL(10, 2, unsigned=True), **MY),
    added("DOUBLE(10, 2)", lambda: mysql.DOUBLE(10, 2), 1.5, **MY),
    added("MariaDB's BIT", lambda: mysql.BIT(4), **MY),
    added("YEAR", mysql.YEAR, 2024, **MY),
    added("TINYTEXT", mysql.TINYTEXT, "a", **MY),
    added("MEDIUMTEXT", mysql.MEDIUMTEXT, "a", **MY),
    added("LONGTEXT", mysql.LONGTEXT, "a", **MY),
    added("TINYBLOB", mysql.TINYBLOB, b"a", **MY),
    added("MEDIUMBLOB", mysql.MEDIUMBLOB, b"a", **MY),
    added("LONGBLOB", mysql.LONGBLOB, b"a", **MY),
    added("SET", lambda: mysql.SET("a", "b", "it's"), {"a", "b"}, **MY),
    added("MariaDB's ENUM", lambda: mysql.ENUM("a", "b", "it's"), "it's", **MY),
    added("DATETIME with fractions", lambda: mysql.DATETIME(fsp=6), MOMENT, **MY),
    added("TIMESTAMP with fractions", lambda: mysql.TIMESTAMP(fsp=3), MOMENT, **MY),
    added("TIME with fractions", lambda: mysql.TIME(fsp=3), datetime.time(1, 2, 3), **MY),
    added("VARCHAR with a character set", lambda: mysql.VARCHAR(30, charset="latin1"), "a", **MY),
    added("VARCHAR, national", lambda: mysql.NVARCHAR(30), "a", **MY),
    retyped("INTEGER UNSIGNED", "made signed", lambda: mysql.INTEGER(unsigned=True), sa.Integer, 5, **MY),
    retyped("Integer", "made unsigned", sa.Integer, lambda: mysql.INTEGER(unsigned=True), 5, **MY),
    retyped("DATETIME", "fractions added", mysql.DATETIME, lambda: mysql.DATETIME(fsp=6), MOMENT, **MY),
    retyped("Text", "made LONGTEXT", sa.Text, mysql.LONGTEXT, "a", **MY),
    retyped("TINYINT(1)", "made an Integer", lambda: mysql.TINYINT(1), sa.Integer, 1, **MY),
    retyped("SET", "a value added", lambda: mysql.SET("a", "b"), lambda: mysql.SET("a", "b", "c"), {"a"}, **MY),
    retyped(
        "VARCHAR with a character set",
        "another one",
        lambda: mysql.VARCHAR(30, charset="latin1"),
        lambda: mysql.VARCHAR(30, charset="utf8mb4"),
        "ä",
        **MY,
    ),
    retyped("JSON", "made JSONB", sa.JSON, postgresql.JSONB, {"a": 1}, **PG),
    retyped("JSONB", "made JSON", postgresql.JSONB, sa.JSON, {"a": 1}, **PG),
    retyped(
        "TIMESTAMP", "another precision", postgresql.TIMESTAMP, lambda: postgresql.TIMESTAMP(precision=0), MOMENT, **PG
    ),
    retyped(
        "ARRAY of Integer", "of BigInteger", lambda: sa.ARRAY(sa.Integer), lambda: sa.ARRAY(sa.BigInteger), [1], **PG
    ),
    retyped("Text", "made CITEXT", sa.Text, postgresql.CITEXT, "Ab", setup=["CREATE EXTENSION citext"], **PG),
    retyped(
        "BIT", "longer", lambda: postgresql.BIT(4, varying=True), lambda: postgresql.BIT(8, varying=True), **PG, rows={}
    ),
    added("SQLite's DATETIME with a format", lambda: sqlite.DATETIME(truncate_microseconds=True), MOMENT, **LITE),
    added("SQLite's JSON", sqlite.JSON, {"a": 1}, **LITE),
]
