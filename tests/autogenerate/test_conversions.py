"""Changes of types that PostgreSQL makes only with USING, and those that databases restate otherwise."""

from __future__ import annotations

import pytest

from tests.support.law import Law


def table(column: str) -> str:
    return f"sa.Table('t', metadata, sa.Column('id', sa.Integer, primary_key=True), sa.Column('c', {column}))\n"


@pytest.mark.parametrize(
    ("old", "new", "value", "found"),
    [
        ("sa.String(20)", "sa.Integer", "'12'", 12),
        ("sa.Integer", "sa.Boolean", "1", True),
        ("sa.SmallInteger", "sa.Boolean", "1", True),
        ("sa.Boolean", "sa.Integer", "true", 1),
        ("sa.Text", "postgresql.JSONB", "'{\"a\": 1}'", {"a": 1}),
        ("sa.Integer", "sa.ARRAY(sa.Integer)", "5", [5]),
        ("sa.String(20)", "sa.String(30)", "'x'", "x"),
    ],
)
@pytest.mark.parametrize("name", ["c", "Order no"])
def test_a_type_that_needs_using(on_postgresql: Law, old: str, new: str, value: str, found: object, name: str) -> None:
    written = on_postgresql.holds(
        table(old).replace("'c'", f"'{name}'"),
        table(new).replace("'c'", f"'{name}'"),
        rows=[f"INSERT INTO t VALUES (1, {value})"],
        expected={"SELECT * FROM t": [(1, found)]},
    )
    assert ("postgresql_using=" in written) == ("String(30)" not in new)


def test_a_default_is_not_converted_but_set_anew(on_postgresql: Law) -> None:
    on_postgresql.holds(
        table("sa.String(20), server_default='0', nullable=False"),
        table("sa.Integer, server_default='7', nullable=False"),
        rows=["INSERT INTO t VALUES (1, '12')"],
        expected={"SELECT * FROM t": [(1, 12)]},
    )


@pytest.mark.parametrize("default", ["server_default='0'", "nullable=False, server_default=sa.text('0')"])
def test_a_default_that_stays(on_postgresql: Law, default: str) -> None:
    on_postgresql.holds(table(f"sa.String(20), {default}"), table(f"sa.Integer, {default}"))


@pytest.mark.parametrize(
    "type_",
    [
        "sa.LargeBinary(16)",
        "sa.LargeBinary",
        "sa.Float",
        "sa.Double",
        "sa.Numeric",
        "sa.Text(300)",
        "sa.Unicode(20)",
        "sa.Uuid",
        "sa.Interval",
        "sa.JSON",
        "sa.Enum('a', 'b', native_enum=False)",
        "sa.BigInteger",
        "sa.Time",
        "sa.DateTime(timezone=True)",
    ],
)
def test_no_change_for_ever(law: Law, type_: str) -> None:
    if law.kind == "postgresql":
        # which has no lengths of texts
        type_ = type_.replace("Text(300)", "Text")
    law.models(table(type_))
    law.migrated()

    assert law.is_quiet()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("mysql.DATETIME", "mysql.DATETIME(fsp=6)"),
        ("sa.Integer", "mysql.INTEGER(unsigned=True)"),
        ("sa.LargeBinary(16)", "sa.LargeBinary(70000)"),
        ("sa.String(20)", "sa.String(20, collation='utf8mb4_bin')"),
    ],
)
def test_what_only_one_kind_of_database_has(project, new_database, old: str, new: str) -> None:  # type: ignore[no-untyped-def]
    Law(project, new_database, "mariadb").holds(table(old), table(new))
