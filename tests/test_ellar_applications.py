"""`ellar db` in real Ellar applications: who owns `db`, what EllarDBModule takes, what can be injected, ellar-sql."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner
from ellar.reflect import reflect
from ellar_cli.main import create_ellar_cli
from sqlalchemy import Connection, Engine, event, make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from ellar_db import Databases, MigrationOptions
from tests.support.applications import (
    ELLAR_SQL_MODELS,
    MANAGE,
    PLAIN_MODELS,
    PYPROJECT,
    REPORTS_MODEL,
    Shop,
    answer,
    new_shop,
)
from tests.support.processes import run
from tests.support.servers import asynchronous

# models of a second database: ellar-sql sets an attribute of which SQLAlchemy 2.1 warns
pytestmark = pytest.mark.filterwarnings("ignore:Attribute name 'registry'")

ELLAR_SQL = "EllarSQLModule.setup(databases='sqlite:///app.db', migration_options={}, models=['shop.models'])"
LAZY_ELLAR_SQL = (
    "LazyModuleImport('ellar_sql:EllarSQLModule', 'setup', databases='sqlite:///app.db', migration_options={}, "
    "models=['shop.models'])"
)
TWO = {"default": "sqlite:///{0}/app.db", "reports": "sqlite:///{0}/reports.db"}


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with new_shop(tmp_path) as made:
        yield made


def two(shop: Shop) -> dict[str, str]:
    return {name: url.format(shop.path) for name, url in TWO.items()}


class TestOwnsDb:
    """Of two groups `db`, ours is the one that runs."""

    @pytest.mark.parametrize(
        "modules",
        [f"EllarDBModule, {ELLAR_SQL}", f"{ELLAR_SQL}, EllarDBModule"],
        ids=["listed before ellar-sql", "listed after ellar-sql"],
    )
    def test_in_this_process(self, shop: Shop, modules: str) -> None:
        shop.create(modules, models=ELLAR_SQL_MODELS)

        assert is_ours(shop.ellar("db", "--help").stdout)

    def test_ellar_sql_has_db_where_our_module_is_not(self, shop: Shop) -> None:
        shop.create(ELLAR_SQL, models=ELLAR_SQL_MODELS)

        assert not is_ours(shop.ellar("db", "--help").stdout)

    @pytest.mark.parametrize(
        "modules",
        [
            f"EllarDBModule, {LAZY_ELLAR_SQL}",
            f"{LAZY_ELLAR_SQL}, EllarDBModule",
            f"LazyModuleImport('ellar_db:EllarDBModule'), {LAZY_ELLAR_SQL}",
            f"{LAZY_ELLAR_SQL}, LazyModuleImport('ellar_db:EllarDBModule')",
        ],
    )
    @pytest.mark.parametrize("program", ["ellar", "ellar --project shop", "python manage.py"])
    def test_with_modules_that_are_imported_late(self, shop: Shop, modules: str, program: str) -> None:
        shop.create(modules, models=ELLAR_SQL_MODELS)
        shop.write("manage.py", MANAGE)

        # in a new Python, in which nothing is imported, where all is imported late
        started = shop.run if program == "ellar" and "'ellar_db:" in modules else partial(run, shop)
        done = started(*program.split(), "db", "--help")

        assert is_ours(done.stdout)
        assert done.stderr == ""

    def test_other_commands_of_the_application_stay(self, shop: Shop) -> None:
        shop.create(
            f"Clock, {ELLAR_SQL}, EllarDBModule",
            imports="""
            import click

            @click.command()
            def tick() -> None:
                click.echo("tick")

            @Module(commands=[tick])
            class Clock(ModuleBase):
                pass
            """,
            models=ELLAR_SQL_MODELS,
        )

        assert shop.ellar("tick").stdout == "tick\n"
        assert is_ours(shop.ellar("db", "--help").stdout)


def is_ours(text: str) -> bool:
    ours, theirs = "every Alembic command" in text, "- Perform Alembic Database Commands -" in text
    assert ours != theirs, text
    return ours


class TestProgram:
    """The application is found from each program that Ellar has."""

    def test_project_option_chooses_the_application(self, shop: Shop) -> None:
        shop.with_plain_sqlalchemy(f"sqlite:///{shop.path}/app.db")
        other = PYPROJECT.replace('[tool.ellar]\ndefault = "shop"\n', "").replace("shop", "mart")
        shop.write("pyproject.toml", PYPROJECT + other)
        for file in (shop.path / "shop").glob("*.py"):
            shop.write(f"mart/{file.name}", file.read_text().replace("shop", "mart").replace("app.db", "mart.db"))

        run(shop, "ellar", "db", "init")
        run(shop, "ellar", "--project", "mart", "db", "migrate", "-m", "First")
        run(shop, "ellar", "--project", "mart", "db", "upgrade")

        assert shop.tables(f"sqlite:///{shop.path}/mart.db") == {"alembic_version", "user"}
        assert not (shop.path / "app.db").exists()

    def test_manage_py_migrates(self, shop: Shop) -> None:
        shop.with_plain_sqlalchemy(f"sqlite:///{shop.path}/app.db", manage=True)

        made = run(shop, "python", "manage.py", "db", "init")
        run(shop, "python", "manage.py", "db", "migrate", "-m", "First")
        run(shop, "python", "manage.py", "db", "upgrade")

        assert made.stdout == (
            "Made migrations. Keep it under version control.\n"
            'Next: `python manage.py db migrate -m "Initial migration."`, then `python manage.py db upgrade`.\n'
        )
        assert shop.tables() == {"alembic_version", "user"}

    def test_without_a_command_the_help_is_shown(self, shop: Shop) -> None:
        shop.with_plain_sqlalchemy("sqlite:///app.db")

        assert shop.ellar("db", exit_code=2).stderr == shop.ellar("db", "--help").stdout

    def test_no_application_is_started_for_help(self, shop: Shop) -> None:
        shop.with_plain_sqlalchemy("sqlite:///app.db")
        shop.write("shop/server.py", "raise SystemExit('started')")

        assert "REVISION" in shop.ellar("db", "upgrade", "--help").stdout

    def test_an_application_that_cannot_be_started_is_one_line(self, shop: Shop) -> None:
        shop.with_plain_sqlalchemy("sqlite:///app.db")
        shop.write("shop/server.py", "def bootstrap():\n    raise ValueError('no\\nsuch thing')\n")

        result = shop.ellar("db", "current", exit_code=3)

        assert result.stderr == (
            "Error: the application shop.server:bootstrap can't be started: ValueError: no "
            "(shop/server.py, line 2); --traceback (before the command) shows where\n"
        )
        assert "in bootstrap" in shop.ellar("db", "--traceback", "current", exit_code=3).stderr


class TestSetup:
    """What `EllarDBModule.setup` takes."""

    @pytest.mark.parametrize(
        ("databases", "metadata"),
        [
            ("'sqlite:///app.db'", "Base.metadata"),
            ("'sqlite:///app.db'", "Base"),
            ("'sqlite:///app.db'", "'shop.models:Base'"),
            ("'sqlite:///app.db'", "'shop.models:Base.metadata'"),
            ("'sqlite:///app.db'", "[MetaData(), Base.metadata]"),
            ("'sqlite:///app.db'", "{'default': Base}"),
            ("make_url('sqlite:///app.db')", "Base"),
            ("{'url': 'sqlite:///app.db', 'echo': False}", "Base"),
            ("{'url': make_url('sqlite:///app.db')}", "Base"),
            ("create_engine('sqlite:///app.db')", "Base"),
            ("create_async_engine('sqlite+aiosqlite:///app.db')", "Base"),
            ("{'default': 'sqlite:///app.db'}", "Base"),
            ("{'default': make_url('sqlite:///app.db')}", "{'default': 'shop.models:Base'}"),
            ("{'default': {'url': 'sqlite+aiosqlite:///app.db'}}", "Base"),
            ("{'default': create_engine('sqlite:///app.db')}", "Base"),
            ("{'default': create_async_engine('sqlite+aiosqlite:///app.db')}", "Base"),
        ],
    )
    def test_forms_of_databases_and_metadata(self, shop: Shop, databases: str, metadata: str) -> None:
        shop.create(
            f"EllarDBModule.setup(databases={databases}, metadata={metadata})",
            imports="""
            from sqlalchemy import MetaData, create_engine, make_url
            from sqlalchemy.ext.asyncio import create_async_engine

            from shop.models import Base
            """,
            models=PLAIN_MODELS,
        )

        shop.ellar("db", "init")
        shop.ellar("db", "migrate", "-m", "First")
        shop.ellar("db", "upgrade")

        assert shop.columns("sqlite:///app.db", "user") == ["id", "name"]

    def test_each_database_has_its_own_metadata(self, shop: Shop) -> None:
        shop.create(
            "EllarDBModule.setup("
            "databases={'default': 'sqlite:///app.db', 'reports': 'sqlite+aiosqlite:///reports.db'}, "
            "metadata={'default': 'shop.models:Base', 'reports': 'shop.reports:Base'})",
            models=PLAIN_MODELS,
        )
        shop.write("shop/reports.py", PLAIN_MODELS.replace('"user"', '"report"'))

        shop.ellar("db", "init", "--multi")
        shop.ellar("db", "migrate", "-m", "First")
        shop.ellar("db", "upgrade")

        assert shop.tables("sqlite:///app.db") == {"alembic_version", "user"}
        assert shop.tables("sqlite:///reports.db") == {"alembic_version", "report"}

    def test_migration_options_reach_alembic(self, shop: Shop) -> None:
        shop.create(
            "EllarDBModule.setup(databases='sqlite:///app.db', metadata='shop.models:Base', migration_options={"
            "'directory': 'schema', 'context_configure': {'version_table': 'shop_version'}})",
            models=PLAIN_MODELS,
        )

        shop.ellar("db", "init")
        shop.ellar("db", "migrate", "-m", "First")
        shop.ellar("db", "upgrade")

        assert len(shop.revisions("schema")) == 1
        assert shop.tables() == {"shop_version", "user"}

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (
                "databases=7",
                "the database 'default' needs a URL, a table with 'url', or an engine, not a int",
            ),
            (
                "databases='no url'",
                "the URL of the database 'default' can't be understood; write it as "
                "dialect+driver://user:password@host/name (percent-encode odd characters of the password)",
            ),
            (
                "databases='nosuch://host/name'",
                "SQLAlchemy knows no dialect 'nosuch', which the database 'default' names; correct the URL, or install "
                "the package that brings its dialect",
            ),
            (
                "databases='oracle+oracledb://host/name'",
                "the driver 'oracledb' of the database 'default' (oracle+oracledb) isn't installed; "
                "install it with pip",
            ),
            (
                "databases={'url': 'sqlite:///app.db', 'pool_sise': 3}",
                "the engine of the database 'default' can't be made: TypeError: Invalid argument(s) 'pool_sise' sent "
                "to create_engine(), using configuration SQLiteDialect_pysqlite/QueuePool/Engine.  Please check that "
                "the keyword arguments are appropriate for this combination of components.",
            ),
            (
                "databases='sqlite:///app.db', metadata=7",
                "the metadata of the database 'default' must be a MetaData or 'module:attribute', not 7",
            ),
            (
                "databases='sqlite:///app.db', metadata='shop.models'",
                "the metadata of the database 'default' must be written as 'module:attribute', not 'shop.models'",
            ),
            (
                "databases='sqlite:///app.db', metadata='shop.models:Nothing'",
                "the metadata of the database 'default' is 'shop.models:Nothing', and shop.models has no 'Nothing'",
            ),
            (
                "databases='sqlite:///app.db', metadata={'other': 'shop.models:Base'}",
                "metadata is given for other, which isn't among the databases",
            ),
            ("databases={}", "no database is configured"),
            ("databases={'a b': 'sqlite://'}", "a database can't be named 'a b'"),
        ],
    )
    def test_what_cannot_be_understood_is_one_line(self, shop: Shop, arguments: str, message: str) -> None:
        shop.create(f"EllarDBModule.setup({arguments})", models=PLAIN_MODELS)
        shop.ellar("db", "init")

        result = shop.ellar("db", "current", exit_code=1)

        assert " ".join(result.stderr.split()).startswith(" ".join(f"Error: {message}".split()))
        assert len(result.stderr.splitlines()) == 1

    def test_metadata_whose_module_cannot_be_imported_is_one_line(self, shop: Shop) -> None:
        shop.create("EllarDBModule.setup(databases='sqlite:///app.db', metadata='shop.nowhere:Base')")
        shop.ellar("db", "init")

        assert shop.ellar("db", "migrate", exit_code=3).stderr == (
            "Error: the metadata of the database 'default' is 'shop.nowhere:Base', and shop.nowhere can't be imported: "
            "ModuleNotFoundError: No module named 'shop.nowhere'\n"
        )

    def test_an_unknown_migration_option_is_one_line(self, shop: Shop) -> None:
        shop.create("EllarDBModule.setup(databases='sqlite:///app.db', migration_options={'folder': 'x'})")

        done = run(shop, "ellar", "db", "current", exit_code=1)

        assert done.stderr.startswith("Error: migration_options has no folder; it takes directory, use_two_phase, ")
        assert len(done.stderr.splitlines()) == 1

    def test_a_database_of_both_modules_names_both(self, shop: Shop) -> None:
        shop.create(f"{ELLAR_SQL}, EllarDBModule.setup(databases='sqlite:///other.db')", models=ELLAR_SQL_MODELS)
        shop.ellar("db", "init")

        assert shop.ellar("db", "current", exit_code=1).stderr == (
            "Error: the database 'default' is supplied by EllarDBModule (as 'default') and by ellar-sql's "
            "EllarSQLModule; give one of them another name\n"
        )


class TestRegisterSetup:
    """`EllarDBModule.register_setup()` reads `ELLAR_DB` of the application's config."""

    def test_migrates(self, shop: Shop) -> None:
        shop.create(
            "EllarDBModule.register_setup()",
            config="""
            ELLAR_DB = {
                "databases": {"default": "sqlite:///app.db"},
                "metadata": "shop.models:Base",
                "migration_options": {"directory": "schema"},
            }
            """,
            models=PLAIN_MODELS,
        )

        shop.ellar("db", "init")
        shop.ellar("db", "migrate", "-m", "First")
        shop.ellar("db", "upgrade")

        assert len(shop.revisions("schema")) == 1
        assert shop.tables() == {"alembic_version", "user"}

    def test_arguments_beat_the_config(self, shop: Shop) -> None:
        shop.create(
            "EllarDBModule.register_setup(databases='sqlite:///other.db')",
            config='ELLAR_DB = {"databases": "sqlite:///app.db", "metadata": "shop.models:Base"}',
            models=PLAIN_MODELS,
        )

        shop.ellar("db", "init")
        shop.ellar("db", "migrate", "-m", "First")
        shop.ellar("db", "upgrade")

        assert shop.tables("sqlite:///other.db") == {"alembic_version", "user"}
        assert not (shop.path / "app.db").exists()

    @pytest.mark.parametrize(
        ("config", "message"),
        [
            (
                "DEBUG = True",
                "the application's config has no ELLAR_DB; give it a dict of EllarDBModule.setup's arguments",
            ),
            (
                "ELLAR_DB = 'sqlite:///app.db'",
                "ELLAR_DB of the application's config must be a dict of EllarDBModule.setup's arguments, not a str",
            ),
            (
                "ELLAR_DB = {}",
                "ELLAR_DB of the application's config lacks databases; "
                "it takes databases, metadata and migration_options",
            ),
            (
                "ELLAR_DB = {'databases': 'sqlite:///app.db', 'models': 'shop.models:Base'}",
                "ELLAR_DB of the application's config has models; it takes databases, metadata and migration_options",
            ),
            (
                "ELLAR_DB = {'databases': 'sqlite:///app.db', 'migration_options': {'folder': 'x'}}",
                "migration_options has no folder; it takes directory, use_two_phase, context_configure, ",
            ),
            (
                "ELLAR_DB = {'databases': 'sqlite:///app.db', 'migration_options': 'migrations'}",
                "migration_options must be a dict or a MigrationOptions, not a str",
            ),
        ],
    )
    @pytest.mark.parametrize("program", ["ellar", "manage.py"])
    def test_wrong_content_is_one_line(self, shop: Shop, config: str, message: str, program: str) -> None:
        shop.create("EllarDBModule.register_setup()", config=config)
        cli = create_ellar_cli("shop.server:bootstrap" if program == "manage.py" else None)

        with reflect.context():
            result = CliRunner().invoke(cli, ["db", "init"], catch_exceptions=False)

        assert result.exit_code == 1
        assert result.output.startswith(f"Error: {message}")
        assert len(result.output.splitlines()) == 1


