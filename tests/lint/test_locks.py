"""What the rules about locks say of revisions, given what the revisions before them made."""

from __future__ import annotations

import textwrap
from typing import NamedTuple

import pytest

from ellar_db.testing import Project
from tests.support.documents import document

REVISION = '''"""{id}."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql, postgresql

revision = "{id}"
down_revision = {down!r}
irreversible = "a test"


def upgrade():
{body}
'''

URLS = {
    "postgresql": "postgresql+psycopg://nobody@127.0.0.1:9/none",
    "mysql": "mysql+pymysql://nobody@127.0.0.1:9/none",
    "sqlite": "sqlite:///none.db",
}

TABLE = """
op.create_table(
    "{t}", sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.String(20)), sa.Column("b", sa.Integer)
)
op.create_table("{t}_other", sa.Column("id", sa.Integer, primary_key=True))
"""


class Case(NamedTuple):
    """A revision, and the codes of what is found in it.

    Args:
        name: Its id, and the name of its table.
        body: What it does with `{t}`, which has id, a VARCHAR(20) and b INTEGER, and `{t}_other`.
        codes: The codes, in order.
        before: What else the revision before it does.
    """

    name: str
    body: str
    codes: str = ""
    before: str = ""


def sql(text: str) -> str:
    return f"op.execute({text!r})"


def outside(text: str) -> str:
    return f"with op.get_context().autocommit_block():\n{textwrap.indent(text, '    ')}"


INDEX = 'op.create_index("ix_{t}", "{t}", ["a"])'
CONCURRENTLY = 'op.create_index("ix_{t}", "{t}", ["a"], postgresql_concurrently=True)'
CHECK = "ALTER TABLE {t} ADD CONSTRAINT {t}_a CHECK (a IS NOT NULL) NOT VALID"
VALIDATE = sql("ALTER TABLE {t} VALIDATE CONSTRAINT {t}_a")
NOT_NULL = 'op.alter_column("{t}", "a", nullable=False)'
FOREIGN = 'op.create_foreign_key("{t}_b", "{t}", "{t}_other", ["b"], ["id"]'


def add(column: str) -> str:
    return f'op.add_column("{{t}}", {column})'


NEW = add('sa.Column("n", sa.Integer)')

