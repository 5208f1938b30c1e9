"""Sequences of the models are made, changed and dropped."""

from __future__ import annotations

from tests.support.law import Law

SEQUENCE = "counter = sa.Sequence('counter', metadata=metadata{options})\n"


def table(default: str = "") -> str:
    column = f"sa.Column('x', sa.Integer{default})"
    return f"sa.Table('t', metadata, sa.Column('id', sa.Integer, primary_key=True), {column})\n"


def test_one_that_is_a_default(on_postgresql: Law) -> None:
    law = on_postgresql
    used = SEQUENCE.format(options=", start=5") + table(", server_default=counter.next_value()")
    text = law.holds(table(), used, rows=["INSERT INTO t VALUES (1, 1)"])
    assert text.count("DROP SEQUENCE") == 1

    law.project.db("upgrade")
    law.execute("INSERT INTO t (id) VALUES (2)")
    assert law.rows("SELECT x FROM t WHERE id = 2") == [(5,)]
    law.models(table())
    law.migrated()
    assert law.schema() == law.created()
    law.project.db("downgrade", "-1", "--yes")
    law.execute("INSERT INTO t (id) VALUES (3)")


def test_one_by_itself(law: Law) -> None:
    if law.kind == "sqlite":
        # it has none
        law.models(SEQUENCE.format(options="") + table())
        law.migrated()
        assert law.is_quiet()
        return
    law.holds(table(), SEQUENCE.format(options="") + table())


def test_one_that_no_column_of_the_models_has_ever_used(law: Law) -> None:
    law.models(table())
    law.migrated()
    if law.kind != "sqlite":
        law.execute("CREATE SEQUENCE theirs")

    assert law.is_quiet()


def test_options(on_postgresql: Law) -> None:
    def models(*sequences: tuple[str, str]) -> str:
        return table() + "".join(
            f"sa.Sequence({name!r}, metadata=metadata, {options})\n" for name, options in sequences
        )

    on_postgresql.models(models(("a", ""), ("Order s", "increment=-1"), ("same", "start=3, cache=4, cycle=True")))
    on_postgresql.migrated()
    assert on_postgresql.is_quiet()
    on_postgresql.models(
        models(("a", "increment=5, maxvalue=100, data_type=sa.Integer"), ("Order s", "increment=-2, cycle=True"))
        + "sa.Sequence('same', metadata=metadata, start=3, cache=4, cycle=True)\n"
    )
    assert not on_postgresql.is_quiet()
    text, _ = on_postgresql.migrated()
    assert on_postgresql.is_quiet()
    assert on_postgresql.rows("SELECT nextval('a'), nextval('a'), nextval('\"Order s\"')") == [(1, 6, -1)]
    assert "same" not in text

    on_postgresql.project.db("downgrade", "--yes")
    assert on_postgresql.rows("SELECT max_value, increment_by FROM pg_sequences WHERE sequencename = 'a'") == [
        (2**63 - 1, 1)
    ]
