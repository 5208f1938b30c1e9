"""Changes of rows on PostgreSQL, and what holds locks meanwhile."""

from __future__ import annotations

from benchmarks.lint_corpus.case import POSTGRESQL, Case, maker

CASES: list[Case] = []
case = maker(POSTGRESQL, CASES)

case("update_all", "op.execute(\"UPDATE users SET note = 'n'\")")
case("update_all_with_a_useless_where", 'op.execute("UPDATE users SET age = age + 1 WHERE id > 0")')
case(
    "update_by_core",
    """
users = sa.table("users", sa.column("active", sa.Boolean()))
op.execute(users.update().values(active=False))
""",
)
case("update_of_one_row", "op.execute(\"UPDATE users SET note = 'n' WHERE id = 1\")")
case("update_of_few_rows", 'op.execute("UPDATE orders SET remark = NULL WHERE id IN (1, 2, 3)")')
case("update_without_match", "op.execute(\"UPDATE users SET note = 'n' WHERE code = 'nowhere'\")")
case("delete_all", 'op.execute("DELETE FROM orders")')
case("delete_of_few", 'op.execute("DELETE FROM orders WHERE id < 4")')
case(
    "batches",
    """
    with op.get_context().autocommit_block():
        bind = op.get_bind()
        last = bind.scalar(sa.text("SELECT max(id) FROM users")) or 0
        for start in range(0, last, 2000):
            bind.execute(
                sa.text("UPDATE users SET note = 'n' WHERE id > :low AND id <= :high"),
                {"low": start, "high": start + 2000},
            )
    """,
)
case(
    "batches_in_one_transaction",
    """
    bind = op.get_bind()
    last = bind.scalar(sa.text("SELECT max(id) FROM users")) or 0
    for start in range(0, last, 20000):
        bind.execute(
            sa.text("UPDATE users SET note = 'n' WHERE id > :low AND id <= :high"),
            {"low": start, "high": start + 20000},
        )
    """,
)
case(
    "column_then_update",
    """
    op.add_column("users", sa.Column("level", sa.Integer()))
    op.execute("UPDATE users SET level = 1")
    """,
)
case(
    "column_then_update_of_few",
    """
    op.add_column("users", sa.Column("level", sa.Integer()))
    op.execute("UPDATE users SET level = 1 WHERE id = 7")
    """,
)
case(
    "column_then_update_by_scan",
    """
    op.add_column("users", sa.Column("level", sa.Integer()))
    op.execute("UPDATE users SET level = 1 WHERE code = 'nowhere'")
    """,
)
case(
    "column_then_count",
    """
    op.add_column("orders", sa.Column("level", sa.Integer()))
    op.get_bind().scalar(sa.text("SELECT count(*) FROM orders WHERE status = 'paid'"))
    """,
)
case(
    "column_then_work_on_another_table",
    """
    op.add_column("teams", sa.Column("level", sa.Integer()))
    op.execute("SELECT count(*) FROM orders WHERE remark LIKE '%z%'")
    """,
)
case(
    "column_then_index_concurrently_elsewhere",
    """
    op.add_column("teams", sa.Column("level", sa.Integer()))
    with op.get_context().autocommit_block():
        op.create_index("by_user", "orders", ["user_id"], postgresql_concurrently=True)
    """,
)
case(
    "count_then_column",
    """
    op.get_bind().scalar(sa.text("SELECT count(*) FROM orders WHERE status = 'paid'"))
    op.add_column("orders", sa.Column("level", sa.Integer()))
    """,
)
case(
    "update_few_then_column",
    """
    op.execute("UPDATE users SET note = 'n' WHERE id = 7")
    op.add_column("users", sa.Column("level", sa.Integer()))
    """,
)
case(
    "trigger",
    """
    op.execute("CREATE FUNCTION noop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'")
    op.execute("CREATE TRIGGER noop BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION noop()")
    """,
)
case(
    "trigger_then_scan",
    """
    op.execute("CREATE FUNCTION noop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'")
    op.execute("CREATE TRIGGER noop BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION noop()")
    op.execute("CREATE TABLE names AS SELECT name, count(*) FROM users GROUP BY name")
    """,
)
case(
    "trigger_dropped",
    'op.execute("DROP TRIGGER noop ON users")',
    before="""
    op.execute("CREATE FUNCTION noop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'")
    op.execute("CREATE TRIGGER noop BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION noop()")
    """,
)
case(
    "copied_into_a_new_table",
    """
    op.execute("CREATE TABLE archive AS SELECT * FROM orders")
    op.execute("CREATE INDEX archive_by_user ON archive (user_id)")
    op.execute("UPDATE archive SET remark = 'old'")
    """,
)
case(
    "inserted_into_a_new_table",
    """
    op.create_table("names", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("name", sa.String(50)))
    op.execute("INSERT INTO names (name) SELECT DISTINCT name FROM users")
    """,
)
case(
    "bulk_insert",
    """
    teams = sa.table("teams", sa.column("id", sa.Integer()), sa.column("name", sa.String()))
    op.bulk_insert(teams, [{"id": 2_000_000_001, "name": "red"}, {"id": 2_000_000_002, "name": "blue"}])
    """,
)
case(
    "select_for_update_of_all",
    """
    op.execute("SELECT id FROM users FOR UPDATE")
    """,
)
case(
    "rows_locked_then_read_elsewhere",
    """
    op.execute("SELECT id FROM users WHERE id = 3 FOR UPDATE")
    """,
)
case("table_dropped", 'op.drop_table("orders")')
case(
    "swap_of_tables",
    """
    op.execute("CREATE TABLE fresh (LIKE orders INCLUDING ALL)")
    op.execute("ALTER TABLE orders RENAME TO old_orders")
    op.execute("ALTER TABLE fresh RENAME TO orders")
    """,
)
case(
    "rows_moved_after_a_rename",
    """
    op.execute("ALTER TABLE orders RENAME TO old_orders")
    op.execute("CREATE TABLE orders (LIKE old_orders INCLUDING ALL)")
    op.execute("INSERT INTO orders SELECT * FROM old_orders")
    """,
)
