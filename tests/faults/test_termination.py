"""SIGTERM, as a container's runtime and service managers send it."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from ellar_db.testing import Project
from tests.support.environments import ForeignEnvironment
from tests.support.histories import TURNS, History, create
from tests.support.processes import TIMEOUT, python
from tests.support.servers import asynchronous, sync_engine

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM that another program can send")

LONG = {
    "sqlite": "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
    "postgresql": "SELECT pg_sleep(600)",
    "mariadb": "SELECT SLEEP(600)",
}

RUNNING = {
    "postgresql": "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(600)%' AND state = 'active' "
    "AND datname = current_database()",
    "mariadb": "SELECT count(*) FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP(600)%' "
    "AND db = database()",
}


def waiting(kind: str) -> list[str]:
    """Return the body of a revision that tells that it runs, and then executes a long statement."""
    return [create("half"), 'print("running", flush=True)', f'op.execute("{LONG[kind]}")']


@pytest.fixture(params=list(LONG))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def ended(project: Project, *command: str) -> tuple[int, str]:
    """Run a program, send it SIGTERM in the middle of its statement, and return its exit code and what it said."""
    program = python(*command, cwd=project.path)
    assert program.stdout is not None
    said = program.stdout.readline()
    assert said == "running\n", program.communicate()
    program.send_signal(signal.SIGTERM)
    _, said = program.communicate(timeout=TIMEOUT)
    return program.returncode, said


def gone(kind: str, url: str) -> bool:
    """Ask the server until it executes the statement no more."""
    if kind not in RUNNING:
        return True
    deadline = time.monotonic() + TIMEOUT
    with sync_engine(url).connect() as connection:
        while time.monotonic() < deadline:
            if not connection.execute(text(RUNNING[kind])).scalar():
                return True
            connection.rollback()
    return False


@pytest.mark.parametrize("driver", ["sync", "async"])
def test_the_statement_is_cancelled_and_the_run_ends(
    project: Project, new_database: Callable[[str], str], kind: str, driver: str
) -> None:
    url = new_database(kind)
    used = url if driver == "sync" else asynchronous(url)
    History(project, used, revisions=1, bodies={0: waiting(kind)}).write()

    code, said = ended(project, "-m", "ellar_db", "upgrade")

    assert code == 143, said
    assert said.splitlines()[-1] == "Error: ended by SIGTERM"
    assert "upgrade  -> 0000" in said
    assert "Traceback" not in said
    assert gone(kind, url)
    left = set(inspect(sync_engine(url)).get_table_names())
    assert left & {"half"} == ({"half"} if kind == "mariadb" else set())


def test_with_an_env_py_of_somebody_elses(project: Project, new_database: Callable[[str], str], kind: str) -> None:
    url = new_database(kind)
    folder = ForeignEnvironment(project, url, "generic").write()
    folder.revision("r1", None, "; ".join(waiting(kind)))

    code, said = ended(project, "-m", "ellar_db", "-c", "theirs.ini", "upgrade")

    assert code == 143, said
    assert gone(kind, url)


def test_a_wait_for_the_lock_ends(
    project: Project, new_database: Callable[[str], str], held_elsewhere: Callable[[str], subprocess.Popen[str]]
) -> None:
    url = new_database("postgresql")
    History(project, url, revisions=1).write()
    held_elsewhere(url)
    command = [sys.executable, "-m", "ellar_db", "upgrade"]
    program = subprocess.Popen(command, cwd=project.path, stderr=subprocess.PIPE, text=True)
    assert program.stderr is not None
    said = program.stderr.readline()

    program.send_signal(signal.SIGTERM)

    rest = program.communicate(timeout=TIMEOUT)[1]
    assert said.startswith("Waiting, since the database 'default' is being migrated"), said + rest
    assert (program.returncode, rest) == (143, "Error: ended by SIGTERM\n")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has namespaces of processes")
def test_process_1_of_a_container_ends_too(project: Project) -> None:
    History(project, "sqlite:///app.db", revisions=1, bodies={0: waiting("sqlite")}).write()
    apart = ["unshare", "--pid", "--fork", "--kill-child"]
    tried = subprocess.run([*apart, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"this user may not make a namespace: {tried.stderr}")
    command = [*apart, sys.executable, "-m", "ellar_db", "upgrade"]
    program = subprocess.Popen(command, cwd=project.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert program.stdout is not None
    assert program.stdout.readline() == "running\n", program.communicate()
    children = Path(f"/proc/{program.pid}/task/{program.pid}/children").read_text().split()

    signalled = subprocess.run(["kill", "-TERM", *children], check=False)

    _, said = program.communicate(timeout=TIMEOUT)
    assert signalled.returncode == 0
    assert program.returncode == 143, said
    assert said.splitlines()[-1] == "Error: ended by SIGTERM"


@pytest.mark.parametrize("server", ["postgresql", "mariadb"])
def test_an_async_driver_is_ended_at_any_moment(
    project: Project, new_database: Callable[[str], str], server: str
) -> None:
    url = new_database(server)
    History(project, asynchronous(url), revisions=1, bodies={0: waiting(server)}).write()
    chance = random.Random(20261128)
    codes = []
    for _ in range(TURNS):
        program = python("-m", "ellar_db", "upgrade", cwd=project.path)
        assert program.stdout is not None
        assert program.stdout.readline() == "running\n"
        time.sleep(chance.uniform(0, 0.01))
        program.send_signal(signal.SIGTERM)
        program.communicate(timeout=TIMEOUT)
        codes.append(program.returncode)
        if server == "mariadb":
            with sync_engine(url).begin() as connection:
                connection.execute(text("DROP TABLE IF EXISTS half"))
            project.db("repair", "--reverted", exit_code=None)

    assert codes == [143] * TURNS
