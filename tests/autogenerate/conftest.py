"""Fixtures of the tests of autogenerate."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ellar_db.testing import Project
from tests.support.law import Law


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def law(request: pytest.FixtureRequest, project: Project, new_database: Callable[[str], str]) -> Law:
    """A folder on each kind of database in turn."""
    return Law(project, new_database, request.param)


@pytest.fixture
def on_postgresql(project: Project, new_database: Callable[[str], str]) -> Law:
    """A folder on PostgreSQL."""
    return Law(project, new_database, "postgresql")
