"""Schemas of one server, each of them a database of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from sqlalchemy import inspect, make_url, text
from sqlalchemy.exc import IntegrityError

from ellar_db import Database, hookimpl
from ellar_db.plugins.manager import get_plugin_manager
from ellar_db.testing import Project
from ellar_db.util.sqlalchemy import plain_text, quoted
from tests.support.fleets import extend, history, provide
from tests.support.output import without_page
from tests.support.servers import asynchronous, sync_engine

NAMES = ("plain", "Odd: name", "per%cent", 'quo"te')


@pytest.fixture(params=["postgresql", "mariadb"])
def url(request: pytest.FixtureRequest, new_database: Callable[[str], str]) -> str:
    return new_database(request.param)


@pytest.fixture
def prefix(url: str) -> str:
    """Make schemas of MariaDB, which are databases of the server, those of this test alone."""
    return "" if url.startswith("postgresql") else f"{sync_engine(url).url.database}_"


@pytest.fixture
def drop(url: str, prefix: str) -> Any:
    yield
    if prefix:
        with sync_engine(url).connect() as connection:
            for name in inspect(connection).get_schema_names():
                if name.startswith(prefix):
                    connection.execute(plain_text(f"DROP DATABASE {quoted(connection.dialect, name)}"))


def tenants(project: Project, url: str, prefix: str, names: Mapping[str, str]) -> None:
    provide(project, {name: (url, {"schema": prefix + schema, "group": "tenants"}) for name, schema in names.items()})


def tables(url: str, schema: str) -> set[str]:
    with sync_engine(url).connect() as connection:
        return set(inspect(connection).get_table_names(schema=schema))


@pytest.mark.usefixtures("drop")
class TestSchemas:
    @pytest.fixture
    def names(self) -> dict[str, str]:
        return {f"t{number}": name for number, name in enumerate(NAMES)}

    def test_each_gets_tables_and_versions_of_its_own(
        self, project: Project, url: str, prefix: str, names: dict[str, str]
    ) -> None:
        tenants(project, url, prefix, names)
        history(project, "one", "two")

        project.db("upgrade", "--provision")
        project.db("downgrade", "--database", "t1", "--yes")

        for name, schema in names.items():
            left = {"table_one"} if name == "t1" else {"table_one", "table_two"}
            assert tables(url, prefix + schema) - {"ellar_db_journal"} == {"alembic_version", "visits", *left}
        assert project.db("current").stdout == "t0:\ntwo (head)\nt1:\none\nt2:\ntwo (head)\nt3:\ntwo (head)\n"
        assert "4 databases: 1 migrated, 3 already there; " in project.db("upgrade").stderr
        assert not tables(url, "public" if not prefix else str(sync_engine(url).url.database))

    def test_sql_says_which_it_is_for(self, project: Project, url: str, prefix: str, names: dict[str, str]) -> None:
        tenants(project, url, prefix, names)
        history(project, "one")

        written = project.db("upgrade", "--sql", "--database", "t3").stdout

        name = quoted(sync_engine(url).dialect, prefix + names["t3"])
        entered = f"USE {name};" if prefix else f"SET search_path TO {name};"
        assert entered in written
        assert written.index(entered) < written.index("CREATE TABLE")

    def test_an_async_driver_does_the_same(
        self, project: Project, url: str, prefix: str, names: dict[str, str]
    ) -> None:
        tenants(project, asynchronous(url), prefix, names)
        history(project, "one")

        project.db("upgrade", "--provision")

        assert "4 databases: 4 already there; " in project.db("upgrade").stderr
        assert "table_one" in tables(url, prefix + NAMES[1])

    @pytest.mark.long
    def test_models_are_compared_with_one_of_them(self, project: Project, url: str, prefix: str) -> None:
        tenants(project, url, prefix, {"t0": "first_schema", "t1": "b"})
        project.db("init")
        project.db("upgrade", "--provision")
        project.db("migrate", "-m", "first")

        assert "first_schema" not in project.revisions()[0].read_text()
        project.db("upgrade")
        project.db("check")
        project.db("check", "--database", "t1")
        assert "No changes in schema detected" in project.db("migrate", "--scratch").stderr

    def test_one_that_is_not_there_is_named(self, project: Project, url: str, prefix: str) -> None:
        tenants(project, url, prefix, {"t0": "a", "t1": "b"})
        history(project, "one")

        said = project.db("upgrade", "--keep-going", exit_code=1).stderr

        advised = "`ellar-db create --database t0` makes it"
        assert f"t0: failed: its schema '{prefix}a' isn't there; {advised}\n" in said
        for command in ("migrate", "check", "current"):
            assert without_page(project.db(command, exit_code=3).stderr).endswith(f"{advised}\n")
        assert "2 databases: 2 migrated; " in project.db("upgrade", "--provision").stderr

    def test_another_version_table_is_found_in_the_schema_alone(
        self, project: Project, url: str, prefix: str, names: dict[str, str]
    ) -> None:
        tenants(project, url, prefix, names)
        history(project, "one")
        project.db("upgrade", "--provision")
        with sync_engine(url).begin() as connection:
            dialect = connection.dialect
            for schema, renamed in ((names["t1"], "shop_version"), (names["t3"], "alembic_versions")):
                place = quoted(dialect, prefix + schema)
                connection.execute(plain_text(f"CREATE TABLE {place}.{renamed} (version_num VARCHAR(32) NOT NULL)"))
                connection.execute(plain_text(f"INSERT INTO {place}.{renamed} VALUES ('one')"))
                connection.execute(plain_text(f"DELETE FROM {place}.alembic_version"))

        said = project.db("upgrade", "--keep-going", exit_code=1).stderr

        for name, table in (("t1", "shop_version"), ("t3", "alembic_versions")):
            assert f"{name}: failed: the version table alembic_version is empty, and {table} has one" in said
        assert "4 databases: 2 already there, 2 failed; " in said

    def test_an_interrupted_run_is_not_taken_for_a_finished_one(self, project: Project, url: str, prefix: str) -> None:
        if not prefix:
            pytest.skip("PostgreSQL rolls back what an interrupted run did, and has no journal")
        tenants(project, url, prefix, {"t0": "a", "t1": "b"})
        history(project, "one")
        project.db("upgrade", "--provision")
        with sync_engine(url).begin() as connection:
            connection.execute(
                text(
                    f"INSERT INTO {prefix}b.ellar_db_journal (version_table, revision, direction, host, pid, started, "
                    "statements, done, failed, package) VALUES "
                    "('alembic_version', '\"one\"', 'upgrade', 'h', 1, 'now', '[]', 1, '\"\"', '')"
                )
            )

        said = project.db("upgrade", "--keep-going", exit_code=1).stderr

        assert "2 databases: 1 already there, 1 failed; " in said
        # what it says is for this database alone, whatever other ones wait for
        assert "`ellar-db repair --database t1 one --applied`" in said
        said = project.db("repair", exit_code=1).stderr
        assert "Say `ellar-db repair --database t1 --applied` or `ellar-db repair --database t1 --reverted`" in said
        project.db("repair", "--database", "t1", "one", "--applied")
        assert "2 databases: 2 already there; " in project.db("upgrade").stderr


def test_an_invalid_index_is_told_of_its_own_schema_alone(project: Project, new_database: Callable[[str], str]) -> None:
    url = new_database("postgresql")
    names = {f"t{number}": name for number, name in enumerate(NAMES)}
    tenants(project, url, "", names)
    history(project, "one")
    project.db("upgrade", "--provision")
    place = quoted(sync_engine(url).dialect, names["t3"])
    engine = sync_engine(url).execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(plain_text(f"CREATE TABLE {place}.codes AS SELECT 1 AS code FROM generate_series(1, 2)"))
        with pytest.raises(IntegrityError):
            connection.execute(plain_text(f"CREATE UNIQUE INDEX CONCURRENTLY by_code ON {place}.codes (code)"))
    told = f"the index {place}.by_code on {place}.codes is invalid, and no query uses it"

    said = project.db("downgrade", "base", "--yes").stderr
    standing = json.loads(project.db("status", "--json", exit_code=None).stdout)["databases"]
    again = project.db("upgrade", "--jobs", "2").stderr

    for each in (said, again):
        assert each.count("is invalid") == 1
        assert f"Warning: t3: on the database 't3', {told}" in each
    assert {each["database"]: len(each["leftovers"]) for each in standing} == {"t0": 0, "t1": 0, "t2": 0, "t3": 1}
    with engine.connect() as connection:
        connection.execute(plain_text(f"DROP INDEX {place}.by_code"))
    assert "is invalid" not in project.db("downgrade", "base", "--yes").stderr


def test_an_applications_own_connections_stay_as_they_are(project: Project, new_database: Callable[[str], str]) -> None:
    engine = sync_engine(new_database("postgresql"))
    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA a"))

    class Tenants:
        @hookimpl
        def ellar_db_databases(self) -> list[Database]:
            return [Database("t0", engine, schema="a", group="tenants")]

    history(project, "one")
    get_plugin_manager().register(Tenants(), "tenants")
    project.db("upgrade")

    with engine.connect() as connection:
        assert connection.execute(text("SHOW search_path")).scalar() == '"$user", public'
        assert connection.dialect.default_schema_name == "public"
        assert inspect(connection).get_table_names(schema="a")


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_a_server_with_too_many_connections_is_named(
    project: Project, new_database: Callable[[str], str], kind: str
) -> None:
    url = make_url(new_database(kind))
    name = f"{str(url.database)[:20]}_few"
    with sync_engine(url.render_as_string(hide_password=False)).connect() as connection:
        connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        if kind == "postgresql":
            connection.execute(text(f"CREATE ROLE {name} LOGIN CONNECTION LIMIT 1"))
            connection.execute(text(f"GRANT ALL ON SCHEMA public TO {name}"))
        else:
            connection.execute(text(f"CREATE USER {name}@'%' WITH MAX_USER_CONNECTIONS 1"))
            connection.execute(text(f"GRANT ALL ON {url.database}.* TO {name}@'%'"))
        try:
            limited = url.set(username=name).render_as_string(hide_password=False)
            provide(project, {"t0": (limited, {"group": "tenants"})})
            history(project, "one")

            said = project.db("upgrade", exit_code=1).stderr
            # the lock's session is one
            assert "; let others end, use fewer --jobs, or wait with --connect-wait\n" in said

            project.db("upgrade", "--no-lock")
        finally:
            if kind == "postgresql":
                connection.execute(text(f"DROP OWNED BY {name}"))
                connection.execute(text(f"DROP ROLE {name}"))
            else:
                connection.execute(text(f"DROP USER {name}@'%'"))


@pytest.mark.parametrize("name", ["$user", "pg_temp"])
def test_names_that_a_search_path_takes_for_something_else(
    project: Project, new_database: Callable[[str], str], name: str
) -> None:
    tenants(project, new_database("postgresql"), "", {"t0": name})
    history(project, "one")

    told = f"PostgreSQL's search path doesn't take {name!r} for the name of a schema; rename it\n"
    assert project.db("upgrade", "--provision", exit_code=1).stderr.endswith(told)


def test_ellar_db_provision_makes_what_is_not_there(project: Project, new_database: Callable[[str], str]) -> None:
    url = new_database("postgresql")
    tenants(project, url, "", {"t0": "a", "t1": "b"})
    history(project, "one")
    extend(
        project,
        """

