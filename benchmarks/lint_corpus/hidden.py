"""Changes on PostgreSQL that a reader of the file doesn't see at once: helpers, loops, texts and blocks of code."""

from __future__ import annotations

from benchmarks.lint_corpus.case import POSTGRESQL, Case, maker

CASES: list[Case] = []
case = maker(POSTGRESQL, CASES)

case(
    "helper_makes_an_index",
    'indexed("users", "email")',
    head="""

    def indexed(table, column):
        op.execute(f"CREATE INDEX by_{column} ON {table} ({column})")

    """,
)
case(
    "helper_makes_an_index_concurrently",
    'indexed("users", "email")',
    head="""

    def indexed(table, column):
        with op.get_context().autocommit_block():
            op.execute(f"CREATE INDEX CONCURRENTLY by_{column} ON {table} ({column})")

    """,
)
case(
    "loop_over_tables_not_null",
    """
    for table, column in (("users", "email"), ("orders", "status")):
        op.alter_column(table, column, nullable=False)
    """,
)
case(
    "loop_over_tables_columns",
    """
    for table in ("users", "orders", "teams"):
        op.add_column(table, sa.Column("tenant", sa.Integer(), server_default="0", nullable=False))
    """,
)
case(
    "loop_over_inspected_tables",
    """
    for table in sa.inspect(op.get_bind()).get_table_names():
        if table != "alembic_version":
            op.execute(f"ALTER TABLE {table} ADD COLUMN uid uuid DEFAULT gen_random_uuid()")
    """,
)
case(
    "loop_over_inspected_columns_harmless",
    """
    for column in sa.inspect(op.get_bind()).get_columns("users"):
        if isinstance(column["type"], sa.Text):
            op.execute(f"COMMENT ON COLUMN users.{column['name']} IS 'free text'")
    """,
)
case("sql_of_a_constant", "op.execute(SQL)", head='SQL = "ALTER TABLE users ALTER COLUMN age TYPE bigint"\n')
case(
    "sql_of_a_constant_harmless",
    "op.execute(SQL)",
    head='SQL = "ALTER TABLE users ALTER COLUMN email TYPE varchar(200)"\n',
)
case(
    "sql_of_a_decoded_text",
    "for line in base64.b64decode(SQL).decode().splitlines():\n    op.execute(line)",
    head='import base64\n\nSQL = "QUxURVIgVEFCTEUgdXNlcnMgQUREIENIRUNLIChhZ2UgPCAyMDAp"\n',
)
case(
    "block_rewrites",
    """
    op.execute('''
        DO $$
        BEGIN
            EXECUTE 'ALTER TABLE users ALTER COLUMN age TYPE ' || 'bigint';
        END $$
    ''')
    """,
)
case(
    "block_makes_an_index_if_missing",
    """
    op.execute('''
        DO $$
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_class WHERE relname = 'by_email') THEN
                CREATE INDEX by_email ON users (email);
            END IF;
        END $$
    ''')
    """,
)
case(
    "block_finds_the_index",
    """
    op.execute('''
        DO $$
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_class WHERE relname = 'by_email') THEN
                CREATE INDEX by_email ON users (email);
            END IF;
        END $$
    ''')
    """,
    before='op.create_index("by_email", "users", ["email"])',
)
case(
    "block_adds_a_column",
    """
    op.execute('''
        DO $$
        BEGIN
            ALTER TABLE users ADD COLUMN level int NOT NULL DEFAULT 0;
        EXCEPTION WHEN duplicate_column THEN
            RAISE NOTICE 'UPDATE users SET level = 0';
        END $$
    ''')
    """,
)
case(
    "block_updates_all",
    """
    op.execute('''
        DO $$
        DECLARE part record;
        BEGIN
            FOR part IN SELECT id FROM users LOOP
                UPDATE users SET note = 'n' WHERE id = part.id;
            END LOOP;
        END $$
    ''')
    """,
)
case(
    "block_creates_a_role_if_missing",
    """
    op.execute('''
        DO $$
        BEGIN
            PERFORM 1 FROM pg_roles WHERE rolname = 'nobody_here';
            IF FOUND THEN
                CREATE INDEX by_email ON users (email);
            END IF;
        END $$
    ''')
    """,
)
case(
    "function_that_updates_all",
    'op.execute("SELECT renumber()")',
    before='''
    op.execute("""
        CREATE FUNCTION renumber() RETURNS void LANGUAGE sql AS 'UPDATE orders SET amount = amount + 1'
    """)
    ''',
)
case(
    "function_made_only",
    '''
    op.execute("""
        CREATE FUNCTION renumber() RETURNS void LANGUAGE sql AS 'UPDATE orders SET amount = amount + 1'
    """)
    ''',
)
case(
    "comment_that_looks_like_a_statement",
    """
    op.execute('''
        -- ALTER TABLE users ALTER COLUMN age TYPE bigint
        /* CREATE INDEX by_email ON users (email); */
        ALTER TABLE users ADD COLUMN level int
    ''')
    """,
)
case(
    "text_that_looks_like_a_statement",
    "op.execute(\"COMMENT ON TABLE users IS 'UPDATE users SET age = 1; CREATE INDEX x ON users (age)'\")",
)
case(
    "several_statements_in_one_text",
    """
    op.execute("ALTER TABLE users ADD COLUMN level int; CREATE INDEX by_level ON users (level)")
    """,
)
case(
    "several_statements_in_one_text_harmless",
    """
    op.execute("ALTER TABLE users ADD COLUMN level int; ALTER TABLE users ALTER level SET DEFAULT 1")
    """,
)
case(
    "by_the_connection",
    """
    bind = op.get_bind()
    bind.exec_driver_sql("ALTER TABLE orders ADD CONSTRAINT to_user FOREIGN KEY (user_id) REFERENCES users (id)")
    """,
)
case(
    "by_the_driver",
    """
    cursor = op.get_bind().connection.cursor()
    cursor.execute("CREATE INDEX by_status ON orders (status)")
    cursor.close()
    """,
)
case(
    "by_metadata",
    """
    metadata = sa.MetaData()
    users = sa.Table("users", metadata, autoload_with=op.get_bind())
    sa.Index("by_code", users.c.code).create(op.get_bind())
    """,
)
case(
    "table_made_by_metadata",
    """
    metadata = sa.MetaData()
    visits = sa.Table("visits", metadata, sa.Column("id", sa.Integer(), primary_key=True), sa.Column("day", sa.Date()))
    metadata.create_all(op.get_bind())
    sa.Index("by_day", visits.c.day).create(op.get_bind())
    """,
)
case(
    "by_the_orm",
    """
    session = Session(op.get_bind())
    for user in session.query(User):
        user.note = "n"
    session.flush()
    """,
    head="""
    from sqlalchemy.orm import Session, declarative_base

    Base = declarative_base()


    class User(Base):
        __tablename__ = "users"
        id = sa.Column(sa.Integer, primary_key=True)
        note = sa.Column(sa.Text)

    """,
)
case(
    "by_batch",
    """
    with op.batch_alter_table("users") as batch:
        batch.alter_column("age", type_=sa.BigInteger())
        batch.add_column(sa.Column("level", sa.Integer()))
    """,
)
case(
    "by_batch_harmless",
    """
    with op.batch_alter_table("users") as batch:
        batch.alter_column("email", type_=sa.String(250))
        batch.add_column(sa.Column("level", sa.Integer()))
    """,
)
case(
    "condition_that_holds",
    """
    columns = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("users")}
    if "email" in columns:
        op.alter_column("users", "email", nullable=False)
    """,
)
case(
    "condition_that_does_not_hold",
    """
    columns = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("users")}
    if "email" not in columns:
        op.alter_column("users", "email", nullable=False)
    """,
)
case(
    "other_schema_new_table",
    """
    op.execute("CREATE SCHEMA reports")
    op.execute("CREATE TABLE reports.users (id int, day date)")
    op.execute("CREATE INDEX by_day ON reports.users (day)")
    op.execute("UPDATE reports.users SET day = now()")
    """,
)
case(
    "temporary_table",
    """
    op.execute("CREATE TEMPORARY TABLE chosen AS SELECT id FROM users WHERE age = 3")
    op.execute("CREATE INDEX ON chosen (id)")
    op.execute("DELETE FROM chosen")
    """,
)
