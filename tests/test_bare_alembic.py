"""Bare `alembic -c migrations/alembic.ini` on folders that ellar_db made: it finds the databases by itself."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.applications import ELLAR_SQL_MODELS, PLAIN_ADDITION, PLAIN_MODELS, REPORTS_MODEL, Shop, new_shop
from tests.support.output import timeless
from tests.support.processes import run

# models of a second database: ellar-sql sets an attribute of which SQLAlchemy 2.1 warns
pytestmark = pytest.mark.filterwarnings("ignore:Attribute name 'registry'")

MANAGED = """
[tool.ellar-db]
application = "shop.server:bootstrap"
"""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with new_shop(tmp_path) as made:
        yield made


def alembic(
    shop: Shop, *arguments: str, exit_code: int = 0, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `alembic -c migrations/alembic.ini ...`."""
    done = run(shop, "alembic", "-c", "migrations/alembic.ini", *arguments, exit_code=exit_code, env=env)
    assert "Traceback" not in done.stderr
    return done


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("[tool.ellar] with ellar-sql", "async"),
        ("[tool.ellar] with plain SQLAlchemy", "async"),
        ("manage.py", "sync"),
        ("standalone", "sync"),
    ],
)
def test_migrates_one_database(shop: Shop, place: str, kind: str) -> None:
    make_folder(shop, place, kind)

    alembic(shop, "revision", "--autogenerate", "-m", "First")
    alembic(shop, "upgrade", "head")

    assert shop.tables() == {"alembic_version", "user"}
    assert alembic(shop, "check").stdout == "No new upgrade operations detected.\n"


@pytest.mark.parametrize(("place", "kind"), [("[tool.ellar] with ellar-sql", "sync"), ("standalone", "async")])
def test_every_command_on_one_database(shop: Shop, place: str, kind: str) -> None:
    make_folder(shop, place, kind)

    generated = alembic(shop, "revision", "--autogenerate", "-m", "First", "--rev-id", "first")
    assert [file.name for file in shop.revisions()] == ["first_first.py"]
    assert "INFO  [alembic.autogenerate.compare.tables] Detected added table 'user'" in generated.stderr
    upgraded = alembic(shop, "upgrade", "head")
    assert "INFO  [alembic.runtime.migration] Running upgrade  -> first, First" in upgraded.stderr
    assert shop.tables() == {"alembic_version", "user"}
    assert alembic(shop, "current").stdout == "first (head)\n"
    nothing = alembic(shop, "revision", "--autogenerate", "-m", "Nothing")
    assert "INFO  [ellar_db] No changes in schema detected." in nothing.stderr
    assert alembic(shop, "history").stdout == "<base> -> first (head), First\n"
    alembic(shop, "downgrade", "-1")
    assert shop.tables() == {"alembic_version"}
    alembic(shop, "stamp", "head")
    assert alembic(shop, "current").stdout == "first (head)\n"
    assert "CREATE TABLE user" in alembic(shop, "upgrade", "head", "--sql").stdout.replace('"', "")


def make_folder(shop: Shop, place: str, kind: str) -> None:
    """Write a project of a kind, and its migrations folder."""
    url = "sqlite+aiosqlite:///app.db" if kind == "async" else "sqlite:///app.db"
    if place == "[tool.ellar] with ellar-sql":
        shop.with_ellar_sql(url.replace("app.db", f"{shop.path}/app.db"))
        shop.ellar("db", "init")
    elif place == "[tool.ellar] with plain SQLAlchemy":
        shop.with_plain_sqlalchemy(url)
        shop.ellar("db", "init")
    elif place == "manage.py":
        shop.with_plain_sqlalchemy(url, manage=True)
        shop.write("pyproject.toml", MANAGED)
        run(shop, "python", "manage.py", "db", "init")
    else:
        shop.configure(url=url, models=PLAIN_MODELS)
        shop.db("init")


