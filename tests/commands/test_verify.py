"""`verify`."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from sqlalchemy import text

from ellar_db.scratch.leftovers import scratch_folder
from ellar_db.testing import Project
from tests.support.documents import document
from tests.support.environments import ForeignEnvironment
from tests.support.fleets import files, history
from tests.support.processes import TIMEOUT, Program, python
from tests.support.revisions import add, without_models, write_revision
from tests.support.servers import server

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/reference/schemas/verify.json").read_text(encoding="utf-8"))

USERS = "op.create_table('users', sa.Column('id', sa.Integer, primary_key=True), sa.Column('name', sa.String(64)))"

INDEX = "op.create_index('ix_name', 'users', ['name'])"

PLUGIN = """
from ellar_db import hookimpl
from sqlalchemy import create_engine, text


@hookimpl
def ellar_db_before_run(run):
    with create_engine("sqlite:///app.db").begin() as connection:
        connection.execute(text("CREATE TABLE reached (id INTEGER)"))
"""

VERIFY = """
import tempfile

tempfile.tempdir = None
from ellar_db.cli import db

db(["verify"], prog_name="ellar-db")
"""
"""A program that looks for the folder of temporary files by itself, whatever the process it comes from has found."""

PACKAGE = """
from pathlib import Path

from ellar_db import PackageMigrations, hookimpl


@hookimpl
def ellar_db_migrations():
    yield PackageMigrations("audit", Path({versions!r}))
"""

Write = Callable[..., None]


def databases(url: str) -> set[str]:
    """Return the names of the scratch databases on a server."""
    asked = "SELECT datname FROM pg_database" if url.startswith("postgresql") else "SHOW DATABASES"
    with server("postgresql" if url.startswith("postgresql") else "mariadb").connect() as connection:
        return {name for (name,) in connection.execute(text(asked)) if name.startswith("ellar_db_scratch_")}


@pytest.fixture
def on(plain: Project, any_database: str, write: Write) -> str:
    """The URL of the project's database, on each kind of server in turn."""
    without_models(plain, any_database)
    return any_database


def test_what_a_revision_prints_is_no_part_of_a_document(plain: Project) -> None:
    plain.db("init")
    without_models(plain)
    write_revision(plain.path / "migrations/versions", "one", None, "print('psql: DROP TABLE', 1)", "print('back')")

    for command, schema in ((("verify",), "verify"), (("plan",), "plan"), (("lint",), "lint")):
        document(plain, *command, schema=schema)
    assert "psql" not in plain.db("verify").stdout
    assert plain.db("verify").stderr.count("psql: DROP TABLE 1") == 2


@pytest.mark.parametrize("server_kind", ["sqlite", "postgresql", "mariadb"])
def test_pending_revisions_of_several_databases(
    project: Project, new_database: Callable[[str], str], server_kind: str
) -> None:
    urls = {name: new_database(server_kind) for name in ("default", "reports")}
    lines = "".join(f"{name} = '{url}'\n" for name, url in urls.items())
    project.write("pyproject.toml", f"[tool.ellar-db.databases]\n{lines}")
    project.db("init", "--multi")
    project.db("revision", "--rev-id", "one")
    project.db("upgrade")
    project.db("revision", "--rev-id", "two")
    project.forget()

    # the first connection of a new process is to a scratch database
    tried = python("-m", "ellar_db", "verify", cwd=project.path)

    said, error = tried.communicate(timeout=TIMEOUT)
    assert (said.splitlines(), tried.returncode) == ([f"{name}: ok    two empty message" for name in urls], 0), error


