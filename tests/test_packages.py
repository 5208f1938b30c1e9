"""Migrations that packages bring along: in order, in version tables of their own, and in nobody else's way."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import inspect, text

from ellar_db import Database, PackageMigrations, alembic_config, hookimpl, with_packages
from ellar_db.config.collection import collect_packages
from ellar_db.plugins.manager import get_plugin_manager
from ellar_db.testing import Project
from ellar_db.testing.project import tables
from tests.support.applications import Shop, new_shop
from tests.support.output import timeless
from tests.support.processes import TIMEOUT, python
from tests.support.servers import asynchronous, sync_engine

PLUGIN = """
from pathlib import Path

import sqlalchemy as sa

from ellar_db import PackageMigrations, hookimpl

metadata = sa.MetaData()
for name in {tables!r}:
    sa.Table(name, metadata, sa.Column("id", sa.Integer, primary_key=True))


@hookimpl
def ellar_db_migrations():
    yield PackageMigrations({name!r}, Path({versions!r}), {more})
"""
REVISION = '''
"""Make {table}."""

import sqlalchemy as sa
from alembic import op

revision = {rev_id!r}
down_revision = {parent!r}


def upgrade():
    op.create_table({table!r}, sa.Column("id", sa.Integer, primary_key=True))
    {body}


def downgrade():
    op.drop_table({table!r})
'''

Bring = Callable[..., Path]


@pytest.fixture
def bring(project: Project, install: Callable[..., Path]) -> Bring:
    """Install a package ellar-db-<name> with a table of its name; gives its versions folder."""

    def make(name: str, *, more: str = "metadata=metadata", body: str = "", tables: Sequence[str] = ()) -> Path:
        versions = project.path / "brought" / name
        given = PLUGIN.format(name=name, versions=str(versions), more=more, tables=list(tables) or [name])
        install(f"ellar-db-{name}", given)
        revision = REVISION.format(table=name, rev_id=f"{name}1", parent=None, body=body)
        project.write(f"brought/{name}/{name}1.py", revision)
        return versions

    return make


@pytest.fixture
def started(plain: Project) -> Project:
    """A project with one revision, which makes the table `users`."""
    plain.db("init")
    plain.db("migrate", "--rev-id", "users1")
    # the comparison made a version table in it
    (plain.path / "app.db").unlink()
    return plain


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with new_shop(tmp_path) as made:
        yield made


def ran(stderr: str) -> list[str]:
    """Give the revisions that a command ran, in order."""
    return re.findall(r"^  ok  (?:\[ *\d+/\d+\] )?(\w+)", stderr, re.MULTILINE)


def there(url: str = "sqlite:///app.db") -> set[str]:
    """Give the tables of a database, but for the journal's."""
    return tables(url) - {"ellar_db_journal"}


