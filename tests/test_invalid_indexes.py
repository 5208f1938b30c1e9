"""PostgreSQL's invalid indexes: a revision that leaves one isn't recorded, and the next run says so."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sqlalchemy import text

from ellar_db.dialects.postgresql import PostgreSQL
from ellar_db.guards.statements import UnfinishedError, checked_statements
from ellar_db.testing import Project
from tests.support.revisions import add
from tests.support.servers import asynchronous, sync_engine

REVISION = """
from alembic import op

revision = "second"
down_revision = "first"


def upgrade():
    with op.get_context().autocommit_block():
        {body}


def downgrade():
    pass
"""
TELLS = (
    "the index {name} on {table} is invalid: a statement that makes it without a transaction has failed. "
    "`DROP INDEX {name}`{duplicates}, and run again"
)
INDEX = 'op.execute("create unique index concurrently if not exists ux on t_first (name)")'


@pytest.fixture
def shop(plain: Project, new_database: Callable[[str], str]) -> Project:
    """A project whose first revision is applied, with duplicate rows in its table."""
    plain.configure(url=new_database("postgresql"))
    plain.db("init")
    add(plain, "first", None)
    plain.db("upgrade")
    sql(plain, "alter table t_first add name text", "insert into t_first (name) values ('x'), ('x')")
    return plain


def url(project: Project) -> str:
    return re.findall(r"database = '(.+)'", (project.path / "pyproject.toml").read_text())[0]


def sql(project: Project, *statements: str) -> None:
    engine = sync_engine(url(project))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def write(project: Project, *body: str) -> None:
    project.write("migrations/versions/second.py", REVISION.format(body="\n        ".join(body)))


def tells(name: str = "ux", table: str = "t_first", *, unique: bool = True) -> str:
    return TELLS.format(name=name, table=table, duplicates=", remove the duplicate rows" if unique else "")


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
def test_an_index_over_duplicate_rows(shop: Project, driver: str) -> None:
    if driver == "asyncpg":
        shop.configure(url=asynchronous(url(shop)))
    write(shop, INDEX)

    first = shop.db("upgrade", exit_code=1).stderr
    second = shop.db("upgrade", exit_code=1).stderr

    assert tells() in first
    assert "is duplicated" in first
    assert f": {tells()} (migrations/versions/second.py, line 9); " in second
    assert "the index ux on t_first is invalid, and no query uses it: " in second.splitlines()[0]
    assert shop.db("current").stdout == "first\n"


def test_the_way_out_works(shop: Project) -> None:
    write(shop, INDEX)
    told = shop.db("upgrade", exit_code=1).stderr
    drop = re.findall(r"`(DROP INDEX \S+)`", told)[0]

    sql(shop, drop, "delete from t_first where id > 1")
    shop.db("upgrade")

    assert shop.db("current").stdout == "second (head)\n"
    assert shop.db("upgrade").stderr == "Already up to date (second).\n"


@pytest.mark.parametrize(
    "body",
    [
        ['op.create_index("ux", "t_first", ["name"], unique=True, if_not_exists=True, postgresql_concurrently=True)'],
        ['op.execute("-- by name\\nCREATE UNIQUE INDEX IF NOT EXISTS ux ON t_first (name)")'],
        ['op.execute("create unique index concurrently if not exists ux on public.t_first (name)")'],
        ['op.execute("reindex table concurrently t_first")'],
        ['op.execute("reindex (verbose) table concurrently public.t_first")'],
        ["try:", f"    {INDEX}", "except Exception:", "    pass"],
    ],
)
def test_each_statement_that_takes_it_for_a_valid_one(shop: Project, body: list[str]) -> None:
    with pytest.raises(Exception, match="is duplicated"):
        sql(shop, "create unique index concurrently ux on t_first (name)")
    write(shop, *body)

    assert tells() in shop.db("upgrade", exit_code=1).stderr
    assert shop.db("current").stdout == "first\n"


def test_an_odd_name(shop: Project) -> None:
    write(shop, """op.execute('create unique index concurrently if not exists "Odd ""name" on t_first (name)')""")

    shop.db("upgrade", exit_code=1)

    assert tells('"Odd ""name"') in shop.db("upgrade", exit_code=1).stderr


def test_a_table_of_another_schema(shop: Project) -> None:
    sql(shop, "create schema other", "create table other.things (name text)")
    sql(shop, "insert into other.things values ('x'), ('x')")
    write(shop, 'op.execute("create unique index concurrently if not exists ux on other.things (name)")')

    shop.db("upgrade", exit_code=1)

    assert tells("other.ux", "other.things") in shop.db("upgrade", exit_code=1).stderr


def test_a_failed_reindex_leaves_another_index(shop: Project) -> None:
    sql(shop, "create index ix on t_first (name)")
    write(shop, 'op.execute("reindex index concurrently ix")')
    sql(shop, "update pg_index set indisvalid = false where indexrelid = 'ix'::regclass")
    sql(shop, "create index ix_ccnew on t_first (id)")
    sql(shop, "update pg_index set indisvalid = false where indexrelid = 'ix_ccnew'::regclass")

    assert tells("ix_ccnew", unique=False) in shop.db("upgrade", exit_code=1).stderr


def test_valid_indexes_are_left_alone(shop: Project) -> None:
    sql(shop, "delete from t_first where id > 1")
    write(
        shop,
        INDEX,
        INDEX,
        'op.execute("create index concurrently on t_first (name)")',
        'op.execute("reindex index concurrently ux")',
        'op.execute("reindex schema public")',
        'op.execute("create table parted (id int) partition by range (id)")',
        'op.execute("create index if not exists parted_id on only parted (id)")',
    )

    assert "invalid" not in shop.db("upgrade").stderr
    assert "invalid" not in shop.db("downgrade", "--yes", "first").stderr


def test_other_statements_ask_nothing(new_database: Callable[[str], str]) -> None:
    engine = sync_engine(new_database("postgresql"))
    with engine.connect() as connection:
        for statement in ("create table t (id int)", "create index ix on t (id)", "select 1", "drop index ix"):
            assert PostgreSQL().unfinished(connection, statement) == ""
        assert not connection.in_transaction()
        with checked_statements(connection, PostgreSQL()) as check:
            connection.execute(text("create table t (id int)"))
            connection.execute(text("create index if not exists ix on t (id)"))
            check()
    engine.dispose()


def test_the_check_before_the_commit_asks_again(shop: Project) -> None:
    with pytest.raises(Exception, match="is duplicated"):
        sql(shop, "create unique index concurrently ux on t_first (name)")
    statement = "create unique index if not exists ux on t_first (name)"
    engine = sync_engine(url(shop))
    with engine.connect() as connection, checked_statements(connection, PostgreSQL()) as check:
        with pytest.raises(UnfinishedError):
            connection.execute(text(statement))
        with pytest.raises(UnfinishedError):
            check()
        connection.execute(text("drop index ux"))
        check()
    engine.dispose()


def test_a_folder_with_an_env_py_of_somebody_elses(project: Project, new_database: Callable[[str], str]) -> None:
    address = new_database("postgresql")
    project.configure(url=address)
    project.db("init", "-t", "generic")
    ini = project.path / "migrations/alembic.ini"
    ini.write_text(ini.read_text().replace("driver://user:pass@localhost/dbname", address.replace("%", "%%")))
    add(project, "first", None)
    project.db("upgrade")
    sql(project, "alter table t_first add name text", "insert into t_first (name) values ('x'), ('x')")
    write(project, INDEX)

    assert tells() in project.db("upgrade", exit_code=1).stderr
    assert tells() in project.db("upgrade", exit_code=1).stderr
    assert project.db("current").stdout == "first\n"
