"""What holds for a migrations folder whose env.py knows nothing of ellar_db."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest
from sqlalchemy import inspect, text

from ellar_db.testing import Project
from tests.support.environments import FORMS, ForeignEnvironment
from tests.support.folders import WHOLE
from tests.support.processes import Program, python
from tests.support.servers import OwnPostgres, sync_engine

CREATE = 'op.create_table("{0}", sa.Column("id", sa.Integer, primary_key=True))'


KINDS = ("sqlite", "postgresql", "mariadb")

FEW = [
    *(("generic", kind) for kind in KINDS),
    ("begun", "sqlite"),
    ("begun", "mariadb"),
    ("read before", "postgresql"),
    ("read before", "mariadb"),
    ("application's pool", "sqlite"),
    ("pool of one", "postgresql"),
    ("async", "postgresql"),
    ("by hand", "sqlite"),
    ("by hand", "mariadb"),
]
"""What differs most; `make folders` takes each form on each kind of database."""


@pytest.fixture(params=[(form, kind) for form in FORMS for kind in KINDS] if WHOLE else FEW, ids="-".join)
def folder(request: pytest.FixtureRequest, project: Project, new_database: Callable[[str], str]) -> ForeignEnvironment:
    """A folder with each form of env.py, on each kind of database."""
    form, kind = request.param
    return ForeignEnvironment(project, new_database(kind), form).write()


def run(folder: ForeignEnvironment, *arguments: str, exit_code: int | None = 0) -> str:
    """Run a command on the folder, and return what it says on stderr."""
    return folder.project.db("-c", "theirs.ini", *arguments, exit_code=exit_code).stderr


def tables(folder: ForeignEnvironment) -> set[str]:
    """Return the tables of the database, without the version table."""
    return set(inspect(sync_engine(folder.url)).get_table_names()) - {"alembic_version"}


def version(folder: ForeignEnvironment) -> list[str]:
    """Return what the version table has."""
    with sync_engine(folder.url).connect() as connection:
        return list(connection.execute(text("SELECT version_num FROM alembic_version")).scalars())


def rolls_back(folder: ForeignEnvironment) -> bool:
    """Return whether the database can roll back schema changes."""
    return not folder.url.startswith("mysql")


def test_runs_go_up_and_down(folder: ForeignEnvironment) -> None:
    folder.revision("r1", None, CREATE.format("a"), 'op.drop_table("a")')
    folder.revision("r2", "r1", CREATE.format("b"), 'op.drop_table("b")')

    run(folder, "upgrade")
    assert (tables(folder), version(folder)) == ({"a", "b"}, ["r2"])
    run(folder, "downgrade", "--yes", "r1")
    assert (tables(folder), version(folder)) == ({"a"}, ["r1"])
    run(folder, "stamp", "r2")
    assert version(folder) == ["r2"]


def test_a_run_that_fails_is_rolled_back_or_recorded(folder: ForeignEnvironment) -> None:
    folder.revision("r1", None, CREATE.format("whole"))
    folder.revision("r2", "r1", f'{CREATE.format("half")}; op.execute("nonsense")')

    said = run(folder, "upgrade", exit_code=1)

    if rolls_back(folder):
        assert said.splitlines()[-1].endswith("; the run was rolled back")
        assert tables(folder) == set()
        return
    assert "Done: CREATE TABLE half" in said
    assert tables(folder) == {"whole", "half", "ellar_db_journal"}
    assert "an earlier run was cut short: the upgrade of r2" in run(folder, "upgrade", exit_code=1)
    assert "repair --applied`" in run(folder, "repair", exit_code=1)
    run(folder, "repair", "r2", "--applied")
    run(folder, "upgrade")
    assert version(folder) == ["r2"]


def test_bare_alembic_finds_nothing_of_ours_afterwards(folder: ForeignEnvironment) -> None:
    folder.revision("r1", None, "pass")

    run(folder, "upgrade")

    assert tables(folder) == set()
    done = folder.project.run("alembic", "-c", "theirs.ini", "check")
    assert "No new upgrade operations detected" in done.stdout + done.stderr


def test_one_run_at_a_time(
    folder: ForeignEnvironment, held_elsewhere: Callable[[str], Program | subprocess.Popen[str]]
) -> None:
    folder.revision("r1", None, CREATE.format("a"))
    held_elsewhere(folder.url)

    assert "is being migrated by " in run(folder, "upgrade", "--lock-timeout", "0", exit_code=1)
    assert "alembic_version" not in inspect(sync_engine(folder.url)).get_table_names()


def test_several_at_once(folder: ForeignEnvironment) -> None:
    if folder.form in ("generic", "begun", "async") and not WHOLE:
        pytest.skip("tests/faults/test_concurrent.py has these forms, on each kind of database")
    for number in range(5):
        folder.revision(f"r{number}", f"r{number - 1}" if number else None, CREATE.format(f"t{number}"))
    command = ["-m", "ellar_db", "-c", "theirs.ini", "upgrade"]

    programs = [python(*command, cwd=folder.project.path) for _ in range(4)]
    said = [program.communicate() for program in programs]

    assert [program.returncode for program in programs] == [0] * 4, said
    assert (len(tables(folder)), version(folder)) == (5, ["r4"])


def test_a_revision_that_rolls_back_is_not_applied(folder: ForeignEnvironment) -> None:
    folder.revision("r1", None, f"{CREATE.format('k')}; op.get_bind().rollback(); {CREATE.format('l')}")

    said = run(folder, "upgrade", exit_code=1)

    assert "rolled back the transaction of the run" in said or "closed transaction" in said
    if rolls_back(folder):
        assert tables(folder) == set()


def test_a_statement_is_limited(folder: ForeignEnvironment) -> None:
    if folder.url.startswith("sqlite"):
        pytest.skip("SQLite has no limit on statements")
    sleep = "SELECT pg_sleep(30)" if rolls_back(folder) else "SELECT SLEEP(30) FROM information_schema.tables"
    folder.revision("r1", None, f'op.execute("{sleep}")')

    assert "it timed out" in run(folder, "upgrade", "--statement-timeout", "0.2", exit_code=1)


ENFORCING = """
from sqlalchemy import event

