"""`migrate --scratch` and `migrate --dry-run`."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from ellar_db.scratch.databases import guarded
from ellar_db.testing import Project
from ellar_db.util.errors import DbError
from tests.support.servers import sync_engine

EMAIL = "    email: Mapped[str | None] = mapped_column(String(64))\n\n\nMORE = 1\n"

SPY = """
from ellar_db import hookimpl

seen = []


@hookimpl
def ellar_db_before_run(run):
    seen.append((run.purpose, run.command))


@hookimpl
def ellar_db_committed(run):
    seen.append("committed")


@hookimpl
def ellar_db_revision_written(path):
    seen.append("written")


@hookimpl
def ellar_db_process_revision_directives(purpose):
    seen.append(purpose)
"""


MADE = """
from ellar_db import hookimpl


@hookimpl
def ellar_db_before_run(database):
    print(database.sync_engine.url.database)
"""

DATABASES = text("SELECT datname FROM pg_database")


@pytest.fixture
def spy(plain: Project) -> Callable[[], list[object]]:
    """Let a plugin of the project note what it is called with, and return a function that returns the notes."""
    plain.write("shop_plugin.py", SPY)
    plain.configure(extra="plugins = ['shop_plugin']\n")
    plain.forget("shop_plugin")

    def seen() -> list[object]:
        import importlib

        return list(importlib.import_module("shop_plugin").seen)

    return seen


def tree(project: Project) -> dict[Path, bytes]:
    return {
        file: file.read_bytes()
        for file in sorted(project.path.rglob("*"))
        if file.is_file() and "__pycache__" not in file.parts
    }


class TestScratch:
    @pytest.mark.sampled
    def test_writes_what_the_history_lacks_and_leaves_the_database_alone(
        self, plain: Project, any_database: str
    ) -> None:
        plain.configure(url=any_database)
        plain.db("init")
        plain.db("migrate", "--scratch", "--rev-id", "one", "-m", "Add users")
        plain.change_models(EMAIL)

        result = plain.db("migrate", "--scratch", "--rev-id", "two")

        assert result.stdout == "Wrote migrations/versions/two_.py\n"
        assert result.stderr == (
            "Replaying the revisions on a scratch database ...\n"
            "  add column users.email VARCHAR(64)\n"
            "Review it before you run `ellar-db upgrade`.\n"
        )
        assert plain.tables(any_database) == set()
        plain.db("upgrade")
        assert plain.db("check").stdout == "No new upgrade operations detected.\n"

    def test_makes_no_file_of_a_database_that_is_not_there(self, plain: Project) -> None:
        plain.db("init")

        plain.db("migrate", "--scratch")

        assert not (plain.path / "app.db").exists()

    def test_says_where_nothing_changed(self, plain: Project) -> None:
        plain.db("init")
        plain.db("migrate", "--scratch")

        result = plain.db("migrate", "--scratch")

        assert result.stdout == ""
        assert result.stderr.splitlines()[-1] == "No changes in schema detected."
        assert len(plain.revisions()) == 1

    def test_of_a_database_that_is_behind_or_ahead(self, plain: Project) -> None:
        plain.db("init")
        plain.db("migrate", "--rev-id", "one")
        assert "not up to date" in plain.db("migrate", exit_code=1).stderr
        with sync_engine("sqlite:///app.db").begin() as connection:
            connection.execute(text("CREATE TABLE nobodys (id INTEGER)"))

        assert plain.db("migrate", "--scratch").stderr.splitlines()[-1] == "No changes in schema detected."

    def test_several_databases(self, plain: Project, new_database: Callable[[str], str]) -> None:
        url = new_database("postgresql")
        plain.write(
            "pyproject.toml",
            "[tool.ellar-db]\nmetadata = {default = 'models:Base', reports = 'models:Base'}\n"
            f"[tool.ellar-db.databases]\ndefault = 'sqlite:///app.db'\nreports = '{url}'\n",
        )
        plain.forget()
        plain.db("init", "--multi")
        plain.db("migrate", "--scratch", "--rev-id", "one")

        plain.change_models(EMAIL)
        result = plain.db("migrate", "--scratch")

        assert "  default: add column users.email VARCHAR(64)\n" in result.stderr
        assert "  reports: add column users.email VARCHAR(64)\n" in result.stderr
        assert plain.tables(url) == set()
        assert not (plain.path / "app.db").exists()

    def test_hooks_see_that_the_runs_are_on_scratch_databases(
        self, plain: Project, spy: Callable[[], list[object]]
    ) -> None:
        plain.db("init")
        plain.db("migrate", "--scratch")
        plain.db("migrate", "--scratch")

        assert spy() == [("scratch", "upgrade"), "write", "written", ("scratch", "upgrade"), "write"]

    def test_a_revision_that_connects_elsewhere_is_stopped(self, plain: Project) -> None:
        plain.db("init")
        plain.db("migrate", "--rev-id", "one")
        file = plain.revisions()[0]
        body = "import sqlalchemy\n    sqlalchemy.create_engine('sqlite:///app.db').connect()\n    op.create_table("
        file.write_text(file.read_text().replace("op.create_table(", body, 1))

        result = plain.db("migrate", "--scratch", exit_code=1)

        assert "was to be connected to, which is no scratch database" in result.stderr

    @pytest.mark.sampled
    def test_a_revision_that_fails(self, plain: Project, any_database: str) -> None:
        plain.configure(url=any_database)
        plain.db("init")
        plain.db("migrate", "--scratch", "--rev-id", "one")
        file = plain.revisions()[0]
        file.write_text(file.read_text().replace("op.create_table(", "op.execute('nonsense')\n    op.create_table(", 1))

        result = plain.db("migrate", "--scratch", exit_code=1)

        assert "nonsense" in result.stderr
        assert plain.tables(any_database) == set()

    def test_its_database_is_dropped_at_the_end(self, plain: Project, new_database: Callable[[str], str]) -> None:
        url = new_database("postgresql")
        plain.configure(url=url)
        plain.write("shop_plugin.py", MADE)
        plain.configure(url=url, extra="plugins = ['shop_plugin']\n")
        plain.db("init")

        result = plain.db("migrate", "--scratch")

        # other tests make such databases at the same time
        names = set(re.findall(r"ellar_db_scratch_\w+", result.stdout))
        assert len(names) == 1
        with sync_engine(url).connect() as connection:
            assert not names & set(connection.execute(DATABASES).scalars())

    def test_on_a_server_that_is_given(self, plain: Project, new_database: Callable[[str], str]) -> None:
        url = new_database("postgresql")
        plain.configure(url="postgresql+psycopg://nobody@127.0.0.1:1/nowhere")
        plain.db("init")
        assert "can't be reached" in plain.db("migrate", "--scratch", exit_code=3).stderr

        plain.db("migrate", "--scratch-url", url)

        assert len(plain.revisions()) == 1
        assert plain.tables(url) == set()

    def test_a_url_of_a_database_that_is_not_there(self, plain: Project) -> None:
        plain.db("init")

        result = plain.db("migrate", "--scratch-url", "reports=sqlite://", exit_code=1)

        assert result.stderr == "Error: a URL is given for reports; there is default\n"

    def test_an_env_of_somebody_elses_is_refused(self, plain: Project) -> None:
        plain.db("init", "-t", "generic")
        ini = next(plain.path.rglob("alembic.ini"))
        ini.write_text(ini.read_text().replace("driver://user:pass@localhost/dbname", "sqlite:///app.db"))

        assert (
            "env.py connects to databases by itself, and so can't be given scratch databases"
            in plain.db("migrate", "--scratch", exit_code=1).stderr
        )


class TestDryRun:
    def test_prints_the_operations_and_the_file_and_writes_nothing(
        self, plain: Project, spy: Callable[[], list[object]]
    ) -> None:
        plain.db("init")
        before = tree(plain)

        result = plain.db("migrate", "--dry-run", "--scratch", "--rev-id", "one", "-m", "Add users")

        assert result.stdout.startswith('"""Add users\n\nRevision ID: one\nRevises:\n')
        assert "op.create_table('users'" in result.stdout
        assert result.stderr.splitlines()[1:] == [
            "Would write migrations/versions/one_add_users.py",
            "  add table users",
        ]
        assert tree(plain) == before
        assert spy() == [("scratch", "upgrade"), "check"]

    def test_what_it_prints_is_what_is_written(self, plain: Project) -> None:
        plain.db("init")

        shown = plain.db("migrate", "--dry-run", "--rev-id", "one").stdout
        plain.db("migrate", "--rev-id", "one")

        def apart(text: str) -> list[str]:
            return [line for line in text.splitlines() if not line.startswith("Create Date")]

        assert apart(shown) == apart(plain.revisions()[0].read_text())

    def test_warns_of_what_the_file_would_lose(self, plain: Project) -> None:
        plain.db("init")
        plain.db("migrate")
        plain.db("upgrade")
        models = (plain.path / "models.py").read_text()
        plain.write("models.py", models.replace("name: ", "title: "))
        plain.forget("models")

        shown = plain.db("migrate", "--dry-run").stderr.splitlines()
        written = plain.db("migrate").stderr.splitlines()

        assert shown[-1].startswith("Warning: DB102 users.name: ")
        assert [line for line in shown if not line.startswith("Would write")] == [
            line for line in written if not line.startswith("Review it")
        ]

    def test_runs_no_post_write_hook(self, plain: Project) -> None:
        plain.db("init")
        ini = plain.path / "migrations/alembic.ini"
        ini.write_text(ini.read_text() + "\n[post_write_hooks]\nhooks = a\na.type = exec\na.executable = /no/such\n")

        plain.db("migrate", "--dry-run")

        plain.db("migrate", exit_code=1)

    def test_says_where_nothing_changed(self, plain: Project) -> None:
        plain.db("init")
        plain.db("migrate")
        plain.db("upgrade")

        result = plain.db("migrate", "--dry-run")

        assert (result.stdout, result.stderr) == ("", "No changes in schema detected.\n")


