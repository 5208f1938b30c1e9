"""Foreign keys that come, go and change, with the indexes that they need and what keeps them in place."""

from __future__ import annotations

import re
from collections.abc import Callable

from ellar_db.testing import Project
from tests.support.law import Law


def table(name: str, *items: str) -> str:
    return f"sa.Table({name!r}, metadata, sa.Column('id', sa.Integer, primary_key=True), {', '.join(items)})\n"


def column(name: str, *more: str) -> str:
    return f"sa.Column({name!r}, sa.Integer, {', '.join(more)})"


def key(name: str, to: str = "users.id") -> str:
    return f"sa.ForeignKey({to!r}, name={name!r})"


def index(name: str, *columns: str) -> str:
    return f"sa.Index({name!r}, {', '.join(map(repr, columns))})"


def unique(column: str) -> str:
    return f"sa.UniqueConstraint({column!r}, name='uq_{column}')"


USERS = table("users")
PAIRS = table("pairs", column("a"), column("b"), "sa.UniqueConstraint('a', 'b', name='uq_pairs')")

INDEXES = {
    "a key comes": ([column("x")], [column("x", key("fk_a"))]),
    "a key goes": ([column("x", key("fk_b"))], [column("x")]),
    "a key comes to an indexed column": (
        [column("x"), index("ix_c", "x")],
        [column("x", key("fk_c")), index("ix_c", "x")],
    ),
    "a key comes with an index": ([column("x")], [column("x", key("fk_d")), index("ix_d", "x")]),
    "both go": ([column("x", key("fk_e")), index("ix_e", "x")], [column("x")]),
    "an index comes": ([column("x", key("fk_f"))], [column("x", key("fk_f")), index("ix_f", "x")]),
    "an index goes": ([column("x", key("fk_g")), index("ix_g", "x")], [column("x", key("fk_g"))]),
    "an index gets another column": (
        [column("x", key("fk_h")), column("y"), index("ix_h", "x")],
        [column("x", key("fk_h")), column("y"), index("ix_h", "x", "y")],
    ),
    "an index gets another name": (
        [column("x", key("fk_i")), index("ix_i", "x")],
        [column("x", key("fk_i")), index("ix_i2", "x")],
    ),
    "a UNIQUE comes": (
        [column("x", key("fk_j"))],
        [column("x", key("fk_j")), "sa.UniqueConstraint('x', name='uq_j')"],
    ),
    "a key of a new column": ([column("y")], [column("y"), column("x", key("fk_k"))]),
    "a key of two columns, one of them new": (
        [column("x")],
        [column("x"), column("y"), "sa.ForeignKeyConstraint(['x', 'y'], ['pairs.a', 'pairs.b'], name='fk_l')"],
    ),
    "a key to the same table": ([column("x")], [column("x", key("fk_m", "m.id"))]),
}


def test_keys_and_indexes_come_and_go_beside_each_other(law: Law) -> None:
    names = "abcdefghijklm"
    before, after = (
        USERS + PAIRS + "".join(table(name, *pair[side]) for name, pair in zip(names, INDEXES.values(), strict=True))
        for side in (0, 1)
    )

    law.holds(
        before, after, rows=["INSERT INTO users VALUES (1)", *(f"INSERT INTO {each} (id) VALUES (1)" for each in names)]
    )


def test_tables_that_come_and_go_take_the_indexes_of_their_keys_along(law: Law) -> None:
    going = table("going", column("x", key("fk_going")), index("ix_going", "x"))
    coming = table("coming", column("x", key("fk_coming")), index("ix_coming", "x"))

    written = law.holds(USERS + going, USERS + coming)

    assert (written.count("drop_index") == 0) is (law.kind == "mariadb")


TYPES = USERS + table("a", column("x", key("fk_a"))) + table("c", column("x", key("fk_c", "c.id")))


def test_the_type_of_a_key_changes_with_that_of_its_references(
    project: Project, new_database: Callable[[str], str]
) -> None:
    written = Law(project, new_database, "mariadb").holds(
        TYPES,
        TYPES.replace("sa.Integer", "sa.BigInteger"),
        rows=["INSERT INTO users VALUES (1)", "INSERT INTO a VALUES (1, 1)", "INSERT INTO c VALUES (1, 1)"],
        expected={"SELECT id, x FROM a": [(1, 1)], "SELECT id, x FROM c": [(1, 1)]},
    )

    assert len(re.findall(r"drop_constraint\((?:batch_op\.f\()?'fk_a'", written)) == 2


def test_a_new_key_waits_for_what_it_needs_of_another_table(law: Law) -> None:
    before = table("a", column("x"), column("z")) + table("b", column("y"))
    after = table("a", column("x", key("fk_x", "b.y")), column("z", key("fk_z", "b.new"))) + table(
        "b", column("y"), column("new"), unique("y"), unique("new")
    )

    law.holds(before, after)