class TestRevisions:
    @pytest.mark.sampled
    def test_that_leave_no_trace_are_ok(self, plain: Project, on: str, write: Write) -> None:
        write("one", USERS, "op.drop_table('users')")
        add(plain, "two", "one")

        result = plain.db("verify")

        assert result.stdout == "ok    one\nok    two Add two\n"
        if "sqlite" not in on:
            assert plain.tables(on) == set()

    def test_that_leave_a_trace_fail(self, plain: Project, on: str, write: Write) -> None:
        write("one", USERS, "op.drop_table('users')")
        write("two", INDEX, "op.execute('SELECT 1')")
        write("three", "op.create_table('more', sa.Column('id', sa.Integer))", "op.drop_table('more')")

        result = plain.db("verify", exit_code=1)

        assert result.stdout == (
            "ok    one\nFAIL  two: after the downgrade the table users still has the index ix_name\n"
        )
        assert result.stderr.splitlines()[-1] == (
            "Error: 1 of 2 revisions failed; change what the line says, and run the command again"
        )

    @pytest.mark.sampled
    def test_after_one_that_fails_are_tried_where_asked(self, plain: Project, on: str, write: Write) -> None:
        write("one", USERS, "op.drop_table('users')")
        write("two", INDEX, "op.execute('SELECT 1')")
        write("three", "op.create_table('more', sa.Column('id', sa.Integer))", "op.drop_table('more')")

        result = plain.db("verify", "--keep-going", exit_code=1)

        assert [line.split(":")[0] for line in result.stdout.splitlines()] == ["ok    one", "FAIL  two", "ok    three"]

    def test_that_fail_are_told_with_the_cause(self, plain: Project, write: Write) -> None:
        write("one", "op.drop_table('nobodys')", "op.execute('SELECT 1')")
        write("two", USERS, "op.drop_table('users')")

        result = plain.db("verify", "--keep-going", exit_code=1)

        (line,) = result.stdout.splitlines()
        assert line.startswith("FAIL  one: the upgrade fails: upgrade -> one failed on the database 'default'")
        assert "what comes after one can't be reached" in result.stderr

    def test_that_fail_halfway_on_mariadb_need_no_repair(
        self, plain: Project, new_database: Callable[[str], str], write: Write
    ) -> None:
        without_models(plain, new_database("mariadb"))
        write("one", f"{USERS}; op.execute('nonsense')", "op.drop_table('users')")

        line = plain.db("verify", exit_code=1).stdout

        assert line.endswith(
            "this database can't roll back schema changes. Done: CREATE TABLE users ( id INTEGER NOT NULL "
            "AUTO_INCREMENT, name VARCHAR(64), PRIMARY KEY (id) ). Failed: nonsense\n"
        )

    @pytest.mark.parametrize("said", ["op.drop_index('ix_none')", "op.drop_table('users')"])
    def test_whose_downgrade_fails_or_takes_too_much_fail(self, plain: Project, write: Write, said: str) -> None:
        write("one", USERS, "op.drop_table('users')")
        write("two", INDEX, said)

        line = plain.db("verify", exit_code=1).stdout.splitlines()[1]

        assert line.startswith(
            "FAIL  two: the downgrade fails: "
            if "index" in said
            else "FAIL  two: after the downgrade the table users is missing"
        )

    def test_that_say_why_they_are_irreversible_are_ok(self, plain: Project, write: Write) -> None:
        write("one", USERS, "op.drop_table('users')")
        write("two", INDEX, "raise NotImplementedError('the order is lost')")
        write("three", "op.drop_index('ix_name', 'users')", "reason = 'gone' + ''; raise NotImplementedError(reason)")
        write("four", INDEX, "op.drop_index('ix_name', 'users')")

        assert plain.db("verify").stdout == (
            "ok    one\nok    two (irreversible: the order is lost)\nok    three (irreversible: reason)\nok    four\n"
        )

    def test_without_a_downgrade_fail(self, plain: Project, write: Write) -> None:
        write("one", USERS)

        assert plain.db("verify", exit_code=1).stdout == (
            'FAIL  one: downgrade() does nothing; write it, say why there is none (irreversible = "the reason"), or '
            "why it has nothing to do (# ellar-db: DB601 the reason)\n"
        )

    @pytest.mark.parametrize(
        ("up", "outcome"),
        [
            ("op.execute('UPDATE users SET name = upper(name)')", "ok    two\n"),
            # the comment doesn't make it true
            (INDEX, "FAIL  two: after the downgrade the table users still has the index ix_name\n"),
        ],
    )
    def test_that_have_nothing_to_do_say_so(self, plain: Project, write: Write, up: str, outcome: str) -> None:
        write("one", USERS, "op.drop_table('users')")
        write("two", up, "pass  # ellar-db: DB601 the names may stay")

        code = 0 if outcome.startswith("ok") else 1
        assert plain.db("verify", exit_code=code).stdout == f"ok    one\n{outcome}"

    def test_that_make_another_schema_the_second_time_fail(self, plain: Project, write: Write) -> None:
        write("one", USERS, "op.drop_table('users')")
        once = "sa.inspect(op.get_bind()).has_table('seen')"
        write(
            "two",
            f"op.create_index('ix_name', 'users', ['name'], unique={once}); op.execute('SELECT 1')",
            "op.drop_index('ix_name', 'users'); op.create_table('seen', sa.Column('id', sa.Integer))",
        )

        assert plain.db("verify", exit_code=1).stdout.splitlines()[1] == (
            "FAIL  two: after the downgrade the table seen is still there"
        )


