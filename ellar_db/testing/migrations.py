"""Ready-made tests of an application's migrations: `pytest_plugins = ["ellar_db.testing.migrations"]` in a conftest.py.

They run as `conftest.py::migrations::test_...`, on scratch databases, never on the application's own.

PYTEST_DONT_REWRITE: a conftest.py may import from a module that it names in `pytest_plugins`.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ellar_db.databases.database import Database
from ellar_db.util.errors import DbError, meant, needing_ellar

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory

    from ellar_db.inspection.trials.migrations import Migrations


pytest_plugins = ["ellar_db.pytest_options"]

PLUGIN = __name__
NODE = "migrations"
MARKER = "ellar_db"

_home = pytest.StashKey[Path]()
_skipped = pytest.StashKey[set[str]]()


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Find the conftest.py to which the tests belong, once pytest has loaded the initial ones."""
    config.addinivalue_line("markers", f"{MARKER}: the ready tests of ellar_db.testing.migrations.")
    config.stash[_skipped] = _checked_skips([*config.getini("ellar_db_skip"), *config.getoption("--ellar-db-skip")])
    project = _path(config, "project")
    if project is not None and not project.is_dir():
        raise pytest.UsageError(f"--ellar-db-project: there is no folder {project}")
    home = config.stash[_home] = _find_home(config)
    if config.args_source is pytest.Config.ArgsSource.TESTPATHS:
        start = config.invocation_params.dir
        if not any(home.is_relative_to((start / argument).resolve()) for argument in config.args):
            # it is outside the folders of `testpaths`, but belongs to a run of all tests
            config.args.append(f"{home}::{NODE}")


def pytest_report_header(config: pytest.Config) -> str:
    """Return the line that shows where the tests are."""
    return f"ellar-db: migrations are tested by {os.path.relpath(config.stash[_home])}::{NODE}"


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect the tests at the conftest.py that enables them."""
    if file_path.resolve() != parent.config.stash[_home]:
        return None
    return _File.from_parent(parent, path=file_path)


class _File(pytest.Module):
    """The conftest.py, as the module of the ready-made tests."""

    def collect(self) -> Iterable[pytest.Collector]:
        from ellar_db.testing import checks

        self.obj = checks
        return [_Tests.from_parent(self, name=NODE)]


class _Tests(pytest.Collector):
    """All ready-made tests."""

    def collect(self) -> Iterable[pytest.Item]:
        from ellar_db.testing.checks import TESTS

        for name, function in TESTS.items():
            test = _Test.from_parent(self, name=name, callobj=function)
            test.add_marker(MARKER)
            if name in self.config.stash[_skipped]:
                test.add_marker(pytest.mark.skip(reason="--ellar-db-skip"))
            yield test


class _Test(pytest.Function):
    """A ready-made test."""

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return the test's location as the user sees it, which isn't this package."""
        return self.path, 0, f"{NODE}.{self.name}"


@pytest.fixture(scope="session")
def ellar_db_urls() -> Mapping[str, str]:
    """Return URLs as for `--ellar-db-url`, by name ("" for all); override it if they are only known at run time."""
    return {}


@pytest.fixture
def ellar_db_prepare() -> Callable[[Database], object]:
    """Return a function that prepares each empty scratch database; override it if the migrations need that."""
    return lambda database: None


@pytest.fixture
def ellar_db_revisions(request: pytest.FixtureRequest) -> Iterator[ScriptDirectory]:
    """Yield the application's revisions, as Alembic's `ScriptDirectory`, without connecting to a database."""
    from alembic.script import ScriptDirectory

    from ellar_db.config.seam import alembic_config

    with _in_project(request.config):
        with _failing(), alembic_config(_directory(request.config), databases=False) as config:
            script = ScriptDirectory.from_config(config)
            # reports a file that can't be imported, or that refers to a missing revision
            script.get_heads()
        yield script