def enforced(engine):
    @event.listens_for(getattr(engine, "sync_engine", engine), "connect")
    def enforce(connection, _):
        cursor = connection.cursor()
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    return engine

make, make_async = create_engine, create_async_engine
create_engine = lambda *words, **options: enforced(make(*words, **options))
create_async_engine = lambda *words, **options: enforced(make_async(*words, **options))
"""

CHILDREN = """op.execute("CREATE TABLE parent (id INTEGER PRIMARY KEY, name VARCHAR(9))")
    op.execute("CREATE TABLE child (id INTEGER PRIMARY KEY, up INTEGER REFERENCES parent (id) ON DELETE CASCADE)")
    op.execute("INSERT INTO parent VALUES (1, 'a')"); op.execute("INSERT INTO child VALUES (1, 1)")"""

COPYING = """batch = op.batch_alter_table("parent", recreate="always")
    with batch as changes:
        changes.alter_column("name", type_=sa.String(20))"""


@pytest.mark.parametrize("form", list(FORMS))
def test_a_batch_operation_keeps_the_rows_that_refer_to_it(project: Project, form: str) -> None:
    folder = ForeignEnvironment(project, f"sqlite:///{project.path}/app.db", ENFORCING + FORMS[form]).write()
    folder.revision("r1", None, CHILDREN)
    folder.revision("r2", "r1", COPYING)

    run(folder, "upgrade")

    with sync_engine(folder.url).connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM child")).scalar() == 1


UNCOMMITTED = """
with create_engine(url).connect() as connection:
    connection.execute(text("SELECT 1"))
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""

SWALLOWING = """
with create_engine(url).connect() as connection:
    context.configure(connection=connection)
    try:
        with context.begin_transaction():
            context.run_migrations()
    except Exception:
        pass
"""

COMMITTING_ANYWAY = """
with create_engine(url).connect() as connection:
    connection.execute(text("SELECT 1"))
    context.configure(connection=connection)
    try:
        context.run_migrations()
    finally:
        connection.commit()
"""


