"""Expressions, conditions, order, methods and options of indexes are seen."""

from __future__ import annotations

import re

from tests.support.law import Law

TABLE = (
    "t = sa.Table('t{number}', metadata, sa.Column('id', sa.Integer, primary_key=True), sa.Column('a', sa.String(20)), "
    "sa.Column('b', sa.String(20)), sa.Column('n', sa.Integer))\n{index}\n"
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


MARIADB = [
    ("sa.Index('ix', t.c.a)", "sa.Index('ix', t.c.a, t.c.b)"),
    ("sa.Index('ix', t.c.a)", "sa.Index('ix', t.c.a, unique=True)"),
    ("sa.Index('ix', t.c.n)", "sa.Index('ix', t.c.n.desc())"),
    ("sa.Index('ix', t.c.n.desc(), t.c.a)", "sa.Index('ix', t.c.n, t.c.a.desc())"),
    ("sa.Index('ix', t.c.n.desc())", ""),
    ("sa.Index('ix', t.c.a, mysql_length=5)", "sa.Index('ix', t.c.a, mysql_length=6)"),
    ("sa.Index('ix', t.c.a, mysql_length=5)", "sa.Index('ix', t.c.a)"),
    ("sa.Index('ix', t.c.a, t.c.b, mysql_length={'a': 5, 'b': 6})", ""),
    ("sa.Index('ix', t.c.a, mysql_prefix='FULLTEXT')", "sa.Index('ix', t.c.a)"),
]

CHANGES = {
    "sqlite": [*EVERYWHERE, ("sa.Index('ix', t.c.n.desc())", "")],
    "postgresql": [*EVERYWHERE, *POSTGRESQL, ("sa.Index('ix', t.c.n.desc())", "")],
    "mariadb": MARIADB,
}


def test_changes(law: Law) -> None:
    changes = CHANGES[law.kind]
    texts = []
    for stage in (0, 1):
        indexes = [
            # names of indexes are a database's, not a table's
            change[stage].replace("KIND", law.kind).replace("x'", f"x{number}'", 1)
            for number, change in enumerate(changes)
        ]
        law.models("".join(TABLE.format(number=number, index=index) for number, index in enumerate(indexes)))
        law.migrated()
        assert law.is_quiet(), law.project.db("check", exit_code=None).stderr
        texts.append([index_texts(law, number) for number in range(len(changes))])

    assert [change for change, before, after in zip(changes, *texts, strict=True) if before == after] == []
    law.project.db("downgrade", "--yes")
    assert texts[0] == [index_texts(law, number) for number in range(len(changes))]


def index_texts(law: Law, number: int) -> list[object]:
    """Return what the database says of the indexes of a table."""
    if law.kind == "sqlite":
        return law.rows(f"SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 't{number}' AND sql > ''")
    if law.kind == "mariadb":
        return re.findall(r"^  (.*KEY .*?),?$", str(law.rows(f"SHOW CREATE TABLE t{number}")[0][1]), re.MULTILINE)
    return law.rows(f"SELECT indexdef FROM pg_indexes WHERE tablename = 't{number}' ORDER BY 1")


def test_one_that_must_not_block_writes(on_postgresql: Law) -> None:
    old = TABLE.format(number=0, index="")
    new = TABLE.format(number=0, index="sa.Index('ix', t.c.a, postgresql_concurrently=True)")
    also = TABLE.format(number=1, index="sa.Index('ix1', t.c.a, postgresql_concurrently=True)")

    on_postgresql.models(old)
    on_postgresql.migrated()
    on_postgresql.models(new + also)
    written, _ = on_postgresql.migrated()
    assert on_postgresql.is_quiet()
    assert on_postgresql.rows("SELECT indexname FROM pg_indexes WHERE indexname LIKE 'ix%' ORDER BY 1") == [
        ("ix",),
        ("ix1",),
    ]
    on_postgresql.project.db("downgrade", "--yes")
    assert on_postgresql.rows("SELECT indexname FROM pg_indexes WHERE indexname LIKE 'ix%'") == []

    upgrade, downgrade = written.split("def downgrade")
    assert upgrade.count("autocommit_block()") == downgrade.count("autocommit_block()") == 1
    assert upgrade.index("create_table") < upgrade.index("autocommit_block()") < upgrade.index("'ix'")
    assert downgrade.index("autocommit_block()") < downgrade.index("'ix'") < downgrade.index("drop_table")


def test_one_of_a_renamed_column_stays(law: Law) -> None:
    old = TABLE.format(number=0, index="sa.Index('ix', t.c.n.desc(), t.c.a)")

    written = law.holds(old, old.replace("'n'", "'m'").replace("t.c.n", "t.c.m"), options=["--rename", "t0.n:m"])

    assert "_index(" not in written
