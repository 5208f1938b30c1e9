"""Migrations folders that others made go on working as they are: ellar-sql's own, and those of `alembic init`."""

from __future__ import annotations

import gc
import itertools
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic.config import main as alembic_program
from click.testing import Result

from ellar_db.testing.terminal import logging_restored
from tests.support.applications import ELLAR_SQL_MODELS, PLAIN_MODELS, REPORTS_MODEL, Shop, new_shop
from tests.support.folders import WHOLE
from tests.support.processes import run
from tests.support.servers import asynchronous

# models of a second database: ellar-sql sets an attribute of which SQLAlchemy 2.1 warns
pytestmark = pytest.mark.filterwarnings("ignore:Attribute name 'registry'")

Run = Callable[..., Result]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with new_shop(tmp_path) as made:
        yield made


def runner(program: Run, *options: str) -> Run:
    """Give a function that runs a command, with options that stand before the command."""

    def run(*arguments: str, exit_code: int = 0) -> Result:
        with logging_restored():
            result = program(*options, *arguments, exit_code=exit_code)
            for thread in threading.enumerate() if exit_code else ():
                # ellar's worker logs the error that it has handed over, and ends; if slow, only in the next run
                if type(thread).__module__.startswith("ellar.threading"):
                    thread.join(timeout=5)
        assert "Traceback" not in result.output
        return result

    return run


def all_commands(db: Run) -> None:
    """Run every command that a folder has part in, and look at what each does."""
    db("migrate", "-m", "First", "--rev-id", "first")
    assert db("heads").stdout == "first (head)\n"
    db("upgrade")
    assert "first (head)" in db("current").stdout.splitlines()
    assert db("check").stdout == "No new upgrade operations detected.\n"
    db("migrate", "-m", "Nothing new", "--rev-id", "nothing")
    if "nothing" in db("heads").stdout:
        # Alembic's own environments write a file where nothing changed
        db("upgrade")
        parent = "nothing"
    else:
        parent = "first"
    db("revision", "-m", "By hand", "--rev-id", "second")
    assert db("history").stdout.splitlines()[0] == f"{parent} -> second (head), By hand"
    assert "By hand" in db("show", "second").stdout
    assert "not up to date" in db("check", exit_code=1).stderr
    db("upgrade", "+1")
    assert "second (head)" in db("current", "--check-heads").stdout.splitlines()
    db("downgrade")
    assert parent in db("current").stdout.splitlines()
    db("revision", "-m", "Beside it", "--rev-id", "third", "--head", parent, "--splice")
    assert set(db("heads").stdout.splitlines()) == {"second (head)", "third (head)"}
    assert f"{parent} (branchpoint)" in db("branches").stdout
    db("merge", "heads", "-m", "Join", "--rev-id", "joined")
    db("upgrade", "heads")
    assert "joined (head) (mergepoint)" in db("current").stdout.splitlines()
    db("stamp", parent)
    assert f"{parent} (branchpoint)" in db("current").stdout.splitlines()
    db("stamp", "--purge", "head")
    db("ensure-version")
    db("edit", "second")
    assert "joined" in db("current").stdout
    db("downgrade", "base")
    assert "joined" not in db("current").stdout
    db("upgrade", "--sql", "base:first")


@pytest.fixture(autouse=True)
def _editor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDITOR", "true")
    monkeypatch.delenv("VISUAL", raising=False)


