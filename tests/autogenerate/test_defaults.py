"""Server defaults are compared as the database states them."""

from __future__ import annotations

from tests.support.law import Law, tables

CHANGES = [
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
    ("sa.String(40)", "sa.text(\"(lower('A'))\")", "sa.text(\"(upper('a'))\")"),
    ("sa.String(40)", "sa.text(\"(replace('a:b', ':', '%'))\")", "None"),
    ("sa.String(40)", "'lower(1)'", "sa.text(\"(lower('1'))\")"),
]


def test_defaults_that_change(law: Law) -> None:
    old, new = [], []
    for type_, one, other in CHANGES:
        if law.kind == "postgresql" and type_ == "sa.Boolean":
            one, other = one.replace("0", "false"), other.replace("1", "true")
        old.append([f"{type_}, server_default={one}"])
        new.append([f"{type_}, server_default={other}"])

    written = law.holds(tables(*old), tables(*new))

    assert [number for number in range(len(CHANGES)) if f"'t{number}'" not in written] == []


def test_not_null_and_a_default_at_once(law: Law) -> None:
    law.holds(
        tables(["sa.String(40)"]),
        tables(["sa.String(40), nullable=False, server_default='x'"]),
        rows=["INSERT INTO t0 (id, c) VALUES (1, 'a')"],
        expected={"SELECT * FROM t0": [(1, "a")]},
    )
