"""Where the findings are told, and how rules are silenced."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import pytest
from alembic import command
from alembic.operations import ops
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Column, Integer, String, make_url

from ellar_db import Database, alembic_config
from ellar_db.lint.findings import Findings
from ellar_db.lint.review import Review
from ellar_db.plugins.manager import get_plugin_manager
from ellar_db.testing import Project
from tests.support.environments import FORMS, ForeignEnvironment
from tests.support.processes import run
from tests.support.reviews import MODELS, NOT_NULL, ROW, SET, USER, Change, findings, with_name
from tests.support.servers import server, sync_engine

LINE = "DB101 users: drops the table with all its rows; here it has no rows; "


@pytest.fixture
def dropping(plain: Project) -> Project:
    """A project whose models lack a table that the database has."""
    plain.db("init")
    plain.db("migrate")
    plain.db("upgrade")
    plain.configure(models=f"{MODELS}\nsa.Table('other', Base, sa.Column('id', sa.Integer, primary_key=True))\n")
    return plain


def test_it_is_told_after_the_file_is_written(dropping: Project) -> None:
    said = dropping.db("migrate", "--rev-id", "second").output.splitlines()

    assert [line.partition(" ")[0] for line in said[-2:]] == ["Review", "Warning:"]
    assert said[-1].startswith(f"Warning: {LINE}")


def test_quiet_says_nothing(dropping: Project) -> None:
    assert dropping.db("-q", "migrate").stderr == ""


def test_nothing_is_said_of_a_file_that_is_not_written(dropping: Project) -> None:
    assert "DB101" not in dropping.db("migrate", "--rev-id", "bad id", exit_code=1).stderr


def test_nothing_is_said_of_an_empty_revision(dropping: Project) -> None:
    assert findings(dropping.db("revision").stderr) == []


def test_alembic_config_logs_it(dropping: Project, capsys: pytest.CaptureFixture[str]) -> None:
    with alembic_config(autogenerate=True) as config:
        command.revision(config, "second", autogenerate=True)

    assert [line[: len(LINE)] for line in findings(capsys.readouterr().err)] == [LINE]


def test_bare_alembic_tells_it(dropping: Project) -> None:
    done = run(dropping, "alembic", "-c", "migrations/alembic.ini", "revision", "--autogenerate", "-m", "second")

    assert f"[ellar_db] {LINE}" in done.stderr
    assert len(dropping.revisions()) == 2


def test_each_database_is_named_if_there_are_several(project: Project) -> None:
    for name in ("app", "reports"):
        with sync_engine(f"sqlite:///{name}.db").begin() as connection:
            connection.exec_driver_sql("CREATE TABLE users (id INTEGER PRIMARY KEY)")
            if name == "reports":
                connection.exec_driver_sql("INSERT INTO users VALUES (1)")
    project.write("models.py", f"{MODELS}\nsa.Table('other', Base, sa.Column('id', sa.Integer, primary_key=True))\n")
    project.write(
        "pyproject.toml",
        """
        [tool.ellar-db]
        metadata = "models:Base"

        [tool.ellar-db.databases]
        default = "sqlite:///app.db"
        reports = "sqlite:///reports.db"
        """,
    )
    project.db("init", "--multi")

    told = findings(project.db("migrate").stderr)

    assert [line.partition("rows")[0] for line in told] == [
        "DB101 default: users: drops the table with all its ",
        "DB101 reports: users: drops the table with all its ",
    ]
    assert ["here it has no rows" in line for line in told] == [True, False]


def test_an_ignored_rule_says_nothing(dropping: Project) -> None:
    dropping.configure(models=MODELS, extra="[tool.ellar-db.lint]\nignore = ['DB101', 'DB102']\n")

    assert findings(dropping.db("migrate").stderr) == []
    assert len(dropping.revisions()) == 2


LISTED = "which is no rule; `ellar-db lint --explain all` lists them"


@pytest.mark.parametrize(
    ("setting", "problem"),
    [
        ("ignore = ['DB1010']", f"ignore has 'DB1010', {LISTED}; did you mean DB101?"),
        ("ignore = ['db102']", f"ignore has 'db102', {LISTED}; did you mean DB102?"),
        ("ignore = ['unique']", f"ignore has 'unique', {LISTED}"),
        ("ignore = 'DB101'", "ignore must be a list of texts; mend it in {}"),
        ("ignores = ['DB101']", "has no ignores; it takes ignore, release, severity, waivers; did you mean ignore?"),
        (
            "severity = {DB101 = 'bad'}",
            "severity gives DB101 the severity 'bad'; it is one of error, warning, note; mend it in {}",
        ),
        ("severity = 'error'", 'severity must be a table such as {{ DB102 = "error" }}; mend it in {}'),
        ("severity = {DB999 = 'error'}", f"severity has 'DB999', {LISTED}"),
        ("release = 3", "release must be a text, such as 'origin/main'; mend it in {}"),
        (
            "waivers = ['DB101']",
            "waivers has 'DB101'; each is a table of texts: code, reason, revision, table; mend it in {}",
        ),
        (
            "waivers = [{code = 'DB101', reason = ' '}]",
            "waivers has {{'code': 'DB101', 'reason': ' '}}; each needs a code and a reason; mend it in {}",
        ),
        (
            "waivers = [{code = 'DB101', reason = 'x', tables = 'x'}]",
            "waivers has no tables; each takes code, reason, revision, table; did you mean table?",
        ),
        ("waivers = [{code = 'X1', reason = 'x'}]", f"waivers has 'X1', {LISTED}"),
    ],
)
def test_a_setting_that_means_nothing_is_refused(dropping: Project, setting: str, problem: str) -> None:
    dropping.configure(models=MODELS, extra=f"[tool.ellar-db.lint]\n{setting}\n")

    said = dropping.db("migrate", exit_code=1).stderr

    assert said.splitlines()[-1] == f"Error: [tool.ellar-db.lint] {problem.format(dropping.path / 'pyproject.toml')}"
    assert len(dropping.revisions()) == 1


def test_duplicates_are_a_matter_of_autogenerate(plain: Project) -> None:
    plain.db("init")

    result = plain.db("revision", "--probe-duplicates", exit_code=2)

    assert result.stderr.endswith("Error: --probe-duplicates is about what --autogenerate finds, and needs it\n")


DIRECTIVES = """
from alembic.operations import ops

