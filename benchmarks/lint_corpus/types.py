"""Types of PostgreSQL's columns."""

from __future__ import annotations

from benchmarks.lint_corpus.case import POSTGRESQL, Case, maker

CASES: list[Case] = []
case = maker(POSTGRESQL, CASES)

case("varchar_wider", 'op.alter_column("users", "name", type_=sa.String(200))')
case("varchar_to_text", 'op.alter_column("users", "email", type_=sa.Text())')
case("varchar_without_length", 'op.alter_column("users", "email", type_=sa.String())')
case("varchar_narrower", 'op.alter_column("users", "email", type_=sa.String(100))')
case("text_to_varchar", 'op.alter_column("users", "note", type_=sa.String(500))')
case("text_to_varchar_without_length", 'op.alter_column("users", "note", type_=sa.String())')
case(
    "varchar_wider_with_index",
    'op.alter_column("users", "name", type_=sa.String(200))',
    before='op.create_index("by_name", "users", ["name"])',
)
case(
    "varchar_wider_with_check",
    'op.alter_column("users", "name", type_=sa.String(200))',
    before='op.create_check_constraint("name_there", "users", "name <> \'\'")',
)
case(
    "varchar_wider_with_partial_index",
    'op.alter_column("users", "name", type_=sa.String(200))',
    before="op.execute(\"CREATE INDEX by_name ON users (name) WHERE name <> ''\")",
)
case("integer_to_bigint", 'op.alter_column("orders", "user_id", type_=sa.BigInteger())')
case("primary_key_to_bigint", 'op.alter_column("users", "id", type_=sa.BigInteger())')
case("integer_to_text", 'op.alter_column("users", "age", type_=sa.Text(), postgresql_using="age::text")')
case("numeric_more_digits", 'op.alter_column("users", "score", type_=sa.Numeric(12, 2))')
case("numeric_more_scale", 'op.alter_column("users", "score", type_=sa.Numeric(12, 4))')
case("numeric_without_limit", 'op.alter_column("users", "score", type_=sa.Numeric())')
case("numeric_fewer_digits", 'op.alter_column("users", "score", type_=sa.Numeric(7, 2))')
case(
    "timestamp_to_timestamptz_plain",
    'op.alter_column("users", "created", type_=sa.DateTime(timezone=True))',
    before="""
    name = op.get_bind().engine.url.database
    op.execute(f"ALTER DATABASE {name} SET timezone = 'Europe/Berlin'")
    """,
)
case(
    "timestamp_to_timestamptz_in_utc",
    """
    op.execute("SET LOCAL timezone = 'UTC'")
    op.alter_column("users", "created", type_=sa.DateTime(timezone=True))
    """,
)
case(
    "timestamptz_to_timestamp_in_utc",
    """
    op.execute("SET LOCAL timezone = 'UTC'")
    op.alter_column("users", "seen", type_=sa.DateTime())
    """,
)
case(
    "timestamp_at_time_zone",
    """
    op.execute("ALTER TABLE users ALTER created TYPE timestamptz USING created AT TIME ZONE 'UTC'")
    """,
)
case("timestamp_less_precise", 'op.execute("ALTER TABLE users ALTER created TYPE timestamp(0)")')
case(
    "varchar_to_enum",
    """
    op.execute("CREATE TYPE state AS ENUM ('new', 'paid')")
    op.execute("ALTER TABLE orders ALTER status TYPE state USING status::state")
    """,
)
case(
    "enum_add_value",
    """
    with op.get_context().autocommit_block():
        op.execute("ALTER TYPE state ADD VALUE 'sent'")
    """,
    before="""
    op.execute("CREATE TYPE state AS ENUM ('new', 'paid')")
    op.execute("ALTER TABLE orders ALTER status TYPE state USING status::state")
    """,
)
case(
    "enum_rename_value",
    "op.execute(\"ALTER TYPE state RENAME VALUE 'paid' TO 'settled'\")",
    before="""
    op.execute("CREATE TYPE state AS ENUM ('new', 'paid')")
    op.execute("ALTER TABLE orders ALTER status TYPE state USING status::state")
    """,
)
case(
    "enum_to_text",
    'op.execute("ALTER TABLE orders ALTER status TYPE text")',
    before="""
    op.execute("CREATE TYPE state AS ENUM ('new', 'paid')")
    op.execute("ALTER TABLE orders ALTER status TYPE state USING status::state")
    """,
)
case(
    "text_to_domain_plain",
    'op.execute("ALTER TABLE users ALTER note TYPE long_text")',
    before='op.execute("CREATE DOMAIN long_text AS text")',
)
case(
    "text_to_domain_checked",
    'op.execute("ALTER TABLE users ALTER note TYPE long_text")',
    before='op.execute("CREATE DOMAIN long_text AS text CHECK (length(VALUE) < 10000)")',
)
case(
    "domain_add_constraint",
    'op.execute("ALTER DOMAIN years ADD CONSTRAINT sane CHECK (VALUE < 200)")',
    before="""
    op.execute("CREATE DOMAIN years AS int")
    op.execute("ALTER TABLE users ALTER age TYPE years")
    """,
)
case(
    "domain_add_constraint_not_valid",
    'op.execute("ALTER DOMAIN years ADD CONSTRAINT sane CHECK (VALUE < 200) NOT VALID")',
    before="""
    op.execute("CREATE DOMAIN years AS int")
    op.execute("ALTER TABLE users ALTER age TYPE years")
    """,
)
case(
    "domain_of_no_column",
    'op.execute("ALTER DOMAIN years ADD CONSTRAINT sane CHECK (VALUE < 200)")',
    before='op.execute("CREATE DOMAIN years AS int")',
)
case(
    "domain_set_not_null",
    'op.execute("ALTER DOMAIN years SET NOT NULL")',
    before="""
    op.execute("CREATE DOMAIN years AS int")
    op.execute("ALTER TABLE users ALTER age TYPE years")
    """,
)
case(
    "same_type_again",
    'op.alter_column("users", "name", type_=sa.String(50), existing_type=sa.String(50))',
)
case("collation_changed", "op.execute('ALTER TABLE users ALTER name TYPE varchar(50) COLLATE \"C\"')")
case(
    "collation_changed_with_index",
    "op.execute('ALTER TABLE users ALTER name TYPE varchar(50) COLLATE \"C\"')",
    before='op.create_index("by_name", "users", ["name"])',
)
