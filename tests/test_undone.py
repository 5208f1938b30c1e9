"""Transactions that a revision ends below SQLAlchemy: a rollback is no success, and a commit is told."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ellar_db.guards.marks import may_end_transaction
from ellar_db.testing import Project
from tests.support.histories import History, create

ROLLBACKS = {
    "pooled": "op.get_bind().connection.rollback()",
    "driver": "op.get_bind().connection.dbapi_connection.rollback()",
    "cursor": "op.get_bind().connection.cursor().execute('rollback')",
}

INSERT = 'op.execute("INSERT INTO rows VALUES ({})")'.replace("rows", "kept")


def history(project: Project, url: str, body: list[str], form: str | None = None) -> History:
    made = History(project, url, revisions=2, bodies={0: [create("kept")], 1: body}, form=form).write()
    assert made.run(("-m", "ellar_db", "upgrade", "0000"))[0] == 0
    return made


@pytest.mark.sampled
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@pytest.mark.parametrize("way", ROLLBACKS)
@pytest.mark.parametrize("form", [None, "generic"])
def test_a_rollback(
    project: Project, new_database: Callable[[str], str], kind: str, way: str, form: str | None
) -> None:
    made = history(project, new_database(kind), [create("before"), ROLLBACKS[way], create("after")], form)

    code, said = made.run()

    assert code == 1
    assert "it rolled back the transaction of the run" in said
    assert made.version() == "0000"


@pytest.mark.sampled
@pytest.mark.parametrize("way", ROLLBACKS)
@pytest.mark.parametrize("rest", [[INSERT.format(2)], []])
def test_a_rollback_of_rows_on_mariadb(
    project: Project, new_database: Callable[[str], str], way: str, rest: list[str]
) -> None:
    made = history(project, new_database("mariadb"), [INSERT.format(1), ROLLBACKS[way], *rest])

    code, said = made.run()

    assert code == 1
    assert "it rolled back the transaction of the run" in said
    assert made.version() == "0000"


def test_rows_after_a_table_on_mariadb(project: Project, new_database: Callable[[str], str]) -> None:
    body = [create("before"), INSERT.format(1), ROLLBACKS["pooled"], INSERT.format(2)]
    made = history(project, new_database("mariadb"), body)

    code, said = made.run()

    assert code == 1
    assert "it rolled back the transaction of the run" in said


UNSEEN = "op.get_bind().connection.cursor().execute('INSERT INTO kept VALUES (1)')"
"""A statement that SQLAlchemy doesn't see."""


@pytest.mark.sampled
@pytest.mark.parametrize("rest", [[], [create("after")], [INSERT.format(2)]], ids=["nothing", "table", "row"])
@pytest.mark.parametrize("place", ["first", "later"])
def test_a_rollback_just_after_a_table_on_mariadb(
    project: Project, new_database: Callable[[str], str], rest: list[str], place: str
) -> None:
    before = [] if place == "first" else [create("earlier")]
    made = history(project, new_database("mariadb"), [*before, create("before"), UNSEEN, ROLLBACKS["driver"], *rest])

    code, said = made.run()

    assert code == 1
    assert "it rolled back the transaction of the run" in said
    assert "before" in said.partition("Done: ")[2]
    assert made.version() == "0000"


def test_what_a_server_refuses_in_a_transaction_runs_after_a_table_on_mariadb(
    project: Project, new_database: Callable[[str], str]
) -> None:
    statements = [
        "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        "set session sql_log_bin = 1",
        "SET @@SESSION.gtid_domain_id = 0",
        "SET SESSION binlog_format = 'ROW'",
    ]
    body = [each for n, sql in enumerate(statements) for each in (create(f"t{n}"), f'op.execute("{sql}")')]
    made = history(project, new_database("mariadb"), [*body, INSERT.format(1)])

    code, said = made.run()

    assert code == 0, said
    assert made.version() == "0001"


@pytest.mark.parametrize("commit", ["op.get_bind().connection.commit()", "op.execute('COMMIT')"])
def test_a_commit_just_after_a_table_on_mariadb(
    project: Project, new_database: Callable[[str], str], commit: str
) -> None:
    made = history(project, new_database("mariadb"), [create("before"), UNSEEN, commit, create("after")])

    code, said = made.run()

    assert code == 0, said
    assert made.version() == "0001"