@pytest.mark.parametrize("place", ["ellar-sql", "standalone"])
def test_several_databases(shop: Shop, place: str) -> None:
    if place == "ellar-sql":
        shop.with_ellar_sql(
            {"default": f"sqlite:///{shop.path}/app.db", "reports": f"sqlite:///{shop.path}/reports.db"},
            models=ELLAR_SQL_MODELS + REPORTS_MODEL,
        )
        shop.ellar("db", "init", "--multi")
    else:
        shop.write("models.py", PLAIN_MODELS)
        shop.write("reports.py", PLAIN_MODELS.replace('"user"', '"report"'))
        shop.write(
            "pyproject.toml",
            """
            [tool.ellar-db.databases]
            default = "sqlite:///app.db"
            reports = "sqlite+aiosqlite:///reports.db"

            [tool.ellar-db.metadata]
            default = "models:Base"
            reports = "reports:Base"
            """,
        )
        shop.db("init", "--multi")

    alembic(shop, "revision", "--autogenerate", "-m", "First", "--rev-id", "first")
    alembic(shop, "upgrade", "head")

    assert shop.tables() == {"alembic_version", "user"}
    assert shop.tables("sqlite:///reports.db") == {"alembic_version", "report"}
    assert alembic(shop, "check").stdout == "No new upgrade operations detected.\n"
    assert alembic(shop, "current").stdout == "first (head)\nfirst (head)\n"
    alembic(shop, "downgrade", "base")
    assert shop.tables() == shop.tables("sqlite:///reports.db") == {"alembic_version"}
    alembic(shop, "stamp", "head")
    assert alembic(shop, "current").stdout == "first (head)\nfirst (head)\n"


def test_the_config_of_the_environment(shop: Shop) -> None:
    shop.create(
        "EllarDBModule.register_setup()",
        config='ELLAR_DB = {"databases": "sqlite:///app.db", "metadata": "shop.models:Base"}',
        models=PLAIN_MODELS,
    )
    shop.write(
        "shop/testing.py",
        """
        from shop.config import DevelopmentConfig


        class TestingConfig(DevelopmentConfig):
            ELLAR_DB = {"databases": "sqlite:///testing.db", "metadata": "shop.models:Base"}
        """,
    )
    shop.ellar("db", "init")
    env = {"ELLAR_CONFIG_MODULE": "shop.testing:TestingConfig"}

    alembic(shop, "revision", "--autogenerate", "-m", "First", env=env)
    alembic(shop, "upgrade", "head", env=env)

    assert shop.tables("sqlite:///testing.db") == {"alembic_version", "user"}
    assert not (shop.path / "app.db").exists()


def test_plugins_take_part(shop: Shop) -> None:
    shop.configure(models=PLAIN_MODELS + PLAIN_ADDITION, extra='plugins = ["db_plugins"]')
    shop.write(
        "db_plugins.py",
        """
        from ellar_db import hookimpl


        @hookimpl
        def ellar_db_revision_id(request):
            return f"{len(request.parents):04}"


        @hookimpl
        def ellar_db_include_object(name, type_):
            return not (type_ == "table" and name == "item")
        """,
    )
    shop.db("init")

    alembic(shop, "revision", "--autogenerate", "-m", "First")
    alembic(shop, "upgrade", "head")

    assert [file.name for file in shop.revisions()] == ["0000_first.py"]
    assert shop.tables() == {"alembic_version", "user"}


