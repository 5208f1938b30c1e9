"""What all tests stand on: projects in folders of their own, installed packages that are not there, databases.

A plugin of pytest, which the conftest.py of the suite and that of the example packages name.
"""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, event

# in `make test-core` no Ellar is installed
with warnings.catch_warnings(), suppress(ModuleNotFoundError):
    # ellar, ellar-cli and ellar-sql use deprecated parts of pydantic and click at import; theirs to mend
    warnings.simplefilter("ignore")
    import ellar_cli.main  # noqa: F401
    import ellar_sql  # noqa: F401

from ellar_db.testing import Distributions, Project, TestPlugins
from ellar_db.testing.terminal import logging_restored
from tests.support.processes import PRELOADED, SCRIPTS, Program, import_all, our_modules, python, run
from tests.support.revisions import add
from tests.support.servers import server
from tests.support.spares import execute, new_name, spare_databases

# PyMySQL reads all certificates of the system for each connection, which takes ten times as long as the rest of it
for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "ELLAR_DB_LOG_FORMAT"):
    os.environ.pop(name, None)
os.environ["TERM"] = "xterm"
os.environ["SSL_CERT_FILE"] = str(Path(__file__).with_name("certificates.pem"))

# ellar-cli asks where the main program is, which a worker of pytest-xdist has none of
vars(sys.modules["__main__"]).setdefault("__file__", pytest.__file__)

ENGINES = 20
"""Number of engines whose connections stay open during a test."""

HOLD = """
import sys
from sqlalchemy import create_engine, pool
from ellar_db.databases.database import Database
from ellar_db.databases.limits import Limits
from ellar_db.guards.locking import locked
from ellar_db.plugins.manager import create_plugin_manager

database = Database("default", create_engine(sys.argv[1], poolclass=pool.NullPool))
with locked([database], {"default": Limits()}, create_plugin_manager()):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture(scope="session", autouse=True)
def _imported() -> None:
    """Import all that tests use before the first of them.

    What is first imported while a test runs a pytest in this process is forgotten after it, and imported again by the
    next test: then Alembic and SQLAlchemy call everything twice that it has registered, and more often after each.
    """
    import_all(*PRELOADED, *our_modules())


@pytest.fixture(autouse=True)
def _apart(ellar_db_isolation: TestPlugins) -> None:
    """Give each test a folder, a plugin manager and modules of its own; packages installed here take no part."""


@pytest.fixture(autouse=True)
def _logging_kept() -> Iterator[None]:
    """Undo what a test's env.py does to the logging of the process."""
    with logging_restored():
        yield


@pytest.fixture(autouse=True)
def _pools_emptied() -> Iterator[None]:
    """Close what the engines of a test's applications keep open: drivers warn of what the garbage collector closes."""
    engines: dict[int, Engine] = {}

    def connected(connection: Connection) -> None:
        engines.setdefault(id(connection.engine), connection.engine)
        # a test that runs commands a hundred times would have more connections than servers allow
        if len(engines) > ENGINES:
            empty(engines.pop(next(iter(engines))))

    def empty(engine: Engine) -> None:
        # connections of async drivers can only be closed in their event loop
        engine.dispose(close=not engine.dialect.is_async)

    event.listen(Engine, "engine_connect", connected)
    yield
    event.remove(Engine, "engine_connect", connected)
    for engine in engines.values():
        empty(engine)


@pytest.fixture(autouse=True)
def _without_ruff(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `init` not find ruff, whether it is installed here or not: what it formats would differ."""
    monkeypatch.setitem(sys.modules, "ruff", None)


@pytest.fixture
def application_apart() -> Iterator[None]:
    """Forget at the test's end with what it set ellar's modules up, which ellar keeps for the whole process."""
    from ellar.reflect import reflect

    import ellar_db.module  # noqa: F401  # what is imported meanwhile would be forgotten too

    with reflect.context():
        yield


@dataclass
class QuickProject(Project):
    """A project whose console scripts start at once."""

    def run(
        self, *command: str, exit_code: int | None = 0, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a program as `Project.run` does, in a process that has imported what it needs if it is one of ours."""
        if command[0] in SCRIPTS:
            return run(self, *command, exit_code=exit_code, env=env)
        return super().run(*command, exit_code=exit_code, env=env)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A folder that is the working directory, without any file."""
    return QuickProject(tmp_path)


@pytest.fixture
def plain(project: Project) -> Project:
    """A project with one SQLite database and a model, for `ellar-db`."""
    project.configure()
    return project


@pytest.fixture
def linear(plain: Project) -> Project:
    """A folder with the revisions first, second and third, none applied."""
    plain.db("init")
    add(plain, "first", None)
    add(plain, "second", "first")
    add(plain, "third", "second")
    return plain


@pytest.fixture
def several(project: Project) -> Project:
    """A project with the databases default and reports, and a folder for both."""
    project.write(
        "models.py",
        """
        from sqlalchemy import Column, Integer, MetaData, Table

        main, reports = MetaData(), MetaData()
        Table("users", main, Column("id", Integer, primary_key=True))
        Table("figures", reports, Column("id", Integer, primary_key=True))
        """,
    )
    project.write(
        "pyproject.toml",
        """
        [tool.ellar-db]
        metadata = {default = "models:main", reports = "models:reports"}

        [tool.ellar-db.databases]
        default = "sqlite:///app.db"
        reports = "sqlite:///reports.db"
        """,
    )
    project.db("init", "--multi")
    return project


@pytest.fixture
def new_database(tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Make databases of one's own: call it with "sqlite", "postgresql" or "mariadb", get a URL with a sync driver."""
    with ExitStack() as made:

        def make(kind: str) -> str:
            if kind == "sqlite":
                return f"sqlite:///{(tmp_path / new_name()).as_posix()}.db"
            engine = server(kind)
            if kind == "postgresql":
                spares = spare_databases(engine.url)
                name = spares.take()
                made.callback(spares.give_back, name)
            else:
                name = new_name()
                execute(engine, f"CREATE DATABASE {name}")
                made.callback(execute, engine, f"DROP DATABASE {name}")
            return engine.url.set(database=name).render_as_string(hide_password=False)

        yield make


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def any_database(request: pytest.FixtureRequest, new_database: Callable[[str], str]) -> str:
    """The URL of an empty database, on each kind of server in turn."""
    return new_database(request.param)


@pytest.fixture
def install(install_distribution: Distributions) -> Callable[..., Path]:
    """Install packages that have no wheel; they are the only plugins besides the built-ins."""
    return install_distribution


@pytest.fixture
def held_elsewhere(tmp_path: Path) -> Iterator[Callable[[str], Program | subprocess.Popen[str]]]:
    """Hold the lock of a database in another process."""
    processes = []

    def hold(url: str) -> Program | subprocess.Popen[str]:
        process = python("-c", HOLD, url, cwd=tmp_path, stdin=True)
        processes.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        return process

    yield hold
    for process in processes:
        process.kill()
        process.communicate()