POSTGRESQL = [
    # indexes
    Case("index", INDEX, "DB301"),
    Case("index_concurrently", outside(CONCURRENTLY)),
    Case("index_concurrently_inside", CONCURRENTLY, "DB205"),
    Case("index_in_sql", sql("CREATE INDEX i1 ON {t} (a)"), "DB301"),
    Case(
        "index_in_a_block",
        sql("DO $$ BEGIN IF true THEN EXECUTE 'CREATE INDEX i2 ON {t} (a)'; END IF; END $$"),
        "DB301",
    ),
    Case(
        "index_in_a_loop",
        'for name in ("a", "b"):\n    op.create_index(f"l_{{name}}_{t}", "{t}", [name])',
        "DB301",
    ),
    Case("index_of_a_new_table", 'op.create_table("n1", sa.Column("a", sa.Integer, index=True))'),
    Case("unique", 'op.create_unique_constraint("uq_{t}", "{t}", ["b"])', "DB203 DB301"),
    Case("unique_using_index", sql("ALTER TABLE {t} ADD CONSTRAINT u1 UNIQUE USING INDEX u1")),
    Case("exclusion", sql("ALTER TABLE {t} ADD EXCLUDE USING gist (b WITH =)"), "DB301"),
    Case("dropped_index", sql("DROP INDEX i3")),
    # rewrites
    Case("volatile", add('sa.Column("u", sa.Uuid, server_default=sa.func.gen_random_uuid())'), "DB302"),
    Case(
        "volatile_function",
        add('sa.Column("u", sa.Text, server_default=sa.text("own_value()"))'),
        "DB302",
        sql("CREATE FUNCTION own_value() RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$"),
    ),
    Case(
        "stable_function",
        add('sa.Column("u", sa.Text, server_default=sa.text("same_value()"))'),
        "",
        sql("CREATE FUNCTION same_value() RETURNS text LANGUAGE sql STABLE AS $$ SELECT 'x' $$"),
    ),
    Case("constant", add('sa.Column("u", sa.Text, nullable=False, server_default="x")')),
    Case("now", add('sa.Column("u", sa.DateTime, server_default=sa.func.now())')),
    Case("serial", sql("ALTER TABLE {t} ADD COLUMN n BIGSERIAL"), "DB302"),
    Case("identity", add('sa.Column("n", sa.Integer, sa.Identity(), nullable=False)'), "DB302"),
    Case("stored", add('sa.Column("n", sa.Integer, sa.Computed("b + 1", persisted=True))'), "DB302"),
    Case(
        "domain",
        sql("ALTER TABLE {t} ADD COLUMN d positive"),
        "DB302",
        sql("CREATE DOMAIN positive AS integer CHECK (VALUE > 0)"),
    ),
    Case("plain_domain", sql("ALTER TABLE {t} ADD COLUMN d plain"), "", sql("CREATE DOMAIN plain AS integer")),
    Case("bigger_integer", 'op.alter_column("{t}", "b", type_=sa.BigInteger())', "DB302"),
    Case("longer_text", 'op.alter_column("{t}", "a", type_=sa.String(50))'),
    Case("any_text", sql("ALTER TABLE {t} ALTER COLUMN a TYPE text")),
    Case("shorter_text", sql("ALTER TABLE {t} ALTER COLUMN a TYPE varchar(10)"), "DB302"),
    Case(
        "text_with_a_check",
        sql("ALTER TABLE {t} ALTER COLUMN a TYPE text"),
        "DB303",
        sql("ALTER TABLE {t} ADD CONSTRAINT long CHECK (length(a) > 3)"),
    ),
    Case(
        "type_known_by_the_operation", 'op.alter_column("elsewhere", "x", type_=sa.Text(), existing_type=sa.String(9))'
    ),
    Case("type_unknown", sql("ALTER TABLE elsewhere ALTER COLUMN y TYPE text"), "DB302"),
    Case("zone", sql("ALTER TABLE {t} ALTER at TYPE timestamptz"), "DB302", sql("ALTER TABLE {t} ADD at timestamp")),
    Case(
        "zone_of_utc",
        sql("SET timezone = 'UTC'") + "\n" + sql("ALTER TABLE {t} ALTER at TYPE timestamptz"),
        "",
        sql("ALTER TABLE {t} ADD at timestamp"),
    ),
    Case(
        "numeric", sql("ALTER TABLE {t} ALTER n TYPE numeric(12, 2)"), "", sql("ALTER TABLE {t} ADD n numeric(10, 2)")
    ),
    Case(
        "numeric_scale",
        sql("ALTER TABLE {t} ALTER n TYPE numeric(12, 4)"),
        "DB302",
        sql("ALTER TABLE {t} ADD n numeric(10, 2)"),
    ),
    Case("using", sql("ALTER TABLE {t} ALTER a TYPE text USING upper(a)"), "DB302"),
    Case("using_a_cast", sql("ALTER TABLE {t} ALTER a TYPE text USING a::text")),
    Case("unlogged", sql("ALTER TABLE {t} SET UNLOGGED"), "DB302"),
    # rows read
    Case("not_null", NOT_NULL, "DB202 DB303"),
    Case("not_null_proved", NOT_NULL, "DB202", f"{sql(CHECK)}\n{VALIDATE}"),
    Case("not_null_not_proved", NOT_NULL, "DB202 DB303", sql(CHECK)),
    Case("check", 'op.create_check_constraint("c", "{t}", "b > 0")', "DB303"),
    Case("check_not_valid", sql(CHECK)),
    Case("validated", VALIDATE, "", sql(CHECK)),
    Case("validated_at_once", f"{sql(CHECK)}\n{VALIDATE}", "DB306"),
    Case("partition", sql("ALTER TABLE {t} ATTACH PARTITION {t}_other FOR VALUES FROM (1) TO (2)"), "DB303"),
    Case(
        "partition_proved",
        sql("ALTER TABLE {t} ATTACH PARTITION {t}_other FOR VALUES FROM (1) TO (2)"),
        "",
        sql("ALTER TABLE {t}_other ADD CONSTRAINT bounds CHECK (id >= 1 AND id < 2)"),
    ),
    Case("foreign_key", f"{FOREIGN})", "DB304"),
    Case("foreign_key_not_valid", f"{FOREIGN}, postgresql_not_valid=True)", "DB204"),
    Case("foreign_key_of_a_new_column", add('sa.Column("o", sa.Integer, sa.ForeignKey("{t}_other.id"))'), "DB304"),
    Case("foreign_key_within_a_new_column", sql("ALTER TABLE {t} ADD COLUMN o integer REFERENCES {t}_other (id)")),
    Case(
        "domain_check",
        sql("ALTER DOMAIN dom ADD CHECK (VALUE > 0)"),
        "DB304",
        sql("CREATE DOMAIN dom AS integer") + "\n" + sql("ALTER TABLE {t} ADD COLUMN d dom"),
    ),
    # rows changed
    Case("update", sql("UPDATE {t} SET b = 1"), "DB305"),
    Case("update_some", sql("UPDATE {t} SET b = 1 WHERE id = 3")),
    Case("update_where_true", sql("UPDATE {t} SET b = 1 WHERE true"), "DB305"),
    Case("update_new_column", NEW + "\n" + sql("UPDATE {t} SET n = b WHERE n IS NULL"), "DB306"),
    Case("update_after_a_commit", NEW + "\n" + outside(sql("UPDATE {t} SET n = b WHERE id < 9"))),
    Case("update_by_connection", 'op.get_bind().execute(sa.text("UPDATE {t} SET b = 1"))', "DB305 DB604"),
    Case("delete", sql("DELETE FROM {t}"), "DB104 DB305"),
    Case("truncate", sql("TRUNCATE TABLE {t}"), "DB104"),
    Case("copied_after_a_lock", NEW + "\n" + sql("INSERT INTO {t}_other SELECT id FROM {t}"), "DB306"),
    Case("rows_of_a_new_table", 'op.create_table("n2", sa.Column("a", sa.Integer))\n' + sql("UPDATE n2 SET a = 1")),
    # the rest
    Case("reindex", sql("REINDEX TABLE {t}"), "DB307"),
    Case("reindex_concurrently", outside(sql("REINDEX TABLE CONCURRENTLY {t}"))),
    Case("refresh", sql("REFRESH MATERIALIZED VIEW v"), "DB307"),
    Case("json", add('sa.Column("j", sa.JSON)'), "DB403"),
    Case("renamed", 'op.alter_column("{t}", "a", new_column_name="z")', "DB501"),
    Case("renamed_table", 'op.rename_table("{t}", "{t}_z")', "DB501"),
    Case("renamed_new_column", NEW + '\nop.alter_column("{t}", "n", new_column_name="m")'),
    Case("long_name", sql("ALTER TABLE {t} ADD COLUMN " + "x" * 64 + " integer"), "DB603"),
    Case("dropped_column_in_sql", sql("ALTER TABLE {t} DROP COLUMN a"), "DB102"),
    Case("dropped_table_in_sql", sql("DROP TABLE {t}_other"), "DB101"),
    Case("required_column_in_sql", sql("ALTER TABLE {t} ADD COLUMN r integer NOT NULL"), "DB201"),
    Case("comment", sql("COMMENT ON TABLE {t} IS 'ALTER TABLE {t} ALTER a SET NOT NULL'")),
    Case("trigger", sql("CREATE TRIGGER tr BEFORE INSERT ON {t} EXECUTE FUNCTION f()")),
    # as far as the revisions before tell
    Case("steps_in_an_autocommit_block", outside(sql(CHECK) + "\n" + VALIDATE + "\n" + NOT_NULL)),
    Case("index_that_is_there", sql("CREATE INDEX IF NOT EXISTS i9 ON {t} (a)"), "", sql("CREATE INDEX i9 ON {t} (a)")),
    Case(
        "partial_index_of_a_longer_text",
        'op.alter_column("{t}", "a", type_=sa.String(50))',
        "DB301",
        sql("CREATE INDEX i8 ON {t} (b) WHERE a <> ''"),
    ),
    Case(
        "plain_domain_of_the_type",
        sql("ALTER TABLE {t} ALTER a TYPE long_a"),
        "",
        sql("CREATE DOMAIN long_a AS varchar(30)"),
    ),
    Case("collation", sql('ALTER TABLE {t} ALTER a TYPE varchar(20) COLLATE "C"')),
    Case("foreign_key_of_a_new_table", 'op.create_table("n3", sa.Column("a", sa.Integer, sa.ForeignKey("{t}.id")))'),
    Case("update_found_by_the_key", NEW + "\n" + sql("UPDATE {t} SET n = 1 WHERE id = 7")),
    Case("update_that_reads_all", NEW + "\n" + sql("UPDATE {t} SET n = 1 WHERE a = 'x'"), "DB306"),
    Case("update_with_a_useless_condition", sql("UPDATE {t} SET b = 1 WHERE id > 0"), "DB305"),
    Case("query_after_a_lock", sql("LOCK TABLE {t} IN SHARE MODE") + "\n" + sql("SELECT count(*) FROM {t}"), "DB306"),
    Case("query", sql("SELECT count(*) FROM {t}")),
    Case("locked_rows", sql("SELECT id FROM {t} FOR UPDATE"), "DB305"),
    Case("table_of_a_query", NEW + "\n" + sql("CREATE TABLE n4 AS SELECT a FROM {t}"), "DB306"),
    Case("moved_rows", 'op.rename_table("{t}", "{t}_z")\n' + sql("INSERT INTO n5 SELECT * FROM {t}_z"), "DB306 DB501"),
    Case(
        "rows_in_a_loop",
        sql("DO $$ BEGIN FOR r IN SELECT id FROM {t} LOOP UPDATE {t} SET b = 1 WHERE id = r.id; END LOOP; END $$"),
        "DB305",
    ),
    Case(
        "function",
        sql("SELECT renumber()"),
        "DB305",
        sql("CREATE FUNCTION renumber() RETURNS void LANGUAGE sql AS 'UPDATE {t} SET b = 1'"),
    ),
    Case("cursor", 'op.get_bind().connection.cursor().execute("CREATE INDEX i7 ON {t} (a)")', "DB301 DB604"),
    Case("inspected", 'if sa.inspect(op.get_bind()).has_table("{t}"):\n    ' + INDEX, "DB301 DB604"),
    Case(
        "inspected_columns",
        'for column in sa.inspect(op.get_bind()).get_columns("{t}_other"):\n'
        '    op.alter_column("{t}_other", column["name"], type_=sa.BigInteger())',
        "DB302 DB604",
    ),
    Case("inspected_and_not_there", 'if sa.inspect(op.get_bind()).has_table("gone"):\n    ' + INDEX, "DB604"),
    Case(
        "batch",
        'with op.batch_alter_table("{t}") as batch_op:\n    batch_op.alter_column("b", type_=sa.BigInteger())',
        "DB302",
    ),
    Case(
        "partition_beside_a_default",
        sql("CREATE TABLE p_1 PARTITION OF p FOR VALUES IN (1)"),
        "DB303",
        sql("CREATE TABLE p (a int) PARTITION BY LIST (a)") + "\n" + sql("CREATE TABLE p_d PARTITION OF p DEFAULT"),
    ),
]

