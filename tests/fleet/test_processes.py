"""Databases of one group that other processes migrate, some at the same time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ellar_db.fleet.executors import COPIES
from ellar_db.testing import Project
from tests.support.fleets import VISIT, extend, files, folder, history, lines, program, visits
from tests.support.histories import TURNS
from tests.support.processes import TIMEOUT
from tests.support.revisions import write_revision

EXECUTOR = """

@hookimpl
def ellar_db_executor(jobs):
    from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
    from multiprocessing import get_context

    print("asked for", jobs, flush=True)
    return ThreadPoolExecutor(jobs) if jobs == 3 else ProcessPoolExecutor(jobs, mp_context=get_context("spawn"))
"""


def start(project: Project, *arguments: str, limit: str = "", by_itself: bool = False) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "ellar_db", *arguments]
    if limit:
        command = ["sh", "-c", f'{limit}; exec "$0" "$@"', *command]
    return subprocess.Popen(
        command,
        cwd=project.path,
        env={**os.environ, "ELLAR_DB_LOAD_PLUGINS": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=by_itself,
    )


@pytest.mark.long
def test_do_the_same_as_one(project: Project) -> None:
    names = files(project, 12)
    history(project, "one", "two")

    documents = lines(program(project, "upgrade", "--jobs", "3", "--json").stdout)

    assert sorted(each["database"] for each in documents) == sorted(names)
    assert {(each["state"], *each["from"], *each["to"], each["steps"]) for each in documents} == {
        ("migrated", "two", 2)
    }
    assert [visits(project, name) for name in names] == [["one", "two"]] * 12


@pytest.mark.long
def test_downgrade_and_stamp_too(project: Project) -> None:
    names = files(project, 4)
    history(project, "one", "two")

    program(project, "upgrade", "-j", "2")
    program(project, "downgrade", "-j", "2", "--yes", "--", "-1")
    program(project, "stamp", "-j", "2", "two")

    assert [visits(project, name) for name in names] == [["one", "two", "-two"]] * 4
    assert "4 databases: 4 already there; " in program(project, "upgrade").stderr


ORIGIN = "import os; print(os.getppid(), os.environ.get('SHOP_NAME'), file=open('origins', 'a'))"


@pytest.mark.skipif(not COPIES, reason="processes are started anew here")
def test_are_copies_of_one_that_has_imported_what_they_need(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    files(project, 6)
    history(project, "one")
    write_revision(folder(project), "one", None, ORIGIN)

    def origins() -> tuple[str, set[str]]:
        process = start(project, "upgrade", "-j", "3")
        _, said = process.communicate(timeout=TIMEOUT)
        assert process.returncode == 0, said
        return str(process.pid), {line.split()[0] for line in (project.path / "origins").read_text().splitlines()}

    own, found = origins()
    assert len(found) == 1
    assert own not in found

    for file in (project.path / "files").iterdir():
        file.unlink()
    (project.path / "origins").unlink()
    monkeypatch.setenv("ELLAR_DB_NO_SHORTCUTS", "1")
    own, found = origins()
    assert found == {own}


def test_have_the_environment_variables_of_the_program_at_that_time(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    files(project, 2)
    history(project, "one", "two")
    for each, before in (("one", None), ("two", "one")):
        write_revision(folder(project), each, before, ORIGIN)

    for each, name in (("one", "books"), ("two", "pens")):
        monkeypatch.setenv("SHOP_NAME", name)
        project.db("upgrade", "-j", "2", each)

    named = [line.split()[1] for line in (project.path / "origins").read_text().splitlines()]
    assert named == ["books", "books", "pens", "pens"]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 looks into the working directory first, always")
def test_import_what_the_program_does_whatever_is_in_the_working_directory(project: Project) -> None:
    names = files(project, 4)
    history(project, "one")
    # nobody's folder of revisions is the package, and no module of the project one of Python's
    for each in ("alembic/__init__", "uuid", "textwrap", "logging"):
        project.write(f"{each}.py", "raise RuntimeError('imported by mistake')\n")

    done = subprocess.run(
        [Path(sys.executable).with_name("ellar-db"), "upgrade", "-j", "2"],
        cwd=project.path, env={**os.environ, "ELLAR_DB_LOAD_PLUGINS": ""}, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert "4 databases: 4 migrated; " in done.stderr
    assert [visits(project, name) for name in names] == [["one"]] * 4


def test_are_started_anew_where_there_is_no_folder_for_temporary_files(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise FileNotFoundError("No usable temporary directory found")

    names = files(project, 4)
    history(project, "one")
    monkeypatch.setattr("multiprocessing.forkserver.ensure_running", refuse)

    assert "4 databases: 4 migrated; " in project.db("upgrade", "-j", "2").stderr
    assert [visits(project, name) for name in names] == [["one"]] * 4


@pytest.mark.long
def test_stop_after_a_failure_unless_asked_to_go_on(project: Project) -> None:
    names = files(project, 30)
    history(project, "one")
    write_revision(folder(project), "two", "one", "assert 't0.db' not in str(op.get_bind().engine.url), 'no room'")

    said = program(project, "upgrade", "-j", "2", exit_code=1).stderr
    assert "not begun; " in said
    assert said.count("no room") == 1

    said = program(project, "upgrade", "-j", "2", "--keep-going", exit_code=1).stderr
    assert "1 failed; " in said
    assert [visits(project, name) for name in names[1:]] == [["one"]] * 29


@pytest.mark.long
def test_begin_hardly_any_after_a_failure(project: Project) -> None:
    names = files(project, 200)
    history(project, "one")
    failing = "assert 't3.db' not in str(op.get_bind().engine.url), 'no room'"
    write_revision(folder(project), "one", None, f"{failing}; import time; time.sleep(0.02); {VISIT.format('one')}")

    said = program(project, "upgrade", "-j", "2", exit_code=1).stderr

    assert said.count("no room") == 1
    # those that follow it in its own task, and most of what the other process had before it
    assert sum(bool(visits(project, name)) for name in names if made(project, name)) < 30
    assert not any(made(project, name) for name in names[4:12])


@pytest.mark.long
def test_that_die_are_named_and_the_others_done(project: Project) -> None:
    names = files(project, 20)
    history(project, "one")
    deadly = "import os; 't7.db' in str(op.get_bind().engine.url) and os._exit(9)"
    write_revision(folder(project), "two", "one", f"{VISIT.format('two')}; {deadly}")

    said = program(project, "upgrade", "-j", "2", "--keep-going", exit_code=1).stderr

    assert "t7: failed: its process died before it told what it did" in said
    assert "; `ellar-db current --database t7` says where it is\n" in said
    assert "20 databases: 19 migrated, 1 failed; " in said or "already there, 1 failed; " in said
    assert [visits(project, name) for name in names if name != "t7"] == [["one", "two"]] * 19

    assert program(project, "current", "--database", "t7").returncode == 0
    write_revision(folder(project), "two", "one", VISIT.format("two"))
    program(project, "upgrade", "--resume")
    assert visits(project, "t7") == ["one", "two"]


@pytest.mark.long
def test_that_cannot_start_the_application_fail_with_its_error(project: Project) -> None:
    files(project, 3)
    history(project, "one")
    extend(project, "import multiprocessing\nassert not multiprocessing.parent_process(), 'not here'")

    said = program(project, "upgrade", "-j", "2", "--keep-going", exit_code=1).stderr

    assert said.count("not here") >= 1
    assert "3 databases: 3 failed; " in said


@pytest.mark.long
def test_give_plugins_the_options_of_the_command(project: Project) -> None:
    files(project, 2)
    history(project, "one")
    extend(
        project,
        """

