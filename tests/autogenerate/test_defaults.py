"""Server defaults are compared as the database states them."""

from __future__ import annotations

import pytest

from tests.support.law import Law


def table(column: str) -> str:
    return f"sa.Table('t', metadata, sa.Column('id', sa.Integer, primary_key=True), sa.Column('c', {column}))\n"


@pytest.mark.parametrize(
    ("type_", "old", "new"),
    [
        ("sa.String(40)", "'a'", "'b'"),
        ("sa.String(40)", "''", "'it''s'"),
        ("sa.String(40)", "'a:b :c'", "'x'"),
        ("sa.String(40)", '"it\'s"', '"50 % :x \\"y\\""'),
        ("sa.String(40)", "'a'", "'a' + chr(10) + 'b'"),
        ("sa.String(40)", "'A'", "'a'"),
        ("sa.String(40)", "sa.text(\"'a'\")", "sa.text(\"'b'\")"),
        ("sa.Integer", "'1'", "'2'"),
        ("sa.Integer", "sa.text('1')", "sa.text('-1')"),
        ("sa.Integer", "sa.text('1')", "sa.text('(1 + 1)')"),
        ("sa.Boolean", "sa.false()", "sa.true()"),
        ("sa.Boolean", "sa.text('0')", "sa.text('1')"),
        ("sa.Numeric(10, 2)", "'1.50'", "'2'"),
        ("sa.DateTime", "sa.func.now()", "sa.text(\"'2024-01-02 03:04:05'\")"),
        ("sa.DateTime", "sa.func.current_timestamp()", "None"),
        ("sa.Date", "'2024-01-02'", "'2024-01-03'"),
        ("sa.String(40)", "None", "''"),
        ("sa.Float", "'0.5'", "'1.5'"),
    ],
)
def test_a_default_that_changes(law: Law, type_: str, old: str, new: str) -> None:
    if law.kind == "postgresql" and "Boolean" in type_ and "text" in old:
        type_, old, new = type_, "sa.text('false')", "sa.text('true')"
    law.holds(table(f"{type_}, server_default={old}"), table(f"{type_}, server_default={new}"))


def test_not_null_and_a_default_at_once(law: Law) -> None:
    law.holds(
        table("sa.String(40)"),
        table("sa.String(40), nullable=False, server_default='x'"),
        rows=["INSERT INTO t (id, c) VALUES (1, 'a')"],
        expected={"SELECT * FROM t": [(1, "a")]},
    )
