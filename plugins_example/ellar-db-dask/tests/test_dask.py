"""ellar-db-dask, with a scheduler and workers in processes of their own."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec

import pytest

from ellar_db.testing import Project
from tests.support.fleets import LEAVE, VISIT, files, folder, history, provide, visits
from tests.support.processes import TIMEOUT
from tests.support.revisions import write_revision

pytestmark = [
    pytest.mark.skipif(find_spec("distributed") is None, reason="Dask's package distributed isn't installed"),
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL"),
]

NUMBER = 40
LONG = bool(os.environ.get("ELLAR_DB_FAULTS"))

TOLD = "import os; open(f'pids/{os.getpid()}', 'w').close(); "
"""A revision that tells in which process it runs."""

SLOW = "import time; time.sleep(0.1); "

DIE = "import os; 't5.db' in str(op.get_bind().engine.url) and os.kill(os.getpid(), 9); "

DIE_ONCE = (
    "import os; 't5.db' in str(op.get_bind().engine.url) and not os.path.exists('died') and "
    "(open('died', 'w').close(), os.kill(os.getpid(), 9)); "
)


class Cluster:
    """A Dask scheduler and its workers, on this machine.

    Args:
        project: The project, to which the files with their messages belong.
    """

    def __init__(self, project: Project) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.project = project
        self.scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", str(self.port))
        # each has a parent that starts it again
        self.workers = self.start_workers()

    def start_workers(self) -> subprocess.Popen[bytes]:
        """Start two workers."""
        return self._start("worker", self.address, "--nworkers", "2", "--nthreads", "1", "--host", "127.0.0.1")

    def restart(self) -> None:
        """Kill the scheduler, and start another, and workers for it."""
        self.scheduler.kill()
        self.scheduler.wait(TIMEOUT)
        self.scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", str(self.port))
        self.end(self.workers)
        self.workers = self.start_workers()

    def _start(self, kind: str, *arguments: str) -> subprocess.Popen[bytes]:
        settings = {
            "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1",
            "DASK_TEMPORARY_DIRECTORY": str(self.project.path / "dask"),
            "PYTHONPATH": os.pathsep.join(sys.path[:2]),
        }
        with (self.project.path / "dask.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "dask", kind, *arguments, "--no-dashboard"],
                cwd="/",
                env={**os.environ, **settings},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # so that all of them can be ended
                start_new_session=True,
            )

    @staticmethod
    def end(process: subprocess.Popen[bytes]) -> None:
        """End a process, and those that it has started."""
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait(TIMEOUT)


@pytest.fixture
def ready(project: Project, use: Callable[..., None]) -> Project:
    """A project with the package and databases, and a folder without revisions."""
    use("ellar-db-dask")
    files(project, NUMBER, EXTRA)
    (project.path / "pids").mkdir()
    history(project)
    return project


EXTRA = "[tool.ellar-db-dask]\nscheduler = '${SCHEDULER:-}'\ntimeout = 60\n"


@pytest.fixture
def cluster(ready: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A cluster that the project's settings name."""
    made = Cluster(ready)
    monkeypatch.setenv("SCHEDULER", made.address)
    yield made
    made.end(made.workers)
    made.end(made.scheduler)


def start(project: Project, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "ellar_db", *arguments],
        cwd=project.path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path[:2])},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(project: Project, *arguments: str, exit_code: int = 0) -> str:
    """Run `ellar-db`, and return what it wrote to standard error."""
    process = start(project, *arguments)
    output, said = process.communicate(timeout=TIMEOUT)
    assert process.returncode == exit_code, f"{output}\n{said}\n{(project.path / 'dask.log').read_text()[-5000:]}"
    return said


def all_visits(project: Project, number: int = NUMBER) -> set[tuple[str, ...]]:
    """Return which revisions ran, in order, on all databases alike, if it is one."""
    return {tuple(visits(project, f"t{each}")) for each in range(number)}


def test_the_workers_do_it(ready: Project, cluster: Cluster) -> None:
    write_revision(folder(ready), "one", None, TOLD + VISIT.format("one"), LEAVE.format("one"))

    said = run(ready, "upgrade", "--jobs", "2")

    assert "40 databases: 40 migrated; " in said
    pids = {int(each.name) for each in (ready.path / "pids").iterdir()}
    assert pids
    assert {os.getpgid(pid) for pid in pids} == {cluster.workers.pid}
    # those workers see what comes later, too
    write_revision(folder(ready), "two", "one", VISIT.format("two"), LEAVE.format("two"))
    run(ready, "upgrade", "--jobs", "2", "--dask", cluster.address.removeprefix("tcp://"))
    assert all_visits(ready) == {("one", "two")}
    run(ready, "downgrade", "--jobs", "2", "--yes", "--", "-1")
    run(ready, "stamp", "--jobs", "2", "two")
    assert all_visits(ready) == {("one", "two", "-two")}
    assert "40 already there; " in run(ready, "upgrade", "--jobs", "2")


