"""The private names that ellar_db uses of other packages: each is there, and gives what it is used for."""

from __future__ import annotations

import asyncio
import random
import re
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from functools import partial, wraps
from importlib import import_module
from importlib.metadata import EntryPoint
from inspect import getclosurevars as inspect_closure
from pathlib import Path
from traceback import walk_tb
from types import FrameType
from typing import Any

import click
import pymysql
import pytest
from alembic import command, context
from alembic.autogenerate import render
from alembic.autogenerate.api import AutogenContext
from alembic.config import Config
from alembic.ddl.postgresql import PostgresqlImpl
from alembic.operations.batch import ApplyBatchImpl
from alembic.runtime import plugins
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import HeadMaintainer, MigrationContext, RevisionStep
from alembic.script import Script, ScriptDirectory, write_hooks
from alembic.script.revision import Revision, RevisionMap
from alembic.util import CommandError, PriorityDispatcher
from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    Enum,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    inspect,
    make_url,
    pool,
    text,
)
from sqlalchemy.dialects.sqlite.base import SQLiteDialect

from ellar_db.config.revision_files import checked_revisions
from ellar_db.dialects.postgresql import PostgreSQL
from ellar_db.dialects.sqlite import SQLite
from ellar_db.history.order import newest_first
from ellar_db.util import alembic as doors
from ellar_db.util import click as click_doors
from ellar_db.util import ellar_sql as ellar_doors
from ellar_db.util import sqlalchemy as sqlalchemy_doors
from ellar_db.util.drivers import aiosqlite as aiosqlite_doors
from ellar_db.util.drivers import pymysql as pymysql_doors
from ellar_db.util.scripts import (
    heads_in_one_pass,
    own_labels,
    planning_with,
    revisions_in_one_pass,
    scripts_of,
    with_files,
)
from tests.support.servers import asynchronous, sync_engine


def check_that(there: bool, name: str, module: str) -> None:
    """Fail with the name that a release of a package no longer has, and where ellar_db uses it."""
    package = Path(module).stem
    assert there, f"{package} has no {name} any more; see ellar_db/util/{module}"


