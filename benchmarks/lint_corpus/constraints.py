"""Constraints of PostgreSQL."""

from __future__ import annotations

from benchmarks.lint_corpus.case import POSTGRESQL, Case, maker

CASES: list[Case] = []
case = maker(POSTGRESQL, CASES)

KEY = 'op.create_foreign_key("to_user", "orders", "users", ["user_id"], ["id"]'

case("check_plain", 'op.create_check_constraint("age_sane", "users", "age < 200")')
case("check_not_valid", 'op.create_check_constraint("age_sane", "users", "age < 200", postgresql_not_valid=True)')
case(
    "check_not_valid_then_validated_in_one_transaction",
    """
    op.execute("ALTER TABLE users ADD CONSTRAINT age_sane CHECK (age < 200) NOT VALID")
    op.execute("ALTER TABLE users VALIDATE CONSTRAINT age_sane")
    """,
)
case(
    "check_not_valid_then_validated_apart",
    """
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE users ADD CONSTRAINT age_sane CHECK (age < 200) NOT VALID")
        op.execute("ALTER TABLE users VALIDATE CONSTRAINT age_sane")
    """,
)
case(
    "check_validated",
    'op.execute("ALTER TABLE users VALIDATE CONSTRAINT age_sane")',
    before='op.execute("ALTER TABLE users ADD CONSTRAINT age_sane CHECK (age < 200) NOT VALID")',
)
case("foreign_key_plain", f"{KEY})")
case("foreign_key_not_valid", f"{KEY}, postgresql_not_valid=True)")
case(
    "foreign_key_validated",
    'op.execute("ALTER TABLE orders VALIDATE CONSTRAINT to_user")',
    before=f"{KEY}, postgresql_not_valid=True)",
)
case(
    "foreign_key_whole_way_in_one_transaction",
    f"""
    {KEY}, postgresql_not_valid=True)
    op.execute("ALTER TABLE orders VALIDATE CONSTRAINT to_user")
    """,
)
case(
    "foreign_key_of_a_new_table",
    """
    op.create_table(
        "visits",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("user_id", sa.Integer(), sa.ForeignKey("users.id")),
    )
    """,
)
case(
    "foreign_key_of_a_new_column",
    """
    op.add_column("orders", sa.Column("team_id", sa.Integer(), sa.ForeignKey("teams.id")))
    """,
)
case(
    "foreign_key_dropped",
    'op.drop_constraint("to_user", "orders", type_="foreignkey")',
    before=f"{KEY})",
)
case(
    "check_dropped",
    'op.drop_constraint("age_sane", "users")',
    before="""
op.create_check_constraint("age_sane", "users", "age < 200")
""",
)
case("constraint_renamed", 'op.execute("ALTER TABLE users RENAME CONSTRAINT users_pkey TO pk_users")')
case("unique_plain", 'op.create_unique_constraint("one_email", "users", ["email"])')
case(
    "unique_using_index",
    'op.execute("ALTER TABLE users ADD CONSTRAINT one_email UNIQUE USING INDEX by_email")',
    before='op.create_index("by_email", "users", ["email"], unique=True)',
)
case(
    "unique_whole_way",
    """
    with op.get_context().autocommit_block():
        op.execute("CREATE UNIQUE INDEX CONCURRENTLY by_email ON users (email)")
    op.execute("ALTER TABLE users ADD CONSTRAINT one_email UNIQUE USING INDEX by_email")
    """,
)
case(
    "primary_key_replaced",
    """
    op.execute("ALTER TABLE orders DROP CONSTRAINT orders_pkey")
    op.create_primary_key("orders_pkey", "orders", ["id"])
    """,
)
case(
    "primary_key_using_index",
    """
    op.execute("ALTER TABLE orders DROP CONSTRAINT orders_pkey, ADD PRIMARY KEY USING INDEX by_id")
    """,
    before='op.create_index("by_id", "orders", ["id"], unique=True)',
)
case(
    "exclusion",
    """
    op.execute("ALTER TABLE users ADD CONSTRAINT apart EXCLUDE USING btree (id WITH =)")
    """,
)
case(
    "constraint_deferrable",
    'op.execute("ALTER TABLE orders ALTER CONSTRAINT to_user DEFERRABLE INITIALLY DEFERRED")',
    before=f"{KEY})",
)
case(
    "foreign_key_to_a_new_table",
    """
    op.create_table("kinds", sa.Column("id", sa.Integer(), primary_key=True))
    op.add_column("orders", sa.Column("kind_id", sa.Integer()))
    op.create_foreign_key("to_kind", "orders", "kinds", ["kind_id"], ["id"])
    """,
)
case(
    "check_no_inherit_not_valid",
    'op.execute("ALTER TABLE users ADD CHECK (age < 200) NO INHERIT NOT VALID")',
)
case(
    "several_in_one_statement",
    "op.execute(\"ALTER TABLE users ADD COLUMN nick text, ALTER COLUMN code SET DEFAULT 'x', ADD CHECK (age < 200)\")",
)
case(
    "several_harmless_in_one_statement",
    """
    op.execute(
        "ALTER TABLE users ADD COLUMN nick text, ALTER COLUMN code SET DEFAULT 'x', ADD CHECK (age < 200) NOT VALID"
    )
    """,
)