def test_what_rows_there_may_be_is_unknown(plain: Project) -> None:
    plain.db("init")
    plain.db("migrate", "--rev-id", "one")
    models = (plain.path / "models.py").read_text()
    plain.write("models.py", models.replace("name: Mapped[str] = mapped_column(String(128))", "age: Mapped[int]"))
    plain.forget("models")

    told = plain.db("migrate", "--scratch", "--rev-id", "two").stderr

    assert "DB201 users.age: is NOT NULL without a server_default in a table that may have rows" in told
    assert "DB102 users.name: drops the column with all its values; whether the table has rows is unknown" in told


def test_an_env_py_that_connects_by_itself_is_known_by_what_it_does(plain: Project) -> None:
    plain.db("init")
    plain.write(
        "migrations/env.py", "# not ellar_db\nimport sqlalchemy\nsqlalchemy.create_engine('sqlite:///x.db').connect()\n"
    )

    told = plain.db("migrate", "--scratch", exit_code=1).stderr

    assert "env.py connects to databases by itself, and so can't be given scratch databases; let it call" in told
    assert not (plain.path / "x.db").exists()


def test_an_env_py_that_calls_ours_in_a_module_of_its_own(plain: Project) -> None:
    plain.db("init")
    plain.write("running.py", "from ellar_db.env import run\n")
    plain.write("migrations/env.py", "from running import run\nrun()\n")

    assert "Wrote " in plain.db("migrate", "--scratch").stdout


def test_the_end_of_a_guard_within_another_lets_nobody_connect() -> None:
    def connect() -> None:
        with guarded():
            with guarded():
                pass
            sync_engine("sqlite:///app.db").connect()

    with pytest.raises(DbError, match="no scratch database"):
        connect()
