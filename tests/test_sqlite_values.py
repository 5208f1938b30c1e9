"""SQLite: when a column's type changes, each value is converted without loss, or the run is refused."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

from ellar_db.util.errors import RefusedError
from tests.support.batches import batch, database

DATE, STAMP = "2024-01-02", "2024-01-02 03:04:05.000006"

CONVERTED: list[tuple[str, TypeEngine[Any], Any, Any]] = [
    ("DATE", sa.DateTime(), DATE, f"{DATE} 00:00:00.000000"),
    ("TEXT", sa.DateTime(), "2024-01-02T03:04:05", f"{DATE} 03:04:05.000000"),
    ("TEXT", sa.DateTime(), "2024-01-02 03:04", f"{DATE} 03:04:00.000000"),
    ("TEXT", sa.DateTime(), "2024-01-02 03:04:05.5", f"{DATE} 03:04:05.500000"),
    ("TEXT", sa.TIMESTAMP(), STAMP, STAMP),
    ("DATETIME", sa.Date(), f"{DATE} 00:00:00.000000", DATE),
    ("TEXT", sa.Date(), DATE, DATE),
    ("TEXT", sa.Time(), "03:04", "03:04:00.000000"),
    ("TEXT", sa.Time(), "23:59:59.12", "23:59:59.120000"),
    ("DATE", sa.String(20), DATE, DATE),
    ("DATETIME", sa.Text(), STAMP, STAMP),
    ("TEXT", sa.JSON(), '{"a": [1, "x:y"]}', '{"a": [1, "x:y"]}'),
    ("TEXT", sa.JSON(), "12", 12),
    ("INTEGER", sa.JSON(), 12, 12),
    ("BOOLEAN", sa.JSON(), 1, "true"),
    ("JSON", sa.Text(), '{"a":1}', '{"a":1}'),
    ("TEXT", sa.Boolean(), "True", 1),
    ("TEXT", sa.Boolean(), "0", 0),
    ("INTEGER", sa.Boolean(), 1, 1),
    ("TEXT", sa.Integer(), "12", 12),
    ("TEXT", sa.Integer(), "9007199254740993", 9007199254740993),
    ("FLOAT", sa.Integer(), 2.0, 2),
    ("TEXT", sa.Numeric(10, 2), "12.50", 12.5),
    ("INTEGER", sa.Float(), 7, 7.0),
    ("INTEGER", sa.String(5), 7, "7"),
    ("FLOAT", sa.Text(), 0.1, "0.1"),
    ("FLOAT", sa.Text(), 0.1 + 0.2, "0.30000000000000004"),
    ("BLOB", sa.Text(), "Käse".encode(), "Käse"),
    ("TEXT", sa.LargeBinary(), "Käse", "Käse".encode()),
    ("VARCHAR(2)", sa.Text(), "007", "007"),
    ("INTEGER", sa.BigInteger(), 9223372036854775807, 9223372036854775807),
]


@pytest.mark.parametrize(("before", "after", "value", "expected"), CONVERTED)
def test_values_are_converted(before: str, after: TypeEngine[Any], value: Any, expected: Any) -> None:
    with database([f"CREATE TABLE t (x {before}, y)"]) as (connection, driver):
        driver.executemany("INSERT INTO t VALUES (?, 1)", [(value,), (None,)])
        driver.commit()

        batch(connection, lambda batch: batch.alter_column("x", type_=after))

        found = [row[0] for row in driver.execute("SELECT x FROM t")]
        assert found == [expected, None]
        assert type(found[0]) is type(expected)


REFUSED: list[tuple[str, TypeEngine[Any], Any]] = [
    ("TEXT", sa.Date(), "soon"),
    ("TEXT", sa.Date(), "2024-02-30"),
    ("TEXT", sa.Date(), "2024-1-2"),
    ("INTEGER", sa.Date(), 20240102),
    ("DATETIME", sa.Date(), STAMP),
    ("DATETIME", sa.Time(), STAMP),
    ("DATE", sa.Time(), DATE),
    ("TEXT", sa.Time(), "24:00:00"),
    ("TEXT", sa.DateTime(), "2024-01-02 03:04:05+02:00"),
    ("TEXT", sa.DateTime(), "2024-01-02 03:04:05.1234567"),
    ("TEXT", sa.DateTime(), "12:00"),
    ("INTEGER", sa.DateTime(), 1700000000),
    ("DATE", sa.Integer(), DATE),
    ("TEXT", sa.JSON(), "hello"),
    ("TEXT", sa.JSON(), "123456789012345678901234567890"),
    ("DATE", sa.JSON(), DATE),
    ("BLOB", sa.JSON(), b"{}"),
    ("TEXT", sa.Boolean(), "yes"),
    ("INTEGER", sa.Boolean(), 2),
    ("TEXT", sa.Integer(), "12x"),
    ("TEXT", sa.Integer(), "12.5"),
    ("FLOAT", sa.Integer(), 2.5),
    ("TEXT", sa.Integer(), "12345678901234567890"),
    ("TEXT", sa.Numeric(), "0.12345678901234567890"),
    ("TEXT", sa.Float(), "many"),
    ("INTEGER", sa.Float(), 2**53 + 1),
    ("BLOB", sa.Integer(), b"1"),
    ("BLOB", sa.Text(), b"\xff\xfe"),
    ("INTEGER", sa.LargeBinary(), 1),
    ("FLOAT", sa.Text(), float("inf")),
]


@pytest.mark.parametrize(("before", "after", "value"), REFUSED)
def test_values_that_would_be_changed_are_refused(before: str, after: TypeEngine[Any], value: Any) -> None:
    with database([f"CREATE TABLE t (x {before}, y)"]) as (connection, driver):
        driver.executemany("INSERT INTO t VALUES (?, 1)", [(value,), (None,)])
        driver.commit()

        with pytest.raises(RefusedError) as caught:
            batch(connection, lambda batch: batch.alter_column("x", type_=after))

        assert str(caught.value) == (
            f"the column 'x' of 't' can't become {after.compile(dialect=connection.dialect)}: 1 of its values "
            "would be lost or changed by that; change them before in the revision, with an UPDATE"
        )
        assert driver.execute("SELECT x FROM t").fetchall() == [(value,), (None,)]
        assert driver.execute("SELECT sql FROM sqlite_master").fetchone() == (f"CREATE TABLE t (x {before}, y)",)


@pytest.mark.parametrize(("before", "after"), [("BLOB", sa.Text()), ("TEXT", sa.LargeBinary())])
def test_bytes_are_no_text_where_text_is_utf_16(before: str, after: TypeEngine[Any]) -> None:
    with database(["PRAGMA encoding = 'UTF-16'", f"CREATE TABLE t (x {before})"]) as (connection, driver):
        driver.execute("INSERT INTO t VALUES (?)", (b"x" if before == "BLOB" else "x",))
        driver.commit()

        with pytest.raises(RefusedError, match="can't become"):
            batch(connection, lambda batch: batch.alter_column("x", type_=after))