from ellar_db import hookimpl


@hookimpl
def ellar_db_process_revision_directives(directives):
    {}
"""


def test_what_a_hook_takes_out_is_not_told(change: Change) -> None:
    change.before(USER, ROW)
    change.project.write("hooks.py", DIRECTIVES.format("directives[0].upgrade_ops.ops.clear()"))

    assert change.after(NOT_NULL, extra="plugins = ['hooks']") == []


def test_a_column_that_the_revision_fills_is_none_to_fill(change: Change) -> None:
    change.before(USER, ROW, "INSERT INTO users (id) VALUES (2)")
    fill = "directives[0].upgrade_ops.ops.insert(0, ops.ExecuteSQLOp(\"UPDATE users SET name = 'x'\"))"
    change.project.write("hooks.py", DIRECTIVES.format(fill))

    assert change.after(SET, extra="plugins = ['hooks']") == []
    change.upgrade()


def test_a_renamed_table_and_column_are_asked_under_their_former_names(any_database: str) -> None:
    engine = sync_engine(any_database)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(50))")
        connection.exec_driver_sql("INSERT INTO users (id) VALUES (1)")
    operations = [
        ops.RenameTableOp("users", "people"),
        ops.AlterColumnOp("people", "name", modify_name="label", existing_type=String(50)),
        ops.AlterColumnOp("people", "label", modify_nullable=False, existing_type=String(50)),
        ops.AddColumnOp("people", Column("k", Integer, nullable=False)),
        ops.CreateUniqueConstraintOp("uq", "people", ["label"]),
    ]
    script = ops.MigrationScript("one", ops.UpgradeOps(operations), ops.DowngradeOps([]))
    found = Findings()
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        Review(get_plugin_manager(), found, duplicates=True).read(context, [script], Database("default", engine))

    assert [(each.code, each.table, each.column, each.message.partition(" with")[0]) for each in found.found] == [
        ("DB202", "people", "label", "becomes NOT NULL while rows have no value in it,"),
        ("DB201", "people", "k", "is NOT NULL"),
    ]


@pytest.fixture
def reader() -> Iterator[str]:
    """A role of the PostgreSQL server that may not read any table."""
    name = f"ellar_db_test_{uuid.uuid4().hex[:12]}"
    engine = server("postgresql")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {name} LOGIN")
    yield name
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP ROLE {name}")


def test_without_an_answer_it_says_may(reader: str, change_on: Callable[[str], Change]) -> None:
    change = change_on("postgresql").before(USER, f"GRANT CREATE ON SCHEMA public TO {reader}")
    url = make_url(change.url).set(username=reader)
    change.url = url.render_as_string(hide_password=False)

    told = change.after(with_name('sa.Column("label", sa.String(20), nullable=False)'))

    assert [line.partition(";")[0] for line in told] == [
        "DB201 users.label: is NOT NULL without a server_default in a table that may have rows, with which the upgrade "
        "would fail",
        "DB102 users.name: drops the column with all its values",
    ]
    assert "; whether the table has rows is unknown; " in told[1]


@pytest.mark.parametrize("form", FORMS)
def test_any_env_py_is_reviewed(project: Project, new_database: Callable[[str], str], form: str) -> None:
    url = new_database("sqlite")
    ForeignEnvironment(project, url, form).write()
    with sync_engine(url).begin() as connection:
        connection.exec_driver_sql("CREATE TABLE users (id INTEGER PRIMARY KEY)")
        connection.exec_driver_sql("INSERT INTO users VALUES (1)")

    told = findings(project.db("-c", "theirs.ini", "migrate").stderr)

    assert [line.partition(";")[0] for line in told] == ["DB101 users: drops the table with all its rows"]
    assert "no rows" not in told[0]