def test_an_env_py_that_does_not_commit_is_not_called_done(
    project: Project, new_database: Callable[[str], str]
) -> None:
    for kind in ("sqlite", "postgresql"):
        folder = ForeignEnvironment(project, new_database(kind), UNCOMMITTED).write()
        folder.revision("r1", None, CREATE.format("a"))

        said = run(folder, "upgrade", exit_code=1)

        assert "env.py did not commit the run on the database 'default', so that r1 is not applied" in said
        assert tables(folder) == set()


def test_an_env_py_that_swallows_the_error_is_not_called_done(project: Project, any_database: str) -> None:
    folder = ForeignEnvironment(project, any_database, SWALLOWING).write()
    folder.revision("r1", None, 'op.execute("nonsense")')

    assert "nonsense" in run(folder, "upgrade", exit_code=1)


def test_an_env_py_that_commits_a_run_that_failed_is_refused(
    project: Project, new_database: Callable[[str], str]
) -> None:
    folder = ForeignEnvironment(project, new_database("sqlite"), COMMITTING_ANYWAY).write()
    folder.revision("r1", None, f'{CREATE.format("half")}; op.execute("nonsense")')

    assert "env.py was about to commit a run that failed" in run(folder, "upgrade", exit_code=1)
    assert tables(folder) == set()


EARLY_WRITE = f"""
{ENFORCING}
with create_engine(url).connect() as connection:
    connection.execute(text("CREATE TABLE IF NOT EXISTS own (id INTEGER)"))
    connection.execute(text("INSERT INTO own VALUES (1)"))
    context.configure(connection=connection)
    context.run_migrations()
    connection.commit()
"""

AUTOCOMMIT = """
with create_engine(url, isolation_level="AUTOCOMMIT").connect() as connection:
    {before}context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""


def test_what_env_py_did_too_early_is_refused(project: Project, new_database: Callable[[str], str]) -> None:
    early = ForeignEnvironment(project, new_database("sqlite"), EARLY_WRITE).write()
    early.revision("r1", None, CREATE.format("a"))

    assert "let it call context.configure() first" in run(early, "upgrade", exit_code=1)

    for kind in ("sqlite", "postgresql"):
        before = 'connection.execute(text("SELECT 1")); '
        folder = ForeignEnvironment(project, new_database(kind), AUTOCOMMIT.format(before=before)).write()
        assert "let it call context.configure() first" in run(folder, "upgrade", exit_code=1)
        assert tables(folder) == set()


OVERTAKEN = """
import os, subprocess, sys
from pathlib import Path

