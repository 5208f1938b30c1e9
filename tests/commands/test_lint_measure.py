"""`lint --measure`: revisions that run on scratch databases, and what they make other programs wait for."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, text

from benchmarks.lint_corpus import CASES
from benchmarks.lint_corpus.case import Case
from ellar_db.testing import Project
from tests.support.documents import document
from tests.support.environments import ForeignEnvironment
from tests.support.processes import TIMEOUT, Program, python
from tests.support.servers import asynchronous, server, sync_engine

TRUTH = json.loads((Path(__file__).parents[2] / "benchmarks/lint_corpus/truth.json").read_text(encoding="utf-8"))[
    "cases"
]

BASE = """
import sqlalchemy as sa
from alembic import op

revision = "base_"
down_revision = None


def upgrade():
    op.create_table("users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(50)))
    {more}


def downgrade():
    op.drop_table("users")
"""

CHANGE = """
import sqlalchemy as sa
from alembic import op

revision = "change"
down_revision = "base_"
{head}

def upgrade():
    {body}


def downgrade():
    raise NotImplementedError("nobody goes back")
"""

LINE = 9
"""The line of a change's first statement."""

LINT = """
import tempfile

tempfile.tempdir = None
from ellar_db.cli import db

db(["lint", "--measure", "--since", "base_"], prog_name="ellar-db")
"""

Written = Callable[..., Project]


@pytest.fixture
def written(project: Project, new_database: Callable[[str], str]) -> Written:
    """Write a change of the table users, over a database of a kind or over one that is named."""

    def write(kind: str, body: str, *, more: str = "pass", head: str = "", settings: str = "") -> Project:
        url = kind if ":" in kind else new_database(kind)
        project.configure(url=url, extra=settings)
        if not (project.path / "migrations").exists():
            project.db("init")
        project.write("migrations/versions/base_.py", BASE.format(more=more))
        project.write("migrations/versions/change_.py", CHANGE.format(head=head, body=body))
        return project

    return write


def measured(project: Project, *arguments: str, exit_code: int | None = 1) -> list[tuple[Any, ...]]:
    """Return what was measured: the code, the line, the table and the severity of each finding."""
    options = arguments or ("--since", "base_")
    found = document(project, "lint", "--measure", *options, schema="lint", exit_code=exit_code)["findings"]
    return [(each["code"], each["line"], each["table"], each["severity"]) for each in found if each["measured"]]


def scratches(kind: str) -> set[str]:
    asked = "SELECT datname FROM pg_database" if kind == "postgresql" else "SHOW DATABASES"
    with server(kind).connect() as connection:
        return {name for (name,) in connection.execute(text(asked)) if name.startswith("ellar_db_scratch_")}


def case(kind: str, name: str) -> Case:
    return next(each for each in CASES if (each.kind, each.name) == (kind, name))


SAMPLE = [
    ("postgresql", name)
    for name in (
        "batches",
        "batches_in_one_transaction",
        "block_creates_a_role_if_missing",
        "block_rewrites",
        "by_the_driver",
        "column_own_function_immutable",
        "column_serial",
        "domain_add_constraint",
        "not_null_proved_by_check",
        "partition_attached",
        "partition_attached_with_proof",
        "timestamp_to_timestamptz_plain",
        "trigger_then_scan",
        "varchar_wider_with_check",
        "view_refreshed_concurrently",
    )
] + [("mariadb", name) for name in ("check_added", "column_in_the_middle", "index_plain", "index_fulltext")]


@pytest.mark.sampled
@pytest.mark.parametrize(("kind", "name"), SAMPLE)
def test_what_is_measured_is_what_other_programs_notice(
    project: Project, new_database: Callable[[str], str], kind: str, name: str
) -> None:
    project.configure(url=new_database(kind))
    project.db("init")
    case(kind, name).write(project.path / "migrations/versions")

    found = measured(project, "--since", "before", exit_code=None)

    assert any(each[3] != "note" for each in found) == TRUTH[f"{kind}/{name}"]["dangerous"]


NAMED = "print(op.get_bind().engine.url.database, flush=True)\n    "
"""What shows the name of the scratch database."""

IN_PARTS = (
    "for start in (0, 1000):\n"
    "        with op.get_context().autocommit_block():\n"
    '            op.execute(f"UPDATE users SET name = NULL WHERE id > {start} AND id <= {start + 1000}")'
)
ADDED = 'op.add_column("users", sa.Column("level", sa.Integer))\n    '
KEY = "ADD CONSTRAINT boss FOREIGN KEY (id) REFERENCES users (id)"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ('op.create_index("by_name", "users", ["name"])', [("DB301", LINE)]),
        ('op.create_unique_constraint("one_name", "users", ["name"])', [("DB301", LINE)]),
        (
            'with op.get_context().autocommit_block():\n        op.create_index("i", "users", ["name"], '
            "postgresql_concurrently=True)",
            [],
        ),
        ('op.alter_column("users", "id", type_=sa.BigInteger)', [("DB302", LINE)]),
        ('op.alter_column("users", "name", type_=sa.Text)', []),
        ('op.add_column("users", sa.Column("at", sa.DateTime, server_default=sa.text("now()")))', []),
        (
            'op.add_column("users", sa.Column("at", sa.DateTime, server_default=sa.text("clock_timestamp()")))',
            [("DB302", LINE)],
        ),
        ('op.alter_column("users", "name", nullable=False)', [("DB303", LINE)]),
        ('op.create_check_constraint("c", "users", "id > 0", postgresql_not_valid=True)', []),
        (f'op.execute("ALTER TABLE users {KEY}")', [("DB304", LINE)]),
        (f'op.execute("ALTER TABLE users {KEY} NOT VALID")', []),
        ("op.execute(\"UPDATE users SET name = 'n'\")", [("DB305", LINE)]),
        ("op.execute(\"UPDATE users SET name = 'n' WHERE id = 1\")", []),
        (IN_PARTS, []),
        (f'{ADDED}op.execute("UPDATE users SET level = 1")', [("DB306", LINE + 1)]),
        (f'{ADDED}op.execute("UPDATE users SET level = 1 WHERE id = 1")', []),
        (f'{ADDED}op.create_index("by_level", "users", ["level"])', [("DB301", LINE + 1)]),
        (
            f'op.execute("ALTER TABLE users {KEY} NOT VALID")\n'
            '    op.execute("ALTER TABLE users VALIDATE CONSTRAINT boss")',
            [("DB306", LINE + 1)],
        ),
        (
            "with op.get_bind().begin_nested() as inner:\n"
            '        op.execute("CREATE INDEX i ON users (name)")\n'
            "        inner.rollback()\n"
            '    op.execute("SELECT count(*) FROM users")',
            [("DB301", LINE + 1)],
        ),
        ("op.execute(\"UPDATE users SET name = 'n' WHERE name <> 'x'\")", [("DB305", LINE)]),
        ('op.get_bind().connection.cursor().execute("CREATE INDEX i ON users (name)")', [("DB301", None)]),
        ('op.execute("REINDEX TABLE users")', [("DB307", LINE)]),
        (
            'with op.get_context().autocommit_block():\n        op.execute("VACUUM FULL users")',
            [("DB307", LINE + 1)],
        ),
        ('with op.get_context().autocommit_block():\n        op.execute("VACUUM users")', []),
        (
            "with op.get_context().autocommit_block():\n"
            '        op.execute("ALTER TABLE users ALTER name SET NOT NULL")',
            [("DB303", LINE + 1)],
        ),
        ('op.execute("TRUNCATE users")', []),
        ('op.create_table("t", sa.Column("id", sa.Integer, index=True))\n    op.execute("DELETE FROM t")', []),
    ],
)
def test_what_postgresql_does(written: Written, body: str, found: list[tuple[str, int]]) -> None:
    seen = measured(written("postgresql", body), exit_code=None)

    assert seen == [(code, line, "users", "warning") for code, line in found]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ('op.alter_column("users", "id", existing_type=sa.Integer, type_=sa.BigInteger)', ["DB311"]),
        ('op.execute("ALTER TABLE users ADD COLUMN level int DEFAULT 0")', []),
        ('op.execute("ALTER TABLE users ENGINE = InnoDB")', ["DB312"]),
        ('op.execute("CREATE FULLTEXT INDEX words ON users (name)")', ["DB301"]),
        ('op.create_index("by_name", "users", ["name"])', []),
        ('op.drop_index("there", "users")', []),
        ('op.execute("ALTER TABLE users ADD COLUMN a int, ALGORITHM=COPY")', ["DB311"]),
        ("op.execute(\"ALTER TABLE users MODIFY name text COMMENT '50 % of it'\")", ["DB311"]),
        ('op.rename_table("users", "people")', []),
        ("op.execute(\"UPDATE users SET name = 'n'\")", ["DB305"]),
        ("op.execute(\"UPDATE users SET name = 'n' WHERE id = 1\")", []),
        ("op.execute(\"UPDATE users SET name = 'n' LIMIT 100\")", []),
    ],
)
def test_what_mariadb_does(written: Written, body: str, found: list[str]) -> None:
    project = written("mariadb", body, more='op.create_index("there", "users", ["name"])')

    seen = measured(project, exit_code=None)

    assert [each[:3] for each in seen] == [(code, LINE, "users") for code in found]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (
            'with op.batch_alter_table("users") as batch:\n        batch.alter_column("name", nullable=False)',
            [("DB313", LINE, "users", "note")],
        ),
        ('op.drop_column("users", "name")', [("DB313", LINE, "users", "note")]),
        ('op.add_column("users", sa.Column("level", sa.Integer))', []),
    ],
)
def test_what_sqlite_does(written: Written, body: str, found: list[tuple[Any, ...]]) -> None:
    assert measured(written("sqlite", body), exit_code=None) == found


