"""Tables that are something else in the database: views, partitions."""

from __future__ import annotations

from tests.support.law import Law

THINGS = "sa.Table('things', metadata, sa.Column('id', sa.Integer, primary_key=True){})\n"
SEEN = THINGS.replace("things", "seen").format(", sa.Column('x', sa.Integer, index=True)")


def test_a_view_that_the_models_map_is_left_alone(law: Law) -> None:
    law.execute("CREATE VIEW seen AS SELECT 1 AS id")
    law.models(THINGS.format("") + SEEN)

    written, said = law.migrated()

    assert "seen" not in written
    assert "Warning: neither made nor compared, since the database has a view of that name: seen; info=" in said
    assert law.is_quiet()


def test_partitions_are_not_dropped(on_postgresql: Law) -> None:
    table = "sa.Table('things', metadata, sa.Column('id', sa.Integer){}, postgresql_partition_by='RANGE (id)')\n"
    on_postgresql.models(table.format(""))
    on_postgresql.migrated()
    on_postgresql.execute("CREATE TABLE things_1 PARTITION OF things FOR VALUES FROM (0) TO (100)")

    assert on_postgresql.is_quiet()
    on_postgresql.models(table.format(", sa.Column('x', sa.Integer)"))
    written, _ = on_postgresql.migrated()
    assert "things_1" not in written
