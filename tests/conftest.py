"""What the tests stand on: projects in folders of their own, installed packages that are not there, real servers."""

from __future__ import annotations

import os
import uuid
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ellar.reflect import reflect
from sqlalchemy import Engine, create_engine, make_url, pool, text
from sqlalchemy.exc import OperationalError

with warnings.catch_warnings():
    # ellar, ellar-cli and ellar-sql use deprecated parts of pydantic and click at import; theirs to mend
    warnings.simplefilter("ignore")
    import ellar_cli.main  # noqa: F401
    import ellar_sql  # noqa: F401

from ellar_db.testing import Distributions, Project, TestPlugins
from ellar_db.testing.project import MODELS, tables

__all__ = ["ASYNC_DRIVERS", "MODELS", "Project", "server", "sync_engine", "tables"]

pytest_plugins = ["ellar_db.testing", "pytester"]

SERVERS = {
    "postgresql": ("ELLAR_DB_TEST_POSTGRESQL", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"),
    "mariadb": ("ELLAR_DB_TEST_MARIADB", "mysql+pymysql://root@127.0.0.1:3306/mysql"),
}
ASYNC_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "mariadb": "mysql+aiomysql",
}


@pytest.fixture(autouse=True)
def _apart(ellar_db_isolation: TestPlugins) -> None:
    """Give each test a folder, a plugin manager and modules of its own; packages installed here take no part."""


@pytest.fixture
def application_apart() -> Iterator[None]:
    """Forget at the test's end with what it set ellar's modules up, which ellar keeps for the whole process."""
    import ellar_db.module  # noqa: F401  # what is imported meanwhile would be forgotten too

    with reflect.context():
        yield


def sync_engine(url: str) -> Engine:
    """Make an engine to look into a database, whatever driver its URL names."""
    parsed = make_url(url)
    drivers = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}
    return create_engine(parsed.set(drivername=drivers[parsed.get_backend_name()]), poolclass=pool.NullPool)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A folder that is the working directory, without any file."""
    return Project(tmp_path)


@pytest.fixture
def plain(project: Project) -> Project:
    """A project with one SQLite database and a model, for `ellar-db`."""
    project.configure()
    return project


def server(name: str) -> Engine:
    """Give an engine for a server's own database, or skip: a failure where ELLAR_DB_TEST_REQUIRE names it."""
    variable, default = SERVERS[name]
    url = os.environ.get(variable, default)
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=pool.NullPool)
    try:
        with engine.connect():
            return engine
    except OperationalError as error:
        reason = f"no {name} server at {engine.url.render_as_string()} (set {variable}): {error.orig}"
        if name in os.environ.get("ELLAR_DB_TEST_REQUIRE", "").replace(",", " ").split():
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture
def new_database(tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Make databases of one's own: call it with "sqlite", "postgresql" or "mariadb", get a URL with a sync driver."""
    made: list[tuple[Engine, str]] = []

    def make(kind: str) -> str:
        name = f"ellar_db_test_{uuid.uuid4().hex[:12]}"
        if kind == "sqlite":
            return f"sqlite:///{(tmp_path / name).as_posix()}.db"
        engine = server(kind)
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        made.append((engine, name))
        return engine.url.set(database=name).render_as_string(hide_password=False)

    yield make
    for engine, name in made:
        force = " WITH (FORCE)" if engine.dialect.name == "postgresql" else ""
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name}{force}"))


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def any_database(request: pytest.FixtureRequest, new_database: Callable[[str], str]) -> str:
    """The URL of an empty database, on each kind of server in turn."""
    return new_database(request.param)


@pytest.fixture
def install(install_distribution: Distributions) -> Callable[..., Path]:
    """Install packages that have no wheel; they are the only plugins besides the built-ins."""
    return install_distribution