@hookimpl
def ellar_db_provision(database):
    from sqlalchemy import text

    if database.name == "t0":
        with database.without_schema.sync_engine.begin() as connection:
            connection.execute(text("CREATE SCHEMA a"))
            connection.execute(text("CREATE TABLE a.made (id int)"))
        return True
""",
    )

    project.db("upgrade", "--provision")

    assert "made" in tables(url, "a")
    assert "table_one" in tables(url, "b")


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_a_database_of_a_server_and_a_folder_are_made(
    project: Project, new_database: Callable[[str], str], kind: str
) -> None:
    url = sync_engine(new_database(kind)).url
    missing = url.set(database=f"{url.database}_Missing")
    provide(
        project,
        {
            "t0": (missing.render_as_string(hide_password=False), {"group": "tenants"}),
            "t1": ("sqlite:///new/folder/t1.db", {"group": "tenants"}),
        },
    )
    history(project, "one")
    try:
        said = project.db("upgrade", "--keep-going", exit_code=1).stderr
        assert said.count("isn't there; `ellar-db create --database t") == 2
        for name in ("t0", "t1"):
            told = project.db("current", "--database", name, exit_code=3).stderr
            assert told.endswith(f"; or `ellar-db create --database {name}` makes it [ellar-db explain E07]\n")

        project.db("upgrade", "--provision")

        assert "table_one" in tables(missing.render_as_string(hide_password=False), None)  # type: ignore[arg-type]
        assert (project.path / "new" / "folder" / "t1.db").exists()
    finally:
        with sync_engine(url.render_as_string(hide_password=False)).connect() as connection:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            name = quoted(connection.dialect, str(missing.database))
            connection.execute(plain_text(f"DROP DATABASE IF EXISTS {name}"))
