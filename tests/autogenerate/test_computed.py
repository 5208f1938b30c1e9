"""Computed columns are compared: their expressions, whether they are stored, and which columns are computed."""

from __future__ import annotations

import pytest

from tests.support.law import Law


def table(name: str, y: str, *, x: str = "sa.Integer", more: str = "") -> str:
    return (
        f"sa.Table('{name}', metadata, sa.Column('id', sa.Integer, primary_key=True), "
        f"sa.Column('x', {x}), sa.Column('y', {y}){more})\n"
    )


def computed(text: str, type_: str = "sa.Integer", *, stored: bool = True) -> str:
    return f"{type_}, sa.Computed({text!r}, persisted={stored})"


CASES = {
    "another": (table("another", computed("x * 2")), table("another", computed("x * 3"))),
    "plain": (table("plain", computed("x * 2")), table("plain", "sa.Integer, server_default='5'")),
    "of_plain": (table("of_plain", "sa.Integer, server_default='5'"), table("of_plain", computed("x * 2"))),
    "typed": (table("typed", computed("x * 2")), table("typed", computed("x * 2", "sa.BigInteger"))),
    "based": (table("based", computed("x * 2")), table("based", computed("x * 2"), x="sa.BigInteger")),
    "Order s": (
        table("Order s", computed("x * 2"), more=", sa.Column('z', sa.Integer)"),
        table("Order s", computed("x % 3"), more=", sa.Column('z', sa.BigInteger)"),
    ),
    "indexed": (
        table("indexed", computed("x * 2"), more=", sa.Index('ix', 'y', 'x')"),
        table("indexed", computed("x * 3"), more=", sa.Index('ix', 'y', 'x')"),
    ),
}


@pytest.mark.sampled
def test_every_change(law: Law) -> None:
    if law.kind == "mariadb":
        # MySQL's default is that they aren't stored
        CASES["stored"] = tuple(table("stored", computed("x * 2", stored=stored)) for stored in (False, True))  # type: ignore[assignment]
    rows = {"another": (1, 5, 15), "plain": (1, 5, 10), "of_plain": (1, 5, 10), "based": (1, 5, 10)}
    text = law.holds(
        "".join(old for old, _ in CASES.values()),
        "".join(new for _, new in CASES.values()),
        rows=[f"INSERT INTO {name} (id, x) VALUES (1, 5)" for name in rows],
        expected={f"SELECT * FROM {name}": [found] for name, found in rows.items()},
    )

    # the downgrade has kept the values
    assert law.rows("SELECT * FROM of_plain") == [(1, 5, 10)]
    assert law.rows("SELECT * FROM plain") == [(1, 5, 10)], text


def test_those_that_are_the_same(law: Law) -> None:
    law.models(
        table("t", computed("(x + 1) * 2"))
        + table("u", computed("coalesce(x, 'it''s 5%:a')".replace(":", "\\:"), "sa.String(20)"), x="sa.String(20)")
    )
    law.migrated()

    assert law.is_quiet()


def test_what_is_said(law: Law) -> None:
    law.models(table("t", computed("x * 2")))
    law.migrated()
    law.execute("INSERT INTO t (id, x) VALUES (1, 5)")
    law.models(table("t", computed("x * 3")))
    _, said = law.migrated()

    assert "cannot be modified" not in said
    assert "DB102" not in said
    assert "rename" not in said
