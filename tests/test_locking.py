"""One run at a time."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, pool, text

from ellar_db.databases.database import Database
from ellar_db.databases.limits import Limits
from ellar_db.dialects.postgresql import PostgreSQL
from ellar_db.dialects.sqlite import SQLite, sqlite_file
from ellar_db.guards.locking import locked, refuse_twins
from ellar_db.hooktypes import Lock
from ellar_db.plugins.manager import create_plugin_manager
from ellar_db.testing import Project
from ellar_db.util.errors import DbError
from tests.support.histories import History, leftovers
from tests.support.processes import TIMEOUT, run
from tests.support.servers import ASYNC_DRIVERS, sync_engine


def take(url: str, **limits: float) -> list[str]:
    """Take a lock in this process and let go of it."""
    database = Database("default", create_engine(url))
    taken = []
    with locked([database], {"default": Limits(**limits)}, create_plugin_manager()):  # type: ignore[arg-type]
        taken.append("taken")
    database.sync_engine.dispose()
    return taken


def test_a_lock_that_another_process_holds_is_waited_for_no_longer_than_said(
    any_database: str, held_elsewhere: Callable[[str], subprocess.Popen[str]]
) -> None:
    held_elsewhere(any_database)

    with pytest.raises(DbError) as caught:
        take(any_database, lock_timeout=0)

    assert caught.value.exit_code == 1
    assert caught.value.message.startswith("the database 'default' is being migrated by ")
    assert caught.value.message.endswith("; waited 0 s for it (--lock-timeout); try again when that has ended")


def test_the_holder_is_named(any_database: str, held_elsewhere: Callable[[str], subprocess.Popen[str]]) -> None:
    process = held_elsewhere(any_database)

    with pytest.raises(DbError) as caught:
        take(any_database, lock_timeout=0)

    mysql = make_url(any_database).get_backend_name() == "mysql"
    assert ("by connection " if mysql else f"by process {process.pid} on ") in caught.value.message


def test_a_holder_that_dies_frees_the_lock(
    any_database: str, held_elsewhere: Callable[[str], subprocess.Popen[str]]
) -> None:
    process = held_elsewhere(any_database)
    process.kill()
    process.wait()

    assert take(any_database, lock_timeout=30) == ["taken"]


def test_a_run_that_waits_says_so_after_a_second(
    project: Project, any_database: str, held_elsewhere: Callable[[str], subprocess.Popen[str]]
) -> None:
    history = History(project, any_database, revisions=1).write()
    holder = held_elsewhere(any_database)
    process = history.start()
    assert process.stderr is not None

    first = process.stderr.readline()
    assert holder.stdin is not None
    holder.stdin.write("\n")
    holder.stdin.flush()
    process.communicate(timeout=TIMEOUT)

    assert first.startswith("Waiting, since the database 'default' is being migrated by ")
    assert process.returncode == 0
    assert history.agrees()


@pytest.mark.parametrize("command", ["upgrade", "downgrade", "stamp", "ensure-version"])
def test_each_command_that_writes_waits(
    project: Project, command: str, held_elsewhere: Callable[[str], subprocess.Popen[str]]
) -> None:
    history = History(project, "sqlite:///app.db", revisions=1).write()
    project.db("upgrade")
    held_elsewhere(history.url)

    refused = project.db(command, "--lock-timeout", "0", exit_code=1)
    without = project.db(command, "--no-lock")

    assert "is being migrated by process" in refused.stderr
    assert without.exit_code == 0


@pytest.mark.parametrize("command", ["current", "check", "history", "heads"])
def test_commands_that_only_read_do_not_wait(
    project: Project, command: str, held_elsewhere: Callable[[str], subprocess.Popen[str]]
) -> None:
    project.configure()
    project.db("init")
    project.db("migrate")
    project.db("upgrade")
    held_elsewhere("sqlite:///app.db")

    project.db(command)


def test_sql_for_a_script_does_not_wait(
    project: Project, held_elsewhere: Callable[[str], subprocess.Popen[str]]
) -> None:
    history = History(project, "sqlite:///app.db", revisions=1).write()
    held_elsewhere(history.url)

    assert "CREATE TABLE first_0" in project.db("upgrade", "--sql", "--lock-timeout", "0").stdout


def test_a_folder_with_an_env_py_of_its_own_is_locked_by_the_command(
    project: Project, held_elsewhere: Callable[[str], subprocess.Popen[str]]
) -> None:
    project.configure()
    project.db("init", "-t", "generic", "-d", "theirs")
    ini = project.path / "theirs" / "alembic.ini"
    ini.write_text(ini.read_text().replace("driver://user:pass@localhost/dbname", "sqlite:///app.db"))
    held_elsewhere("sqlite:///app.db")

    # in a process of its own, since its env.py disables loggers
    refused = run(project, "ellar-db", "-d", "theirs", "upgrade", "--lock-timeout", "0", exit_code=1)

    assert "is being migrated by process" in refused.stderr


@pytest.mark.parametrize(
    ("kind", "impatient", "meanwhile"),
    [
        ("postgresql", "?options=-c%20idle_session_timeout%3D1000", "SELECT pg_sleep(2)"),
        ("mariadb", "?init_command=SET%20SESSION%20wait_timeout%3D2", "SELECT sleep(3)"),
    ],
)
def test_a_server_that_ends_idle_sessions_does_not_end_the_lock(
    new_database: Callable[[str], str],
    held_elsewhere: Callable[[str], subprocess.Popen[str]],
    kind: str,
    impatient: str,
    meanwhile: str,
) -> None:
    url = new_database(kind)
    held_elsewhere(url + impatient)

    with sync_engine(url).connect() as connection:
        connection.execute(text(meanwhile))

    with pytest.raises(DbError, match="is being migrated"):
        take(url, lock_timeout=0)


def test_what_a_run_holds_it_does_not_wait_for(any_database: str) -> None:
    database = Database("default", create_engine(any_database))
    manager = create_plugin_manager()
    limits = {"default": Limits(lock_timeout=0)}
    with locked([database], limits, manager), locked([database], limits, manager):
        pass
    database.sync_engine.dispose()

    assert take(any_database, lock_timeout=0) == ["taken"]


def test_two_names_of_one_database_are_one_lock(any_database: str) -> None:
    engine = create_engine(any_database)
    databases = [Database("default", engine), Database("again", engine)]
    limits = {"default": Limits(lock_timeout=0), "again": Limits(lock_timeout=0)}
    with locked(databases, limits, create_plugin_manager()):
        pass
    engine.dispose()


def test_one_run_does_not_wait_for_itself(project: Project, any_database: str) -> None:
    project.write(
        "pyproject.toml",
        f"[tool.ellar-db.databases]\ndefault = '{any_database}'\nagain = '{any_database}'\n",
    )
    project.db("init", "--multi")
    project.db("revision")

    assert project.db("upgrade", exit_code=1).stderr.startswith("Error: the databases 'default' and 'again' are one, ")


@pytest.mark.parametrize(
    "urls",
    [
        [
            "postgresql+psycopg://h/app?options=-csearch_path%3Da",
            "postgresql+psycopg://h/app?options=-csearch_path%3Db",
        ],
        ["postgresql+psycopg://u@/app?host=one", "postgresql+psycopg://u@/app?host=two"],
        ["postgresql+psycopg://", "postgresql+psycopg://"],
        ["sqlite://", "sqlite://"],
        ["sqlite:///file::memory:?uri=true", "sqlite:///file::memory:?uri=true"],
    ],
)
def test_what_may_be_two_databases_is_not_refused(urls: list[str]) -> None:
    databases = [Database(f"d{number}", create_engine(url)) for number, url in enumerate(urls)]

    refuse_twins(databases, create_plugin_manager())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows lets few users make symbolic links")
def test_a_link_to_a_sqlite_database_is_the_same_lock(
    project: Project, held_elsewhere: Callable[[str], subprocess.Popen[str]]
) -> None:
    release = project.path / "release"
    release.mkdir()
    (release / "app.db").symlink_to(project.path / "app.db")
    held_elsewhere("sqlite:///app.db")

    with pytest.raises(DbError, match="is being migrated"):
        take("sqlite:///release/app.db", lock_timeout=0)


def test_two_version_tables_are_two_locks(
    any_database: str, held_elsewhere: Callable[[str], subprocess.Popen[str]]
) -> None:
    if any_database.startswith("sqlite"):
        pytest.skip("SQLite lets one connection write at a time, whatever the table")
    held_elsewhere(any_database)
    other = Database("default", create_engine(any_database), None, {"version_table": "other_version"})

    with locked([other], {"default": Limits(lock_timeout=0)}, create_plugin_manager()):
        pass
    other.sync_engine.dispose()


@pytest.mark.parametrize("kind", ["postgresql", "mariadb", "sqlite"])
def test_in_a_running_event_loop(project: Project, new_database: Callable[[str], str], kind: str) -> None:
    url = new_database(kind)
    history = History(project, make_url(url).set(drivername=ASYNC_DRIVERS[kind]).render_as_string(hide_password=False))
    history.write()

    async def start() -> None:
        from alembic import command

        from ellar_db import alembic_config

        with alembic_config() as config:
            command.upgrade(config, "head")

    asyncio.run(start())

    assert history.agrees()
    assert history.version() == "0009"


def test_ellar_db_lock_gives_the_lock(project: Project, install: Callable[..., Path]) -> None:
    install(
        "locks",
        """
        from ellar_db import hookimpl

        class Log:
            def acquire(self):
                print("acquire")
                return True
            def release(self):
                print("release")
            def holder(self):
                return ""

        @hookimpl
        def ellar_db_lock(database):
            return Log()
        """,
    )
    History(project, "sqlite:///app.db", revisions=1).write()

    assert project.db("upgrade").stdout == "acquire\nrelease\n"


def test_a_kind_of_database_that_nobody_can_lock_is_warned_of_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    records = []
    handler = logging.Handler()
    handler.emit = records.append  # type: ignore[assignment]
    logging.getLogger("ellar_db").addHandler(handler)
    engine = create_engine("sqlite://")
    monkeypatch.setattr(engine.dialect, "name", "oracle")
    try:
        with locked([Database("default", engine)], {"default": Limits()}, create_plugin_manager()):
            pass
    finally:
        logging.getLogger("ellar_db").removeHandler(handler)

    assert [record.getMessage() for record in records] == [
        "no plugin knows how to lock a database of the kind oracle; see to it that one run at a time migrates 'default'"
    ]


def test_no_file_is_left_beside_a_sqlite_database(project: Project) -> None:
    History(project, "sqlite:///app.db", revisions=1).write()

    project.db("upgrade")

    assert leftovers(project.path) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_an_interrupted_wait_ends_in_one_line(
    project: Project, held_elsewhere: Callable[[str], subprocess.Popen[str]]
) -> None:
    history = History(project, "sqlite:///app.db", revisions=1).write()
    held_elsewhere(history.url)
    process = history.start()
    assert process.stderr is not None
    process.stderr.readline()

    os.kill(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=TIMEOUT)

    assert process.returncode == 1
    assert said.strip() == "Aborted!"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sqlite://", None),
        ("sqlite:///:memory:", None),
        ("sqlite:///file:memory?mode=memory&uri=true", None),
        ("sqlite:///app.db", Path("app.db")),
        ("sqlite:////var/app.db", Path("/var/app.db")),
        ("sqlite:///file:/var/app%20b.db?uri=true", Path("/var/app b.db")),
    ],
)
def test_the_file_of_a_sqlite_database(url: str, expected: Path | None) -> None:
    assert sqlite_file(Database("default", create_engine(url, poolclass=pool.NullPool))) == expected


def test_a_lock_has_no_password_in_its_name() -> None:
    engine = create_engine("postgresql+psycopg://user:secret@localhost/shop")

    assert PostgreSQL().identity(Database("default", engine)) == "postgresql://localhost/shop alembic_version"


def test_locks_look_as_the_protocol_says() -> None:
    from ellar_db.dialects.mysql import MySQLLock
    from ellar_db.dialects.postgresql import PostgreSQLLock
    from ellar_db.dialects.sqlite import NoLock
    from ellar_db.util.file_lock import FileLock

    for kind in (FileLock, MySQLLock, NoLock, PostgreSQLLock):
        assert {name for name in vars(Lock) if not name.startswith("_")} <= set(dir(kind))


APPLICATION = """
from ellar.app import AppFactory
from ellar_db import EllarDBModule
from sqlalchemy.pool import NullPool