# ellar-sql's environment leaves the connections of async engines to the garbage collector
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
class TestEllarSQL:
    """Folders that ellar-sql's own `ellar db init` made; their env.py asks the injector for EllarSQLService."""

    @pytest.fixture(autouse=True)
    def _collected(self) -> Iterator[None]:
        yield
        gc.collect()

    @pytest.fixture(params=["sync", "async"])
    def kind(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)

    def write(self, shop: Shop, kind: str, *, ours: bool, several: bool = False) -> dict[str, str]:
        urls = {"default": f"sqlite:///{shop.path}/app.db"}
        if several:
            urls["reports"] = f"sqlite:///{shop.path}/reports.db"
        shop.with_ellar_sql(
            {name: asynchronous(url) for name, url in urls.items()} if kind == "async" else urls,
            models=ELLAR_SQL_MODELS + (REPORTS_MODEL if several else ""),
        )
        if not ours:
            root = shop.path / "shop" / "root_module.py"
            root.write_text(
                root.read_text().replace(", EllarDBModule]", "]").replace("from ellar_db import EllarDBModule", "")
            )
        return urls

    @pytest.mark.long
    def test_a_folder_for_one_database(self, shop: Shop, kind: str) -> None:
        self.write(shop, kind, ours=False)
        made = run(shop, "ellar", "db", "init")
        assert "Creating directory" in made.stdout
        before = files(shop.path / "migrations")
        urls = self.write(shop, kind, ours=True)

        all_commands(runner(shop.ellar, "db"))

        assert files(shop.path / "migrations") == before
        assert "SingleDatabaseAlembicEnvMigration" in before["env.py"]
        assert shop.tables(urls["default"]) == {"alembic_version"}

    @pytest.mark.long
    def test_a_folder_for_several_databases(self, shop: Shop, kind: str) -> None:
        self.write(shop, kind, ours=False, several=True)
        run(shop, "ellar", "db", "init", "--multiple")
        before = files(shop.path / "migrations")
        urls = self.write(shop, kind, ours=True, several=True)
        db = runner(shop.ellar, "db")

        all_commands(db)
        db("upgrade", "heads")

        assert files(shop.path / "migrations") == before
        assert "MultipleDatabaseAlembicEnvMigration" in before["env.py"]
        assert shop.tables(urls["default"]) == {"alembic_version", "user"}
        assert shop.tables(urls["reports"]) == {"alembic_version", "report"}

    def test_revisions_of_ellar_sql_are_continued(self, shop: Shop, kind: str) -> None:
        urls = self.write(shop, kind, ours=False)
        run(shop, "ellar", "db", "init")
        run(shop, "ellar", "db", "migrate", "-m", "First", "--rev-id", "first")
        run(shop, "ellar", "db", "upgrade")
        self.write(shop, kind, ours=True)
        shop.add_to_models("    email = model.Column(model.String(64))\n")

        run(shop, "ellar", "db", "migrate", "-m", "Second", "--rev-id", "second")
        upgraded = run(shop, "ellar", "db", "upgrade")

        assert "Running upgrade first -> second, Second" in upgraded.stderr
        assert shop.columns(urls["default"], "user") == ["id", "name", "email"]
        assert sorted(shop.ellar("db", "history").stdout.splitlines()) == [
            "<base> -> first, First",
            "first -> second (head), Second",
        ]


def files(folder: Path) -> dict[str, str]:
    """Give the content of the files that `init` made."""
    return {file.name: file.read_text() for file in folder.iterdir() if file.is_file()}


