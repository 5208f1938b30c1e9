"""Ellar applications for the tests, written as `ellar new` writes them, with models and modules of one's own."""

from __future__ import annotations

import asyncio
import json
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from weakref import WeakSet

from click.testing import Result
from ellar.reflect import reflect
from ellar_sql import EllarSQLModule  # noqa: F401  # what these two say of themselves must outlast a test
from ellar_sql.model import database_binds
from sqlalchemy import Connection, Engine, event, inspect, make_url

from ellar_db import EllarDBModule  # noqa: F401
from tests.conftest import ASYNC_DRIVERS, Project, sync_engine

PYPROJECT = """
[tool.ellar]
default = "shop"

[tool.ellar.projects.shop]
project-name = "shop"
application = "shop.server:bootstrap"
config = "shop.config:DevelopmentConfig"
root-module = "shop.root_module:ApplicationModule"
"""
SERVER = """
import os

from ellar.app import App, AppFactory
from ellar.common.constants import ELLAR_CONFIG_MODULE
from ellar.core import LazyModuleImport as lazyLoad


def bootstrap() -> App:
    return AppFactory.create_from_app_module(
        lazyLoad("shop.root_module:ApplicationModule"),
        config_module=os.environ.get(ELLAR_CONFIG_MODULE, "shop.config:DevelopmentConfig"),
    )
"""
MANAGE = """
import os

from ellar.common.constants import ELLAR_CONFIG_MODULE
from ellar_cli.main import create_ellar_cli

if __name__ == "__main__":
    os.environ.setdefault(ELLAR_CONFIG_MODULE, "shop.config:DevelopmentConfig")
    cli = create_ellar_cli("shop.server:bootstrap")
    cli(prog_name="Ellar Web Framework CLI")
"""

PLAIN_MODELS = """
from sqlalchemy import Column, Integer, String
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "user"

    id = Column(Integer, primary_key=True)
    name = Column(String(128))
"""
PLAIN_ADDITION = """
    email = Column(String(64))


class Item(Base):
    __tablename__ = "item"

    id = Column(Integer, primary_key=True)
"""
ELLAR_SQL_MODELS = """
from ellar_sql import model


class User(model.Model):
    id = model.Column(model.Integer, primary_key=True)
    name = model.Column(model.String(128))
"""
ELLAR_SQL_ADDITION = """
    email = model.Column(model.String(64))


class Item(model.Model):
    id = model.Column(model.Integer, primary_key=True)
"""
REPORTS_MODEL = """

class Report(model.Model):
    __database__ = "reports"

    id = model.Column(model.Integer, primary_key=True)
"""
"""A model of a second database, to append to the models of ellar-sql."""


