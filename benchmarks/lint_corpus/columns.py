"""Columns of PostgreSQL: added, dropped, made NOT NULL, and their defaults."""

from __future__ import annotations

from benchmarks.lint_corpus.case import POSTGRESQL, Case, maker

CASES: list[Case] = []
case = maker(POSTGRESQL, CASES)

case("column_nullable", 'op.add_column("users", sa.Column("nick", sa.String(30)))')
case(
    "column_constant_default",
    'op.add_column("users", sa.Column("level", sa.Integer(), nullable=False, server_default="1"))',
)
case(
    "column_text_default",
    "op.execute(\"ALTER TABLE users ADD COLUMN origin text NOT NULL DEFAULT 'web', ADD COLUMN place text DEFAULT ''\")",
)
case("column_stable_default", 'op.add_column("users", sa.Column("at", sa.DateTime(), server_default=sa.func.now()))')
case(
    "column_current_user_default",
    'op.execute("ALTER TABLE orders ADD COLUMN made_by text NOT NULL DEFAULT current_user")',
)
case(
    "column_volatile_default",
    'op.add_column("users", sa.Column("token", sa.Uuid(), server_default=sa.text("gen_random_uuid()")))',
)
case(
    "column_clock_default",
    'op.add_column("orders", sa.Column("at", sa.DateTime(), server_default=sa.text("clock_timestamp()")))',
)
case(
    "column_own_function_volatile",
    'op.add_column("users", sa.Column("number", sa.Integer(), server_default=sa.text("next_number()")))',
    before="op.execute(\"CREATE FUNCTION next_number() RETURNS int LANGUAGE sql AS 'SELECT 1'\")",
)
case(
    "column_own_function_immutable",
    'op.add_column("users", sa.Column("number", sa.Integer(), server_default=sa.text("first_number()")))',
    before="op.execute(\"CREATE FUNCTION first_number() RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 1'\")",
)
case("column_serial", 'op.execute("ALTER TABLE orders ADD COLUMN number bigserial")')
case(
    "column_identity",
    'op.add_column("orders", sa.Column("number", sa.BigInteger(), sa.Identity(), nullable=False))',
)
case(
    "column_computed_stored",
    'op.add_column("users", sa.Column("lower_name", sa.Text(), sa.Computed("lower(name)", persisted=True)))',
)
case(
    "column_domain_checked",
    'op.execute("ALTER TABLE users ADD COLUMN points points DEFAULT 0")',
    before='op.execute("CREATE DOMAIN points AS int CHECK (VALUE >= 0)")',
)
case(
    "column_domain_plain",
    'op.execute("ALTER TABLE users ADD COLUMN points points DEFAULT 0")',
    before='op.execute("CREATE DOMAIN points AS int")',
)
case(
    "column_enum_default",
    """
    op.execute("CREATE TYPE mood AS ENUM ('good', 'bad')")
    op.execute("ALTER TABLE users ADD COLUMN mood mood NOT NULL DEFAULT 'good'")
    """,
)
case("column_check_inline", 'op.execute("ALTER TABLE users ADD COLUMN stars int DEFAULT 0 CHECK (stars >= 0)")')
case("column_unique_inline", 'op.execute("ALTER TABLE users ADD COLUMN badge int UNIQUE")')
case(
    "column_unique_op",
    'op.add_column("users", sa.Column("badge", sa.Integer(), unique=True))',
)
case(
    "column_references_inline",
    'op.execute("ALTER TABLE users ADD COLUMN boss_id int REFERENCES users (id)")',
)
case(
    "column_references_with_default",
    'op.execute("ALTER TABLE users ADD COLUMN home_id int NOT NULL DEFAULT 1 REFERENCES teams (id)")',
)
case(
    "column_dropped",
    'op.drop_column("users", "note")',
)
case(
    "column_renamed",
    'op.alter_column("users", "note", new_column_name="remark")',
)
case(
    "table_renamed",
    'op.rename_table("orders", "purchases")\nop.execute("CREATE VIEW orders AS SELECT * FROM purchases")',
)
case("default_set", 'op.alter_column("users", "active", server_default=sa.true())')
case("default_volatile_set", 'op.alter_column("users", "code", server_default=sa.text("gen_random_uuid()::text"))')
case("default_dropped", 'op.alter_column("users", "id", server_default=None)')
case("nullable_again", 'op.alter_column("users", "name", nullable=True)')
case("not_null_plain", 'op.alter_column("users", "email", nullable=False)')
case(
    "not_null_primary_key_already",
    'op.execute("ALTER TABLE users ALTER COLUMN id SET NOT NULL")',
)
case("not_null_already", 'op.alter_column("users", "name", nullable=False)')
case(
    "not_null_proved_by_check",
    """
    op.alter_column("users", "email", nullable=False)
    op.drop_constraint("email_there", "users")
    """,
    before="""
    op.execute("ALTER TABLE users ADD CONSTRAINT email_there CHECK (email IS NOT NULL) NOT VALID")
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE users VALIDATE CONSTRAINT email_there")
    """,
)
case(
    "not_null_check_not_validated",
    'op.alter_column("users", "email", nullable=False)',
    before='op.execute("ALTER TABLE users ADD CONSTRAINT email_there CHECK (email IS NOT NULL) NOT VALID")',
)
case(
    "not_null_check_of_another_column",
    'op.alter_column("users", "email", nullable=False)',
    before='op.execute("ALTER TABLE users ADD CONSTRAINT code_there CHECK (code IS NOT NULL)")',
)
case(
    "not_null_proved_by_conjunction",
    'op.alter_column("users", "email", nullable=False)',
    before='op.execute("ALTER TABLE users ADD CONSTRAINT there CHECK (email IS NOT NULL AND code IS NOT NULL)")',
)
case(
    "not_null_whole_way_in_one_transaction",
    """
    op.execute("ALTER TABLE users ADD CONSTRAINT email_there CHECK (email IS NOT NULL) NOT VALID")
    op.execute("ALTER TABLE users VALIDATE CONSTRAINT email_there")
    op.execute("ALTER TABLE users ALTER email SET NOT NULL")
    op.execute("ALTER TABLE users DROP CONSTRAINT email_there")
    """,
)
case(
    "not_null_whole_way_in_steps",
    """
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE users ADD CONSTRAINT email_there CHECK (email IS NOT NULL) NOT VALID")
        op.execute("ALTER TABLE users VALIDATE CONSTRAINT email_there")
        op.execute("ALTER TABLE users ALTER email SET NOT NULL")
        op.execute("ALTER TABLE users DROP CONSTRAINT email_there")
    """,
)
case(
    "statistics_and_storage",
    """
    op.execute("ALTER TABLE users ALTER COLUMN email SET STATISTICS 500")
    op.execute("ALTER TABLE users ALTER COLUMN note SET STORAGE EXTERNAL")
    op.execute("ALTER TABLE users SET (fillfactor = 80)")
    """,
)
case(
    "comments",
    """
    op.create_table_comment("users", "Those who may log in")
    op.alter_column("users", "email", comment="confirmed")
    """,
)
case("unlogged", 'op.execute("ALTER TABLE orders SET UNLOGGED")')
case(
    "expression_of_generated_dropped",
    'op.execute("ALTER TABLE users ALTER COLUMN twice DROP EXPRESSION")',
    before="""
op.execute("ALTER TABLE users ADD COLUMN twice int GENERATED ALWAYS AS (age * 2) STORED")
""",
)
