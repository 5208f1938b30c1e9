"""What the tests stand on: projects in folders of their own, installed packages that are not there, real servers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
import uuid
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, create_engine, inspect, make_url, pool, text
from sqlalchemy.exc import OperationalError

with warnings.catch_warnings():
    # ellar, ellar-cli and ellar-sql use deprecated parts of pydantic and click at import; theirs to mend
    warnings.simplefilter("ignore")
    import ellar_cli.main
    import ellar_sql  # noqa: F401

from ellar_db.cli import db as db_group
from ellar_db.plugins import get_plugin_manager

SERVERS = {
    "postgresql": ("ELLAR_DB_TEST_POSTGRESQL", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"),
    "mariadb": ("ELLAR_DB_TEST_MARIADB", "mysql+pymysql://root@127.0.0.1:3306/mysql"),
}
ASYNC_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "mariadb": "mysql+aiomysql",
}

MODELS = """
from sqlalchemy import String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(128))
"""


@pytest.fixture(autouse=True)
def _apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give each test a folder, a plugin manager and modules of its own; packages installed here take no part."""
    for name in list(os.environ):
        if name.startswith(("ELLAR_DB_", "ELLAR_CONFIG", "ALEMBIC_")) and not name.startswith("ELLAR_DB_TEST_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("ELLAR_DB_LOAD_PLUGINS", "")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    modules = set(sys.modules)
    get_plugin_manager.cache_clear()
    yield
    get_plugin_manager.cache_clear()
    # Alembic puts it on the path, and Python remembers which folder it was
    sys.path_importer_cache.pop(".", None)
    os.environ.pop("ELLAR_CONFIG_MODULE", None)
    for name in set(sys.modules) - modules:
        file = getattr(sys.modules[name], "__file__", None)
        if file and Path(file).is_relative_to(tmp_path):
            del sys.modules[name]


@dataclass
class Project:
    """A project in a folder of its own.

    Args:
        path: The folder, which is the working directory.
    """

    path: Path

    def write(self, name: str, content: str) -> Path:
        """Write a file, its text dedented."""
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(content).lstrip("\n"), encoding="utf-8")
        return file

    def configure(self, *, url: str = "sqlite:///app.db", models: str = MODELS, extra: str = "") -> None:
        """Write models and a pyproject.toml for `ellar-db` with one database."""
        self.write("models.py", models)
        self.write(
            "pyproject.toml",
            f"[tool.ellar-db]\ndatabase = '{url}'\nmetadata = 'models:Base'\n{textwrap.dedent(extra)}",
        )
        self.forget("models")

    def forget(self, *names: str) -> None:
        """Let modules be imported anew, as by another process."""
        from importlib import invalidate_caches

        for name in list(sys.modules):
            if name.partition(".")[0] in names:
                del sys.modules[name]
        for folder in self.path.rglob("__pycache__"):
            shutil.rmtree(folder, ignore_errors=True)
        invalidate_caches()
        get_plugin_manager.cache_clear()

    def change_models(self, addition: str) -> None:
        """Append to the models, which the next command sees."""
        file = self.path / "models.py"
        file.write_text(file.read_text() + textwrap.dedent(addition))
        self.forget("models")

    def db(self, *arguments: str, exit_code: int = 0, **options: Any) -> Result:
        """Run `ellar-db ...` in this process, and check the exit code."""
        result = CliRunner().invoke(db_group, arguments, prog_name="ellar-db", catch_exceptions=False, **options)
        assert result.exit_code == exit_code, f"{arguments}: exit {result.exit_code}\n{result.output}"
        return result

    def ellar(self, *arguments: str, exit_code: int = 0, **options: Any) -> Result:
        """Run `ellar ...` in this process, and check the exit code."""
        result = CliRunner().invoke(
            ellar_cli.main.create_ellar_cli(), arguments, prog_name="ellar", catch_exceptions=False, **options
        )
        assert result.exit_code == exit_code, f"{arguments}: exit {result.exit_code}\n{result.output}"
        return result

    def run(
        self, *command: str, exit_code: int = 0, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a program of this Python's environment as a process, and check the exit code."""
        program = Path(sys.executable).with_name(command[0])
        found = str(program) if program.exists() else shutil.which(command[0]) or command[0]
        done = subprocess.run(
            [found, *command[1:]],
            cwd=self.path,
            env={**os.environ, "PYTHONPATH": "", **(env or {})},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == exit_code, f"{command}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def revisions(self, folder: str = "migrations") -> list[Path]:
        """Give the revision files."""
        return sorted((self.path / folder / "versions").glob("*.py"))

    def tables(self, url: str = "sqlite:///app.db") -> set[str]:
        """Give the names of a database's tables."""
        return tables(url)


def tables(url: str) -> set[str]:
    """Give the names of a database's tables."""
    engine = sync_engine(url)
    try:
        return set(inspect(engine).get_table_names())
    finally:
        engine.dispose()


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
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Install a package that has no wheel: a module, and the metadata by which Python finds its entry points.

    Call it with the distribution's name, the module's source, and optionally version, entry points
    (`{"name": "module"}`), group and module name. The packages installed are the only plugins besides the built-ins.
    """
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    loaded: list[str] = []

    def make(
        distribution: str,
        source: str,
        *,
        version: str = "1.0",
        entry_points: dict[str, str] | None = None,
        group: str = "ellar_db",
        module: str | None = None,
    ) -> Path:
        module = module or distribution.replace("-", "_")
        info = site / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
        named = entry_points or {module: module}
        lines = "".join(f"{name} = {value}\n" for name, value in named.items())
        (info / "entry_points.txt").write_text(f"[{group}]\n{lines}")
        file = site / f"{module}.py"
        file.write_text(textwrap.dedent(source), encoding="utf-8")
        if group == "ellar_db":
            loaded.append(distribution)
        monkeypatch.setenv("ELLAR_DB_LOAD_PLUGINS", ",".join(loaded))
        get_plugin_manager.cache_clear()
        return file

    return make
