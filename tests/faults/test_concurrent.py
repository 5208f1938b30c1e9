"""Several upgrades of one database at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine.reflection import Inspector
from sqlalchemy.exc import DBAPIError

from ellar_db.config.invocation import Invocation
from ellar_db.databases.database import Database
from ellar_db.dialects.mysql import MySQL
from ellar_db.guards.entry import NAME, Entry, EntryTable
from ellar_db.plugins.manager import get_plugin_manager
from ellar_db.runtime.versions import heads_in, read_from
from ellar_db.testing import Project
from tests.support.histories import BARE, OURS, TURNS, History, leftovers
from tests.support.processes import TIMEOUT
from tests.support.servers import asynchronous, sync_engine

PROCESSES = 8 if TURNS > 3 else 5


@pytest.mark.sampled
@pytest.mark.parametrize("command", [OURS, BARE], ids=["ellar-db", "bare alembic"])
def test_all_succeed(project: Project, any_database: str, command: tuple[str, ...]) -> None:
    history = History(project, any_database).write()

    processes = [history.start(command) for _ in range(PROCESSES)]
    said = [process.communicate(timeout=TIMEOUT)[1] for process in processes]

    assert [process.returncode for process in processes] == [0] * PROCESSES, said
    assert history.version() == "0009"
    assert history.agrees()
    assert leftovers(project.path) == []


@pytest.mark.sampled
@pytest.mark.parametrize("form", ["generic", "begun", "async"])
def test_with_an_env_py_of_somebody_elses_too(project: Project, any_database: str, form: str) -> None:
    url = asynchronous(any_database) if form == "async" else any_database
    history = History(project, url, form=form).write()

    processes = [history.start() for _ in range(PROCESSES)]
    said = [process.communicate(timeout=TIMEOUT)[1] for process in processes]

    assert [process.returncode for process in processes] == [0] * PROCESSES, said
    assert history.version() == "0009"
    assert history.agrees()
    assert leftovers(project.path) == []


@pytest.mark.parametrize("kind", ["postgresql", "mariadb", "sqlite"])
def test_async_engines_too(project: Project, new_database: Callable[[str], str], kind: str) -> None:
    url = new_database(kind)
    drivers = {
        "postgresql": ("postgresql+psycopg", "postgresql+asyncpg"),
        "mariadb": ("mysql+pymysql", "mysql+aiomysql"),
        "sqlite": ("sqlite", "sqlite+aiosqlite"),
    }
    history = History(project, url.replace(*drivers[kind], 1)).write()

    processes = [history.start() for _ in range(PROCESSES // 2)]
    said = [process.communicate(timeout=TIMEOUT)[1] for process in processes]

    assert [process.returncode for process in processes] == [0] * (PROCESSES // 2), said
    assert history.agrees()


class TestAnotherRunChangesTables:
    """Runs on other version tables have locks of their own, and make and drop these tables at any moment."""

    OTHER = "alembic_version_other"
    TABLE = f"CREATE TABLE {OTHER} (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"

    def test_a_reading_is_repeated(self, any_database: str) -> None:
        calls = []

        def read(database: Database, connection: Connection) -> tuple[str, ...]:
            calls.append(database.name)
            if len(calls) == 1:
                # as if it had been dropped after it was seen
                connection.execute(text(f"SELECT * FROM {self.OTHER}"))
            return heads_in(database, connection, self.OTHER)

        database = Database("default", sync_engine(any_database))

        assert read_from([database], Invocation(get_plugin_manager()), read) == {"default": ()}
        assert len(calls) == 2

    def test_a_reading_that_always_fails_ends(self, any_database: str) -> None:
        def read(_: Database, connection: Connection) -> None:
            connection.execute(text(f"SELECT * FROM {self.OTHER}"))

        with pytest.raises(DBAPIError, match=self.OTHER):
            read_from([Database("default", sync_engine(any_database))], Invocation(get_plugin_manager()), read)

    def test_a_table_made_after_the_snapshot_is_read_in_a_new_one(self, new_database: Callable[[str], str]) -> None:
        url = new_database("mariadb")
        execute(url, "CREATE TABLE users (id INT)")
        calls = []

        def read(database: Database, connection: Connection) -> tuple[str, ...]:
            calls.append(database.name)
            connection.execute(text("SELECT * FROM users")).all()
            if len(calls) == 1:
                execute(url, self.TABLE, f"INSERT INTO {self.OTHER} VALUES ('one')")
            return heads_in(database, connection, self.OTHER)

        found = read_from([Database("default", sync_engine(url))], Invocation(get_plugin_manager()), read)

        assert found == {"default": ("one",)}
        assert len(calls) == 2

    @pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
    def test_what_is_dropped_while_a_run_looks_at_it_is_left_out(
        self, project: Project, new_database: Callable[[str], str], monkeypatch: pytest.MonkeyPatch, kind: str
    ) -> None:
        url = new_database(kind)
        history = History(project, url).write()
        execute(url, self.TABLE)
        original = Inspector.get_columns

        def and_dropped(inspector: Inspector, name: str, *arguments: Any, **options: Any) -> Any:
            found = original(inspector, name, *arguments, **options)
            if name == self.OTHER:
                execute(url, f"DROP TABLE {self.OTHER}")
            return found

        monkeypatch.setattr(Inspector, "get_columns", and_dropped)

        project.db("upgrade")

        assert history.version() == "0009"

    def test_a_journal_that_is_dropped_before_its_first_entry_is_made_again(
        self, new_database: Callable[[str], str]
    ) -> None:
        url = new_database("mariadb")
        with sync_engine(url).connect() as running, sync_engine(url).connect() as ending:
            entries = EntryTable(running, {})
            entries.make()
            EntryTable(ending, {"version_table": "other"}).drop_if_empty(MySQL())

            entry = Entry("one", "upgrade")
            entries.write(entry, anew=True)

            assert entries.read() == entry

    def test_a_journal_with_an_entry_that_is_not_committed_stays(self, new_database: Callable[[str], str]) -> None:
        url = new_database("mariadb")
        with sync_engine(url).connect() as running, sync_engine(url).connect() as ending:
            entries = EntryTable(running, {})
            entries.make()
            entries.write(Entry("one", "upgrade"), anew=True)
            EntryTable(ending, {"version_table": "other"}).drop_if_empty(MySQL())
            running.commit()

            assert entries.read() is not None

            entries.remove()
            running.commit()
            EntryTable(ending, {"version_table": "other"}).drop_if_empty(MySQL())
            assert not inspect(running).has_table(NAME)


def execute(url: str, *statements: str) -> None:
    """Execute statements in another session, and commit."""
    with sync_engine(url).begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
