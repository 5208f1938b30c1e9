"""`plan`: what an upgrade or a downgrade would do, from where each database is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from ellar_db.testing import Project
from tests.support.documents import document
from tests.support.fleets import files, history
from tests.support.revisions import add, write_revision
from tests.support.servers import asynchronous, sync_engine

GROW = "op.add_column('t_first', sa.Column('note', sa.String(20))); op.execute(\"UPDATE t_first SET note = ''\")"
SHRINK = "op.drop_column('t_first', 'note')"


def plans(project: Project, *arguments: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = document(project, "plan", *arguments, schema="plan")["databases"]
    return found


def steps(project: Project, *arguments: str) -> list[str]:
    [plan] = plans(project, *arguments)
    return [f"{each['direction']} {each['revision']}" for each in plan["steps"]]


@pytest.fixture
def growing(project: Project) -> Project:
    """A folder with two revisions, of which the second changes the table of the first."""
    project.configure()
    project.db("init")
    add(project, "first", None)
    write_revision(project.path / "migrations/versions", "second", "first", GROW, SHRINK)
    return project


@pytest.mark.sampled
@pytest.mark.parametrize("driver", ["sync", "async"])
def test_says_what_would_be_done_on_each_kind_of_database(growing: Project, any_database: str, driver: str) -> None:
    growing.configure(url=any_database if driver == "sync" else asynchronous(any_database))
    growing.db("upgrade", "first")
    with sync_engine(any_database).begin() as connection:
        connection.execute(text("INSERT INTO t_first VALUES (1)"))
    before = growing.tables(any_database)

    shown = growing.db("plan")

    assert shown.stdout == (
        "default: 1 revision, first -> second\n"
        "\n"
        "  second\n"
        "    add column t_first.note VARCHAR(20)\n"
        "    run SQL: UPDATE t_first SET note = ''\n"
        "\n"
        "  rows: t_first 1\n"
    )
    assert shown.stderr == ""
    [plan] = plans(growing)
    assert plan["rows"] == [{"table": "t_first", "rows": 1, "is_estimate": False}]
    assert growing.db("plan", "--sql").stdout == growing.db("upgrade", "--sql", "first:head").stdout
    assert growing.tables(any_database) == before
    growing.db("upgrade")
    assert growing.db("plan").stdout == "default: nothing to do, it is at second.\n"


def test_from_nothing_the_version_table_is_part_of_it(growing: Project) -> None:
    [plan] = plans(growing)

    first, second = (each["sql"] for each in plan["steps"])
    assert first.startswith("CREATE TABLE alembic_version (")
    assert "INSERT INTO alembic_version (version_num) VALUES ('first')" in first.splitlines()[-1]
    assert second.startswith("-- Running upgrade first -> second")
    assert "COMMIT" not in second
    assert growing.db("plan", "--sql").stdout == growing.db("upgrade", "--sql").stdout


def test_downgrades_too(growing: Project) -> None:
    growing.db("upgrade")

    assert steps(growing, "base") == ["downgrade second", "downgrade first"]
    assert steps(growing, "first") == steps(growing, "-1") == ["downgrade second"]
    shown = growing.db("plan", "base").stdout
    assert "default: 2 revisions, second -> base\n\n  undo second\n    drop column t_first.note\n" in shown
    assert growing.db("plan", "--sql", "base").stdout == growing.db("downgrade", "--sql", "second:base").stdout


def test_relative_targets_and_labels(plain: Project) -> None:
    plain.db("init")
    add(plain, "first", None)
    add(plain, "left", "first", label="shop")
    add(plain, "right", "first", depends_on="left")
    plain.db("upgrade", "first")

    assert steps(plain, "shop@head") == steps(plain, "left") == ["upgrade left"]
    assert steps(plain, "right") == steps(plain, "heads") == ["upgrade left", "upgrade right"]
    assert steps(plain, "base") == ["downgrade first"]
    plain.db("upgrade", "heads")
    assert steps(plain, "first") == ["downgrade right", "downgrade left"]


def test_a_step_back_from_two_heads_has_to_be_named(plain: Project) -> None:
    plain.db("init")
    add(plain, "first", None)
    add(plain, "left", "first")
    add(plain, "right", "first")
    plain.db("upgrade", "heads")

    assert "-1 could mean several revisions" in plain.db("plan", "-1", exit_code=1).stderr


def test_rules_are_applied(growing: Project) -> None:
    growing.db("upgrade", "first")
    write_revision(growing.path / "migrations/versions", "third", "second", "op.drop_column('t_first', 'note')")
    with sync_engine("sqlite:///app.db").begin() as connection:
        connection.execute(text("INSERT INTO t_first VALUES (1)"))

    third = plans(growing)[0]["steps"][1]

    assert [(each["code"], each["table"], each["column"]) for each in third["findings"]] == [
        ("DB102", "t_first", "note")
    ]
    assert "\n    ! DB102 t_first.note: drops the column" in growing.db("plan").stdout


@pytest.mark.parametrize(("comment", "codes"), [("", ["DB102"]), ("# ellar-db: DB102 nothing reads it\n    ", [])])
def test_rules_are_applied_to_sql_unless_the_revision_gives_a_reason(
    growing: Project, comment: str, codes: list[str]
) -> None:
    drop = f"{comment}op.execute('ALTER TABLE t_first DROP COLUMN note')"
    write_revision(growing.path / "migrations/versions", "third", "second", drop)

    assert [each["code"] for each in plans(growing)[0]["steps"][-1]["findings"]] == codes


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("op.get_bind().execute(sa.text('SELECT 1')).scalar()", "AttributeError"),
        ("raise RuntimeError('no')", "RuntimeError: no"),
        (
            "\n    with op.batch_alter_table('t_first', recreate='always') as batch:\n        batch.drop_column('id')",
            "it copies the table t_first, and looks at it first",
        ),
    ],
    ids=["reads", "raises", "copies"],
)
def test_what_only_a_run_can_tell_is_said(growing: Project, body: str, told: str) -> None:
    write_revision(growing.path / "migrations/versions", "third", "second", body)
    add(growing, "fourth", "third")

    found = plans(growing)[0]["steps"]

    assert "not all can be told without running it: " in found[2]["problem"]
    assert told in found[2]["problem"]
    assert found[3]["operations"][0]["text"] == "add table t_fourth"
    result = growing.db("plan", "--sql", exit_code=1)
    assert result.stdout == ""
    assert "Error: of third on the database 'default' not all can be told" in result.stderr


def test_a_file_for_each_revision(several: Project) -> None:
    several.db("revision", "--rev-id", "a1")
    several.db("revision", "--rev-id", "b2")

    several.db("plan", "--sql", "-o", "out/", "--database", "default")
    several.db("plan", "--sql", "-o", "both/")
    several.db("plan", "--sql", "-o", "all.sql")

    assert sorted(file.name for file in (several.path / "out").iterdir()) == ["0001_a1.sql", "0002_b2.sql"]
    assert "VALUES ('a1')" in (several.path / "both/reports/0001_a1.sql").read_text()
    assert (several.path / "all.sql").read_text().count("-- Database: ") == 2
    assert "belongs to the database" in several.db("plan", "--sql", "-o", "app.db", exit_code=1).stderr


def test_databases_that_are_elsewhere(several: Project) -> None:
    several.db("revision", "--rev-id", "a1")
    several.db("revision", "--rev-id", "b2")
    several.db("upgrade", "a1", "--database", "reports")

    found = {each["database"]: [step["revision"] for step in each["steps"]] for each in plans(several)}

    assert found == {"default": ["a1", "b2"], "reports": ["b2"]}


def test_one_stands_for_those_of_a_group_that_are_where_it_is(project: Project) -> None:
    files(project, 4)
    history(project, "one", "two")
    project.db("upgrade", "one", "--database", "t1")

    found = [(each["database"], each["others"], len(each["steps"])) for each in plans(project)]

    assert found == [("t0", ["t2", "t3"], 2), ("t1", [], 1)]
    assert "t0, t2, t3: 2 revisions, base -> two\n" in project.db("plan").stdout


def test_a_folder_of_somebody_elses(project: Project, any_database: str) -> None:
    from alembic import command
    from alembic.config import Config

    command.init(Config("alembic.ini"), "theirs")
    ini = project.path / "alembic.ini"
    ini.write_text(ini.read_text().replace("driver://user:pass@localhost/dbname", any_database.replace("%", "%%")))
    write_revision(project.path / "theirs/versions", "a1", None, "op.create_table('t', sa.Column('a', sa.Integer))")

    [plan] = document(project, "-c", "alembic.ini", "plan", schema="plan")["databases"]

    assert [each["text"] for each in plan["steps"][0]["operations"]] == ["add table t"]
    assert "CREATE TABLE t (" in project.db("-c", "alembic.ini", "plan", "--sql").stdout


def test_what_it_cannot_plan_is_refused(linear: Project, new_database: Callable[[str], str]) -> None:
    assert "`ellar-db history` lists them" in linear.db("plan", "nowhere", exit_code=1).stderr
    assert "goes too far" in linear.db("plan", "+9", exit_code=1).stderr
    assert "leave out --sql" in linear.db("plan", "--json", "--sql", exit_code=2).stderr
    linear.db("upgrade")
    (linear.path / "migrations/versions/third_.py").unlink()
    assert "which this folder doesn't have" in linear.db("plan", exit_code=1).stderr
    linear.configure(url="postgresql+psycopg://nobody@127.0.0.1:9/none")
    assert "can't be reached" in linear.db("plan", exit_code=3).stderr


def test_each_database_of_an_env_py_of_somebody_elses(project: Project) -> None:
    from alembic import command
    from alembic.config import Config

    command.init(Config("alembic.ini"), "theirs", template="multidb")
    project.write(
        "alembic.ini",
        "[alembic]\nscript_location = theirs\ndatabases = one, two\n"
        "[one]\nsqlalchemy.url = sqlite:///one.db\n[two]\nsqlalchemy.url = sqlite:///two.db\n",
    )
    env = project.path / "theirs/env.py"
    env.write_text(env.read_text().replace("    fileConfig(", "    str("))
    body = "op.create_table('{0}', sa.Column('id', sa.Integer))"
    project.write(
        "theirs/versions/a1.py",
        "from alembic import op\nimport sqlalchemy as sa\nrevision = 'a1'\ndown_revision = None\n"
        "def upgrade(engine_name): globals()[f'upgrade_{engine_name}']()\ndef downgrade(engine_name): pass\n"
        f"def upgrade_one(): {body.format('first')}\ndef upgrade_two(): {body.format('second')}\n",
    )

    found = plans_of_file(project)

    assert [(each["database"], each["steps"][0]["operations"][0]["text"]) for each in found] == [
        ("one", "add table first"),
        ("two", "add table second"),
    ]
    sql = project.db("-c", "alembic.ini", "plan", "--sql").stdout
    assert sql.index("Database: one") < sql.index("CREATE TABLE first") < sql.index("CREATE TABLE second")

    # two that can't be told apart
    env.write_text(env.read_text().replace('url=rec["url"]', 'dialect_name="sqlite"'))
    said = project.db("-c", "alembic.ini", "plan", exit_code=1).stderr

    assert "doesn't tell its databases apart when it writes SQL" in said


def plans_of_file(project: Project) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = document(project, "-c", "alembic.ini", "plan", schema="plan")["databases"]
    return found