def test_without_an_address_processes_of_this_machine_do_it(ready: Project) -> None:
    write_revision(folder(ready), "one", None, VISIT.format("one"))

    assert "40 databases: 40 migrated; " in run(ready, "upgrade", "--jobs", "2")


@pytest.mark.parametrize("target", ["head", "+1"])
def test_what_a_worker_did_that_is_killed_another_one_goes_on_with(
    ready: Project, cluster: Cluster, target: str
) -> None:
    history(ready, "one", "two", "three")
    run(ready, "upgrade", "one", "--jobs", "2")
    write_revision(folder(ready), "two", "one", DIE_ONCE + VISIT.format("two"))

    said = run(ready, "upgrade", target, "--jobs", "2")

    assert (ready.path / "died").exists()
    # Dask has run it again by itself
    assert "failed" not in said
    assert all_visits(ready) == {("one", "two", "three") if target == "head" else ("one", "two")}


def test_a_database_that_kills_its_workers_is_named_and_the_others_done(ready: Project, cluster: Cluster) -> None:
    history(ready, "one")
    write_revision(folder(ready), "one", None, DIE + VISIT.format("one"))

    said = run(ready, "upgrade", "--jobs", "2", "--keep-going", exit_code=1)

    assert "t5: failed: its process died before it told what it did" in said
    assert said.splitlines()[-1].startswith("Error: 1 of 40 databases failed; ")
    write_revision(folder(ready), "one", None, VISIT.format("one"))
    run(ready, "upgrade", "--jobs", "2", "--resume")
    assert all_visits(ready) == {("one",)}


@pytest.mark.parametrize("target", ["head", "+1"])
def test_without_the_scheduler_a_run_ends_and_is_resumed(ready: Project, cluster: Cluster, target: str) -> None:
    history(ready, "one", "two", "three")
    run(ready, "upgrade", "one", "--jobs", "2")
    write_revision(folder(ready), "two", "one", SLOW + VISIT.format("two"))
    in_time(ready, 1)
    process = start(ready, "upgrade", target, "--jobs", "2")
    wait_until(lambda: sum(len(visits(ready, f"t{each}")) > 1 for each in range(NUMBER)) > 3)

    cluster.scheduler.kill()
    _, said = process.communicate(timeout=TIMEOUT)

    assert process.returncode == 1
    assert said.splitlines()[-1] == (
        f"Error: the Dask scheduler at {cluster.address} doesn't answer within 1 seconds; what is done stays, and "
        "--resume goes on with the rest"
    )
    assert "Traceback" not in said, said
    assert "distributed" not in said
    in_time(ready, 60)
    cluster.restart()
    run(ready, "upgrade", target, "--jobs", "2", "--resume")
    assert all_visits(ready) == {("one", "two", "three") if target == "head" else ("one", "two")}


def test_a_scheduler_that_comes_back_in_time_is_all_that_a_run_needs(ready: Project, cluster: Cluster) -> None:
    write_revision(folder(ready), "one", None, SLOW + VISIT.format("one"))
    process = start(ready, "upgrade", "--jobs", "2")
    wait_until(lambda: sum(made(ready, each) for each in range(NUMBER)) > 3)

    cluster.restart()
    _, said = process.communicate(timeout=TIMEOUT)

    assert process.returncode == 0, said
    assert all_visits(ready) == {("one",)}


def test_what_was_sent_before_the_client_reached_another_scheduler_is_broken_off(cluster: Cluster) -> None:
    from concurrent.futures import BrokenExecutor

    from ellar_db_dask.executor import connected

    executor = connected(cluster.address, 60)
    try:
        call = executor.submit(time.sleep, 600)
        # as a client does by itself, sometimes without telling of the call
        vars(executor)["_client"].scheduler_comm = None

        assert isinstance(call.exception(timeout=60), BrokenExecutor)
        with pytest.raises(BrokenExecutor):
            executor.submit(time.sleep, 0)
    finally:
        executor.shutdown(wait=False, cancel_futures=True)