with create_engine(url, poolclass=pool.NullPool, **{options}).connect() as connection:
    connection.execute(text("SELECT * FROM alembic_version")).all()
    if Path("overtake").exists():
        Path("overtake").unlink()
        subprocess.run([sys.executable, "-m", "ellar_db", "-c", "theirs.ini", "upgrade"], check=True, text=True)
    context.configure(connection=connection, target_metadata=MetaData())
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
"""


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("kind", "level"),
    [
        ("postgresql", "REPEATABLE READ"),
        ("postgresql", "SERIALIZABLE"),
        ("mariadb", "REPEATABLE READ"),
        ("mariadb", ""),
    ],
)
def test_a_transaction_that_does_not_see_what_another_run_did_is_refused(
    project: Project, new_database: Callable[[str], str], kind: str, level: str
) -> None:
    folder = overtaken(project, new_database(kind), level)

    said = run(folder, "upgrade", exit_code=1)

    assert (
        "another run migrated the database 'default' after env.py had begun to read it; run the command again" in said
    )
    assert version(folder) == ["r2"]
    run(folder, "upgrade")


def test_a_transaction_that_sees_it_goes_on(project: Project, new_database: Callable[[str], str]) -> None:
    folder = overtaken(project, new_database("postgresql"), "READ COMMITTED")

    assert run(folder, "upgrade") == "Already up to date (r2).\n"
    assert version(folder) == ["r2"]


def overtaken(project: Project, url: str, level: str) -> ForeignEnvironment:
    """Give a folder with a revision left, whose next run another overtakes after its first query."""
    ForeignEnvironment(project, url, "generic").write().revision("r1", None, CREATE.format("a"))
    options = {"isolation_level": level} if level else {}
    folder = ForeignEnvironment(project, url, OVERTAKEN.replace("{options}", repr(options)))
    run(folder, "upgrade")
    folder.write().revision("r2", "r1", CREATE.format("b"))
    project.write("overtake", "")
    return folder


def test_an_engine_in_autocommit_runs_in_a_transaction(project: Project, new_database: Callable[[str], str]) -> None:
    for kind in ("sqlite", "postgresql"):
        folder = ForeignEnvironment(project, new_database(kind), AUTOCOMMIT.format(before="")).write()
        folder.revision("r1", None, f'{CREATE.format("half")}; op.execute("nonsense")')

        assert run(folder, "upgrade", exit_code=1).splitlines()[-1].endswith("; the run was rolled back")
        assert tables(folder) == set()


def test_no_change_writes_no_file_and_imports_are_written(project: Project, new_database: Callable[[str], str]) -> None:
    folder = ForeignEnvironment(project, new_database("sqlite"), "generic").write()

    assert "No changes in schema detected." in run(folder, "migrate", "-m", "none")
    assert list(folder.versions.glob("*.py")) == []

    project.write("shop_types.py", TYPES)
    env = project.path / "theirs" / "env.py"
    env.write_text(env.read_text().replace("target_metadata=MetaData()", "target_metadata=metadata"))
    env.write_text("from shop_types import metadata\n" + env.read_text())
    run(folder, "migrate", "-m", "one")
    run(folder, "upgrade")
    assert tables(folder) == {"priced"}


TYPES = """
from sqlalchemy import Column, Integer, MetaData, Numeric, Table, TypeDecorator

class Money(TypeDecorator):
    impl = Numeric
    cache_ok = True

metadata = MetaData()
Table("priced", metadata, Column("id", Integer, primary_key=True), Column("price", Money()))
"""


def test_filters_of_plugins_hold(project: Project, new_database: Callable[[str], str]) -> None:
    folder = ForeignEnvironment(project, new_database("sqlite"), "generic").write()
    project.write("pyproject.toml", '[tool.ellar-db]\nplugins = ["leaving"]\n')
    project.write(
        "leaving.py",
        "from ellar_db import hookimpl\n@hookimpl\ndef ellar_db_include_object(name, type_):\n"
        "    return not (type_ == 'table' and name.startswith('celery_'))\n",
    )
    project.forget()
    with sync_engine(folder.url).begin() as connection:
        connection.execute(text("CREATE TABLE celery_x (id INTEGER)"))

    assert "No changes in schema detected." in run(folder, "migrate", "-m", "none")


def test_what_the_run_says_is_seen_whatever_logging_env_py_sets_up(
    project: Project, new_database: Callable[[str], str]
) -> None:
    folder = ForeignEnvironment(
        project, new_database("sqlite"), 'fileConfig("logging.ini")\n' + FORMS["generic"]
    ).write()
    project.write(
        "logging.ini",
        "[loggers]\nkeys=root\n[handlers]\nkeys=\n[formatters]\nkeys=\n[logger_root]\nlevel=WARNING\nhandlers=\n",
    )
    folder.revision("r1", None, "op.get_bind().commit()")

    assert "r1 ended the transaction of the run by itself" in run(folder, "upgrade").replace("upgrade  -> ", "")


@pytest.mark.parametrize("form", ["generic", "async"])
def test_a_server_that_is_starting_is_waited_for(project: Project, form: str) -> None:
    with OwnPostgres() as server:
        server.stop()
        folder = ForeignEnvironment(project, server.url, form).write()
        folder.revision("r1", None, CREATE.format("a"))
        refused = run(folder, "upgrade", "--connect-wait", "0.1", exit_code=None)
        assert "Waiting up to 0.1 s for the database ..." in refused

        program = python("-m", "ellar_db", "-c", "theirs.ini", "upgrade", "--connect-wait", "60", cwd=project.path)
        server.start()

        program.communicate()
        assert program.returncode == 0
        assert version(folder) == ["r1"]
