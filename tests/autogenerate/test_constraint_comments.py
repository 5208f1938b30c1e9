"""Comments of constraints are given, changed, taken away, and come back."""

from __future__ import annotations

from tests.support.law import Law


def table(comment: str, *, unique: str = "y", **others: str) -> str:
    said = {"pk": "", "ck": "", "fk": "", **others, "uq": comment}
    given = {kind: f", comment={text!r}" if text else "" for kind, text in said.items()}
    return (
        "sa.Table('t', metadata, sa.Column('x', sa.Integer), sa.Column('y', sa.Integer), sa.Column('z', sa.Integer), "
        f"sa.PrimaryKeyConstraint('x', name='t_pk'{given['pk']}), "
        f"sa.UniqueConstraint({unique!r}, name='Once 5%'{given['uq']}), "
        f"sa.CheckConstraint('y > 0', name='positive'{given['ck']}), "
        f"sa.ForeignKeyConstraint(['z'], ['t.x'], name='to_itself'{given['fk']}))\n"
    )


def test_each_kind_given_changed_and_taken_away(on_postgresql: Law) -> None:
    text = on_postgresql.holds(
        table("it's 5%: a\nb", ck="a"), table("a", pk="b", fk="c"), rows=["INSERT INTO t VALUES (1, 1, 1)"]
    )

    assert text.count("COMMENT ON") == 8


def test_one_that_is_made_anew(on_postgresql: Law) -> None:
    on_postgresql.holds(table("a"), table("a", unique="z"), rows=["INSERT INTO t VALUES (1, 1, 1)"])


def test_one_that_is_dropped(on_postgresql: Law) -> None:
    alone = "sa.Table('u', metadata, sa.Column('x', sa.Integer), sa.UniqueConstraint('x', name='u_x', comment='a'))\n"
    on_postgresql.holds(table("") + alone, table(""))


def test_of_a_renamed_table(on_postgresql: Law) -> None:
    made = "sa.Table({!r}, metadata, sa.Column('x', sa.Integer), sa.UniqueConstraint('x', name='once', comment='a'))\n"
    on_postgresql.models(made.format("old"))
    on_postgresql.migrated()
    on_postgresql.models(made.format("new"))
    text, _ = on_postgresql.migrated("--rename", "old:new")

    assert "COMMENT ON" not in text
    assert on_postgresql.is_quiet()


def test_a_new_foreign_key_to_a_new_column(on_postgresql: Law) -> None:
    def models(more: str, key: str) -> str:
        return (
            f"sa.Table('a', metadata, sa.Column('id', sa.Integer, primary_key=True){more})\n"
            f"sa.Table('b', metadata, sa.Column('id', sa.Integer, primary_key=True), sa.Column('c', sa.Integer){key})\n"
        )

    on_postgresql.holds(
        models("", ""),
        models(
            ", sa.Column('code', sa.Integer, unique=True)",
            ", sa.ForeignKeyConstraint(['c'], ['a.code'], name='to_code', comment='late')",
        ),
    )
