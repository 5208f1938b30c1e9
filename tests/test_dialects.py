"""Kinds of databases: one class each, of which an installed package may bring another."""

from __future__ import annotations

import ast
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

import ellar_db
from ellar_db import Database, Dialect
from ellar_db.dialects.mysql import MySQL
from ellar_db.dialects.postgresql import PostgreSQL
from ellar_db.dialects.sqlite import SQLite
from ellar_db.plugins.dialects import dialect_named, dialect_of
from ellar_db.plugins.manager import get_plugin_manager
from ellar_db.testing import Distributions as Install
from ellar_db.testing import Project
from ellar_db.util.errors import PluginError
from tests.support.output import timeless

ROOT = Path(ellar_db.__file__).parent

SHOPDB = """
    from alembic.ddl.sqlite import SQLiteImpl
    from sqlalchemy.dialects import registry
    from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

    class ShopDialect(SQLiteDialect_pysqlite):
        name = "shopdb"
        supports_statement_cache = True

    class ShopImpl(SQLiteImpl):
        __dialect__ = "shopdb"
        transactional_ddl = {transactional}

    registry.register("shopdb", __name__, "ShopDialect")
"""
"""A dialect of SQLAlchemy's and its part in Alembic, as a driver for another database brings them."""

PLUGIN = """
    import contextlib
    import os
    from pathlib import Path

    import ellar_db_shopdb_driver
    from ellar_db import Dialect, hookimpl

    class Lock:
        def __init__(self, path):
            self.path, self.held = Path(path + ".lock"), False

        def acquire(self):
            with contextlib.suppress(FileExistsError):
                os.close(os.open(self.path, os.O_CREAT | os.O_EXCL))
                self.held = True
            return self.held

        def release(self):
            if self.held:
                self.path.unlink()

        def holder(self):
            return "a run of the shop"

    class ShopDB(Dialect):
        names = ("shopdb",)
        embedded = True

        def lock(self, database, limits):
            print("lock with", limits.lock_timeout)
            return Lock(database.sync_engine.url.database)

        @contextlib.contextmanager
        def guard(self, connection):
            connection.connection.dbapi_connection.isolation_level = None
            print("guarded")
            yield lambda: print("checked")

        def timeouts(self, dialect, limits):
            return ["PRAGMA busy_timeout = 7"] if limits.db_lock_timeout == 7 else []

        def timed_out(self, error):
            return "no such table" in str(error)

        def leftovers(self, database, connection):
            return ["half a table is left; drop it"] if Path("left").exists() else []

        def is_out_of_transaction(self, connection):
            return False

    @hookimpl
    def ellar_db_dialects():
        yield ShopDB()
"""

DONE = "  ok  0001  T s\n1 revision applied in T s; now at 0001 (head).\n"

FIRST = "op.create_table('a', sa.Column('id', sa.Integer))"


@pytest.fixture
def shopdb(plain: Project, install: Install) -> Project:
    """A project on a database of a kind that only an installed package knows."""
    install("ellar-db-shopdb-driver", SHOPDB.format(transactional=False), group="nothing")
    install("ellar-db-shopdb", PLUGIN)
    plain.configure(url="shopdb:///app.db")
    plain.db("init")
    revision(plain, "0001", None, FIRST)
    return plain


def revision(project: Project, name: str, parent: str | None, upgrade: str) -> None:
    """Write a revision by hand."""
    (project.path / f"migrations/versions/{name}.py").write_text(
        f"from alembic import op\nimport sqlalchemy as sa\nrevision = {name!r}\ndown_revision = {parent!r}\n"
        f"def upgrade():\n    {upgrade}\ndef downgrade():\n    pass\n"
    )


def tables(project: Project) -> set[str]:
    with closing(sqlite3.connect(project.path / "app.db")) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}


def test_ellar_db_dialects_takes_part_in_an_upgrade(shopdb: Project) -> None:
    result = shopdb.db("upgrade")

    assert result.stdout == "lock with 300.0\nguarded\nchecked\n"
    assert "a" in tables(shopdb)
    assert not (shopdb.path / "app.db.lock").exists()
    assert shopdb.db("current").output.splitlines()[-1] == "0001 (head)"


def test_its_lock_is_waited_for(shopdb: Project) -> None:
    (shopdb.path / "app.db.lock").touch()

    refused = shopdb.db("upgrade", "--lock-timeout", "0", exit_code=1)

    assert refused.stderr == (
        "Error: the database 'default' is being migrated by a run of the shop; waited 0 s for it (--lock-timeout); "
        "try again when that has ended [ellar-db explain E13]\n"
    )


