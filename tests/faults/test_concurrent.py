"""Several upgrades of one database at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ellar_db.testing import Project
from tests.support.histories import BARE, OURS, History, leftovers
from tests.support.processes import TIMEOUT
from tests.support.servers import asynchronous

PROCESSES = 8


@pytest.mark.parametrize("command", [OURS, BARE], ids=["ellar-db", "bare alembic"])
def test_all_succeed(project: Project, any_database: str, command: tuple[str, ...]) -> None:
    history = History(project, any_database).write()

    processes = [history.start(command) for _ in range(PROCESSES)]
    said = [process.communicate(timeout=TIMEOUT)[1] for process in processes]

    assert [process.returncode for process in processes] == [0] * PROCESSES, said
    assert history.version() == "0009"
    assert history.agrees()
    assert leftovers(project.path) == []


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
