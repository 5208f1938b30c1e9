"""`ellar db` in real Ellar applications: beside ellar-sql and with plain SQLAlchemy."""

from __future__ import annotations

from tests.conftest import Project

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


def application(project: Project, imports: str, modules: str, config: str = "DEBUG = True") -> Project:
    """Write an application as `ellar new` does, with modules of one's own."""
    project.write("pyproject.toml", PYPROJECT)
    project.write("shop/__init__.py", "")
    project.write("shop/server.py", SERVER)
    project.write(
        "shop/config.py",
        f"from ellar.core import ConfigDefaultTypesMixin\n\n\nclass DevelopmentConfig(ConfigDefaultTypesMixin):\n    {config}\n",
    )
    project.write(
        "shop/root_module.py",
        "from ellar.common import Module\nfrom ellar.core import ModuleBase\n\nfrom ellar_db import EllarDBModule\n"
        f"{imports}\n\n\n@Module(modules=[{modules}])\nclass ApplicationModule(ModuleBase):\n    pass\n",
    )
    return project


def test_plain_sqlalchemy(project: Project) -> None:
    application(project, "", 'EllarDBModule.setup(databases="sqlite:///app.db", metadata="models:Base")')
    from tests.conftest import MODELS
    project.write("models.py", MODELS)
    project.ellar("db", "init")
    project.ellar("db", "migrate", "-m", "x")
    project.ellar("db", "upgrade")
    assert project.tables() == {"alembic_version", "users"}


def test_register_setup(project: Project) -> None:
    application(project, "", 'EllarDBModule.register_setup()', 'ELLAR_DB = {"databases": "sqlite:///app.db", "metadata": "models:Base"}')
    from tests.conftest import MODELS
    project.write("models.py", MODELS)
    project.ellar("db", "init")
    project.ellar("db", "migrate", "-m", "x")
    project.ellar("db", "upgrade")
    assert project.tables() == {"alembic_version", "users"}