class TestAlembic:
    """Folders that `alembic init` made, with the URL and the metadata filled in as a user does."""

    def write(self, shop: Shop, template: str) -> None:
        """Make a folder named schema, and alembic.ini beside it."""
        shop.write("models.py", PLAIN_MODELS)
        alembic_program(["init", "-t", template, "schema"])
        env = shop.path / "schema" / "env.py"
        text = env.read_text()
        ini = shop.path / "alembic.ini"
        if template == "multidb":
            assert "target_metadata = {}" in text
            text = text.replace(
                "target_metadata = {}",
                "from models import Base\nfrom sqlalchemy import MetaData\n"
                "target_metadata = {'engine1': Base.metadata, 'engine2': MetaData()}",
            )
            filled = ini.read_text().replace("driver://user:pass@localhost/dbname2", "sqlite:///second.db")
            ini.write_text(filled.replace("driver://user:pass@localhost/dbname", "sqlite:///app.db"))
        else:
            assert "target_metadata = None" in text
            text = text.replace("target_metadata = None", "from models import Base\ntarget_metadata = Base.metadata")
            url = "sqlite+aiosqlite:///app.db" if "async" in template else "sqlite:///app.db"
            ini.write_text(ini.read_text().replace("driver://user:pass@localhost/dbname", url))
        env.write_text(text)
        assert "app.db" in ini.read_text()

    def application(self, shop: Shop) -> None:
        """Write an application whose own database isn't the folder's."""
        own = (shop.path / "pyproject.toml").read_text() if (shop.path / "pyproject.toml").exists() else ""
        shop.with_plain_sqlalchemy("sqlite:///other.db")
        root = shop.path / "shop" / "root_module.py"
        root.write_text(root.read_text().replace("migration_options={'directory': 'migrations'}", ""))
        pyproject = shop.path / "pyproject.toml"
        pyproject.write_text(pyproject.read_text() + own)

    @pytest.mark.sampled
    @pytest.mark.parametrize(
        ("found", "program", "template"),
        [
            (found, program, template)
            for number, (found, program) in enumerate(
                itertools.product(["-d", "-c", "lookup"], ["ellar db", "ellar-db"])
            )
            for place, template in enumerate(["generic", "async", "multidb", "pyproject", "pyproject_async"])
            # each template with each program and each option, though not with all pairs of them
            if WHOLE or (found, program) in (("ellar db", "-d"), ("lookup", "ellar-db")) or (number + place) % 2 == 0
        ],
    )
    def test_runs_as_it_is(self, shop: Shop, template: str, program: str, found: str) -> None:
        self.write(shop, template)
        before = files(shop.path / "schema")
        options = {"-d": ["-d", "schema"], "-c": ["-c", "alembic.ini"], "lookup": []}[found]
        if found == "-c" and "pyproject" in template:
            options = ["-c", "alembic.ini", "-c", "pyproject.toml"]
        if program == "ellar db":
            self.application(shop)
            db = runner(shop.ellar, "db", *options)
        else:
            db = runner(shop.db, *options)

        # with the application, the folder differs only by what runs its databases
        most = WHOLE or program == "ellar-db" or template in ("multidb", "pyproject_async")
        if most and (program, found) in (("ellar db", "-d"), ("ellar-db", "lookup")):
            all_commands(db)
            db("upgrade", "heads")
        else:
            db("migrate", "-m", "First")
            db("upgrade")
            assert db("check").stdout == "No new upgrade operations detected.\n"

        assert files(shop.path / "schema") == before
        assert shop.tables() == {"alembic_version", "user"}
        assert not (shop.path / "other.db").exists()
        assert not (shop.path / "migrations").exists()

    @pytest.mark.parametrize("template", ["generic", "async"])
    def test_alembic_itself_and_ellar_db_take_turns(self, shop: Shop, template: str) -> None:
        self.write(shop, template)
        alembic = ["-m", "alembic"]
        run(shop, *alembic, "revision", "--autogenerate", "-m", "First", "--rev-id", "first")

        run(shop, "ellar-db", "upgrade")
        run(shop, "ellar-db", "revision", "-m", "Second", "--rev-id", "second")
        run(shop, *alembic, "upgrade", "head")

        assert run(shop, "ellar-db", "current").stdout == "second (head)\n"
        assert run(shop, *alembic, "current").stdout == "second (head)\n"

    def test_the_folder_of_an_application_with_ellar_sql_by_option(self, shop: Shop) -> None:
        self.write(shop, "generic")
        shop.with_ellar_sql(f"sqlite:///{shop.path}/other.db")
        db = runner(shop.ellar, "db", "-d", "schema")

        db("migrate", "-m", "First")
        db("upgrade")

        assert shop.tables() == {"alembic_version", "user"}
        assert not (shop.path / "other.db").exists()

    def test_another_section_of_the_ini_file(self, shop: Shop) -> None:
        self.write(shop, "generic")
        ini = shop.path / "alembic.ini"
        ini.write_text(
            ini.read_text() + "\n[staging]\nscript_location = schema\nsqlalchemy.url = sqlite:///staging.db\n"
        )
        db = runner(shop.db, "-n", "staging")

        db("migrate", "-m", "First")
        db("upgrade")

        assert shop.tables("sqlite:///staging.db") == {"alembic_version", "user"}
        assert not (shop.path / "app.db").exists()

    def test_x_arguments_reach_env_py(self, shop: Shop) -> None:
        self.write(shop, "generic")
        env = shop.path / "schema" / "env.py"
        env.write_text(
            "from alembic import context as given\nprint(given.get_x_argument(as_dictionary=True))\n" + env.read_text()
        )

        result = runner(shop.db, "-x", "tenant=a")("current", "-x", "dry=yes")

        assert result.stdout == "{'tenant': 'a', 'dry': 'yes'}\n"
