"""How rows are numbered is compared: SERIAL, AUTO_INCREMENT, identities and their options."""

from __future__ import annotations

import pytest

from tests.support.law import Law


def table(name: str, column: str) -> str:
    return f"sa.Table('{name}', metadata, {column}, sa.Column('x', sa.Integer))\n"


def key(*options: str, type_: str = "Integer") -> str:
    return f"sa.Column('id', sa.{type_}, {', '.join((*options, 'primary_key=True'))})"


PLAIN = key("autoincrement=False")

CASES = {
    "counted": (PLAIN, key()),
    "no longer": (key(), PLAIN),
    "Order s": (PLAIN, key(type_="BigInteger")),
    "wider": (key(), key(type_="BigInteger")),
    "with_x": (key(), key() + ", sa.Column('y', sa.Integer, primary_key=True, server_default='1')"),
}


@pytest.mark.sampled
def test_keys_that_are_counted_or_not(law: Law) -> None:
    if law.kind == "sqlite":
        # a key of one integer counts by itself
        return
    law.holds(
        "".join(table(name, old) for name, (old, _) in CASES.items()),
        "".join(table(name, new) for name, (_, new) in CASES.items()),
        rows=["INSERT INTO counted VALUES (7, 1)", "INSERT INTO wider (x) VALUES (1)"],
        expected={"SELECT * FROM counted": [(7, 1)], "SELECT * FROM wider": [(1, 1)]},
    )


def test_numbers_go_on_after_those_that_are_there(law: Law) -> None:
    if law.kind == "sqlite":
        return
    law.models(table("a", PLAIN) + table("b", key()) + table("empty", PLAIN))
    law.migrated()
    law.execute("INSERT INTO a VALUES (7, 1)", "INSERT INTO b (x) VALUES (1), (2)")
    law.models(table("a", key()) + table("b", PLAIN) + table("empty", key()))
    law.migrated()
    law.execute("INSERT INTO a (x) VALUES (2)", "INSERT INTO empty (x) VALUES (3)")
    assert law.rows("SELECT id FROM a ORDER BY id") == [(7,), (8,)]
    assert law.rows("SELECT id FROM empty") == [(1,)]

    law.project.db("downgrade", "--yes")
    law.execute("INSERT INTO b (x) VALUES (3)")
    assert law.rows("SELECT id FROM b ORDER BY id") == [(1,), (2,), (3,)]


IDENTITIES = {
    "added": ("nullable=True", "sa.Identity()"),
    "added2": ("nullable=False, server_default='5'", "sa.Identity(start=-1, increment=-1, maxvalue=-1)"),
    "removed": ("sa.Identity(always=True, start=3, cache=5)", "nullable=False"),
    "removed2": ("sa.Identity()", "nullable=False, server_default='5'"),
    "always": ("sa.Identity()", "sa.Identity(always=True)"),
    "options": ("sa.Identity(start=1)", "sa.Identity(start=100, increment=10, minvalue=-5)"),
    "limits": ("sa.Identity(maxvalue=9)", "sa.Identity(maxvalue=1000, cycle=True)"),
    "no limits": ("sa.Identity(start=1, maxvalue=1000, minvalue=-5, cycle=True)", "sa.Identity()"),
}


def test_identities(on_postgresql: Law) -> None:
    def column(options: str) -> str:
        return f"sa.Column('n', sa.Integer, {options}), sa.Column('id', sa.Integer, primary_key=True)"

    wider = [
        f"sa.Column('n', sa.{type_}, sa.Identity()), {PLAIN.replace('Integer', type_)}"
        for type_ in ("Integer", "BigInteger")
    ]
    serial = [key(), key("sa.Identity(always=True)")]
    cases = {name: (column(old), column(new)) for name, (old, new) in IDENTITIES.items()}
    cases.update({"wider": tuple(wider), "serial": tuple(serial), "to serial": tuple(serial[::-1])})  # type: ignore
    on_postgresql.holds(
        "".join(table(name, old) for name, (old, _) in cases.items()),
        "".join(table(name, new) for name, (_, new) in cases.items()),
        rows=["INSERT INTO serial (x) VALUES (1)"],
        expected={"SELECT * FROM serial": [(1, 1)]},
    )
    on_postgresql.project.db("upgrade")
    on_postgresql.execute("INSERT INTO serial (x) VALUES (2)")
    assert on_postgresql.rows("SELECT max(id) FROM serial") == [(2,)]


def test_identities_where_there_are_none_or_other_ones(law: Law) -> None:
    before = table("t", key("sa.Identity(start=5)"))
    law.holds(before, before.replace("'x', sa.Integer", "'x', sa.SmallInteger"), rows=["INSERT INTO t (x) VALUES (1)"])


def test_defaults_that_are_not_compared(law: Law) -> None:
    law.models(table("t", PLAIN))
    law.migrated()
    settings = (law.project.path / "pyproject.toml").read_text()
    law.project.write(
        "pyproject.toml", f"{settings}[tool.ellar-db.context-configure]\ncompare_server_default = false\n"
    )
    law.models(table("t", key()))

    assert law.is_quiet()