class TestRows:
    TABLES = (
        "op.create_table('users', sa.Column('id', sa.Integer, primary_key=True), "
        "sa.Column('name', sa.String(9), nullable=False, unique=True), sa.Column('day', sa.Date), "
        "sa.Column('kind', sa.String(9), sa.CheckConstraint(\"kind IN ('new', 'old')\"), nullable=False)); "
        "op.create_table('orders', sa.Column('id', sa.Integer, primary_key=True), "
        "sa.Column('owner', sa.Integer, sa.ForeignKey('users.id'), nullable=False), "
        "sa.Column('price', sa.Numeric(8, 2), nullable=False), sa.Column('at', sa.DateTime, nullable=False), "
        "sa.Column('data', sa.JSON, nullable=False), sa.Column('paid', sa.Boolean, nullable=False))"
    )
    DROP = "op.drop_table('orders'); op.drop_table('users')"

    @pytest.fixture(autouse=True)
    def _tables(self, on: str, write: Write) -> None:
        write("one", self.TABLES, self.DROP)

    @pytest.mark.sampled
    def test_are_in_all_tables(self, plain: Project, write: Write) -> None:
        count = "op.get_bind().exec_driver_sql('SELECT count(*) FROM orders').scalar()"
        write("two", f"print('rows', {count}); {INDEX}", "op.drop_index('ix_name', 'users')")

        assert "rows 2" in plain.db("verify").stderr
        assert "rows 0" in plain.db("verify", "--no-rows").stderr

    @pytest.mark.sampled
    def test_make_a_column_fail_that_needs_a_value(self, plain: Project, write: Write, on: str) -> None:
        if "mysql" in on:
            pytest.skip("MariaDB gives the rows an empty text")
        write(
            "two",
            "op.add_column('users', sa.Column('mail', sa.String(9), nullable=False))",
            "op.drop_column('users', 'mail')",
        )

        line = plain.db("verify", exit_code=1).stdout.splitlines()[1]

        assert line.startswith("FAIL  two: the upgrade fails: ")
        assert line.endswith("(the tables had rows that `verify` put there; --no-rows leaves them empty)")
        plain.db("verify", "--no-rows")

    def test_that_vanish_fail(self, plain: Project, write: Write) -> None:
        table = "'more', sa.Column('id', sa.Integer)"
        hidden = "op.get_bind().connection.cursor().execute('DELETE FROM orders WHERE id = 1')"
        write("two", f"op.create_table({table}); {hidden}", "op.drop_table('more')")

        assert plain.db("verify", exit_code=1).stdout.splitlines()[1] == (
            "FAIL  two: after the upgrade 1 of 2 rows of the table orders are gone"
        )

    @pytest.mark.sampled
    @pytest.mark.parametrize("up", ["DELETE FROM orders", "UPDATE orders SET price = 7"])
    def test_that_a_revision_deletes_or_changes_itself_are_ok(self, plain: Project, write: Write, up: str) -> None:
        write("two", f"op.execute('{up}')", "op.execute('SELECT 1')")

        assert plain.db("verify").stdout.splitlines()[1] == "ok    two"

    def test_of_a_column_that_is_dropped_are_ok(self, plain: Project, write: Write) -> None:
        write("two", "op.drop_column('users', 'day')", "op.add_column('users', sa.Column('day', sa.Date))")

        assert plain.db("verify").stdout.splitlines()[1] == "ok    two"

    def test_with_other_values_after_the_downgrade_fail(self, plain: Project, write: Write) -> None:
        hidden = "op.get_bind().connection.cursor().execute('UPDATE orders SET price = 7')"
        write("two", INDEX, f"op.drop_index('ix_name', 'users'); {hidden}")

        assert plain.db("verify", exit_code=1).stdout.splitlines()[1] == (
            "FAIL  two: after the downgrade the column orders.price has other values than before"
        )

    def test_of_a_renamed_table_are_found(self, plain: Project, write: Write) -> None:
        write("two", "op.rename_table('orders', 'sales')", "op.rename_table('sales', 'orders')")

        assert plain.db("verify").stdout.splitlines()[1] == "ok    two"


