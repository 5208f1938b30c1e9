"""Changes on PostgreSQL by statements of other kinds, and in other ways."""

from __future__ import annotations

from benchmarks.lint_corpus.case import POSTGRESQL, Case, maker

CASES: list[Case] = []
case = maker(POSTGRESQL, CASES)

case("update_of_half", 'op.execute("UPDATE users SET note = NULL WHERE active")')
case("update_by_status", "op.execute(\"UPDATE orders SET remark = 'old' WHERE status = 'new'\")")
case("update_by_an_exact_text", "op.execute(\"UPDATE users SET note = 'n' WHERE email = 'u77@example.org'\")")
case(
    "update_from_a_join",
    """
op.execute("UPDATE orders SET remark = users.name FROM users WHERE users.id = orders.user_id")
""",
)
case(
    "update_within_a_query",
    """
op.execute("WITH done AS (UPDATE users SET age = age + 1 RETURNING id) SELECT count(*) FROM done")
""",
)
case(
    "upsert_of_all",
    """
op.execute("INSERT INTO teams SELECT id, 'x' FROM users ON CONFLICT (id) DO UPDATE SET name = excluded.name")
""",
)
case(
    "upsert_of_one",
    """
op.execute("INSERT INTO teams VALUES (5, 'x') ON CONFLICT (id) DO UPDATE SET name = excluded.name")
""",
)
case(
    "merged",
    """
op.execute(
    "MERGE INTO orders USING users ON users.id = orders.user_id WHEN MATCHED THEN UPDATE SET remark = users.name"
)
""",
)
case(
    "inserted_into_another_table",
    """
op.execute("INSERT INTO teams (id, name) SELECT id + 100000000, name FROM users")
""",
)
case(
    "rows_counted",
    """
number = op.get_bind().execute(sa.text("SELECT count(*) FROM users")).scalar()
op.execute(f"COMMENT ON TABLE users IS '{number} of them'")
""",
)
case(
    "batches_by_limit",
    """
    with op.get_context().autocommit_block():
        while True:
            done = op.get_bind().execute(
                sa.text(
                    "UPDATE users SET code = NULL WHERE id IN "
                    "(SELECT id FROM users WHERE code IS NOT NULL AND id <= 20000 ORDER BY id LIMIT 500)"
                )
            )
            if not done.rowcount:
                break
    """,
    before='op.execute("CREATE INDEX left_over ON users (id) WHERE code IS NOT NULL")',
)
case(
    "batches_by_limit_in_one_transaction",
    """
    for _ in range(60):
        op.execute(
            "UPDATE users SET code = NULL "
            "WHERE id IN (SELECT id FROM users WHERE code IS NOT NULL ORDER BY id LIMIT 20000)"
        )
    """,
    before='op.execute("CREATE INDEX left_over ON users (id) WHERE code IS NOT NULL")',
)
case(
    "batches_of_a_procedure",
    """
    with op.get_context().autocommit_block():
        op.execute("CALL cleared()")
    """,
    before='''
    op.execute("""
        CREATE PROCEDURE cleared() LANGUAGE plpgsql AS $$
        BEGIN
            FOR part IN 0 .. (SELECT max(id) / 2000 FROM users) LOOP
                UPDATE users SET note = 'n' WHERE id > part * 2000 AND id <= (part + 1) * 2000;
                COMMIT;
            END LOOP;
        END $$
    """)
    ''',
)
case(
    "procedure_without_commits",
    """
    op.execute("CALL cleared()")
    """,
    before="""
    op.execute("CREATE PROCEDURE cleared() LANGUAGE sql AS $$ UPDATE users SET note = 'n' $$")
    """,
)
case(
    "batches_then_column_in_its_own_transaction",
    """
    with op.get_context().autocommit_block():
        for start in range(0, 1_000_000, 2000):
            op.execute(f"UPDATE users SET note = 'n' WHERE id > {start} AND id <= {start + 2000}")
    op.add_column("users", sa.Column("level", sa.Integer()))
    """,
)
case(
    "column_then_batches_apart",
    """
    op.add_column("users", sa.Column("level", sa.Integer()))
    with op.get_context().autocommit_block():
        for start in range(0, 1_000_000, 2000):
            op.execute(f"UPDATE users SET level = 1 WHERE id > {start} AND id <= {start + 2000}")
    """,
)
case(
    "column_then_lookup_elsewhere",
    """
    op.add_column("users", sa.Column("level", sa.Integer()))
    op.get_bind().execute(sa.text("SELECT name FROM teams WHERE id = 5")).scalar()
    op.execute("INSERT INTO teams (id, name) VALUES (2000000007, 'seven')")
    """,
)
case(
    "column_then_rows_of_a_new_table",
    """
    op.add_column("users", sa.Column("level", sa.Integer()))
    op.create_table("levels", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("name", sa.String(10)))
    op.execute("INSERT INTO levels (id, name) SELECT g, 'level ' || g FROM generate_series(1, 10) g")
    op.execute("UPDATE levels SET name = upper(name)")
    op.create_index("by_level_name", "levels", ["name"])
    """,
)
case(
    "copied_first_then_swapped",
    """
    op.execute("CREATE TABLE fresh (LIKE orders INCLUDING ALL)")
    op.execute("INSERT INTO fresh SELECT * FROM orders")
    op.execute("ALTER TABLE orders RENAME TO old_orders")
    op.execute("ALTER TABLE fresh RENAME TO orders")
    """,
)
case("row_security", 'op.execute("ALTER TABLE users ENABLE ROW LEVEL SECURITY")')
case("rule", 'op.execute("CREATE RULE quiet AS ON DELETE TO orders WHERE OLD.id < 0 DO INSTEAD NOTHING")')
case(
    "identity_of_a_column",
    """
op.execute("ALTER TABLE orders ALTER COLUMN id DROP DEFAULT, ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY")
""",
)
case("granted", 'op.execute("GRANT SELECT ON users TO PUBLIC")')
case("owner", 'op.execute("ALTER TABLE users OWNER TO CURRENT_USER")')
case("replica_identity", 'op.execute("ALTER TABLE users REPLICA IDENTITY FULL")')
case(
    "triggers_disabled_then_one_row",
    """
op.execute("ALTER TABLE users DISABLE TRIGGER USER")
op.execute("UPDATE users SET note = 'n' WHERE id = 7")
op.execute("ALTER TABLE users ENABLE TRIGGER USER")
""",
)
case(
    "triggers_disabled_then_all_rows",
    """
op.execute("ALTER TABLE users DISABLE TRIGGER USER")
op.execute("UPDATE users SET note = 'n' WHERE id > 100")
op.execute("ALTER TABLE users ENABLE TRIGGER USER")
""",
)
case(
    "primary_key_of_a_nullable_column",
    """
    op.execute("ALTER TABLE orders DROP CONSTRAINT orders_pkey")
    op.create_primary_key("orders_pkey", "orders", ["user_id"])
    """,
)
case(
    "two_not_null_in_one_statement",
    """
op.execute("ALTER TABLE users ALTER email SET NOT NULL, ALTER code SET NOT NULL")
""",
)
case(
    "index_in_a_savepoint",
    """
    with op.get_bind().begin_nested():
        op.create_index("by_email", "users", ["email"])
    """,
)
case(
    "failing_in_a_savepoint",
    """
    try:
        with op.get_bind().begin_nested():
            op.execute("ALTER TABLE users DROP CONSTRAINT not_there")
    except sa.exc.ProgrammingError:
        pass
    op.add_column("users", sa.Column("level", sa.Integer()))
    """,
)
case(
    "failing_in_a_savepoint_then_scan",
    """
    op.add_column("users", sa.Column("level", sa.Integer()))
    try:
        with op.get_bind().begin_nested():
            op.execute("ALTER TABLE users DROP CONSTRAINT not_there")
    except sa.exc.ProgrammingError:
        pass
    op.execute("UPDATE users SET level = 1 WHERE code = 'nowhere'")
    """,
)
case(
    "inherits",
    """
op.execute("CREATE TABLE people (name varchar(50) NOT NULL)")
op.execute("ALTER TABLE users INHERIT people")
""",
)
case(
    "index_in_an_autocommit_block",
    """
with op.get_context().autocommit_block():
    op.create_index("by_email", "users", ["email"])
""",
)
case(
    "type_changed_in_an_autocommit_block",
    """
with op.get_context().autocommit_block():
    op.execute("ALTER TABLE users ALTER COLUMN age TYPE bigint")
""",
)
case(
    "update_all_in_an_autocommit_block",
    """
with op.get_context().autocommit_block():
    op.execute("UPDATE users SET note = 'n'")
""",
)
case(
    "not_null_in_an_autocommit_block",
    """
with op.get_context().autocommit_block():
    op.execute("ALTER TABLE users ALTER COLUMN email SET NOT NULL")
""",
)
case(
    "view_refreshed_in_an_autocommit_block",
    """
with op.get_context().autocommit_block():
    op.execute("REFRESH MATERIALIZED VIEW totals")
""",
    before='op.execute("CREATE MATERIALIZED VIEW totals AS SELECT id, user_id, amount FROM orders")',
)
case(
    "block_in_an_autocommit_block",
    """
with op.get_context().autocommit_block():
    op.execute("DO $$ BEGIN ALTER TABLE users ADD CHECK (age < 200); END $$")
""",
)
case(
    "check_that_calls_a_function",
    """
op.execute("CREATE FUNCTION is_sane(int) RETURNS bool IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN $1 < 200; END'")
op.execute("ALTER TABLE users ADD CHECK (is_sane(age)) NOT VALID")
""",
)
case(
    "column_dropped_with_cascade",
    """
op.execute("ALTER TABLE users DROP COLUMN age CASCADE")
""",
    before='op.execute("CREATE VIEW adults AS SELECT id FROM users WHERE age > 17")',
)
case(
    "table_without_values_known",
    """
op.execute("ALTER TABLE places ALTER COLUMN at SET NOT NULL")
""",
    before='op.execute("CREATE TABLE places (id int, at point, way path)")',
    fill="INSERT INTO places SELECT g, point(g, g), path '[(0,0),(1,1),(2,2),(3,3),(4,4)]' "
    "FROM generate_series(1, :rows) g",
)
case(
    "table_without_rows_updated",
    """
op.execute("UPDATE places SET at = point(0, 0)")
""",
    before='op.execute("CREATE TABLE places (id int PRIMARY KEY, at point NOT NULL)")',
    fill="INSERT INTO places SELECT g, point(g, g) FROM generate_series(1, :rows) g",
)
case(
    "key_cascades",
    """
op.execute("DELETE FROM teams WHERE id < 100000000")
""",
    before='op.create_foreign_key("to_team", "users", "teams", ["team_id"], ["id"], ondelete="CASCADE")\n'
    'op.create_index("by_team", "users", ["team_id"])',
)
case(
    "cleared_by_truncate_in_turn",
    """
for table in ("orders", "teams"):
    op.execute(f"TRUNCATE {table}")
""",
)
