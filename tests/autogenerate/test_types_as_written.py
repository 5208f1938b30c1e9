"""Types whose repr leaves out what they have, and types that are made with a table."""

from __future__ import annotations

import pytest

from tests.support.law import Law, tables

TABLE = "sa.Table('{}', metadata, sa.Column('id', sa.Integer, primary_key=True), {})\n"


def domains(*names: str) -> str:
    """Return the source of columns, each with a domain."""
    return ", ".join(
        f"sa.Column('d{number}', postgresql.DOMAIN({name!r}, sa.Integer, check='VALUE > 0'))"
        for number, name in enumerate(names)
    )


def test_the_precision_of_an_interval_and_new_domains(on_postgresql: Law) -> None:
    intervals = "sa.Column('i', sa.Interval(second_precision=3)), sa.Column('n', sa.Interval(native=False))"
    before = TABLE.format("o", domains("former"))
    new = domains("positive", "My domain", "positive", "former")

    written = on_postgresql.holds(before, before + TABLE.format("t", f"{intervals}, {new}"))

    assert "postgresql.INTERVAL(precision=3)" in written
    assert "sa.DateTime()" in written
    assert written.count("DROP DOMAIN") == 2


def test_an_interval_elsewhere_is_as_it_is_in_the_models(law: Law) -> None:
    law.models(TABLE.format("t", "sa.Column('i', sa.Interval(second_precision=0))"))

    law.migrated()

    assert law.schema() == law.created()
    assert law.is_quiet()


COLLATIONS = {
    "sqlite": ("NOCASE", "rtrim"),
    "postgresql": ("C", "POSIX"),
    "mariadb": ("utf8mb4_bin", "utf8mb4_unicode_ci"),
}


@pytest.mark.sampled
def test_another_collation(law: Law) -> None:
    one, other = COLLATIONS[law.kind]
    types = ["sa.String(30)", f"sa.String(30, {one!r})", f"sa.String(30, {one!r})"]
    changed = [f"sa.String(30, {one!r})", f"sa.String(30, {other!r})", f"sa.String(40, {one!r})"]

    law.holds(
        tables(*([each] for each in types)),
        tables(*([each] for each in changed)),
        rows=["INSERT INTO t0 (id, c) VALUES (1, 'a')"],
        expected={"SELECT c FROM t0": [("a",)]},
    )