def test_what_the_server_does_counts_more_than_what_a_rule_says(written: Written) -> None:
    body = 'op.alter_column("users", "name", nullable=False)'
    proof = 'op.create_check_constraint("there", "users", "name IS NOT NULL AND id IS NOT NULL")'
    project = written("postgresql", body, more=f"{proof}\n    op.execute('CREATE VIEW v AS SELECT 1')")

    found = document(project, "lint", "--measure", "--since", "base_", schema="lint", exit_code=1)["findings"]

    assert [each["code"] for each in found] == ["DB202"]


def test_a_line_says_who_waits_and_since_when(written: Written) -> None:
    project = written("postgresql", f'{ADDED}op.execute("UPDATE users SET level = 1")')

    lines = project.db("lint", "--measure", "--since", "base_", exit_code=1).stdout

    assert (
        f"change_.py:{LINE + 1}: warning: DB306 users: reads and writes wait, since line {LINE}, while the rows of the "
        "table are read or changed; "
    ) in lines


@pytest.mark.parametrize("comment", ["  # ellar-db: DB301 nobody works at night", ""])
def test_a_reason_lets_it_pass(written: Written, comment: str) -> None:
    project = written("postgresql", f'op.create_index("by_name", "users", ["name"]){comment}')

    found = document(project, "lint", "--measure", "--since", "base_", schema="lint", exit_code=0 if comment else 1)

    assert [each["code"] for each in found["waived"]] == (["DB301"] if comment else [])


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ("lint = {ignore = ['DB301']}", []),
        ("lint = {severity = {DB301 = 'note'}}", [("DB301", LINE, "users", "note")]),
        ("[[tool.ellar-db.lint.waivers]]\ncode = 'DB301'\nreason = 'small'\ntable = 'users'", []),
    ],
)
def test_what_the_project_says_of_a_rule_holds(written: Written, settings: str, found: list[tuple[Any, ...]]) -> None:
    project = written("postgresql", 'op.create_index("by_name", "users", ["name"])', settings=settings)

    assert measured(project, exit_code=0) == found