@pytest.mark.sampled
@pytest.mark.parametrize("kind", ["postgresql", "mariadb", "sqlite"])
@pytest.mark.parametrize("first", [[], [INSERT.format(1)], [create("before"), INSERT.format(1)]])
def test_a_savepoint_is_no_rollback(
    project: Project, new_database: Callable[[str], str], kind: str, first: list[str]
) -> None:
    nested = ["point = op.get_bind().begin_nested()", INSERT.format(5), "point.rollback()", INSERT.format(6)]
    made = history(project, new_database(kind), [*first, *nested])

    code, said = made.run()

    assert code == 0, said
    assert made.version() == "0001"


@pytest.mark.parametrize("sql", ["SELECT 1; ROLLBACK", "BEGIN; SELECT 1; ROLLBACK"])
def test_a_rollback_within_a_script(project: Project, new_database: Callable[[str], str], sql: str) -> None:
    made = history(project, new_database("postgresql"), [create("before"), f"op.execute('{sql}')", create("after")])

    code, said = made.run()

    assert code == 1
    assert "it rolled back the transaction of the run" in said
    assert made.version() == "0000"


def test_a_statement_that_rolls_back_on_sqlite(project: Project, new_database: Callable[[str], str]) -> None:
    lost = "exec('try: op.execute(\"INSERT OR ROLLBACK INTO kept VALUES (1)\")\\nexcept Exception: pass')"
    made = history(project, new_database("sqlite"), [INSERT.format(1), lost, create("after")])

    code, said = made.run()

    assert code == 1
    assert "it rolled back the transaction of the run" in said


@pytest.mark.parametrize("commit", ["op.execute('BEGIN; SELECT 1; COMMIT')", "op.get_bind().connection.commit()"])
def test_a_commit_before_an_error(project: Project, new_database: Callable[[str], str], commit: str) -> None:
    made = history(project, new_database("postgresql"), [create("before"), commit, "op.execute('nonsense')"])

    code, said = made.run()

    assert code == 1
    assert "committed by themselves" in said
    assert "before" in made.tables()


LISTENER = """

from sqlalchemy import event


@event.listens_for(sa.Table, "after_create")
def undo(target, connection, **_):
    connection.connection.rollback()
"""


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_rollback_that_no_revision_names(project: Project, new_database: Callable[[str], str], kind: str) -> None:
    made = History(project, new_database(kind), revisions=2, bodies={0: [create("kept")]}).write()
    assert made.run(("-m", "ellar_db", "upgrade", "0000"))[0] == 0
    file = project.path / "migrations" / "versions" / "0001.py"
    file.write_text(file.read_text() + LISTENER)

    code, said = made.run()

    assert code == 1
    assert "it rolled back the transaction of the run" in said
    assert made.version() == "0000"


@pytest.mark.parametrize(
    ("body", "may"),
    [
        ('op.create_table("a", sa.Column("id", sa.Integer, primary_key=True))', False),
        ('op.add_column("a", sa.Column("b", postgresql.JSONB(), server_default=sa.text("now()")))', False),
        ('with op.batch_alter_table("a") as batch_op:\n        batch_op.alter_column("b", nullable=False)', False),
        ('op.create_index(op.f("ix_a"), "a", ["b"], unique=True)', False),
        ("pass", False),
        ('op.execute("SELECT 1")', True),
        ("op.get_bind().connection.rollback()", True),
        ("with op.get_context().autocommit_block():\n        pass", True),
        ("helper()", True),
        ("import os\n    os.getcwd()", True),
        ("import Helper\n    Helper()", True),
        ("from helpers import Undo\n    Undo()", True),
        ('exec("1")', True),
        ('getattr(op, "exe" + "cute")("SELECT 1")', True),
        ("[op.drop_table(each) for each in names]", True),
        ("(lambda: 1)()", True),
        ('op.bulk_insert(sa.table("a"), [])', True),
        ("Helper()", True),
    ],
)
def test_which_revision_may_end_a_transaction_is_read_from_its_names(body: str, may: bool) -> None:
    source = (
        "import sqlalchemy as sa\nfrom alembic import op\nfrom sqlalchemy.dialects import postgresql\n"
        f"def helper(): pass\nclass Helper: pass\nnames = ['a']\ndef upgrade():\n    {body}\n"
    )
    module: dict[str, object] = {}
    exec(source, module)

    assert may_end_transaction(module["upgrade"]) is may  # type: ignore[arg-type]