import click
from pathlib import Path
from ellar_db import plugin_option

@hookimpl
def ellar_db_command_options(command):
    if command.name == "upgrade":
        yield click.Option(["--ticket"])

@hookimpl
def ellar_db_committed(run):
    with Path("said.txt").open("a") as file:
        file.write(f"{plugin_option('ticket')} {run.options['tag']} {run.database.name}\\n")
""",
    )

    program(project, "upgrade", "-j", "2", "--ticket", "T-1", "--tag", "x")

    assert sorted((project.path / "said.txt").read_text().split("\n")) == ["", "T-1 x t0", "T-1 x t1"]


@pytest.mark.long
def test_ellar_db_executor_runs_the_work(project: Project) -> None:
    names = files(project, 6)
    history(project, "one")
    extend(project, EXECUTOR)

    done = program(project, "upgrade", "-j", "2")

    assert "asked for 2\n" in done.stdout + done.stderr
    assert [visits(project, name) for name in names] == [["one"]] * 6


def test_ellar_db_executor_has_other_processes(project: Project) -> None:
    files(project, 3)
    history(project, "one")
    extend(project, EXECUTOR)

    said = program(project, "upgrade", "-j", "3", "--keep-going", exit_code=1).stderr

    assert said.count("the executor runs the work in threads of this process") == 3
    assert not visits(project, "t0")


def test_ellar_db_executor_must_be_one(project: Project) -> None:
    files(project, 2)
    history(project, "one")
    extend(project, "\n\n@hookimpl\ndef ellar_db_executor(jobs):\n    return 3\n")

    said = program(project, "upgrade", "-j", "2", exit_code=1).stderr

    assert "ellar_db_executor: TypeError: it gave 3, which is no concurrent.futures.Executor" in said
    assert visits(project, "t0") == []


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
@pytest.mark.parametrize("jobs", ["1", "3"])
def test_need_few_open_files(project: Project, jobs: str) -> None:
    names = files(project, 150)
    history(project, "one")

    process = start(project, "upgrade", "-j", jobs, limit="ulimit -n 64")
    _, said = process.communicate(timeout=TIMEOUT)

    assert process.returncode == 0, said
    assert [visits(project, name) for name in names] == [["one"]] * 150


@pytest.mark.long
def test_two_runs_at_once_do_nothing_twice(project: Project) -> None:
    names = files(project, 20)
    history(project, "one", "two")

    both = [start(project, "upgrade", "-j", "2") for _ in range(2)]
    said = [process.communicate(timeout=TIMEOUT)[1] for process in both]

    assert [process.returncode for process in both] == [0, 0], said
    assert [visits(project, name) for name in names] == [["one", "two"]] * 20


@pytest.mark.long
@pytest.mark.parametrize("turn", range(max(1, TURNS // 10)))
@pytest.mark.parametrize("signalled", ["SIGTERM", "SIGINT"])
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_a_run_that_is_ended_is_resumed(project: Project, signalled: str, turn: int) -> None:
    names = files(project, 40)
    history(project, "one", "two")
    for each in ("one", "two"):
        write_revision(
            folder(project),
            each,
            None if each == "one" else "one",
            f"{VISIT.format(each)}; import time; time.sleep(0.02)",
        )

    process = start(project, "upgrade", "-j", "2")
    wanted = 2 + 7 * turn
    until = time.monotonic() + TIMEOUT
    while sum(bool(visits(project, name)) for name in names if made(project, name)) < wanted:
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.01)
    process.send_signal(getattr(signal, signalled))
    process.communicate(timeout=TIMEOUT)
    # its processes end what they have begun, or roll it back, and begin nothing more
    until = time.monotonic() + TIMEOUT
    while children(project):
        assert time.monotonic() < until
        time.sleep(0.05)
    done = [name for name in names if made(project, name) and visits(project, name)]

    program(project, "upgrade", "-j", "2", "--resume")

    assert process.returncode != 0
    assert len(done) < 40
    assert [visits(project, name) for name in names] == [["one", "two"]] * 40


@pytest.mark.parametrize("turn", range(max(2, TURNS // 10)))
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_ctrl_c_of_a_terminal_is_for_the_program_alone(project: Project, turn: int) -> None:
    files(project, 20)
    history(project, "one")
    write_revision(folder(project), "one", None, "import time; time.sleep(0.05)")

    process = start(project, "upgrade", "-j", "3", by_itself=True)
    until = time.monotonic() + TIMEOUT
    # the first ones that are started, or all of them
    while len(children(project)) < 3 + turn:
        assert process.poll() is None
        assert time.monotonic() < until
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=TIMEOUT)

    assert process.returncode == 1
    assert "Traceback" not in said, said
    assert said.endswith("\nAborted!\n")


def made(project: Project, name: str) -> bool:
    return (project.path / "files" / f"{name}.db").exists()


def children(project: Project) -> list[str]:
    """Return the processes that run in the project's folder."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        try:
            if (each / "cwd").readlink() == project.path and int(each.name) != os.getpid():
                found.append((each / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found
