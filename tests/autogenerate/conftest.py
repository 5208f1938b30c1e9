"""Projects whose models change, on each kind of database."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ellar_db.testing import Project
from tests.support.changes import Changing
from tests.support.law import Law


@pytest.fixture
def changing(project: Project, any_database: str) -> Changing:
    """A project whose models change, on each kind of database in turn."""
    return Changing(project, any_database)


@pytest.fixture
def on_sqlite(project: Project) -> Changing:
    """A project whose models change, on SQLite."""
    return Changing(project, "sqlite:///app.db")


@pytest.fixture
def on(project: Project, new_database: Callable[[str], str]) -> Callable[[str], Changing]:
    """Give a project whose models change, on a kind of database."""
    return lambda kind: Changing(project, new_database(kind))


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def law(request: pytest.FixtureRequest, project: Project, new_database: Callable[[str], str]) -> Law:
    """A folder on each kind of database in turn."""
    return Law(project, new_database, request.param)


@pytest.fixture
def on_postgresql(project: Project, new_database: Callable[[str], str]) -> Law:
    """A folder on PostgreSQL."""
    return Law(project, new_database, "postgresql")


@pytest.fixture
def on_mariadb(project: Project, new_database: Callable[[str], str]) -> Law:
    """A folder on MariaDB."""
    return Law(project, new_database, "mariadb")
