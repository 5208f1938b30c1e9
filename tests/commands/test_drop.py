"""`drop`."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import click
import pytest
from sqlalchemy import Connection, create_engine, inspect, make_url, text

from ellar_db import Database, hookimpl
from ellar_db.config.collection import collect_databases
from ellar_db.databases.limits import Limits
from ellar_db.guards.locking import locked
from ellar_db.plugins.manager import get_plugin_manager
from ellar_db.testing import Project
from tests.support.applications import PLAIN_MODELS, new_shop
from tests.support.fleets import extend, provide
from tests.support.marks import needs_ellar
from tests.support.output import without_page
from tests.support.processes import TIMEOUT, Program, python
from tests.support.servers import asynchronous, server, sync_engine
from tests.support.spares import execute, new_name

SERVERS = ["postgresql", "mariadb"]
FILE = "sqlite:///app.db"


@pytest.fixture(params=SERVERS)
def made(request: pytest.FixtureRequest) -> str:
    """The URL of a database with a table, which the test drops."""
    return make(request.param)


def make(kind: str) -> str:
    engine, name = server(kind), new_name()
    execute(engine, f"CREATE DATABASE {name}")
    url = engine.url.set(database=name).render_as_string(hide_password=False)
    with sync_engine(url).begin() as connection:
        connection.execute(text("CREATE TABLE users (id INTEGER)"))
    return url


def names(url: str) -> set[str]:
    """Return the databases of a server."""
    asked = "SELECT datname FROM pg_database" if url.startswith("postgresql") else "SHOW DATABASES"
    with server("postgresql" if url.startswith("postgresql") else "mariadb").connect() as connection:
        return set(connection.execute(text(asked)).scalars())


def database_of(url: str) -> str:
    return str(make_url(url).database)


def discard(url: str) -> None:
    execute(server("postgresql" if url.startswith("postgresql") else "mariadb"), f"DROP DATABASE {database_of(url)}")


def two(project: Project, default: str, reports: str) -> None:
    project.write("pyproject.toml", f"[tool.ellar-db.databases]\ndefault = '{default}'\nreports = '{reports}'\n")
    project.forget()
    if not (project.path / "migrations").exists():
        project.db("init", "--multi")


def refused(project: Project, *arguments: str, exit_code: int = 1) -> str:
    result = project.db("drop", "--yes", *arguments, exit_code=exit_code)
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    return without_page(result.stderr)


class TestServers:
    def test_only_the_chosen_one_goes(self, project: Project, made: str) -> None:
        other = make("postgresql" if made.startswith("postgresql") else "mariadb")
        two(project, made, asynchronous(other))

        assert project.db("drop", "--yes", "--database", "default").stdout == "default: dropped\n"
        there = names(made)
        assert database_of(made) not in there
        assert database_of(other) in there
        assert inspect(sync_engine(other)).get_table_names() == ["users"]

        assert project.db("drop", "--yes").stdout == "default: isn't there\nreports: dropped\n"
        assert project.db("drop").stdout == "default: isn't there\nreports: isn't there\n"
        assert there - names(made) >= {database_of(other)}

    def test_one_that_others_use_stays(self, project: Project, made: str) -> None:
        project.configure(url=made)
        project.db("init")
        with sync_engine(made).connect():
            said = refused(project)
        assert f"the database 'default' ({make_url(made).render_as_string()}) can't be dropped: " in said
        assert "other session" in said
        project.db("drop", "--yes")

    def test_not_under_a_run(
        self,
        project: Project,
        made: str,
        held_elsewhere: Callable[[str], Program | subprocess.Popen[str]],
    ) -> None:
        project.configure(url=made)
        project.db("init")
        process = held_elsewhere(made)
        assert "is being migrated by" in refused(project, "--lock-timeout", "0")
        assert database_of(made) in names(made)
        process.communicate("\n", timeout=TIMEOUT)
        project.db("drop", "--yes")

    def test_a_connection_of_the_applications_pool_is_closed(self, project: Project, made: str) -> None:
        project.db("init")
        engine = create_engine(made)
        with engine.connect():
            pass

        class Pooled:
            @hookimpl
            def ellar_db_databases(self) -> list[Database]:
                return [Database("default", engine)]

        get_plugin_manager().register(Pooled(), "pooled")
        assert project.db("drop", "--yes").stdout == "default: dropped\n"

    def test_a_user_without_rights(self, project: Project, made: str) -> None:
        user = new_name()[:30]
        name = database_of(made)
        if made.startswith("postgresql"):
            statements, gone = [f"CREATE ROLE {user} LOGIN"], f"DROP ROLE {user}"
        else:
            gone = f"DROP USER {user}@'%'"
            statements = [f"CREATE USER {user}@'%'", f"GRANT SELECT ON {name}.* TO {user}@'%'"]
        kind = "postgresql" if made.startswith("postgresql") else "mariadb"
        for statement in statements:
            execute(server(kind), statement)
        try:
            project.configure(url=make_url(made).set(username=user).render_as_string(hide_password=False))
            project.db("init")
            said = refused(project)
        finally:
            execute(server(kind), gone)
            discard(made)
        assert "can't be dropped: " in said
        assert said.endswith("; let other sessions end, or let its user drop it\n")

    def test_the_servers_own_stays(self, project: Project) -> None:
        url = server("mariadb").url.set(database="mysql").render_as_string(hide_password=False)
        project.configure(url=url)
        project.db("init")
        assert "can't be dropped: mysql is the server's own" in refused(project)
        assert "mysql" in names(url)

    def test_a_plugin_may_refuse(self, project: Project, made: str) -> None:
        project.configure(url=made)
        project.db("init")
        seen = []

        class Guard:
            @hookimpl
            def ellar_db_before_run(self, run: object, connection: Connection) -> None:
                seen.append((run.command, connection.execute(text("SELECT 1")).scalar()))  # type: ignore[attr-defined]
                raise click.ClickException("not today")

        get_plugin_manager().register(Guard(), "guard")
        assert refused(project) == "Error: not today\n"
        assert seen == [("drop", 1)]
        discard(made)


class TestSchemas:
    def test_one_goes_alone(self, project: Project, new_database: Callable[[str], str]) -> None:
        url = new_database("postgresql")
        provide(project, {name: (url, {"schema": f"Of: {name}"}) for name in ("acme", "bolt")})
        project.db("init", "--multi")
        project.db("create")
        with sync_engine(url).begin() as connection:
            for name in ("acme", "bolt"):
                connection.execute(
                    text(f'CREATE TABLE "Of: {name}".users (id INTEGER PRIMARY KEY)'.replace(": ", "\\: "))
                )

        assert project.db("drop", "--yes", "--database", "acme").stdout == "acme: dropped\n"
        found = inspect(sync_engine(url))
        assert "Of: acme" not in found.get_schema_names()
        assert found.get_table_names(schema="Of: bolt") == ["users"]
        assert project.db("drop", "--yes").stdout == "acme: isn't there\nbolt: dropped\n"

    @pytest.mark.parametrize(
        ("outside", "lost"),
        [
            ("CREATE VIEW public.seen AS SELECT * FROM acme.users", "the view public.seen"),
            (
                "CREATE TABLE public.notes (user_id INTEGER REFERENCES acme.users)",
                "the constraint notes_user_id_fkey of public.notes",
            ),
            ("CREATE TABLE public.moods (mood acme.mood)", "the column public.moods.mood"),
            (
                "CREATE TABLE public.counted (id INTEGER DEFAULT nextval('acme.numbers'))",
                "the default of public.counted.id",
            ),
        ],
    )
    def test_nothing_elsewhere_goes_with_it(
        self, project: Project, new_database: Callable[[str], str], outside: str, lost: str
    ) -> None:
        url = new_database("postgresql")
        provide(project, {"acme": (url, {"schema": "acme"})})
        project.db("init", "--multi")
        project.db("create")
        with sync_engine(url).begin() as connection:
            connection.execute(text("CREATE TABLE acme.users (id INTEGER PRIMARY KEY)"))
            connection.execute(text("CREATE TYPE acme.mood AS ENUM ('good')"))
            connection.execute(text("CREATE SEQUENCE acme.numbers"))
            connection.execute(text(outside))

        assert f"this would also drop {lost}" in refused(project)
        assert inspect(sync_engine(url)).get_table_names(schema="acme") == ["users"]

    def test_not_under_a_run_of_a_package(self, project: Project, new_database: Callable[[str], str]) -> None:
        url = new_database("postgresql")
        versions = project.path / "audit"
        versions.mkdir()
        provide(project, {"acme": (url, {"schema": "acme"})})
        extend(
            project,
            "\nfrom ellar_db import PackageMigrations\n@hookimpl\ndef ellar_db_migrations():\n"
            f"    yield PackageMigrations('audit', {str(versions)!r}, databases=['a*'])\n",
        )
        project.db("init", "--multi")
        project.db("create")
        manager, begun, over = get_plugin_manager(), Event(), Event()
        database = collect_databases(manager)["acme"]
        package = replace(database, options={"version_table": "alembic_version_audit"})

        def run() -> None:
            with locked([package], {"acme": Limits()}, manager):
                begun.set()
                over.wait(TIMEOUT)

        running = Thread(target=run)
        running.start()
        try:
            assert begun.wait(TIMEOUT)
            assert "is being migrated by" in refused(project, "--lock-timeout", "0")
        finally:
            over.set()
            running.join()
        assert project.db("drop", "--yes").stdout == "acme: dropped\n"

    def test_of_mariadb_they_are_databases(self, project: Project) -> None:
        url = make("mariadb")
        schemas = [f"{database_of(url)}_{name}" for name in ("a", "b")]
        provide(project, {schema: (url, {"schema": schema}) for schema in schemas})
        project.db("init", "--multi")
        project.db("create")
        with sync_engine(url).connect() as connection:
            connection.execute(text(f"USE {schemas[0]}"))
            assert "other sessions use it: root" in refused(project, "--database", schemas[0])
        assert project.db("drop", "--yes").stdout == f"{schemas[0]}: dropped\n{schemas[1]}: dropped\n"
        assert not names(url) & set(schemas)
        discard(url)

    def test_the_database_that_has_them_needs_all_of_them_chosen(
        self, project: Project, new_database: Callable[[str], str]
    ) -> None:
        url = make("postgresql")
        provide(project, {"whole": (url, {}), "acme": (url, {"schema": "acme"})})
        project.db("init", "--multi")
        project.db("create")
        assert "acme would go with the database 'whole'" in refused(project, "--database", "whole")
        assert project.db("drop", "--yes").stdout == "whole: dropped\nacme: isn't there\n"


class TestFiles:
    @pytest.fixture
    def files(self, project: Project) -> Project:
        """Two files, one of them with files beside it."""
        two(project, FILE, "sqlite+aiosqlite:///reports.db")
        project.db("create")
        for name in ("app.db-wal", "app.db-shm", "app.db-journal", "app.db-other", "app.db.bak", "reports.db-wal"):
            (project.path / name).write_text("")
        return project

    def test_one_goes_with_what_is_beside_it(self, files: Project) -> None:
        before = set(files.path.iterdir())
        assert files.db("drop", "--yes", "--database", "default").stdout == "default: dropped\n"
        assert {file.name for file in before - set(files.path.iterdir())} == {
            "app.db",
            "app.db-wal",
            "app.db-shm",
            "app.db-journal",
        }
        assert files.db("drop", "--yes").stdout == "default: isn't there\nreports: dropped\n"
        assert files.db("create").stdout == "default: created\nreports: created\n"

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows lets few users make links")
    def test_no_link_is_followed(self, files: Project) -> None:
        (files.path / "app.db").rename(files.path / "real.db")
        (files.path / "app.db").symlink_to("real.db")
        assert "app.db is a link; remove it, and what it leads to, by hand" in refused(files, "--database", "default")
        (files.path / "app.db").unlink()
        (files.path / "real.db").rename(files.path / "app.db")
        (files.path / "kept").write_text("kept")
        (files.path / "app.db-journal").unlink()
        (files.path / "app.db-other").unlink()
        files.db("drop", "--yes")
        assert (files.path / "kept").read_text() == "kept"

    @pytest.mark.parametrize("content", [b"important", b"SQLite format 2"])
    def test_no_other_file_goes(self, files: Project, content: bytes) -> None:
        (files.path / "app.db").write_bytes(content * 200)
        assert "not a database" in refused(files, exit_code=3)
        assert (files.path / "app.db").read_bytes() == content * 200
        assert (files.path / "reports.db").exists()

    def test_no_folder_goes(self, files: Project) -> None:
        (files.path / "app.db").unlink()
        (files.path / "app.db").mkdir()
        assert "app.db is a folder; correct the URL" in refused(files, exit_code=3)
        assert (files.path / "app.db").is_dir()

    def test_one_that_others_use_stays(self, files: Project) -> None:
        files.configure(url=f"{FILE}?timeout=0")
        with closing(sqlite3.connect("app.db", isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            assert "database is locked; let other sessions end" in refused(files)
        assert (files.path / "app.db").exists()

    def test_not_under_a_run(
        self, files: Project, held_elsewhere: Callable[[str], Program | subprocess.Popen[str]]
    ) -> None:
        held_elsewhere(f"sqlite:///{(files.path / 'app.db').as_posix()}")
        assert "is being migrated by" in refused(files, "--lock-timeout", "0")
        assert (files.path / "app.db").exists()

    def test_one_in_memory_is_left(self, project: Project) -> None:
        project.configure(url="sqlite://")
        project.db("init")
        assert "can't be dropped, since it is in memory" in refused(project)


class TestQuestion:
    def test_without_a_terminal_it_has_to_be_said(self, plain: Project) -> None:
        plain.db("init")
        plain.db("create")
        said = plain.db("drop", exit_code=1).stderr
        assert said == (
            f"Error: this drops default: {FILE}, with all that is in it, and there is no terminal to ask on: say --yes "
            "if that is wanted\n"
        )
        assert (plain.path / "app.db").exists()

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
    @pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 1)])
    def test_on_a_terminal_it_is_asked(self, plain: Project, answer: str, code: int) -> None:
        import pty

        plain.db("init")
        plain.db("create")
        ours, theirs = pty.openpty()
        env = {**os.environ, "ELLAR_DB_LOAD_PLUGINS": ""}
        process = python("-m", "ellar_db", "drop", cwd=plain.path, env=env, stdin=theirs)
        os.write(ours, answer.encode())
        said, asked = process.communicate(timeout=TIMEOUT)
        os.close(ours)
        os.close(theirs)

        assert process.returncode == code
        assert f"These will be dropped, with all that is in them:\n  default: {FILE}\nGo on? [y/N]: " in asked
        assert said == ("default: dropped\n" if code == 0 else "")
        assert (plain.path / "app.db").exists() == (code == 1)


def test_an_unknown_name_is_refused_before_anything(plain: Project) -> None:
    plain.db("init")
    plain.db("create")
    assert "no database is called defaults" in refused(plain, "--database", "defaults")
    assert Path("app.db").exists()


@needs_ellar
def test_an_ellar_application(tmp_path: Path) -> None:
    with new_shop(tmp_path) as shop:
        shop.create(
            "EllarDBModule.setup(databases='sqlite+aiosqlite:///data/app.db', metadata='shop.models:Base')",
            models=PLAIN_MODELS,
        )
        shop.ellar("db", "init")
        assert shop.ellar("db", "create").stdout == "default: created\n"
        assert shop.ellar("db", "drop", "--yes").stdout == "default: dropped\n"
        assert list((tmp_path / "data").iterdir()) == []
