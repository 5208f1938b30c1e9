"""Servers that stop, disks that fill up."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from ellar_db.testing import Project
from tests.support.histories import History, create
from tests.support.processes import TIMEOUT
from tests.support.servers import OwnPostgres


@pytest.fixture
def own_server() -> Iterator[OwnPostgres]:
    with OwnPostgres() as server:
        yield server


def test_a_server_that_stops_in_the_middle_of_a_revision(project: Project, own_server: OwnPostgres) -> None:
    wait = "op.execute('SELECT pg_sleep(60)') if Path('wait').exists() else None"
    history = History(project, own_server.url, revisions=2, bodies={1: [create("first_1"), wait, create("second_1")]})
    history.write()
    project.write("wait", "")
    process = history.start(["-m", "ellar_db", "-v", "upgrade"])
    assert process.stderr is not None
    for line in process.stderr:
        if "Revision 1." in line:
            break

    own_server.stop("immediate")
    _, said = process.communicate(timeout=TIMEOUT)

    assert process.returncode in (1, 3)
    assert "Traceback" not in said
    assert said.splitlines()[-1].startswith("Error: upgrade 0000 -> 0001")
    own_server.start()
    assert history.version() is None
    assert history.tables() == set()
    (project.path / "wait").unlink()
    assert history.run()[0] == 0
    assert history.agrees()


def test_a_server_that_is_still_starting_is_waited_for(project: Project, own_server: OwnPostgres) -> None:
    history = History(project, own_server.url, revisions=1).write()
    own_server.stop()
    process = history.start(["-m", "ellar_db", "upgrade", "--connect-wait", "60"])
    assert process.stderr is not None
    first = process.stderr.readline()

    own_server.start()
    process.communicate(timeout=TIMEOUT)

    assert first == f"Waiting up to 60 s for the database 'default' ({own_server.url}) ...\n"
    assert process.returncode == 0
    assert history.agrees()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of a process's files")
def test_a_full_disk_leaves_the_database_as_it_was(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    import resource

    # the only large file is to be the database: none of coverage, no compiled module that is cut off and stays
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")

    fill = 'op.execute("CREATE TABLE filled AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE '
    fill += 'i < 5000) SELECT i, hex(randomblob(100)) AS x FROM n")'
    history = History(project, "sqlite:///app.db", revisions=2, bodies={1: [create("first_1"), fill]}).write()
    limit: Any = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))  # noqa: E731

    code, said = history.run(preexec_fn=limit)

    assert code == 1
    assert said.splitlines()[-1].startswith("Error: ")
    assert "disk" in said.splitlines()[-1]
    assert history.version() is None
    assert history.tables() == set()
    repaired = History(project, history.url, revisions=2).write()
    assert repaired.run()[0] == 0
    assert repaired.agrees()


@pytest.mark.parametrize("driver", ["postgresql+psycopg", "postgresql+asyncpg"])
def test_a_server_that_is_silent_is_not_waited_for_longer_than_said(project: Project, driver: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"{driver}://ann@127.0.0.1:{silent.getsockname()[1]}/app"
        history = History(project, url, revisions=1).write()

        code, said = history.run(["-m", "ellar_db", "upgrade", "--connect-wait", "1"])

    assert code == 3
    assert said.splitlines()[-1].startswith(f"Error: the database 'default' ({url}) can't be reached after 1 s: ")
