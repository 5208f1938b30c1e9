"""Which changes of a type may lose values, by the types alone."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite

from ellar_db.lint.rules.narrowing import Narrowing, narrowing


class Shouted(sa.TypeDecorator[str]):
    """A text of twenty characters."""

    impl = sa.String(20)
    cache_ok = True


LABELS = sa.Enum("a", "bb", name="labels")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (sa.String(50), sa.String(20), "size"),
        (sa.String(20), sa.Text(), ""),
        (sa.Text(), sa.String(20), "size"),
        (Shouted(), sa.String(10), "size"),
        (sa.String(20), Shouted(), ""),
        (sa.BigInteger(), sa.Integer(), "size"),
        (sa.SmallInteger(), sa.BigInteger(), ""),
        (sa.Double(), sa.REAL(), "size"),
        (sa.REAL(), sa.Double(), ""),
        (sa.Numeric(10, 2), sa.Numeric(8, 2), "size"),
        (sa.Numeric(10, 2), sa.Numeric(12, 1), "size"),
        (sa.Numeric(), sa.Numeric(8, 2), "size"),
        (sa.Numeric(8, 2), sa.Numeric(), ""),
        (sa.Integer(), sa.Numeric(12, 2), ""),
        (sa.Integer(), sa.Numeric(6, 2), "size"),
        (sa.Integer(), sa.String(11), ""),
        (sa.Integer(), sa.String(5), "size"),
        (sa.Numeric(5, 2), sa.String(7), ""),
        (sa.Numeric(5, 2), sa.String(6), "size"),
        (LABELS, sa.String(2), ""),
        (LABELS, sa.String(1), "size"),
        (LABELS, sa.Enum("a", name="labels"), "size"),
        (sa.Boolean(), sa.Integer(), ""),
        (sa.Integer(), sa.Boolean(), "kind"),
        (sa.Date(), sa.DateTime(), ""),
        (sa.DateTime(), sa.Date(), "kind"),
        (sa.Uuid(), sa.String(36), ""),
        (sa.Uuid(), sa.String(32), "size"),
        (sa.LargeBinary(), sa.Text(), "kind"),
        (sa.JSON(), sa.Text(), ""),
        (postgresql.TIMESTAMP(precision=6), postgresql.TIMESTAMP(precision=3), "size"),
        (sa.DateTime(timezone=True), sa.DateTime(), "size"),
        (sa.ARRAY(sa.String(20)), sa.ARRAY(sa.String(10)), "size"),
        (sa.ARRAY(sa.Integer()), sa.ARRAY(sa.BigInteger()), ""),
    ],
)
def test_on_postgresql(old: Any, new: Any, expected: Narrowing) -> None:
    assert narrowing(old, new, postgresql.dialect()) == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (mysql.LONGTEXT(), sa.Text(), "size"),
        (mysql.TINYTEXT(), sa.Text(), ""),
        (sa.Text(), mysql.MEDIUMTEXT(), ""),
        (mysql.LONGBLOB(), mysql.TINYBLOB(), "size"),
        (mysql.INTEGER(unsigned=True), mysql.INTEGER(), "size"),
        (mysql.INTEGER(unsigned=True), mysql.BIGINT(), ""),
        (mysql.INTEGER(), mysql.INTEGER(unsigned=True), "size"),
        (mysql.MEDIUMINT(), mysql.TINYINT(), "size"),
        (mysql.DATETIME(fsp=6), mysql.DATETIME(), "size"),
        (mysql.DATETIME(), mysql.DATETIME(fsp=3), ""),
    ],
)
def test_on_mysql(old: Any, new: Any, expected: Narrowing) -> None:
    assert narrowing(old, new, mysql.dialect()) == expected


def test_an_enum_without_a_type_of_its_own_is_a_text() -> None:
    assert narrowing(LABELS, sa.String(1), sqlite.dialect()) == "size"
    assert narrowing(sa.Enum("a", "bb", native_enum=False), sa.String(2), postgresql.dialect()) == ""