def test_a_setting_asks_for_it(written: Written) -> None:
    project = written("sqlite", 'op.drop_column("users", "name")', settings="lint-measure = true")

    found = document(project, "lint", "--since", "base_", schema="lint", exit_code=1)["findings"]

    assert [each["code"] for each in found if each["measured"]] == ["DB313"]


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_nothing_in_the_configured_database_is_touched(
    written: Written, new_database: Callable[[str], str], kind: str
) -> None:
    url = new_database(kind)
    project = written(url, f'{NAMED}op.create_index("by_name", "users", ["name"])')

    said = project.db("lint", "--measure", "--since", "base_", exit_code=None).stderr

    assert inspect(sync_engine(url)).get_table_names() == []
    [name] = re.findall(r"^ellar_db_scratch_\w+$", said, re.MULTILINE)
    assert name not in scratches(kind)


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("postgresql", [("DB302", LINE, "users", "warning"), ("DB305", LINE + 2, "users", "warning")]),
        ("mariadb", [("DB311", LINE, "users", "warning"), ("DB305", LINE + 2, "users", "warning")]),
        ("sqlite", [("DB313", LINE, "users", "note")]),
    ],
)
def test_an_async_engine(
    written: Written, new_database: Callable[[str], str], kind: str, found: list[tuple[Any, ...]]
) -> None:
    url = asynchronous(new_database(kind))
    change = 'op.alter_column("users", "id", existing_type=sa.Integer, type_=sa.BigInteger)'
    if kind == "sqlite":
        change = 'op.drop_column("users", "name")'
    update = 'op.execute("UPDATE users SET id = id + 1 WHERE id > 0")'

    seen = measured(written(url, f"{change}\n    with op.get_context().autocommit_block():\n        {update}"))

    assert seen == found


