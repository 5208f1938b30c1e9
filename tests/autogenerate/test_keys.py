"""What Alembic takes for equal in foreign keys and UNIQUE constraints."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sqlalchemy import UniqueConstraint, inspect
from sqlalchemy.dialects.postgresql.base import PGDialect

from ellar_db.testing import Project
from tests.support.law import Law
from tests.support.law import tables as numbered
from tests.support.servers import sync_engine

COLUMNS = "sa.Column('id', sa.Integer, primary_key=True), sa.Column('x', sa.Integer), sa.Column('y', sa.Integer)"
USERS = "sa.Table('users', metadata, sa.Column('id', sa.Integer, primary_key=True))\n"
UNIQUE = "sa.UniqueConstraint({}, name={!r})"
KEY = "sa.ForeignKeyConstraint(['x'], ['users.id'], name={!r})"

CHANGES = {
    "a": (UNIQUE.format("'x', 'y'", "uq_a"), UNIQUE.format("'y', 'x'", "uq_a")),
    "b": (UNIQUE.format("'x'", "uq_b"), UNIQUE.format("'x'", "uq_b2")),
    "c": (KEY.format("fk_c"), KEY.format("fk_c2")),
    "d": (KEY.format("fk_d")[:-1] + ", ondelete='CASCADE')", KEY.format("fk_d2")[:-1] + ", ondelete='SET NULL')"),
}
POSTGRESQL = {
    "e": (UNIQUE.format("'x'", "uq_e"), UNIQUE.format("'x', deferrable=True, initially='DEFERRED'", "uq_e")),
    "f": (UNIQUE.format("'x', deferrable=True", "uq_f"), UNIQUE.format("'x'", "uq_f")),
    "g": (KEY.format("fk_g"), KEY.format("fk_g")[:-1] + ", match='FULL')"),
    "h": (KEY.format("fk_h")[:-1] + ", match='FULL')", KEY.format("fk_h")),
}
SAME = {
    "s": UNIQUE.format("'x', deferrable=True, initially='IMMEDIATE'", "uq_s"),
    "t": KEY.format("fk_t")[:-1] + ", ondelete='RESTRICT', onupdate='CASCADE')",
    "u": "sa.UniqueConstraint('x'), sa.ForeignKeyConstraint(['y'], ['users.id'])",
}


def tables(items: dict[str, str]) -> str:
    return USERS + "".join(f"sa.Table({name!r}, metadata, {COLUMNS}, {item})\n" for name, item in items.items())


@pytest.mark.sampled
def test_a_changed_constraint_is_made_anew(law: Law) -> None:
    changes = {**CHANGES, **(POSTGRESQL if law.kind == "postgresql" else {})}
    # MariaDB has no DEFERRABLE
    same = {name: item.replace(", deferrable=True, initially='IMMEDIATE'", "") for name, item in SAME.items()}
    same = SAME if law.kind == "postgresql" else same
    before, after = ({name: pair[side] for name, pair in changes.items()} for side in (0, 1))

    written = law.holds(
        tables({**before, **same}),
        tables({**after, **same}),
        rows=["INSERT INTO users VALUES (1)", *(f"INSERT INTO {name} VALUES (1, 1, 1)" for name in changes)],
        expected={f"SELECT x, y FROM {name}": [(1, 1)] for name in changes},
    )

    assert not re.search("'[stu]'", written)


def test_actions_that_mariadb_tells_apart(project: Project, new_database: Callable[[str], str]) -> None:
    key = "sa.ForeignKeyConstraint(['x'], ['users.id'], name='fk', ondelete={!r}, onupdate={!r})"
    law = Law(project, new_database, "mariadb")
    law.models(tables({"a": key.format("RESTRICT", "NO ACTION")}))
    law.migrated()
    query = "SELECT delete_rule, update_rule FROM information_schema.referential_constraints WHERE table_name = 'a'"
    query += " AND constraint_schema = DATABASE()"

    assert law.is_quiet()
    law.models(tables({"a": key.format("NO ACTION", "RESTRICT")}))
    law.migrated()
    assert law.rows(query) == [("NO ACTION", "RESTRICT")]
    law.project.db("downgrade", "--yes")
    assert law.rows(query) == [("RESTRICT", "NO ACTION")]


def test_on_conflict_comes_and_goes(on_sqlite_law: Law) -> None:
    come, go = UNIQUE.format("'x'", "uq"), UNIQUE.format("'x', sqlite_on_conflict='REPLACE'", "uq")
    query = "SELECT name, sql LIKE '%ON CONFLICT REPLACE%' FROM sqlite_master WHERE name IN ('a', 'b') ORDER BY 1"
    on_sqlite_law.models(tables({"a": come, "b": go}))
    on_sqlite_law.migrated()
    on_sqlite_law.models(tables({"a": go, "b": come}))
    on_sqlite_law.migrated()

    assert on_sqlite_law.rows(query) == [("a", 1), ("b", 0)]
    assert on_sqlite_law.is_quiet()
    on_sqlite_law.project.db("downgrade", "--yes")
    assert on_sqlite_law.rows(query) == [("a", 0), ("b", 1)]


def test_what_the_application_leaves_out_is_left(on_sqlite_law: Law) -> None:
    on_sqlite_law.models(tables({"a": CHANGES["a"][0], "c": CHANGES["c"][0]}))
    on_sqlite_law.migrated()
    on_sqlite_law.project.write(
        "plugin.py",
        "from ellar_db import hookimpl\n\n\n@hookimpl\ndef ellar_db_include_object(type_):\n"
        "    return type_ not in ('unique_constraint', 'foreign_key_constraint')\n",
    )
    settings = (on_sqlite_law.project.path / "pyproject.toml").read_text(encoding="utf-8")
    on_sqlite_law.project.write("pyproject.toml", f"{settings}plugins = ['plugin']\n")
    on_sqlite_law.models(tables({"a": CHANGES["a"][1], "c": CHANGES["c"][1]}))

    assert on_sqlite_law.is_quiet()


@pytest.fixture
def on_sqlite_law(project: Project, new_database: Callable[[str], str]) -> Law:
    return Law(project, new_database, "sqlite")


def test_an_unnamed_unique_comes_back_with_its_dropped_column(on_sqlite_law: Law) -> None:
    on_sqlite_law.models(tables({"a": "sa.Column('z', sa.Integer, unique=True), sa.UniqueConstraint('x', 'z')"}))
    on_sqlite_law.migrated()
    on_sqlite_law.models(tables({"a": "sa.Index('ix', 'x')"}))
    on_sqlite_law.migrated()
    assert on_sqlite_law.is_quiet()
    on_sqlite_law.project.db("downgrade", "--yes")

    found = inspect(sync_engine(on_sqlite_law.url)).get_unique_constraints("a")
    assert sorted(unique["column_names"] for unique in found) == [["x", "z"], ["z"]]


@pytest.mark.skipif(
    not any("include" in names for kind, names in PGDialect.construct_arguments if kind is UniqueConstraint),
    reason="this SQLAlchemy knows no included columns of UNIQUE constraints",
)
def test_included_columns(on_postgresql: Law) -> None:
    more = "sa.Column('d', sa.Integer)"
    plain = "sa.UniqueConstraint('c', name='u{}')"
    included = "sa.UniqueConstraint('c', name='u{}', postgresql_include=['d'])"
    deferred = "sa.UniqueConstraint('c', name='u{}', postgresql_include=['d'], deferrable=True, initially='DEFERRED')"
    changes = [(None, included), (included, None), (plain, included), (included, plain), (included, deferred)]
    sources = [
        numbered(
            *(
                ["sa.Integer", more, *([change[stage].format(number)] if change[stage] else [])]
                for number, change in enumerate(changes)
            )
        )
        for stage in (0, 1)
    ]

    on_postgresql.holds(*sources)


def test_exclusions(on_postgresql: Law) -> None:
    apart = "postgresql.ExcludeConstraint((sa.column('c'), '&&'), name='{}', using='gist')"
    touching = "postgresql.ExcludeConstraint((sa.column('c'), '-|-'), name='{}', using='gist', where=sa.text('id > 1'))"
    changes = [(None, apart), (apart, None), (apart, touching), (apart, apart)]
    sources = [
        numbered(
            *(
                ["postgresql.INT4RANGE", *([change[stage].format(f"My x{number}")] if change[stage] else [])]
                for number, change in enumerate(changes)
            )
        )
        for stage in (0, 1)
    ]

    written = on_postgresql.holds(*sources)

    assert "t3" not in written