class TestErrors:
    """What goes wrong is a line of Alembic's, `FAILED: ...`."""

    def failed(self, shop: Shop, *arguments: str) -> str:
        done = alembic(shop, *arguments, exit_code=255)
        text = done.stdout + done.stderr
        [line] = [line for line in text.splitlines() if "FAILED:" in line]
        return line.strip().removeprefix("FAILED: ")

    def test_no_database(self, shop: Shop) -> None:
        shop.configure()
        shop.db("init")
        (shop.path / "pyproject.toml").unlink()

        assert self.failed(shop, "current") == (
            "no database is configured: use EllarDBModule.setup(databases=...), ellar-sql's EllarSQLModule, "
            "or [tool.ellar-db.databases] in pyproject.toml"
        )

    def test_in_a_folder_below_the_settings(self, shop: Shop) -> None:
        shop.configure()
        shop.db("init")
        below = shop.path / "below"
        below.mkdir()

        command = [sys.executable, "-m", "alembic", "-c", "../migrations/alembic.ini", "current"]
        done = subprocess.run(command, cwd=below, capture_output=True, text=True, check=False)

        assert done.returncode == 255
        [line] = [line for line in (done.stdout + done.stderr).splitlines() if "FAILED:" in line]
        assert f"in pyproject.toml; or run it in {shop.path}, which has the project's settings" in line

    def test_an_application_that_cannot_be_started(self, shop: Shop) -> None:
        shop.with_plain_sqlalchemy("sqlite:///app.db")
        shop.ellar("db", "init")
        shop.write("shop/server.py", "def bootstrap():\n    raise ValueError('no')\n")

        assert self.failed(shop, "upgrade", "head").startswith(
            "the application shop.server:bootstrap can't be started: ValueError: no"
        )

    def test_an_application_that_is_not_there(self, shop: Shop) -> None:
        shop.configure()
        shop.db("init")
        shop.write("pyproject.toml", MANAGED)

        assert self.failed(shop, "upgrade", "head") == (
            "[tool.ellar-db] application is 'shop.server:bootstrap', and shop.server can't be imported: "
            "ModuleNotFoundError: No module named 'shop'"
        )

    def test_a_database_that_cannot_be_reached(self, shop: Shop) -> None:
        shop.configure(url="postgresql+psycopg://ann:secret@127.0.0.1:1/app")
        shop.db("init")

        line = self.failed(shop, "current")

        assert line.startswith(
            "the database 'default' (postgresql+psycopg://ann:***@127.0.0.1:1/app) can't be reached: OperationalError:"
        )
        assert "secret" not in line

    def test_a_revision_that_fails(self, shop: Shop) -> None:
        shop.configure()
        shop.db("init")
        shop.db("revision", "--rev-id", "first")
        file = shop.revisions()[0]
        file.write_text(file.read_text().replace("    pass", '    op.execute("DROP TABLE nowhere")'))

        assert self.failed(shop, "upgrade", "head").startswith(
            "upgrade -> first, empty message failed on the database 'default': OperationalError:"
        )

    def test_a_broken_pyproject(self, shop: Shop) -> None:
        shop.configure()
        shop.db("init")
        shop.write("pyproject.toml", "[tool.ellar-db]\ndatabase = 7\n")

        assert self.failed(shop, "current").startswith("[tool.ellar-db] database must be a text, not 7")

    def test_no_default_database(self, shop: Shop) -> None:
        shop.configure()
        shop.db("init")
        shop.write("pyproject.toml", "[tool.ellar-db.databases]\na = 'sqlite://'\nb = 'sqlite://'\n")

        assert self.failed(shop, "current").startswith(
            "the folder is for one database, and of a, b none is named 'default'"
        )


def test_logging_that_is_set_up_already_stays(shop: Shop) -> None:
    shop.configure()
    shop.db("init")
    shop.db("revision", "--rev-id", "first")
    code = (
        "import logging\n"
        "from alembic import command\n"
        "from alembic.config import Config\n"
        "logging.basicConfig(format='shop: %(message)s', level=logging.WARNING)\n"
        "orders = logging.getLogger('shop.orders')\n"
        "orders.setLevel(logging.DEBUG)\n"
        "command.upgrade(Config('migrations/alembic.ini'), 'head')\n"
        "orders.debug('placed')\n"
    )

    assert shop.run("python", "-c", code).stderr == "shop: placed\n"
    assert shop.db("current").stdout == "first (head)\n"


def test_ellar_db_leaves_the_loggers_of_the_application_alone(shop: Shop) -> None:
    models = "\nimport logging\n\nlogging.getLogger('shop.orders').setLevel(logging.DEBUG)\n"
    shop.with_plain_sqlalchemy("sqlite:///app.db", models=PLAIN_MODELS + models)
    shop.ellar("db", "init")
    shop.ellar("db", "revision", "--rev-id", "first")
    file = shop.revisions()[0]
    shown = (
        "    import logging\n    orders = logging.getLogger('shop.orders')\n    print(orders.disabled, orders.level)"
    )
    file.write_text(file.read_text().replace("    pass", shown, 1))

    done = run(shop, "ellar", "db", "upgrade")

    assert (done.stdout, timeless(done.stderr)) == (
        "False 10\n",
        "  ok  first  T s\n1 revision applied in T s; now at first (head).\n",
    )
