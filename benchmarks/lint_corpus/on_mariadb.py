"""Changes on MariaDB."""

from __future__ import annotations

from benchmarks.lint_corpus.case import MARIADB, Case, maker

CASES: list[Case] = []
case = maker(MARIADB, CASES)

case("column_nullable", 'op.add_column("users", sa.Column("nick", sa.String(30)))')
case(
    "column_with_default",
    'op.add_column("users", sa.Column("level", sa.Integer(), nullable=False, server_default="1"))',
)
case("column_in_the_middle", 'op.execute("ALTER TABLE users ADD COLUMN nick varchar(30) AFTER id")')
case("column_dropped", 'op.drop_column("users", "note")')
case("column_renamed", 'op.execute("ALTER TABLE users RENAME COLUMN note TO remark")')
case(
    "column_auto_increment",
    """
op.execute("ALTER TABLE orders MODIFY id int NOT NULL, DROP PRIMARY KEY, ADD COLUMN n int AUTO_INCREMENT PRIMARY KEY")
""",
)
case("column_computed_virtual", 'op.execute("ALTER TABLE users ADD COLUMN twice int AS (age * 2) VIRTUAL")')
case("column_computed_stored", 'op.execute("ALTER TABLE users ADD COLUMN twice int AS (age * 2) STORED")')
case(
    "varchar_wider_below_256",
    'op.alter_column("users", "name", existing_type=sa.String(50), type_=sa.String(60), existing_nullable=False)',
)
case(
    "varchar_wider_past_256",
    'op.alter_column("users", "name", existing_type=sa.String(50), type_=sa.String(500), existing_nullable=False)',
)
case("varchar_narrower", 'op.alter_column("users", "email", existing_type=sa.String(120), type_=sa.String(100))')
case("integer_to_bigint", 'op.alter_column("users", "age", existing_type=sa.Integer(), type_=sa.BigInteger())')
case("varchar_to_text", 'op.alter_column("users", "email", existing_type=sa.String(120), type_=sa.Text())')
case(
    "numeric_more_digits", 'op.alter_column("users", "score", existing_type=sa.Numeric(8, 2), type_=sa.Numeric(12, 2))'
)
case("not_null", 'op.alter_column("users", "email", existing_type=sa.String(120), nullable=False)')
case("nullable_again", 'op.alter_column("users", "name", existing_type=sa.String(50), nullable=True)')
case("default_set", 'op.alter_column("users", "age", existing_type=sa.Integer(), server_default="1")')
case("index_plain", 'op.create_index("by_email", "users", ["email"])')
case("index_unique", 'op.create_index("by_email", "users", ["email"], unique=True)')
case("index_fulltext", 'op.execute("CREATE FULLTEXT INDEX by_note ON users (note)")')
case("index_dropped", 'op.drop_index("by_email", "users")', before='op.create_index("by_email", "users", ["email"])')
case("foreign_key", 'op.create_foreign_key("to_user", "orders", "users", ["user_id"], ["id"])')
case(
    "foreign_key_without_checks",
    """
    op.execute("SET foreign_key_checks = 0")
    op.create_foreign_key("to_user", "orders", "users", ["user_id"], ["id"])
    op.execute("SET foreign_key_checks = 1")
    """,
    before='op.create_index("by_user", "orders", ["user_id"])',
)
case("check_added", 'op.create_check_constraint("age_sane", "users", "age < 200")')
case(
    "check_dropped",
    'op.execute("ALTER TABLE users DROP CONSTRAINT age_sane")',
    before='op.create_check_constraint("age_sane", "users", "age < 200")',
)
case("charset_changed", 'op.execute("ALTER TABLE users CONVERT TO CHARACTER SET latin1")')
case("charset_of_new_columns", 'op.execute("ALTER TABLE users DEFAULT CHARACTER SET latin1")')
case("engine_again", 'op.execute("ALTER TABLE orders ENGINE = InnoDB")')
case("optimized", 'op.execute("OPTIMIZE TABLE orders")')
case("analyzed", 'op.execute("ANALYZE TABLE orders")')
case("primary_key_changed", 'op.execute("ALTER TABLE orders DROP PRIMARY KEY, ADD PRIMARY KEY (id, placed)")')
case("comment", "op.execute(\"ALTER TABLE users COMMENT = 'those who may log in'\")")
case(
    "enum_value_appended",
    """
op.execute("ALTER TABLE orders MODIFY status enum('new', 'paid', 'sent')")
""",
    before="""
op.execute("ALTER TABLE orders MODIFY status enum('new', 'paid')")
""",
)
case("varchar_to_enum", "op.execute(\"ALTER TABLE orders MODIFY status enum('new', 'paid')\")")
case(
    "table_renamed",
    'op.rename_table("orders", "purchases")\nop.execute("CREATE VIEW orders AS SELECT * FROM purchases")',
)
case(
    "new_table_with_index",
    """
op.create_table("visits", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("day", sa.Date()))
op.create_index("by_day", "visits", ["day"])
op.alter_column("visits", "day", existing_type=sa.Date(), type_=sa.String(20))
""",
)
case("update_all", "op.execute(\"UPDATE users SET note = 'n'\")")
case("update_of_one_row", "op.execute(\"UPDATE users SET note = 'n' WHERE id = 1\")")
case(
    "several_in_one_loop",
    """
for table in ("users", "orders", "teams"):
    op.execute(f"ALTER TABLE {table} MODIFY id bigint NOT NULL AUTO_INCREMENT")
""",
)
case(
    "several_in_one_loop_harmless",
    """
for table in ("users", "orders", "teams"):
    op.execute(f"ALTER TABLE {table} ADD COLUMN tenant int NOT NULL DEFAULT 0")
""",
)
case(
    "read_then_locked",
    """
op.execute("LOCK TABLES users WRITE")
op.execute("UPDATE users SET age = age + 1")
op.execute("UNLOCK TABLES")
""",
)
