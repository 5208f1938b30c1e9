"""The session that holds a lock ends in the middle of a run, as an administrator or a restart of a pooler ends it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from ellar_db.databases.factory import make_databases
from ellar_db.databases.limits import Limits
from ellar_db.dialects.server_lock import ServerLock
from ellar_db.plugins.dialects import dialect_of
from ellar_db.plugins.manager import create_plugin_manager
from ellar_db.testing import Project
from tests.support.environments import ForeignEnvironment
from tests.support.histories import History, create
from tests.support.output import without_page
from tests.support.servers import asynchronous, sync_engine

KILLER = """
def kill():
    from pathlib import Path
    if Path("killed").exists():
        return
    Path("killed").touch()
    from sqlalchemy import create_engine, text
    with create_engine({url!r}, isolation_level="AUTOCOMMIT").connect() as connection:
        for (number,) in connection.execute(text({find!r})).all():
            connection.execute(text({kill!r}.format(number=number)))
            for _ in range(1000):
                if number not in [row[0] for row in connection.execute(text({find!r}))]:
                    break
"""

FIND = {
    "postgresql": "SELECT pid FROM pg_locks WHERE locktype = 'advisory' "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
    "mariadb": "SELECT id FROM information_schema.processlist WHERE db = database() AND command = 'Sleep' "
    "AND id <> connection_id() ORDER BY id",
}
"""The session with the lock: on MariaDB the first that the run opens, with an env.py of somebody else's the second."""


@pytest.fixture(params=["postgresql", "mariadb"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def killer(kind: str, url: str, place: int = 0) -> str:
    """Return the text of a module with a function that ends the session of the lock, once."""
    find = FIND[kind] + (f" LIMIT 1 OFFSET {place}" if kind == "mariadb" else "")
    kill = "SELECT pg_terminate_backend({number})" if kind == "postgresql" else "KILL {number}"
    return KILLER.format(url=url, find=find, kill=kill)


def versions(url: str) -> list[str]:
    """Return what the version table has; nothing if it isn't there."""
    engine = sync_engine(url)
    with engine.connect() as connection:
        if not engine.dialect.has_table(connection, "alembic_version"):
            return []
        return list(connection.execute(text("SELECT version_num FROM alembic_version")).scalars())


def test_the_run_stops_before_its_next_revision(
    project: Project, new_database: Callable[[str], str], kind: str
) -> None:
    url = new_database(kind)
    project.write("killer.py", killer(kind, url))
    bodies = {1: [create("a"), "from killer import kill", "kill()"]}
    History(project, url, revisions=4, bodies=bodies).write()

    said = project.db("upgrade", exit_code=1).stderr.splitlines()[-1]

    assert "the lock of the database 'default' was lost" in said
    left = {
        "postgresql": "the run was rolled back",
        "mariadb": "the revisions stay, since this database can't roll back schema changes; "
        "the database 'default' stays at 0001",
    }
    assert without_page(said).endswith(f" Run it again; {left[kind]}")
    assert versions(url) == ([] if kind == "postgresql" else ["0001"])
    # nothing is to be repaired
    project.db("upgrade")
    assert versions(url) == ["0003"]


def test_a_run_that_has_ended_is_not_called_failed(
    project: Project, new_database: Callable[[str], str], kind: str
) -> None:
    url = new_database(kind)
    project.write("killer.py", killer(kind, url))
    History(project, url, revisions=2, bodies={1: [create("a"), "from killer import kill", "kill()"]}).write()

    assert "Traceback" not in project.db("upgrade").stderr
    assert versions(url) == ["0001"]


@pytest.mark.parametrize("form", ["generic", "async"])
def test_with_an_env_py_of_somebody_elses(
    project: Project, new_database: Callable[[str], str], kind: str, form: str
) -> None:
    url = new_database(kind)
    project.write("killer.py", killer(kind, url, place=1))
    folder = ForeignEnvironment(project, url, form).write()
    folder.revision("r1", None, f"{create('a')}; from killer import kill; kill()")
    folder.revision("r2", "r1", create("b"))

    assert "was lost" in project.db("-c", "theirs.ini", "upgrade", exit_code=1).stderr
    project.db("-c", "theirs.ini", "upgrade")
    assert versions(url) == ["r2"]


@pytest.mark.parametrize("driver", ["sync", "async"])
def test_the_server_is_asked_rarely_and_whenever_it_ended_the_session(
    new_database: Callable[[str], str], kind: str, driver: str
) -> None:
    url = new_database(kind)
    database = make_databases(asynchronous(url) if driver == "async" else url, pooled=False)["default"]
    lock = dialect_of(create_plugin_manager(), database).lock(database, Limits())
    assert isinstance(lock, ServerLock)
    with sync_engine(url).connect() as other:
        asked: list[str] = []
        event.listen(other, "before_cursor_execute", lambda *given: asked.append(given[2]))
        assert lock.acquire()
        try:
            assert lock.is_held(other)
            assert asked
            asked.clear()
            assert [lock.is_held(other) for _ in range(5)] == [True] * 5
            assert asked == []

            kill = "SELECT pg_terminate_backend({0})" if kind == "postgresql" else "KILL {0}"
            other.execute(text(kill.format(lock.session)))
            asked.clear()
            # the server ends it a moment later
            held = [True]
            while held[-1] and len(held) < 500:
                time.sleep(0.01)
                held.append(lock.is_held(other))
            assert held[-1] is False
        finally:
            with suppress(DBAPIError):
                lock.release()
        assert asked