def test_a_virtual_table_keeps_its_own_tables(plain: Project, write: Write) -> None:
    write("one", "op.execute('CREATE VIRTUAL TABLE docs USING fts5(title)')", "op.drop_table('docs')")
    write(
        "two", "op.execute(\"INSERT INTO docs VALUES ('a')\"); op.execute('SELECT 1')", "op.execute('DELETE FROM docs')"
    )

    result = plain.db("verify")

    assert result.stdout == "ok    one\nok    two\n"
    assert "no rows" not in result.stderr


@pytest.mark.long
def test_a_table_that_can_have_no_rows_is_told_once(
    plain: Project, new_database: Callable[[str], str], write: Write
) -> None:
    without_models(plain, new_database("postgresql"))
    write("one", "op.execute('CREATE TABLE shapes (p polygon NOT NULL)')", "op.drop_table('shapes')")
    for rev_id in ("two", "three"):
        write(rev_id, f"op.create_table('{rev_id}', sa.Column('id', sa.Integer))", f"op.drop_table('{rev_id}')")

    said = plain.db("verify").stderr

    assert said.count("no rows were put into the table shapes of the database 'default'") == 1


class TestWhich:
    @pytest.fixture(autouse=True)
    def _folder(self, linear: Project) -> None:
        without_models(linear)

    def tried(self, linear: Project, *options: str) -> list[str]:
        return [line.split()[1] for line in linear.db("verify", *options).stdout.splitlines()]

    def test_are_those_that_the_database_lacks(self, linear: Project) -> None:
        linear.db("upgrade", "first")

        assert self.tried(linear) == ["second", "third"]
        linear.db("upgrade")
        assert linear.db("verify").stderr == (
            "Nothing to do: the database 'default' has all revisions (--all takes them).\n"
        )
        assert linear.db("verify", "--since", "third").stderr == "Nothing to do: no revision comes after third.\n"

    def test_are_all_of_a_database_that_is_not_there(self, linear: Project) -> None:
        assert "isn't there yet" in linear.db("verify").stderr
        assert not (linear.path / "app.db").exists()

    def test_are_all_where_the_database_can_not_be_asked(self, linear: Project) -> None:
        (linear.path / "app.db").write_text("no database")
        without_models(linear)

        result = linear.db("verify")

        assert "all revisions are taken, since it isn't known which ones are pending: " in result.stderr
        assert len(result.stdout.splitlines()) == 3

    @pytest.mark.parametrize(
        ("options", "tried"), [(["--since", "second"], ["third"]), (["--all"], ["first", "second", "third"])]
    )
    def test_are_chosen(self, linear: Project, options: list[str], tried: list[str]) -> None:
        linear.db("upgrade")

        assert self.tried(linear, *options) == tried

    def test_are_those_that_git_sees_changed(self, linear: Project) -> None:
        def git(*arguments: str) -> None:
            settings = ["-c", "user.name=a", "-c", "user.email=a@b"]
            subprocess.run(["git", *settings, *arguments], cwd=linear.path, check=True, capture_output=True)

        git("init", "-b", "main")
        git("add", ".")
        git("commit", "-m", "all")
        assert self.tried(linear, "--since-ref", "main") == []
        file = linear.path / "migrations/versions/second_.py"
        file.write_text(file.read_text() + "\n")
        assert self.tried(linear, "--since-ref", "main") == ["second"]
        git("commit", "-am", "second")
        add(linear, "fourth", "third")
        assert self.tried(linear, "--since-ref", "main") == ["fourth"]
        assert self.tried(linear, "--since-ref", "main~1") == ["second", "fourth"]
        said = linear.db("verify", "--since-ref", "nowhere", exit_code=3).stderr
        assert said == "Error: git knows no commit 'nowhere'\n"

    def test_are_unknown_outside_of_git(self, linear: Project, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(linear.path.parent))

        said = linear.db("verify", "--since-ref", "main", exit_code=3).stderr

        assert said.startswith("Error: ")
        assert len(said.splitlines()) == 1
        assert "isn't in a git repository" in said

    @pytest.mark.parametrize(
        ("options", "told"),
        [(["--since-ref", "--output=x"], "no name of a commit"), (["--since", "first", "--all"], "use one of them")],
    )
    def test_that_make_no_sense_are_refused(self, linear: Project, options: list[str], told: str) -> None:
        assert told in linear.db("verify", *options, exit_code=2).stderr


