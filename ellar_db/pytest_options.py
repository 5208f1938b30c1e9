"""The options `pytest --ellar-db-...` of `ellar_db.testing.migrations`.

pytest knows them wherever ellar_db is installed (entry point `pytest11`), since it reads the command line before it
finds the conftest.py that enables the tests. Only options are added here: fixtures and tests must be enabled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


TESTS = "ellar_db.testing.migrations"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, each of which is also a pytest setting."""
    group = parser.getgroup("ellar-db", "ready tests of migrations (ellar-db)")
    group.addoption("--ellar-db-project", metavar="DIR", help="Folder from which `ellar db` runs (default: rootdir).")
    group.addoption("--ellar-db-directory", metavar="DIR", help="Migrations folder, as -d of `ellar db`.")
    group.addoption(
        "--ellar-db-url",
        metavar="NAME=URL",
        action="append",
        default=[],
        help="Server beside whose database the scratch database for NAME is made, in place of the application's own; "
        "without NAME=, for all. May be given more than once.",
    )
    group.addoption(
        "--ellar-db-skip",
        metavar="TEST",
        action="append",
        default=[],
        help="Ready test to leave out, as test_single_head or single_head. May be given more than once.",
    )
    parser.addini("ellar_db_project", "Folder from which `ellar db` runs (default: rootdir).", default="")
    parser.addini("ellar_db_directory", "Migrations folder, as -d of `ellar db`.", default="")
    parser.addini("ellar_db_url", "Lines of NAME=URL, as --ellar-db-url.", type="linelist", default=[])
    parser.addini("ellar_db_skip", "Ready tests to leave out, as --ellar-db-skip.", type="args", default=[])


def pytest_configure(config: pytest.Config) -> None:
    """Refuse options that would have no effect."""
    given = [name for name in ("project", "directory", "url", "skip") if config.getoption(f"--ellar-db-{name}")]
    if given and not config.pluginmanager.has_plugin(TESTS):
        import pytest

        raise pytest.UsageError(
            f'--ellar-db-{given[0]} is for the tests of pytest_plugins = ["{TESTS}"] in a conftest.py'
        )