def test_its_time_outs_and_leftovers_are_told(shopdb: Project) -> None:
    (shopdb.path / "left").touch()

    result = shopdb.db("upgrade", "--db-lock-timeout", "7")

    assert "Warning: on the database 'default', half a table is left; drop it\n" in result.stderr


def test_a_run_that_fails_leaves_a_journal_where_it_rolls_nothing_back(shopdb: Project) -> None:
    shopdb.db("upgrade")
    revision(shopdb, "0002", "0001", "op.execute('CREATE TABLE b (id integer)'); op.execute('DROP TABLE gone')")

    failed = shopdb.db("upgrade", exit_code=1)

    assert "(it timed out)" in failed.stderr
    assert "this database can't roll back schema changes. Done: CREATE TABLE b (id integer)." in failed.stderr
    assert "an earlier run was cut short" in shopdb.db("upgrade", exit_code=1).stderr
    shopdb.db("repair", "0002", "--applied")
    assert shopdb.db("current").output.splitlines()[-1] == "0002 (head)"


def test_without_the_package_the_kind_is_one_of_which_nothing_is_known(shopdb: Project) -> None:
    import ellar_db_shopdb_driver  # noqa: F401  # as the application would

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ELLAR_DB_LOAD_PLUGINS", "")
        get_plugin_manager.cache_clear()
        result = shopdb.db("upgrade")

    assert "no plugin knows how to lock a database of the kind shopdb" in result.stderr
    assert "a" in tables(shopdb)


def test_what_a_server_does_not_tell_stops_no_run(plain: Project, install: Install) -> None:
    install(
        "ellar-db-curious",
        """
        from ellar_db import hookimpl
        from ellar_db.dialects.sqlite import SQLite

        class Curious(SQLite):
            def leftovers(self, database, connection):
                return list(connection.exec_driver_sql("SELECT * FROM pg_prepared_xacts"))

        @hookimpl
        def ellar_db_dialects():
            return [Curious()]
        """,
    )
    plain.db("init")
    revision(plain, "0001", None, FIRST)

    assert timeless(plain.db("upgrade").stderr) == DONE
    assert "a" in tables(plain)


def test_a_package_whose_kind_fails_is_named(plain: Project, install: Install) -> None:
    install(
        "ellar-db-odd",
        """
        from ellar_db import hookimpl
        from ellar_db.dialects.sqlite import SQLite

        class Odd(SQLite):
            def leftovers(self, database, connection):
                raise ValueError("odd")

        @hookimpl
        def ellar_db_dialects():
            return [Odd()]
        """,
    )
    plain.db("init")
    revision(plain, "0001", None, FIRST)

    assert plain.db("upgrade", exit_code=1).stderr.startswith(
        "Error: the plugin ellar-db-odd 1.0 failed in its code: ValueError: odd; "
    )


def test_two_packages_that_bring_one_kind_are_both_named(shopdb: Project, install: Install) -> None:
    install("ellar-db-shop-two", PLUGIN)

    refused = shopdb.db("upgrade", exit_code=1)

    assert refused.stderr == (
        "Error: the kind of database 'shopdb' is brought by ellar-db-shopdb 1.0 and by ellar-db-shop-two 1.0; leave "
        "one out with ELLAR_DB_DISABLE_PLUGINS=ellar-db-shop-two\n"
    )


def test_a_package_may_replace_a_built_in_kind(plain: Project, install: Install) -> None:
    install(
        "ellar-db-mine",
        """
        from ellar_db import hookimpl
        from ellar_db.dialects.sqlite import SQLite

        class Mine(SQLite):
            def leftovers(self, database, connection):
                return ["it is mine"]

        @hookimpl
        def ellar_db_dialects():
            return [Mine()]
        """,
    )
    plain.db("init")
    revision(plain, "0001", None, FIRST)

    assert "Warning: on the database 'default', it is mine\n" in plain.db("upgrade").stderr