class TestFolder:
    @pytest.mark.parametrize("configured", [True, False])
    def test_whose_env_py_is_of_somebody_else_is_no_answer(self, plain: Project, configured: bool) -> None:
        theirs = ForeignEnvironment(plain, "sqlite:///app.db", "generic").write()
        theirs.revision("one", None, "op.create_table('t', sa.Column('id', sa.Integer))", "op.drop_table('t')")
        if not configured:
            (plain.path / "pyproject.toml").unlink()
            plain.forget()

        result = plain.db("-c", "theirs.ini", "verify", "--all", exit_code=3)

        assert "connects to databases by itself, and so can't be given scratch databases" in result.stderr
        assert result.stdout == ""
        assert not (plain.path / "app.db").exists()

    def test_whose_models_differ_fails(self, plain: Project) -> None:
        plain.db("init")
        plain.db("migrate", "--scratch", "--rev-id", "one", "-m", "first")
        plain.change_models("    age: Mapped[int | None]\n\n\nMORE = 1\n")

        result = plain.db("verify", exit_code=1)

        assert result.stdout == (
            "ok    one first\nFAIL  the models differ from what the revisions make: add column users.age INTEGER\n"
        )
        assert "`ellar-db migrate --scratch` writes" in result.stderr

    def test_with_two_heads_fails_unless_they_have_labels(self, branched: Project) -> None:
        without_models(branched)

        result = branched.db("verify", exit_code=1)

        assert result.stdout.splitlines()[-1] == "FAIL  there are the heads left and right"
        assert result.stderr.splitlines()[-1] == "Error: `ellar-db merge` joins the heads"
        add(branched, "left", "first", label="west")
        assert "There are the heads left and right, each with labels of its own." in branched.db("verify").stderr

    def test_of_several_databases_is_tried_on_each(self, several: Project) -> None:
        several.db("migrate", "--scratch", "--rev-id", "one", "-m", "first")

        assert several.db("verify").stdout == "default: ok    one first\nreports: ok    one first\n"
        assert several.db("verify", "--database", "reports").stdout == "ok    one first\n"
        assert not list(several.path.glob("*.db"))

    def test_of_a_group_is_tried_on_one_database(self, project: Project) -> None:
        files(project, 3)
        history(project, "one")

        assert project.db("verify", "--no-rows", exit_code=1).stdout == (
            "FAIL  one: after the downgrade the table visits is still there\n"
        )
        assert not list((project.path / "files").iterdir())

    def test_of_a_package_is_tried_by_its_name(self, linear: Project, install: Callable[..., Path]) -> None:
        without_models(linear)
        versions = linear.path / "brought"
        versions.mkdir()
        install("ellar-db-audit", PACKAGE.format(versions=str(versions)))
        write_revision(
            versions, "a1", None, "op.create_table('a1', sa.Column('id', sa.Integer))", "op.drop_table('a1')"
        )
        write_revision(
            linear.path / "migrations/versions",
            "fourth",
            "third",
            "op.create_index('ix', 'a1', ['id'])",
            "op.drop_index('ix', 'a1')",
        )

        assert linear.db("verify", "--package", "audit").stdout == "ok    a1\n"
        # which needs the table of the package
        assert linear.db("verify", "--since", "third").stdout == "ok    fourth\n"

    def test_is_told_to_programs(self, plain: Project, write: Write) -> None:
        write("one", USERS, "op.drop_table('users')")
        write("two", INDEX, "raise NotImplementedError('lost')")
        write("three", "op.create_table('more', sa.Column('id', sa.Integer))", "op.execute('SELECT 1')")
        write("four", "op.create_table('most', sa.Column('id', sa.Integer))", "op.drop_table('most')")

        document = json.loads(plain.db("verify", "--json", exit_code=1).stdout)

        jsonschema.validate(document, SCHEMA)
        (database,) = document["databases"]
        assert [(each["revision"], each["result"], each["text"]) for each in database["revisions"]] == [
            ("one", "ok", None),
            ("two", "irreversible", "lost"),
            ("three", "failed", "after the downgrade the table more is still there"),
        ]
        assert database["revisions"][0]["file"] == "migrations/versions/one_.py"
        assert (database["untried"], database["models"]) == (["four"], "not compared")
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({"schema": 1, "databases": [{}]}, SCHEMA)