def test_revisions_that_fail_with_rows_are_measured_without(written: Written) -> None:
    project = written(
        "postgresql", 'op.execute("ALTER TABLE users ADD COLUMN level int NOT NULL, ALTER COLUMN id TYPE bigint")'
    )

    assert measured(project) == [("DB302", LINE, "users", "warning")]


@pytest.mark.parametrize("kind", ["postgresql", "mariadb", "sqlite"])
def test_revisions_that_fail_are_no_answer(written: Written, kind: str) -> None:
    project = written(kind, f'{NAMED}op.execute("ALTER TABLE nowhere ADD COLUMN level int")')

    result = project.db("lint", "--measure", "--since", "base_", exit_code=3)

    assert re.search(r"Error: change can't be measured, since it fails on a scratch database: .*nowhere", result.stderr)
    assert "Traceback" not in result.output
    if kind != "sqlite":
        # with rows, and without
        names = re.findall(r"^ellar_db_scratch_\w+$", result.stderr, re.MULTILINE)
        assert len(names) == 2
        assert not scratches(kind).intersection(names)


def test_several_databases_are_measured_each(several: Project, new_database: Callable[[str], str]) -> None:
    toml = (several.path / "pyproject.toml").read_text()
    several.write("pyproject.toml", toml.replace("sqlite:///reports.db", new_database("postgresql")))
    several.forget()
    several.db("revision", "--rev-id", "a1")
    several.db("revision", "--rev-id", "a2")
    first, second = sorted(several.path.glob("migrations/versions/a*.py"))
    for file, default, reports in (
        (first, 'op.execute("CREATE TABLE t (id int)")', 'op.execute("CREATE TABLE t (id int)")'),
        (second, 'op.execute("ALTER TABLE t ADD COLUMN a int")', 'op.execute("CREATE INDEX i ON t (id)")'),
    ):
        text_ = file.read_text()
        for name, body in (("default", default), ("reports", reports)):
            text_ = text_.replace(
                f"def upgrade_{name}() -> None:\n    pass", f"def upgrade_{name}() -> None:\n    {body}"
            )
        file.write_text(text_)

    found = document(several, "lint", "--measure", "--since", "a1", schema="lint", exit_code=1)["findings"]

    assert [(each["code"], each["database"]) for each in found if each["measured"]] == [("DB301", "reports")]


@pytest.mark.parametrize("configured", [True, False])
def test_an_env_py_of_somebody_else_is_no_answer(plain: Project, configured: bool) -> None:
    theirs = ForeignEnvironment(plain, "sqlite:///app.db", "generic").write()
    theirs.revision("one", None, "op.create_table('t', sa.Column('id', sa.Integer))", "op.drop_table('t')")
    if not configured:
        (plain.path / "pyproject.toml").unlink()
        plain.forget()

    result = plain.db("-c", "theirs.ini", "lint", "--measure", "--all", exit_code=3)

    assert "connects to databases by itself, and so can't be given scratch databases" in result.stderr
    assert plain.tables() == set()


def test_what_a_revision_prints_is_not_among_the_findings(written: Written) -> None:
    project = written("sqlite", 'print("hello")')

    result = project.db("lint", "--measure", "--since", "base_", "--json", exit_code=None)

    assert json.loads(result.stdout)["revisions"] == 1
    assert "hello" in result.stderr


def test_another_server_can_be_named(written: Written, new_database: Callable[[str], str]) -> None:
    project = written("postgresql+psycopg://nobody@127.0.0.1:1/nowhere", 'op.create_index("i", "users", ["name"])')

    found = measured(project, "--since", "base_", "--scratch-url", new_database("postgresql"))

    assert [each[0] for each in found] == ["DB301"]


@pytest.mark.sampled
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_scratch_databases_are_dropped_at_the_end_of_a_program(
    written: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, number: int
) -> None:
    # no other test drops what this one leaves
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    sleep = "pg_sleep" if kind == "postgresql" else "SLEEP"
    project = written(kind, f'{NAMED}op.execute("SELECT {sleep}(60)")')
    program: Program | subprocess.Popen[str] = python("-c", LINT, cwd=project.path)
    assert program.stderr is not None
    name = next(line.strip() for line in program.stderr if line.startswith("ellar_db_scratch_"))
    assert name in scratches(kind)

    program.send_signal(number)
    program.communicate(timeout=TIMEOUT)

    assert program.returncode != 0
    assert name not in scratches(kind)