@pytest.mark.skipif(not LONG, reason="only with ELLAR_DB_FAULTS, as in make faults")
def test_many(ready: Project, cluster: Cluster, new_database: Callable[[str], str]) -> None:
    url = new_database("postgresql")
    plain = {f"t{each}": (f"sqlite:///files/t{each}.db", {"group": "tenants"}) for each in range(500)}
    schemas = {f"s{each}": (url, {"group": "tenants", "schema": f"s{each}"}) for each in range(60)}
    provide(ready, plain | schemas, EXTRA)
    write_revision(folder(ready), "one", None, DIE_ONCE + VISIT.format("one"))
    write_revision(folder(ready), "two", "one", SLOW + VISIT.format("two"))
    process = start(ready, "upgrade", "--jobs", "2", "--provision")
    wait_until(lambda: sum(made(ready, each) for each in range(500)) > 50)
    cluster.restart()
    process.communicate(timeout=TIMEOUT)
    run(ready, "upgrade", "--jobs", "2", *(["--resume"] if process.returncode else []))

    assert all_visits(ready, 500) == {("one", "two")}
    assert in_schemas(url, 60) == {("one", "two")}


def in_time(project: Project, seconds: int) -> None:
    """Set how long to wait for the scheduler."""
    file = project.path / "pyproject.toml"
    file.write_text(re.sub("timeout = .*", f"timeout = {seconds}", file.read_text()))


def in_schemas(url: str, number: int) -> set[tuple[str, ...]]:
    from sqlalchemy import create_engine, text

    engine = create_engine(url)
    with engine.connect() as connection:
        return {
            tuple(connection.scalars(text(f"SELECT revision FROM s{each}.visits ORDER BY revision")))
            for each in range(number)
        }


def made(project: Project, number: int) -> bool:
    return (project.path / "files" / f"t{number}.db").exists() and bool(visits(project, f"t{number}"))


def wait_until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("127.0.0.1:1", "doesn't answer within 1 seconds"),
        ("dask", "can't be reached: ValueError: missing port number in address 'dask'"),
        ("http://127.0.0.1:1", "can't be reached: ValueError: unknown address scheme 'http' "),
    ],
)
def test_a_scheduler_that_is_not_there_is_refused_before_anything_is_begun(
    ready: Project, address: str, why: str
) -> None:
    history(ready, "one")
    in_time(ready, 1)

    said = run(ready, "upgrade", "--jobs", "2", "--dask", address, exit_code=1)

    last = said.splitlines()[-1]
    assert last.startswith(f"Error: the Dask scheduler at {address} {why}")
    assert last.endswith("; nothing was begun")
    assert not list((ready.path / "files").iterdir())


def test_a_cluster_without_workers_is_refused(ready: Project, cluster: Cluster) -> None:
    history(ready, "one")
    cluster.end(cluster.workers)
    in_time(ready, 1)

    said = run(ready, "upgrade", "--jobs", "2", exit_code=1)

    assert f"Error: the Dask scheduler at {cluster.address} has no workers: " in said
    assert said.endswith("; nothing was begun\n")


def test_workers_without_the_project_are_refused(ready: Project, cluster: Cluster) -> None:
    history(ready, "one")
    elsewhere = ready.path.with_name("elsewhere")
    # what the command knows as its folder is a name that no worker knows
    source = f"import os; os.getcwd = lambda: {str(elsewhere)!r}; from ellar_db_dask.executor import connected; "
    source += f"connected({cluster.address!r}, 60)"

    done = subprocess.run(
        [sys.executable, "-c", source],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path[:2])},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )

    assert f"can't do the work: there is no folder {elsewhere} on its machine" in done.stderr.splitlines()[-1]


def test_an_address_without_jobs_is_refused(ready: Project) -> None:
    history(ready, "one")

    for arguments in ((), ("--jobs", "1")):
        said = run(ready, "upgrade", "--dask", "127.0.0.1:8786", *arguments, exit_code=2)
        assert said.splitlines()[-1] == "Error: --dask needs --jobs N, the number of workers, from 2 on"


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("timeout = 0", "timeout must be a number of seconds above 0, not 0"),
        ("scheduler = 5", "scheduler must be a text, not 5"),
        ("address = 'x'", "has no address; it takes scheduler, timeout"),
    ],
)
def test_settings_that_can_not_be_used_are_refused(ready: Project, setting: str, message: str) -> None:
    history(ready, "one")
    files(ready, NUMBER, f"[tool.ellar-db-dask]\n{setting}\n")

    said = run(ready, "upgrade", "--jobs", "2", exit_code=1)

    assert said.splitlines()[-1] == f"Error: [tool.ellar-db-dask] {message}"
