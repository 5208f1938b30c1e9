"""Indexes of PostgreSQL, and statements that maintain tables."""

from __future__ import annotations

from benchmarks.lint_corpus.case import POSTGRESQL, Case, maker

CASES: list[Case] = []
case = maker(POSTGRESQL, CASES)

VIEW = """
op.execute("CREATE MATERIALIZED VIEW totals AS SELECT id, user_id, amount FROM orders")
"""

case("index_plain", 'op.create_index("by_email", "users", ["email"])')
case("index_unique", 'op.create_index("by_email", "users", ["email"], unique=True)')
case("index_partial", 'op.create_index("by_age", "users", ["age"], postgresql_where=sa.text("age > 80"))')
case("index_of_expression", 'op.execute("CREATE INDEX by_lower ON users (lower(email))")')
case(
    "index_concurrently",
    """
    with op.get_context().autocommit_block():
        op.create_index("by_email", "users", ["email"], postgresql_concurrently=True)
    """,
)
case(
    "index_concurrently_after_settings",
    """
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = '5s'")
        op.execute("SET statement_timeout = 0")
        op.execute("CREATE INDEX CONCURRENTLY IF NOT EXISTS by_email ON users (email)")
    """,
)
case(
    "index_that_is_there",
    'op.execute("CREATE INDEX IF NOT EXISTS by_email ON users (email)")',
    before='op.create_index("by_email", "users", ["email"])',
)
case(
    "index_of_a_new_table",
    """
    op.create_table("visits", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("day", sa.Date()))
    op.create_index("by_day", "visits", ["day"])
    op.create_unique_constraint("one_day", "visits", ["day"])
    """,
)
case(
    "index_of_a_new_column",
    """
    op.add_column("users", sa.Column("nick", sa.String(30), index=True))
    op.create_index("by_nick", "users", ["nick"])
    """,
)
case(
    "index_dropped",
    'op.drop_index("by_email", "users")',
    before='op.create_index("by_email", "users", ["email"])',
)
case(
    "index_dropped_concurrently",
    """
    with op.get_context().autocommit_block():
        op.drop_index("by_email", "users", postgresql_concurrently=True)
    """,
    before='op.create_index("by_email", "users", ["email"])',
)
case(
    "index_renamed",
    'op.execute("ALTER INDEX by_email RENAME TO ix_users_email")',
    before='op.create_index("by_email", "users", ["email"])',
)
case(
    "reindex_index",
    'op.execute("REINDEX INDEX by_email")',
    before='op.create_index("by_email", "users", ["email"])',
)
case("reindex_table", 'op.execute("REINDEX TABLE users")')
case(
    "reindex_concurrently",
    """
    with op.get_context().autocommit_block():
        op.execute("REINDEX TABLE CONCURRENTLY users")
    """,
)
case(
    "vacuum_full",
    """
    with op.get_context().autocommit_block():
        op.execute("VACUUM FULL orders")
    """,
)
case(
    "vacuum_analyze",
    """
    with op.get_context().autocommit_block():
        op.execute("VACUUM (ANALYZE) orders")
    """,
)
case("analyze", 'op.execute("ANALYZE users")')
case("cluster", 'op.execute("CLUSTER orders USING orders_pkey")')
case("cluster_without_work", 'op.execute("ALTER TABLE orders CLUSTER ON orders_pkey")')
case("view_refreshed", 'op.execute("REFRESH MATERIALIZED VIEW totals")', before=VIEW)
case(
    "view_refreshed_concurrently",
    """
    with op.get_context().autocommit_block():
        op.execute("REFRESH MATERIALIZED VIEW CONCURRENTLY totals")
    """,
    before=f'{VIEW.strip()}\nop.execute("CREATE UNIQUE INDEX one_total ON totals (id)")',
)
case("view_made", 'op.execute("CREATE MATERIALIZED VIEW totals AS SELECT count(*) AS n FROM orders")')
case("plain_view", 'op.execute("CREATE OR REPLACE VIEW adults AS SELECT * FROM users WHERE age > 17")')
case(
    "table_locked",
    """
op.execute("LOCK TABLE users IN SHARE MODE")
op.execute("SELECT count(*) FROM users WHERE note LIKE '%z%'")
""",
)
case("extended_statistics", 'op.execute("CREATE STATISTICS together (dependencies) ON age, team_id FROM users")')
case("truncated", 'op.execute("TRUNCATE orders")')
case("tablespace_same", 'op.execute("ALTER TABLE orders SET TABLESPACE pg_default")')