def application():
    databases = {{"url": "sqlite:///app.db", "poolclass": NullPool}}
    module = EllarDBModule.setup(databases, migration_options={options!r})
    return AppFactory.create_app(modules=[module])
"""


def set_limit(project: Project, place: str, key: str, value: object) -> None:
    """Set a limit in pyproject.toml or in the application's migration options."""
    if place == "pyproject.toml":
        shown = str(value).lower()
        project.write("pyproject.toml", f"[tool.ellar-db]\ndatabase = 'sqlite:///app.db'\n{key} = {shown}\n")
    else:
        project.write("shop.py", APPLICATION.format(options={key.replace("-", "_"): value}))
        project.write("pyproject.toml", "[tool.ellar-db]\napplication = 'shop:application'\n")
    project.forget("shop")


@pytest.mark.usefixtures("application_apart")
@pytest.mark.parametrize("place", ["pyproject.toml", "migration_options"])
def test_lock_can_be_left_out_for_good(
    project: Project, place: str, held_elsewhere: Callable[[str], subprocess.Popen[str]]
) -> None:
    history = History(project, "sqlite:///app.db", revisions=1).write()
    set_limit(project, place, "lock", False)
    held_elsewhere(history.url)

    project.db("upgrade")

    assert history.version() == "0000"


