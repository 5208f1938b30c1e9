"""Partitioned and inherited tables of PostgreSQL."""

from __future__ import annotations

from benchmarks.lint_corpus.case import POSTGRESQL, Case, maker

CASES: list[Case] = []
case = maker(POSTGRESQL, CASES)

EVENTS = """
op.execute("CREATE TABLE events (id int NOT NULL, year int NOT NULL, what text) PARTITION BY LIST (year)")
op.execute("CREATE TABLE events_2024 PARTITION OF events FOR VALUES IN (2024)")
"""
FILL = "INSERT INTO events SELECT g, 2024, repeat('w', 200) || g FROM generate_series(1, :rows) g"
APART = "CREATE TABLE events_2025 (id int NOT NULL, year int NOT NULL, what text)"
BOTH = f"{FILL}; INSERT INTO events_2025 SELECT g, 2025, repeat('w', 200) || g FROM generate_series(1, :rows) g"
ATTACH = 'op.execute("ALTER TABLE events ATTACH PARTITION events_2025 FOR VALUES IN (2025)")'

case(
    "partition_made",
    """
op.execute("CREATE TABLE events_2025 PARTITION OF events FOR VALUES IN (2025)")
""",
    before=EVENTS,
    fill=FILL,
)
case("partition_attached", ATTACH, before=f'{EVENTS.strip()}\nop.execute("{APART}")', fill=BOTH)
case(
    "partition_attached_with_proof",
    ATTACH,
    before=f'{EVENTS.strip()}\nop.execute("{APART}")\n'
    'op.execute("ALTER TABLE events_2025 ADD CHECK (year IS NOT NULL AND year = 2025)")',
    fill=BOTH,
)
case(
    "partition_attached_beside_a_default",
    ATTACH,
    before=f'{EVENTS.strip()}\nop.execute("{APART}")\n'
    'op.execute("ALTER TABLE events_2025 ADD CHECK (year IS NOT NULL AND year = 2025)")\n'
    'op.execute("CREATE TABLE events_rest PARTITION OF events DEFAULT")',
    fill=f"{BOTH}; INSERT INTO events SELECT g, 1999, repeat('w', 200) || g FROM generate_series(1, :rows) g",
)
case(
    "partition_made_beside_a_default",
    'op.execute("CREATE TABLE events_2025 PARTITION OF events FOR VALUES IN (2025)")',
    before=f'{EVENTS.strip()}\nop.execute("CREATE TABLE events_rest PARTITION OF events DEFAULT")',
    fill=f"{FILL}; INSERT INTO events SELECT g, 1999, repeat('w', 200) || g FROM generate_series(1, :rows) g",
)
case("partition_detached", 'op.execute("ALTER TABLE events DETACH PARTITION events_2024")', before=EVENTS, fill=FILL)
case("partition_dropped", 'op.execute("DROP TABLE events_2024")', before=EVENTS, fill=FILL)
case("index_of_all_partitions", 'op.create_index("by_id", "events", ["id"])', before=EVENTS, fill=FILL)
case("index_of_the_parent_only", 'op.execute("CREATE INDEX by_id ON ONLY events (id)")', before=EVENTS, fill=FILL)
case(
    "index_of_partitions_by_hand",
    """
    op.execute("CREATE INDEX by_id ON ONLY events (id)")
    with op.get_context().autocommit_block():
        op.execute("CREATE INDEX CONCURRENTLY by_id_2024 ON events_2024 (id)")
    op.execute("ALTER INDEX by_id ATTACH PARTITION by_id_2024")
    """,
    before=EVENTS,
    fill=FILL,
)
case("column_of_all_partitions", 'op.add_column("events", sa.Column("who", sa.Text()))', before=EVENTS, fill=FILL)
case(
    "not_null_of_all_partitions",
    'op.execute("ALTER TABLE events ALTER COLUMN what SET NOT NULL")',
    before=EVENTS,
    fill=FILL,
)
case(
    "inherited_type_changed",
    'op.execute("ALTER TABLE events ALTER COLUMN id TYPE bigint")',
    before=EVENTS,
    fill=FILL,
)