class TestConfigured:
    """The application's databases are never written to."""

    def test_databases_can_not_be_reached_by_a_revision(self, plain: Project, write: Write) -> None:
        there = "sa.create_engine('sqlite:///app.db').connect().execute(sa.text('CREATE TABLE reached (id INTEGER)'))"
        write("one", there, "op.execute('SELECT 1')")

        line = plain.db("verify", exit_code=1).stdout

        assert "app.db was to be connected to, which is no scratch database" in line
        assert not (plain.path / "app.db").exists()

    def test_databases_can_not_be_reached_by_a_hook(self, plain: Project, write: Write) -> None:
        plain.write("shop_plugin.py", PLUGIN)
        without_models(plain, extra="plugins = ['shop_plugin']\n")
        write("one", USERS, "op.drop_table('users')")

        result = plain.db("verify", exit_code=None)

        assert result.exit_code in (1, 3)
        assert "app.db was to be connected to, which is no scratch database" in result.output
        assert not (plain.path / "app.db").exists()


class TestScratch:
    SLEEP = 'print(op.get_bind().engine.url.database, flush=True); op.execute("SELECT {}(60)")'

    @pytest.fixture(autouse=True)
    def _notes_apart(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Keep notes of scratch databases where no other test drops what a killed program left."""
        (tmp_path / "temporary").mkdir()
        monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
        monkeypatch.setattr("tempfile.tempdir", None)

    @pytest.fixture(params=["postgresql", "mariadb"])
    def started(
        self, request: pytest.FixtureRequest, plain: Project, new_database: Callable[[str], str], write: Write
    ) -> tuple[str, Program | subprocess.Popen[str]]:
        """The name of a scratch database, and the program that runs a revision on it."""
        url = new_database(request.param)
        without_models(plain, url)
        write("one", self.SLEEP.format("pg_sleep" if "postgresql" in url else "SLEEP"), "op.execute('SELECT 1')")
        program = python("-c", VERIFY, cwd=plain.path)
        assert program.stderr is not None
        # what a revision prints is no answer of the command
        name = next((line for line in map(str.strip, program.stderr) if line.startswith("ellar_db_scratch_")), "")
        assert name in databases(url)
        return name, program

    @pytest.mark.sampled
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_databases_are_dropped_at_the_end_of_a_program(
        self, started: tuple[str, Program], plain: Project, number: int
    ) -> None:
        name, program = started
        url = _url(plain)

        program.send_signal(number)
        program.communicate(timeout=TIMEOUT)

        assert program.returncode != 0
        assert name not in databases(url)

    @pytest.mark.long
    def test_databases_of_a_killed_program_are_dropped_by_the_next(
        self, started: tuple[str, Program], plain: Project, tmp_path: Path
    ) -> None:
        name, program = started
        url = _url(plain)

        program.kill()
        program.communicate(timeout=TIMEOUT)
        assert name in databases(url)
        assert list(tmp_path.glob(f"temporary/*/{name}.json"))
        plain.forget()
        (plain.path / "migrations/versions/one_.py").unlink()
        add(plain, "other", None)

        said = plain.db("verify").stderr

        assert f"Dropped the scratch database {name}, which a killed run had left." in said
        assert name not in databases(url)

    def test_databases_that_were_not_made_are_forgotten(self, plain: Project, write: Write, tmp_path: Path) -> None:
        write("one", USERS, "op.drop_table('users')")

        plain.db("verify", "--scratch-url", "postgresql+psycopg://nobody@127.0.0.1:1/nowhere", exit_code=3)

        assert [file for file in tmp_path.glob("temporary/**/*") if file.is_file()] == []

    def test_folders_of_a_killed_program_are_removed_by_the_next(self, plain: Project, write: Write) -> None:
        write("one", USERS, "op.drop_table('users')")
        with scratch_folder() as used:
            left, others = used.with_name(f"{used.name[:-16]}0123456789abcdef"), used.with_name("others")
            for folder in (left, others):
                folder.mkdir()

            plain.db("verify")

            assert (used.is_dir(), others.is_dir(), left.exists()) == (True, True, False)
        assert list(others.parent.iterdir()) == [others]


def _url(plain: Project) -> str:
    found = re.search(r"database = '(.*)'", (plain.path / "pyproject.toml").read_text())
    assert found is not None
    return found[1]