POSTGRESQL += [
    Case("unique_within_a_new_column", sql("ALTER TABLE {t} ADD c integer UNIQUE"), "DB301"),
    Case("check_within_a_new_column", sql("ALTER TABLE {t} ADD c integer CHECK (c > 0)"), "DB303"),
    Case(
        "key_of_an_index_with_nulls",
        sql("ALTER TABLE {t}_k ADD PRIMARY KEY USING INDEX k1"),
        "DB303",
        sql("CREATE TABLE {t}_k (a integer)") + "\n" + sql("CREATE UNIQUE INDEX k1 ON {t}_k (a)"),
    ),
    Case(
        "key_of_an_index",
        sql("ALTER TABLE {t}_k ADD PRIMARY KEY USING INDEX k2"),
        "",
        sql("CREATE TABLE {t}_k (a integer NOT NULL)") + "\n" + sql("CREATE UNIQUE INDEX k2 ON {t}_k (a)"),
    ),
    Case("network", sql("ALTER TABLE {t} ALTER n TYPE inet"), "", sql("ALTER TABLE {t} ADD n cidr")),
    Case("fixed_text", sql("ALTER TABLE {t} ALTER n TYPE char(9)"), "DB302", sql("ALTER TABLE {t} ADD n char(5)")),
    Case("precision", sql("ALTER TABLE {t} ALTER n TYPE timestamp(6)"), "", sql("ALTER TABLE {t} ADD n timestamp(3)")),
    Case(
        "less_precision",
        sql("ALTER TABLE {t} ALTER n TYPE interval(1)"),
        "DB302",
        sql("ALTER TABLE {t} ADD n interval(3)"),
    ),
    Case("any_number", sql("ALTER TABLE {t} ALTER n TYPE numeric"), "", sql("ALTER TABLE {t} ADD n decimal(9, 2)")),
    Case("another_name", sql("ALTER TABLE {t} ALTER n TYPE int4"), "", sql("ALTER TABLE {t} ADD n integer")),
    Case("tablespace", sql("ALTER TABLE {t} SET TABLESPACE fast"), "DB302"),
    Case(
        "domain_check_not_valid",
        sql("ALTER DOMAIN dom2 ADD CHECK (VALUE > 0) NOT VALID"),
        "",
        sql("CREATE DOMAIN dom2 AS integer") + "\n" + sql("ALTER TABLE {t} ADD COLUMN d dom2"),
    ),
    Case(
        "attached_by_a_table_with_a_default",
        sql("ALTER TABLE q ATTACH PARTITION q_1 FOR VALUES IN (1)"),
        "DB303 DB303",
        sql("CREATE TABLE q (a int) PARTITION BY LIST (a)")
        + "\n"
        + sql("CREATE TABLE q_d PARTITION OF q DEFAULT")
        + "\n"
        + sql("CREATE TABLE q_1 (a int)"),
    ),
]

