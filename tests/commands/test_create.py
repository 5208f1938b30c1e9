"""`create`, and `upgrade --create`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import pytest
from sqlalchemy import create_engine, inspect, make_url

from ellar_db import Database, PackageMigrations, hookimpl
from ellar_db.plugins.manager import get_plugin_manager
from ellar_db.testing import Project
from tests.support.environments import ForeignEnvironment
from tests.support.fleets import extend, provide
from tests.support.revisions import add
from tests.support.servers import asynchronous, server, sync_engine
from tests.support.spares import execute, new_name

SERVERS = ["postgresql", "mariadb"]


@pytest.fixture
def missing() -> Iterator[Callable[[str], str]]:
    """Return URLs of databases that aren't there on a server that is; what is made of them is dropped at the end."""
    named: list[tuple[str, str]] = []

    def name(kind: str) -> str:
        named.append((kind, new_name()))
        return server(kind).url.set(database=named[-1][1]).render_as_string(hide_password=False)

    yield name
    for kind, database in named:
        execute(server(kind), f"DROP DATABASE IF EXISTS {database}")


def two(project: Project, default: str, reports: str) -> None:
    project.write("pyproject.toml", f"[tool.ellar-db.databases]\ndefault = '{default}'\nreports = '{reports}'\n")
    project.forget()


@pytest.mark.parametrize("kind", SERVERS)
def test_makes_databases_of_a_server(project: Project, missing: Callable[[str], str], kind: str) -> None:
    default, reports = missing(kind), missing(kind)
    two(project, default, asynchronous(reports))
    project.db("init", "--multi")

    assert project.db("create", "--database", "reports").stdout == "reports: created\n"
    assert project.db("create").stdout == "default: created\nreports: already exists\n"
    for url in (default, reports):
        assert inspect(sync_engine(url)).get_table_names() == []


def test_makes_files_with_their_folders(project: Project) -> None:
    two(project, "sqlite:///data/of/app.db", "sqlite+aiosqlite:///reports.db")
    project.db("init", "--multi")

    assert project.db("create").stdout == "default: created\nreports: created\n"
    assert (project.path / "data/of/app.db").read_bytes() == b""
    assert project.db("create").stdout == "default: already exists\nreports: already exists\n"
    project.db("current")


def test_makes_schemas(project: Project, new_database: Callable[[str], str]) -> None:
    url = new_database("postgresql")
    provide(project, {name: (url, {"schema": f"Of: {name}"}) for name in ("acme", "bolt")})
    project.db("init", "--multi")

    assert project.db("create", "--database", "b*").stdout == "bolt: created\n"
    assert project.db("create").stdout == "acme: created\nbolt: already exists\n"
    assert {"Of: acme", "Of: bolt"} <= set(inspect(sync_engine(url)).get_schema_names())


@pytest.mark.parametrize("kind", SERVERS)
def test_a_schema_needs_its_database(project: Project, missing: Callable[[str], str], kind: str) -> None:
    provide(project, {"acme": (missing(kind), {"schema": "acme"})})
    project.db("init", "--multi")
    assert project.db("create", exit_code=1).stderr.endswith(
        "can't be made: the database that is to have it isn't there; make that first\n"
    )


def test_one_database_with_two_names_is_made_once(project: Project, missing: Callable[[str], str]) -> None:
    url = missing("postgresql")
    two(project, url, url)
    project.db("init", "--multi")
    assert project.db("create").stdout == "default: created\nreports: already exists\n"


