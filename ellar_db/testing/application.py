"""An Ellar application in its own folder."""

from __future__ import annotations

import sys
import textwrap
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from click.testing import Result

from ellar_db.testing.project import Project
from ellar_db.util.ellar_sql import forget_models
from ellar_db.util.errors import needing_ellar

if TYPE_CHECKING:
    from ellar.app import App
    from sqlalchemy import Connection, Engine
    from typing_extensions import Unpack

    from ellar_db.testing.terminal import Invoking


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
ELLAR_SQL_MODELS = """
from ellar_sql import model


class User(model.Model):
    id = model.Column(model.Integer, primary_key=True)
    name = model.Column(model.String(128))
"""


class Application(Project):
    """An Ellar application named shop in the working directory, laid out as by `ellar new`.

    Each `db(...)` and each `ellar("db", ...)` sees the application as it is on disk, as a new process would.
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
            imports: Imports that this needs besides EllarDBModule, EllarSQLModule and LazyModuleImport.
            config: Lines of the config class.
            models: The source of shop/models.py.
            pyproject: The content of pyproject.toml.
            manage: Write manage.py instead of pyproject.toml.
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
        self, databases: object, *, models: str = ELLAR_SQL_MODELS, options: str = "{}", **more: str | bool
    ) -> None:
        """Write the application with EllarSQLModule.setup and the bare EllarDBModule.

        Its revisions are in shop/migrations, unless the options name another directory.

        Args:
            databases: The `databases` of EllarSQLModule.setup.
            models: The source of shop/models.py.
            options: The migration options, as source.
            more: Arguments of `create`.
        """
        given: dict[str, Any] = {**more}
        self.create(
            f"EllarSQLModule.setup(databases={databases!r}, migration_options={options}, models=['shop.models'], "
            f"root_path={str(self.path)!r}), EllarDBModule",
            models=models,
            **given,
        )

    def with_plain_sqlalchemy(self, databases: object, *, models: str = PLAIN_MODELS, **more: str | bool) -> None:
        """Write the application with EllarDBModule.setup.

        Args:
            databases: The `databases` of EllarDBModule.setup.
            models: The source of shop/models.py.
            more: Arguments of `create`.
        """
        given: dict[str, Any] = {**more}
        self.create(
            f"EllarDBModule.setup(databases={databases!r}, metadata=Base.metadata, "
            "migration_options={'directory': 'migrations'})",
            imports="from shop.models import Base",
            models=models,
            **given,
        )

    def add_to_models(self, addition: str) -> None:
        """Append to shop/models.py; the next command sees it."""
        file = self.path / "shop" / "models.py"
        file.write_text(file.read_text(encoding="utf-8") + addition, encoding="utf-8")
        self.restart()

    def restart(self) -> None:
        """Make the next use of the application import all of it again."""
        for engine in list(_engines):
            # an async engine's connections belong to an event loop that is closed
            engine.dispose(close=not engine.dialect.is_async)
        _engines.clear()
        self.forget("shop")
        if "ellar_sql.model" in sys.modules:
            forget_models()

    def db(self, *arguments: str, exit_code: int | None = 0, **options: Unpack[Invoking]) -> Result:
        """Run `ellar-db ...` in this process, on a freshly imported application (see `Project.db`)."""
        with self._anew():
            return super().db(*arguments, exit_code=exit_code, **options)

    def ellar(self, *arguments: str, exit_code: int | None = 0, **options: Unpack[Invoking]) -> Result:
        """Run `ellar ...` in this process, on a freshly imported application (see `Project.ellar`)."""
        with self._anew():
            return super().ellar(*arguments, exit_code=exit_code, **options)

    def application(self) -> App:
        """Import the application and build it."""
        self.restart()
        return import_module("shop.server").bootstrap()

    @contextmanager
    def _anew(self) -> Iterator[None]:
        from ellar.reflect import reflect

        self.restart()
        # ellar keeps the setup of a module for the whole process
        with reflect.context():
            yield


A = TypeVar("A", bound=Application)

# strong references: an engine that is collected while its pool has connections would leave them open
_engines: set[Engine] = set()


def _used(connection: Connection) -> None:
    _engines.add(connection.engine)


@contextmanager
def new_application(path: Path, kind: type[A]) -> Iterator[A]:
    """Yield a folder for an application, and close the connections of its engines at the end.

    Args:
        path: The folder, which is the working directory.
        kind: `Application`, or a subclass of it.
    """
    with warnings.catch_warnings():
        # on import, ellar, ellar-cli and ellar-sql use deprecated parts of pydantic and click
        warnings.simplefilter("ignore")
        with needing_ellar("an application for tests"):
            from ellar.reflect import reflect

        # what these register on import must outlast the test
        import_module("ellar_db.module")
        if find_spec("ellar_sql"):
            import_module("ellar_sql")
    from sqlalchemy import Engine, event

    application = kind(path)
    event.listen(Engine, "engine_connect", _used)
    try:
        with reflect.context():
            yield application
    finally:
        application.restart()
        event.remove(Engine, "engine_connect", _used)