@pytest.fixture
def ellar_db_migrations(
    request: pytest.FixtureRequest,
    ellar_db_urls: Mapping[str, str],
    ellar_db_prepare: Callable[[Database], object],
    tmp_path: Path,
) -> Iterator[Migrations]:
    """Yield the application's migrations on scratch databases, empty at first; also for your own tests."""
    from ellar_db.inspection.trials.migrations import opened

    urls = {**_urls(request.config, ini=True), **ellar_db_urls, **_urls(request.config, ini=False)}
    with _in_project(request.config), ExitStack() as stack:
        with _failing():
            migrations = stack.enter_context(opened(_directory(request.config), urls, tmp_path, ellar_db_prepare))
        yield migrations


@contextmanager
def _failing() -> Iterator[None]:
    """Report a DbError in one line, without a traceback."""
    try:
        yield
    except DbError as error:
        raise pytest.fail.Exception(error.message, pytrace=False) from None


@contextmanager
def _in_project(config: pytest.Config) -> Iterator[None]:
    """Change to the project's folder, as for `ellar db`, and read plugins and settings there."""
    from ellar_db.plugins.manager import get_plugin_manager
    from ellar_db.project.settings import read_settings

    variable = "ELLAR_CONFIG_MODULE"
    folder = _path(config, "project") or config.rootpath
    before = os.environ.get(variable)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.syspath_prepend(str(folder))
        get_plugin_manager.cache_clear()
        if read_settings().ellar:
            with warnings.catch_warnings():
                # on import, ellar uses deprecated parts of pydantic and click
                warnings.simplefilter("ignore")
                with _failing(), needing_ellar("the application of [tool.ellar] in pyproject.toml"):
                    import ellar_cli.main  # noqa: F401
        try:
            yield
        finally:
            get_plugin_manager.cache_clear()
            # ellar-cli sets it for the process
            if before is None:
                os.environ.pop(variable, None)


def _find_home(config: pytest.Config) -> Path:
    """Return the topmost conftest.py that names this plugin, or if none does, the topmost of all."""
    modules = [plugin for plugin in config.pluginmanager.get_plugins() if _is_conftest(plugin)]
    naming = [module for module in modules if PLUGIN in _listed(getattr(module, "pytest_plugins", ()))]
    files = [Path(str(module.__file__)).resolve() for module in naming or modules]
    if not files:
        raise pytest.UsageError(f'{PLUGIN} belongs into a conftest.py: pytest_plugins = ["{PLUGIN}"]')
    return min(files, key=lambda file: len(file.parts))


def _is_conftest(plugin: Any) -> bool:
    return Path(getattr(plugin, "__file__", None) or "").name == "conftest.py"


def _listed(names: Any) -> list[str]:
    return [names] if isinstance(names, str) else list(names)


def _checked_skips(names: Iterable[str]) -> set[str]:
    from ellar_db.testing.checks import TESTS

    skips = {name if name.startswith("test_") else f"test_{name}" for name in names}
    unknown = sorted(skips - TESTS.keys())
    if unknown:
        near = meant(unknown[0], TESTS)
        raise pytest.UsageError(f"--ellar-db-skip: there is no {', '.join(unknown)}; there is {', '.join(TESTS)}{near}")
    return skips


def _urls(config: pytest.Config, *, ini: bool) -> dict[str, str]:
    """Return the URLs from pytest's settings, with `${VARIABLES}` expanded, or from its command line."""
    from ellar_db.project.settings import expanded

    texts: list[str] = config.getini("ellar_db_url") if ini else config.getoption("--ellar-db-url")
    found = {}
    for text in texts:
        match = re.fullmatch(r"(?:(?P<name>\w[\w.-]*)=)?(?P<url>.*)", text.strip(), re.DOTALL)
        name, url = (match["name"] or "", match["url"]) if match else ("", text)
        found[name] = expanded(url, "ellar_db_url") if ini else url
    return found


def _directory(config: pytest.Config) -> Path | None:
    return _path(config, "directory")


def _path(config: pytest.Config, name: str) -> Path | None:
    """Return a folder: from the command line, relative to the working directory, or from the settings, to theirs."""
    given: str | None = config.getoption(f"--ellar-db-{name}")
    if given:
        return (config.invocation_params.dir / given).resolve()
    said = config.getini(f"ellar_db_{name}")
    return (config.inipath.parent if config.inipath else config.rootpath) / said if said else None
