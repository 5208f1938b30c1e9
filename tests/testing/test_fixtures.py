"""The fixtures for authors of plugins."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

from ellar_db import hookimpl
from ellar_db.testing import Application, Distributions, Project, TestPlugins
from ellar_db.util.errors import PluginError
from tests.support.marks import needs_ellar
from tests.support.pages import ROOT

Db = Callable[..., Any]


class Counting:
    """A plugin that gives ids which count."""

    def __init__(self, first: int) -> None:
        self.next = first

    @hookimpl
    def ellar_db_revision_id(self) -> str:
        self.next += 1
        return f"r{self.next - 1}"


def test_db_runs_commands_in_a_project_that_is_ready(db: Db, ellar_db_project: Project, tmp_path: Path) -> None:
    db("init")
    db("migrate", "--rev-id", "one")
    result = db("upgrade")

    assert (result.exit_code, result.stdout) == (0, "")
    assert "  ok  one" in result.stderr
    assert ellar_db_project.tables() == {"alembic_version", "users"}
    assert [file.name for file in ellar_db_project.revisions()] == ["one_.py"]
    assert ellar_db_project.path == tmp_path == Path.cwd()


def test_db_checks_the_exit_code(db: Db) -> None:
    with pytest.raises(AssertionError, match=r"(?s)ellar-db upgrade: exit 1.*there is no migrations folder"):
        db("upgrade")
    with pytest.raises(AssertionError, match="ellar-db --help: exit 0"):
        db("--help", exit_code=1)

    assert db("upgrade", exit_code=1).exit_code == 1
    assert db("upgrade", exit_code=None).exit_code == 1


def test_db_passes_on_what_a_prompt_wants(db: Db) -> None:
    db("init")

    assert db("upgrade", "--no-such-option", exit_code=2, input="y\n").stderr.startswith("Usage: ellar-db upgrade")


def test_changed_models_are_seen(db: Db, ellar_db_project: Project) -> None:
    db("init")
    db("migrate")
    db("upgrade")
    assert db("check", exit_code=0).exit_code == 0

    ellar_db_project.change_models("""
        class Item(Base):
            __tablename__ = "items"
            id: Mapped[int] = mapped_column(primary_key=True)
    """)

    assert "add table items" in db("check", exit_code=1).stdout


def test_a_program_runs_as_a_process(db: Db, ellar_db_project: Project) -> None:
    db("init")
    db("migrate", "--rev-id", "one")

    ellar_db_project.run("alembic", "-c", "migrations/alembic.ini", "upgrade", "head")

    assert db("current").stdout == "one (head)\n"
    with pytest.raises(AssertionError, match="exit 3"):
        ellar_db_project.run("python", "-c", "raise SystemExit(3)")


@needs_ellar
def test_db_runs_in_the_application_where_there_is_one(db: Db, ellar_db_application: Application) -> None:
    ellar_db_application.with_plain_sqlalchemy("sqlite:///other.db")
    db("init")
    db("migrate", "--rev-id", "one")
    ellar_db_application.ellar("db", "upgrade")

    assert ellar_db_application.tables("sqlite:///other.db") == {"alembic_version", "user"}
    assert db("current").stdout == "one (head)\n"


@needs_ellar
def test_an_application_with_ellar_sql(db: Db, ellar_db_application: Application) -> None:
    ellar_db_application.with_ellar_sql({"default": "sqlite:///app.db", "audit": "sqlite:///audit.db"})
    db("init", "--multi")
    db("migrate", "--rev-id", "one")

    (file,) = ellar_db_application.path.rglob("one_.py")
    assert "def upgrade_audit" in file.read_text()


@needs_ellar
def test_changed_models_of_an_application_are_seen(db: Db, ellar_db_application: Application) -> None:
    db("init")
    db("migrate")
    db("upgrade")

    ellar_db_application.add_to_models("    email = Column(String(64))\n")

    assert "add column user.email" in db("check", exit_code=1).stdout


def test_a_registered_plugin_takes_part_until_it_is_unregistered(db: Db, plugin_manager: TestPlugins) -> None:
    db("init")
    plugin = Counting(7)

    assert plugin_manager.register(plugin) == "Counting"
    db("revision")
    db("revision")
    assert db("heads").stdout == "r8 (head)\n"
    assert plugin_manager.hook.ellar_db_revision_id(request=None) == "r9"

    plugin_manager.unregister(plugin)
    assert plugin_manager.hook.ellar_db_revision_id(request=None) is None


def test_a_registered_plugin_outlasts_new_settings(
    db: Db, ellar_db_project: Project, plugin_manager: TestPlugins
) -> None:
    plugin_manager.register(Counting(7))
    ellar_db_project.configure(extra="directory = 'revisions'")
    db("init")
    db("revision")

    assert [file.name for file in ellar_db_project.revisions("revisions")] == ["r7_.py"]
    assert "Counting" in db("plugins").stdout


def test_what_cant_be_a_plugin_is_refused(db: Db, plugin_manager: TestPlugins) -> None:
    class Misspelt:
        @hookimpl
        def ellar_db_revision_ids(self) -> None: ...

    with pytest.raises(PluginError, match="Misspelt can't be a plugin: there is no hook ellar_db_revision_ids"):
        plugin_manager.register(Misspelt())
    with pytest.raises(PluginError, match="int can't be a plugin"):
        plugin_manager.register(3)
    plugin_manager.register(Counting(1))
    with pytest.raises(PluginError, match="'Counting' is registered already"):
        plugin_manager.register(Counting(2))

    assert "Misspelt" not in db("plugins").output


@pytest.mark.parametrize("number", [1, 2])
def test_each_test_has_a_manager_of_its_own(plugin_manager: TestPlugins, number: int) -> None:
    names = [record.name for record in plugin_manager.manager.records]
    assert "Counting" not in names

    plugin_manager.register(Counting(number))


def test_a_package_is_found_by_its_entry_point(db: Db, install_distribution: Distributions) -> None:
    source = """
        import click
        from ellar_db import hookimpl

        @click.command()
        def greet():
            click.echo("hello")

        @hookimpl
        def ellar_db_register_commands():
            yield greet
    """
    install_distribution("ellar-db-greet", source, version="2.1", entry_points={"greet": "ellar_db_greet"})

    assert db("greet").stdout == "hello\n"
    assert "ellar-db-greet 2.1" in db("plugins").stdout
    (found,) = [point for point in entry_points(group="ellar_db") if point.name == "greet"]
    assert found.value == "ellar_db_greet"


@pytest.mark.parametrize("layout", [".", "src"])
def test_a_package_of_a_folder_is_found(
    db: Db, install_distribution: Distributions, tmp_path: Path, layout: str
) -> None:
    folder = tmp_path / "package"
    (folder / layout).mkdir(parents=True)
    (folder / layout / "counting_plugin.py").write_text(
        "from ellar_db import hookimpl\n\n@hookimpl\ndef ellar_db_revision_id():\n    return 'mine'\n"
    )
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "ellar-db-mine"\nversion = "3.0"\nentry-points.ellar_db.mine = "counting_plugin"\n'
    )

    install_distribution.from_folder(folder)
    db("init")
    db("revision")

    assert db("heads").stdout == "mine (head)\n"


@pytest.mark.parametrize("number", [1, 2])
def test_a_package_is_gone_after_its_test(install_distribution: Distributions, number: int) -> None:
    assert "ellar_db_gone" not in sys.modules
    assert not [point for point in entry_points(group="ellar_db") if point.name == "ellar_db_gone"]

    install_distribution("ellar-db-gone", "")
    __import__("ellar_db_gone")


class TestPluginsByName:
    @pytest.fixture
    def ellar_db_plugins(self) -> list[str]:
        return ["ellar-db-wanted"]

    def test_named_ones_take_part_beside_those_of_the_test(self, db: Db, install_distribution: Distributions) -> None:
        assert "ELLAR_DB_LOAD_PLUGINS names ellar-db-wanted" in db("plugins").stderr

        install_distribution("ellar-db-other", "from ellar_db import hookimpl")

        assert os.environ["ELLAR_DB_LOAD_PLUGINS"] == "ellar-db-wanted,ellar-db-other"


def test_modules_and_variables_that_others_use_come_back(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALEMBIC_CONFIG", "kept.ini")
    pytester.makepyfile(models="answer = 42")
    pytester.makeconftest('pytest_plugins = ["ellar_db.testing"]')
    pytester.makepyfile(
        test_it="""
        import os, sys
        import models

        def test_with_models_of_its_own(db, monkeypatch):
            db("init")
            db("migrate")
            import models as own
            assert "ALEMBIC_CONFIG" not in os.environ
            assert own.Base and not hasattr(own, "answer")

        def test_with_those_of_the_suite():
            import models as again
            assert again is models and again.answer == 42
            assert os.environ["ALEMBIC_CONFIG"] == "kept.ini"
        """
    )

    pytester.runpytest_inprocess("-p", "no:cacheprovider", "-W", "error").assert_outcomes(passed=2)


def test_nothing_else_imports_the_kit() -> None:
    for file in sorted((ROOT / "ellar_db").rglob("*.py")):
        if file.is_relative_to(ROOT / "ellar_db" / "testing"):
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name.startswith("ellar_db.testing")], file
            assert "pytest" not in names or file.name == "pytest_options.py", file


def test_the_kit_imports_nothing_heavy_until_it_is_used(pytester: pytest.Pytester) -> None:
    pytester.makeconftest('pytest_plugins = ["ellar_db.testing", "ellar_db.testing.migrations"]')
    pytester.makepyfile(
        """
        import sys

        def test_it():
            assert {"alembic", "sqlalchemy", "ellar", "ellar_sql"} & set(sys.modules) == set()
        """
    )

    pytester.runpytest_subprocess("--ellar-db-skip=upgrade", "-k", "test_it").assert_outcomes(passed=1, deselected=5)