def process(project: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program that sets up logging as it likes, with the installed packages in its path."""
    return project.run(*arguments, env={"PYTHONPATH": str(project.path / "site")})


def someone_elses(project: Project) -> None:
    """Put a folder of `alembic init` in the place of ours."""
    shutil.rmtree(project.path / "migrations")
    project.run("alembic", "init", "migrations")
    ini = (project.path / "alembic.ini").read_text()
    project.write("alembic.ini", re.sub("(?m)^sqlalchemy.url.*", "sqlalchemy.url = sqlite:///app.db", ini))
    env = project.path / "migrations" / "env.py"
    # else it would change the logging of all tests
    env.write_text(env.read_text().replace("fileConfig(config.config_file_name)", "pass"))


def two(project: Project) -> None:
    """Give the project a second database."""
    project.write(
        "pyproject.toml",
        "[tool.ellar-db]\nmetadata = {default = 'models:Base'}\n[tool.ellar-db.databases]\n"
        "default = 'sqlite:///app.db'\nreports = 'sqlite:///reports.db'\n",
    )
    project.forget()


class TestUpgrade:
    """`upgrade` runs the packages first, each after those that it names."""

    @pytest.mark.parametrize("made", [str, asynchronous], ids=["sync", "async"])
    def test_packages_come_first_and_go_back_alone(
        self, started: Project, bring: Bring, any_database: str, made: Callable[[str], str]
    ) -> None:
        bring("audit")
        started.configure(url=made(any_database))

        assert ran(started.db("upgrade").stderr) == ["audit1", "users1"]
        assert there(any_database) == {"alembic_version", "alembic_version_audit", "audit", "users"}
        started.db("downgrade")
        assert there(any_database) == {"alembic_version", "alembic_version_audit", "audit"}
        started.db("downgrade", "--package", "audit", "base")
        assert there(any_database) == {"alembic_version"}

    def test_what_is_done_is_not_done_again_nor_spoken_of(self, started: Project, bring: Bring) -> None:
        bring("audit")

        said = started.db("upgrade").stderr
        assert timeless(said) == (
            "Package audit (ellar-db-audit 1.0):\n  ok  audit1 Make audit.  T s\n"
            "1 revision applied in T s; now at audit1 (head).\n"
            "Application:\n  ok  users1  T s\n1 revision applied in T s; now at users1 (head).\n"
        )
        assert started.db("upgrade").output == "Already up to date (users1).\n"

    @pytest.mark.parametrize("order", ["at once", "the package later"])
    def test_the_application_may_have_revisions_of_the_same_ids(
        self, started: Project, bring: Bring, order: str
    ) -> None:
        started.write(
            "migrations/versions/audit1.py", REVISION.format(table="t", rev_id="audit1", parent=None, body="")
        )
        started.revisions()[-1].unlink()
        if order == "the package later":
            started.db("upgrade")
        bring("audit")

        assert set(ran(started.db("upgrade").stderr)) == {"audit1"}
        assert there() == {"alembic_version", "alembic_version_audit", "audit", "t"}
        assert started.db("current").stdout.count("audit1 (head)") == 2

    def test_a_new_revision_of_a_package_is_run_by_the_next_upgrade(self, started: Project, bring: Bring) -> None:
        bring("audit")
        started.db("upgrade")
        started.write(
            "brought/audit/audit2.py", REVISION.format(table="more", rev_id="audit2", parent="audit1", body="")
        )

        assert ran(started.db("upgrade").stderr) == ["audit2"]

    def test_each_comes_after_those_that_it_names_and_else_by_name(self, started: Project, bring: Bring) -> None:
        bring("a", more="after=['c']")
        bring("b", more="after=['a', 'c']")
        bring("c")
        bring("d")

        assert ran(started.db("upgrade").stderr) == ["c1", "a1", "b1", "d1", "users1"]

    def test_another_target_than_the_newest_is_the_applications_own(self, started: Project, bring: Bring) -> None:
        bring("audit")

        assert ran(started.db("upgrade", "+1").stderr) == ["users1"]
        assert ran(started.db("upgrade", "--package", "audit", "audit1").stderr) == ["audit1"]

    def test_a_package_that_fails_stops_the_run_before_the_application(self, started: Project, bring: Bring) -> None:
        bring("audit", body='op.execute("nonsense")')

        failed = started.db("upgrade", exit_code=1)

        assert failed.stderr.splitlines()[-1] == (
            "Error: package audit: upgrade -> audit1, Make audit. failed on the database 'default': OperationalError: "
            '(sqlite3.OperationalError) near "nonsense": syntax error (brought/audit/audit1.py, line 12); '
            "the statement was nonsense; the run was rolled back"
        )
        assert there() == set()

    def test_a_package_without_revisions_is_no_obstacle(self, started: Project, bring: Bring) -> None:
        for file in bring("audit").glob("*.py"):
            file.unlink()

        assert ran(started.db("upgrade").stderr) == ["users1"]
        assert "alembic_version_audit" not in there()

    def test_folders_with_odd_names(self, project: Project, install: Callable[..., Path], plain: Project) -> None:
        versions = project.path / "100 %, (a:b)" / "ver sions"
        install("ellar-db-audit", PLUGIN.format(name="audit", versions=str(versions), more="", tables=["audit"]))
        project.write(
            f"{versions.relative_to(project.path)}/a.py", REVISION.format(table="t", rev_id="r1", parent=None, body="")
        )
        plain.db("init")

        assert ran(plain.db("upgrade").stderr) == ["r1"]

    @pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])
    def test_several_at_once(self, started: Project, bring: Bring, new_database: Any, kind: str) -> None:
        for name in ("audit", "billing"):
            bring(name)
        started.configure(url=new_database(kind))
        environment = {**os.environ, "PYTHONPATH": str(started.path / "site")}

        running = [python("-m", "ellar_db", "upgrade", cwd=started.path, env=environment) for _ in range(4)]
        said = [process.communicate(timeout=TIMEOUT)[1] for process in running]

        assert [process.returncode for process in running] == [0] * 4, said
        assert sorted(revision for one in said for revision in ran(one)) == ["audit1", "billing1", "users1"]

    def test_in_a_folder_of_someone_elses(self, started: Project, bring: Bring) -> None:
        bring("audit")
        someone_elses(started)

        assert ran(started.db("upgrade", "--lock-timeout", "0").stderr) == ["audit1"]
        assert there() == {"alembic_version", "alembic_version_audit", "audit"}

    def test_without_a_database_that_ellar_db_knows(self, started: Project, bring: Bring) -> None:
        bring("audit")
        someone_elses(started)
        started.write("pyproject.toml", "")

        started.forget()

        assert started.db("upgrade").stderr.splitlines()[0] == (
            "Warning: no database is configured for ellar_db, so that the migrations of audit (ellar-db-audit 1.0) are "
            "left out"
        )
        assert started.db("upgrade", "--package", "audit", exit_code=1).stderr == (
            "Error: the package audit (ellar-db-audit 1.0) runs on the database 'default', which isn't configured; "
            "there is: none. Name others in pyproject.toml, [tool.ellar-db.packages] audit = [...]\n"
        )


class TestShown:
    """Commands that look show each package under its name."""

    def test_heads_history_current_and_check(self, started: Project, bring: Bring) -> None:
        bring("audit")
        started.db("upgrade")
        package, application = "Package audit (ellar-db-audit 1.0):\n", "Application:\n"

        assert started.db("heads").output == f"{package}audit1 (head)\n{application}users1 (head)\n"
        assert started.db("current").output == f"{package}audit1 (head)\n{application}users1 (head)\n"
        history = (
            f"{package}<base> -> audit1 (head), Make audit.\n{application}<base> -> users1 (head), empty message\n"
        )
        assert started.db("history").output == history
        assert started.db("history", "-i").output == history.replace("(head)", "(head) (current)")
        none = "No new upgrade operations detected.\n"
        assert started.db("check").stdout == f"{package}{none}{application}{none}"

    def test_one_package_alone(self, started: Project, bring: Bring) -> None:
        bring("audit")
        started.db("upgrade", "--package", "audit")

        assert started.db("heads", "--package", "audit").output == "audit1 (head)\n"
        assert started.db("current", "--package", "audit").output == "audit1 (head)\n"
        assert started.db("history", "--package", "audit").output == "<base> -> audit1 (head), Make audit.\n"
        assert started.db("show", "--package", "audit").output.startswith("Rev: audit1 (head)\n")
        assert started.db("check", "--package", "audit").stdout == "No new upgrade operations detected.\n"
        assert "users" not in there()

    def test_a_range_is_the_applications(self, started: Project, bring: Bring) -> None:
        bring("audit")

        assert started.db("history", "-r", "base:users1").output == "<base> -> users1 (head), empty message\n"

    def test_without_packages_nothing_is_said_of_any(self, started: Project) -> None:
        started.db("upgrade")

        assert started.db("heads").output == "users1 (head)\n"
        assert started.db("current").output == "users1 (head)\n"
        assert started.db("upgrade", "--sql").stdout.startswith("CREATE TABLE alembic_version (")

    def test_a_package_that_is_behind(self, started: Project, bring: Bring) -> None:
        bring("audit")
        started.db("upgrade", "users1")

        assert started.db("check", exit_code=1).stderr.splitlines()[-1] == (
            "Error: package audit: not at its newest revision; run `ellar-db upgrade` first"
        )
        assert started.db("check", "--package", "audit", exit_code=1).stderr == (
            "Error: package audit: not at its newest revision; run `ellar-db upgrade` first\n"
        )
        assert started.db("current", "--check-heads", exit_code=1).stderr == (
            "Error: package audit: Database is not on all head revisions: the database 'default' is at base; "
            "`ellar-db upgrade --package audit` runs the others\n"
        )

    def test_both_are_told_of_where_both_are_behind(self, started: Project, bring: Bring) -> None:
        bring("audit")

        assert started.db("check", exit_code=1).stderr == (
            "Error: package audit: not at its newest revision; run `ellar-db upgrade` first; "
            "Target database is not up to date; run `ellar-db upgrade` first [ellar-db explain E02]\n"
        )

    def test_models_of_a_package_that_no_revision_has(self, started: Project, bring: Bring) -> None:
        bring("audit", tables=["audit", "forgotten"])
        started.db("upgrade")

        result = started.db("check", exit_code=1)
        assert "Package audit (ellar-db-audit 1.0):\nadd table forgotten\nApplication:\n" in result.stdout
        assert result.stderr.splitlines()[-1] == (
            "Error: package audit: the models have changes that aren't in any revision; "
            "`ellar-db migrate --package audit` writes one"
        )

    def test_a_package_without_metadata_is_checked_for_its_revision_alone(self, started: Project, bring: Bring) -> None:
        bring("audit", more="metadata=None")
        started.db("upgrade")

        assert started.db("check", "--package", "audit").stdout == (
            "At the newest revision; it gives no models to compare.\n"
        )


class TestAutogenerate:
    """Nobody's tables are in anybody else's revisions."""

    @pytest.mark.parametrize("more", ["metadata=metadata", "metadata=None", "version_table='of_audit'"])
    def test_the_application_leaves_a_packages_tables_alone(self, started: Project, bring: Bring, more: str) -> None:
        bring("audit", more=more)
        started.db("upgrade")
        with sync_engine("sqlite:///app.db").begin() as connection:
            # changed by hand, which is the package's affair
            connection.execute(text("ALTER TABLE audit ADD COLUMN extra INTEGER"))

        assert started.db("migrate").stderr == "No changes in schema detected.\n"
        assert started.db("check", exit_code=None).stdout.endswith(
            "Application:\nNo new upgrade operations detected.\n"
        )
        with sync_engine("sqlite:///app.db").begin() as connection:
            connection.execute(text("CREATE TABLE nobodys (id INTEGER)"))
        assert "drop table nobodys" in started.db("check", exit_code=1).stdout

    def test_bare_alembic_leaves_them_alone_and_runs_only_the_application(self, started: Project, bring: Bring) -> None:
        bring("audit")
        alembic = ("alembic", "-c", "migrations/alembic.ini")
        process(started, *alembic, "upgrade", "head")
        assert there() == {"alembic_version", "users"}
        started.db("upgrade")

        assert process(started, *alembic, "check").stdout == "No new upgrade operations detected.\n"

    def test_a_packages_author_writes_its_revisions(self, started: Project, bring: Bring) -> None:
        versions = bring("audit", tables=["audit", "new"])
        started.db("upgrade")

        started.db("migrate", "--package", "audit", "-m", "new table", "--rev-id", "audit2")

        written = (versions / "audit2_new_table.py").read_text()
        assert "down_revision: str | tuple[str, ...] | None = 'audit1'" in written
        assert re.findall(r"op\.(\w+)\('(\w+)'", written) == [("create_table", "new"), ("drop_table", "new")]
        assert ran(started.db("upgrade").stderr) == ["audit2"]
        assert started.db("check").exit_code == 0
        assert sorted(file.name for file in versions.iterdir() if file.is_file()) == [
            "audit1.py",
            "audit2_new_table.py",
        ]

    def test_a_table_that_left_a_packages_models_is_dropped(self, started: Project, bring: Bring) -> None:
        versions = bring("audit", tables=["other"])
        started.db("upgrade")

        started.db("migrate", "--package", "audit", "--rev-id", "audit2")

        assert re.findall(
            r"op\.(\w+)\('(\w+)'", (versions / "audit2_.py").read_text().partition("def downgrade")[0]
        ) == [
            ("create_table", "other"),
            ("drop_table", "audit"),
        ]

    def test_revision_and_merge_write_into_the_package(self, started: Project, bring: Bring) -> None:
        versions = bring("audit")
        for rev_id in ("left", "right"):
            started.db("revision", "--package", "audit", "--rev-id", rev_id, "--head", "audit1", "--splice")

        started.db("merge", "--package", "audit", "--rev-id", "both")

        assert started.db("heads", "--package", "audit").output == "both (head)\n"
        assert {file.name for file in versions.glob("*.py")} == {"audit1.py", "left_.py", "right_.py", "both_.py"}
        assert [file.name for file in started.revisions()] == ["users1_.py"]

    def test_the_hooks_that_name_revisions_are_told_the_packages_folder(self, started: Project, bring: Bring) -> None:
        versions = bring("audit")
        seen = []

        class Named:
            @hookimpl
            def ellar_db_revision_id(self, request: Any) -> str:
                seen.append((request.directory, request.taken))
                return "named"

        get_plugin_manager().register(Named(), name="named")
        started.db("revision", "--package", "audit")

        assert seen == [(versions, frozenset({"audit1"}))]
        assert (versions / "named_.py").is_file()

    def test_a_revision_is_not_written_where_pip_put_the_package(
        self, started: Project, install: Callable[..., Path]
    ) -> None:
        versions = started.path / "lib" / "site-packages" / "audit"
        versions.mkdir(parents=True)
        install("ellar-db-audit", PLUGIN.format(name="audit", versions=str(versions), more="", tables=["audit"]))

        assert started.db("revision", "--package", "audit", exit_code=1).stderr == (
            f"Error: the package audit (ellar-db-audit 1.0) is installed in {versions}, where a revision would be lost "
            "with the next installation; install its sources with pip install --editable\n"
        )
        assert list(versions.iterdir()) == []

    def test_without_metadata_there_is_nothing_to_compare(self, started: Project, bring: Bring) -> None:
        bring("audit", more="metadata=None")

        assert started.db("migrate", "--package", "audit", exit_code=1).stderr == (
            "Error: the package audit (ellar-db-audit 1.0) gives no metadata, and so there is nothing to compare the "
            "database with; give metadata=... to PackageMigrations\n"
        )

    def test_metadata_that_the_application_has_too_is_refused(self, started: Project, bring: Bring) -> None:
        bring("audit", more="metadata=__import__('models').Base.metadata")

        assert started.db("migrate", exit_code=1).stderr == (
            "Error: the package audit (ellar-db-audit 1.0) gives as its own the metadata of the database 'default', "
            "which has the application's tables too; it must give a MetaData with its tables alone (Table.to_metadata "
            "copies one)\n"
        )

    def test_filters_and_options_of_the_application_are_its_own(self, shop: Shop, bring: Bring) -> None:
        bring("audit", tables=["audit", "new"])
        shop.create(
            "EllarDBModule.setup(databases='sqlite:///app.db', metadata=Base.metadata, migration_options={"
            "'context_configure': {'include_object': lambda *given: False, 'version_table': 'shop_version'}})",
            imports="from shop.models import Base",
            models="from sqlalchemy.orm import DeclarativeBase\n\n\nclass Base(DeclarativeBase):\n    pass\n",
        )
        shop.ellar("db", "init")
        shop.ellar("db", "upgrade")

        assert "add table new" in shop.ellar("db", "check", "--package", "audit", exit_code=1).stdout
        assert there() == {"alembic_version_audit", "audit", "shop_version"}


class TestUninstalled:
    """What a package leaves in a database is told, and taken back before it goes."""

    def test_what_is_left_is_told_until_it_is_taken_back(self, started: Project, bring: Bring) -> None:
        bring("audit")
        started.db("upgrade")
        os.environ["ELLAR_DB_DISABLE_PLUGINS"] = "ellar-db-audit"
        started.forget()

        told = (
            "Warning: the database 'default' has the table alembic_version_audit (at audit1), and no installed package "
            "brings these migrations; install the package again, run `ellar-db downgrade --package audit base`, and "
            "uninstall it then\n"
        )
        assert started.db("current").stderr == told
        assert started.db("check", exit_code=1).stderr.splitlines(keepends=True)[0] == told
        del os.environ["ELLAR_DB_DISABLE_PLUGINS"]
        started.forget()
        assert started.db("current").stderr == ""
        started.db("downgrade", "--package", "audit", "base")
        os.environ["ELLAR_DB_DISABLE_PLUGINS"] = "ellar-db-audit"
        started.forget()
        assert started.db("current").output == "users1 (head)\n"
        assert there() == {"alembic_version", "users"}

    def test_a_version_table_that_the_project_names_is_known(self, started: Project) -> None:
        started.db("upgrade")
        with sync_engine("sqlite:///app.db").begin() as connection:
            connection.execute(text("CREATE TABLE alembic_version_theirs (version_num VARCHAR(32))"))
            connection.execute(text("INSERT INTO alembic_version_theirs VALUES ('x1')"))
        assert "alembic_version_theirs" in started.db("current").stderr
        # a table of versions is never dropped on the way
        assert started.db("migrate").stderr == "No changes in schema detected.\n"

        started.configure(extra="[tool.ellar-db.packages]\ntheirs = []\n")

        assert started.db("current").stderr == ""

    def test_one_on_which_another_builds_goes_last(self, started: Project, bring: Bring) -> None:
        bring("audit")
        bring("billing", more="after=['audit']")
        started.db("upgrade")

        # with its one revision, these are the same
        for target in (["base"], [], ["-1"], ["audit1-1"]):
            assert started.db("downgrade", "--package", "audit", *target, exit_code=1).stderr == (
                "Error: the package billing comes after audit and is on the database 'default'; "
                "run `ellar-db downgrade --package billing base` first\n"
            )
        for name in ("billing", "audit"):
            started.db("downgrade", "--package", name, "base")
        assert there() == {"alembic_version", "users"}

    def test_one_that_builds_on_another_waits_for_it(self, started: Project, bring: Bring) -> None:
        # a list can't be hashed
        bring("audit", more="databases=['default']")
        bring("billing", more="after=['audit']")

        assert started.db("upgrade", "--package", "billing", exit_code=1).stderr == (
            "Error: the package billing comes after audit, which isn't at its newest revision on the database "
            "'default'; run `ellar-db upgrade --package audit` first, or `ellar-db upgrade`\n"
        )
        assert there() == set()
        # nothing is looked at where SQL is written
        assert "CREATE TABLE billing" in started.db("upgrade", "--package", "billing", "--sql").stdout
        for name in ("audit", "billing"):
            started.db("upgrade", "--package", name)
        assert {"audit", "billing"} < there()

    def test_what_is_dropped_is_told_for_each_database_of_the_package(self, plain: Project, bring: Bring) -> None:
        bring("audit", more="databases=['default', 'reports']")
        two(plain)
        plain.write(
            "pyproject.toml",
            (plain.path / "pyproject.toml").read_text().replace("db]\n", "db]\nconfirm = 'always'\n", 1),
        )
        plain.db("init")
        plain.db("upgrade")

        assert plain.db("downgrade", "--package", "audit", exit_code=1).stderr == (
            "Error: the downgrade drops default: table audit (0 rows); reports: table audit (0 rows); confirm = "
            "'always' is set and there is no terminal to ask on: say --yes if that is wanted\n"
        )

    def test_stamp_records_without_running(self, started: Project, bring: Bring) -> None:
        bring("audit")

        started.db("stamp", "--package", "audit")

        assert there() == {"alembic_version_audit"}
        assert started.db("current", "--package", "audit").output == "audit1 (head)\n"
        started.db("stamp", "--package", "audit", "base")
        assert there() == set()


class TestSql:
    """With --sql there is one script of all."""

    PACKAGE = ("-- Package: audit", "-- Running upgrade  -> audit1", "-- Application", "-- Running upgrade  -> users1")

    def test_one_stream(self, started: Project, bring: Bring) -> None:
        bring("audit")

        assert self.headings(started.db("upgrade", "--sql").stdout) == list(self.PACKAGE)
        assert there() == set()

    def test_a_file(self, started: Project, bring: Bring) -> None:
        bring("audit")

        started.db("upgrade", "--sql", "-o", "all.sql")

        assert self.headings((started.path / "all.sql").read_text()) == list(self.PACKAGE)

    def test_the_script_does_what_the_run_does(self, started: Project, bring: Bring) -> None:
        bring("audit")
        script = started.db("upgrade", "--sql").stdout
        connection = sqlite3.connect("app.db")
        connection.executescript(re.sub(r" RETURNING \w+", "", script))
        connection.close()

        assert started.db("check").exit_code == 0

    def test_several_databases(self, plain: Project, bring: Bring) -> None:
        bring("audit", more="databases=['default', 'reports']")
        two(plain)
        plain.db("init", "--multi")
        plain.db("revision", "--rev-id", "first")

        assert self.headings(plain.db("upgrade", "--sql").stdout) == [
            "-- Database: default (sqlite)",
            "-- Package: audit",
            "-- Running upgrade  -> audit1",
            "-- Database: reports (sqlite)",
            "-- Package: audit",
            "-- Running upgrade  -> audit1",
            "-- Database: default (sqlite)",
            "-- Application",
            "-- Running upgrade  -> first",
            "-- Database: reports (sqlite)",
            "-- Application",
            "-- Running upgrade  -> first",
        ]
        plain.db("upgrade", "--sql", "-o", "sql/")
        for name in ("default", "reports"):
            assert self.headings((plain.path / "sql" / f"{name}.sql").read_text()) == [
                "-- Package: audit",
                "-- Running upgrade  -> audit1",
                "-- Application",
                "-- Running upgrade  -> first",
            ]

    def test_one_package_alone(self, started: Project, bring: Bring) -> None:
        bring("audit")

        assert self.headings(started.db("upgrade", "--package", "audit", "--sql").stdout) == [
            "-- Running upgrade  -> audit1"
        ]
        assert "DROP TABLE audit;" in started.db("downgrade", "--package", "audit", "--sql", "audit1:base").stdout

    @staticmethod
    def headings(script: str) -> list[str]:
        return re.findall(r"^(-- [^\n]+)$", script, re.MULTILINE)


class TestDatabases:
    """A package runs on the databases that it names, or that the project names for it."""

    def test_those_that_it_names(self, plain: Project, bring: Bring) -> None:
        bring("audit", more="databases=['reports'], metadata=metadata")
        two(plain)
        plain.db("init")
        plain.db("upgrade")

        assert there("sqlite:///app.db") == {"alembic_version"}
        assert there("sqlite:///reports.db") == {"alembic_version_audit", "audit"}

    def test_those_that_the_project_names(self, plain: Project, bring: Bring) -> None:
        bring("audit")
        two(plain)
        with (plain.path / "pyproject.toml").open("a") as file:
            file.write("[tool.ellar-db.packages]\naudit = ['default', 'reports']\n")
        plain.forget()
        plain.db("init", "--multi")
        plain.db("upgrade")

        assert plain.db("current", "--package", "audit").stdout == (
            "default:\naudit1 (head)\nreports:\naudit1 (head)\n"
        )
        assert {"audit", "alembic_version_audit"} <= there("sqlite:///reports.db")
        assert "audit" in there("sqlite:///app.db")

    def test_none(self, started: Project, bring: Bring) -> None:
        bring("audit")
        started.configure(extra="[tool.ellar-db.packages]\naudit = []\n")

        assert ran(started.db("upgrade").stderr) == ["users1"]
        assert started.db("heads").output == "users1 (head)\n"
        assert started.db("upgrade", "--package", "audit", exit_code=1).stderr == (
            "Error: [tool.ellar-db.packages] says that the package audit runs on no database\n"
        )

    def test_a_table_of_its_name_in_a_database_on_which_it_does_not_run(self, plain: Project, bring: Bring) -> None:
        bring("users", more="databases=['reports'], metadata=metadata")
        two(plain)
        plain.db("init")

        plain.db("migrate")

        assert "op.create_table('users'" in plain.revisions()[0].read_text()

    def test_one_that_is_not_configured(self, started: Project, bring: Bring) -> None:
        bring("audit", more="databases=['elsewhere']")

        assert started.db("upgrade", exit_code=1).stderr == (
            "Error: the package audit (ellar-db-audit 1.0) runs on the database 'elsewhere', which isn't configured; "
            "there is: default. Name others in pyproject.toml, [tool.ellar-db.packages] audit = [...]\n"
        )

    @pytest.mark.parametrize("value", ["'default'", "[5]", "true"])
    def test_settings_that_are_no_list(self, started: Project, bring: Bring, value: str) -> None:
        bring("audit")
        started.configure(extra=f"[tool.ellar-db.packages]\naudit = {value}\n")

        assert re.fullmatch(
            r"Error: \[tool\.ellar-db\.packages\] audit must be a list of databases, not \S+; mend it in \S+\n",
            started.db("upgrade", exit_code=1).stderr,
        )


class TestRefused:
    """What a plugin gets wrong is one line, which names it and the way out."""

    @pytest.mark.parametrize(
        ("more", "message"),
        [
            ("after=['billing']", "comes after the package 'billing', which no plugin brings"),
            ("after='billing'", "TypeError: after must be a list of names, not 'billing'"),
            ("databases='default'", "TypeError: databases must be a list of names, not 'default'"),
            ("version_table='alembic_version'", "uses the version table alembic_version, which"),
            ("version_table='a' * 64", "has more than 63 characters"),
            ("after=['audit']", "the migrations of packages come after each other in a circle: audit -> audit"),
        ],
    )
    def test_an_answer_that_can_not_be_used(self, started: Project, bring: Bring, more: str, message: str) -> None:
        bring("audit", more=more)

        self.refused(started, "upgrade", message)

    @pytest.mark.parametrize("name", ["a-b", "", "1a", "a b", "ä", "a\n"])
    def test_a_name_that_can_not_be_one(self, name: str) -> None:
        with pytest.raises(ValueError, match="can't be named"):
            PackageMigrations(name, Path("versions"))

    def test_junk(self, started: Project, install: Callable[..., Path]) -> None:
        install(
            "ellar-db-junk",
            "from ellar_db import hookimpl\n\n\n@hookimpl\ndef ellar_db_migrations():\n    return ['x']\n",
        )

        self.refused(
            started, "upgrade", "ellar-db-junk 1.0 gave 'x' as migrations; it must be an ellar_db.PackageMigrations"
        )

    def test_a_folder_that_is_not_there(self, started: Project, bring: Bring) -> None:
        versions = bring("audit")
        shutil.rmtree(versions)

        self.refused(
            started, "upgrade", f"ellar-db-audit 1.0 names {versions} as its folder of revisions, and it isn't there"
        )

    def test_a_circle(self, started: Project, bring: Bring) -> None:
        bring("a", more="after=['c']")
        bring("b", more="after=['a']")
        bring("c", more="after=['b']")

        self.refused(started, "heads", "the migrations of packages come after each other in a circle: a -> c -> b -> a")

    @pytest.mark.parametrize(
        ("name", "more", "what"),
        [("audit", "", "name"), ("other", "version_table='alembic_version_audit'", "version table")],
    )
    def test_two_of_one_kind(
        self, started: Project, bring: Bring, install: Callable[..., Path], name: str, more: str, what: str
    ) -> None:
        versions = bring("audit")
        install("ellar-db-b", PLUGIN.format(name=name, versions=str(versions), more=more, tables=["b"]))

        said = started.db("upgrade", exit_code=1).stderr
        assert re.fullmatch(
            rf"Error: the packages \w+ \(ellar-db-\w+ 1\.0\) and \w+ \(ellar-db-\w+ 1\.0\) have one {what}; "
            r"mend it, or leave it out with ELLAR_DB_DISABLE_PLUGINS=ellar-db-\w+\n",
            said,
        )
        os.environ["ELLAR_DB_DISABLE_PLUGINS"] = said.rpartition("=")[2].strip()
        started.forget()
        assert ran(started.db("upgrade").stderr)[-1] == "users1"

    def test_a_package_that_is_not_there(self, started: Project, bring: Bring) -> None:
        bring("audit")

        assert started.db("upgrade", "--package", "audti", exit_code=1).stderr == (
            "Error: no plugin brings migrations of a package 'audti'; there is: audit; did you mean audit?\n"
        )

    def test_a_revision_of_its_own_that_can_not_be_read(self, started: Project, bring: Bring) -> None:
        (bring("audit") / "broken.py").write_text("def upgrade(:\n")

        said = started.db("upgrade", exit_code=1).stderr
        assert said.startswith("Error: ")
        assert said.count("\n") == 1
        assert "broken.py" in said

    @staticmethod
    def refused(project: Project, arguments: str, message: str) -> None:
        said = project.db(arguments, exit_code=1).stderr
        assert said.startswith("Error: ")
        assert message in said
        assert said.count("\n") == 1
        assert there() == set()


class TestApplications:
    """In Ellar applications, and from their start-up code."""

    @pytest.mark.parametrize("made", [str, asynchronous], ids=["sync", "async"])
    def test_with_plain_sqlalchemy(self, shop: Shop, bring: Bring, made: Callable[[str], str]) -> None:
        bring("audit")
        shop.with_plain_sqlalchemy(made(f"sqlite:///{shop.path}/app.db"))
        self.both(shop)

    @pytest.mark.filterwarnings("ignore:Attribute name 'registry'")
    def test_with_ellar_sql(self, shop: Shop, bring: Bring) -> None:
        bring("audit")
        shop.with_ellar_sql(f"sqlite:///{shop.path}/app.db")
        self.both(shop)

    @staticmethod
    def both(shop: Shop) -> None:
        shop.ellar("db", "init")
        shop.ellar("db", "migrate", "--rev-id", "first")
        assert ran(shop.ellar("db", "upgrade").stderr) == ["audit1", "first"]
        assert there() == {"alembic_version", "alembic_version_audit", "audit", "user"}
        assert shop.ellar("db", "migrate").stderr == "No changes in schema detected.\n"
        shop.ellar("db", "check")

    def test_start_up_code_upgrades_all(self, started: Project, bring: Bring) -> None:
        bring("audit")

        with alembic_config() as config:
            for part in with_packages(config):
                command.upgrade(part, "heads")

        assert there() == {"alembic_version", "alembic_version_audit", "audit", "users"}

    def test_start_up_code_upgrades_one(self, started: Project, bring: Bring) -> None:
        bring("audit")

        with alembic_config(package="audit") as config:
            command.upgrade(config, "head")

        assert there() == {"alembic_version_audit", "audit"}


def test_ellar_db_migrations_are_asked_for_in_order(plain: Project, bring: Bring) -> None:
    versions = bring("audit")

    class Tried:
        @hookimpl
        def ellar_db_migrations(self) -> list[PackageMigrations]:
            return [PackageMigrations("aaa", versions, "of_aaa", after=["audit"])]

    get_plugin_manager().register(Tried(), name="tried")

    found = collect_packages(get_plugin_manager())
    assert [(one.title, one.version_table) for one in found.values()] == [
        ("audit (ellar-db-audit 1.0)", "alembic_version_audit"),
        ("aaa (tried)", "of_aaa"),
    ]


def test_hooks_are_told_the_package(started: Project, bring: Bring) -> None:
    bring("audit")
    seen: list[tuple[str, ...]] = []

    class Seeing:
        @hookimpl
        def ellar_db_before_run(self, database: Database) -> None:
            seen.append(("before", database.package))

        @hookimpl
        def ellar_db_step_applied(self, database: Database, step: Any) -> None:
            seen.append(("step", database.package, step.up_revision_id))

        @hookimpl
        def ellar_db_after_run(self, database: Database) -> None:
            seen.append(("after", database.package))

        @hookimpl
        def ellar_db_context_options(self, database: Database) -> dict[str, Any]:
            # of the application; the package keeps its own
            return {"version_table": "shop_version"}

    get_plugin_manager().register(Seeing(), name="seeing")
    started.db("upgrade")

    assert seen == [
        ("before", "audit"),
        ("step", "audit", "audit1"),
        ("after", "audit"),
        ("before", ""),
        ("step", "", "users1"),
        ("after", ""),
    ]
    assert there() == {"shop_version", "alembic_version_audit", "audit", "users"}


def test_a_run_of_a_package_that_was_cut_short_is_settled(
    started: Project, bring: Bring, new_database: Callable[[str], str]
) -> None:
    versions = bring("audit", body='op.execute("nonsense")')
    url = new_database("mariadb")
    started.configure(url=url)

    said = started.db("upgrade", exit_code=1).stderr
    assert said.splitlines()[-1].startswith("Error: package audit: upgrade -> audit1, Make audit. failed on ")
    assert "`ellar-db repair audit1 --applied`" in said
    assert "the upgrade of audit1 of the package audit (process" in started.db("upgrade", exit_code=1).stderr
    assert there(url) == {"alembic_version_audit", "audit"}
    assert "of the package audit" in started.db("repair", exit_code=1).stderr
    file = versions / "audit1.py"
    file.write_text(file.read_text().replace('op.execute("nonsense")', ""))

    assert started.db("repair", "audit1", "--applied").stdout == "default: audit1 is applied.\n"
    assert ran(started.db("upgrade").stderr) == ["users1"]
    assert started.db("check").exit_code == 0


def test_schema_of_the_version_tables(started: Project, bring: Bring, new_database: Callable[[str], str]) -> None:
    url = new_database("postgresql")
    bring("audit")
    started.configure(url=url, extra="[tool.ellar-db.context-configure]\nversion_table_schema = 'versions'\n")
    engine = sync_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA versions"))
    started.db("upgrade")

    assert there(url) == {"audit", "users"}
    assert set(inspect(engine).get_table_names("versions")) == {"alembic_version", "alembic_version_audit"}
    assert started.db("upgrade").output == "Already up to date (users1).\n"
    started.db("check")
    os.environ["ELLAR_DB_DISABLE_PLUGINS"] = "ellar-db-audit"
    started.forget()
    assert "alembic_version_audit" in started.db("current").stderr
