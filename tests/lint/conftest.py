"""A change of models over each kind of database."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ellar_db.testing import Project
from tests.support.reviews import Change


@pytest.fixture
def change(project: Project, any_database: str) -> Change:
    """A change on each kind of database."""
    return Change(project, any_database)


@pytest.fixture
def on_sqlite(project: Project, new_database: Callable[[str], str]) -> Change:
    """A change on SQLite, for what a rule says of the operations, or of a table without rows."""
    return Change(project, new_database("sqlite"))


@pytest.fixture
def change_on(project: Project, new_database: Callable[[str], str]) -> Callable[[str], Change]:
    """Return a change on a kind of database."""
    return lambda kind: Change(project, new_database(kind))