class TestRefusals:
    @pytest.mark.parametrize("kind", SERVERS)
    def test_a_user_without_rights(self, project: Project, missing: Callable[[str], str], kind: str) -> None:
        user = new_name()[:30]
        made, gone = {
            "postgresql": (f"CREATE ROLE {user} LOGIN", f"DROP ROLE {user}"),
            "mariadb": (f"CREATE USER {user}@'%'", f"DROP USER {user}@'%'"),
        }[kind]
        execute(server(kind), made)
        try:
            url = make_url(missing(kind)).set(username=user).render_as_string(hide_password=False)
            project.configure(url=url)
            project.db("init")
            said = project.db("create", exit_code=None)
        finally:
            execute(server(kind), gone)

        assert (said.exit_code, said.stdout, said.stderr.count("\n")) == (1, "", 1) or kind == "mariadb"
        assert said.exit_code in (1, 3)
        assert "enied" in said.stderr

    def test_an_engine_that_connects_in_its_own_way(self, project: Project, missing: Callable[[str], str]) -> None:
        project.db("init")
        url = make_url(missing("postgresql"))
        engine = create_engine(
            url, creator=lambda: __import__("psycopg").connect(host=url.host, user=url.username, dbname=url.database)
        )

        class Own:
            @hookimpl
            def ellar_db_databases(self) -> list[Database]:
                return [Database("default", engine)]

        get_plugin_manager().register(Own(), "own")
        assert project.db("create", exit_code=1).stderr.endswith(
            "can't be made: its engine connects to it whatever it is told (creator, connect_args); make it by hand\n"
        )

    def test_a_server_that_is_not_there(self, plain: Project) -> None:
        plain.db("init")
        plain.configure(url="postgresql+psycopg://ann@127.0.0.1:1/shop")
        assert "can't be reached" in plain.db("create", exit_code=3).stderr

    def test_a_folder_in_place_of_a_file(self, plain: Project) -> None:
        plain.db("init")
        plain.configure(url="sqlite:///migrations")
        assert "is a folder; correct the URL" in plain.db("create", exit_code=3).stderr

    def test_a_wrong_answer_of_a_plugin(self, project: Project) -> None:
        provide(project, {"default": ("sqlite:///none/app.db", {})})
        extend(project, "\n@hookimpl\ndef ellar_db_provision(database):\n    return 'yes'\n")
        project.db("init")
        assert "it gave 'yes' instead of True or None" in project.db("create", exit_code=1).stderr


class TestUpgrade:
    """`upgrade --create`, and its former name."""

    @pytest.mark.parametrize("kind", [*SERVERS, "sqlite"])
    @pytest.mark.parametrize("option", ["--create", "--provision"])
    def test_makes_what_is_not_there(
        self, plain: Project, missing: Callable[[str], str], kind: str, option: str
    ) -> None:
        plain.db("init")
        add(plain, "first", None)
        url = "sqlite:///none/app.db" if kind == "sqlite" else missing(kind)
        plain.configure(url=asynchronous(url) if option == "--create" else url)
        advice = plain.db("upgrade", exit_code=3).stderr
        assert "`ellar-db create --database default` makes it" in advice

        assert plain.db("upgrade", option).stdout == "default: created\n"
        assert "t_first" in inspect(sync_engine(url)).get_table_names()
        assert plain.db("upgrade", option).stdout == ""

    def test_makes_only_what_the_folder_is_for(self, project: Project) -> None:
        two(project, "sqlite:///a/app.db", "sqlite:///b/reports.db")
        project.db("init")
        assert project.db("upgrade", "--create").stdout == "default: created\n"
        assert not (project.path / "b").exists()

    def test_makes_what_the_migrations_of_packages_need(self, plain: Project) -> None:
        plain.db("init")
        add(plain, "audit1", None, folder="audit")
        plain.configure(url="sqlite:///none/app.db")
        versions = plain.path / "audit" / "versions"

        class Audit:
            @hookimpl
            def ellar_db_migrations(self) -> Iterable[PackageMigrations]:
                yield PackageMigrations("audit", versions)

        get_plugin_manager().register(Audit(), "audit")
        plain.db("upgrade", "--create")
        assert "t_audit1" in plain.tables("sqlite:///none/app.db")

    def test_is_nothing_to_sql(self, plain: Project) -> None:
        plain.db("init")
        assert "--create makes databases" in plain.db("upgrade", "--create", "--sql", exit_code=2).stderr

    def test_means_nothing_to_an_env_of_somebody_elses(self, project: Project) -> None:
        ForeignEnvironment(project, "sqlite:///none/app.db", "generic").write()
        for _ in range(2):
            said = project.db("-c", "theirs.ini", "upgrade", "--create", exit_code=1).stderr
            assert said.startswith("Error: this env.py chooses its databases itself, and so --create means nothing")
            (project.path / "none").mkdir(exist_ok=True)