class Folder:
    """A migrations folder of Alembic's own kind.

    Args:
        path: Where it is made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.versions = path / "versions"
        self.versions.mkdir(parents=True)
        (path / "env.py").write_text("")
        (path / "script.py.mako").write_text("revision = ${repr(up_revision)}\ndown_revision = None\n")
        self.config = Config()
        self.config.set_main_option("script_location", str(path))

    def add(self, revision: str, parent: str | None = None, *, body: str = "", depends_on: str | None = None) -> Path:
        """Write a revision, which is empty if no body is given."""
        file = self.versions / f"{revision}.py"
        names = (
            f"revision = {revision!r}\ndown_revision = {parent!r}\ndepends_on = {depends_on!r}\nbranch_labels = None\n"
        )
        file.write_text(names + (body or "def upgrade(): pass\ndef downgrade(): pass\n"))
        return file

    @property
    def script(self) -> ScriptDirectory:
        """The folder, read anew."""
        return ScriptDirectory.from_config(self.config)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "migrations")


@pytest.fixture
def connection() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def frames(error: BaseException) -> list[FrameType]:
    return [frame for frame, _ in walk_tb(error.__traceback__)]


def found_in(error: BaseException, door: Callable[..., Any], *arguments: Any) -> list[Any]:
    """Ask a door about each frame of a traceback, and return its answers."""
    return [answer for frame in frames(error) if (answer := door(frame, *arguments)) is not None]


MAP = "_revision_map"

OWN = ("module", "_directory", "_header")
"""Beginnings of the attributes of a script that hold how it is read."""


class TestAlembic:
    def test_a_function_is_called_for_each_revision_file_that_is_loaded(self, folder: Folder) -> None:
        file = folder.add("a1")
        told: list[tuple[str, Path]] = []
        before = Script.__init__

        with doors.before_script(lambda module, path: told.append((module.revision, path))):
            assert folder.script.get_heads() == ["a1"]
        folder.script.get_heads()

        check_that(told == [("a1", file)], "Script, made with a module, an id and a path", "alembic.py")
        assert Script.__init__ is before

    def test_the_file_of_a_function_that_cannot_be_called_is_found(
        self, folder: Folder, connection: Connection
    ) -> None:
        file = folder.add("a1", body="def upgrade(x): pass\ndef downgrade(): pass\n")
        script = folder.script
        context = MigrationContext.configure(
            connection, opts={"fn": lambda *_: [RevisionStep(script.revision_map, script.get_revision("a1"), True)]}
        )

        with pytest.raises(TypeError) as caught:
            context.run_migrations()

        check_that(
            found_in(caught.value, doors.running_step, caught.value) == [file],
            "variable step in MigrationContext.run_migrations",
            "alembic.py",
        )

    def test_the_ancestors_of_revisions_are_found_through_dependencies_too(self, folder: Folder) -> None:
        folder.add("a1")
        folder.add("a2", "a1")
        folder.add("b1")
        folder.add("b2", "b1", depends_on="a1")

        assert doors.ancestors(folder.script, ("b2",)) == {"b2", "b1", "a1"}
        # the version table may have two revisions of which one is based on the other
        assert doors.ancestors(folder.script, ("a2", "a1")) == {"a2", "a1"}
        assert doors.ancestors(folder.script, ()) == set()
        with pytest.raises(CommandError, match="Can't locate revision identified by 'gone'"):
            doors.ancestors(folder.script, ("gone",))

    @pytest.mark.parametrize("seed", range(8))
    def test_revisions_are_ordered_in_one_pass(self, seed: int) -> None:
        for name in ("_filter_into_branch_heads", "_topological_sort", "_revision_map"):
            check_that(hasattr(RevisionMap, name), f"RevisionMap.{name}", "scripts.py")
        chosen = random.Random(seed)
        parents = [
            tuple(chosen.sample([f"r{n}" for n in range(number)], min(number, chosen.choice((0, 1, 1, 1, 2)))))
            for number in range(60)
        ]
        made = [Revision(f"r{number}", each or None, dependencies=None) for number, each in enumerate(parents)]
        theirs, ours = RevisionMap(lambda: made), RevisionMap(lambda: made)

        for size in (0, 1, 2, 5, 30, 60):
            targets = [each.revision for each in chosen.sample(made, size)]
            known = theirs._filter_into_branch_heads([theirs.get_revision(each) for each in targets])
            order = [each.revision for each in theirs.iterate_revisions("heads", "base")]
            with revisions_in_one_pass(newest_first):
                found = ours._filter_into_branch_heads([ours.get_revision(each) for each in targets])
                assert [each.revision for each in ours.iterate_revisions("heads", "base")] == order
            assert {each.revision for each in found} == {each.revision for each in known}

    def test_the_labels_in_a_revisions_file(self, tmp_path: Path) -> None:
        (tmp_path / "versions").mkdir()
        for own, down, labels in (("a1", None, ("y", "x")), ("b2", "a1", None)):
            text = f"revision = {own!r}\ndown_revision = {down!r}\nbranch_labels = {labels!r}\n"
            (tmp_path / "versions" / f"{own}.py").write_text(text)
        script = ScriptDirectory(tmp_path)
        check_that(
            hasattr(script.get_revision("a1"), "_orig_branch_labels"), "Revision._orig_branch_labels", "scripts.py"
        )

        assert [own_labels(each) for each in script.walk_revisions()] == [(), ("x", "y")]

    def test_a_folder_with_other_files(self, tmp_path: Path) -> None:
        check_that(hasattr(Script, "_from_path"), "Script._from_path", "scripts.py")
        for own, down, place in (("a1", None, "versions"), ("b2", "a1", "elsewhere")):
            (tmp_path / place).mkdir()
            (tmp_path / place / f"{own}.py").write_text(f"revision = {own!r}\ndown_revision = {down!r}\n")
        script = ScriptDirectory(tmp_path)
        files = [tmp_path / "versions/a1.py", tmp_path / "elsewhere/b2.py"]

        assert with_files(script, files).get_heads() == ["b2"]
        assert script.get_heads() == ["a1"]
        # what it follows isn't there
        assert [each.revision for each in scripts_of(script, files[1:])] == ["b2"]

    def test_steps_are_planned_with_another_folder(self, tmp_path: Path) -> None:
        for name in ("_upgrade_revs", "_downgrade_revs", "_stamp_revs"):
            check_that(hasattr(ScriptDirectory, name), f"ScriptDirectory.{name}", "scripts.py")
        for own, place in (("a1", "versions"), ("b2", "elsewhere")):
            (tmp_path / place).mkdir()
            functions = "def upgrade(): ...\ndef downgrade(): ...\n"
            (tmp_path / place / f"{own}.py").write_text(f"revision = {own!r}\ndown_revision = None\n{functions}")
        script = ScriptDirectory(tmp_path)
        other = with_files(script, [tmp_path / "elsewhere/b2.py"])
        asked: list[Any] = []

        def choose(_: ScriptDirectory, target: str, heads: tuple[str, ...]) -> ScriptDirectory:
            asked.append((target, heads))
            return other

        with planning_with(choose):
            up = doors.upgrade_steps(script, "heads", ())
            down = doors.downgrade_steps(script, "base", ("b2",))
        assert [step.revision.revision for step in (*up, *down)] == ["b2", "b2"]
        assert asked == [("heads", ()), ("base", ("b2",))]
        assert [step.revision.revision for step in doors.upgrade_steps(script, "heads", ())] == ["a1"]

    def test_revisions_are_known_from_headers(self, tmp_path: Path) -> None:
        for name in ("_load_revisions", "_version_locations"):
            check_that(hasattr(ScriptDirectory, name), f"ScriptDirectory.{name}", "scripts.py")
        check_that(hasattr(Script, "_from_path"), "Script._from_path", "scripts.py")
        (tmp_path / "versions").mkdir()
        for own, down in (("a1", None), ("b2", "a1")):
            text = f"revision = {own!r}\ndown_revision = {down!r}\nbranch_labels = 'of_{own}'\n"
            (tmp_path / "versions" / f"{own}.py").write_text(text)

        def known() -> dict[Any, Any]:
            script = ScriptDirectory(tmp_path)
            check_that(
                getattr(script.revision_map, "_generator", None) is not None, "RevisionMap._generator", "scripts.py"
            )
            assert script.get_heads() == ["b2"]
            of_map = {
                name: value for name, value in vars(script.revision_map).items() if name not in ("_generator", MAP)
            }
            of_each = {
                each.revision: {
                    name: value
                    for name, value in vars(each).items()
                    if value != frozenset() and not name.startswith(OWN)
                }
                for each in script.walk_revisions()
            }
            return {**of_map, MAP: set(vars(script.revision_map)[MAP]), **of_each}

        # an attribute that a release adds, and that ours lack, is a difference
        expected = known()
        with checked_revisions():
            assert known() == expected

    def test_every_schema_is_read_at_once(
        self, new_database: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        util = import_module("alembic.autogenerate.compare.util")
        owner = getattr(util, "_SQLA2InspectorConv", None) or util._InspectorConv
        check_that(hasattr(owner, "_pre_cache"), "_InspectorConv._pre_cache", "alembic.py")
        if owner._pre_cache.__module__ == doors.__name__:
            # a comparison of this process has done so
            monkeypatch.setattr(owner, "_pre_cache", inspect_closure(owner._pre_cache).nonlocals["original"])
        else:
            monkeypatch.setattr(owner, "_pre_cache", owner._pre_cache)
        engine, metadata, asked = sync_engine(new_database("postgresql")), MetaData(), []
        schemas, names = (None, "a", "b c"), [f"t{number}" for number in range(12)]
        for schema in schemas:
            for name in names:
                Table(name, metadata, Column("id", Integer, index=True), schema=schema)
        with engine.connect() as connection:
            connection.exec_driver_sql("CREATE SCHEMA a")
            connection.exec_driver_sql('CREATE SCHEMA "b c"')
            metadata.create_all(connection)
            event.listen(connection, "before_cursor_execute", lambda *given: asked.append(given[2]))

            def read() -> list[Any]:
                asked.clear()
                tables = util._InspectorConv(inspect(connection))
                for schema in schemas:
                    tables.pre_cache_tables(schema, names, names)
                return [tables.get_indexes(name, schema) for schema in schemas for name in names]

            # the first one asks for the name of the default schema too
            read()
            expected, before = read(), len(asked)
            doors.read_every_schema_at_once()
            assert read() == expected
            assert len(asked) < before

    def test_constraints_that_a_comparison_has_read_are_not_read_again(
        self, new_database: Callable[[str], str]
    ) -> None:
        util = import_module("alembic.autogenerate.compare.util")
        parts, asked = ("foreign_keys", "unique_constraints"), []
        with sync_engine(new_database("postgresql")).connect() as connection:
            for statement in (
                "CREATE TABLE t (id integer PRIMARY KEY, a integer, UNIQUE (id, a))",
                "CREATE TABLE u (id integer, a integer UNIQUE, FOREIGN KEY (id, a) REFERENCES t (id, a))",
            ):
                connection.exec_driver_sql(statement)
            inspector = inspect(connection)
            assert doors.read_already(inspector, parts[0], "t", None) is None
            comparison = util._InspectorConv(inspector)
            comparison.pre_cache_tables(None, ["t", "u"], ["t", "u"])
            for part in parts:
                # Alembic's own names of constraints
                getattr(comparison, f"get_{part}")("u", None)
            event.listen(connection, "before_cursor_execute", lambda *given: asked.append(given[2]))
            read = {(part, name): doors.read_already(inspector, part, name, None) for part in parts for name in "tu"}
            check_that(None not in read.values(), "_InspectorConv, which fills info_cache", "alembic.py")
            assert not asked
            assert doors.read_already(inspector, parts[0], "v", None) is None
            again = inspect(connection)
            assert read == {(part, name): getattr(again, f"get_{part}")(name, schema=None) for part, name in read}
            assert {type(each["name"]) for found in read.values() for each in found or ()} == {str}

    def test_what_a_step_leaves_is_known(self) -> None:
        for owner, names in (
            (RevisionStep, ("_unmerge_to_revisions", "merge_branch_idents")),
            (HeadMaintainer, ("update_to_step", "_update_version")),
        ):
            for name in names:
                check_that(name in vars(owner), f"{owner.__name__}.{name}", "scripts.py")
        originals = dict(vars(HeadMaintainer))
        with heads_in_one_pass():
            assert vars(HeadMaintainer)["_update_version"] is not originals["_update_version"]
        assert dict(vars(HeadMaintainer)) == originals

    def test_serial_columns_are_told_by_what_was_read_at_once(self, new_database: Callable[[str], str]) -> None:
        check_that(
            hasattr(PostgresqlImpl, "autogen_column_reflect"), "PostgresqlImpl.autogen_column_reflect", "alembic.py"
        )
        engine, asked = sync_engine(new_database("postgresql")), []
        with engine.connect() as connection:
            for statement in (
                "CREATE SCHEMA s",
                'CREATE TABLE s."Order s" (id serial PRIMARY KEY, x integer)',
                'CREATE TABLE t ("I d" serial PRIMARY KEY, other integer DEFAULT nextval(\'s."Order s_id_seq"\'), '
                "big bigserial, small smallserial)",
                "CREATE SEQUENCE free",
                "CREATE TABLE u (x integer DEFAULT nextval('free'))",
            ):
                connection.exec_driver_sql(statement)
            event.listen(connection, "before_cursor_execute", lambda *given: asked.append(given[2]))
            found = {}
            for at_once in (False, True):
                context = AutogenContext(MigrationContext.configure(connection), MetaData())
                if at_once:
                    read = partial(PostgreSQL().sequence_owners, connection)
                    doors.know_owned_sequences(context, read)
                impl = context.migration_context.impl
                tables = MetaData()
                asked.clear()
                for name, schema in (("Order s", "s"), ("t", None), ("u", None)):
                    table = Table(name, tables, schema=schema)
                    for column in context.inspector.get_columns(name, schema):
                        impl.autogen_column_reflect(context.inspector, table, column)
                        found.setdefault(at_once, []).append((name, column["name"], column.get("default")))
                queries = sum("'S'" in statement for statement in asked)
                assert queries == (2 if at_once else 5)

        assert found[True] == found[False]
        assert len({default for _, _, default in found[True] if default}) == 3

    def test_mako_imports_its_colours_when_they_are_wanted(self, tmp_path: Path) -> None:
        values = vars(import_module("mako.exceptions"))
        check_that("_install_highlighting" in values, "mako.exceptions._install_highlighting", "alembic.py")
        (tmp_path / "page.py").write_text(
            "import sys\n"
            "from ellar_db.util.alembic import import_colours_later\n"
            "if sys.argv[1] == 'later': import_colours_later(); import_colours_later()\n"
            "from mako import exceptions, template\n"
            "assert ('pygments' in sys.modules) == (sys.argv[1] == 'now')\n"
            "assert not hasattr(exceptions, 'nothing')\n"
            "assert not any(type(each).__name__ == '_Colours' for each in sys.meta_path)\n"
            "try: template.Template('${1 / 0}').render()\n"
            "except ZeroDivisionError: print(exceptions.html_error_template().render())\n"
        )
        pages = [
            subprocess.run(
                [sys.executable, "page.py", when], cwd=tmp_path, capture_output=True, text=True, check=True
            ).stdout
            for when in ("now", "later")
        ]
        assert "syntax-highlighted" in pages[0]
        addresses = re.compile("0x[0-9a-f]+")
        assert addresses.sub("", pages[1]) == addresses.sub("", pages[0])

    def test_the_date_of_a_revision_is_in_the_time_zone_of_the_setting(self, folder: Folder) -> None:
        check_that(
            hasattr(ScriptDirectory, "_generate_create_date"), "ScriptDirectory._generate_create_date", "alembic.py"
        )
        folder.config.set_main_option("timezone", "UTC")

        made = doors.create_date(folder.script)

        assert made.utcoffset() == timedelta(0)
        assert abs(datetime.now(timezone.utc) - made) < timedelta(hours=1)

    def test_the_version_folders(self, folder: Folder, tmp_path: Path) -> None:
        check_that(hasattr(ScriptDirectory, "_version_locations"), "ScriptDirectory._version_locations", "alembic.py")
        assert doors.version_folders(folder.script) == [folder.versions]

        folder.config.set_main_option("path_separator", "newline")
        folder.config.set_main_option("version_locations", f"{folder.versions}\n{tmp_path / 'more'}")

        assert doors.version_folders(folder.script) == [folder.versions, tmp_path / "more"]

    def test_the_steps_of_a_downgrade(self, folder: Folder) -> None:
        check_that(hasattr(ScriptDirectory, "_downgrade_revs"), "ScriptDirectory._downgrade_revs", "alembic.py")
        folder.add("a1")
        folder.add("a2", "a1")

        assert [step.revision.revision for step in doors.downgrade_steps(folder.script, "base", ("a2",))] == [
            "a2",
            "a1",
        ]
        with pytest.raises(CommandError, match="Destination a2 is not a valid downgrade target"):
            doors.downgrade_steps(folder.script, "a2", ("a1",))

    def test_post_write_hooks_run(
        self, folder: Folder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        check_that(hasattr(write_hooks, "_run_hooks"), "script.write_hooks._run_hooks", "alembic.py")
        seen: list[str] = []
        monkeypatch.setitem(write_hooks._registry, "seen", lambda path, options: seen.append(path))
        folder.config.set_section_option("post_write_hooks", "hooks", "first")
        folder.config.set_section_option("post_write_hooks", "first.type", "seen")

        doors.run_post_write_hooks(folder.path / "a1.py", folder.config.get_hooks_list())
        doors.run_post_write_hooks(folder.path / "a2.py", [])

        assert seen == [str(folder.path / "a1.py")]

    def test_a_configuration_writes_silently_and_without_hooks(
        self, folder: Folder, capsys: pytest.CaptureFixture[str]
    ) -> None:
        check_that(hasattr(Config, "messaging_opts"), "Config.messaging_opts", "alembic.py")
        check_that(hasattr(Config, "get_hooks_list"), "Config.get_hooks_list", "alembic.py")
        folder.config.set_section_option("post_write_hooks", "hooks", "unknown")
        doors.without_output_and_hooks(folder.config)

        command.revision(folder.config, rev_id="a1")

        assert [file.name for file in folder.versions.glob("*.py")] == ["a1_.py"]
        assert capsys.readouterr().out == ""

    def test_comparison_functions_are_removed(self) -> None:
        check_that(hasattr(PriorityDispatcher(), "_registry"), "util.PriorityDispatcher._registry", "alembic.py")
        called: list[str] = []
        dispatcher = PriorityDispatcher()
        dispatcher.dispatch_for("schema")(lambda: called.append("theirs"))
        dispatcher.dispatch_for("schema")(kept := lambda: called.append("ours"))
        comparison: Any = type("Comparison", (), {"comparators": dispatcher})

        doors.keep_comparators(comparison, lambda function: function is kept)
        dispatcher.dispatch("schema")()

        assert called == ["ours"]

    def test_a_comparison_has_a_dispatcher_of_its_own(self, connection: Connection) -> None:
        made = [AutogenContext(MigrationContext.configure(connection), MetaData()) for _ in range(2)]

        doors.keep_comparators(made[0], lambda function: False)

        assert [any(each.comparators._registry.values()) for each in made] == [False, True]

    def test_a_type_is_rendered(self, connection: Connection) -> None:
        check_that(hasattr(render, "_repr_type"), "autogenerate.render._repr_type", "alembic.py")
        configured = MigrationContext.configure(connection, opts={"sqlalchemy_module_prefix": "sa."})

        assert doors.rendered_type(String(3), AutogenContext(configured, MetaData())) == "sa.String(length=3)"

    def test_the_environment_is_seen_before_it_is_configured(self, folder: Folder) -> None:
        with EnvironmentContext(folder.config, folder.script, destination_rev="a1") as environment:
            check_that(hasattr(context, "_proxy"), "context._proxy", "alembic.py")
            assert doors.open_environment() is environment
            assert doors.open_environment().context_opts["destination_rev"] == "a1"

    def test_the_environment_that_runs_is_known_in_each_thread(self, folder: Folder) -> None:
        found: list[object] = []

        def look() -> None:
            found.append(doors.running_environment())

        look()
        with EnvironmentContext(folder.config, folder.script) as environment:
            check_that(hasattr(context, "_proxy"), "context._proxy", "alembic.py")
            thread = threading.Thread(target=look)
            thread.start()
            thread.join()
        look()

        assert found == [None, environment, None]

    @pytest.mark.parametrize(
        ("name", "arguments"),
        [
            ("upgrade", ["head"]),
            ("downgrade", ["base"]),
            ("stamp", ["head"]),
            ("ensure_version", []),
            ("current", []),
            ("check", []),
            ("revision", ["message", True]),
        ],
    )
    def test_the_command_of_a_plan_is_known(
        self, name: str, arguments: list[Any], folder: Folder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plans: list[Any] = []

        def run_env(_: ScriptDirectory) -> None:
            plans.append(doors.open_environment().context_opts["fn"])
            raise KeyboardInterrupt

        monkeypatch.setattr(ScriptDirectory, "run_env", run_env)

        with pytest.raises(KeyboardInterrupt):
            getattr(command, name)(folder.config, *arguments)

        check_that(
            [doors.command_of(plan) for plan in plans] == [name.replace("_", "-")],
            f"function inside of command.{name} ({plans})",
            "alembic.py",
        )

    def test_an_env_py_is_intercepted(self, folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(ScriptDirectory, "run_env", ScriptDirectory.run_env)
        monkeypatch.setattr(EnvironmentContext, "configure", EnvironmentContext.configure)
        (folder.path / "env.py").write_text(
            "from alembic import context\n"
            "from sqlalchemy import create_engine\n"
            "with create_engine('sqlite://').connect() as connection:\n"
            "    context.configure(connection, version_table='v', odd=1)\n"
            "    context.run_migrations()\n"
        )
        seen: list[Any] = []

        def configure(environment: EnvironmentContext, original: Callable[..., None], options: dict[str, Any]) -> None:
            seen.append(sorted(options))
            original(**options)
            doors.around_migrations(environment.get_context(), lambda work: seen.append("ran"))

        doors.intercept_environments("test", lambda environment: seen.append(environment.config), configure)
        command.current(folder.config)

        check_that(
            seen == [folder.config, ["connection", "odd", "version_table"], "ran"],
            f"ScriptDirectory.run_env, EnvironmentContext.configure or MigrationContext.run_migrations ({seen})",
            "alembic.py",
        )

    @pytest.mark.parametrize(
        ("purposes", "expected"),
        [
            (["one"], ["one"]),
            (["one", "two"], ["two", "one"]),
            (["one", "one"], ["one again"]),
            (["two", "one", "one"], ["one again", "two"]),
            (["one", "foreign", "two", "two"], ["two again", "foreign", "one"]),
            # nothing tells a wrapper of somebody else's to leave out what it wraps
            (["one", "foreign", "one"], ["one again", "foreign", "one"]),
        ],
    )
    def test_an_env_py_is_intercepted_once_for_each_purpose(
        self, purposes: list[str], expected: list[str], folder: Folder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(ScriptDirectory, "run_env", ScriptDirectory.run_env)
        monkeypatch.setattr(EnvironmentContext, "configure", EnvironmentContext.configure)
        (folder.path / "env.py").write_text("from alembic import context\ncontext.configure(dialect_name='sqlite')\n")
        entered: list[str] = []
        configured: list[str] = []

        def intercept(name: str, purpose: str) -> None:
            def configure(_: EnvironmentContext, original: Callable[..., None], options: dict[str, Any]) -> None:
                configured.append(name)
                original(**options)

            doors.intercept_environments(purpose, lambda _: entered.append(name), configure)

        def wrap(name: str) -> None:
            outer, inner = ScriptDirectory.run_env, EnvironmentContext.configure

            @wraps(outer)
            def run_env(script: ScriptDirectory) -> None:
                entered.append(name)
                outer(script)

            @wraps(inner)
            def configure(environment: EnvironmentContext, *arguments: Any, **options: Any) -> None:
                configured.append(name)
                inner(environment, *arguments, **options)

            monkeypatch.setattr(ScriptDirectory, "run_env", run_env)
            monkeypatch.setattr(EnvironmentContext, "configure", configure)

        for place, purpose in enumerate(purposes):
            again = " again" if purpose in purposes[:place] else ""
            if purpose == "foreign":
                wrap(purpose)
            else:
                intercept(purpose + again, purpose)
        command.current(folder.config)

        assert entered == expected
        assert configured == expected

    def test_a_transaction_that_was_there_before_alembic_is_known(self, connection: Connection) -> None:
        own = MigrationContext.configure(connection)
        check_that(hasattr(own, "_in_external_transaction"), "MigrationContext._in_external_transaction", "alembic.py")
        connection.begin()
        external = MigrationContext.configure(connection)

        assert not doors.is_in_external_transaction(own)
        assert doors.is_in_external_transaction(external)

    def test_alembic_commits_the_transaction_that_it_is_given(self, connection: Connection) -> None:
        configured = MigrationContext.configure(connection, opts={"transactional_ddl": True})
        check_that(hasattr(configured, "_transaction"), "MigrationContext._transaction", "alembic.py")
        with configured.begin_transaction():
            begun = doors.transaction(configured)
            assert begun is connection.get_transaction()
            assert begun is not None
            begun.rollback()
            another = connection.begin()
            connection.execute(text("CREATE TABLE kept (id INTEGER)"))

            doors.replace_transaction(configured, another)

            assert doors.transaction(configured) is another
        assert not connection.in_transaction()
        assert inspect(connection).has_table("kept")

    @pytest.mark.parametrize("name", ["users", "a_table_of_which_the_name_is_longer_than_others"])
    def test_the_copy_that_a_batch_makes_of_a_table(self, name: str, connection: Connection) -> None:
        check_that(
            hasattr(ApplyBatchImpl, "_calc_temp_name"), "operations.batch.ApplyBatchImpl._calc_temp_name", "alembic.py"
        )
        from alembic.operations import Operations

        statements: list[str] = []
        event.listen(connection, "before_cursor_execute", lambda *given: statements.append(given[2]))
        Table(name, MetaData(), Column("id", Integer), Column("name", String)).create(connection)
        with Operations(MigrationContext.configure(connection)).batch_alter_table(name, recreate="always") as batch:
            batch.drop_column("name")

        assert f"CREATE TABLE {doors.batch_copy(name)} (" in "".join(statements).replace('"', "")

    def test_a_file_that_is_no_revision_is_named(self, folder: Folder) -> None:
        check_that(hasattr(Script, "_from_path"), "script.Script._from_path", "alembic.py")
        (folder.versions / "b.py").write_bytes(b"name = '\xff'\n")

        with pytest.raises(SyntaxError) as raised:
            folder.script.get_heads()

        found = found_in(raised.value, doors.unreadable_revision)
        check_that(
            found == [folder.versions / "b.py"], "variables dir_ and filename in Script._from_path", "alembic.py"
        )

    @pytest.mark.filterwarnings("ignore:Revision a1 referenced:UserWarning")
    def test_a_parent_that_has_no_file_is_named(self, folder: Folder) -> None:
        check_that(hasattr(RevisionMap, "_revision_map"), "script.revision.RevisionMap._revision_map", "alembic.py")
        folder.add("a2", "a1")

        with pytest.raises(KeyError) as raised:
            folder.script.get_heads()

        assert found_in(raised.value, doors.missing_parent, raised.value) == ["a1"]
        assert found_in(raised.value, doors.missing_parent, ValueError("a1")) == []

    def test_two_files_with_one_id_are_named(self, folder: Folder) -> None:
        files = {folder.add("a1"), folder.add("a1_again")}
        (folder.versions / "a1_again.py").write_bytes((folder.versions / "a1.py").read_bytes())

        # what the suite makes of warnings
        with pytest.raises(UserWarning, match="Revision a1 is present more than once") as raised:
            folder.script.get_heads()

        found = found_in(raised.value, doors.duplicate_revision)
        check_that(len(found) == 1, "variables revision and map_ in RevisionMap._revision_map", "alembic.py")
        assert found[0][0] == "a1"
        assert set(found[0][1:]) == files

    def test_the_database_of_a_planned_command_is_found(self, folder: Folder) -> None:
        folder.add("a1")
        folder.add("a2", "a1")
        (folder.path / "env.py").write_text(
            "from alembic import context\nfrom sqlalchemy import create_engine\n"
            "engine = create_engine('sqlite://')\nwith engine.connect() as connection:\n"
            "    connection.exec_driver_sql('CREATE TABLE alembic_version (version_num TEXT)')\n"
            "    connection.exec_driver_sql(\"INSERT INTO alembic_version VALUES ('a1')\")\n"
            "    context.configure(connection=connection)\n    context.run_migrations()\nengine.dispose()\n"
        )

        with pytest.raises(CommandError) as raised:
            command.upgrade(folder.config, "+5")

        found = found_in(raised.value, doors.planning)
        check_that(len(found) == 1, "variables rev and context of the functions in alembic.command", "alembic.py")
        name, planned, heads = found[0]
        assert (name, heads) == ("upgrade", ("a1",))
        assert isinstance(planned, MigrationContext)
        assert planned.opts["destination_rev"] == "+5"

    def test_a_revision_without_a_downgrade_is_named(self, folder: Folder) -> None:
        file = folder.add("a1", body="def upgrade(): pass\n")

        with pytest.raises(AttributeError) as raised:
            doors.downgrade_steps(folder.script, "base", ("a1",))

        found = found_in(raised.value, doors.incomplete_revision, raised.value)
        check_that(found == [file], f"variable revision in {RevisionStep.__qualname__}.__init__", "alembic.py")

    def test_the_plugin_that_breaks_alembics_import_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        check_that(hasattr(plugins, "_setup"), "runtime.plugins._setup", "alembic.py")
        broken = EntryPoint("broken", "a_module_that_is_not_there", "alembic.plugins")
        monkeypatch.setattr("importlib.metadata.entry_points", lambda **_: [broken])

        with pytest.raises(ModuleNotFoundError) as raised:
            plugins._setup()

        assert any(doors.loads_plugins(frame) for frame in frames(raised.value))
        check_that(
            found_in(raised.value, doors.plugin_being_loaded) == [broken],
            "variable with the entry point in runtime.plugins._setup",
            "alembic.py",
        )

    def test_what_alembic_was_not_loading_is_not_blamed(self) -> None:
        with pytest.raises(ZeroDivisionError) as raised:
            _ = 1 / 0

        assert not any(doors.loads_plugins(frame) for frame in frames(raised.value))
        assert found_in(raised.value, doors.plugin_being_loaded) == []
        assert found_in(raised.value, doors.unreadable_revision) == []
        assert found_in(raised.value, doors.incomplete_revision, raised.value) == []


TABLES_OF_SQLITE = [
    "CREATE TABLE a (id INTEGER PRIMARY KEY, x TEXT UNIQUE, y INT DEFAULT 3, z INT DEFAULT ('a,b'), CHECK (y > 0))",
    'CREATE TABLE "Order s" ("a""b" INTEGER, "sel ect" VARCHAR(20), PRIMARY KEY ("a""b", "sel ect")) WITHOUT ROWID',
    "CREATE TABLE c (a_id INTEGER REFERENCES a (id) ON DELETE CASCADE, b INTEGER, CONSTRAINT u UNIQUE (a_id, b))",
    "CREATE TABLE computed (x INTEGER, y INTEGER GENERATED ALWAYS AS (x * 2) VIRTUAL, z AS (x + 1) STORED)",
    "CREATE INDEX i_partial ON a (y) WHERE x <> ''",
    "CREATE INDEX i_expression ON a (lower(x))",
    "CREATE UNIQUE INDEX i_two ON c (b DESC, a_id)",
    "CREATE TABLE empty (x)",
    "CREATE VIEW v AS SELECT x FROM a",
    "CREATE VIEW broken AS SELECT x FROM nowhere",
    "CREATE VIRTUAL TABLE docs USING fts5(body)",
    "CREATE TEMPORARY TABLE t (id INTEGER PRIMARY KEY, other TEXT UNIQUE)",
    "CREATE TEMPORARY TABLE a (other TEXT)",
]

REFLECTIONS = (
    *("get_columns", "get_indexes", "get_unique_constraints", "get_foreign_keys", "get_pk_constraint"),
    "get_check_constraints",
)


class TestSqlalchemy:
    def test_uniques_of_sqlite_are_found_whatever_their_columns_are_called(self, tmp_path: Path) -> None:
        engine = create_engine(f"sqlite:///{tmp_path / 'a.db'}", poolclass=pool.NullPool)
        with engine.connect() as connection:
            for statement in (
                'CREATE TABLE a ("at:(x)" INT, "say""so" INT UNIQUE, CONSTRAINT u UNIQUE ("at:(x)", "say""so"))',
                'CREATE TABLE "b(" (x INT, "y)" INT, UNIQUE (x), CHECK (x > 0))',
                "CREATE TABLE plain (x INT UNIQUE)",
                'CREATE VIRTUAL TABLE docs USING fts5("unique (a)", b)',
            ):
                connection.exec_driver_sql(statement)

            def found() -> dict[str, list[tuple[Any, Any]]]:
                inspector = inspect(connection)
                return {
                    table: [(each["name"], each["column_names"]) for each in inspector.get_unique_constraints(table)]
                    for table in ("a", "b(", "plain", "docs")
                }

            assert found()["a"] == []
            for _ in range(2):
                SQLite().read_at_once(connection)()
                assert found() == {
                    "a": [(None, ['say"so']), ("u", ["at:(x)", 'say"so'])],
                    "b(": [(None, ["x"])],
                    "plain": [(None, ["x"])],
                    "docs": [],
                }

    def test_sqlite_tables_are_reflected_by_a_few_queries(self, tmp_path: Path) -> None:
        for name in ("_get_table_pragma", "_get_table_sql"):
            check_that(hasattr(SQLiteDialect, name), f"SQLiteDialect.{name}", "sqlalchemy.py")
        engine, asked = create_engine(f"sqlite:///{tmp_path / 'a.db'}", poolclass=pool.NullPool), []
        with engine.connect() as connection:
            for statement in TABLES_OF_SQLITE:
                connection.exec_driver_sql(statement)
            connection.commit()
            event.listen(connection, "before_cursor_execute", lambda *given: asked.append(given[2]))

            def reflected() -> dict[str, str]:
                asked.clear()
                inspector = inspect(connection)
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    return {
                        f"{name} {ask}": re.sub(r" at 0x\w+", "", str(getattr(inspector, ask)(name)))
                        for name in (*inspector.get_table_names(), *inspector.get_temp_table_names(), "v")
                        for ask in REFLECTIONS
                    }

            expected, before = reflected(), len(asked)
            forget = sqlalchemy_doors.know_sqlite_tables(connection)
            assert reflected() == expected
            # views, virtual and temporary tables are asked for as ever
            assert len(asked) < before * 0.7
            forget()
            connection.exec_driver_sql("ALTER TABLE c ADD COLUMN more TEXT")
            assert "more" in reflected()["c get_columns"]

    def test_an_engine_gets_a_pool_of_its_own(self) -> None:
        engine = create_engine("sqlite://")

        other = sqlalchemy_doors.engine_with_own_pool(engine)

        assert other.pool is not engine.pool
        assert other.dialect is engine.dialect

    def test_an_engine_with_options_gets_a_pool_of_its_own(self) -> None:
        engine = create_engine("sqlite://")
        optioned = engine.execution_options(isolation_level="AUTOCOMMIT")
        check_that(hasattr(optioned, "_proxied"), "OptionEngine._proxied", "sqlalchemy.py")

        other = sqlalchemy_doors.engine_with_own_pool(optioned)

        assert other.pool is not engine.pool
        assert optioned.pool is engine.pool
        assert other.get_execution_options() == {"isolation_level": "AUTOCOMMIT"}

    @pytest.mark.parametrize("url", ["sqlite://", "postgresql+psycopg://", "mysql+pymysql://"])
    def test_a_copied_dialect_does_not_refer_to_the_original(self, url: str) -> None:
        dialect = make_url(url).get_dialect()(paramstyle="named")

        copied = sqlalchemy_doors.dialect_apart(dialect)

        assert copied.paramstyle == "named"
        referring = [name for name, value in vars(copied).items() if hasattr(value, "dialect")]
        check_that(
            {"identifier_preparer", "type_compiler_instance"} <= set(referring),
            "Dialect.identifier_preparer",
            "sqlalchemy.py",
        )
        assert [name for name in referring if getattr(copied, name).dialect is not copied] == []

    @pytest.mark.parametrize("level", ["AUTOCOMMIT", None])
    def test_the_isolation_level_of_an_engine(self, level: str | None) -> None:
        engine = create_engine("sqlite://", **({"isolation_level": level} if level else {}))
        check_that(
            hasattr(engine.dialect, "_on_connect_isolation_level"),
            "Dialect._on_connect_isolation_level",
            "sqlalchemy.py",
        )

        assert sqlalchemy_doors.isolation_level_of_engine(engine.dialect) == level

    @pytest.mark.parametrize(
        ("kind", "name"), [("postgresql", "psycopg.Connection.fileno"), ("mariadb", "pymysql.Connection._sock")]
    )
    def test_a_connection_is_silent(self, new_database: Callable[[str], str], kind: str, name: str) -> None:
        with sync_engine(new_database(kind)).connect() as connection:
            connection.execute(text("SELECT 1"))
            check_that(sqlalchemy_doors.is_silent(connection), name, "sqlalchemy.py")

    @pytest.mark.parametrize(
        ("kind", "name"), [("postgresql", "asyncpg.Connection._transport"), ("mariadb", "aiomysql.Connection._writer")]
    )
    def test_a_connection_of_an_async_driver_is_silent(
        self, new_database: Callable[[str], str], kind: str, name: str
    ) -> None:
        from sqlalchemy.ext.asyncio import create_async_engine

        async def ask() -> bool:
            engine = create_async_engine(asynchronous(new_database(kind)), poolclass=pool.NullPool)
            async with engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
                return await connection.run_sync(sqlalchemy_doors.is_silent)

        check_that(asyncio.run(ask()), name, "sqlalchemy.py")

    def test_a_connection_without_a_socket_may_not_be_silent(self, connection: Connection) -> None:
        assert not sqlalchemy_doors.is_silent(connection)

    def test_the_listeners_of_an_engine_and_of_a_pool(self) -> None:
        engine = create_engine("sqlite://", poolclass=pool.NullPool)
        check_that(hasattr(engine, "dispatch") and hasattr(engine.pool, "dispatch"), "Engine.dispatch", "sqlalchemy.py")
        before = list(sqlalchemy_doors.listeners(engine.pool, "connect"))
        assert list(sqlalchemy_doors.listeners(engine, "begin")) == []

        def listener(*_: Any) -> None: ...

        event.listen(engine, "begin", listener)
        event.listen(engine.pool, "connect", listener)

        assert len(sqlalchemy_doors.listeners(engine, "begin")) == 1
        assert list(sqlalchemy_doors.listeners(engine.pool, "connect")) == [*before, listener]

    def test_the_listener_that_lets_a_dialect_know_its_database(self) -> None:
        engine = create_engine("mysql+pymysql://nobody@127.0.0.1/none")

        found = [each for each in sqlalchemy_doors.listeners(engine.pool, "connect")]

        assert [sqlalchemy_doors.is_called_once(each) for each in found].count(True) == 1
        assert not sqlalchemy_doors.is_called_once(lambda *_: None)

    def test_constraints_of_types(self) -> None:
        kind = Enum("a", "b", name="kind", create_constraint=True)
        table = Table("t", MetaData(), Column("x", kind), CheckConstraint("x <> 'c'"))
        bound = {str(each.name or ""): sqlalchemy_doors.is_type_bound(each) for each in table.constraints}
        check_that(hasattr(CheckConstraint("1"), "_type_bound"), "Constraint._type_bound", "sqlalchemy.py")

        assert bound == {"": False, "kind": True}

    def test_constraints_that_some_kinds_of_databases_need(self) -> None:
        table = Table("t", MetaData(), Column("x", Boolean(create_constraint=True, name="kind")))
        (check,) = (each for each in table.constraints if isinstance(each, CheckConstraint))
        check_that(hasattr(check, "_create_rule"), "Constraint._create_rule", "sqlalchemy.py")
        created = {
            url: sqlalchemy_doors.is_created(check, make_url(url).get_dialect()())
            for url in ("sqlite://", "postgresql+psycopg://")
        }

        assert created == {"sqlite://": True, "postgresql+psycopg://": False}

    def test_a_constraint_is_rendered_alone(self) -> None:
        table = Table("t", MetaData(), Column("x", Integer), CheckConstraint("x > 0", name="positive"))
        (check,) = (each for each in table.constraints if isinstance(each, CheckConstraint))
        compiler = sqlalchemy_doors.ddl_compiler(make_url("sqlite://").get_dialect()())

        assert compiler.process(check) == "CONSTRAINT positive CHECK (x > 0)"

    def test_variants_of_a_type(self) -> None:
        check_that(hasattr(String(), "_variant_mapping"), "TypeEngine._variant_mapping", "sqlalchemy.py")

        assert sqlalchemy_doors.has_variants(String().with_variant(Integer(), "sqlite"))
        assert not sqlalchemy_doors.has_variants(String())


class TestAiosqlite:
    def test_the_thread_of_a_connection_is_known(self, tmp_path: Path) -> None:
        aiosqlite = pytest.importorskip("aiosqlite")
        if issubclass(aiosqlite.Connection, threading.Thread):
            pytest.skip("before 0.22 a connection is a thread itself")
        import asyncio

        # another test's connection may not have ended yet
        before = set(threading.enumerate())

        async def connected() -> list[threading.Thread]:
            async with aiosqlite.connect(tmp_path / "a.db"):
                return [new for new in set(threading.enumerate()) - before if aiosqlite_doors.is_worker(new)]

        check_that(len(asyncio.run(connected())) == 1, "core._connection_worker_thread", "drivers/aiosqlite.py")
        assert not aiosqlite_doors.is_worker(threading.current_thread())


class TestClick:
    def test_the_message_of_an_error_is_replaced(self) -> None:
        error = click.UsageError("long")
        check_that("message" in vars(error), "ClickException.message", "click.py")

        click_doors.replace_message(error, "short")

        assert (error.format_message(), str(error), error.exit_code) == ("short", "short", 2)

    def test_an_exit_code_is_replaced(self) -> None:
        error = click.ClickException("no")
        check_that(hasattr(type(error), "exit_code"), "ClickException.exit_code", "click.py")

        click_doors.replace_exit_code(error, 7)

        with pytest.raises(SystemExit) as left:
            click.Command("fail", callback=lambda: (_ for _ in ()).throw(error)).main([])
        assert (left.value.code, click.ClickException("other").exit_code) == (7, 1)

    def test_how_an_error_is_shown_is_replaced(self, capsys: pytest.CaptureFixture[str]) -> None:
        error = click.ClickException("no")
        check_that(hasattr(type(error), "show"), "ClickException.show", "click.py")

        click_doors.replace_show(error, lambda file=None: click.echo("No!"))

        with pytest.raises(SystemExit):
            click.Command("fail", callback=lambda: (_ for _ in ()).throw(error)).main([])
        assert capsys.readouterr() == ("No!\n", "")

    def test_a_copy_of_a_command_runs_another_function(self) -> None:
        check_that(hasattr(click.Command, "invoke"), "Command.invoke", "click.py")
        original = click.Command("say", callback=lambda: "theirs")

        copied = click_doors.command_invoking(original, lambda ctx: f"ours, {ctx.info_name}")

        assert copied.main([], prog_name="db", standalone_mode=False) == "ours, db"
        assert original.main([], prog_name="db", standalone_mode=False) == "theirs"


class TestEllar:
    def test_ellar_sql_forgets_its_models(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from ellar_sql.model import database_binds

        name = "__model_database_metadata__"
        check_that(hasattr(database_binds, name), f"ellar_sql.model.database_binds.{name}", "ellar_sql.py")
        monkeypatch.setattr(database_binds, name, {})
        database_binds.update_database_metadata("default", MetaData(), object())
        assert database_binds.has_metadata("default")

        ellar_doors.forget_models()

        assert database_binds.get_all_metadata() == {}


class TestPyMySQL:
    def test_a_connection_without_certificates_is_as_secure_as_pymysqls_own(self) -> None:
        check_that(hasattr(pymysql.Connection, "_create_ssl_ctx"), "Connection._create_ssl_ctx", "drivers/pymysql.py")
        dialect = create_engine("mysql+pymysql://root@127.0.0.1").dialect
        quick = pymysql_doors.connector(dialect)

        theirs, ours = pymysql.Connection(defer_connect=True), quick(defer_connect=True)

        assert issubclass(quick, pymysql.Connection)
        assert ours.ssl == theirs.ssl
        if not theirs.ssl:
            # earlier releases use TLS only where they are told to
            return
        for name in ("check_hostname", "minimum_version", "options", "protocol", "verify_mode"):
            assert getattr(ours.ctx, name) == getattr(theirs.ctx, name), name
        assert ours.ctx.cert_store_stats()["x509_ca"] == 0

    @pytest.mark.parametrize(
        "given", [{"ssl": {"verify_mode": "none"}}, {"ssl_verify_cert": True}, {"ssl_disabled": True}]
    )
    def test_what_is_given_counts(self, given: dict[str, Any]) -> None:
        quick = pymysql_doors.connector(create_engine("mysql+pymysql://root@127.0.0.1").dialect)

        theirs, ours = pymysql.Connection(defer_connect=True, **given), quick(defer_connect=True, **given)

        assert ours.ssl == theirs.ssl
        if theirs.ssl:
            assert ours.ctx.verify_mode == theirs.ctx.verify_mode
            assert ours.ctx.cert_store_stats() == theirs.ctx.cert_store_stats()

    def test_what_somebody_else_has_put_in_place_stays(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pymysql, "connect", lambda **_: None)

        assert pymysql_doors.connector(create_engine("mysql+pymysql://root@127.0.0.1").dialect) is None
        assert pymysql_doors.connector(create_engine("sqlite://").dialect) is None