@pytest.mark.usefixtures("application_apart")
@pytest.mark.parametrize("place", ["pyproject.toml", "migration_options"])
def test_the_time_to_wait_can_be_set_for_good(
    project: Project, place: str, held_elsewhere: Callable[[str], subprocess.Popen[str]]
) -> None:
    history = History(project, "sqlite:///app.db", revisions=1).write()
    set_limit(project, place, "lock-timeout", 0)
    held_elsewhere(history.url)

    assert "; waited 0 s for it (--lock-timeout)" in project.db("upgrade", exit_code=1).stderr
    # the command line beats it
    assert "; waited 0.05 s for it" in project.db("upgrade", "--lock-timeout", "0.05", exit_code=1).stderr


@pytest.mark.usefixtures("application_apart")
def test_the_application_beats_the_settings_of_the_project(
    project: Project, held_elsewhere: Callable[[str], subprocess.Popen[str]]
) -> None:
    history = History(project, "sqlite:///app.db", revisions=1).write()
    set_limit(project, "migration_options", "lock-timeout", 0)
    pyproject = project.path / "pyproject.toml"
    pyproject.write_text(pyproject.read_text() + "lock-timeout = 0.05\n")
    held_elsewhere(history.url)

    assert "; waited 0 s for it" in project.db("upgrade", exit_code=1).stderr


@pytest.mark.parametrize("value", ["nan", "-1", "soon"])
def test_a_time_to_wait_that_is_none_is_refused(project: Project, value: str) -> None:
    History(project, "sqlite:///app.db", revisions=1).write()

    refused = project.db("upgrade", f"--lock-timeout={value}", exit_code=2)

    assert refused.stderr.splitlines()[-1].startswith("Error: Invalid value for '--lock-timeout': ")


def test_one_file_written_in_two_ways_is_one_database(project: Project) -> None:
    from sqlalchemy import create_engine

    names = ("sqlite:///app.db", f"sqlite:///{(project.path / 'app.db').as_posix()}", "sqlite+aiosqlite:///./app.db")
    databases = [Database("default", create_engine(name.replace("+aiosqlite", ""))) for name in names]

    assert len({SQLite().identity(database) for database in databases}) == 1
