"""Test kit for plugins and applications: `pytest_plugins = ["ellar_db.testing"]` in a conftest.py.

Its fixtures give each test its own project, in which installed plugins take part only on request.
`ellar_db.testing.migrations` has ready-made tests of an application's migrations. Both need pytest (the extra
`testing`); nothing else in ellar_db imports them.

PYTEST_DONT_REWRITE: a conftest.py may import from a module that it names in `pytest_plugins`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result

from ellar_db.testing.application import Application, new_application
from ellar_db.testing.distributions import Distributions
from ellar_db.testing.isolation import isolated
from ellar_db.testing.plugins import TestPlugins
from ellar_db.testing.project import Project

__all__ = ["Application", "Distributions", "Project", "Result", "TestPlugins"]


@pytest.fixture
def ellar_db_plugins() -> list[str]:
    """Return the distributions of the installed plugins that take part: none, unless a test overrides this."""
    return []


@pytest.fixture
def ellar_db_isolation(
    ellar_db_plugins: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TestPlugins]:
    """Isolate a test: its own folder, plugin manager, environment and modules. All other fixtures use this."""
    with isolated(tmp_path, ellar_db_plugins, monkeypatch) as plugins:
        yield plugins


@pytest.fixture
def ellar_db_project(ellar_db_isolation: TestPlugins, tmp_path: Path) -> Project:
    """Return a project without an application in the working directory: models, and pyproject.toml with a database."""
    project = Project(tmp_path)
    project.configure()
    return project


@pytest.fixture
def ellar_db_application(ellar_db_isolation: TestPlugins, tmp_path: Path) -> Iterator[Application]:
    """Yield an Ellar application in the working directory, with plain SQLAlchemy and a database."""
    with new_application(tmp_path, Application) as application:
        application.with_plain_sqlalchemy("sqlite:///app.db")
        yield application


@pytest.fixture
def db(request: pytest.FixtureRequest) -> Callable[..., Result]:
    """Return a function that runs `ellar db ...` here, in the test's `ellar_db_application` if any, or its project."""
    name = "ellar_db_application" if "ellar_db_application" in request.fixturenames else "ellar_db_project"
    project: Project = request.getfixturevalue(name)
    return project.db


@pytest.fixture
def plugin_manager(ellar_db_isolation: TestPlugins) -> TestPlugins:
    """Return the plugin manager of the test's commands, with `register` and `unregister` for the test's own plugins."""
    return ellar_db_isolation


@pytest.fixture
def install_distribution(
    ellar_db_isolation: TestPlugins, ellar_db_plugins: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Distributions:
    """Return an installer of packages without pip; ellar_db finds their entry points as if pip had installed them."""
    return Distributions(tmp_path / "site", ellar_db_plugins, monkeypatch)
