"""The order of operations, and names for constraints that have none: up and down on all databases."""

from __future__ import annotations

import re

import pytest

from ellar_db.testing import Project

BASE = """
from sqlalchemy import *
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    pass


def table(name, *items, **options):
    return Table(name, Base.metadata, Column("id", Integer, primary_key=True), *items, **options)

"""

STEPS = {
    "tables that refer to each other": [
        "table('a', Column('b_id', ForeignKey('b.id')))\ntable('b', Column('a_id', ForeignKey('a.id')))",
        "",
    ],
    "three in a circle, with names": [
        "table('a', Column('b_id', ForeignKey('b.id', name='fk_ab')))\n"
        "table('b', Column('c_id', ForeignKey('c.id', name='fk_bc')))\n"
        "table('c', Column('a_id', ForeignKey('a.id', name='fk_ca')), Column('c_id', ForeignKey('c.id')))",
        "",
    ],
    "use_alter": [
        "table('a', Column('b_id', ForeignKey('b.id', use_alter=True, name='fk_ab')))\n"
        "table('b', Column('a_id', ForeignKey('a.id')))",
        "",
    ],
    "new tables before those that refer to them": [
        "table('z')",
        "table('z', Column('a_id', ForeignKey('a.id', name='fk_za')))\ntable('a', Column('m_id', ForeignKey('m.id')))\n"
        "table('m')",
        "table('z')",
        "",
    ],
    "a table that others refer to is dropped": [
        "table('a')\ntable('z', Column('a_id', ForeignKey('a.id', name='fk_za')))",
        "table('z', Column('a_id', Integer))",
        "",
    ],
    "dropped with the column that refers to it": [
        "table('a')\ntable('z', Column('a_id', ForeignKey('a.id', name='fk_za')))",
        "table('z')",
        "",
    ],
    "several dropped that refer to each other": [
        "table('a', Column('m_id', ForeignKey('m.id', name='fk_am')))\ntable('m', Column('z_id', ForeignKey('z.id')))\n"
        "table('z')",
        "",
    ],
    "a new table refers to a new unique column": [
        "table('a')",
        "table('a', Column('code', Integer, unique=True))\ntable('z', Column('a_code', ForeignKey('a.code')))",
        "table('a')",
        "",
    ],
    "a unique column to which another table refers is dropped": [
        "table('a')\ntable('z', Column('code', Integer), UniqueConstraint('code', name='uq_code'))\n"
        "table('b', Column('code', Integer))",
        "table('a', Column('code', ForeignKey('z.code', name='fk_a')))\n"
        "table('z', Column('code', Integer), UniqueConstraint('code', name='uq_code'))\n"
        "table('b', Column('code', Integer))",
        "table('a')\ntable('z')\ntable('b', Column('code', Integer))",
        "",
    ],
    "indexes of a dropped table": ["table('a', Column('x', Integer, index=True))", ""],
    "a unique constraint without a name": [
        "table('a', Column('x', Integer), Column('y', Integer))",
        "table('a', Column('x', Integer, unique=True), Column('y', Integer))",
        "table('a', Column('x', Integer), Column('y', Integer), UniqueConstraint('x', 'y'))",
        "table('a', Column('x', Integer), Column('y', Integer))",
        "",
    ],
    "one that was made with the table": [
        "table('a', Column('x', Integer, unique=True), Column('y', Integer))",
        "table('a', Column('x', Integer), Column('y', Integer))",
        "",
    ],
    "a foreign key without a name": [
        "table('b')\ntable('a', Column('x', Integer), Column('y', ForeignKey('b.id')))",
        "table('b')\ntable('a', Column('x', ForeignKey('b.id')), Column('y', Integer))",
        "table('b')\ntable('a', Column('x', Integer), Column('y', Integer))",
        "",
    ],
    "a CHECK without a name stays": [
        "table('a', Column('x', Integer, unique=True), CheckConstraint('x > 0'))",
        "table('a', Column('x', Integer), CheckConstraint('x > 0'))",
        "",
    ],
    "a table with itself": [
        "table('a', Column('x', ForeignKey('a.id')))",
        "table('a', Column('x', Integer), Column('y', ForeignKey('a.id')))",
        "",
    ],
}


def stage(number: int) -> str:
    """Return the models of all cases after so many steps; each case has tables and constraints of its own."""
    sources = []
    for case, steps in enumerate(STEPS.values()):
        own = re.sub(r"(?<=table\(')|(?<=ForeignKey\(')|(?<=name=')", f"n{case}_", steps[min(number, len(steps) - 1)])
        sources.append(f"# {list(STEPS)[case]}\n{own}\n")
    return BASE + "".join(sources)


@pytest.mark.filterwarnings("ignore:Cannot correctly sort tables", "ignore:Can't sort tables")
def test_runs_up_and_down(plain: Project, any_database: str) -> None:
    stages = [stage(number) for number in range(max(map(len, STEPS.values())))]
    plain.configure(url=any_database)
    plain.db("init")
    for number, models in enumerate(stages):
        plain.configure(url=any_database, models=models)
        plain.db("migrate", "--rev-id", f"r{number}")
        assert len(plain.revisions()) == number + 1
        plain.db("upgrade")
        assert plain.db("check").stdout == "No new upgrade operations detected.\n"
    for number in range(len(stages) - 1, -1, -1):
        plain.db("downgrade", "--yes", f"r{number - 1}" if number else "base")
    plain.db("upgrade")


def test_tables_that_refer_to_each_other_are_no_reason_to_warn(plain: Project) -> None:
    plain.configure(
        models="""
        import sqlalchemy as sa

        Base = sa.MetaData()
        sa.Table("a", Base, sa.Column("id", sa.Integer, primary_key=True), sa.Column("b", sa.ForeignKey("b.id")))
        sa.Table("b", Base, sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.ForeignKey("a.id")))
        """
    )
    plain.db("init")

    assert "sort tables" not in plain.db("migrate").stderr
