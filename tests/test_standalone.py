"""Without an Ellar application: `ellar-db` and `python -m ellar_db`, from `[tool.ellar-db]` or with `-d`."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import pytest
from alembic.config import main as alembic_program

from ellar_db.testing import Project
from ellar_db.testing.project import MODELS
from tests.support.marks import needs_ellar
from tests.support.output import timeless
from tests.support.processes import run

MIGRATED = {"alembic_version", "users"}


def migrate(project: Project) -> None:
    project.db("init")
    project.db("migrate", "-m", "First")
    project.db("upgrade")


@pytest.mark.long
@pytest.mark.parametrize("program", [["ellar-db"], ["python", "-m", "ellar_db"]])
def test_the_program_migrates(plain: Project, program: list[str]) -> None:
    made = plain.run(*program, "init")
    migrated = plain.run(*program, "migrate", "-m", "Initial migration.", "--rev-id", "first")
    upgraded = plain.run(*program, "upgrade")

    assert made.stdout == (
        "Made migrations. Keep it under version control.\n"
        'Next: `ellar-db migrate -m "Initial migration."`, then `ellar-db upgrade`.\n'
    )
    assert migrated.stderr == "  add table users\nReview it before you run `ellar-db upgrade`.\n"
    assert (upgraded.stdout, timeless(upgraded.stderr)) == (
        "",
        "  ok  first Initial migration.  T s\n1 revision applied in T s; now at first (head).\n",
    )
    assert plain.tables() == MIGRATED
    assert plain.run(*program, "check").stdout == "No new upgrade operations detected.\n"


@pytest.mark.parametrize("program", [["ellar-db"], ["python", "-m", "ellar_db"]])
def test_the_program_refuses_in_one_line(plain: Project, program: list[str]) -> None:
    refused = plain.run(*program, "upgrade", exit_code=1)
    misspelt = plain.run(*program, "upgrad", exit_code=2)

    assert (refused.stdout, refused.stderr) == (
        "",
        "Error: there is no migrations folder at migrations; make one with `ellar-db init`, or name another with -d "
        "[ellar-db explain E15]\n",
    )
    assert misspelt.stderr.splitlines()[0] == "Usage: ellar-db [OPTIONS] COMMAND [ARGS]..."


def test_ellar_is_not_imported(plain: Project) -> None:
    plain.run("ellar-db", "init")
    code = (
        "import sys; sys.argv = ['ellar-db', 'check']\n"
        "from ellar_db.cli import main\n"
        "try:\n    main()\nexcept SystemExit as left:\n    print(left.code)\n"
        "finally:\n    print([name for name in sys.modules if name.partition('.')[0] in ('ellar', 'ellar_cli')])"
    )

    assert plain.run("python", "-c", code).stdout.splitlines()[1:] == ["1", "[]"]


@pytest.mark.parametrize(
    "table",
    [
        "database = 'sqlite:///app.db'\nmetadata = 'models:Base'",
        "database = 'sqlite+aiosqlite:///app.db'\nmetadata = 'models:Base.metadata'",
        "metadata = 'models:Base'\n[tool.ellar-db.databases]\ndefault = 'sqlite:///app.db'",
        "metadata = 'models:Base'\n[tool.ellar-db.databases.default]\nurl = 'sqlite:///app.db'\necho = false",
        "database = 'sqlite:///app.db'\n[tool.ellar-db.metadata]\ndefault = 'models:Base'",
        "database = 'sqlite:///app.db'\nmetadata = ['models:Base']",
    ],
)
def test_forms_of_databases_and_metadata(project: Project, table: str) -> None:
    project.write("models.py", MODELS)
    project.write("pyproject.toml", f"[tool.ellar-db]\n{table}\n")

    migrate(project)

    assert project.tables() == MIGRATED


def test_several_databases(project: Project) -> None:
    project.write("models.py", MODELS)
    project.write("reports.py", MODELS.replace('"users"', '"reports"'))
    project.write(
        "pyproject.toml",
        """
        [tool.ellar-db.databases]
        default = "sqlite:///app.db"
        reports = { url = "sqlite+aiosqlite:///reports.db" }

        [tool.ellar-db.metadata]
        default = "models:Base"
        reports = "reports:Base"
        """,
    )

    project.db("init", "--multi")
    project.db("migrate", "-m", "First", "--rev-id", "first")
    project.db("upgrade")

    assert project.tables() == MIGRATED
    assert project.tables("sqlite:///reports.db") == {"alembic_version", "reports"}
    assert project.db("current").stdout == "default:\nfirst (head)\nreports:\nfirst (head)\n"


class TestVariables:
    """`${VARIABLES}` of the environment."""

    @pytest.mark.parametrize(
        "url",
        ["${APP_URL}", "sqlite:///${APP_NAME}.db", "sqlite:///${UNSET_NAME:-app}.db", "${UNSET_URL:-sqlite:///app.db}"],
    )
    def test_fill_a_url(self, project: Project, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
        monkeypatch.setenv("APP_URL", "sqlite:///app.db")
        monkeypatch.setenv("APP_NAME", "app")
        project.configure(url=url)

        migrate(project)

        assert project.tables() == MIGRATED

    def test_fill_urls_by_name_and_the_directory(self, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("APP_URL", "sqlite:///app.db")
        monkeypatch.setenv("SCHEMA", "schema")
        project.write("models.py", MODELS)
        project.write(
            "pyproject.toml",
            """
            [tool.ellar-db]
            directory = "${SCHEMA}"
            metadata = "models:Base"

            [tool.ellar-db.databases]
            default = "${APP_URL}"
            """,
        )

        migrate(project)

        assert project.tables() == MIGRATED
        assert len(project.revisions("schema")) == 1

    def test_two_dollars_stand_for_themselves(self, project: Project) -> None:
        project.configure(url="sqlite:///$${APP}.db")

        migrate(project)

        assert (project.path / "${APP}.db").is_file()

    def test_what_a_variable_holds_is_taken_as_it_is(self, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("APP_URL", "sqlite:///${APP}.db")
        project.configure(url="${APP_URL}")

        migrate(project)

        assert (project.path / "${APP}.db").is_file()

    def test_one_that_is_not_set_is_named(self, project: Project) -> None:
        project.configure(url="${NO_SUCH_URL}")
        project.db("init")

        assert project.db("upgrade", exit_code=1).stderr == (
            "Error: [tool.ellar-db] database names the environment variable NO_SUCH_URL, which isn't set\n"
        )

    def test_one_that_is_not_set_is_named_with_its_database(self, project: Project) -> None:
        project.write("pyproject.toml", "[tool.ellar-db.databases]\nreports = { url = '${NO_SUCH_URL}' }\n")
        project.db("init")

        assert project.db("upgrade", exit_code=1).stderr == (
            "Error: [tool.ellar-db.databases] reports names the environment variable NO_SUCH_URL, which isn't set\n"
        )


def test_directory(project: Project) -> None:
    project.configure(extra="directory = 'db/schema'")

    migrate(project)

    assert len(project.revisions("db/schema")) == 1
    assert not (project.path / "migrations").exists()


def test_the_option_beats_the_directory(project: Project) -> None:
    project.configure(extra="directory = 'schema'")

    project.db("-d", "other", "init")

    assert (project.path / "other" / "env.py").is_file()
    assert not (project.path / "schema").exists()


def test_context_configure(project: Project) -> None:
    project.configure(extra="[tool.ellar-db.context-configure]\nversion_table = 'shop_version'")

    migrate(project)

    assert project.tables() == {"shop_version", "users"}


def test_use_two_phase(project: Project, new_database: Callable[[str], str]) -> None:
    from sqlalchemy import Connection, Engine, event

    prepared: list[str] = []

    def note(connection: Connection, xid: str) -> None:
        prepared.append(connection.engine.dialect.name)

    project.configure(url=new_database("mariadb"), extra="use-two-phase = true")
    event.listen(Engine, "prepare_twophase", note)
    try:
        migrate(project)
    finally:
        event.remove(Engine, "prepare_twophase", note)

    assert "mysql" in prepared


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("database = 7", "[tool.ellar-db] database must be a text, not 7; mend it in {}"),
        ("databases = 'sqlite://'", "[tool.ellar-db.databases] must be a table; mend it in {}"),
        ("databases = { a = 7 }", "[tool.ellar-db.databases] a must be a URL or a table with 'url'; mend it in {}"),
        (
            "databases = { a = { uri = 'sqlite://' } }",
            "[tool.ellar-db.databases] a must be a URL or a table with 'url'; mend it in {}",
        ),
        (
            "database = 'sqlite://'\ndatabases = { default = 'sqlite://' }",
            "[tool.ellar-db] has both database and databases.default; leave one out in {}",
        ),
        (
            "database = 'sqlite://'\ncontext-configure = 7",
            "[tool.ellar-db.context-configure] must be a table; mend it in {}",
        ),
        (
            "database = 'sqlite://'\nuse-two-phase = 'no'",
            "[tool.ellar-db] use-two-phase must be true or false, not 'no'; mend it in {}",
        ),
        (
            "database = 'sqlite://'\nmetadata = 7",
            "the metadata of the database 'default' must be a MetaData or 'module:attribute', not 7",
        ),
        (
            "database = 'sqlite://'\nmetadata = 'models'",
            "the metadata of the database 'default' must be written as 'module:attribute', not 'models'",
        ),
        ("directory = 7", "[tool.ellar-db] directory must be a text, not 7; mend it in {}"),
    ],
)
def test_wrong_settings_are_one_line(project: Project, table: str, message: str) -> None:
    project.db("init")
    project.write("pyproject.toml", f"[tool.ellar-db]\n{table}\n")
    project.forget()

    result = project.db("current", exit_code=1)

    assert result.stderr == f"Error: {message.format(project.path / 'pyproject.toml')}\n"


def test_a_file_that_is_not_toml_is_one_line(project: Project) -> None:
    project.write("pyproject.toml", "[tool.ellar-db\n")

    done = run(project, "ellar-db", "current", exit_code=1)

    assert done.stderr.startswith(f"Error: {project.path / 'pyproject.toml'} can't be read: ")
    assert len(done.stderr.splitlines()) == 1


def test_models_that_cannot_be_imported_are_one_line(project: Project) -> None:
    project.configure(models="import nowhere\n")
    project.db("init")

    assert project.db("migrate", exit_code=3).stderr == (
        "Error: the metadata of the database 'default' is 'models:Base', and models can't be imported: "
        "ModuleNotFoundError: No module named 'nowhere' (models.py, line 1)\n"
    )


def test_models_without_metadata_still_upgrade(project: Project) -> None:
    project.write("pyproject.toml", "[tool.ellar-db]\ndatabase = 'sqlite:///app.db'\n")
    project.db("init")
    project.db("revision", "--rev-id", "first")

    project.db("upgrade")

    assert project.db("current").stdout == "first (head)\n"
    assert project.db("migrate", exit_code=1).stderr == (
        "Error: the database 'default' has no metadata, and so there is nothing to compare it with; give "
        "metadata=... to EllarDBModule.setup, or metadata in [tool.ellar-db] [ellar-db explain E06]\n"
    )


def test_a_plain_alembic_folder_needs_no_settings(project: Project) -> None:
    project.write("models.py", MODELS)
    alembic_program(["init", "schema"])
    env, ini = project.path / "schema" / "env.py", project.path / "alembic.ini"
    env.write_text(
        env.read_text().replace("target_metadata = None", "from models import Base\n\ntarget_metadata = Base.metadata")
    )
    ini.write_text(ini.read_text().replace("driver://user:pass@localhost/dbname", "sqlite:///app.db"))
    assert not (project.path / "pyproject.toml").exists()

    run(project, "ellar-db", "-d", "schema", "migrate", "-m", "First", "--rev-id", "first")
    run(project, "ellar-db", "upgrade", "-d", "schema")

    assert project.tables() == MIGRATED
    assert run(project, "ellar-db", "-d", "schema", "current").stdout == "first (head)\n"


@needs_ellar
def test_an_application_that_the_settings_name(project: Project) -> None:
    project.write("models.py", MODELS)
    project.write(
        "shop.py",
        """
        from ellar.app import AppFactory
        from ellar.common import Module
        from ellar.core import ModuleBase

        from ellar_db import EllarDBModule


        @Module(modules=[EllarDBModule.setup(databases="sqlite:///app.db", metadata="models:Base")])
        class ApplicationModule(ModuleBase):
            pass


        app = AppFactory.create_from_app_module(ApplicationModule)
        """,
    )
    project.write("pyproject.toml", "[tool.ellar-db]\napplication = 'shop:app'\n")

    run(project, "ellar-db", "init")
    run(project, "ellar-db", "migrate", "-m", "First")
    run(project, "ellar-db", "upgrade")

    assert project.tables() == MIGRATED


@needs_ellar
@pytest.mark.parametrize(
    ("application", "exit_code", "message"),
    [
        ("shop", 1, "[tool.ellar-db] application must be written as 'module:attribute', not 'shop'"),
        ("shop:missing", 1, "[tool.ellar-db] application is 'shop:missing', and shop has no 'missing'"),
        ("shop:number", 1, "[tool.ellar-db] application is 'shop:number', and that gives no ellar.app.App"),
        ("shop:broken", 3, "the application shop:broken can't be started: KeyError: 'PORT' (shop.py, line 5); "),
        (
            "nowhere:app",
            3,
            "[tool.ellar-db] application is 'nowhere:app', and nowhere can't be imported: "
            "ModuleNotFoundError: No module named 'nowhere'",
        ),
    ],
)
def test_an_application_that_cannot_be_had_is_one_line(
    project: Project, application: str, exit_code: int, message: str
) -> None:
    project.write("shop.py", "number = 7\n\n\ndef broken():\n    raise KeyError('PORT')\n")
    project.write("pyproject.toml", f"[tool.ellar-db]\napplication = '{application}'\n")

    result = project.db("init", exit_code=exit_code)

    assert result.stderr.startswith(f"Error: {message}")
    assert len(result.stderr.splitlines()) == 1


def test_offline_needs_no_database(project: Project) -> None:
    project.configure()
    project.db("init")
    project.db("migrate", "-m", "First")
    (project.path / "app.db").unlink()

    sql = project.db("upgrade", "--sql").stdout

    assert not (project.path / "app.db").exists()
    database = sqlite3.connect(project.path / "offline.db")
    database.executescript(sql)
    database.close()
    assert project.tables("sqlite:///offline.db") == MIGRATED