class TestInjection:
    """`Databases` and `MigrationOptions` can be injected."""

    SERVICE = """
    from ellar.di import injectable

    from ellar_db import Databases, MigrationOptions


    @injectable
    class Report:
        def __init__(self, databases: Databases, options: MigrationOptions) -> None:
            self.databases = databases
            self.options = options
    """

    def test_with_plain_sqlalchemy(self, shop: Shop) -> None:
        shop.create(
            "EllarDBModule.setup(databases={'default': 'sqlite:///app.db', 'async': 'sqlite+aiosqlite://'}, "
            "metadata=Base.metadata, migration_options={'directory': 'schema', 'use_two_phase': True})",
            imports="from shop.models import Base",
            models=PLAIN_MODELS,
        )
        injector = shop.application().injector

        databases, options = injector.get(Databases), injector.get(MigrationOptions)

        assert list(databases) == ["default", "async"]
        assert isinstance(databases["default"].engine, Engine)
        assert isinstance(databases["async"].engine, AsyncEngine)
        assert set(databases["default"].metadata.tables) == {"user"}
        assert options == MigrationOptions(directory="schema", use_two_phase=True)
        assert injector.get(Databases) is databases

    def test_beside_ellar_sql(self, shop: Shop) -> None:
        from ellar_sql import EllarSQLService

        shop.with_ellar_sql(
            two(shop),
            models=ELLAR_SQL_MODELS + REPORTS_MODEL,
            options="{'directory': '/srv/schema', 'use_two_phase': True, 'context_configure': {'compare_type': False}}",
        )
        injector = shop.application().injector

        databases, options = injector.get(Databases), injector.get(MigrationOptions)

        assert {name: database.engine for name, database in databases.items()} == injector.get(EllarSQLService).engines
        assert [set(database.metadata.tables) for database in databases.values()] == [{"user"}, {"report"}]
        assert options == MigrationOptions("/srv/schema", True, {"compare_type": False})

    def test_into_a_service_and_a_controller(self, shop: Shop) -> None:
        shop.with_plain_sqlalchemy(f"sqlite:///{shop.path}/app.db")
        shop.write("shop/report.py", self.SERVICE)
        shop.write(
            "shop/controllers.py",
            """
            from ellar.common import Controller, ControllerBase, get

            from shop.report import Report


            @Controller("/report")
            class ReportController(ControllerBase):
                def __init__(self, report: Report) -> None:
                    self.report = report

                @get("/")
                def show(self) -> dict:
                    return {
                        "databases": {name: found.url for name, found in self.report.databases.items()},
                        "directory": self.report.options.directory,
                    }
            """,
        )
        root = shop.path / "shop" / "root_module.py"
        root.write_text(
            "from shop.controllers import ReportController\nfrom shop.report import Report\n"
            + root.read_text().replace("@Module(", "@Module(controllers=[ReportController], providers=[Report], ")
        )

        assert answer(shop.application(), "/report/") == {
            "databases": {"default": f"sqlite:///{shop.path}/app.db"},
            "directory": "migrations",
        }


