"""Changes of types that PostgreSQL makes only with USING, and those that databases restate otherwise."""

from __future__ import annotations

import pytest

from tests.support.law import Law, tables

CONVERTED = [
    ("sa.String(20)", "sa.Integer", "'12'", 12),
    ("sa.Integer", "sa.Boolean", "1", True),
    ("sa.SmallInteger", "sa.Boolean", "1", True),
    ("sa.Boolean", "sa.Integer", "true", 1),
    ("sa.Text", "postgresql.JSONB", "'{\"a\": 1}'", {"a": 1}),
    ("sa.Integer", "sa.ARRAY(sa.Integer)", "5", [5]),
    ("sa.String(20)", "sa.String(30)", "'x'", "x"),
]


@pytest.mark.long
@pytest.mark.parametrize("name", ["c", "Order no"])
def test_types_that_need_using(on_postgresql: Law, name: str) -> None:
    written = on_postgresql.holds(
        tables(*([old] for old, *_ in CONVERTED)).replace("'c'", f"'{name}'"),
        tables(*([new] for _, new, *_ in CONVERTED)).replace("'c'", f"'{name}'"),
        rows=[f"INSERT INTO t{number} VALUES (1, {value})" for number, (*_, value, _) in enumerate(CONVERTED)],
        expected={f"SELECT * FROM t{number}": [(1, found)] for number, (*_, found) in enumerate(CONVERTED)},
    )

    # a longer text needs none
    assert written.split("def downgrade")[0].count("postgresql_using=") == len(CONVERTED) - 1


def test_a_default_is_not_converted_but_set_anew(on_postgresql: Law) -> None:
    on_postgresql.holds(
        tables(["sa.String(20), server_default='0', nullable=False"]),
        tables(["sa.Integer, server_default='7', nullable=False"]),
        rows=["INSERT INTO t0 VALUES (1, '12')"],
        expected={"SELECT * FROM t0": [(1, 12)]},
    )


def test_a_default_that_stays(on_postgresql: Law) -> None:
    defaults = ["server_default='0'", "nullable=False, server_default=sa.text('0')"]

    on_postgresql.holds(
        tables(*([f"sa.String(20), {default}"] for default in defaults)),
        tables(*([f"sa.Integer, {default}"] for default in defaults)),
    )


def test_no_change_for_ever(law: Law) -> None:
    types = [
        "sa.LargeBinary(16)",
        "sa.LargeBinary",
        "sa.Float",
        "sa.Double",
        "sa.Numeric",
        # PostgreSQL has no lengths of texts
        "sa.Text" if law.kind == "postgresql" else "sa.Text(300)",
        "sa.Unicode(20)",
        "sa.Uuid",
        "sa.Interval",
        "sa.JSON",
        "sa.Enum('a', 'b', native_enum=False)",
        "sa.BigInteger",
        "sa.Time",
        "sa.DateTime(timezone=True)",
    ]
    law.models(tables(*([type_] for type_ in types)))
    law.migrated()

    assert law.is_quiet(), law.project.db("check", exit_code=None).stderr


def test_what_only_mariadb_has(on_mariadb: Law) -> None:
    changes = [
        ("mysql.DATETIME", "mysql.DATETIME(fsp=6)"),
        ("sa.Integer", "mysql.INTEGER(unsigned=True)"),
        ("sa.LargeBinary(16)", "sa.LargeBinary(70000)"),
        ("sa.String(20)", "sa.String(20, collation='utf8mb4_bin')"),
    ]

    on_mariadb.holds(tables(*([old] for old, _ in changes)), tables(*([new] for _, new in changes)))
