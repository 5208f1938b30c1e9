"""Expressions, conditions, order, methods and options of indexes are seen."""

from __future__ import annotations

import pytest

from tests.support.law import Law

COLUMNS = (
    "t = sa.Table('t', metadata, sa.Column('id', sa.Integer, primary_key=True), sa.Column('a', sa.String(20)), "
    "sa.Column('b', sa.String(20)), sa.Column('n', sa.Integer))\n"
)

EVERYWHERE = [
    ("sa.Index('ix', sa.func.lower(t.c.a))", "sa.Index('ix', sa.func.upper(t.c.a))"),
    ("", "sa.Index('ux', sa.func.lower(t.c.a), unique=True)"),
    ("sa.Index('ix', t.c.a)", "sa.Index('ix', t.c.a, t.c.b)"),
    ("sa.Index('ix', t.c.a)", "sa.Index('ix', t.c.a, unique=True)"),
    ("sa.Index('ix', t.c.n)", "sa.Index('ix', t.c.n.desc())"),
    ("sa.Index('ix', t.c.a)", "sa.Index('ix', t.c.a, KIND_where=sa.text('n > 5'))"),
    ("sa.Index('ix', t.c.a, KIND_where=t.c.n > 4)", "sa.Index('ix', t.c.a, KIND_where=t.c.n > 5)"),
    ("sa.Index('ix', sa.func.lower(t.c.a), t.c.b, KIND_where=sa.text(\"a <> 'x'\"))", ""),
]

POSTGRESQL = [
    ("sa.Index('ix', t.c.a)", "sa.Index('ix', t.c.a, postgresql_using='hash')"),
    ("sa.Index('ix', t.c.a)", "sa.Index('ix', t.c.a, postgresql_include=['b'])"),
    ("sa.Index('ix', t.c.a)", "sa.Index('ix', t.c.a, postgresql_ops={'a': 'varchar_pattern_ops'})"),
    ("sa.Index('ix', t.c.a)", "sa.Index('ix', t.c.a, postgresql_with={'fillfactor': '50'})"),
    ("sa.Index('ix', t.c.n)", "sa.Index('ix', t.c.n.desc().nulls_last())"),
    ("sa.Index('ix', t.c.a, unique=True)", "sa.Index('ix', t.c.a, unique=True, postgresql_nulls_not_distinct=True)"),
]


@pytest.mark.parametrize(("old", "new"), EVERYWHERE)
@pytest.mark.parametrize("law", ["sqlite", "postgresql"], indirect=True)
def test_a_change(law: Law, old: str, new: str) -> None:
    before = index_texts(law, old, new)
    assert before != index_texts_now(law)
    law.project.db("downgrade", "--yes")
    assert before == index_texts_now(law)


@pytest.mark.parametrize(("old", "new"), POSTGRESQL)
def test_what_postgresql_has(on_postgresql: Law, old: str, new: str) -> None:
    before = index_texts(on_postgresql, old, new)
    assert before != index_texts_now(on_postgresql)
    on_postgresql.project.db("downgrade", "--yes")
    assert before == index_texts_now(on_postgresql)


def index_texts(law: Law, old: str, new: str) -> list[object]:
    """Change the models, and return what the database said of its indexes before."""
    for source in (old, new):
        law.models(COLUMNS + source.replace("KIND", law.kind) + "\n")
        before = index_texts_now(law)
        law.migrated()
        assert law.is_quiet(), law.project.db("check", exit_code=None).stderr
    return before


def index_texts_now(law: Law) -> list[object]:
    if law.kind == "sqlite":
        return law.rows("SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
    return law.rows("SELECT indexdef FROM pg_indexes WHERE tablename = 't' ORDER BY 1")