@pytest.mark.parametrize(
    "answer", ["['oracle']", "[Dialect()]", "42", "[type('D', (Dialect,), {'names': 'oracle'})()]"]
)
def test_an_answer_that_is_no_kind_is_refused(plain: Project, install: Install, answer: str) -> None:
    install(
        "ellar-db-wrong",
        f"""
        from ellar_db import Dialect, hookimpl

        @hookimpl
        def ellar_db_dialects():
            return {answer}
        """,
    )

    with pytest.raises(PluginError, match=r"^the plugin ellar-db-wrong 1\.0 failed in ellar_db_dialects: TypeError: "):
        dialect_named(get_plugin_manager(), "oracle")


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("sqlite://", SQLite),
        ("postgresql+psycopg://", PostgreSQL),
        ("mysql+pymysql://", MySQL),
        ("mariadb+pymysql://", MySQL),
    ],
)
def test_the_built_in_kinds(url: str, kind: type[Dialect], plain: Project) -> None:
    assert type(dialect_of(get_plugin_manager(), Database("default", create_engine(url)))) is kind


def test_sqlite_tells_of_the_copies_that_a_killed_batch_left(plain: Project) -> None:
    plain.db("init")
    revision(plain, "0001", None, FIRST)
    with closing(sqlite3.connect(plain.path / "app.db")) as connection, connection:
        connection.execute("CREATE TABLE _alembic_tmp_users (id integer)")
        connection.execute("CREATE TABLE xalembicytmpyusers (id integer)")

    warned = [line for line in plain.db("upgrade").stderr.splitlines() if line.startswith("Warning")]

    assert warned == [
        "Warning: on the database 'default', the table _alembic_tmp_users is what a batch operation left that was "
        "killed; look whether users is complete, and drop the copy"
    ]


@pytest.mark.parametrize("server", ["postgresql", "mariadb"])
def test_servers_tell_of_transactions_that_were_prepared_and_never_ended(
    server: str, plain: Project, new_database: Callable[[str], str]
) -> None:
    url = new_database(server)
    plain.configure(url=url, extra="use-two-phase = true" if server == "mariadb" else "")
    plain.db("init")
    revision(plain, "0001", None, FIRST)
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        if server == "postgresql" and connection.exec_driver_sql("SHOW max_prepared_transactions").scalar() == "0":
            pytest.skip("max_prepared_transactions of the PostgreSQL server is 0, so that it prepares none")
        connection.rollback()
        transaction = connection.begin_twophase()
        connection.exec_driver_sql("SELECT 1")
        transaction.prepare()
        try:
            warned = plain.db("upgrade").stderr
        finally:
            transaction.rollback()

    assert re.search(rf"the prepared transaction {transaction.xid}(, which)? keeps its locks", warned)


def test_mariadb_is_not_asked_for_transactions_of_others_without_two_phase_commit(
    plain: Project, new_database: Callable[[str], str]
) -> None:
    plain.configure(url=new_database("mariadb"))
    plain.db("init")
    revision(plain, "0001", None, FIRST)
    engine = create_engine(new_database("mariadb"), poolclass=NullPool)
    with engine.connect() as connection:
        transaction = connection.begin_twophase()
        connection.exec_driver_sql("SELECT 1")
        transaction.prepare()
        try:
            warned = plain.db("upgrade").stderr
        finally:
            transaction.rollback()

    assert timeless(warned) == DONE


KINDS = {"postgresql", "sqlite", "mysql", "mariadb"}


def branches(tree: ast.AST) -> Iterator[int]:
    """Yield the lines on which the name of a kind of database is compared with something."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            inside = [one for part in (node.left, *node.comparators) for one in ast.walk(part)]
            names = {one.value for one in inside if isinstance(one, ast.Constant) and isinstance(one.value, str)}
            if names & KINDS:
                yield node.lineno
        elif isinstance(node, ast.Match):
            yield from (case.pattern.lineno for case in node.cases if any(kind in ast.dump(case) for kind in KINDS))
        elif isinstance(node, ast.Dict):
            keys = {key.value for key in node.keys if isinstance(key, ast.Constant)}
            if keys & KINDS:
                yield node.lineno


def test_nothing_outside_of_dialects_branches_on_a_kind_of_database() -> None:
    found = [
        f"{file.relative_to(ROOT)}:{line}"
        for file in sorted(ROOT.rglob("*.py"))
        # a module named sqlite is no kind of database
        if file.parent.name != "dialects" and file.name != "moved.py"
        for line in branches(ast.parse(file.read_text(encoding="utf-8")))
    ]

    assert found == []


@pytest.mark.parametrize("source", ["x.name == 'sqlite'", "n in ('mysql', 'mariadb')", "{'sqlite': 1}[n]"])
def test_what_would_be_a_branch(source: str) -> None:
    assert list(branches(ast.parse(source))) == [1]