class TestEllarSQL:
    """An application of ellar-sql, and what its own commands fail at."""

    def test_stamp(self, shop: Shop) -> None:
        shop.with_ellar_sql(f"sqlite:///{shop.path}/app.db")
        shop.ellar("db", "init")
        shop.ellar("db", "revision", "--rev-id", "first")

        shop.ellar("db", "stamp", "head")

        assert shop.ellar("db", "current").stdout == "first (head)\n"

    @pytest.mark.parametrize("option", ["-m", "--multi", "--multiple"])
    @pytest.mark.parametrize("kind", ["sync", "async"])
    def test_two_databases(self, shop: Shop, option: str, kind: str) -> None:
        urls = two(shop)
        shop.with_ellar_sql(
            {name: asynchronous(url) for name, url in urls.items()} if kind == "async" else urls,
            models=ELLAR_SQL_MODELS + REPORTS_MODEL,
        )

        shop.ellar("db", "init", option)
        shop.ellar("db", "migrate", "-m", "First", "--rev-id", "first")
        shop.ellar("db", "upgrade")

        assert shop.tables(urls["default"]) == {"alembic_version", "user"}
        assert shop.tables(urls["reports"]) == {"alembic_version", "report"}
        assert shop.ellar("db", "check").stdout == "No new upgrade operations detected.\n"
        assert shop.ellar("db", "current").stdout == "default:\nfirst (head)\nreports:\nfirst (head)\n"

        shop.ellar("db", "downgrade")

        assert shop.tables(urls["default"]) == shop.tables(urls["reports"]) == {"alembic_version"}

    def test_a_change_in_one_of_two_databases(self, shop: Shop) -> None:
        urls = two(shop)
        shop.with_ellar_sql(urls, models=ELLAR_SQL_MODELS + REPORTS_MODEL)
        shop.ellar("db", "init", "--multi")
        shop.ellar("db", "migrate", "-m", "First")
        shop.ellar("db", "upgrade")
        (shop.path / "shop" / "models.py").write_text(
            ELLAR_SQL_MODELS + REPORTS_MODEL + "    title = model.Column(model.String(9))\n"
        )

        pending = shop.ellar("db", "check", exit_code=1)
        shop.ellar("db", "migrate", "-m", "Second")
        shop.ellar("db", "upgrade")

        assert "add column report.title" in pending.stdout
        assert "user" not in pending.stderr
        assert shop.columns(urls["reports"], "report") == ["id", "title"]
        assert shop.ellar("db", "check").stdout == "No new upgrade operations detected.\n"

    def test_skip_autogen(self, shop: Shop) -> None:
        shop.with_ellar_sql(
            f"sqlite:///{shop.path}/app.db",
            models=ELLAR_SQL_MODELS
            + """

class View(model.Model):
    __table_args__ = {"info": {"skip_autogen": True}}

    id = model.Column(model.Integer, primary_key=True)
""",
        )

        shop.ellar("db", "init")
        shop.ellar("db", "migrate", "-m", "First")
        shop.ellar("db", "upgrade")

        assert shop.tables() == {"alembic_version", "user"}
        assert shop.ellar("db", "check").stdout == "No new upgrade operations detected.\n"

    def test_skip_autogen_where_the_application_filters_too(self, shop: Shop) -> None:
        shop.with_ellar_sql(
            f"sqlite:///{shop.path}/app.db",
            models=ELLAR_SQL_MODELS
            + """

class Draft(model.Model):
    id = model.Column(model.Integer, primary_key=True)


class View(model.Model):
    __table_args__ = {"info": {"skip_autogen": True}}

    id = model.Column(model.Integer, primary_key=True)
""",
            options="{'context_configure': {'include_object': lambda found, name, *_: name != 'draft'}}",
        )

        shop.ellar("db", "init")
        shop.ellar("db", "migrate", "-m", "First")
        shop.ellar("db", "upgrade")

        assert shop.tables() == {"alembic_version", "user"}

    def test_context_configure(self, shop: Shop) -> None:
        shop.with_ellar_sql(
            f"sqlite:///{shop.path}/app.db",
            options="{'directory': 'schema', 'context_configure': {'version_table': 'shop_version'}}",
        )

        shop.ellar("db", "init")
        shop.ellar("db", "migrate", "-m", "First")
        shop.ellar("db", "upgrade")

        assert len(shop.revisions("schema")) == 1
        assert shop.tables() == {"shop_version", "user"}

    def test_use_two_phase(self, shop: Shop, new_database: Callable[[str], str]) -> None:
        urls = {"default": new_database("mariadb"), "reports": new_database("mariadb")}
        shop.with_ellar_sql(urls, models=ELLAR_SQL_MODELS + REPORTS_MODEL, options="{'use_two_phase': True}")
        seen: list[str] = []

        def prepared(connection: Connection, xid: str) -> None:
            seen.append(connection.engine.url.database or "")

        event.listen(Engine, "prepare_twophase", prepared)
        shop.ellar("db", "init", "--multi")
        shop.ellar("db", "migrate", "-m", "First")
        shop.ellar("db", "upgrade")

        event.remove(Engine, "prepare_twophase", prepared)
        assert {make_url(url).database for url in urls.values()} <= set(seen)
        assert shop.tables(urls["default"]) == {"alembic_version", "user"}
        assert shop.tables(urls["reports"]) == {"alembic_version", "report"}

    def test_two_phase_on_a_driver_without_it_is_one_line(self, shop: Shop) -> None:
        shop.with_ellar_sql(f"sqlite:///{shop.path}/app.db", options="{'use_two_phase': True}")
        shop.ellar("db", "init")

        result = shop.ellar("db", "upgrade", exit_code=1)

        assert result.stderr == (
            f"Error: the driver of the database 'default' (sqlite:///{shop.path}/app.db) knows no two-phase commit; "
            "set use_two_phase to False\n"
        )

    def test_the_folder_lies_beside_the_code_from_any_working_directory(
        self, shop: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shop.with_ellar_sql(f"sqlite:///{shop.path}/app.db")
        (shop.path / "deep").mkdir()
        shop.write("deep/pyproject.toml", PYPROJECT)
        monkeypatch.chdir(shop.path / "deep")

        shop.ellar("db", "init")

        assert (shop.path / "migrations" / "env.py").is_file()

    def test_offline(self, shop: Shop) -> None:
        shop.with_ellar_sql(f"sqlite:///{shop.path}/app.db")
        shop.ellar("db", "init")
        shop.ellar("db", "migrate", "-m", "First", "--rev-id", "first")
        (shop.path / "app.db").unlink()

        sql = shop.ellar("db", "upgrade", "--sql").stdout

        assert not (shop.path / "app.db").exists()
        with sqlite3.connect(shop.path / "offline.db") as database:
            database.executescript(sql)
        database.close()
        assert shop.tables("sqlite:///offline.db") == {"alembic_version", "user"}


def test_options_beside_ellar_sql_go_over_those_of_its_module(shop: Shop) -> None:
    shop.create(
        f"{ELLAR_SQL}, EllarDBModule.setup(migration_options="
        "{'directory': 'here', 'lock_timeout': 7, 'confirm': 'always'})",
        models=ELLAR_SQL_MODELS,
    )

    assert shop.ellar("db", "init").stdout.startswith("Made here.")
    injector = shop.application().injector
    assert injector.get(MigrationOptions).limits == {"lock_timeout": 7}
    assert injector.get(Databases)["default"].limits == {"lock_timeout": 7}


def test_where_errors_of_ellar_db_begin_they_are_red(shop: Shop) -> None:
    shop.create(f"EllarDBModule, {ELLAR_SQL}", models=ELLAR_SQL_MODELS)
    shop.ellar("db", "init")
    for arguments, code in ((("nothing",), 2), (("show", "nothing"), 1)):
        error = run(shop, "ellar", "db", *arguments, exit_code=code, env={"FORCE_COLOR": "1"}).stderr
        assert error.splitlines()[-1].startswith("\x1b[31m\x1b[1mError:\x1b[0m ")