MYSQL = [
    Case("numbered", sql("ALTER TABLE {t} ADD n INT NOT NULL AUTO_INCREMENT UNIQUE"), "DB201 DB311"),
    Case("computed_default", sql("ALTER TABLE {t} ADD n CHAR(36) DEFAULT (uuid())"), "DB311"),
    Case("check_within_a_new_column", sql("ALTER TABLE {t} ADD n INT CHECK (n > 0)"), "DB311"),
    Case("now", sql("ALTER TABLE {t} ADD n DATETIME DEFAULT now()")),
    Case("algorithm_copy", sql("ALTER TABLE {t} ADD n INT, ALGORITHM=COPY"), "DB311"),
    Case("stored_anew", sql("ALTER TABLE {t} MODIFY b INT AS (id + 1) STORED"), "DB311"),
    Case("numbered_now", sql("ALTER TABLE {t} MODIFY b INT AUTO_INCREMENT"), "DB311"),
    Case("unknown_column", sql("ALTER TABLE elsewhere MODIFY b BIGINT")),
    Case("locked", sql("LOCK TABLES {t} WRITE")),
    Case("index", INDEX),
    Case("full_text", sql("CREATE FULLTEXT INDEX ft ON {t} (a)"), "DB301"),
    Case("bigger_integer", 'op.alter_column("{t}", "b", type_=sa.BigInteger(), existing_type=sa.Integer())', "DB311"),
    Case("longer_text", 'op.alter_column("{t}", "a", type_=sa.String(40), existing_type=sa.String(20))'),
    Case("much_longer_text", 'op.alter_column("{t}", "a", type_=sa.String(400), existing_type=sa.String(20))', "DB311"),
    Case("default", 'op.alter_column("{t}", "a", server_default="x", existing_type=sa.String(20))'),
    Case("not_null", 'op.alter_column("{t}", "a", nullable=False, existing_type=sa.String(20))', "DB202 DB312"),
    Case("foreign_key", f"{FOREIGN})", "DB311"),
    Case(
        "foreign_key_unchecked",
        sql("SET foreign_key_checks = 0") + f"\n{FOREIGN})\n" + sql("SET foreign_key_checks = 1"),
    ),
    Case("check", 'op.create_check_constraint("c", "{t}", "b > 0")', "DB311"),
    Case("stored", add('sa.Column("n", sa.Integer, sa.Computed("b + 1", persisted=True))'), "DB311"),
    Case("constant", add('sa.Column("n", sa.Integer, nullable=False, server_default="7")')),
    Case("engine", sql("ALTER TABLE {t} ENGINE=InnoDB"), "DB312"),
    Case("characters", sql("ALTER TABLE {t} CONVERT TO CHARACTER SET utf8mb4"), "DB311"),
    Case(
        "enum_label",
        sql("ALTER TABLE {t} MODIFY e ENUM('a', 'b', 'c')"),
        "",
        sql("ALTER TABLE {t} ADD e ENUM('a', 'b')"),
    ),
    Case(
        "enum_label_before",
        sql("ALTER TABLE {t} MODIFY e ENUM('c', 'a', 'b')"),
        "DB311",
        sql("ALTER TABLE {t} ADD e ENUM('a', 'b')"),
    ),
    Case("key_changed", sql("ALTER TABLE {t} DROP PRIMARY KEY, ADD PRIMARY KEY (b)"), "DB312"),
    Case("update", sql("UPDATE {t} SET b = 1"), "DB305"),
    Case("renamed", 'op.alter_column("{t}", "b", new_column_name="z", existing_type=sa.Integer())', "DB501"),
]

