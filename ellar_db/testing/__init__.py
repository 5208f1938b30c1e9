"""A kit for tests of plugins and of applications: `pytest_plugins = ["ellar_db.testing"]` in a conftest.py.

Its fixtures give a test a project of its own, and nothing of what is installed on the machine takes part unless it is
asked for. `ellar_db.testing.migrations` has ready tests of an application's migrations. Both need pytest (the extra
`testing`); nothing else of ellar_db imports them.

PYTEST_DONT_REWRITE: a conftest.py may import from here what it names in `pytest_plugins`.
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
    """The installed plugins that take part, by their distributions' names: none, unless a test overrides this."""
    return []


@pytest.fixture
def ellar_db_isolation(
    ellar_db_plugins: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TestPlugins]:
    """A folder, a plugin manager, an environment and modules of the test's own; all other fixtures stand on it."""
    with isolated(tmp_path, ellar_db_plugins, monkeypatch) as plugins:
        yield plugins


@pytest.fixture
def ellar_db_project(ellar_db_isolation: TestPlugins, tmp_path: Path) -> Project:
    """A project without an application in the working directory: models, and a pyproject.toml with a database."""
    project = Project(tmp_path)
    project.configure()
    return project


@pytest.fixture
def ellar_db_application(ellar_db_isolation: TestPlugins, tmp_path: Path) -> Iterator[Application]:
    """An Ellar application in the working directory, with plain SQLAlchemy and a database."""
    with new_application(tmp_path, Application) as application:
        application.with_plain_sqlalchemy("sqlite:///app.db")
        yield application


@pytest.fixture
def db(request: pytest.FixtureRequest) -> Callable[..., Result]:
    """Run `ellar db ...` in this process: in the test's `ellar_db_application`, if it has one, else its project."""
    name = "ellar_db_application" if "ellar_db_application" in request.fixturenames else "ellar_db_project"
    project: Project = request.getfixturevalue(name)
    return project.db


@pytest.fixture
def plugin_manager(ellar_db_isolation: TestPlugins) -> TestPlugins:
    """The plugin manager of the test's commands, with `register` and `unregister` for the test's own plugins."""
    return ellar_db_isolation


@pytest.fixture
def install_distribution(
    ellar_db_isolation: TestPlugins, ellar_db_plugins: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Distributions:
    """Install packages that have no wheel; ellar_db finds them by their entry points, as if pip had installed them."""
    return Distributions(tmp_path / "site", ellar_db_plugins, monkeypatch)