class Shop(Project):
    """An Ellar application named shop, in a folder that is the working directory.

    Each `ellar(...)` sees the application as it is on the disk, as a process of its own would.
    """

    def create(
        self,
        modules: str,
        *,
        imports: str = "",
        config: str = "",
        models: str = "",
        pyproject: str = PYPROJECT,
        manage: bool = False,
        body: str = "pass",
    ) -> None:
        """Write the application.

        Args:
            modules: The root module's modules, as source.
            imports: Lines that this source needs; EllarDBModule, EllarSQLModule and LazyModuleImport are imported.
            config: Lines of the config class.
            models: The source of shop/models.py.
            pyproject: The pyproject.toml.
            manage: Write manage.py in its place.
            body: Lines of the root module's class.
        """
        self.write("manage.py" if manage else "pyproject.toml", MANAGE if manage else pyproject)
        self.write("shop/__init__.py", "")
        self.write("shop/models.py", models)
        self.write("shop/server.py", SERVER)
        self.write(
            "shop/config.py",
            "from ellar.core import ConfigDefaultTypesMixin\n\n\n"
            "class DevelopmentConfig(ConfigDefaultTypesMixin):\n"
            f"{textwrap.indent(textwrap.dedent(config).strip() or 'DEBUG = True', '    ')}\n",
        )
        # as in real applications, ellar-sql is only imported where it is used
        known = {
            "EllarDBModule": "from ellar_db import EllarDBModule",
            "EllarSQLModule": "from ellar_sql import EllarSQLModule",
            "LazyModuleImport": "from ellar.core import LazyModuleImport",
        }
        needed = [line for name, line in known.items() if f":{name}" not in modules and name in modules]
        lines = [*needed, textwrap.dedent(imports).strip()]
        self.write(
            "shop/root_module.py",
            "from ellar.common import Module\nfrom ellar.core import ModuleBase\n"
            + "\n".join(lines)
            + f"\n\n\n@Module(modules=[{modules}])\nclass ApplicationModule(ModuleBase):\n"
            + textwrap.indent(textwrap.dedent(body).strip(), "    ")
            + "\n",
        )
        self.restart()

    def with_ellar_sql(
        self, databases: Any, *, models: str = ELLAR_SQL_MODELS, options: str = "{}", **more: Any
    ) -> None:
        """Write the application with EllarSQLModule.setup and the bare EllarDBModule.

        Args:
            databases: What EllarSQLModule.setup takes.
            models: The models.
            options: The migration options, as source.
            more: Arguments of `create`.
        """
        self.create(
            f"EllarSQLModule.setup(databases={databases!r}, migration_options={options}, models=['shop.models'], "
            f"root_path={str(self.path)!r}), EllarDBModule",
            models=models,
            **more,
        )

    def with_plain_sqlalchemy(self, databases: Any, *, models: str = PLAIN_MODELS, **more: Any) -> None:
        """Write the application with EllarDBModule.setup.

        Args:
            databases: What it takes.
            models: The models.
            more: Arguments of `create`.
        """
        self.create(
            f"EllarDBModule.setup(databases={databases!r}, metadata=Base.metadata, "
            "migration_options={'directory': 'migrations'})",
            imports="from shop.models import Base",
            models=models,
            **more,
        )

    def add_to_models(self, addition: str) -> None:
        """Append to shop/models.py."""
        file = self.path / "shop" / "models.py"
        file.write_text(file.read_text() + addition)
        self.restart()

    def restart(self) -> None:
        """Let the next use of the application import all of it anew."""
        for engine in list(_engines):
            # an async engine's connections belong to an event loop that is gone
            engine.dispose(close=not engine.dialect.is_async)
        _engines.clear()
        self.forget("shop")
        database_binds.__model_database_metadata__.clear()

    def ellar(self, *arguments: str, exit_code: int = 0, **options: Any) -> Result:
        """Run `ellar ...` in this process, on an application that nothing has imported yet."""
        self.restart()
        # ellar keeps what a module was set up with for the whole process
        with reflect.context():
            return super().ellar(*arguments, exit_code=exit_code, **options)

    def application(self) -> Any:
        """Import the application and build it."""
        self.restart()
        from importlib import import_module

        return import_module("shop.server").bootstrap()

    def tables(self, url: str = "sqlite:///app.db") -> set[str]:
        """Give the names of a database's tables, without the journal of unfinished steps."""
        return super().tables(url) - {"ellar_db_journal"}

    def columns(self, url: str, table: str) -> list[str]:
        """Give the names of a table's columns."""
        return columns(url, table)


def columns(url: str, table: str) -> list[str]:
    """Give the names of a table's columns."""
    engine = sync_engine(url)
    try:
        return [column["name"] for column in inspect(engine).get_columns(table)]
    finally:
        engine.dispose()


def answer(app: Any, path: str) -> Any:
    """Ask an application for a page, as a server would, and give the JSON of its answer."""

    async def ask() -> bytes:
        body = b""

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            nonlocal body
            body += message.get("body", b"")

        headers = [(b"host", b"localhost")]
        scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": headers}
        await app(scope, receive, send)
        return body

    return json.loads(asyncio.run(ask()))


def asynchronous(url: str) -> str:
    """Give the same URL with an async driver."""
    parsed = make_url(url)
    kind = {"mysql": "mariadb"}.get(parsed.get_backend_name(), parsed.get_backend_name())
    return parsed.set(drivername=ASYNC_DRIVERS[kind]).render_as_string(hide_password=False)


_engines: WeakSet[Engine] = WeakSet()


def _used(connection: Connection) -> None:
    _engines.add(connection.engine)


@contextmanager
def new_shop(path: Path) -> Iterator[Shop]:
    """Give a folder for an application; at the end the connections that its engines kept are closed."""
    shop = Shop(path)
    event.listen(Engine, "engine_connect", _used)
    try:
        with reflect.context():
            yield shop
    finally:
        shop.restart()
        event.remove(Engine, "engine_connect", _used)
        for name in [name for name in sys.modules if name.partition(".")[0] == "shop"]:
            del sys.modules[name]