SQLITE = [
    Case(
        "batch",
        'with op.batch_alter_table("{t}") as batch_op:\n    batch_op.alter_column("a", type_=sa.Text())',
        "DB313",
    ),
    Case(
        "batch_that_copies_nothing",
        'with op.batch_alter_table("{t}") as batch_op:\n    batch_op.add_column(sa.Column("n", sa.Text))',
    ),
    Case(
        "after_a_batch",
        'with op.batch_alter_table("{t}") as batch_op:\n    batch_op.drop_column("a")\nop.drop_table("{t}_other")',
        "DB101 DB102 DB313",
    ),
    Case("index", INDEX),
    Case("long_name", sql("ALTER TABLE {t} ADD COLUMN " + "x" * 64 + " integer")),
]

CASES = {"postgresql": POSTGRESQL, "mysql": MYSQL, "sqlite": SQLITE}


def lint(project: Project, kind: str, cases: list[Case]) -> dict[str, list[str]]:
    project.configure(url=URLS[kind])
    project.db("init")
    down = None
    for case in cases:
        for name, body in ((f"before_{case.name}", f"{TABLE.strip()}\n{case.before}"), (case.name, case.body)):
            text = textwrap.indent(body.strip().replace("{t}", f"t_{case.name}"), "    ")
            project.write(f"migrations/versions/{name}.py", REVISION.format(id=name, down=down, body=text))
            down = name
    answer = document(project, "lint", "--all", schema="lint", exit_code=1)
    assert answer["unread"] == []
    codes: dict[str, list[str]] = {case.name: [] for case in cases}
    for finding in answer["findings"]:
        if finding["revision"] in codes:
            assert finding["line"], finding
            codes[finding["revision"]].append(finding["code"])
    return {name: sorted(found) for name, found in codes.items()}


@pytest.mark.parametrize("kind", CASES)
def test_what_is_found_in_each_revision(project: Project, kind: str) -> None:
    assert lint(project, kind, CASES[kind]) == {case.name: case.codes.split() for case in CASES[kind]}


BATCH = """
    with op.batch_alter_table("t_first") as batch_op:
        batch_op.add_column(sa.Column("n", sa.Integer))
        batch_op.alter_column("id", type_=sa.BigInteger(), existing_type=sa.Integer())
        batch_op.alter_column("b", nullable=False)
        batch_op.create_unique_constraint("u", ["n"])
"""


def test_what_a_batch_does_has_the_line_of_its_operation(project: Project) -> None:
    project.configure(url=URLS["postgresql"])
    project.db("init")
    project.write("migrations/versions/one.py", REVISION.format(id="one", down=None, body=BATCH.strip("\n")))

    found = document(project, "lint", "--all", schema="lint", exit_code=1)["findings"]

    assert sorted((each["line"], each["code"]) for each in found) == [
        (15, "DB302"),
        (16, "DB202"),
        (16, "DB303"),
        (17, "DB301"),
    ]
