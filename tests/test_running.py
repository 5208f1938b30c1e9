"""What is said of a run that failed: what was rolled back, and what stays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import inspect

from ellar_db.dialects.mysql import MySQL
from ellar_db.testing import Project
from ellar_db.testing.project import tables
from tests.support.histories import History, create
from tests.support.servers import asynchronous, sync_engine

BROKEN = 'op.execute("INSERT INTO nowhere (id) VALUES (1)")'
BLOCK = "with op.get_context().autocommit_block(): op.execute('CREATE INDEX CONCURRENTLY ix ON first_0 (id)')"
BEYOND = "; the run was rolled back, but for what its revisions committed by themselves"


def last_line(history: History) -> str:
    """Run an upgrade that fails, and give its error."""
    code, said = history.run()
    assert code == 1
    return said.splitlines()[-1]


@pytest.mark.parametrize("made", [str, asynchronous], ids=["sync", "async"])
@pytest.mark.parametrize(
    "body", [[BLOCK, BROKEN], [create("made"), "op.execute('COMMIT')", BROKEN]], ids=["block", "COMMIT"]
)
def test_what_was_committed_on_the_way_is_not_said_to_be_rolled_back(
    project: Project, new_database: Callable[[str], str], made: Callable[[str], str], body: list[str]
) -> None:
    blocks = [statement for statement in body if statement.startswith("with")]
    rest = [statement for statement in body if not statement.startswith("with")]
    bodies = {1: [*(f"_ = 0\n    {block}\n    _ = 0" for block in blocks), *rest]}
    history = History(project, made(new_database("postgresql")), revisions=2, bodies=bodies).write()

    assert last_line(history).endswith(BEYOND)


@pytest.mark.parametrize("made", [str, asynchronous], ids=["sync", "async"])
def test_an_engine_that_commits_at_once_runs_in_a_transaction_here(
    project: Project, new_database: Callable[[str], str], made: Callable[[str], str]
) -> None:
    url = new_database("postgresql")
    history = History(project, made(url), revisions=2, bodies={1: [create("made"), BROKEN]}).write()
    project.write(
        "pyproject.toml",
        f"[tool.ellar-db.databases]\ndefault = {{ url = '{made(url)}', isolation_level = 'AUTOCOMMIT' }}\n",
    )

    assert last_line(history).endswith("; the run was rolled back")
    assert tables(url) == set()


def test_a_database_that_cannot_roll_back_is_named_where_another_fails(
    project: Project, new_database: Callable[[str], str]
) -> None:
    project.write(
        "pyproject.toml",
        f"[tool.ellar-db.databases]\ndefault = '{new_database('mariadb')}'\nlite = 'sqlite:///lite.db'\n",
    )
    project.db("init", "--multi")
    project.write(
        "migrations/versions/a1.py",
        "from alembic import op\n\nrevision = 'a1'\ndown_revision = None\n\n\n"
        "def upgrade(engine_name):\n    globals()[f'upgrade_{engine_name}']()\n\n\n"
        f"def upgrade_default():\n    {create('made')}\n\n\ndef upgrade_lite():\n    {BROKEN}\n".replace(
            "from alembic import op", "import sqlalchemy as sa\nfrom alembic import op"
        ),
    )

    error = project.db("upgrade", exit_code=1).stderr.splitlines()[-1]

    assert error.endswith("; the run was rolled back; the database 'default' stays at a1")


PLUGIN = "from ellar_db import hookimpl\n\n@hookimpl\ndef {hook}():\n    raise ValueError('no')\n"


@pytest.mark.parametrize(
    ("kind", "hook", "left"),
    [
        ("sqlite", "ellar_db_after_run", "the run was rolled back"),
        ("sqlite", "ellar_db_step_applied", "the run was rolled back"),
        ("mariadb", "ellar_db_after_run", "the revisions stay, since this database can't roll back schema changes"),
        (
            "mariadb",
            "ellar_db_step_applied",
            "this database can't roll back schema changes. Done: CREATE TABLE first_0",
        ),
    ],
)
def test_a_plugin_that_fails_in_a_run_leaves_word_of_what_stays(
    project: Project,
    new_database: Callable[[str], str],
    install: Callable[..., Path],
    kind: str,
    hook: str,
    left: str,
) -> None:
    url = "sqlite:///app.db" if kind == "sqlite" else new_database(kind)
    History(project, url, revisions=1).write()
    install("culprit", PLUGIN.format(hook=hook))

    error = project.db("upgrade", exit_code=1).stderr.splitlines()[-1]

    assert error.startswith(f"Error: the plugin culprit 1.0 failed in {hook}: ValueError: no; mend it")
    assert f"; {left}" in error


def test_a_plugin_that_fails_after_revisions_of_their_own_transactions(
    project: Project, install: Callable[..., Path]
) -> None:
    History(project, "sqlite:///app.db", revisions=1).write()
    install(
        "culprit",
        PLUGIN.format(hook="ellar_db_after_run") + "\n@hookimpl\ndef ellar_db_context_options():\n"
        "    return {'transaction_per_migration': True, 'as_sql': False}\n",
    )

    assert project.db("upgrade", exit_code=1).stderr.endswith(
        "; its revisions stay; the database 'default' stays at 0000\n"
    )
    assert project.db("current").output == "0000 (head)\n"


def test_comments_before_a_statement_take_no_time() -> None:
    changes_schema = MySQL().statements.changes_schema
    assert changes_schema.match("/* a */" * 5000 + " CREATE TABLE x (id integer)")
    assert not changes_schema.match("/* a */" * 5000 + " INSERT INTO x VALUES (1)")


DEFERRED = """op.execute("CREATE TABLE t (id INT PRIMARY KEY, up INT REFERENCES t DEFERRABLE INITIALLY DEFERRED)")
    op.execute("INSERT INTO t VALUES (1, 7)")"""


def two_databases(project: Project, new_database: Callable[[str], str], kinds: tuple[str, str]) -> list[str]:
    """Write a folder for two databases, without revisions, and return their URLs."""
    urls = [new_database(kind) for kind in kinds]
    project.write("pyproject.toml", f"[tool.ellar-db.databases]\ndefault = {urls[0]!r}\nreports = {urls[1]!r}\n")
    project.forget()
    project.db("init", "--multi")
    return urls


def write_both(project: Project, rev_id: str, default: str, reports: str) -> None:
    """Write a revision with what it does on each of the two databases."""
    project.write(
        f"migrations/versions/{rev_id}.py",
        f"from alembic import op\nimport sqlalchemy as sa\nrevision = {rev_id!r}\ndown_revision = None\n\n\n"
        "def upgrade(engine_name):\n    globals()[f'upgrade_{engine_name}']()\n\n\n"
        "def downgrade(engine_name):\n    pass\n\n\n"
        f"def upgrade_default():\n    {default}\n\n\ndef upgrade_reports():\n    {reports}\n",
    )


def test_a_deferred_constraint_fails_before_another_database_is_committed(
    project: Project, new_database: Callable[[str], str]
) -> None:
    urls = two_databases(project, new_database, ("sqlite", "postgresql"))
    write_both(project, "r1", 'op.create_table("a", sa.Column("id", sa.Integer))', DEFERRED)

    said = project.db("upgrade", exit_code=1).stderr

    assert "the run could not be committed" in said
    assert "ForeignKeyViolation" in said
    assert "committed: 'default'" not in said
    assert [inspect(sync_engine(url)).get_table_names() for url in urls] == [[], []]


def test_the_databases_that_were_rolled_back_too_are_named(
    project: Project, new_database: Callable[[str], str]
) -> None:
    two_databases(project, new_database, ("sqlite", "postgresql"))
    write_both(project, "r1", 'op.create_table("a", sa.Column("id", sa.Integer))', 'op.execute("nonsense")')

    said = project.db("upgrade", exit_code=1).stderr.splitlines()[-1]

    assert "r1 failed on the database 'reports'" in said.replace(", empty message", "")
    assert said.endswith("; the run was rolled back; rolled back too: 'default'")
