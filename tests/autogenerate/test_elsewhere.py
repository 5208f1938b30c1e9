"""What a revision has is plain Alembic: bare Alembic runs it in both directions, and it can be printed as SQL."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import create_engine, pool

from tests.support.law import Law, tables

Case = tuple[Sequence[str], Sequence[str]]

NUMBER = "sa.Column('n', sa.Integer)"

COMMON: list[Case] = [
    (["sa.Integer", NUMBER], ["sa.Integer, sa.Computed('n * 2', persisted=True)", NUMBER]),
    (
        ["sa.Integer, sa.Computed('n * 2', persisted=True)", NUMBER],
        ["sa.Integer, sa.Computed('n % 3', persisted=True)", NUMBER],
    ),
    (["sa.String(40), server_default='a'"], ["sa.String(40), server_default='50 % :x'"]),
    (["sa.Integer", "sa.CheckConstraint('c % 2 = 0', name='ck3')"], ["sa.Integer"]),
    (["sa.Integer"], ["sa.Integer", "sa.CheckConstraint('c % 2 = 0', name='ck4')"]),
]

# SQLite has no names for these, and a revision gives them some
SERVERS: list[Case] = [
    (["sa.Integer, nullable=False"], ["sa.Integer, primary_key=True, autoincrement=False"]),
    (["sa.String(20), unique=True"], ["sa.String(20)", "sa.UniqueConstraint('c', 'id')"]),
]

POSTGRESQL: list[Case] = [
    (["sa.Enum('a', 'b', name='kind')"], ["sa.Enum('a', 'x', 'b', name='kind')"]),
    (["sa.Enum('a', 'b', name='state'), server_default='a'"], ["sa.Enum('b', name='state'), server_default='b'"]),
    (["sa.Integer"], ["sa.Integer, sa.Identity(start=5), nullable=False"]),
    (["sa.Integer"], ["sa.Integer, sa.Sequence('numbers', start=7)"]),
    (["sa.Integer"], ["sa.Integer", "sa.UniqueConstraint('c', name='inc', postgresql_include=['id'])"]),
    (
        ["postgresql.INT4RANGE"],
        ["postgresql.INT4RANGE", "postgresql.ExcludeConstraint((sa.column('c'), '&&'), name='x', using='gist')"],
    ),
    (["sa.Integer"], ["postgresql.DOMAIN('positive', sa.Integer, check='VALUE % 5 <> 1')"]),
    (["sa.String(9)"], ["sa.Integer"]),
]

MARIADB: list[Case] = [
    (["sa.String(20)", "mysql_row_format='DYNAMIC'"], ["sa.String(20)", "mysql_row_format='COMPACT'"]),
    (["sa.String(20)", "sa.Index('ix', sa.text('c DESC'))"], ["sa.String(20)", "sa.Index('ix', 'c', mysql_length=5)"]),
]

SCHEMA = "sa.Table('goods', metadata, sa.Column('id', sa.Integer, primary_key=True), schema='My: 100% shop')\n"


def known(cases: Sequence[Case]) -> list[Case]:
    """Leave out what this SQLAlchemy doesn't know."""
    from sqlalchemy import UniqueConstraint
    from sqlalchemy.dialects.postgresql.base import PGDialect

    names = next(names for of, names in PGDialect.construct_arguments if of is UniqueConstraint)
    return [case for case in cases if "include" in (names or {}) or "postgresql_include" not in str(case)]


@pytest.mark.sampled
@pytest.mark.parametrize("law", ["sqlite", "postgresql", "mariadb"], indirect=True)
def test_bare_alembic_and_printed_sql(law: Law) -> None:
    own = {"sqlite": [], "postgresql": [*SERVERS, *known(POSTGRESQL)], "mariadb": [*SERVERS, *MARIADB]}[law.kind]
    before, after = (tables(*(case[stage] for case in [*COMMON, *own])) for stage in (0, 1))
    law.models(before)
    law.migrated()
    first = law.schema()
    law.models(after + (SCHEMA if law.kind == "postgresql" else ""))
    law.project.db("migrate", "--rev-id", "r2")
    alembic = ("alembic", "-c", "migrations/alembic.ini")

    law.project.run(*alembic, "upgrade", "head")
    changed = law.schema()
    assert changed != first
    assert law.is_quiet(), law.project.db("check", exit_code=None).stderr
    law.project.run(*alembic, "downgrade", "r1")
    assert law.schema() == first

    if law.kind == "sqlite":
        # a batch operation reads the table
        return
    script = law.project.db("upgrade", "--sql", "r1:r2").stdout
    if law.kind == "mariadb":
        # without a connection, only the URL would say that it isn't MySQL
        script = script.replace("DROP CHECK", "DROP CONSTRAINT")
    options = {} if law.kind == "postgresql" else {"connect_args": {"client_flag": 1 << 16}}
    engine = create_engine(law.url, isolation_level="AUTOCOMMIT", poolclass=pool.NullPool, **options)
    with engine.connect() as connection:
        cursor = connection.connection.cursor()
        cursor.execute(script)
        while cursor.nextset():
            pass
        cursor.close()
    assert law.schema() == changed
