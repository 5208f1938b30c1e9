"""Suites of an application, which a pytest of their own runs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import text

from tests.support.servers import server
from tests.support.suites import FIRST, MODELS, Suite


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """A project on SQLite with two revisions, with which all is well."""
    monkeypatch.syspath_prepend(str(pytester.path))
    made = Suite(pytester.path, pytester)
    made.configure(models=MODELS)
    made.db("init")
    made.revision("first", None, FIRST, 'op.drop_table("users")')
    made.second()
    made.write("tests/conftest.py", 'pytest_plugins = ["ellar_db.testing.migrations"]\n')
    made.write("tests/test_other.py", "def test_other():\n    pass\n")
    return made


@pytest.fixture
def scratch_names(new_database: Callable[[str], str]) -> Callable[[str], set[str]]:
    """Return the names of the scratch databases on a server, by its kind."""

    def names(kind: str) -> set[str]:
        query = "SELECT datname FROM pg_database" if kind == "postgresql" else "SHOW DATABASES"
        with server(kind).connect() as connection:
            return {name for (name,) in connection.execute(text(query)) if name.startswith("ellar_db_scratch_")}

    return names
