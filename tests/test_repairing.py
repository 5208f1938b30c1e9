"""What `repair` settles where schema changes can't be rolled back."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import create_engine, make_url, text

from ellar_db.dialects.mysql import MySQL
from ellar_db.guards.journal import Journal
from ellar_db.testing import Project
from tests.support.histories import History, create
from tests.support.output import timeless
from tests.support.processes import run
from tests.support.servers import sync_engine

NOTHING = "Already up to date (second).\n"

BROKEN = 'op.execute("INSERT INTO nowhere (id) VALUES (1)")'


def add(
    project: Project,
    rev_id: str,
    parent: str | tuple[str, ...] | None,
    *,
    depends_on: str | None = None,
    upgrade: str = "",
    downgrade: str = "",
) -> None:
    """Write a revision that makes a table `t_<rev_id>`, before or after which more may be done."""
    project.write(
        f"migrations/versions/{rev_id}.py",
        f'"""Revision {rev_id}."""\nfrom alembic import op\nimport sqlalchemy as sa\n'
        f"revision = {rev_id!r}\ndown_revision = {parent!r}\ndepends_on = {depends_on!r}\n"
        f"def upgrade():\n    {create(f't_{rev_id}')}\n    {upgrade or 'pass'}\n"
        f"def downgrade():\n    op.drop_table('t_{rev_id}')\n    {downgrade or 'pass'}\n",
    )


def versions(url: str) -> set[str]:
    """Give what the version table has."""
    with sync_engine(url).connect() as connection:
        return set(connection.execute(text("SELECT version_num FROM alembic_version")).scalars())


def run_sql(url: str, *statements: str) -> None:
    """Do by hand what a person does."""
    with sync_engine(url).begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


@pytest.fixture
def url(new_database: Callable[[str], str]) -> str:
    return new_database("mariadb")


@pytest.fixture(params=[False, True], ids=["one-phase", "two-phase"])
def shop(request: pytest.FixtureRequest, project: Project, url: str) -> Project:
    """A folder on a database of MariaDB, with and without two-phase commit."""
    project.write(
        "pyproject.toml", f"[tool.ellar-db]\ndatabase = '{url}'\nuse-two-phase = {str(request.param).lower()}\n"
    )
    project.db("init")
    return project


def nothing_is_left(project: Project) -> bool:
    """Tell whether no note is left, so that runs go on."""
    return "there is nothing to repair" in project.db("repair", exit_code=1).stderr


def test_a_failed_upgrade(shop: Project, url: str) -> None:
    add(shop, "first", None)
    add(shop, "second", "first", upgrade=BROKEN)
    assert "Done: CREATE TABLE t_second" in shop.db("upgrade", exit_code=1).stderr
    assert versions(url) == {"first"}

    result = shop.db("repair", "--applied")

    assert result.stdout == "default: second is applied.\n"
    assert result.stderr == ""
    assert versions(url) == {"second"}
    assert nothing_is_left(shop)
    assert shop.db("upgrade").output == NOTHING


def test_a_failed_first_upgrade_that_is_undone(shop: Project, url: str) -> None:
    add(shop, "first", None, upgrade=BROKEN)
    shop.db("upgrade", exit_code=1)
    run_sql(url, "DROP TABLE t_first")

    assert shop.db("repair", "first", "--reverted").output == "default: first is not applied.\n"

    assert versions(url) == set()
    assert nothing_is_left(shop)
    add(shop, "first", None)
    shop.db("upgrade")
    assert versions(url) == {"first"}


@pytest.mark.parametrize("answer", ["--applied", "--reverted"])
def test_a_failed_downgrade(shop: Project, url: str, answer: str) -> None:
    add(shop, "first", None)
    add(shop, "second", "first", downgrade=BROKEN)
    shop.db("upgrade")
    assert "Done: DROP TABLE t_second" in shop.db("downgrade", exit_code=1).stderr
    assert "the downgrade of second" in shop.db("upgrade", exit_code=1).stderr
    assert versions(url) == {"second"}
    if answer == "--applied":
        run_sql(url, "CREATE TABLE t_second (id integer)")

    shop.db("repair", answer)

    assert versions(url) == ({"second"} if answer == "--applied" else {"first"})
    assert nothing_is_left(shop)
    add(shop, "second", "first")
    assert timeless(shop.db("upgrade").output) == (
        NOTHING
        if answer == "--applied"
        else "  ok  second Revision second.  T s\n1 revision applied in T s; now at second (head).\n"
    )
    assert shop.tables(url) >= {"t_first", "t_second"}


@pytest.mark.parametrize("answer", ["--applied", "--reverted"])
def test_a_failed_first_downgrade(shop: Project, url: str, answer: str) -> None:
    add(shop, "first", None, downgrade=BROKEN)
    shop.db("upgrade")
    shop.db("downgrade", exit_code=1)

    shop.db("repair", answer)

    assert versions(url) == ({"first"} if answer == "--applied" else set())


@pytest.fixture
def merged(shop: Project) -> Project:
    """Left and right go out from first, and merge joins them."""
    add(shop, "first", None)
    add(shop, "left", "first")
    add(shop, "right", "first")
    return shop


@pytest.mark.parametrize("answer", ["--applied", "--reverted"])
def test_a_failed_merge_revision(merged: Project, url: str, answer: str) -> None:
    add(merged, "merge", ("left", "right"), upgrade=BROKEN)
    merged.db("upgrade", exit_code=1)
    assert versions(url) == {"left", "right"}

    merged.db("repair", answer)

    assert versions(url) == ({"merge"} if answer == "--applied" else {"left", "right"})
    assert nothing_is_left(merged)


@pytest.mark.parametrize("answer", ["--applied", "--reverted"])
def test_a_failed_downgrade_of_a_merge_revision(merged: Project, url: str, answer: str) -> None:
    add(merged, "merge", ("left", "right"), downgrade=BROKEN)
    merged.db("upgrade")
    merged.db("downgrade", "left", exit_code=1)
    assert versions(url) == {"merge"}

    merged.db("repair", answer)

    assert versions(url) == ({"merge"} if answer == "--applied" else {"left", "right"})
    assert nothing_is_left(merged)


@pytest.mark.parametrize("answer", ["--applied", "--reverted"])
def test_a_branch_of_its_own_leaves_the_other_as_it_is(shop: Project, url: str, answer: str) -> None:
    add(shop, "one", None)
    shop.db("upgrade")
    add(shop, "two", None, upgrade=BROKEN)
    shop.db("upgrade", "heads", exit_code=1)

    shop.db("repair", answer)

    assert versions(url) == ({"one", "two"} if answer == "--applied" else {"one"})


@pytest.mark.parametrize("answer", ["--applied", "--reverted"])
def test_a_revision_on_which_it_depends_stays(shop: Project, url: str, answer: str) -> None:
    add(shop, "base1", None)
    add(shop, "other", None, depends_on="base1", downgrade=BROKEN)
    shop.db("upgrade", "heads")
    assert versions(url) == {"other"}
    shop.db("downgrade", "other@base", exit_code=1)

    shop.db("repair", answer)

    assert versions(url) == ({"other"} if answer == "--applied" else {"base1"})


def test_only_the_database_that_was_cut_short_is_settled(project: Project, new_database: Callable[[str], str]) -> None:
    urls = {"default": new_database("mariadb"), "reports": new_database("mariadb")}
    lines = [f"{name} = '{url}'" for name, url in urls.items()]
    project.write("pyproject.toml", "\n".join(["[tool.ellar-db.databases]", *lines]))
    project.db("init", "--multi")
    for number, (rev_id, parent) in enumerate([("first", None), ("second", "first")]):
        fails = f"\n    {BROKEN}" if number else ""
        project.write(
            f"migrations/versions/{rev_id}.py",
            f"from alembic import op\nrevision = {rev_id!r}\ndown_revision = {parent!r}\n"
            f"def upgrade(engine_name):\n    globals()[f'upgrade_{{engine_name}}']()\n"
            f"def upgrade_default():\n    op.execute('CREATE TABLE a_{rev_id} (id integer)')\n"
            f"def upgrade_reports():\n    op.execute('CREATE TABLE b_{rev_id} (id integer)'){fails}\n"
            "def downgrade(engine_name): pass\n",
        )
    error = project.db("upgrade", exit_code=1).stderr
    assert "failed on the database 'reports'" in error
    assert versions(urls["default"]) == {"second"}
    assert versions(urls["reports"]) == {"first"}
    assert "Database 'reports': the upgrade of second" in project.db("repair", exit_code=1).stderr

    result = project.db("repair", "--applied")

    assert result.stdout == "reports: second is applied.\n"
    assert versions(urls["default"]) == versions(urls["reports"]) == {"second"}
    assert nothing_is_left(project)


def test_of_a_folder_for_one_database_only_that_one_is_looked_at(shop: Project, url: str) -> None:
    pyproject = shop.path / "pyproject.toml"
    other = make_url(url).set(port=1).render_as_string(hide_password=False)
    pyproject.write_text(pyproject.read_text() + f"[tool.ellar-db.databases]\nother = '{other}'\n")
    shop.forget()

    assert nothing_is_left(shop)


def test_another_version_table_of_the_database_has_notes_of_its_own(shop: Project, url: str) -> None:
    add(shop, "first", None, upgrade=BROKEN)
    shop.db("upgrade", exit_code=1)
    pyproject = shop.path / "pyproject.toml"
    ours = pyproject.read_text()
    pyproject.write_text(ours + "context-configure = {version_table = 'other_version'}\n")
    shop.forget()
    run_sql(url, "DROP TABLE t_first")

    assert nothing_is_left(shop)
    add(shop, "first", None)
    shop.db("upgrade")
    pyproject.write_text(ours)
    shop.forget()

    assert "the upgrade of first" in shop.db("upgrade", exit_code=1).stderr


def test_a_run_that_goes_on_is_not_taken_for_one_that_was_cut_short(
    project: Project,
    url: str,
    held_elsewhere: Callable[[str], subprocess.Popen[str]],
) -> None:
    history = History(project, url, revisions=2, bodies={1: [create("first_1"), BROKEN]}).write()
    assert history.run()[0] == 1
    held_elsewhere(url)

    for answer in ([], ["--applied"], ["--reverted"]):
        refused = project.db("repair", *answer, "--lock-timeout", "0", exit_code=1)
        assert "is being migrated by" in refused.stderr
    assert history.version() == "0000"
    assert project.db("repair", "--applied", "--no-lock").stdout == "default: 0001 is applied.\n"


def test_what_is_recorded_already_is_left_so(shop: Project, url: str) -> None:
    add(shop, "first", None)
    add(shop, "second", "first", upgrade=BROKEN)
    shop.db("upgrade", exit_code=1)
    run_sql(url, "UPDATE alembic_version SET version_num = 'second'")

    shop.db("repair", "--applied")

    assert versions(url) == {"second"}
    assert nothing_is_left(shop)


def test_a_revision_of_which_the_file_is_gone_can_still_be_reverted(shop: Project, url: str) -> None:
    add(shop, "first", None)
    add(shop, "second", "first", upgrade=BROKEN)
    shop.db("upgrade", exit_code=1)
    (shop.path / "migrations" / "versions" / "second.py").unlink()

    refused = shop.db("repair", "--applied", exit_code=1)
    assert refused.stderr == (
        "Error: Can't locate revision identified by 'second'; `ellar-db history` lists them [ellar-db explain E03]\n"
    )
    shop.db("repair", "--reverted")

    assert versions(url) == {"first"}
    assert nothing_is_left(shop)


def test_plugins_are_told_of_a_stamp(shop: Project, url: str) -> None:
    from ellar_db import hookimpl
    from ellar_db.plugins.manager import get_plugin_manager

    add(shop, "first", None, upgrade=BROKEN)
    shop.db("upgrade", exit_code=1)
    steps = []

    class Watching:
        @hookimpl
        def ellar_db_step_applied(self, step):  # type: ignore[no-untyped-def]
            steps.append((step.up_revision_id, step.is_upgrade, step.is_stamp))

    get_plugin_manager().register(Watching())
    shop.db("repair", "--applied")

    assert steps == [("first", True, True)]


def test_many_statements_of_any_characters_can_be_noted(shop: Project, url: str) -> None:
    run_sql(url, f"ALTER DATABASE {make_url(url).database} CHARACTER SET latin1")
    insert = "INSERT INTO t_first (id) VALUES ({number + 1}) /* ☃ {'x' * 250} */"
    lines = f'for number in range(400): op.execute(f"{insert}")'
    table = 'op.execute("CREATE TABLE last (id integer)"); op.execute("INSERT INTO nowhere /* ☃ */ VALUES (1)")'
    add(shop, "first", None, upgrade=f"{lines}\n    {table}")

    error = shop.db("upgrade", exit_code=1).stderr

    assert "Done: CREATE TABLE t_first" in error
    assert "; ... 352 more ...; " in error
    assert error.endswith("or undo them and say `... --reverted` [ellar-db explain E14]\n")
    assert "; CREATE TABLE last (id integer). Failed: INSERT INTO nowhere /* ☃ */ VALUES (1)." in error
    assert shop.db("upgrade", exit_code=1).stderr.count("CREATE TABLE last") == 1


LEFT = {
    "a comment before it": "op.execute('-- make it\\nCREATE TABLE x (id integer)')",
    "autocommit": "with op.get_context().autocommit_block(): op.execute('INSERT INTO t_first (id) VALUES (7)')",
    "a commit in SQL": "op.execute('INSERT INTO t_first (id) VALUES (7)'); op.execute('COMMIT')",
    "a commit": "op.execute('INSERT INTO t_first (id) VALUES (7)'); op.get_bind().commit()",
    "a part of a statement": "op.execute('DROP TABLE t_first, missing')",
    "set statement": "op.execute('SET STATEMENT max_statement_time=60 FOR CREATE TABLE x (id integer)')",
    "the version table's name": "op.execute('CREATE TABLE my_alembic_version_too (id integer)')",
}


@pytest.mark.parametrize("body", LEFT.values(), ids=LEFT.keys())
@pytest.mark.parametrize("end", ["raise ValueError('no')", "import os; os._exit(9)"], ids=["failed", "killed"])
def test_whatever_was_committed_is_noted(project: Project, url: str, body: str, end: str) -> None:
    project.write("pyproject.toml", f"[tool.ellar-db]\ndatabase = '{url}'\n")
    project.db("init")
    add(project, "first", None)
    project.write(
        "migrations/versions/second.py",
        f"from alembic import op\nrevision = 'second'\ndown_revision = 'first'\n"
        f"def upgrade():\n    {body}\n    {end}\n",
    )

    run(project, "ellar-db", "upgrade", exit_code=None)

    assert "the upgrade of second" in project.db("upgrade", exit_code=1).stderr
    assert versions(url) == {"first"}


@pytest.mark.parametrize("shop", [False], indirect=True)
def test_a_temporary_table_goes_by_itself(shop: Project, url: str) -> None:
    add(shop, "first", None)
    shop.write(
        "migrations/versions/second.py",
        "from alembic import op\nrevision = 'second'\ndown_revision = 'first'\n"
        f"def upgrade():\n    op.execute('CREATE TEMPORARY TABLE x (id integer)')\n    {BROKEN}\n",
    )

    assert "nothing of this revision was applied" in shop.db("upgrade", exit_code=1).stderr
    assert nothing_is_left(shop)


def test_an_id_that_a_wider_version_table_keeps(shop: Project, url: str) -> None:
    with sync_engine(url).begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(64) PRIMARY KEY)"))
    add(shop, "n" * 40, None)

    shop.db("upgrade")

    assert versions(url) == {"n" * 40}


def test_a_failure_leaves_the_note_of_the_revision_before_which_is_not_recorded_yet(project: Project, url: str) -> None:
    project.write("pyproject.toml", f"[tool.ellar-db]\ndatabase = '{url}'\nuse-two-phase = true\n")
    project.db("init")
    add(project, "first", None)
    project.write(
        "migrations/versions/second.py",
        f"from alembic import op\nrevision = 'second'\ndown_revision = 'first'\ndef upgrade():\n    {BROKEN}\n",
    )

    error = project.db("upgrade", exit_code=1).stderr

    assert "the upgrade of first before it isn't recorded. " in error
    assert "repair first --applied" in error
    assert "the upgrade of first" in project.db("upgrade", exit_code=1).stderr
    project.db("repair", "--applied")
    assert versions(url) == {"first"}
    assert nothing_is_left(project)


@pytest.mark.parametrize("shop", [False], indirect=True)
def test_locked_tables_are_left_alone(shop: Project, url: str) -> None:
    lines = ("LOCK TABLES t_first WRITE", "INSERT INTO t_first (id) VALUES (5)", "UNLOCK TABLES")
    add(shop, "first", None, upgrade="; ".join(f"op.execute({line!r})" for line in lines))

    shop.db("upgrade")

    assert versions(url) == {"first"}
    assert nothing_is_left(shop)


def test_an_id_that_the_version_table_cannot_keep_is_refused_before_anything_is_done(shop: Project, url: str) -> None:
    add(shop, "first", None)
    add(shop, "n" * 40, "first")

    error = shop.db("upgrade", exit_code=1).stderr

    assert f"the revision {'n' * 40} has an id of 40 characters, and the table alembic_version keeps 32" in error
    assert shop.tables(url) <= {"alembic_version", "ellar_db_journal"}
    assert nothing_is_left(shop)


def test_a_statement_that_only_reads_is_named_where_it_fails(shop: Project, url: str) -> None:
    add(shop, "first", None, upgrade="op.execute('SELECT nothing FROM nowhere')")

    assert "Failed: SELECT nothing FROM nowhere." in shop.db("upgrade", exit_code=1).stderr


@pytest.fixture
def journal(url: str) -> Iterator[Journal]:
    engine = create_engine(url)
    with engine.connect() as connection:
        yield Journal(connection, MySQL(), {})
    engine.dispose()


def test_a_killed_run_says_which_statement_had_begun(journal: Journal) -> None:
    def upgrade() -> None:
        journal.statement("CREATE TABLE a (id integer)")
        journal.statement_done("CREATE TABLE a (id integer)")
        journal.statement("CREATE TABLE b (id integer)")

    journal.begin("first", "upgrade")
    journal.noting(upgrade)()
    journal.connection.commit()

    entry = journal.entries.read()

    assert entry is not None
    assert entry.list == "Done: CREATE TABLE a (id integer). Begun, perhaps done: CREATE TABLE b (id integer)."


def test_applied_and_reverted_exclude_each_other(project: Project) -> None:
    project.configure()

    assert project.db("repair", "--applied", "--reverted", exit_code=2).stderr.endswith(
        "Error: --applied and --reverted exclude each other\n"
    )


@pytest.mark.parametrize(
    "env",
    [
        "from ellar_db.env import run\nSEVERAL = True\nrun(multiple=SEVERAL)\n",
        "from ellar_db import env\nenv.run(multiple=bool(1))\n",
    ],
)
def test_a_run_that_was_cut_short_on_another_database_is_found(
    project: Project, new_database: Callable[[str], str], env: str
) -> None:
    reports = new_database("mariadb")
    project.write("pyproject.toml", f"[tool.ellar-db.databases]\ndefault = 'sqlite:///app.db'\nreports = '{reports}'\n")
    project.db("init", "--multi")
    project.write("migrations/env.py", env)
    project.write(
        "migrations/versions/first.py",
        "from alembic import op\nrevision = 'first'\ndown_revision = None\n"
        "def upgrade(engine_name):\n    if engine_name == 'reports':\n"
        "        op.execute('CREATE TABLE half (id integer)')\n        raise ValueError\n"
        "def downgrade(engine_name): pass\n",
    )
    project.db("upgrade", exit_code=1)
    assert "an earlier run was cut short" in project.db("upgrade", exit_code=1).stderr
    run_sql(reports, "DROP TABLE half")

    assert project.db("repair", "--reverted").stdout == "reports: first is not applied.\n"
    assert nothing_is_left(project)


def test_the_folder_of_one_database_leaves_the_others_alone(project: Project, url: str) -> None:
    project.write("pyproject.toml", f"[tool.ellar-db.databases]\ndefault = 'sqlite:///app.db'\nreports = '{url}'\n")
    project.db("init", "--multi", "-d", "both")
    project.db("init", "-d", "one")
    project.write(
        "both/versions/first.py",
        "from alembic import op\nrevision = 'first'\ndown_revision = None\n"
        "def upgrade(engine_name):\n    if engine_name == 'reports':\n"
        "        op.execute('CREATE TABLE half (id integer)')\n        raise ValueError\n",
    )
    project.db("-d", "both", "upgrade", exit_code=1)

    # multiple=True stands in a comment
    project.write("one/env.py", "from ellar_db.env import run\n\nrun()  # not multiple=True\n")

    assert "there is nothing to repair" in project.db("-d", "one", "repair", exit_code=1).stderr
    assert "the upgrade of first" in project.db("-d", "both", "repair", exit_code=1).stderr
